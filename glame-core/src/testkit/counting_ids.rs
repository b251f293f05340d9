use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::ports::IdSource;

/// Ids that count: …0001, …0002, and so on.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl CountingIds {
    /// Counts on from a number, so that two sources in one test do not meet.
    #[must_use]
    pub const fn starting_at(first: u64) -> Self {
        Self(AtomicU64::new(first))
    }
}

impl IdSource for CountingIds {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1))
    }
}
