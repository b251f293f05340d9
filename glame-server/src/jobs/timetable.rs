use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use glame_core::ports::Clock;

use crate::clock::SystemClock;
use crate::stop::Stop;

/// The longest sleep; after it the wall clock is looked at again, in case it was set.
const LONGEST_NAP: Duration = Duration::from_mins(1);

/// The times of a job, by the calendar of a zone.
#[derive(Debug, Clone)]
pub(super) struct Timetable {
    cron: Cron,
    zone: Tz,
}

impl Timetable {
    pub(super) const fn new(cron: Cron, zone: Tz) -> Self {
        Self { cron, zone }
    }

    /// Waits for the first turn after an instant; none if it is time to stop, or if there is none.
    pub(super) async fn next(&self, after: DateTime<Utc>, stop: &Stop) -> Option<DateTime<Utc>> {
        let local = after.with_timezone(&self.zone);
        let Ok(turn) = self.cron.find_next_occurrence(&local, false) else {
            tracing::warn!(schedule = %self.cron.pattern, "the schedule has no next time");
            return None;
        };
        let turn = turn.with_timezone(&Utc);
        tokio::select! {
            () = stop.wanted() => None,
            () = sleep_until(turn) => Some(turn),
        }
    }
}

async fn sleep_until(instant: DateTime<Utc>) {
    loop {
        match instant.signed_duration_since(SystemClock.now()).to_std() {
            Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(LONGEST_NAP)).await,
            _ => return,
        }
    }
}
