use chrono::{TimeDelta, TimeZone};
use proptest::prelude::*;

use super::*;
use crate::loyalty::SpendStep;
use crate::testkit::strategies;

fn at() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 6, 15, 9, 0, 0).unwrap()
}

fn money(roubles: &str) -> Money {
    Money::parse_roubles(roubles).unwrap()
}

fn points(basis: &str, customer: &CustomerFacts, programme: &LoyaltyProgramme) -> i64 {
    Earning::of(money(basis), at(), customer, &[], programme)
        .unwrap()
        .points
        .get()
}

fn vip() -> CustomerFacts {
    CustomerFacts {
        vip: true,
        ..CustomerFacts::default()
    }
}

fn born_today() -> CustomerFacts {
    CustomerFacts {
        birth_date: NaiveDate::from_ymd_opt(1990, 6, 15),
        ..CustomerFacts::default()
    }
}

fn who_bought(earlier_receipts: u32, total: &str) -> CustomerFacts {
    CustomerFacts {
        earlier_receipts,
        earlier_total: money(total),
        ..CustomerFacts::default()
    }
}

#[test]
fn e1_points_are_counted_exactly_and_rounded_once() {
    let all = CustomerFacts {
        vip: true,
        ..CustomerFacts {
            birth_date: born_today().birth_date,
            ..who_bought(3, "300")
        }
    };
    let vip_born_today = CustomerFacts {
        vip: true,
        ..born_today()
    };
    let cases = [
        ("10000", CustomerFacts::default(), 100),
        ("10000", vip(), 150),
        ("10000", vip_born_today, 300),
        ("10000", all, 360),
        ("199.99", vip(), 2),
        ("99.99", CustomerFacts::default(), 0),
        ("100", CustomerFacts::default(), 1),
        ("0", vip(), 0),
        ("-500", vip(), 0),
    ];
    for (basis, customer, expected) in cases {
        let earned = points(basis, &customer, &LoyaltyProgramme::guide());
        assert_eq!(earned, expected, "{basis} ₽, {customer:?}");
    }
}

#[test]
fn e1_stacking_may_take_the_greatest_or_the_sum() {
    let customer = CustomerFacts {
        vip: true,
        ..born_today()
    };
    for (stacking, expected) in [
        (Stacking::Product, 300),
        (Stacking::Max, 200),
        (Stacking::Sum, 250),
    ] {
        let mut programme = LoyaltyProgramme::guide();
        programme.earning.stacking = stacking;
        assert_eq!(points("10000", &customer, &programme), expected);
        assert_eq!(points("10000", &CustomerFacts::default(), &programme), 100);
    }
}

#[test]
fn e1_a_cap_holds_per_receipt() {
    let mut programme = LoyaltyProgramme::guide();
    programme.earning.receipt_cap = Some(Points::try_new(120).unwrap());
    assert_eq!(points("10000", &vip(), &programme), 120);
    assert_eq!(points("7000", &vip(), &programme), 105);
}

#[test]
fn e2_a_receipt_must_be_strictly_above_the_average_of_three_earlier_ones() {
    let cases = [
        // The average is 1 000 ₽, the bar 1 500 ₽.
        ("1500", who_bought(3, "3000"), 15),
        ("1500.01", who_bought(3, "3000"), 18),
        // Two earlier receipts say nothing yet.
        ("10000", who_bought(2, "2"), 100),
        ("10000", who_bought(0, "0"), 100),
        // A third of a kopeck decides: 1 000.01 / 3 × 1.5 = 500.005.
        ("500", who_bought(3, "1000.01"), 5),
        ("500.01", who_bought(3, "1000.01"), 6),
    ];
    for (basis, customer, expected) in cases {
        let earned = points(basis, &customer, &LoyaltyProgramme::guide());
        assert_eq!(earned, expected, "{basis} ₽ after {customer:?}");
    }
}

#[test]
fn e3_the_day_of_a_purchase_is_the_programmes() {
    // 22 June 23:30 in Moscow is still within the week after the 15th, half an hour later is not.
    let earned = |at: DateTime<Utc>| {
        Earning::of(
            money("1000"),
            at,
            &born_today(),
            &[],
            &LoyaltyProgramme::guide(),
        )
        .unwrap()
        .points
        .get()
    };
    let last_minute = Utc.with_ymd_and_hms(2025, 6, 22, 20, 59, 0).unwrap();
    assert_eq!(earned(last_minute), 20);
    assert_eq!(earned(last_minute + TimeDelta::minutes(1)), 10);
}

#[test]
fn e3_an_edited_date_of_birth_opens_no_second_window() {
    let granted = [NaiveDate::from_ymd_opt(2025, 3, 1).unwrap()];
    let earning = Earning::of(
        money("1000"),
        at(),
        &born_today(),
        &granted,
        &LoyaltyProgramme::guide(),
    );
    assert_eq!(earning.unwrap().points.get(), 10);
}

#[test]
fn e5_the_ladder_goes_by_what_was_spent_before() {
    let cases = [
        ("0", 30),
        ("49999.99", 30),
        ("50000", 50),
        ("149999.99", 50),
        ("150000", 70),
        ("300000", 100),
        ("-10", 30),
    ];
    for (spent, expected) in cases {
        let customer = CustomerFacts {
            lifetime_spent: money(spent),
            ..CustomerFacts::default()
        };
        let earned = points("1000", &customer, &LoyaltyProgramme::ladder());
        assert_eq!(earned, expected, "after {spent} ₽");
    }
}

#[test]
fn an_overflow_is_refused_and_never_wrapped() {
    let mut programme = LoyaltyProgramme::guide();
    programme.earning.base = BaseRate::BySpend {
        steps: vec![SpendStep {
            from: Money::ZERO,
            rate: Rate::MAX,
        }],
    };
    let most = Money::from_kopecks(i64::MAX);
    let earning = Earning::of(most, at(), &vip(), &[], &programme);
    assert_eq!(earning, Err(TooManyPoints));
}

proptest! {
    #[test]
    fn e4_more_money_never_earns_fewer_points(
        programme in strategies::programme(),
        customer in strategies::customer_facts(),
        less in 0_i64..100_000_000,
        more in 0_i64..100_000_000,
    ) {
        let earned = |kopecks| {
            Earning::of(Money::from_kopecks(kopecks), at(), &customer, &[], &programme)
                .unwrap()
                .points
        };
        prop_assert!(earned(less) <= earned(less + more));
    }

    #[test]
    fn e4_splitting_a_receipt_never_gains_by_the_base_rule(
        first in 0_i64..100_000_000,
        second in 0_i64..100_000_000,
    ) {
        let earned = |kopecks| {
            let customer = CustomerFacts::default();
            Earning::of(Money::from_kopecks(kopecks), at(), &customer, &[], &LoyaltyProgramme::guide())
                .unwrap()
                .points
                .get()
        };
        prop_assert!(earned(first) + earned(second) <= earned(first + second));
    }

    #[test]
    fn e5_a_stored_explanation_counts_the_same_points_again(
        programme in strategies::programme(),
        customer in strategies::customer_facts(),
        kopecks in 0_i64..100_000_000,
    ) {
        let basis = Money::from_kopecks(kopecks);
        let earning = Earning::of(basis, at(), &customer, &[], &programme).unwrap();
        let stored = serde_json::to_string(&earning).unwrap();
        let read: Earning = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(read.points_for(read.basis).unwrap(), earning.points);
        prop_assert_eq!(read, earning);
    }
}
