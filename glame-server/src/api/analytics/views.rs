//! How the API shows what all customers come to.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use glame_core::analytics::buying::{
    CalibrationReport, ChurnRisk, Cohort, CustomerForecast, FittedParameter, Language, ValueMeasure,
};
use glame_core::analytics::{CustomerOutlook, Group, ShopAnalysis};
use glame_core::segments::SegmentStats;
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use super::super::customers::GroupView;
use super::super::roubles::Roubles;

/// The languages in which reasons are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "Language")]
pub enum Languages {
    /// Russian.
    #[default]
    Russian,
    /// English.
    English,
}

impl From<Languages> for Language {
    fn from(language: Languages) -> Self {
        match language {
            Languages::Russian => Self::Russian,
            Languages::English => Self::English,
        }
    }
}

/// By what customers are ranked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum RankedBy {
    /// What they have spent and what is to come, together.
    #[default]
    Total,
    /// What those have spent who have probably left.
    AtRisk,
}

/// When an analysis was made and of what it speaks.
#[derive(Debug, Object)]
pub struct MadeAt {
    /// The day that it speaks of.
    pub as_of: NaiveDate,
    /// When it was made.
    pub computed_at: DateTime<Utc>,
}

impl MadeAt {
    fn of(analysis: &ShopAnalysis, zone: Tz) -> Self {
        Self {
            as_of: analysis.as_of.date(zone),
            computed_at: analysis.computed_at,
        }
    }
}

/// The heat map of RFM.
#[derive(Debug, Object)]
pub struct RfmMatrix {
    /// When it was made.
    pub made: MadeAt,
    /// Customers of each cell that is not empty.
    pub cells: Vec<RfmCell>,
    /// Customers of each segment of the named map, empty ones included.
    pub segments: Vec<GroupView>,
}

/// A cell of the heat map.
#[derive(Debug, Object)]
pub struct RfmCell {
    /// Its name, such as `R5F1M3`.
    pub cell: String,
    /// The score of recency, 1 to 5.
    pub recency: u8,
    /// The score of frequency.
    pub frequency: u8,
    /// The score of money.
    pub monetary: u8,
    /// The segment of the named map that it belongs to.
    pub segment: String,
    /// How many customers.
    pub customers: u64,
    /// What they have spent together.
    pub total_spent: Roubles,
}

impl RfmMatrix {
    pub(super) fn of(analysis: &ShopAnalysis, zone: Tz) -> Self {
        let cells = analysis.rfm.cells.iter().map(|(score, group)| RfmCell {
            cell: score.to_string(),
            recency: score.recency.get(),
            frequency: score.frequency.get(),
            monetary: score.monetary.get(),
            segment: score.segment().as_str().to_owned(),
            customers: group.customers,
            total_spent: group.total_spent.into(),
        });
        let segments = analysis.rfm.segments();
        Self {
            made: MadeAt::of(analysis, zone),
            cells: cells.collect(),
            segments: segments
                .into_iter()
                .map(|(segment, group)| group_view(segment.as_str(), group))
                .collect(),
        }
    }
}

fn group_view(name: &str, group: Group) -> GroupView {
    GroupView {
        name: name.to_owned(),
        customers: group.customers,
        total_spent: group.total_spent.into(),
    }
}

/// What customers have been worth and may be worth yet.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct LifetimeValues {
    /// When it was made.
    pub made: MadeAt,
    /// Customers who have bought or returned something.
    pub total_customers: u64,
    /// What they have been worth, net of returns.
    pub total_ltv: Roubles,
    /// The same per customer; absent without customers.
    pub average_ltv: Option<Roubles>,
    /// What they may be worth yet, discounted, as far as it is known.
    pub value_to_come: Roubles,
    /// Those of whom a value to come is known.
    pub with_forecast: u64,
    /// Those of them whose value rests on everybody's purchases.
    pub by_population: u64,
    /// The most valuable.
    pub top: Vec<OutlookView>,
}

impl LifetimeValues {
    pub(super) fn of(analysis: &ShopAnalysis, zone: Tz) -> Self {
        let values = &analysis.values;
        let customers = u32::try_from(values.customers).unwrap_or(u32::MAX);
        Self {
            made: MadeAt::of(analysis, zone),
            total_customers: values.customers,
            total_ltv: values.historic.into(),
            average_ltv: values.historic.divided_half_up(customers).map(Into::into),
            value_to_come: values.to_come.into(),
            with_forecast: values.with_forecast,
            by_population: values.by_population,
            top: outlooks(&analysis.most_valuable, Language::Russian),
        }
    }
}

fn outlooks(outlooks: &[CustomerOutlook], language: Language) -> Vec<OutlookView> {
    let views = outlooks.iter();
    views
        .map(|outlook| OutlookView::of(outlook, language))
        .collect()
}

/// How many customers have probably left.
#[derive(Debug, Object)]
pub struct Churn {
    /// When it was made.
    pub made: MadeAt,
    /// The risks.
    #[oai(flatten)]
    pub risks: ChurnCounts,
    /// Customers of each risk with what they have spent, the lowest risk first.
    pub levels: Vec<GroupView>,
    /// Those of high risk who have spent most.
    pub most_at_risk: Vec<OutlookView>,
}

/// How many customers have which risk.
#[derive(Debug, Object)]
pub struct ChurnCounts {
    /// All customers who have bought or returned something.
    pub total_customers: u64,
    /// Much speaks for it that they have left.
    pub high_risk: u64,
    /// Something does.
    pub medium_risk: u64,
    /// Nothing does.
    pub low_risk: u64,
}

impl ChurnCounts {
    fn of(analysis: &ShopAnalysis) -> Self {
        let count = |name: &str| {
            let mut levels = analysis.churn.iter();
            let found = levels.find(|(level, _)| level.as_str() == name);
            found.map_or(0, |(_, group)| group.customers)
        };
        Self {
            total_customers: analysis
                .churn
                .iter()
                .map(|(_, group)| group.customers)
                .sum(),
            high_risk: count("high"),
            medium_risk: count("medium"),
            low_risk: count("low"),
        }
    }
}

impl Churn {
    pub(super) fn of(analysis: &ShopAnalysis, zone: Tz, language: Language) -> Self {
        let levels = analysis.churn.iter();
        Self {
            made: MadeAt::of(analysis, zone),
            risks: ChurnCounts::of(analysis),
            levels: levels
                .map(|(level, group)| group_view(level.as_str(), *group))
                .collect(),
            most_at_risk: outlooks(&analysis.most_at_risk, language),
        }
    }
}

/// Customers by the month of their first purchase.
#[derive(Debug, Object)]
pub struct Cohorts {
    /// When it was made.
    pub made: MadeAt,
    /// The cohorts, the earliest first.
    pub cohorts: Vec<CohortView>,
}

/// The customers whose first purchase fell into one month.
#[derive(Debug, Object)]
#[oai(rename = "Cohort")]
pub struct CohortView {
    /// The first day of the month.
    pub month: NaiveDate,
    /// How many customers began.
    pub customers: u32,
    /// What they did in that month, the next one, and so on; the last may be incomplete.
    pub months: Vec<CohortMonthView>,
}

/// What a cohort did in one month of its life.
#[derive(Debug, Object)]
#[oai(rename = "CohortMonth", skip_serializing_if_is_none)]
pub struct CohortMonthView {
    /// Customers who bought.
    pub buyers: u32,
    /// Days of purchase of all of them.
    pub purchases: u32,
    /// What these days brought.
    pub revenue: Roubles,
    /// The share of the cohort that bought.
    pub retention: Option<f64>,
}

impl Cohorts {
    pub(super) fn of(analysis: &ShopAnalysis, zone: Tz) -> Self {
        Self {
            made: MadeAt::of(analysis, zone),
            cohorts: analysis.cohorts.cohorts.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Cohort> for CohortView {
    fn from(cohort: &Cohort) -> Self {
        let months = cohort.months.iter().enumerate();
        Self {
            month: cohort.month,
            customers: cohort.customers,
            months: months
                .map(|(age, month)| CohortMonthView {
                    buyers: month.buyers,
                    purchases: month.purchases,
                    revenue: month.revenue.into(),
                    retention: cohort.retention(age),
                })
                .collect(),
        }
    }
}

/// The customers with most of something.
#[derive(Debug, Object)]
pub struct TopCustomers {
    /// When it was made.
    pub made: MadeAt,
    /// The customers.
    pub customers: Vec<OutlookView>,
}

impl TopCustomers {
    pub(super) fn of(analysis: &ShopAnalysis, by: RankedBy, zone: Tz) -> Self {
        let ranked = match by {
            RankedBy::Total => &analysis.most_valuable,
            RankedBy::AtRisk => &analysis.most_at_risk,
        };
        Self {
            made: MadeAt::of(analysis, zone),
            customers: outlooks(ranked, Language::Russian),
        }
    }
}

/// The models and how well their forecasts have held.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Forecasting {
    /// When it was made.
    pub made: MadeAt,
    /// The day of the fit.
    pub fitted_on: NaiveDate,
    /// The model of when customers buy.
    pub counts: ModelView,
    /// The model of what purchases are worth.
    pub spend: ModelView,
    /// How forecasts made one horizon ago have turned out.
    pub calibration: Option<CalibrationView>,
    /// What a person should look at.
    pub findings: Vec<String>,
}

/// A fitted model.
#[derive(Debug, Object)]
#[oai(rename = "FittedModel", skip_serializing_if_is_none)]
pub struct ModelView {
    /// Its name.
    pub model: String,
    /// What the fit is worth: `converged`, or why it cannot be trusted.
    pub verdict: String,
    /// Whether forecasts rest on it; otherwise plain rules answer.
    pub is_trusted: bool,
    /// The customers that it learnt from.
    pub customers: usize,
    /// The logarithm of the likelihood.
    pub log_likelihood: Option<f64>,
    /// The parameters.
    pub parameters: Vec<ParameterView>,
}

/// A parameter of a model.
#[derive(Debug, Object)]
#[oai(rename = "ModelParameter", skip_serializing_if_is_none)]
pub struct ParameterView {
    /// Its name in the formulas.
    pub name: String,
    /// Its value; times in weeks, money in kopecks.
    pub value: f64,
    /// Its standard error, where the likelihood tells.
    pub standard_error: Option<f64>,
}

impl From<&FittedParameter> for ParameterView {
    fn from(parameter: &FittedParameter) -> Self {
        Self {
            name: parameter.name.clone(),
            value: parameter.value,
            standard_error: parameter.standard_error.filter(|error| error.is_finite()),
        }
    }
}

/// How forecasts have turned out on a period that their fit had not seen.
#[derive(Debug, Object)]
#[oai(rename = "Calibration", skip_serializing_if_is_none)]
pub struct CalibrationView {
    /// The length of the period in weeks.
    pub weeks: f64,
    /// The customers that were looked at.
    pub customers: usize,
    /// The purchases that were expected.
    pub expected_purchases: f64,
    /// The purchases that came.
    pub actual_purchases: f64,
    /// The mean squared difference of chance and outcome: the smaller the better.
    pub brier: f64,
    /// The same of a rule that gives everybody the share of all.
    pub brier_by_share: f64,
    /// The chance that a buyer ranks above somebody who did not buy.
    pub area_under_curve: Option<f64>,
    /// Customers by their chance, the smallest first.
    pub groups: Vec<CalibrationGroupView>,
}

/// Customers with similar chances.
#[derive(Debug, Object)]
#[oai(rename = "CalibrationGroup")]
pub struct CalibrationGroupView {
    /// How many.
    pub customers: usize,
    /// Their mean chance to buy.
    pub mean_chance: f64,
    /// The share of them who bought.
    pub actual_share: f64,
    /// Their mean expected purchases.
    pub mean_expected: f64,
    /// Their mean actual purchases.
    pub mean_actual: f64,
}

impl From<&CalibrationReport> for CalibrationView {
    fn from(report: &CalibrationReport) -> Self {
        let groups = report.groups.iter();
        Self {
            weeks: report.weeks,
            customers: report.customers,
            expected_purchases: report.purchases.expected,
            actual_purchases: report.purchases.actual,
            brier: report.buyers.brier,
            brier_by_share: report.buyers_by_share.brier,
            area_under_curve: report.buyers.area_under_curve,
            groups: groups
                .map(|group| CalibrationGroupView {
                    customers: group.customers,
                    mean_chance: group.mean_chance,
                    actual_share: group.actual_share,
                    mean_expected: group.mean_expected,
                    mean_actual: group.mean_actual,
                })
                .collect(),
        }
    }
}

impl Forecasting {
    pub(super) fn of(analysis: &ShopAnalysis, zone: Tz, language: Language) -> Self {
        let (counts, spend) = (&analysis.models.counts, &analysis.models.spend);
        let parameters =
            |parameters: &[FittedParameter]| parameters.iter().map(Into::into).collect();
        let findings = analysis.findings.iter();
        Self {
            made: MadeAt::of(analysis, zone),
            fitted_on: analysis.models.fitted_on,
            counts: ModelView {
                model: counts.kind.as_str().to_owned(),
                verdict: counts.verdict.as_str().to_owned(),
                is_trusted: counts.verdict.is_trusted(),
                customers: counts.customers,
                log_likelihood: counts.log_likelihood,
                parameters: parameters(&counts.parameters),
            },
            spend: ModelView {
                model: "gamma-gamma".to_owned(),
                verdict: spend.verdict.as_str().to_owned(),
                is_trusted: spend.verdict.is_trusted(),
                customers: spend.customers,
                log_likelihood: spend.log_likelihood,
                parameters: parameters(&spend.parameters),
            },
            calibration: analysis.calibration.as_ref().map(Into::into),
            findings: findings.map(|finding| finding.text(language)).collect(),
        }
    }
}

/// What a customer has been worth and what is to be expected.
#[derive(Debug, Object)]
#[oai(rename = "CustomerOutlook", skip_serializing_if_is_none)]
pub struct OutlookView {
    /// The customer.
    pub user_id: Uuid,
    /// The day that it speaks of.
    pub as_of: NaiveDate,
    /// What the customer has been worth, net of returns.
    pub ltv: Roubles,
    /// The same per month of thirty days since the first purchase.
    pub average_monthly_ltv: Option<Roubles>,
    /// Months since the first purchase, at least one.
    pub months_active: Option<u32>,
    /// The discounted value to come, where a fit can be trusted.
    pub value_to_come: Option<Roubles>,
    /// Both together, where both are known.
    pub total_value: Roubles,
    /// How likely the customer has left.
    pub churn_risk: ChurnRiskView,
    /// What is expected; absent for somebody who never bought.
    pub next_purchase: Option<NextPurchaseView>,
}

/// How likely a customer has left.
#[derive(Debug, Object)]
#[oai(rename = "ChurnRisk")]
pub struct ChurnRiskView {
    /// `low`, `medium` or `high`.
    pub risk_level: String,
    /// From 0 to 1: a probability where `basis` is `model`.
    pub risk_score: f64,
    /// `model`, or `heuristic` where no fit says who has left.
    pub basis: String,
    /// What it was found by, the weightiest first.
    pub risk_factors: Vec<String>,
}

impl ChurnRiskView {
    fn of(risk: &ChurnRisk, language: Language) -> Self {
        let factors = risk.factors.iter();
        Self {
            risk_level: risk.level.as_str().to_owned(),
            risk_score: risk.score,
            basis: risk.basis.as_str().to_owned(),
            risk_factors: factors.map(|factor| factor.text(language)).collect(),
        }
    }
}

/// When a customer buys next.
#[derive(Debug, Object)]
#[oai(rename = "NextPurchase", skip_serializing_if_is_none)]
pub struct NextPurchaseView {
    /// The model, or `heuristic` for the mean gap between purchases.
    pub basis: String,
    /// The day before which half of such customers have bought, given that they still buy at all;
    /// absent if no purchase is to be expected.
    pub predicted_date: Option<NaiveDate>,
    /// A quarter has bought by then.
    pub early_date: Option<NaiveDate>,
    /// Three quarters have.
    pub late_date: Option<NaiveDate>,
    /// The chance that the customer still buys.
    pub p_alive: Option<f64>,
    /// Expected purchases within the horizon.
    pub expected_purchases: Option<f64>,
    /// The chance of at least one purchase within the horizon.
    pub p_purchase: Option<f64>,
    /// What a purchase is expected to be worth.
    pub expected_spend: Option<Roubles>,
}

impl NextPurchaseView {
    fn of(forecast: &CustomerForecast, today: NaiveDate) -> Self {
        let by_model = forecast.by_model;
        let band = by_model.and_then(|model| model.next_purchase.weeks);
        let (early, late) = band.map_or((None, None), |band| band.dates(today));
        Self {
            basis: forecast.basis.as_str().to_owned(),
            predicted_date: forecast.next_purchase_date(today),
            early_date: early,
            late_date: late,
            p_alive: by_model.map(|model| model.next_purchase.p_alive),
            expected_purchases: by_model.map(|model| model.expected_purchases),
            p_purchase: by_model.map(|model| model.p_purchase),
            expected_spend: by_model
                .and_then(|model| model.expected_spend)
                .map(Into::into),
        }
    }
}

impl OutlookView {
    pub(super) fn of(outlook: &CustomerOutlook, language: Language) -> Self {
        let value = &outlook.value;
        let forecast = outlook.forecast.as_ref();
        Self {
            user_id: *outlook.user.as_uuid(),
            as_of: outlook.as_of,
            ltv: value.historic.into(),
            average_monthly_ltv: value.monthly.map(Into::into),
            months_active: value.months_of_life,
            value_to_come: value.to_come.map(Into::into),
            total_value: value.by(ValueMeasure::Total).into(),
            churn_risk: ChurnRiskView::of(&outlook.churn, language),
            next_purchase: forecast.map(|one| NextPurchaseView::of(one, outlook.as_of)),
        }
    }
}

/// The segments with what their members come to.
#[derive(Debug, Object)]
pub struct SegmentStatsList {
    /// The segments, by name.
    pub segments: Vec<SegmentStatsView>,
    /// How many there are.
    pub total_segments: usize,
    /// The day to which silence and windows are counted.
    pub as_of: NaiveDate,
}

/// A segment with what its members come to.
#[derive(Debug, Object)]
#[oai(rename = "SegmentStats", skip_serializing_if_is_none)]
pub struct SegmentStatsView {
    /// The segment.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The colour on screens.
    pub color: String,
    /// Whether the program has made it.
    pub is_auto_generated: bool,
    /// How many members it has.
    pub customer_count: u64,
    /// What they have spent together.
    pub total_spent: Roubles,
    /// What a member has spent on average.
    pub average_ltv: Option<Roubles>,
    /// The receipts of all members together.
    pub total_purchases: i64,
}

impl SegmentStatsList {
    pub(super) fn of(stats: &[SegmentStats], as_of: NaiveDate) -> Self {
        Self {
            total_segments: stats.len(),
            segments: stats.iter().map(Into::into).collect(),
            as_of,
        }
    }
}

impl From<&SegmentStats> for SegmentStatsView {
    fn from(stats: &SegmentStats) -> Self {
        let segment = &stats.segment;
        Self {
            id: *segment.id.as_uuid(),
            name: segment.name.as_str().to_owned(),
            description: super::super::views::text_of(segment.description.as_ref()),
            color: segment.color.as_str().to_owned(),
            is_auto_generated: segment.origin != glame_core::segments::SegmentOrigin::Manual,
            customer_count: stats.customer_count,
            total_spent: stats.total_spent.into(),
            average_ltv: stats.average_ltv.map(Into::into),
            total_purchases: stats.total_purchases,
        }
    }
}

/// The first page of a marketer.
#[derive(Debug, Object)]
pub struct Dashboard {
    /// When it was made.
    pub made: MadeAt,
    /// The segments.
    pub segments_overview: SegmentStatsList,
    /// How many customers have probably left.
    pub churn_risk: ChurnCounts,
    /// The ten most valuable customers.
    pub top_customers: Vec<OutlookView>,
    /// What all customers have been worth.
    pub total_ltv: Roubles,
    /// What they may be worth yet, discounted, as far as it is known.
    pub value_to_come: Roubles,
    /// What a person should look at.
    pub findings: Vec<String>,
}

/// How many of the most valuable customers a first page shows.
const SHOWN: usize = 10;

impl Dashboard {
    pub(super) fn of(analysis: &ShopAnalysis, segments: SegmentStatsList, zone: Tz) -> Self {
        let top = analysis.most_valuable.iter().take(SHOWN);
        let findings = analysis.findings.iter();
        Self {
            made: MadeAt::of(analysis, zone),
            segments_overview: segments,
            churn_risk: ChurnCounts::of(analysis),
            top_customers: top
                .map(|outlook| OutlookView::of(outlook, Language::Russian))
                .collect(),
            total_ltv: analysis.values.historic.into(),
            value_to_come: analysis.values.to_come.into(),
            findings: findings.map(|one| one.text(Language::Russian)).collect(),
        }
    }
}
