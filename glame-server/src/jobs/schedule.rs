use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use glame_core::loyalty::LoyaltyService;
use glame_core::ports::{Clock, PointsSource, Storage};
use glame_core::sync::{
    CustomerSyncService, PurchaseScope, SyncError, SyncKind, SyncTarget, SyncTask, SyncTrigger,
};

use super::timetable::Timetable;
use super::{JobError, SyncJob, SyncWorker};
use crate::clock::SystemClock;
use crate::output::describe;
use crate::progress::Cancellable;
use crate::settings::{Settings, SettingsError};
use crate::stop::Stop;
use crate::wiring;

/// Runs the synchronisation when its time has come.
///
/// Any number of replicas may do so on one database: the lease lets one work at a time, and
/// whoever comes later finds that this turn is done.
pub struct Scheduler {
    timetable: Timetable,
    settings: Settings,
    storage: Arc<dyn Storage>,
    service: CustomerSyncService,
    loyalty: LoyaltyService,
    points: Option<Arc<dyn PointsSource>>,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler")
            .field("timetable", &self.timetable)
            .field("service", &self.service)
            .field("loyalty", &self.loyalty)
            .finish_non_exhaustive()
    }
}

impl Scheduler {
    /// Prepares the schedule of the settings; none if it is off.
    pub fn new(
        settings: &Settings,
        storage: Arc<dyn Storage>,
        service: CustomerSyncService,
        loyalty: LoyaltyService,
        points: Option<Arc<dyn PointsSource>>,
    ) -> Result<Option<Self>, SettingsError> {
        let zone = settings.analytics.metrics.zone;
        Ok(settings.schedule()?.map(|cron| Self {
            timetable: Timetable::new(cron, zone),
            settings: settings.clone(),
            storage,
            service,
            loyalty,
            points,
        }))
    }

    /// Works until it is time to stop.
    pub async fn run(self, stop: Stop) {
        let mut last = SystemClock.now();
        while let Some(turn) = self.timetable.next(last, &stop).await {
            // Nobody needs the turns that passed while this one was still at work.
            last = turn.max(self.take_turn(turn, &stop).await);
        }
    }

    /// Runs the job of one turn, unless another replica has; gives the time when it is over.
    async fn take_turn(&self, turn: DateTime<Utc>, stop: &Stop) -> DateTime<Utc> {
        match self.storage.last_run(SyncKind::Customers).await {
            Ok(Some(run)) if run.queued_at >= turn => return SystemClock.now(),
            Ok(_) => {}
            Err(error) => tracing::warn!(error = describe(&error), "the database does not answer"),
        }
        let job = SyncJob {
            service: &self.service,
            loyalty: &self.loyalty,
            points: self.points.as_deref(),
            storage: self.storage.as_ref(),
            task: SyncTask {
                target: SyncTarget::All,
                scope: PurchaseScope::Automatic,
                trigger: SyncTrigger::Schedule,
            },
            as_of: wiring::as_of(&self.settings),
            worker: SyncWorker::Server,
        };
        let lease_time = Duration::from_secs(u64::from(self.settings.sync.lease_seconds));
        let outcome = job.run(&Cancellable(stop.clone()), lease_time).await;
        match outcome.error {
            None => {}
            Some(JobError::Sync(SyncError::Busy { owner, .. })) => {
                tracing::info!(%owner, "another replica is synchronising");
            }
            Some(JobError::Sync(SyncError::Cancelled)) => {
                tracing::info!("the synchronisation was cancelled");
            }
            Some(error) => tracing::error!(error = describe(&error), "the synchronisation failed"),
        }
        SystemClock.now()
    }
}
