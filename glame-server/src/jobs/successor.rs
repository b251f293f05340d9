use std::time::Duration;

use crate::app::SyncDesk;
use crate::output::describe;
use crate::stop::Stop;

/// How often it is looked for a job that was left behind.
const LOOKS_EVERY: Duration = Duration::from_secs(2);

/// Goes on with jobs of the synchronisation whose replica has ended before them.
///
/// Every replica looks for them; the lease lets one of them go on.
#[derive(Debug)]
pub struct SyncSuccessor {
    desk: SyncDesk,
}

impl SyncSuccessor {
    /// Prepares to look after the jobs of a desk.
    #[must_use]
    pub const fn new(desk: SyncDesk) -> Self {
        Self { desk }
    }

    /// Works until it is time to stop.
    pub async fn run(self, stop: Stop) {
        while !stop.is_wanted() {
            match self.desk.take_over().await {
                Ok(Some(job)) => tracing::info!(%job, "going on with a job that was left behind"),
                Ok(None) => {}
                Err(error) => tracing::warn!(
                    error = describe(&error),
                    "jobs that were left behind cannot be looked for"
                ),
            }
            tokio::select! {
                () = stop.wanted() => {}
                () = tokio::time::sleep(LOOKS_EVERY) => {}
            }
        }
    }
}
