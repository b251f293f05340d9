//! Checks a property of a scoring policy of your own on random customers.
#![expect(clippy::print_stdout, reason = "the program prints its result")]

use std::error::Error;

use glame_core::analytics::{RfmInputs, RfmPolicy, ScorePolicy};
use glame_core::testkit::strategies;
use proptest::test_runner::TestRunner;

fn main() -> Result<(), Box<dyn Error>> {
    let policy = RfmPolicy {
        recency: ScorePolicy::Thresholds([7, 14, 30, 60]),
        ..RfmPolicy::default()
    };
    let cuts = policy.cuts(&[])?;
    let customers = (0_u32..365, 1_u32..40, strategies::money());
    TestRunner::default().run(&customers, |(recency_days, frequency, monetary)| {
        let today = RfmInputs {
            recency_days,
            frequency,
            monetary,
        };
        let tomorrow = RfmInputs {
            recency_days: recency_days + 1,
            ..today
        };
        // A day of silence never makes a customer better.
        assert!(cuts.score(tomorrow).total() <= cuts.score(today).total());
        Ok(())
    })?;
    println!("silence never raises a score");
    Ok(())
}
