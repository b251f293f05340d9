//! Days of the shop's calendar as stretches of time.

use chrono::NaiveDate;
use chrono_tz::Tz;
use glame_core::values::{PeriodRange, days_between};

use super::{Problem, ProblemCode};

/// Gives the instants of the days from the first to the last, both included, in a zone.
pub fn days(
    first: Option<NaiveDate>,
    last: Option<NaiveDate>,
    zone: Tz,
) -> Result<PeriodRange, Problem> {
    days_between(first, last, zone).map_err(|_| {
        Problem::of_field(
            ProblemCode::ParameterInvalid,
            "to_date",
            "the last day lies before the first",
        )
    })
}
