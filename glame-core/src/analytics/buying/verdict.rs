use std::fmt;

use serde::{Deserialize, Serialize};

/// What a fit is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The likelihood has its maximum here.
    Converged,
    /// Nobody can be seen dropping out: the model is the negative binomial, without drop-out.
    NoMeasurableDropOut,
    /// Customers differ so little that a parameter lies at the edge of what is looked at.
    AllAlike,
    /// The worth of purchases has no finite mean (q ≤ 1): medians tell what is usual, and nothing can
    /// be summed up.
    NoFiniteMean,
    /// There are parameters, but too few customers came back for them to mean anything.
    TooFewRepeatBuyers,
    /// Nobody came back, so that there is nothing to learn from.
    NoRepeatBuyers,
    /// No time has passed since the first purchases.
    NoTime,
    /// There are no customers.
    NoCustomers,
    /// No maximum was found.
    Unsettled,
}

impl Verdict {
    /// Gives the name that files and databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::NoMeasurableDropOut => "no_measurable_drop_out",
            Self::AllAlike => "all_alike",
            Self::NoFiniteMean => "no_finite_mean",
            Self::TooFewRepeatBuyers => "too_few_repeat_buyers",
            Self::NoRepeatBuyers => "no_repeat_buyers",
            Self::NoTime => "no_time",
            Self::NoCustomers => "no_customers",
            Self::Unsettled => "unsettled",
        }
    }

    /// Tells whether forecasts may rest on the fit.
    #[must_use]
    pub const fn is_trusted(self) -> bool {
        matches!(self, Self::Converged | Self::NoMeasurableDropOut)
    }

    /// Tells whether the fit says anything about who has dropped out.
    #[must_use]
    pub const fn measures_drop_out(self) -> bool {
        matches!(self, Self::Converged)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A parameter by its name in the formulas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedParameter {
    /// The name: r, alpha, a, b, s, beta, p, q, gamma.
    pub name: String,
    /// The value; times in weeks, money in kopecks.
    pub value: f64,
    /// The standard error; none where the likelihood does not tell.
    pub standard_error: Option<f64>,
}
