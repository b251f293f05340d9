use super::super::CollapsedSummaries;
use super::super::chunks;
use super::super::collapsed::Group;
use super::super::newton::Local;
use super::super::numbering::index;
use super::super::special::RisingSums;
use super::decay::{Decay, Factor, Moments};

/// How many groups are added up at a time.
const CHUNK: usize = 512;

/// Gives the log-likelihood of (r, α, s, β) and its derivatives by their logarithms.
///
/// With `G_r(x)` = ln (r)ₓ, a customer adds
///
/// ```text
/// G_r(x) + r ln α + s ln β + ln(e^l₁ + e^l₂)
/// l₁ = −(r+x) ln(α+T) − s ln(β+T)
/// l₂ = ln s + ln ∫ (α+u)^−(r+x) (β+u)^−(s+1) du from t_x to T
/// ```
///
/// The derivatives of l₂ are moments under the normalised integrand, at the same nodes.
pub(in super::super) fn log_likelihood(
    data: &CollapsedSummaries,
    logarithms: &[f64; 4],
    threads: usize,
) -> Local<4> {
    let parameters = logarithms.map(f64::exp);
    let [r, alpha, s, beta] = parameters;
    let sums = chunks::map(&data.groups, CHUNK, threads, |groups| {
        let mut sum = Local::ZERO;
        for group in groups {
            add_group(data, &parameters, group, &mut sum);
        }
        sum
    });
    let mut sum = sums.iter().fold(Local::ZERO, Local::add);

    let customers = data.weight();
    let of_r = RisingSums::of(r, 0, &data.histogram);
    sum.value += of_r.ln + customers * (r * logarithms[1] + s * logarithms[3]);
    sum.gradient[0] += of_r.first + customers * logarithms[1];
    sum.gradient[1] += customers * r / alpha;
    sum.gradient[2] += customers * logarithms[3];
    sum.gradient[3] += customers * s / beta;
    sum.hessian[0][0] -= of_r.second;
    sum.hessian[0][1] += customers / alpha;
    sum.hessian[1][1] -= customers * r / (alpha * alpha);
    sum.hessian[2][3] += customers / beta;
    sum.hessian[3][3] -= customers * s / (beta * beta);
    sum.by_logarithms(&parameters)
}

/// A value with its gradient and the upper triangle of its second derivatives.
type Side = (f64, [f64; 4], [[f64; 4]; 4]);

fn add_group(data: &CollapsedSummaries, parameters: &[f64; 4], group: &Group, sum: &mut Local<4>) {
    let power = parameters[0] + f64::from(group.repeats);
    let last = data.lasts[index(group.last)];
    let age = data.ages[index(group.age)];
    let weight = group.customers;
    let (alive_value, alive_slope, alive_bend) = alive(parameters, power, age);
    if age <= last {
        sum.value += weight * alive_value;
        for i in 0..4 {
            sum.gradient[i] += weight * alive_slope[i];
            for (j, bend) in alive_bend[i].iter().enumerate().skip(i) {
                sum.hessian[i][j] += weight * bend;
            }
        }
        return;
    }
    let (gone_value, gone_slope, gone_bend) = gone(parameters, power, last, age);
    let dead = 1.0 / (1.0 + (alive_value - gone_value).exp());
    let living = 1.0 - dead;
    let larger = alive_value.max(gone_value);
    let smaller = alive_value.min(gone_value);
    sum.value += weight * (larger + (smaller - larger).exp().ln_1p());
    for i in 0..4 {
        sum.gradient[i] += weight * (living * alive_slope[i] + dead * gone_slope[i]);
        let torn = living * dead * (alive_slope[i] - gone_slope[i]);
        for j in i..4 {
            sum.hessian[i][j] += weight
                * (living * alive_bend[i][j]
                    + dead * gone_bend[i][j]
                    + torn * (alive_slope[j] - gone_slope[j]));
        }
    }
}

/// l₁: still alive at the end.
fn alive(parameters: &[f64; 4], power: f64, age: f64) -> Side {
    let [_, alpha, s, beta] = *parameters;
    let (buying, living) = (alpha + age, beta + age);
    let (ln_buying, ln_living) = (buying.ln(), living.ln());
    let mut bend = [[0.0; 4]; 4];
    bend[0][1] = -1.0 / buying;
    bend[1][1] = power / (buying * buying);
    bend[2][3] = -1.0 / living;
    bend[3][3] = s / (living * living);
    (
        -power * ln_buying - s * ln_living,
        [-ln_buying, -power / buying, -ln_living, -s / living],
        bend,
    )
}

/// l₂: dropped out somewhere after the last purchase.
fn gone(parameters: &[f64; 4], power: f64, last: f64, age: f64) -> Side {
    let [_, alpha, s, beta] = *parameters;
    let buying = Factor {
        power,
        time: alpha + last,
    };
    let living = Factor {
        power: s + 1.0,
        time: beta + last,
    };
    let Moments {
        ln_integral,
        means,
        covariances,
    } = Decay::new(buying, living, age - last).moments();
    let (ln_buying, ln_living) = (buying.time.ln(), living.time.ln());
    // 1/(α+u) and 1/(β+u) in full; the moments are of what they differ by from their start.
    let rate = means[1] + 1.0 / buying.time;
    let death = means[3] + 1.0 / living.time;
    // How each parameter moves the logarithm of the integrand, per moment.
    let factors = [-1.0, -power, -1.0, -living.power];
    let mut bend = [[0.0; 4]; 4];
    for i in 0..4 {
        for j in i..4 {
            bend[i][j] = factors[i] * factors[j] * covariances[i][j];
        }
    }
    bend[0][1] -= rate;
    bend[1][1] += power * (covariances[1][1] + rate * rate);
    bend[2][3] -= death;
    bend[3][3] += living.power * (covariances[3][3] + death * death);
    bend[2][2] -= 1.0 / (s * s);
    (
        s.ln() + ln_integral - power * ln_buying - living.power * ln_living,
        [
            -(means[0] + ln_buying),
            -power * rate,
            1.0 / s - (means[2] + ln_living),
            -living.power * death,
        ],
        bend,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analytics::buying::sample::{assert_derivatives, summaries};

    proptest! {
        #[test]
        fn derivatives_are_those_of_central_differences(
            rows in prop::collection::vec(summaries(), 1..20),
            logarithms in prop::array::uniform4(-3.0_f64..3.0),
        ) {
            let data = CollapsedSummaries::of(&rows, 1);
            assert_derivatives(&logarithms, |at| log_likelihood(&data, at, 1));
        }
    }
}
