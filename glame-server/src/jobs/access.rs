use std::time::Duration;

use glame_core::access::AccessService;

use crate::output::describe;
use crate::stop::Stop;

/// How long a sweep waits for the next.
const EVERY: Duration = Duration::from_hours(1);

/// Removes codes, counts of attempts and sessions that have ended.
///
/// Nothing depends on it but the size of the tables: what has ended is void by its time. Replicas may
/// sweep at once, each leaves alone what the other has in its hands.
#[derive(Debug)]
pub struct AccessSweeper {
    service: AccessService,
}

impl AccessSweeper {
    /// Prepares the sweep.
    #[must_use]
    pub const fn new(service: AccessService) -> Self {
        Self { service }
    }

    /// Works until it is time to stop.
    pub async fn run(self, stop: Stop) {
        while !stop.is_wanted() {
            match self.service.sweep().await {
                Ok(removed) => tracing::debug!(removed, "what has ended about sign-in was removed"),
                Err(error) => tracing::error!(
                    error = describe(&error),
                    "what has ended about sign-in could not be removed"
                ),
            }
            tokio::select! {
                () = stop.wanted() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}
