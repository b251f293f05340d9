use std::sync::atomic::{AtomicBool, Ordering};

use glame_core::sync::{SyncObserver, SyncRun};

/// A watched run that can also be stopped by a flag.
#[derive(Debug)]
pub(super) struct Flagged<'a> {
    inner: &'a dyn SyncObserver,
    flag: AtomicBool,
}

impl<'a> Flagged<'a> {
    /// Watches as `inner` does.
    pub(super) const fn new(inner: &'a dyn SyncObserver) -> Self {
        Self {
            inner,
            flag: AtomicBool::new(false),
        }
    }

    /// Raises the flag.
    pub(super) fn raise(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Tells whether the flag is raised.
    pub(super) fn is_raised(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }
}

impl SyncObserver for Flagged<'_> {
    fn progressed(&self, run: &SyncRun) {
        self.inner.progressed(run);
    }

    fn wants_to_cancel(&self) -> bool {
        self.is_raised() || self.inner.wants_to_cancel()
    }
}
