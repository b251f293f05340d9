//! Checks a loyalty programme of your own against every property of the ledger.
#![expect(clippy::print_stdout, reason = "the program prints its result")]

use std::error::Error;

use glame_core::loyalty::LoyaltyProgramme;
use glame_core::testkit::ledger::{Plan, check_programme};

fn main() -> Result<(), Box<dyn Error>> {
    let programme: LoyaltyProgramme = serde_json::from_str(
        r#"{
            "id": "double-or-half", "version": 1,
            "earning": {"base": {"flat": {"rate": "0.05"}}, "expires_after_days": 90,
                        "available_after_days": 14},
            "redemption": {"minimum": 50, "receipt_share": "0.3"},
            "returns": {"policy": "within_balance", "grace_days": 0}
        }"#,
    )?;
    programme.check()?;
    // What fails is shrunk to the fewest steps and printed as a trace that can be run again.
    check_programme(
        &programme,
        Plan {
            cases: 200,
            most_steps: 100,
            seed: 1,
        },
    )?;
    println!("{} keeps every property of the ledger", programme.id);
    Ok(())
}
