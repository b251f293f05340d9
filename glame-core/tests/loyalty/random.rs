//! Random sequences of commands: every property after every step, under the shipped profiles and
//! under random ones. `GLAME_LEDGER_CASES` runs more of them.

use glame_core::loyalty::{LoyaltyProgramme, ReturnPolicy};
use glame_core::testkit::ledger::{Plan, check_programme};
use glame_core::testkit::strategies;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How many sequences each of the four tests runs.
const CASES: u32 = 2_500;

fn cases() -> u32 {
    match option_env!("GLAME_LEDGER_CASES") {
        Some(cases) => cases.parse().unwrap(),
        None => CASES,
    }
}

fn check(programme: &LoyaltyProgramme, cases: u32, seed: u64) {
    let plan = Plan {
        cases,
        most_steps: 500,
        seed,
    };
    if let Err(found) = check_programme(programme, plan) {
        panic!("{found}under {programme:?}");
    }
}

#[test]
fn the_guides_programme_keeps_every_property() {
    check(&LoyaltyProgramme::guide(), cases(), 11);
}

#[test]
fn the_ladder_keeps_every_property() {
    check(&LoyaltyProgramme::ladder(), cases(), 12);
}

#[test]
fn a_programme_with_waiting_expiry_and_forgiveness_keeps_every_property() {
    let mut programme = LoyaltyProgramme::guide();
    programme.earning.available_after_days = 3;
    programme.earning.expires_after_days = Some(20);
    programme.returns.policy = ReturnPolicy::WithinBalance;
    programme.returns.grace_days = 5;
    check(&programme, cases(), 13);
}

#[test]
fn random_programmes_keep_every_property() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[14; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for seed in 0..u64::from(cases() / 25) {
        let programme = strategies::programme()
            .new_tree(&mut runner)
            .unwrap()
            .current();
        check(&programme, 25, seed);
    }
}
