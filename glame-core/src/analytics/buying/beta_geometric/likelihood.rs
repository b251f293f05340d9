use super::super::CollapsedSummaries;
use super::super::chunks;
use super::super::collapsed::Group;
use super::super::newton::Local;
use super::super::numbering::index;
use super::super::special::RisingSums;
use super::DropOut;

/// How many groups are added up at a time.
const CHUNK: usize = 4_096;

/// ln(α + t) and 1/(α + t) of one t.
#[derive(Debug, Clone, Copy)]
struct Time {
    ln: f64,
    inverse: f64,
}

/// Gives the log-likelihood of (r, α, a, b) and its derivatives by their logarithms.
///
/// With `G_c(n)` = ln (c)ₙ, and k = 0 for BG/NBD and 1 for MBG/NBD, a customer adds
///
/// ```text
/// G_r(x) + r ln α + G_b(x+k) − G_{a+b}(x+k) + ln(e^l₁ + e^l₂)
/// l₁ = −(r+x) ln(α+T),  l₂ = ln a − ln(b+x+k−1) − (r+x) ln(α+t_x)
/// ```
///
/// where BG/NBD has no l₂ for x = 0. What depends on x alone is summed over the histogram.
pub(in super::super) fn log_likelihood(
    data: &CollapsedSummaries,
    drop_out: DropOut,
    logarithms: &[f64; 4],
    threads: usize,
) -> Local<4> {
    let parameters = logarithms.map(f64::exp);
    let [r, alpha, a, b] = parameters;
    let times = |weeks: &[f64]| -> Vec<Time> {
        weeks
            .iter()
            .map(|week| Time {
                ln: (alpha + week).ln(),
                inverse: 1.0 / (alpha + week),
            })
            .collect()
    };
    let (lasts, ages) = (times(&data.lasts), times(&data.ages));
    let either = Mixture {
        parameters,
        drop_out,
        lasts: &lasts,
        ages: &ages,
    };
    let sums = chunks::map(&data.groups, CHUNK, threads, |groups| either.sum(groups));
    let mut sum = sums.iter().fold(Local::ZERO, Local::add);

    let customers = data.weight();
    let of_r = RisingSums::of(r, 0, &data.histogram);
    let of_b = RisingSums::of(b, drop_out.first(), &data.histogram);
    let of_sum = RisingSums::of(a + b, drop_out.first(), &data.histogram);
    sum.value += of_r.ln + customers * r * logarithms[1] + of_b.ln - of_sum.ln;
    sum.gradient[0] += of_r.first + customers * logarithms[1];
    sum.gradient[1] += customers * r / alpha;
    sum.gradient[2] -= of_sum.first;
    sum.gradient[3] += of_b.first - of_sum.first;
    sum.hessian[0][0] -= of_r.second;
    sum.hessian[0][1] += customers / alpha;
    sum.hessian[1][1] -= customers * r / (alpha * alpha);
    sum.hessian[2][2] += of_sum.second;
    sum.hessian[2][3] += of_sum.second;
    sum.hessian[3][3] += of_sum.second - of_b.second;
    sum.by_logarithms(&parameters)
}

/// The part of the likelihood that weighs being alive against having dropped out.
#[derive(Debug, Clone, Copy)]
struct Mixture<'a> {
    parameters: [f64; 4],
    drop_out: DropOut,
    lasts: &'a [Time],
    ages: &'a [Time],
}

impl Mixture<'_> {
    fn sum(&self, groups: &[Group]) -> Local<4> {
        let [r, _, a, b] = self.parameters;
        let mut sum = Local::ZERO;
        // Groups are sorted by x, so that what depends on it is seldom made anew.
        for of_count in groups.chunk_by(|one, other| one.repeats == other.repeats) {
            let repeats = of_count[0].repeats;
            let power = r + f64::from(repeats);
            let kept = match self.drop_out {
                DropOut::AfterRepeats if repeats == 0 => {
                    self.sum_alive(of_count, power, &mut sum);
                    continue;
                }
                DropOut::AfterRepeats => b + f64::from(repeats) - 1.0,
                DropOut::AfterEveryPurchase => b + f64::from(repeats),
            };
            self.sum_either(of_count, power, (a.ln() - kept.ln(), kept), &mut sum);
        }
        sum
    }

    /// Adds customers who are alive for certain: l₁ alone.
    fn sum_alive(&self, groups: &[Group], power: f64, sum: &mut Local<4>) {
        for group in groups {
            let age = self.ages[index(group.age)];
            let weight = group.customers;
            sum.value -= weight * power * age.ln;
            sum.gradient[0] -= weight * age.ln;
            sum.gradient[1] -= weight * power * age.inverse;
            sum.hessian[0][1] -= weight * age.inverse;
            sum.hessian[1][1] += weight * power * age.inverse * age.inverse;
        }
    }

    /// Adds customers of one x who may have dropped out, with the logistic weight w₂ that they have.
    fn sum_either(
        &self,
        groups: &[Group],
        power: f64,
        (ln_odds, kept): (f64, f64),
        sum: &mut Local<4>,
    ) {
        let a = self.parameters[2];
        // Σ w₂ and Σ w₁w₂ with the differences of the gradients of l₁ and l₂ by r and α.
        let (mut gone, mut torn, mut torn_r, mut torn_alpha) = (0.0, 0.0, 0.0, 0.0);
        for group in groups {
            let last = self.lasts[index(group.last)];
            let age = self.ages[index(group.age)];
            let weight = group.customers;
            let odds = (ln_odds + power * (age.ln - last.ln)).exp();
            let (dead, ln_sum) = if odds < f64::INFINITY {
                (odds / (1.0 + odds), odds.ln_1p() - power * age.ln)
            } else {
                (1.0, ln_odds - power * last.ln)
            };
            let alive = 1.0 - dead;
            let by_r = last.ln - age.ln;
            let by_alpha = power * (last.inverse - age.inverse);
            let inverse = alive * age.inverse + dead * last.inverse;
            let square = alive * age.inverse * age.inverse + dead * last.inverse * last.inverse;
            let doubt = weight * alive * dead;

            sum.value += weight * ln_sum;
            sum.gradient[0] -= weight * (alive * age.ln + dead * last.ln);
            sum.gradient[1] -= weight * power * inverse;
            sum.hessian[0][0] += doubt * by_r * by_r;
            sum.hessian[0][1] += doubt * by_r * by_alpha - weight * inverse;
            sum.hessian[1][1] += doubt * by_alpha * by_alpha + weight * power * square;
            gone += weight * dead;
            torn += doubt;
            torn_r += doubt * by_r;
            torn_alpha += doubt * by_alpha;
        }
        sum.gradient[2] += gone / a;
        sum.gradient[3] -= gone / kept;
        sum.hessian[0][2] -= torn_r / a;
        sum.hessian[0][3] += torn_r / kept;
        sum.hessian[1][2] -= torn_alpha / a;
        sum.hessian[1][3] += torn_alpha / kept;
        sum.hessian[2][2] += (torn - gone) / (a * a);
        sum.hessian[2][3] -= torn / (a * kept);
        sum.hessian[3][3] += (torn + gone) / (kept * kept);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analytics::buying::sample::{assert_derivatives, drop_outs, summaries};

    proptest! {
        #[test]
        fn derivatives_are_those_of_central_differences(
            drop_out in drop_outs(),
            rows in prop::collection::vec(summaries(), 1..30),
            logarithms in prop::array::uniform4(-3.0_f64..3.0),
        ) {
            let data = CollapsedSummaries::of(&rows, 1);
            assert_derivatives(&logarithms, |at| log_likelihood(&data, drop_out, at, 1));
        }
    }
}
