//! The wish to stop: a signal of the system, passed on to everything that runs.
//!
//! SIGTERM comes from whoever runs the replicas and sends requests to them: they are still answered
//! for a while, until it has been noticed that this one is not ready any more. Ctrl-C comes from a
//! person who waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A flag that many may look at and wait for.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wanted: AtomicBool,
    unhurried: AtomicBool,
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
            match signal().await {
                Signal::Interrupt => raised.raise(),
                Signal::Terminate => raised.raise_unhurried(),
            }
            tracing::info!("stopping");
            signal().await;
            std::process::exit(130);
        });
        stop
    }

    /// Asks everything to stop, while requests still come that must be answered.
    pub fn raise_unhurried(&self) {
        self.0.unhurried.store(true, Ordering::SeqCst);
        self.raise();
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

    /// Tells whether requests still come that must be answered.
    #[must_use]
    pub fn is_unhurried(&self) -> bool {
        self.0.unhurried.load(Ordering::SeqCst)
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

/// Who wants the process to stop.
#[derive(Debug, Clone, Copy)]
enum Signal {
    /// A person at a terminal.
    Interrupt,
    /// Whoever runs the process as a service.
    Terminate,
}

#[cfg(unix)]
async fn signal() -> Signal {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return interrupt().await;
    };
    tokio::select! {
        signal = interrupt() => signal,
        _ = terminate.recv() => Signal::Terminate,
    }
}

#[cfg(not(unix))]
async fn signal() -> Signal {
    interrupt().await
}

async fn interrupt() -> Signal {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    Signal::Interrupt
}
