mod expectation;
mod likelihood;

use serde::{Deserialize, Serialize};

pub(super) use likelihood::log_likelihood;

use self::expectation::expected_while_alive;
use super::PurchaseSummary;

/// Customers who buy at random while they are alive and may drop out after a purchase.
///
/// Each buys by a Poisson process of a rate of their own, gamma distributed with shape `r` and
/// rate `alpha` (weeks), and drops out after a purchase with a chance of their own, beta
/// distributed with `a` and `b`. Without `a` nobody ever drops out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BetaGeometric {
    /// The shape of the buying rates.
    pub r: f64,
    /// The rate of the buying rates, in weeks.
    pub alpha: f64,
    /// The first parameter of the chances to drop out; zero if nobody does.
    pub a: f64,
    /// The second parameter of the chances to drop out.
    pub b: f64,
    /// After which purchases a customer may drop out.
    pub drop_out: DropOut,
}

/// After which purchases a customer may drop out: what tells BG/NBD from MBG/NBD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropOut {
    /// After repeat purchases alone, so that one-time buyers live for ever: BG/NBD of Fader, Hardie
    /// and Lee (2005).
    AfterRepeats,
    /// After the first purchase too: MBG/NBD of Batislam, Denizel and Filiztekin (2007).
    AfterEveryPurchase,
}

impl DropOut {
    /// The purchases after which a customer with no repeat may have dropped out: k.
    const fn first(self) -> u32 {
        match self {
            Self::AfterRepeats => 0,
            Self::AfterEveryPurchase => 1,
        }
    }
}

impl BetaGeometric {
    /// Gives the chance that a customer will still buy: the share of w₁ in the likelihood.
    #[must_use]
    pub fn p_alive(&self, summary: &PurchaseSummary) -> f64 {
        1.0 / (1.0 + self.ln_odds_of_drop_out(summary).exp())
    }

    /// Gives the expected number of purchases in the weeks to come.
    #[must_use]
    pub fn expected_purchases(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        self.p_alive(summary) * self.expected_while_alive(summary, weeks)
    }

    /// Gives the expected number of purchases of a customer who is alive today.
    pub(super) fn expected_while_alive(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        expected_while_alive(self, summary, weeks)
    }

    /// Gives the chance of at least one purchase in the weeks to come.
    #[must_use]
    pub fn p_purchase(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        self.p_alive(summary) * self.p_purchase_while_alive(summary, weeks)
    }

    /// Who is alive today drops out at a purchase at the earliest: the next one is certain.
    pub(super) fn p_purchase_while_alive(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        let power = self.r + f64::from(summary.repeats());
        let rate = self.alpha + summary.age_weeks();
        -(-power * (weeks / rate).ln_1p()).exp_m1()
    }

    /// Gives the weeks within which a customer who is alive buys again with a chance of `share`.
    ///
    /// The rate of such a customer is gamma distributed with r + x and α + T, and the next purchase
    /// is certain, so that the waiting time has a closed form. It may be infinite in a double.
    #[must_use]
    pub fn weeks_to_purchase(&self, summary: &PurchaseSummary, share: f64) -> f64 {
        let power = self.r + f64::from(summary.repeats());
        let rate = self.alpha + summary.age_weeks();
        rate * (-(-share).ln_1p() / power).exp_m1()
    }

    /// Gives ln of (chance of having dropped out ÷ chance of being alive): l₂ − l₁.
    fn ln_odds_of_drop_out(&self, summary: &PurchaseSummary) -> f64 {
        let repeats = f64::from(summary.repeats());
        let kept = match self.drop_out {
            DropOut::AfterRepeats if summary.repeats() == 0 => return f64::NEG_INFINITY,
            DropOut::AfterRepeats => self.b + repeats - 1.0,
            DropOut::AfterEveryPurchase => self.b + repeats,
        };
        let silence = summary.silent_weeks() / (self.alpha + summary.last_weeks());
        (self.a / kept).ln() + (self.r + repeats) * silence.ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analytics::buying::sample::{drop_outs, summaries};

    proptest! {
        #[test]
        fn nobody_is_more_alive_for_being_silent(
            drop_out in drop_outs(),
            parameters in prop::array::uniform4(1e-3_f64..50.0),
            summary in summaries(),
            silence in 0.0_f64..200.0,
        ) {
            let [r, alpha, a, b] = parameters;
            let model = BetaGeometric { r, alpha, a, b, drop_out };
            let later = PurchaseSummary::try_new(
                summary.repeats(),
                summary.last_weeks(),
                summary.age_weeks() + silence,
                0.0,
            ).unwrap();
            let (now, then) = (model.p_alive(&summary), model.p_alive(&later));
            prop_assert!((0.0..=1.0).contains(&now));
            prop_assert!(then <= now, "{then} > {now}");
        }

        #[test]
        fn a_longer_horizon_never_promises_less(
            drop_out in drop_outs(),
            parameters in prop::array::uniform4(1e-3_f64..50.0),
            summary in summaries(),
            weeks in prop::array::uniform2(0.0_f64..500.0),
        ) {
            let [r, alpha, a, b] = parameters;
            let model = BetaGeometric { r, alpha, a, b, drop_out };
            let (short, long) = (weeks[0].min(weeks[1]), weeks[0].max(weeks[1]));
            let near = model.expected_purchases(&summary, short);
            let far = model.expected_purchases(&summary, long);
            prop_assert!(near >= 0.0 && far.is_finite());
            prop_assert!(far >= near * (1.0 - 1e-12), "{far} < {near}");
            let likely = model.p_purchase(&summary, long);
            prop_assert!((0.0..=1.0).contains(&likely));
            prop_assert!(likely <= far * (1.0 + 1e-9), "P(at least one) is at most E");
        }

        #[test]
        fn the_waiting_time_is_the_inverse_of_the_chance(
            drop_out in drop_outs(),
            summary in summaries(),
            share in 0.01_f64..0.99,
        ) {
            let model = BetaGeometric { r: 0.5, alpha: 6.0, a: 0.9, b: 1.6, drop_out };
            let weeks = model.weeks_to_purchase(&summary, share);
            let chance = model.p_purchase(&summary, weeks);
            let alive = model.p_alive(&summary);
            prop_assert!((chance - share * alive).abs() < 1e-12 + 1e-9 * alive);
        }
    }
}
