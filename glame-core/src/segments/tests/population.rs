use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::analytics::buying::ChurnLevel;
use crate::analytics::{
    BoughtLine, CustomerMetrics, CustomerStatus, Preference, PurchaseFigures, PurchasePreferences,
    RfmScore, Score,
};
use crate::catalogue::Store;
use crate::segments::{CustomerFacts, Forecast, Moment, SegmentSnapshot, SnapshotBuilder};
use crate::testkit::fixtures;
use crate::users::{Gender, User};
use crate::values::{DocumentRef, Money, PlainText, StoreRef, UserId};

pub(super) const ZONE: chrono_tz::Tz = chrono_tz::Europe::Moscow;
const NAMES: [&str; 6] = [
    "Кольца",
    "серьги",
    "Ёлочные броши",
    "Ялта",
    "Бутик 1",
    "Браслеты",
];

/// A customer of whom everything is owned.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) user: User,
    pub(super) metrics: Option<CustomerMetrics>,
    pub(super) purchases: Vec<Bought>,
    pub(super) points: i64,
    pub(super) level: Option<&'static str>,
    pub(super) forecast: Option<Forecast>,
}

#[derive(Debug, Clone)]
pub(super) struct Bought {
    pub(super) document: DocumentRef,
    pub(super) day: NaiveDate,
    pub(super) category: Option<PlainText>,
    pub(super) brand: Option<PlainText>,
    pub(super) store: Option<StoreRef>,
    pub(super) amount: Money,
    pub(super) is_kept: bool,
}

/// The instant at which the tests ask.
pub(super) fn now() -> DateTime<Utc> {
    "2025-06-15T09:00:00Z".parse().unwrap()
}

pub(super) fn moment() -> Moment {
    Moment::at(now(), ZONE)
}

pub(super) fn stores() -> Vec<Store> {
    (1..=2).map(fixtures::store).collect()
}

/// Gives so many customers, drawn by a seed; some of everything is missing.
pub(super) fn people(count: usize, seed: u64) -> Vec<Person> {
    let mut dice = Dice(seed);
    (0..count)
        .map(|n| person(u128::try_from(n).unwrap(), &mut dice))
        .collect()
}

pub(super) fn snapshot(people: &[Person]) -> SegmentSnapshot {
    let mut builder = SnapshotBuilder::new(ZONE, &stores());
    for person in people {
        let purchases: Vec<BoughtLine<'_>> = person.purchases.iter().map(Bought::line).collect();
        builder
            .push(&CustomerFacts {
                user: &person.user,
                metrics: person.metrics.as_ref(),
                purchases: &purchases,
                loyalty_points: person.points,
                loyalty_level: person.level,
                forecast: person.forecast,
            })
            .unwrap();
    }
    builder.finish()
}

impl Bought {
    fn line(&self) -> BoughtLine<'_> {
        BoughtLine {
            document: self.document,
            day: self.day,
            category: self.category.as_ref(),
            brand: self.brand.as_ref(),
            store: self.store,
            amount: self.amount,
            is_kept: self.is_kept,
        }
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn number(&mut self, limit: i64) -> i64 {
        i64::try_from(self.below(u64::try_from(limit).unwrap())).unwrap()
    }

    fn maybe<T>(&mut self, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(4) > 0).then(|| some(self))
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[usize::try_from(self.below(values.len().try_into().unwrap())).unwrap()]
    }

    fn name(&mut self) -> PlainText {
        fixtures::text(self.one_of(&NAMES))
    }

    fn day(&mut self) -> NaiveDate {
        NaiveDate::from_ymd_opt(2023, 1, 1).unwrap() + Days::new(self.below(900))
    }

    fn score(&mut self) -> Score {
        self.one_of(&Score::ALL)
    }
}

fn person(n: u128, dice: &mut Dice) -> Person {
    let mut user = fixtures::customer(n + 1);
    user.id = UserId::from_uuid(Uuid::from_u128(
        (n + 1) << 64 | u128::from(dice.below(1 << 40)),
    ));
    user.phone = user.phone.filter(|_| dice.below(2) == 0);
    user.email = user.email.filter(|_| dice.below(2) == 0);
    user.discount_card_number = user.discount_card_number.filter(|_| dice.below(2) == 0);
    user.gender = dice.maybe(|dice| dice.one_of(&[Gender::Female, Gender::Male]));
    user.city = dice.maybe(Dice::name);
    user.birth_date = dice.maybe(|dice| {
        let first = NaiveDate::from_ymd_opt(1960, 1, 1).unwrap();
        dice.one_of(&[
            first + Days::new(dice.0 % 22_000),
            NaiveDate::from_ymd_opt(1992, 2, 29).unwrap(),
        ])
    });
    Person {
        metrics: dice.maybe(|dice| metrics(user.id, dice)),
        purchases: (0..dice.below(6)).map(|_| bought(dice)).collect(),
        points: dice.number(60),
        level: dice.maybe(|dice| dice.one_of(&["Ялта", "кольца", "vip"])),
        forecast: dice.maybe(|dice| Forecast {
            p_alive: dice.maybe(|dice| dice.number(11) * 100_000),
            expected_purchases: dice.maybe(|dice| dice.number(60) * 100_000),
            expected_spend: dice.maybe(|dice| Money::from_kopecks(dice.number(60) * 50_000)),
            clv: dice.maybe(|dice| Money::from_kopecks(dice.number(60) * 50_000)),
            churn_level: dice.maybe(|dice| {
                dice.one_of(&[ChurnLevel::Low, ChurnLevel::Medium, ChurnLevel::High])
            }),
        }),
        user,
    }
}

fn bought(dice: &mut Dice) -> Bought {
    Bought {
        document: fixtures::document(
            crate::purchases::DocumentKind::Receipt,
            u128::from(dice.below(4)),
        )
        .document,
        day: dice.day(),
        category: dice.maybe(Dice::name),
        brand: dice.maybe(Dice::name),
        store: dice.maybe(|dice| fixtures::store_ref(u128::from(1 + dice.below(3)))),
        amount: Money::from_kopecks((dice.number(60) - 10) * 50_000),
        is_kept: dice.below(3) > 0,
    }
}

fn metrics(user: UserId, dice: &mut Dice) -> CustomerMetrics {
    let likes = |dice: &mut Dice| -> Vec<Preference> {
        (0..dice.below(4))
            .map(|_| Preference {
                name: dice.name(),
                amount: Money::from_kopecks(1),
            })
            .collect()
    };
    let has_bought = dice.below(4) > 0;
    let at = |dice: &mut Dice| now() - TimeDelta::hours(dice.number(10_000));
    let last = at(dice);
    CustomerMetrics {
        rfm_score: has_bought.then(|| RfmScore {
            recency: dice.score(),
            frequency: dice.score(),
            monetary: dice.score(),
        }),
        status: dice.one_of(&CustomerStatus::ALL),
        figures: PurchaseFigures {
            user,
            total_purchases: u32::try_from(dice.below(20)).unwrap(),
            total_spent: Money::from_kopecks((dice.number(60) - 2) * 50_000),
            average_receipt: has_bought.then(|| Money::from_kopecks(dice.number(60) * 50_000)),
            receipts: 1,
            returns: 0,
            lines: 1,
            occasions: 1,
            first_purchase_at: has_bought.then(|| last - TimeDelta::hours(dice.number(5_000))),
            last_purchase_at: has_bought.then_some(last),
            future_lines: 0,
            preferences: PurchasePreferences {
                favorite_categories: likes(dice),
                favorite_brands: likes(dice),
            },
        },
    }
}
