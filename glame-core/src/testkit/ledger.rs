//! A simulator of the points ledger: it runs any programme against all the properties, step by step.
//!
//! [`check_programme`] makes random commands from a seed, decides and applies them, and checks
//! after *every* step what must hold. What fails is shrunk to the fewest steps and printed as a
//! trace, one JSON object a line, that [`replay`] runs again.
//!
//! ```
//! use glame_core::loyalty::LoyaltyProgramme;
//! use glame_core::testkit::ledger::{Plan, check_programme};
//!
//! let plan = Plan { cases: 20, most_steps: 50, seed: 7 };
//! check_programme(&LoyaltyProgramme::ladder(), plan).unwrap();
//! ```

mod run;
mod step;

use std::fmt;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

pub use run::{LedgerRun, Violation};
pub use step::{Step, steps};

use crate::loyalty::LoyaltyProgramme;

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many sequences of commands.
    pub cases: u32,
    /// How many commands one sequence has at the most.
    pub most_steps: usize,
    /// Where the random commands begin; the same seed gives the same commands.
    pub seed: u64,
}

/// The fewest steps after which a property does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The steps, to be run again by [`replay`].
    pub steps: Vec<Step>,
    /// What does not hold after the last of them.
    pub violation: Violation,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; the steps:", self.violation)?;
        for step in &self.steps {
            let line = serde_json::to_string(step).map_err(|_| fmt::Error)?;
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Counterexample {}

/// Runs random commands against a programme.
///
/// # Errors
/// The fewest steps that break a property.
///
/// # Panics
/// If the programme itself does not hold ([`LoyaltyProgramme::check`]).
pub fn check_programme(
    programme: &LoyaltyProgramme,
    plan: Plan,
) -> Result<(), Box<Counterexample>> {
    programme.check().unwrap();
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&plan.seed.to_le_bytes());
    let config = Config {
        cases: plan.cases,
        failure_persistence: None,
        // Steps are left out by `fewest`, which does so in chunks.
        max_shrink_iters: 500,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let outcome = TestRunner::new_with_rng(config, rng).run(&steps(plan.most_steps), |steps| {
        replay(programme, &steps).map_err(|violation| TestCaseError::fail(violation.to_string()))
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Fail(_, steps)) => {
            let steps = fewest(programme, steps);
            let violation = replay(programme, &steps).unwrap_err();
            Err(Box::new(Counterexample { steps, violation }))
        }
        Err(TestError::Abort(reason)) => panic!("the simulation did not run: {reason}"),
    }
}

/// Leaves steps out, in chunks first and one by one at the end, as long as a property is broken.
fn fewest(programme: &LoyaltyProgramme, mut steps: Vec<Step>) -> Vec<Step> {
    let mut chunk = steps.len();
    while chunk > 0 {
        let mut from = 0;
        let mut shorter = false;
        while from < steps.len() {
            let to = steps.len().min(from + chunk);
            let without: Vec<Step> = [&steps[..from], &steps[to..]].concat();
            if replay(programme, &without).is_err() {
                steps = without;
                shorter = true;
            } else {
                from = to;
            }
        }
        if !(shorter && chunk == 1) {
            chunk /= 2;
        }
    }
    steps
}

/// Runs steps against a programme, checking after each.
///
/// # Errors
/// The first property that does not hold.
pub fn replay(programme: &LoyaltyProgramme, steps: &[Step]) -> Result<(), Violation> {
    let mut run = LedgerRun::new(programme.clone());
    for step in steps {
        run.step(step)?;
    }
    run.finish()
}

#[cfg(test)]
mod tests;
