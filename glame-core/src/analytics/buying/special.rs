//! The gamma function and its relatives, to the last digits of a double.
//!
//! Stirling's series is used above ten, where eight terms leave nothing out; below, the argument
//! is raised first. Differences are made without subtracting large numbers, so that a customer
//! with a million purchases costs no digits.

use super::float;

/// From here on Stirling's series holds.
const LARGE: f64 = 10.0;

/// ½ ln 2π.
const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_7;

/// Gives ln Γ(x) for x > 0.
pub(super) fn ln_gamma(x: f64) -> f64 {
    let (raised, product) = raise(x);
    (raised - 0.5) * raised.ln() - raised + HALF_LN_TWO_PI + stirling(raised) - product.ln()
}

/// Gives ln Γ(x + step) − ln Γ(x) for x > 0 and step ≥ 0.
pub(super) fn ln_gamma_step(x: f64, step: f64) -> f64 {
    let mut below = x;
    let mut lifted = 0.0;
    while below < LARGE {
        lifted += (below / (below + step)).ln();
        below += 1.0;
    }
    let above = below + step;
    (below - 0.5) * (step / below).ln_1p() + step * above.ln() - step + stirling(above)
        - stirling(below)
        + lifted
}

/// Gives ψ(x + step) − ψ(x), a difference of derivatives of ln Γ, for x > 0 and step ≥ 0.
pub(super) fn digamma_step(mut x: f64, step: f64) -> f64 {
    let mut lifted = 0.0;
    while x < LARGE {
        lifted += step / (x * (x + step));
        x += 1.0;
    }
    (step / x).ln_1p() + digamma_tail(x) - digamma_tail(x + step) + lifted
}

/// Gives ψ′(x) for x > 0.
pub(super) fn trigamma(mut x: f64) -> f64 {
    let mut lifted = 0.0;
    while x < LARGE {
        lifted += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = 1.0 / 6.0
        + square
            * (-1.0 / 30.0
                + square
                    * (1.0 / 42.0
                        + square
                            * (-1.0 / 30.0
                                + square
                                    * (5.0 / 66.0
                                        + square * (-691.0 / 2_730.0 + square * 7.0 / 6.0)))));
    1.0 / x + 0.5 * square + square / x * series + lifted
}

/// Gives ln B(a, b).
pub(super) fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    ln_gamma(small) - ln_gamma_step(large, small)
}

/// Gives the median of the gamma distribution of this shape and rate 1.
///
/// It lies below the mean, where the series of the incomplete gamma function has positive terms.
pub(super) fn gamma_median(shape: f64) -> f64 {
    let (mut low, mut high) = (0.0, shape);
    // In the logarithm, since small shapes have medians near zero: each step halves the error.
    let guess = shape * (1.0 - 1.0 / (9.0 * shape)).max(0.01).powi(3);
    let mut median = guess;
    for _ in 0..200 {
        if lower_gamma_share(shape, median) < 0.5 {
            low = median;
        } else {
            high = median;
        }
        let next = if low > 0.0 {
            (low * high).sqrt()
        } else {
            high * 1e-3
        };
        if (next - median).abs() <= 1e-14 * median || next < f64::MIN_POSITIVE {
            break;
        }
        median = next;
    }
    median
}

/// Gives the share of a gamma distribution of rate 1 that lies below `x`.
fn lower_gamma_share(shape: f64, x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..10_000_u32 {
        term *= x / (shape + f64::from(n));
        sum += term;
        if term < sum * 1e-16 {
            break;
        }
    }
    (shape * x.ln() - x - ln_gamma(shape + 1.0)).exp() * sum
}

/// Sums over customers of ln (base)ₓ and its first two derivatives by the base.
///
/// (base)ₓ is the rising factorial base (base + 1) … (base + x − 1).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct RisingSums {
    /// Of ln (base)ₓ.
    pub(super) ln: f64,
    /// Of Σ 1/(base + j).
    pub(super) first: f64,
    /// Of Σ 1/(base + j)², without the sign.
    pub(super) second: f64,
}

impl RisingSums {
    /// Adds up over a histogram of ascending counts, each raised by `shift`.
    ///
    /// The factors are multiplied on from one count to the next, so that no special function is
    /// needed where counts are close together.
    pub(super) fn of(base: f64, shift: u32, histogram: &[(u32, f64)]) -> Self {
        let mut sums = Self::default();
        let mut at = Self::default();
        let mut reached = 0;
        for &(count, customers) in histogram {
            let target = count.saturating_add(shift);
            if target - reached <= 64 {
                for factor in reached..target {
                    let factor = base + f64::from(factor);
                    at.ln += factor.ln();
                    at.first += 1.0 / factor;
                    at.second += 1.0 / (factor * factor);
                }
            } else {
                let from = base + f64::from(reached);
                let step = f64::from(target - reached);
                at.ln += ln_gamma_step(from, step);
                at.first += digamma_step(from, step);
                at.second += trigamma(from) - trigamma(from + step);
            }
            reached = target;
            sums.ln += customers * at.ln;
            sums.first += customers * at.first;
            sums.second += customers * at.second;
        }
        sums
    }
}

/// Raises an argument to where the series holds; the product of the steps comes with it.
fn raise(mut x: f64) -> (f64, f64) {
    let mut product = 1.0;
    while x < LARGE {
        product *= x;
        x += 1.0;
    }
    (x, product)
}

/// What Stirling's formula leaves out of ln Γ.
fn stirling(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1_260.0,
        -1.0 / 1_680.0,
        1.0 / 1_188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3_617.0 / 122_400.0,
    ];
    horner(&TERMS, 1.0 / (x * x)) / x
}

/// What ln x is above ψ(x).
fn digamma_tail(x: f64) -> f64 {
    const TERMS: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32_760.0,
        1.0 / 12.0,
    ];
    let square = 1.0 / (x * x);
    0.5 / x + square * horner(&TERMS, square)
}

fn horner(terms: &[f64], x: f64) -> f64 {
    terms.iter().rev().fold(0.0, |sum, term| sum * x + term)
}

/// Gives the nodes and weights of the Gauss-Legendre rule on [0, 1].
///
/// The nodes are the roots of the Legendre polynomial, found by Newton's method.
pub(super) fn gauss_legendre<const NODES: usize>() -> [(f64, f64); NODES] {
    let degree = float::of_count(NODES);
    std::array::from_fn(|index| {
        let guess = std::f64::consts::PI * (float::of_count(index) + 0.75) / (degree + 0.5);
        let mut root = guess.cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (mut before, mut value) = (1.0, root);
            for order in 2..=NODES {
                let order = float::of_count(order);
                let next = ((2.0 * order - 1.0) * root * value - (order - 1.0) * before) / order;
                before = value;
                value = next;
            }
            slope = degree * (root * value - before) / (root * root - 1.0);
            let step = value / slope;
            root -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        let weight = 1.0 / ((1.0 - root * root) * slope * slope);
        ((1.0 - root) / 2.0, weight)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        let error = (found - expected).abs();
        assert!(
            error <= 2e-14 * expected.abs().max(1.0),
            "{found} is not {expected}"
        );
    }

    #[test]
    fn gamma_functions_have_their_known_values() {
        // Γ(½) = √π, Γ(6) = 120; ψ′(1) = π²/6; the rest by 40-digit arithmetic.
        close(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln());
        close(ln_gamma(6.0), 120_f64.ln());
        close(ln_gamma(1e-9), 20.723_265_836_369_193);
        close(ln_gamma(1e6), 12_815_504.569_147_611);
        close(
            digamma_step(0.25, 0.75),
            4.227_453_533_376_265 - 0.577_215_664_901_532_9,
        );
        close(trigamma(1.0), std::f64::consts::PI.powi(2) / 6.0);
        close(trigamma(12.5), 0.083_285_224_601_578_37);
        close(ln_beta(0.5, 0.5), std::f64::consts::PI.ln());
    }

    #[test]
    fn steps_of_large_arguments_keep_their_digits() {
        close(ln_gamma_step(1e6, 1.0), 1e6_f64.ln());
        close(ln_gamma_step(0.3, 2.0), (0.3_f64 * 1.3).ln());
        let relative = digamma_step(1e6, 1.0) / 1e-6 - 1.0;
        assert!(relative.abs() < 1e-13, "{relative}");
        close(digamma_step(0.3, 2.0), 1.0 / 0.3 + 1.0 / 1.3);
    }

    #[test]
    fn a_gamma_median_halves_its_distribution() {
        close(gamma_median(1.0), std::f64::consts::LN_2);
        close(gamma_median(0.1), 5.933_911_044_602_259e-4);
        close(gamma_median(50.0), 49.667_064_617_994_23);
    }

    #[test]
    fn rising_sums_are_the_same_near_and_far() {
        let mut near: Vec<(u32, f64)> = (0..=200).map(|count| (count, 0.0)).collect();
        near[200].1 = 3.0;
        let near = RisingSums::of(0.7, 1, &near);
        let far = RisingSums::of(0.7, 1, &[(200, 3.0)]);
        close(near.ln, far.ln);
        close(near.first, far.first);
        close(near.second, far.second);
    }

    #[test]
    fn the_rule_integrates_what_it_should() {
        let nodes = gauss_legendre::<24>();
        close(nodes.iter().map(|(_, weight)| weight).sum(), 1.0);
        let power = nodes.iter().map(|(node, weight)| weight * node.powi(47));
        close(power.sum(), 1.0 / 48.0);
    }
}
