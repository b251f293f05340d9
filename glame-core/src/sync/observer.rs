use std::fmt::Debug;

use super::SyncRun;

/// Follows a run, and may stop it.
pub trait SyncObserver: Send + Sync + Debug {
    /// Learns how far the run has come, after each page or window that was stored.
    fn progressed(&self, run: &SyncRun);

    /// Tells whether the run should stop before its next page.
    fn wants_to_cancel(&self) -> bool {
        false
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl SyncObserver for Unobserved {
    fn progressed(&self, _run: &SyncRun) {}
}
