use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::PurchaseSummary;
use super::float;

/// Dates farther away than so many weeks say nothing.
const LONGEST_WAIT_WEEKS: f64 = 5_218.0;

/// When a customer buys next, if alive, and the chance of that.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NextPurchase {
    /// The chance that the customer is alive, without which the band means nothing; none where the
    /// model does not tell: who is alive now can be told only by a fit that has seen drop-out.
    pub p_alive: Option<f64>,
    /// The time to wait, given that the customer is alive; none if the purchase is not to be
    /// expected within a hundred years.
    pub weeks: Option<WaitingBand>,
}

/// The quartiles of a waiting time, in weeks from today.
///
/// The mean would be infinite for most one-time buyers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WaitingBand {
    /// A quarter has bought by then.
    pub early: f64,
    /// Half.
    pub median: f64,
    /// Three quarters; none if too many drop out before, or a hundred years pass.
    pub late: Option<f64>,
}

impl WaitingBand {
    pub(super) fn of(weeks: impl Fn(f64) -> Option<f64>) -> Option<Self> {
        let within = |share| weeks(share).filter(|weeks| *weeks < LONGEST_WAIT_WEEKS);
        Some(Self {
            early: within(0.25)?,
            median: within(0.5)?,
            late: within(0.75),
        })
    }

    /// Gives the day of the median, counted from today.
    #[must_use]
    pub fn median_date(&self, today: NaiveDate) -> Option<NaiveDate> {
        date_after(today, self.median)
    }

    /// Gives the first and the last day of the band, counted from today.
    #[must_use]
    pub fn dates(&self, today: NaiveDate) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let late = self.late.and_then(|weeks| date_after(today, weeks));
        (date_after(today, self.early), late)
    }
}

/// Guesses the next purchase without a model: the customer's mean gap after the last purchase.
///
/// It is (last − first)/(purchases − 1), and thirty days for one-time buyers. Weeks count from
/// today and are negative for a date that has passed already.
#[must_use]
pub fn next_purchase_by_mean_gap(summary: &PurchaseSummary) -> f64 {
    let gap = if summary.repeats() == 0 {
        30.0 / 7.0
    } else {
        summary.last_weeks() / f64::from(summary.repeats())
    };
    gap - summary.silent_weeks()
}

/// Gives the day that lies so many weeks after another, to the nearest day.
#[must_use]
pub fn date_after(today: NaiveDate, weeks: f64) -> Option<NaiveDate> {
    today.checked_add_signed(TimeDelta::try_days(float::to_days(weeks * 7.0))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::buying::{BetaGeometric, BuyingModel, DropOut};

    fn model(r: f64) -> BuyingModel {
        BuyingModel::BetaGeometric(BetaGeometric {
            r,
            alpha: 6.0,
            a: 0.9,
            b: 1.6,
            drop_out: DropOut::AfterEveryPurchase,
        })
    }

    #[test]
    fn the_median_lies_inside_the_band() {
        let summary = PurchaseSummary::try_new(4, 20.0, 24.0, 0.0).unwrap();
        let next = model(0.5).next_purchase(&summary);
        let band = next.weeks.unwrap();
        assert!(band.early < band.median && band.median < band.late.unwrap());
        let today = NaiveDate::from_ymd_opt(2025, 3, 1).unwrap();
        let expected = 30.0 * (2_f64.powf(1.0 / 4.5) - 1.0);
        assert!((band.median - expected).abs() < 1e-12);
        let date = band.median_date(today).unwrap();
        assert_eq!(date.to_string(), "2025-04-05");
        assert!(band.dates(today).0.unwrap() < date);
    }

    #[test]
    fn who_hardly_ever_buys_is_not_waited_for() {
        let once = PurchaseSummary::try_new(0, 0.0, 24.0, 0.0).unwrap();
        assert_eq!(model(1e-4).next_purchase(&once).weeks, None);
    }

    #[test]
    fn the_guess_goes_on_from_the_last_purchase() {
        let summary = PurchaseSummary::try_new(4, 20.0, 24.0, 0.0).unwrap();
        assert!((next_purchase_by_mean_gap(&summary) - 1.0).abs() < 1e-12);
        let once = PurchaseSummary::try_new(0, 0.0, 1.0, 0.0).unwrap();
        assert!((next_purchase_by_mean_gap(&once) - 23.0 / 7.0).abs() < 1e-12);
    }
}
