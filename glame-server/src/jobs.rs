//! Work that goes on beside the requests: the synchronisation, the points, their schedules.

mod access;
mod expiry;
mod schedule;
mod sync;
mod timetable;

pub use access::AccessSweeper;
pub use expiry::ExpirySweeper;
pub use schedule::Scheduler;
pub use sync::{JobError, SyncJob, SyncOutcome, SyncPatience, SyncTarget};

use crate::stop::Stop;

/// Everything that runs by itself; what is off is none.
#[derive(Debug, Default)]
pub struct Jobs {
    /// The synchronisation.
    pub scheduler: Option<Scheduler>,
    /// The write-off of points.
    pub sweeper: Option<ExpirySweeper>,
}

impl Jobs {
    /// Works until it is time to stop.
    pub async fn run(self, stop: &Stop) {
        let scheduler = async {
            if let Some(scheduler) = self.scheduler {
                scheduler.run(stop.clone()).await;
            }
        };
        let sweeper = async {
            if let Some(sweeper) = self.sweeper {
                sweeper.run(stop.clone()).await;
            }
        };
        tokio::join!(scheduler, sweeper);
    }
}
