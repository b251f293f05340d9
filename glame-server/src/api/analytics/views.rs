//! How the API shows what all customers come to.

mod forecasting;
mod outlook;
mod overview;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use glame_core::analytics::buying::{Cohort, Language};
use glame_core::analytics::{CustomerOutlook, Group, ShopAnalysis};
use glame_core::segments::SegmentStats;
use poem_openapi::{Enum, Object};
use uuid::Uuid;

pub use self::forecasting::Forecasting;
pub use self::outlook::OutlookView;
pub use self::overview::Overview;
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
    /// What they have spent, net of returns.
    Spent,
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
                .map(|(segment, group)| GroupView::of(segment.as_str(), group))
                .collect(),
        }
    }
}

/// So many customers, who have spent so much.
#[derive(Debug, Object)]
pub struct GroupView {
    /// The cell, the segment or the word.
    pub name: String,
    /// How many.
    pub customers: u64,
    /// What they have spent together.
    pub total_spent: Roubles,
}

impl GroupView {
    fn of(name: &str, group: Group) -> Self {
        Self {
            name: name.to_owned(),
            customers: group.customers,
            total_spent: group.total_spent.into(),
        }
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
    /// What they may be worth yet, discounted, as far as it is known; absent if it is of nobody.
    pub value_to_come: Option<Roubles>,
    /// Those of whom a value to come is known.
    pub with_forecast: u64,
    /// Those of them whose value rests on everybody's purchases.
    pub by_population: u64,
    /// The most valuable.
    pub top: Vec<OutlookView>,
}

impl LifetimeValues {
    pub(super) fn of(analysis: &ShopAnalysis, zone: Tz, language: Language) -> Self {
        let values = &analysis.values;
        let customers = u32::try_from(values.customers).unwrap_or(u32::MAX);
        Self {
            made: MadeAt::of(analysis, zone),
            total_customers: values.customers,
            total_ltv: values.historic.into(),
            average_ltv: values.historic.divided_half_up(customers).map(Into::into),
            value_to_come: values.known_to_come().map(Into::into),
            with_forecast: values.with_forecast,
            by_population: values.by_population,
            top: outlooks(&analysis.most_valuable, language),
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
                .map(|(level, group)| GroupView::of(level.as_str(), *group))
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
    /// Shows the cohorts of an analysis.
    #[must_use]
    pub fn of(analysis: &ShopAnalysis, zone: Tz) -> Self {
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
    pub(super) fn of(analysis: &ShopAnalysis, by: RankedBy, zone: Tz, language: Language) -> Self {
        let ranked = match by {
            RankedBy::Total => &analysis.most_valuable,
            RankedBy::Spent => &analysis.top_spenders,
            RankedBy::AtRisk => &analysis.most_at_risk,
        };
        Self {
            made: MadeAt::of(analysis, zone),
            customers: outlooks(ranked, language),
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
#[oai(skip_serializing_if_is_none)]
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
    /// What they may be worth yet, discounted, as far as it is known; absent if it is of nobody.
    pub value_to_come: Option<Roubles>,
    /// What a person should look at.
    pub findings: Vec<String>,
}

/// How many of the most valuable customers a first page shows.
const SHOWN: usize = 10;

impl Dashboard {
    pub(super) fn of(
        analysis: &ShopAnalysis,
        segments: SegmentStatsList,
        zone: Tz,
        language: Language,
    ) -> Self {
        let top = analysis.most_valuable.iter().take(SHOWN);
        let findings = analysis.findings.iter();
        Self {
            made: MadeAt::of(analysis, zone),
            segments_overview: segments,
            churn_risk: ChurnCounts::of(analysis),
            top_customers: top
                .map(|outlook| OutlookView::of(outlook, language))
                .collect(),
            total_ltv: analysis.values.historic.into(),
            value_to_come: analysis.values.known_to_come().map(Into::into),
            findings: findings.map(|one| one.text(language)).collect(),
        }
    }
}
