use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{CustomerMetrics, MetricsPolicy, PurchaseFigures, RfmCuts};

/// The instant at which figures are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsOf {
    /// Now: everything counts, and purchases of the future only as money.
    Now(DateTime<Utc>),
    /// The end of a day of the past: what came later is not there yet.
    EndOf(NaiveDate),
}

impl AsOf {
    /// Gives the day of the shop's calendar.
    #[must_use]
    pub fn date(self, zone: Tz) -> NaiveDate {
        match self {
            Self::Now(now) => now.with_timezone(&zone).date_naive(),
            Self::EndOf(date) => date,
        }
    }
}

/// How and when the figures of all customers were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scoring {
    /// The instant that the figures speak of.
    pub as_of: AsOf,
    /// The rules by which they were made.
    pub policy: MetricsPolicy,
    /// The cut points, fixed or found.
    pub cuts: RfmCuts,
    /// When they were made.
    pub computed_at: DateTime<Utc>,
    /// How many customers have figures.
    pub customers: u64,
    /// How many of them have bought and are scored.
    pub scored: u64,
}

impl Scoring {
    /// Scores a customer by the same rules, cut points and day.
    #[must_use]
    pub fn score(&self, figures: PurchaseFigures) -> CustomerMetrics {
        CustomerMetrics::score(figures, &self.cuts, &self.policy, self.as_of)
    }
}
