mod bought;
mod days;
mod occasions;
mod settled;
mod tally;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use self::bought::BoughtLine;
pub use self::days::{CustomerDays, day_number};
pub use self::occasions::{CategoryNames, Occasions};
pub use self::settled::SettledHistory;
use self::tally::Sale;
use super::{
    AsOf, CustomerStatus, PurchasePreferences, RfmCuts, RfmInputs, RfmPolicy, RfmScore,
    StatusPolicy, preferences::favourites,
};
use crate::purchases::LinePolicy;
use crate::values::{Money, StoreRef, UserId};

/// The rules by which figures are made. They are data, stored with the figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsPolicy {
    /// The zone of the shop's calendar.
    pub zone: Tz,
    /// What a line is.
    pub lines: LinePolicy,
    /// What one purchase is.
    pub occasions: OccasionPolicy,
    /// How customers are scored.
    pub rfm: RfmPolicy,
    /// What they are called.
    pub status: StatusPolicy,
}

impl Default for MetricsPolicy {
    fn default() -> Self {
        Self {
            zone: chrono_tz::Europe::Moscow,
            lines: LinePolicy::default(),
            occasions: OccasionPolicy::default(),
            rfm: RfmPolicy::default(),
            status: StatusPolicy::default(),
        }
    }
}

/// What counts as one purchase for frequency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OccasionPolicy {
    /// All receipts of one day in one store together.
    #[default]
    DayAndStore,
    /// Each receipt.
    Receipt,
}

/// The figures of one customer that follow from the purchases alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PurchaseFigures {
    /// Whose figures these are.
    pub user: UserId,
    /// Receipts that were not returned in full.
    pub total_purchases: u32,
    /// The net sum of all lines, opening balances included.
    pub total_spent: Money,
    /// The net money of goods and services per receipt of `total_purchases`, half a kopeck rounded up.
    pub average_receipt: Option<Money>,
    /// All documents that sold goods or services, returned ones among them.
    ///
    /// An archived shift leaves one document of all its receipts.
    pub receipts: u32,
    /// Documents that only take something back.
    pub returns: u32,
    /// Lines of every kind.
    pub lines: u32,
    /// Purchase occasions: what frequency counts.
    pub occasions: u32,
    /// The first receipt that was not returned in full.
    pub first_purchase_at: Option<DateTime<Utc>>,
    /// The last receipt that was not returned in full.
    pub last_purchase_at: Option<DateTime<Utc>>,
    /// Lines dated in the future: they count as money only, and somebody should look at them.
    pub future_lines: u32,
    /// What the customer likes.
    pub preferences: PurchasePreferences,
}

/// All figures of one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerMetrics {
    /// What follows from the purchases alone.
    pub figures: PurchaseFigures,
    /// The scores; none for a customer who has not bought.
    pub rfm_score: Option<RfmScore>,
    /// The guide's word for the customer.
    pub status: CustomerStatus,
}

impl PurchaseFigures {
    /// Makes the figures of a customer.
    #[must_use]
    pub fn of(history: &SettledHistory<'_>) -> Self {
        let (tally, lines) = (&history.tally, &history.lines);
        let spent = lines.iter().map(|line| line.line.amount.kopecks());
        let purchased = Money::from_kopecks(saturated(tally.kopecks));
        let receipts = tally.sales.values().filter(|sale| sale.sells).count();
        let kept = tally.kept();
        let total_purchases = count(kept.len());
        Self {
            user: history.user,
            total_purchases,
            total_spent: Money::from_kopecks(saturated(spent.map(i128::from).sum())),
            average_receipt: purchased.divided_half_up(total_purchases),
            receipts: count(receipts),
            returns: count(tally.sales.len() - receipts),
            lines: count(lines.len()),
            occasions: occasions(&kept, history.policy),
            first_purchase_at: kept.iter().map(|sale| sale.purchased_at).min(),
            last_purchase_at: kept.iter().map(|sale| sale.purchased_at).max(),
            future_lines: count(lines.iter().filter(|line| line.is_future).count()),
            preferences: PurchasePreferences {
                favorite_categories: favourites(&tally.categories),
                favorite_brands: favourites(&tally.brands),
            },
        }
    }

    /// Gives what the scores are made of; none for a customer who has not bought.
    #[must_use]
    pub fn rfm_inputs(&self, policy: &MetricsPolicy, as_of: AsOf) -> Option<RfmInputs> {
        let last_day = local_date(self.last_purchase_at?, policy.zone);
        let silent = as_of
            .date(policy.zone)
            .signed_duration_since(last_day)
            .num_days();
        Some(RfmInputs {
            // A purchase of the future makes no figures, so that the difference is never negative.
            recency_days: u32::try_from(silent).unwrap_or_default(),
            frequency: self.occasions,
            monetary: self.total_spent,
        })
    }
}

impl CustomerMetrics {
    /// Scores the figures of a customer.
    #[must_use]
    pub fn score(
        figures: PurchaseFigures,
        cuts: &RfmCuts,
        policy: &MetricsPolicy,
        as_of: AsOf,
    ) -> Self {
        let scored = figures
            .rfm_inputs(policy, as_of)
            .map(|inputs| (inputs, cuts.score(inputs)));
        Self {
            rfm_score: scored.map(|(_, score)| score),
            status: policy.status.status(scored),
            figures,
        }
    }
}

fn occasions(kept: &[&Sale], policy: &MetricsPolicy) -> u32 {
    match policy.occasions {
        OccasionPolicy::Receipt => count(kept.len()),
        OccasionPolicy::DayAndStore => {
            let days: BTreeSet<(NaiveDate, Option<StoreRef>)> = kept
                .iter()
                .map(|sale| (local_date(sale.purchased_at, policy.zone), sale.store))
                .collect();
            count(days.len())
        }
    }
}

fn local_date(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn saturated(kopecks: i128) -> i64 {
    i64::try_from(kopecks).unwrap_or(if kopecks < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests;
