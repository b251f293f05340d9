//! The wish to stop: a signal of the system, passed on to everything that runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A flag that many may look at and wait for.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wanted: AtomicBool,
    changed: Notify,
}

impl Stop {
    /// Gives a flag that is raised by Ctrl-C and by SIGTERM.
    ///
    /// A second signal ends the process at once.
    #[must_use]
    pub fn on_signals() -> Self {
        let stop = Self::default();
        let raised = stop.clone();
        tokio::spawn(async move {
            signal().await;
            tracing::info!("stopping");
            raised.raise();
            signal().await;
            std::process::exit(130);
        });
        stop
    }

    /// Asks everything to stop.
    pub fn raise(&self) {
        self.0.wanted.store(true, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }

    /// Tells whether to stop.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.0.wanted.load(Ordering::SeqCst)
    }

    /// Waits until it is time to stop.
    pub async fn wanted(&self) {
        let changed = self.0.changed.notified();
        tokio::pin!(changed);
        // Listening begins before the flag is read, so that no wish is missed in between.
        changed.as_mut().enable();
        if !self.is_wanted() {
            changed.await;
        }
    }
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return interrupt().await;
    };
    tokio::select! {
        () = interrupt() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    interrupt().await;
}

async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
