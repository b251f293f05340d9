use super::super::PurchaseSummary;
use super::super::special::ln_beta;
use super::BetaGeometric;

/// Beyond this z the series needs too many terms.
const LARGEST_Z: f64 = 0.95;

/// Gives the expected purchases in the weeks to come of a customer who is alive.
///
/// The textbook form subtracts two hypergeometric functions that overflow for busy customers and
/// is 0/0 at a = 1. Euler's transformation leaves a series of shrinking terms, of which every one
/// after the first carries the factor a − 1, so that the division can be done in exact form.
pub(super) fn expected_while_alive(
    model: &BetaGeometric,
    summary: &PurchaseSummary,
    weeks: f64,
) -> f64 {
    let rate = model.alpha + summary.age_weeks();
    let z = weeks / (rate + weeks);
    let bought = f64::from(summary.repeats()) + f64::from(model.drop_out.first());
    // A is far below zero if buying rates hardly differ; terms of both signs would then cancel.
    let numerator = model.a + model.b - 1.0 - model.r + f64::from(model.drop_out.first());
    // The same terms overflow if chances to drop out hardly differ: a is far above one then.
    if z <= LARGEST_Z && numerator * z > -8.0 && model.a * z < 40.0 {
        let kept = model.b + bought;
        let odds = (model.a - 1.0) + kept;
        if odds > 0.0 {
            return by_series(model.a - 1.0, numerator, odds, z);
        }
    }
    if weeks <= 0.0 {
        return 0.0;
    }
    by_integral(model, summary, weeks / rate)
}

/// −C expm1(e w)/e with w = ln(1−z) + ln(1 + e S)/e, both continued through e = 0.
///
/// S = Σₙ (A)ₙ (e+1)ₙ₋₁ / ((C)ₙ n!) zⁿ, n from 1.
fn by_series(e: f64, a: f64, c: f64, z: f64) -> f64 {
    let mut term = a / c * z;
    let mut sum = term;
    for n in 1..20_000_u32 {
        let n = f64::from(n);
        term *= (a + n) * (e + n) / ((c + n) * (n + 1.0)) * z;
        sum += term;
        if term.abs() <= 1e-17 * sum.abs() {
            break;
        }
    }
    let w = (-z).ln_1p() + shrunk_ln_1p(e, sum);
    -c * grown_exp_m1(e, w)
}

/// ln(1 + e s)/e, which is s at e = 0.
fn shrunk_ln_1p(e: f64, s: f64) -> f64 {
    let product = e * s;
    if product.abs() < 1e-300 {
        s
    } else {
        s * (product.ln_1p() / product)
    }
}

/// (exp(e w) − 1)/e, which is w at e = 0.
fn grown_exp_m1(e: f64, w: f64) -> f64 {
    let product = e * w;
    if product.abs() < 1e-300 {
        w
    } else {
        w * (product.exp_m1() / product)
    }
}

/// ∫ (1 − (1 + pτ)^−(r+x))/p · Beta(p; a, b+x+k) dp with τ = t/(α+T).
///
/// In the logit of p the integrand is smooth and falls off on both sides, so that the trapezoidal
/// rule converges to the last digit; stretching by sinh reaches far into thin tails.
fn by_integral(model: &BetaGeometric, summary: &PurchaseSummary, tau: f64) -> f64 {
    let power = model.r + f64::from(summary.repeats());
    if model.a <= 0.0 {
        return power * tau;
    }
    let a = model.a;
    let b = model.b + f64::from(summary.repeats()) + f64::from(model.drop_out.first());
    let centre = (a / b).ln();
    let width = (1.0 / a + 1.0 / b).sqrt().min(30.0);
    let ln_norm = ln_beta(a, b);
    let at = |stretched: f64| {
        let y = centre + width * stretched.sinh();
        let ln_p = -ln_1p_exp(-y);
        let p = ln_p.exp();
        let ln_density = a * ln_p - b * ln_1p_exp(y) - ln_norm;
        let until = if p * tau < 1e-300 {
            power * tau
        } else {
            -(-power * (p * tau).ln_1p()).exp_m1() / p
        };
        until * ln_density.exp() * width * stretched.cosh()
    };
    let step = 1.0 / 32.0;
    let mut sum = at(0.0);
    let largest = (1..=400_u32).map(|n| step * f64::from(n));
    for direction in [1.0, -1.0] {
        for stretched in largest.clone() {
            let part = at(direction * stretched);
            sum += part;
            if stretched > 1.0 && part <= 1e-18 * sum {
                break;
            }
        }
    }
    sum * step
}

/// ln(1 + e^y).
fn ln_1p_exp(y: f64) -> f64 {
    y.max(0.0) + (-y.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::buying::DropOut;

    #[test]
    fn series_and_integral_agree_where_both_hold() {
        for drop_out in [DropOut::AfterRepeats, DropOut::AfterEveryPurchase] {
            for a in [0.01, 0.5, 1.0, 1.0 + 1e-9, 3.0, 40.0] {
                for (repeats, last, age) in [(0, 0.0, 5.0), (3, 20.0, 30.0), (300, 90.0, 100.0)] {
                    for weeks in [0.5, 13.0, 90.0] {
                        let summary = PurchaseSummary::try_new(repeats, last, age, 0.0).unwrap();
                        let model = BetaGeometric {
                            r: 0.6,
                            alpha: 7.0,
                            a,
                            b: 1.7,
                            drop_out,
                        };
                        let series = expected_while_alive(&model, &summary, weeks);
                        let integral = by_integral(&model, &summary, weeks / (7.0 + age));
                        assert!(
                            (series / integral - 1.0).abs() < 1e-11,
                            "{model:?} {summary:?} {weeks}: {series} and {integral}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn without_drop_out_a_customer_buys_at_the_expected_rate() {
        let model = BetaGeometric {
            r: 0.7,
            alpha: 9.0,
            a: 0.0,
            b: 1.0,
            drop_out: DropOut::AfterEveryPurchase,
        };
        let summary = PurchaseSummary::try_new(4, 20.0, 30.0, 0.0).unwrap();
        for weeks in [0.0, 1.0, 39.0, 2_000.0] {
            let expected = (0.7 + 4.0) * weeks / 39.0;
            let found = expected_while_alive(&model, &summary, weeks);
            assert!(
                (found - expected).abs() <= 1e-12 * expected,
                "{found} {expected}"
            );
        }
    }
}
