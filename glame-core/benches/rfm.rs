//! RFM of 1,000,000 customers from 10,000,000 purchases held in memory: aggregate and score.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up is a failed bench"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use glame_core::analytics::{PurchaseColumns, RfmColumns, RfmPolicy};

const CUSTOMERS: u32 = 1_000_000;
const PURCHASES: usize = 10_000_000;
const TODAY: u32 = 1_000;

/// A multiplicative generator: the same rows in every run, in no order.
fn rows() -> (Vec<u32>, Vec<u32>, Vec<i64>) {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut draw = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let customer = |number: u64| u32::try_from(number).unwrap();
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..PURCHASES {
        columns.0.push(customer(draw(u64::from(CUSTOMERS))));
        columns.1.push(customer(draw(u64::from(TODAY))));
        columns.2.push(i64::try_from(draw(2_000_000)).unwrap());
    }
    columns
}

fn rfm(criterion: &mut Criterion) {
    let (customer, day, kopecks) = rows();
    let policies = [
        ("thresholds", RfmPolicy::default()),
        ("quantiles", RfmPolicy::quantiles()),
    ];
    let mut group = criterion.benchmark_group("rfm of 1M customers from 10M purchases");
    group.sample_size(10);
    for (name, policy) in policies {
        for threads in [1, 2] {
            group.bench_function(format!("{name}, {threads} threads"), |bencher| {
                bencher.iter(|| {
                    let purchases =
                        PurchaseColumns::try_new(CUSTOMERS, &customer, &day, &kopecks).unwrap();
                    let columns = RfmColumns::aggregate(purchases, threads);
                    let population = if policy.needs_population() {
                        columns.population(TODAY)
                    } else {
                        Vec::new()
                    };
                    let cuts = policy.cuts(&population).unwrap();
                    black_box(columns.score(&cuts, TODAY))
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, rfm);
criterion_main!(benches);
