//! Preview of a rule of ten leaves over 1,000,000 customers with 3,000,000 purchases in memory.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up is a failed bench"
)]

use std::hint::black_box;
use std::num::NonZeroUsize;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use glame_core::analytics::{
    BoughtLine, CustomerMetrics, CustomerStatus, Preference, PurchaseFigures, PurchasePreferences,
    RfmScore, Score,
};
use glame_core::segments::{
    CustomerFacts, Memberships, Moment, Overrides, SegmentRule, SegmentSnapshot, SnapshotBuilder,
};
use glame_core::users::{Gender, Holder, User};
use glame_core::values::{CounterpartyRef, DocumentRef, Money, PhoneNumber, PlainText, UserId};
use uuid::Uuid;

const CUSTOMERS: u64 = 1_000_000;

/// Ten leaves over every kind of column: numbers, days, texts, sets, birthdays, windows, a bucket.
const RULE: &str = r#"{"version": 1, "rule": {"all": [
    {"any": [
        {"field": "total_spent", "op": "gte", "value": "5000"},
        {"field": "rfm_total", "op": "between", "value": [8, 15]}
    ]},
    {"any": [
        {"field": "recency_days", "op": "lte", "value": 400},
        {"field": "status", "op": "in", "value": ["VIP", "Active"]}
    ]},
    {"not": {"field": "city", "op": "contains", "value": "СК"}},
    {"any": [
        {"field": "favorite_categories", "op": "has_any", "value": ["категория 3", "Категория 5"]},
        {"field": "birthday", "op": "within_next_days", "value": 30},
        {"field": "purchase_count", "op": "gte", "value": 1,
         "of": {"category": ["Категория 7"]}, "window": {"last_days": 400}}
    ]},
    {"field": "has_phone", "op": "eq", "value": true},
    {"field": "bucket", "seed": "spring", "op": "lt", "value": 90}
]}}"#;

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
        let place = self.below(u64::try_from(values.len()).unwrap());
        values[usize::try_from(place).unwrap()].clone()
    }
}

fn now() -> DateTime<Utc> {
    "2025-06-15T09:00:00Z".parse().unwrap()
}

fn metrics(user: UserId, dice: &mut Dice, categories: &[PlainText]) -> CustomerMetrics {
    let mut likes = Vec::new();
    for _ in 0..3 {
        likes.push(Preference {
            name: dice.one_of(categories),
            amount: Money::from_kopecks(1),
        });
    }
    let last = now() - TimeDelta::days(i64::try_from(dice.below(900)).unwrap());
    CustomerMetrics {
        rfm_score: Some(RfmScore {
            recency: dice.one_of(&Score::ALL),
            frequency: dice.one_of(&Score::ALL),
            monetary: dice.one_of(&Score::ALL),
        }),
        status: dice.one_of(&CustomerStatus::ALL),
        figures: PurchaseFigures {
            user,
            total_purchases: 3,
            total_spent: Money::from_kopecks(i64::try_from(dice.below(2_000_000)).unwrap()),
            average_receipt: None,
            receipts: 3,
            returns: 0,
            lines: 3,
            occasions: 3,
            first_purchase_at: Some(last),
            last_purchase_at: Some(last),
            future_lines: 0,
            preferences: PurchasePreferences {
                favorite_categories: likes,
                favorite_brands: Vec::new(),
            },
        },
    }
}

fn snapshot() -> SegmentSnapshot {
    let text = |text: String| PlainText::clean(&text).unwrap();
    let categories: Vec<_> = (0..40).map(|n| text(format!("Категория {n}"))).collect();
    let cities: Vec<_> = (0..300)
        .map(|n| text(format!("Город {n}{}", if n % 7 == 0 { "ск" } else { "" })))
        .collect();
    let first_day = NaiveDate::from_ymd_opt(2023, 1, 1).unwrap();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut builder = SnapshotBuilder::new(chrono_tz::Europe::Moscow, &[]);
    for n in 0..CUSTOMERS {
        let holder = Holder::Counterparty(CounterpartyRef::from_uuid(Uuid::from_u128(n.into())));
        let mut user = User::from_holder(holder, now());
        user.id = UserId::from_uuid(Uuid::from_u64_pair(n, dice.below(1 << 40)));
        user.gender = Some(Gender::Female);
        user.city = Some(dice.one_of(&cities)).filter(|_| dice.below(5) > 0);
        user.birth_date =
            Some(first_day - Days::new(dice.below(20_000))).filter(|_| dice.below(2) > 0);
        user.phone = PhoneNumber::from_digits(79_780_000_000 + n).ok();
        let metrics = metrics(user.id, &mut dice, &categories);
        let line = |dice: &mut Dice, receipt: u128| BoughtLine {
            document: DocumentRef::from_uuid(Uuid::from_u128(receipt)),
            day: first_day + Days::new(dice.below(890)),
            category: Some(&categories[usize::try_from(dice.below(40)).unwrap()]),
            brand: None,
            store: None,
            amount: Money::from_kopecks(150_000),
            is_kept: true,
        };
        let purchases = [1, 2, 3].map(|receipt| line(&mut dice, receipt));
        builder
            .push(&CustomerFacts {
                metrics: Some(&metrics),
                purchases: &purchases,
                ..CustomerFacts::of(&user)
            })
            .unwrap();
    }
    builder.finish()
}

fn segments(criterion: &mut Criterion) {
    let snapshot = snapshot();
    let rule = SegmentRule::parse(RULE).unwrap();
    let moment = Moment::at(now(), chrono_tz::Europe::Moscow);
    let mut group = criterion.benchmark_group("preview of ten leaves over 1M customers");
    group.sample_size(20);
    for threads in [1, 2] {
        let threads = NonZeroUsize::new(threads).unwrap();
        group.bench_function(format!("{threads} threads"), |bencher| {
            bencher.iter(|| {
                let outcome = snapshot
                    .evaluate(&rule, moment, &Memberships::new(), threads)
                    .unwrap();
                black_box(snapshot.preview(&outcome, &Overrides::default(), 20))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, segments);
criterion_main!(benches);
