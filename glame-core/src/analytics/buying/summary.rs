use serde::{Deserialize, Serialize};

/// What the buying models know of one customer.
///
/// Purchases are counted by days of the shop's calendar and time in weeks, as Fader and Hardie do:
/// the first purchase starts the customer's life and is not a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawSummary", into = "RawSummary")]
pub struct PurchaseSummary {
    repeats: u32,
    last_weeks: f64,
    age_weeks: f64,
    mean_kopecks: f64,
}

/// Tells why figures are no summary of anybody's purchases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SummaryError {
    /// A figure is infinite, not a number or negative.
    #[error("{field} must be a number from zero on")]
    NotANumber {
        /// The figure, by its name in the formulas.
        field: &'static str,
    },
    /// The last purchase would lie after the end of the period.
    #[error("t_x is beyond T: the last purchase would lie after the end of the period")]
    LastAfterEnd,
    /// Without repeat purchases the last one is the first one, at time zero.
    #[error("t_x must be 0 where x is 0: the only purchase is the first one")]
    LastWithoutRepeats,
}

impl PurchaseSummary {
    /// Takes the figures of a customer: repeat purchase days (x), weeks from the first to the last
    /// of them (`t_x`), weeks from the first to the end of the period (T), and the mean worth of a
    /// repeat day in kopecks (m; zero where there is none).
    ///
    /// ```
    /// use glame_core::analytics::buying::PurchaseSummary;
    ///
    /// let summary = PurchaseSummary::try_new(2, 30.43, 38.86, 2_235.0)?;
    /// assert_eq!(summary.repeats(), 2);
    /// assert!(PurchaseSummary::try_new(2, 40.0, 38.86, 2_235.0).is_err());
    /// # Ok::<(), glame_core::analytics::buying::SummaryError>(())
    /// ```
    pub fn try_new(
        repeats: u32,
        last_weeks: f64,
        age_weeks: f64,
        mean_kopecks: f64,
    ) -> Result<Self, SummaryError> {
        for (field, value) in [("t_x", last_weeks), ("T", age_weeks), ("m", mean_kopecks)] {
            if !value.is_finite() || value < 0.0 {
                return Err(SummaryError::NotANumber { field });
            }
        }
        if last_weeks > age_weeks {
            return Err(SummaryError::LastAfterEnd);
        }
        if repeats == 0 && last_weeks > 0.0 {
            return Err(SummaryError::LastWithoutRepeats);
        }
        Ok(Self {
            repeats,
            // Equal times must have equal bits, and zero has two signs.
            last_weeks: last_weeks + 0.0,
            age_weeks: age_weeks + 0.0,
            mean_kopecks: mean_kopecks + 0.0,
        })
    }

    /// Gives the repeat purchase days: x.
    #[must_use]
    pub const fn repeats(&self) -> u32 {
        self.repeats
    }

    /// Gives the weeks from the first purchase to the last: `t_x`.
    #[must_use]
    pub const fn last_weeks(&self) -> f64 {
        self.last_weeks
    }

    /// Gives the weeks from the first purchase to the end of the period: T.
    #[must_use]
    pub const fn age_weeks(&self) -> f64 {
        self.age_weeks
    }

    /// Gives the weeks since the last purchase: T − `t_x`.
    #[must_use]
    pub fn silent_weeks(&self) -> f64 {
        self.age_weeks - self.last_weeks
    }

    /// Gives the mean worth of a repeat day in kopecks, zero where there is none: m.
    #[must_use]
    pub const fn mean_kopecks(&self) -> f64 {
        self.mean_kopecks
    }
}

/// The figures by the names of the formulas, unchecked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSummary {
    x: u32,
    t_x: f64,
    #[serde(rename = "T")]
    age: f64,
    m: f64,
}

impl TryFrom<RawSummary> for PurchaseSummary {
    type Error = SummaryError;

    fn try_from(raw: RawSummary) -> Result<Self, SummaryError> {
        Self::try_new(raw.x, raw.t_x, raw.age, raw.m)
    }
}

impl From<PurchaseSummary> for RawSummary {
    fn from(summary: PurchaseSummary) -> Self {
        Self {
            x: summary.repeats,
            t_x: summary.last_weeks,
            age: summary.age_weeks,
            m: summary.mean_kopecks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_contradict_each_other_are_refused() {
        let refused = [
            (
                1,
                f64::NAN,
                1.0,
                1.0,
                SummaryError::NotANumber { field: "t_x" },
            ),
            (
                1,
                0.0,
                f64::INFINITY,
                1.0,
                SummaryError::NotANumber { field: "T" },
            ),
            (1, 0.0, 1.0, -1.0, SummaryError::NotANumber { field: "m" }),
            (1, 2.0, 1.0, 1.0, SummaryError::LastAfterEnd),
            (0, 1.0, 1.0, 0.0, SummaryError::LastWithoutRepeats),
        ];
        for (x, last, age, mean, error) in refused {
            assert_eq!(
                PurchaseSummary::try_new(x, last, age, mean),
                Err(error),
                "{x} {last} {age} {mean}"
            );
        }
    }

    #[test]
    fn the_last_purchase_may_lie_at_the_very_end() {
        assert!(PurchaseSummary::try_new(3, 10.0, 10.0, 500.0).is_ok());
        assert!(PurchaseSummary::try_new(0, -0.0, 0.0, 0.0).is_ok());
    }
}
