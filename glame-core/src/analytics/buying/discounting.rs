use serde::{Deserialize, Serialize};

/// How purchases to come are counted less the later they are.
///
/// Periods are equal, and a purchase counts as made at the end of its period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discounting {
    /// The length of a period in weeks.
    pub period_weeks: f64,
    /// What a rouble of the next period is worth less: 0.01 for one percent.
    pub rate: f64,
    /// How many periods count; what comes later does not.
    pub periods: u16,
}

impl Default for Discounting {
    /// Gives a year of months at one percent a month.
    fn default() -> Self {
        Self::monthly(12, 0.01)
    }
}

impl Discounting {
    /// Months of 4.345 weeks, as the library `lifetimes` counts them.
    #[must_use]
    pub const fn monthly(months: u16, rate: f64) -> Self {
        Self {
            period_weeks: 4.345,
            rate,
            periods: months,
        }
    }

    /// Weeks, at a rate for 52 of them.
    #[must_use]
    pub fn weekly(weeks: u16, yearly_rate: f64) -> Self {
        Self {
            period_weeks: 1.0,
            rate: (yearly_rate.ln_1p() / 52.0).exp_m1(),
            periods: weeks,
        }
    }

    /// Gives the end of each period in weeks, with what a rouble of it is worth today.
    pub fn periods(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        (1..=self.periods).map(|period| {
            let end = self.period_weeks * f64::from(period);
            (end, (1.0 + self.rate).powi(-i32::from(period)))
        })
    }

    /// Gives how far the periods reach, in weeks.
    #[must_use]
    pub fn horizon_weeks(&self) -> f64 {
        self.period_weeks * f64::from(self.periods)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_of_weeks_costs_the_rate_of_a_year() {
        let (end, factor) = Discounting::weekly(52, 0.15).periods().last().unwrap();
        assert!((end - 52.0).abs() < 1e-12);
        assert!((factor - 1.0 / 1.15).abs() < 1e-12);
    }
}
