use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::chunks;
use super::collapsed::Timing;
use super::numbering::{Numbering, index};
use super::{
    BetaGeometric, Discounting, DropOut, NextPurchase, ParetoNbd, PurchaseSummary, WaitingBand,
};

/// A model of when customers buy and when they stop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuyingModel {
    /// BG/NBD or MBG/NBD, as its `drop_out` says.
    BetaGeometric(BetaGeometric),
    /// Pareto/NBD.
    ParetoNbd(ParetoNbd),
}

/// The models of purchase counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Drop-out after repeat purchases.
    BgNbd,
    /// Drop-out after every purchase. The default: BG/NBD calls one-time buyers alive for ever.
    #[default]
    MbgNbd,
    /// Drop-out at any moment.
    ParetoNbd,
}

/// Tells that a text names no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the models are mbg-nbd, bg-nbd and pareto-nbd")]
pub struct UnknownModel;

impl ModelKind {
    /// Every model.
    pub const ALL: [Self; 3] = [Self::MbgNbd, Self::BgNbd, Self::ParetoNbd];

    /// Gives the name that settings and databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BgNbd => "bg-nbd",
            Self::MbgNbd => "mbg-nbd",
            Self::ParetoNbd => "pareto-nbd",
        }
    }

    /// Gives the names of the parameters, in order.
    #[must_use]
    pub const fn parameter_names(self) -> [&'static str; 4] {
        match self {
            Self::BgNbd | Self::MbgNbd => ["r", "alpha", "a", "b"],
            Self::ParetoNbd => ["r", "alpha", "s", "beta"],
        }
    }

    pub(super) const fn drop_out(self) -> DropOut {
        match self {
            Self::BgNbd => DropOut::AfterRepeats,
            Self::MbgNbd | Self::ParetoNbd => DropOut::AfterEveryPurchase,
        }
    }
}

impl FromStr for ModelKind {
    type Err = UnknownModel;

    fn from_str(name: &str) -> Result<Self, UnknownModel> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or(UnknownModel)
    }
}

/// What a model says of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The chance that the customer will still buy.
    pub p_alive: f64,
    /// The expected number of purchases within the horizon.
    pub expected_purchases: f64,
    /// The chance of at least one purchase within the horizon.
    pub p_purchase: f64,
}

impl BuyingModel {
    /// Gives which model it is.
    #[must_use]
    pub const fn kind(&self) -> ModelKind {
        match self {
            Self::BetaGeometric(model) => match model.drop_out {
                DropOut::AfterRepeats => ModelKind::BgNbd,
                DropOut::AfterEveryPurchase => ModelKind::MbgNbd,
            },
            Self::ParetoNbd(_) => ModelKind::ParetoNbd,
        }
    }

    /// Gives the parameters with their names in the formulas.
    #[must_use]
    pub fn parameters(&self) -> [(&'static str, f64); 4] {
        let values = match self {
            Self::BetaGeometric(model) => [model.r, model.alpha, model.a, model.b],
            Self::ParetoNbd(model) => [model.r, model.alpha, model.s, model.beta],
        };
        let names = self.kind().parameter_names();
        std::array::from_fn(|place| (names[place], values[place]))
    }

    /// Gives the chance that a customer will still buy.
    #[must_use]
    pub fn p_alive(&self, summary: &PurchaseSummary) -> f64 {
        match self {
            Self::BetaGeometric(model) => model.p_alive(summary),
            Self::ParetoNbd(model) => model.p_alive(summary),
        }
    }

    /// Gives the expected number of purchases in the weeks to come.
    #[must_use]
    pub fn expected_purchases(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        self.p_alive(summary) * self.expected_while_alive(summary, weeks)
    }

    fn expected_while_alive(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        match self {
            Self::BetaGeometric(model) => model.expected_while_alive(summary, weeks),
            Self::ParetoNbd(model) => model.expected_while_alive(summary, weeks),
        }
    }

    /// Gives the chance of at least one purchase in the weeks to come.
    #[must_use]
    pub fn p_purchase(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        self.p_alive(summary) * self.p_purchase_while_alive(summary, weeks)
    }

    fn p_purchase_while_alive(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        match self {
            Self::BetaGeometric(model) => model.p_purchase_while_alive(summary, weeks),
            Self::ParetoNbd(model) => model.p_purchase_while_alive(summary, weeks),
        }
    }

    /// Gives what the model says of a customer for the weeks to come.
    #[must_use]
    pub fn predict(&self, summary: &PurchaseSummary, weeks: f64) -> Prediction {
        let p_alive = self.p_alive(summary);
        Prediction {
            p_alive,
            expected_purchases: p_alive * self.expected_while_alive(summary, weeks),
            p_purchase: p_alive * self.p_purchase_while_alive(summary, weeks),
        }
    }

    /// Predicts for many customers on `threads` threads; equal summaries are looked at once.
    #[must_use]
    pub fn predict_all(
        &self,
        summaries: &[PurchaseSummary],
        weeks: f64,
        threads: usize,
    ) -> Vec<Prediction> {
        let nothing = Prediction {
            p_alive: 0.0,
            expected_purchases: 0.0,
            p_purchase: 0.0,
        };
        for_each_timing(summaries, threads, nothing, |summary| {
            self.predict(summary, weeks)
        })
    }

    /// Gives the expected purchases of each period to come, discounted to today.
    #[must_use]
    pub fn discounted_purchases(
        &self,
        summary: &PurchaseSummary,
        discounting: &Discounting,
    ) -> f64 {
        let mut before = 0.0;
        let while_alive: f64 = discounting
            .periods()
            .map(|(end_weeks, factor)| {
                let until = self.expected_while_alive(summary, end_weeks);
                let of_period = until - before;
                before = until;
                of_period * factor
            })
            .sum();
        self.p_alive(summary) * while_alive
    }

    /// Gives the discounted purchases of many customers; equal summaries are looked at once.
    #[must_use]
    pub fn discounted_purchases_all(
        &self,
        summaries: &[PurchaseSummary],
        discounting: &Discounting,
        threads: usize,
    ) -> Vec<f64> {
        for_each_timing(summaries, threads, 0.0, |summary| {
            self.discounted_purchases(summary, discounting)
        })
    }

    /// Gives when a customer buys next, if alive, and the chance of that.
    #[must_use]
    pub fn next_purchase(&self, summary: &PurchaseSummary) -> NextPurchase {
        let weeks = |share| match self {
            Self::BetaGeometric(model) => Some(model.weeks_to_purchase(summary, share)),
            Self::ParetoNbd(model) => model.weeks_to_purchase(summary, share),
        };
        NextPurchase {
            p_alive: Some(self.p_alive(summary)),
            weeks: WaitingBand::of(weeks),
        }
    }

    /// Gives the weeks within which a customer buys again with a chance of `share`, dropped out or
    /// not; none if the chance of that is smaller for ever.
    #[must_use]
    pub fn weeks_until_purchase(&self, summary: &PurchaseSummary, share: f64) -> Option<f64> {
        let while_alive = share / self.p_alive(summary);
        if while_alive.is_nan() || while_alive >= 1.0 {
            return None;
        }
        match self {
            Self::BetaGeometric(model) => Some(model.weeks_to_purchase(summary, while_alive)),
            Self::ParetoNbd(model) => model.weeks_to_purchase(summary, while_alive),
        }
    }
}

/// Makes something of every customer's timing, once for each different one per thread.
pub(super) fn for_each_timing<R: Copy + Send>(
    summaries: &[PurchaseSummary],
    threads: usize,
    nothing: R,
    work: impl Fn(&PurchaseSummary) -> R + Sync,
) -> Vec<R> {
    let mut results = vec![nothing; summaries.len()];
    chunks::fill(summaries, &mut results, threads, |summaries, results| {
        let mut timings = Numbering::new();
        let mut made: Vec<R> = Vec::new();
        for (summary, result) in summaries.iter().zip(results) {
            let number = index(timings.number(Timing::of(summary)));
            if number == made.len() {
                made.push(work(summary));
            }
            *result = made[number];
        }
    });
    results
}
