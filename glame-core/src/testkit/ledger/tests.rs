use proptest::prelude::*;

use super::*;
use crate::testkit::strategies;

#[test]
fn random_commands_keep_every_property_of_the_guides_programme() {
    let plan = Plan {
        cases: 200,
        most_steps: 500,
        seed: 1,
    };
    if let Err(found) = check_programme(&LoyaltyProgramme::guide(), plan) {
        panic!("{found}");
    }
}

proptest! {
    #![proptest_config(Config { cases: 30, failure_persistence: None, ..Config::default() })]

    #[test]
    fn random_commands_keep_every_property_of_any_programme(
        programme in strategies::programme(),
        seed: u64,
    ) {
        let plan = Plan { cases: 10, most_steps: 200, seed };
        if let Err(found) = check_programme(&programme, plan) {
            panic!("{found}");
        }
    }
}
