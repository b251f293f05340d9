mod likelihood;

use serde::{Deserialize, Serialize};

pub use likelihood::CollapsedSpend;
pub(super) use likelihood::{SpendCollector, log_likelihood};

use super::PurchaseSummary;
use super::special::gamma_median;

/// What purchases are worth: Gamma-Gamma of Fader and Hardie (2013).
///
/// The worth of a purchase varies around the customer's own mean with a gamma distribution of shape
/// `p`; the means vary between customers with an inverse gamma distribution of `q` and `gamma`
/// (kopecks). How often somebody buys is taken to say nothing about how much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GammaGamma {
    /// The shape of the purchases of one customer.
    pub p: f64,
    /// The shape of what tells customers apart.
    pub q: f64,
    /// Its scale, in kopecks.
    pub gamma: f64,
}

/// What a purchase of a customer is expected to be worth, in kopecks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedSpend {
    /// The mean.
    Mean(f64),
    /// The median: with q ≤ 1 the population has no finite mean, so that none is given.
    Median(f64),
}

impl ExpectedSpend {
    /// Gives the amount in kopecks, whichever it is.
    #[must_use]
    pub const fn kopecks(self) -> f64 {
        match self {
            Self::Mean(kopecks) | Self::Median(kopecks) => kopecks,
        }
    }
}

impl GammaGamma {
    /// Gives the mean worth of purchases of a customer of whom nothing is known; none for q ≤ 1.
    #[must_use]
    pub fn population_mean(&self) -> Option<f64> {
        (self.q > 1.0).then(|| self.p * self.gamma / (self.q - 1.0))
    }

    /// Gives what a purchase of a customer is expected to be worth.
    ///
    /// The own mean is weighed against the population by the number of repeat purchases; who made
    /// none, or none with a worth, gets the population's.
    #[must_use]
    pub fn expected_spend(&self, summary: &PurchaseSummary) -> ExpectedSpend {
        if self.q > 1.0 {
            let (shape, scale) = self.posterior(summary);
            ExpectedSpend::Mean(self.p * scale / (shape - 1.0))
        } else {
            ExpectedSpend::Median(self.median_spend(summary))
        }
    }

    /// Gives the median of what the purchases of a customer are worth on average, in kopecks.
    #[must_use]
    pub fn median_spend(&self, summary: &PurchaseSummary) -> f64 {
        let (shape, scale) = self.posterior(summary);
        // The mean of the customer is p/ν with ν of this shape and scale.
        self.p * scale / gamma_median(shape)
    }

    /// Gives the shape and the scale of the customer's own rate.
    fn posterior(&self, summary: &PurchaseSummary) -> (f64, f64) {
        let repeats = if summary.mean_kopecks() > 0.0 {
            f64::from(summary.repeats())
        } else {
            0.0
        };
        (
            self.p * repeats + self.q,
            self.gamma + repeats * summary.mean_kopecks(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(repeats: u32, mean: f64) -> PurchaseSummary {
        let last = if repeats == 0 { 0.0 } else { 5.0 };
        PurchaseSummary::try_new(repeats, last, 9.0, mean).unwrap()
    }

    #[test]
    fn many_purchases_count_for_more_than_the_population() {
        let model = GammaGamma {
            p: 6.25,
            q: 3.74,
            gamma: 1_544.0,
        };
        let population = model.population_mean().unwrap();
        let mean = |repeats, mean| model.expected_spend(&summary(repeats, mean)).kopecks();
        assert!((mean(0, 0.0) - population).abs() < 1e-9);
        assert!(
            (mean(3, 0.0) - population).abs() < 1e-9,
            "nothing is known of the worth"
        );
        let (one, many) = (mean(1, 10_000.0), mean(1_000_000, 10_000.0));
        assert!(population < one && one < many && many < 10_000.0);
        assert!(many > 9_999.0);
    }

    #[test]
    fn a_population_without_a_mean_gives_its_median() {
        let model = GammaGamma {
            p: 2.0,
            q: 0.9,
            gamma: 500.0,
        };
        assert_eq!(model.population_mean(), None);
        for repeats in [0, 1, 50] {
            let mean = if repeats == 0 { 0.0 } else { 800.0 };
            let ExpectedSpend::Median(median) = model.expected_spend(&summary(repeats, mean))
            else {
                panic!("a mean was given");
            };
            assert!(median.is_finite() && median > 0.0);
        }
    }
}
