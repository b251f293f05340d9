//! Random customers for the properties of the models.

use proptest::prelude::*;

use super::newton::Local;
use super::{DropOut, PurchaseSummary};

pub(super) fn drop_outs() -> impl Strategy<Value = DropOut> {
    prop_oneof![
        Just(DropOut::AfterRepeats),
        Just(DropOut::AfterEveryPurchase)
    ]
}

pub(super) fn summaries() -> impl Strategy<Value = PurchaseSummary> {
    let repeats = prop_oneof![Just(0_u32), 1_u32..5, 5_u32..200];
    (repeats, 0_u32..400, 0_u32..400, 1_u32..900_000).prop_map(
        |(repeats, last_days, silent_days, kopecks)| {
            let last = if repeats == 0 { 0 } else { last_days };
            let age = last + silent_days;
            let mean = if repeats == 0 { 0 } else { kopecks };
            PurchaseSummary::try_new(
                repeats,
                f64::from(last) / 7.0,
                f64::from(age) / 7.0,
                f64::from(mean),
            )
            .unwrap()
        },
    )
}

/// Holds the gradient against the values, and the second derivatives against the gradient.
pub(super) fn assert_derivatives<const N: usize>(
    at: &[f64; N],
    evaluate: impl Fn(&[f64; N]) -> Local<N>,
) {
    let step = 1e-5;
    let local = evaluate(at);
    let noise = 1e-15 * (1.0 + local.value.abs()) / step;
    for i in 0..N {
        let (mut low, mut high) = (*at, *at);
        low[i] -= step;
        high[i] += step;
        let (low, high) = (evaluate(&low), evaluate(&high));
        let slope = (high.value - low.value) / (2.0 * step);
        let scale: f64 = local.hessian[i].iter().map(|bend| bend.abs()).sum();
        let allowed = 1e-6 * (local.gradient[i].abs() + scale + 1.0) + 100.0 * noise;
        assert!(
            (slope - local.gradient[i]).abs() <= allowed,
            "slope {i}: {slope} and {}",
            local.gradient[i]
        );
        for j in 0..N {
            let bend = (high.gradient[j] - low.gradient[j]) / (2.0 * step);
            let allowed = 1e-5 * (scale + local.gradient[j].abs() + 1.0) + 100.0 * noise;
            assert!(
                (bend - local.hessian[i][j]).abs() <= allowed,
                "bend {i} {j}: {bend} and {}",
                local.hessian[i][j]
            );
        }
    }
}
