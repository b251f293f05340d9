//! Work that goes on beside the requests: the synchronisation, the points, their schedules.

mod access;
mod expiry;
mod flagged;
mod follow_up;
mod parts;
mod schedule;
mod successor;
mod sync;
mod timetable;
mod webhooks;

pub use access::AccessSweeper;
pub use expiry::ExpirySweeper;
pub use follow_up::{AnalysisNeed, FollowUp};
pub use parts::SyncParts;
pub use schedule::Scheduler;
pub use successor::SyncSuccessor;
pub use sync::{SyncJob, SyncOutcome, SyncWorker};
pub use webhooks::{AddressRefused, DeliveryPace, GuardedResolver, WebhookSender, WebhookWorker};

pub(crate) use sync::this_process;

use crate::stop::Stop;

/// Everything that runs by itself; what is off is none.
#[derive(Debug)]
pub struct Jobs {
    /// The synchronisation, on its schedule.
    pub scheduler: Option<Scheduler>,
    /// The figures, on theirs: they change with time alone.
    pub figures: Option<Scheduler>,
    /// The synchronisation, where another replica has left it behind.
    pub successor: SyncSuccessor,
    /// The write-off of points.
    pub sweeper: Option<ExpirySweeper>,
    /// The removal of what has ended about sign-in.
    pub access: AccessSweeper,
    /// The delivery of events to integrators.
    pub webhooks: Option<WebhookWorker>,
}

impl Jobs {
    /// Works until it is time to stop.
    pub async fn run(self, stop: &Stop) {
        let scheduler = async {
            if let Some(scheduler) = self.scheduler {
                scheduler.run(stop.clone()).await;
            }
        };
        let figures = async {
            if let Some(figures) = self.figures {
                figures.run(stop.clone()).await;
            }
        };
        let sweeper = async {
            if let Some(sweeper) = self.sweeper {
                sweeper.run(stop.clone()).await;
            }
        };
        let webhooks = async {
            if let Some(webhooks) = self.webhooks {
                webhooks.run(stop.clone()).await;
            }
        };
        tokio::join!(
            scheduler,
            figures,
            self.successor.run(stop.clone()),
            sweeper,
            self.access.run(stop.clone()),
            webhooks,
        );
    }
}
