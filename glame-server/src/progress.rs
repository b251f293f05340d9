//! How far a synchronisation has come, on a terminal or as lines.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use glame_core::sync::{SyncObserver, SyncRun};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::grouped;
use crate::stop::Stop;

/// How long it is quiet between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Shows a spinner with counts on a terminal, and a plain line every few seconds elsewhere.
#[derive(Debug)]
pub struct ConsoleProgress {
    bar: ProgressBar,
    last_line: Mutex<Instant>,
    stop: Stop,
}

impl ConsoleProgress {
    /// Begins to show progress; `stop` cancels the run.
    #[must_use]
    pub fn new(stop: Stop) -> Self {
        let bar = if io::stderr().is_terminal() {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        } else {
            ProgressBar::hidden()
        };
        Self {
            bar,
            last_line: Mutex::new(Instant::now()),
            stop,
        }
    }

    #[expect(clippy::print_stderr, reason = "progress goes to the person who waits")]
    fn say_now_and_then(&self, message: &str) {
        let mut last = self
            .last_line
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() >= BETWEEN_LINES {
            *last = Instant::now();
            eprintln!("{message}");
        }
    }

    /// Takes the spinner away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl SyncObserver for ConsoleProgress {
    fn progressed(&self, run: &SyncRun) {
        let counts = &run.counts;
        let [read, created, updated, removed] =
            [counts.read, counts.created, counts.updated, counts.removed]
                .map(|count| grouped(&count.to_string()));
        let message = format!(
            "{}: {read} read, {created} new, {updated} changed, {removed} removed",
            run.kind.as_str()
        );
        if self.bar.is_hidden() {
            self.say_now_and_then(&message);
        } else {
            self.bar.set_message(message);
        }
    }

    fn wants_to_cancel(&self) -> bool {
        self.stop.is_wanted()
    }
}

/// Logs nothing and listens to the wish to stop: what a scheduled run needs.
#[derive(Debug)]
pub struct Cancellable(pub Stop);

impl SyncObserver for Cancellable {
    fn progressed(&self, run: &SyncRun) {
        tracing::debug!(
            kind = run.kind.as_str(),
            read = run.counts.read,
            "sync progressed"
        );
    }

    fn wants_to_cancel(&self) -> bool {
        self.0.is_wanted()
    }
}
