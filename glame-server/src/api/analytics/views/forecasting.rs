use chrono::NaiveDate;
use chrono_tz::Tz;
use glame_core::analytics::ShopAnalysis;
use glame_core::analytics::buying::{
    CalibrationReport, CategoryPair, FittedParameter, Language, ShopSeason,
};
use glame_core::values::PlainText;
use poem_openapi::Object;

use super::MadeAt;

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
    /// How much more or less is bought in which month; absent of a shop younger than a year.
    pub season: Option<SeasonView>,
    /// The hundred pairs of categories that are bought together most often, the most frequent first.
    pub bought_together: Vec<CategoryPairView>,
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

/// How much more or less is bought in which month than in a mean one.
#[derive(Debug, Object)]
#[oai(rename = "Season")]
pub struct SeasonView {
    /// The first day with a purchase.
    pub since: NaiveDate,
    /// How many whole years it was learnt from.
    pub years: u32,
    /// Whether forecasts of customers are set into the season: from two years on, because in a
    /// single one nobody can tell a season from a trend.
    pub is_applied: bool,
    /// The factors of January to December; 1 in a mean month.
    pub months: Vec<f64>,
}

impl From<&ShopSeason> for SeasonView {
    fn from(season: &ShopSeason) -> Self {
        Self {
            since: season.since,
            years: season.index.years(),
            is_applied: season.is_believed(),
            months: season.index.factors().to_vec(),
        }
    }
}

/// Two categories that are bought together.
#[derive(Debug, Object)]
#[oai(rename = "CategoryPair")]
pub struct CategoryPairView {
    /// The category whose name comes first.
    pub first: String,
    /// The other one.
    pub second: String,
    /// Days on which a customer bought both.
    pub together: usize,
    /// The share of all days on which a customer bought.
    pub support: f64,
    /// Of the days with the first, the share with the second.
    pub second_given_first: f64,
    /// Of the days with the second, the share with the first.
    pub first_given_second: f64,
    /// How many times as often as if both were bought independently.
    pub lift: f64,
}

impl From<&CategoryPair<PlainText>> for CategoryPairView {
    fn from(pair: &CategoryPair<PlainText>) -> Self {
        Self {
            first: pair.first.to_string(),
            second: pair.second.to_string(),
            together: pair.together,
            support: pair.support,
            second_given_first: pair.second_given_first,
            first_given_second: pair.first_given_second,
            lift: pair.lift,
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
    /// Shows what an analysis says of its models.
    #[must_use]
    pub fn of(analysis: &ShopAnalysis, zone: Tz, language: Language) -> Self {
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
                is_trusted: spend.has_mean(),
                customers: spend.customers,
                log_likelihood: spend.log_likelihood,
                parameters: parameters(&spend.parameters),
            },
            season: analysis.season.as_ref().map(Into::into),
            bought_together: analysis.bought_together.iter().map(Into::into).collect(),
            calibration: analysis.calibration.as_ref().map(Into::into),
            findings: findings.map(|finding| finding.text(language)).collect(),
        }
    }
}
