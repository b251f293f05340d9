//! Buying models of 1,000,000 customers: collapse and fit, then predict.
#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "the customers are drawn from distributions"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up is a failed bench"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use glame_core::analytics::buying::{
    BuyingFit, CollapsedSpend, CollapsedSummaries, Discounting, ModelKind, PurchaseSummary,
    SpendFit,
};

const CUSTOMERS: usize = 1_000_000;

/// The generator `SplitMix64`: the same customers in every run.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, rate: f64) -> f64 {
        -self.uniform().ln() / rate
    }

    /// The method of Marsaglia and Tsang.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.uniform().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let turn = std::f64::consts::TAU * self.uniform();
            let normal = (-2.0 * self.uniform().ln()).sqrt() * turn.cos();
            let v = (1.0 + c * normal).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * normal * normal + d * (1.0 - v + v.ln()) {
                return d * v;
            }
        }
    }
}

/// Customers as those of CDNOW: first purchases over 84 days, 39 weeks in all, whole days.
fn customers() -> Vec<PurchaseSummary> {
    let mut draws = Draws(42);
    (0..CUSTOMERS)
        .map(|_| {
            let age_days = 189.0 + (draws.uniform() * 84.0).floor();
            let buying = draws.gamma(0.55) / (10.6 * 7.0);
            let dying = draws.gamma(0.61) / (11.7 * 7.0);
            let end = draws.exponential(dying).min(age_days + 1.0);
            let (mut repeats, mut last, mut at) = (0, 0.0, 0.0);
            loop {
                at += draws.exponential(buying);
                if at >= end {
                    break;
                }
                let day = f64::floor(at);
                if day > last {
                    (repeats, last) = (repeats + 1, day);
                }
            }
            let worth = draws.gamma(6.25 * f64::from(repeats).max(1.0));
            let mean = if repeats == 0 {
                0.0
            } else {
                let kopecks = worth / draws.gamma(3.74) * 154_400.0;
                kopecks.round().max(1.0) / f64::from(repeats)
            };
            PurchaseSummary::try_new(repeats, last / 7.0, age_days / 7.0, mean).unwrap()
        })
        .collect()
}

fn models(criterion: &mut Criterion) {
    let customers = customers();
    let different = CollapsedSummaries::of(&customers, 2).different();
    let mut group =
        criterion.benchmark_group(format!("1M customers, {different} different summaries"));
    group.sample_size(10);
    for threads in [1, 2] {
        group.bench_function(format!("collapse, {threads} threads"), |bencher| {
            bencher.iter(|| black_box(CollapsedSummaries::of(&customers, threads)));
        });
        for kind in ModelKind::ALL {
            let name = format!("collapse and fit {}, {threads} threads", kind.as_str());
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    let data = CollapsedSummaries::of(&customers, threads);
                    black_box(BuyingFit::of(kind, &data, threads))
                });
            });
        }
        group.bench_function(format!("fit gamma-gamma, {threads} threads"), |bencher| {
            bencher.iter(|| {
                let data = CollapsedSpend::of(&customers, threads);
                black_box(SpendFit::of(&data, threads))
            });
        });
        let data = CollapsedSummaries::of(&customers, 2);
        for kind in ModelKind::ALL {
            let model = BuyingFit::of(kind, &data, 2).model.unwrap();
            let name = format!("predict by {}, {threads} threads", kind.as_str());
            group.bench_function(name, |bencher| {
                bencher.iter(|| black_box(model.predict_all(&customers, 39.0, threads)));
            });
        }
        let model = BuyingFit::of(ModelKind::MbgNbd, &data, 2).model.unwrap();
        group.bench_function(
            format!("value of 12 months, {threads} threads"),
            |bencher| {
                bencher.iter(|| {
                    let year = Discounting::default();
                    black_box(model.discounted_purchases_all(&customers, &year, threads))
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, models);
criterion_main!(benches);
