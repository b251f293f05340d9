mod decay;
mod likelihood;

use serde::{Deserialize, Serialize};

pub(super) use likelihood::log_likelihood;

use self::decay::{Decay, Factor};
use super::PurchaseSummary;

/// Customers who buy at random while they are alive and may drop out at any moment.
///
/// Of Schmittlein, Morrison and Colombo (1987). Each buys by a Poisson process of a rate of their
/// own, gamma distributed with shape `r` and rate `alpha`, and lives for an exponential time of a
/// rate of their own, gamma distributed with shape `s` and rate `beta`. Without `s` nobody ever
/// drops out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ParetoNbd {
    /// The shape of the buying rates.
    pub r: f64,
    /// The rate of the buying rates, in weeks.
    pub alpha: f64,
    /// The shape of the drop-out rates; zero if nobody drops out.
    pub s: f64,
    /// The rate of the drop-out rates, in weeks.
    pub beta: f64,
}

impl ParetoNbd {
    /// Gives the chance that a customer will still buy: the share of w₁ in the likelihood.
    #[must_use]
    pub fn p_alive(&self, summary: &PurchaseSummary) -> f64 {
        let silence = summary.silent_weeks();
        if self.s <= 0.0 || silence <= 0.0 {
            return 1.0;
        }
        let power = self.power(summary);
        let buying = self.alpha + summary.last_weeks();
        let living = self.beta + summary.last_weeks();
        let ln_gone =
            Decay::new(factor(power, buying), factor(self.s + 1.0, living), silence).ln_integral();
        // Both sides are taken relative to the last purchase.
        let ln_alive = -power * (silence / buying).ln_1p() - self.s * (silence / living).ln_1p();
        1.0 / (1.0 + (self.s.ln() - living.ln() + ln_gone - ln_alive).exp())
    }

    /// Gives the expected number of purchases in the weeks to come.
    #[must_use]
    pub fn expected_purchases(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        self.p_alive(summary) * self.expected_while_alive(summary, weeks)
    }

    /// Gives the expected number of purchases of a customer who is alive today.
    pub(super) fn expected_while_alive(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        let living = self.beta + summary.age_weeks();
        let shrunk = (weeks / living).ln_1p();
        let exponent = (1.0 - self.s) * shrunk;
        let lived = if exponent.abs() < 1e-300 {
            shrunk
        } else {
            shrunk * (exponent.exp_m1() / exponent)
        };
        self.power(summary) / (self.alpha + summary.age_weeks()) * living * lived
    }

    /// Gives the chance of at least one purchase in the weeks to come.
    #[must_use]
    pub fn p_purchase(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        self.p_alive(summary) * self.p_purchase_while_alive(summary, weeks)
    }

    /// ∫ (r+x)/(α+T+u) · P(no purchase and alive until u) du: the first purchase falls on u.
    pub(super) fn p_purchase_while_alive(&self, summary: &PurchaseSummary, weeks: f64) -> f64 {
        if weeks <= 0.0 {
            return 0.0;
        }
        let power = self.power(summary);
        let buying = self.alpha + summary.age_weeks();
        let living = self.beta + summary.age_weeks();
        let decay = Decay::new(factor(power + 1.0, buying), factor(self.s, living), weeks);
        (power / buying * decay.ln_integral().exp()).min(1.0)
    }

    /// Gives the weeks within which a customer who is alive buys again with a chance of `share`;
    /// none if more than the rest drop out before.
    #[must_use]
    pub fn weeks_to_purchase(&self, summary: &PurchaseSummary, share: f64) -> Option<f64> {
        let (mut low, mut high) = (0.0, self.alpha + summary.age_weeks());
        while self.p_purchase_while_alive(summary, high) < share {
            low = high;
            high *= 4.0;
            if high > 1e7 {
                return None;
            }
        }
        let power = self.power(summary);
        let buying = self.alpha + summary.age_weeks();
        let living = self.beta + summary.age_weeks();
        let mut weeks = 0.5 * (low + high);
        for _ in 0..100 {
            let missing = share - self.p_purchase_while_alive(summary, weeks);
            if missing > 0.0 {
                low = weeks;
            } else {
                high = weeks;
            }
            // The density is in closed form: Newton's step, unless it leaves the bracket.
            let ln_slope =
                -(power + 1.0) * (weeks / buying).ln_1p() - self.s * (weeks / living).ln_1p();
            let next = weeks + missing / (power / buying * ln_slope.exp());
            let next = if next > low && next < high {
                next
            } else {
                0.5 * (low + high)
            };
            if (next - weeks).abs() <= 1e-13 * weeks {
                break;
            }
            weeks = next;
        }
        Some(weeks)
    }

    /// Gives the expected purchases of all time to come, each discounted continuously by `rate` a
    /// week: the discounted expected residual transactions of Fader, Hardie and Lee (2005).
    #[must_use]
    pub fn discounted_residual_purchases(&self, summary: &PurchaseSummary, rate: f64) -> f64 {
        let living = self.beta + summary.age_weeks();
        let while_alive = self.power(summary) / (self.alpha + summary.age_weeks());
        self.p_alive(summary) * while_alive * living * discounted_life(self.s, rate * living)
    }

    fn power(&self, summary: &PurchaseSummary) -> f64 {
        self.r + f64::from(summary.repeats())
    }
}

const fn factor(power: f64, time: f64) -> Factor {
    Factor { power, time }
}

/// ∫ v^−s e^(−z(v−1)) dv from 1 on: Ψ(s, s; z) z^(s−1) without Ψ.
fn discounted_life(s: f64, z: f64) -> f64 {
    // In ln v the integrand is smooth; it ends where the discount or the drop-out has ended it.
    let by_discount = (45.0 / z).ln_1p();
    let end = if s > 1.0 {
        by_discount.min(45.0 / (s - 1.0))
    } else {
        by_discount
    };
    let panels = end.ceil().clamp(1.0, 1_000.0);
    let width = end / panels;
    let mut sum = 0.0;
    let mut start = 0.0;
    while start < end - 0.5 * width {
        for (node, weight) in decay::nodes() {
            let ln = start + width * node;
            sum += weight * ((1.0 - s) * ln - z * ln.exp_m1()).exp();
        }
        start += width;
    }
    sum * width
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analytics::buying::sample::summaries;

    #[test]
    fn residual_life_has_its_known_values() {
        // e^z E₁(z) at s = 1; 1/z without drop-out; the last one by 40-digit arithmetic.
        let cases = [
            (1.0, 1.0, 0.596_347_362_323_194_1),
            (0.0, 0.125, 8.0),
            (0.606, 0.135, 2.877_186_030_267_954),
        ];
        for (s, z, expected) in cases {
            let found = discounted_life(s, z);
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
        }
    }

    proptest! {
        #[test]
        fn nobody_is_more_alive_for_being_silent(
            parameters in prop::array::uniform4(1e-3_f64..50.0),
            summary in summaries(),
            silence in 0.0_f64..200.0,
        ) {
            let [r, alpha, s, beta] = parameters;
            let model = ParetoNbd { r, alpha, s, beta };
            let later = PurchaseSummary::try_new(
                summary.repeats(),
                summary.last_weeks(),
                summary.age_weeks() + silence,
                0.0,
            ).unwrap();
            let (now, then) = (model.p_alive(&summary), model.p_alive(&later));
            prop_assert!((0.0..=1.0).contains(&now));
            prop_assert!(then <= now + 1e-9, "{then} > {now}");
        }

        #[test]
        fn a_longer_horizon_never_promises_less(
            parameters in prop::array::uniform4(1e-3_f64..50.0),
            summary in summaries(),
            weeks in prop::array::uniform2(0.0_f64..500.0),
        ) {
            let [r, alpha, s, beta] = parameters;
            let model = ParetoNbd { r, alpha, s, beta };
            let (short, long) = (weeks[0].min(weeks[1]), weeks[0].max(weeks[1]));
            let near = model.expected_purchases(&summary, short);
            let far = model.expected_purchases(&summary, long);
            prop_assert!(near >= 0.0 && far.is_finite());
            prop_assert!(far >= near * (1.0 - 1e-12), "{far} < {near}");
            let likely = model.p_purchase(&summary, long);
            prop_assert!((0.0..=1.0).contains(&likely));
            prop_assert!(likely <= far * (1.0 + 1e-8), "P(at least one) is at most E");
        }

        #[test]
        fn the_waiting_time_is_the_inverse_of_the_chance(
            summary in summaries(),
            share in 0.01_f64..0.99,
        ) {
            let model = ParetoNbd { r: 0.55, alpha: 10.6, s: 0.6, beta: 11.7 };
            match model.weeks_to_purchase(&summary, share) {
                Some(weeks) => {
                    let chance = model.p_purchase_while_alive(&summary, weeks);
                    prop_assert!((chance - share).abs() < 1e-10, "{chance}");
                }
                None => prop_assert!(model.p_purchase_while_alive(&summary, 1e7) < share),
            }
        }
    }
}
