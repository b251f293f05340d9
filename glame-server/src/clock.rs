//! The real clock and real ids.

use chrono::{DateTime, SubsecRound, Utc};
use glame_core::ports::{Clock, IdSource};
use uuid::Uuid;

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the Clock that everybody else takes"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// Ids that grow with time (UUID version 7).
#[derive(Debug, Clone, Copy, Default)]
pub struct TimeOrderedIds;

impl IdSource for TimeOrderedIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the IdSource that everybody else takes"
    )]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}
