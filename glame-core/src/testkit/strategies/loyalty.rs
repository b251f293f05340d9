use chrono::NaiveDate;
use proptest::prelude::*;

use crate::loyalty::{
    BaseRate, CustomerFacts, EarningRules, FactorRule, LoyaltyProgramme, Rate, RedemptionRules,
    ReturnPolicy, ReturnRules, SpendStep, Stacking,
};
use crate::values::{Money, Points};

/// Gives the rules of a programme that hold together.
pub fn programme() -> impl Strategy<Value = LoyaltyProgramme> {
    let redemption = (1_i64..200, prop::option::of(rate(1, 10_000)));
    let returns = (return_policy(), prop::sample::select(vec![0_u32, 1, 30]));
    (earning_rules(), redemption, returns).prop_map(
        |(earning, (minimum, receipt_share), (policy, grace_days))| LoyaltyProgramme {
            id: "random".to_owned(),
            earning,
            redemption: RedemptionRules {
                minimum: Points::try_new(minimum).unwrap(),
                receipt_share,
            },
            returns: ReturnRules { policy, grace_days },
            ..LoyaltyProgramme::guide()
        },
    )
}

/// Gives what may be known of a customer.
pub fn customer_facts() -> impl Strategy<Value = CustomerFacts> {
    let birth_date = prop::option::of((0_i32..20_000).prop_filter_map("a date", |day| {
        NaiveDate::from_num_days_from_ce_opt(715_000 + day)
    }));
    (
        any::<bool>(),
        birth_date,
        0_u32..6,
        0_i64..50_000_000,
        0_i64..100_000_000,
    )
        .prop_map(
            |(vip, birth_date, earlier_receipts, earlier_total, lifetime_spent)| CustomerFacts {
                vip,
                birth_date,
                earlier_receipts,
                earlier_total: Money::from_kopecks(earlier_total),
                lifetime_spent: Money::from_kopecks(lifetime_spent),
            },
        )
}

fn earning_rules() -> impl Strategy<Value = EarningRules> {
    let factors = (
        prop::option::of(rate(10_000, 50_000).prop_map(|factor| FactorRule::Vip { factor })),
        prop::option::of((rate(10_000, 50_000), rate(1, 30_000), 0_u32..5).prop_map(
            |(factor, times, earlier_receipts)| FactorRule::AboveAverage {
                factor,
                times,
                earlier_receipts,
            },
        )),
        prop::option::of((rate(10_000, 50_000), 0_u32..30, 0_u32..30).prop_map(
            |(factor, days_before, days_after)| FactorRule::Birthday {
                factor,
                days_before,
                days_after,
            },
        )),
    )
        .prop_map(|(vip, average, birthday)| {
            [vip, average, birthday].into_iter().flatten().collect()
        });
    let stacking = prop::sample::select(vec![Stacking::Product, Stacking::Max, Stacking::Sum]);
    let cap = prop::option::weighted(
        0.2,
        (1_i64..5_000).prop_map(|cap| Points::try_new(cap).unwrap()),
    );
    let expires = prop::option::of(1_u32..90);
    (base_rate(), factors, stacking, cap, 0_u32..5, expires).prop_map(
        |(base, factors, stacking, receipt_cap, available_after_days, expires_after_days)| {
            EarningRules {
                base,
                factors,
                stacking,
                receipt_cap,
                available_after_days,
                expires_after_days,
            }
        },
    )
}

fn base_rate() -> impl Strategy<Value = BaseRate> {
    let flat = rate(0, 2_000).prop_map(|rate| BaseRate::Flat { rate });
    let steps = (rate(0, 300), rate(300, 600), rate(600, 1_000)).prop_map(|(low, middle, high)| {
        let steps = [(0, low), (5_000_000, middle), (20_000_000, high)];
        BaseRate::BySpend {
            steps: steps
                .map(|(from, rate)| SpendStep {
                    from: Money::from_kopecks(from),
                    rate,
                })
                .to_vec(),
        }
    });
    prop_oneof![2 => flat, 1 => steps]
}

fn return_policy() -> impl Strategy<Value = ReturnPolicy> {
    prop_oneof![
        3 => Just(ReturnPolicy::AllowDebt),
        1 => Just(ReturnPolicy::WithinBalance),
        1 => Just(ReturnPolicy::OnlyPending),
    ]
}

fn rate(least: u32, most: u32) -> impl Strategy<Value = Rate> {
    (least..=most).prop_map(|parts| Rate::try_from_parts(parts).unwrap())
}
