//! The negative binomial: buying at random without drop-out, where all three models begin.

use super::CollapsedSummaries;
use super::newton::Local;
use super::numbering::index;
use super::special::RisingSums;

/// Gives the log-likelihood of (r, α) and its derivatives by their logarithms.
///
/// A customer adds `G_r(x)` + r ln α − (r+x) ln(α+T), which compares with the other models.
pub(super) fn log_likelihood(data: &CollapsedSummaries, logarithms: &[f64; 2]) -> Local<2> {
    let parameters = logarithms.map(f64::exp);
    let [r, alpha] = parameters;
    let ages: Vec<(f64, f64)> = data
        .ages
        .iter()
        .map(|age| ((age / alpha).ln_1p(), 1.0 / (alpha + age)))
        .collect();
    let mut sum = Local::ZERO;
    for group in &data.groups {
        let (ln, inverse) = ages[index(group.age)];
        let weight = group.customers;
        let repeats = f64::from(group.repeats);
        let power = weight * (r + repeats);
        sum.value -= power * ln + weight * repeats * logarithms[1];
        sum.gradient[0] -= weight * ln;
        sum.gradient[1] += weight * r / alpha - power * inverse;
        sum.hessian[0][1] += weight * (1.0 / alpha - inverse);
        sum.hessian[1][1] += power * inverse * inverse - weight * r / (alpha * alpha);
    }
    let of_r = RisingSums::of(r, 0, &data.histogram);
    sum.value += of_r.ln;
    sum.gradient[0] += of_r.first;
    sum.hessian[0][0] -= of_r.second;
    sum.by_logarithms(&parameters)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analytics::buying::sample::{assert_derivatives, summaries};

    proptest! {
        #[test]
        fn derivatives_are_those_of_central_differences(
            rows in prop::collection::vec(summaries(), 1..30),
            logarithms in prop::array::uniform2(-3.0_f64..3.0),
        ) {
            let data = CollapsedSummaries::of(&rows, 1);
            assert_derivatives(&logarithms, |at| log_likelihood(&data, at));
        }
    }
}
