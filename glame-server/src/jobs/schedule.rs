use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use glame_core::ports::{Clock, Storage};
use glame_core::sync::{CustomerSyncService, PurchaseScope, SyncError, SyncKind, SyncTrigger};

use super::{SyncJob, SyncPatience, SyncTarget};
use crate::clock::SystemClock;
use crate::output::describe;
use crate::progress::Cancellable;
use crate::settings::{Settings, SettingsError};
use crate::stop::Stop;
use crate::wiring;

/// The longest sleep; after it the wall clock is looked at again, in case it was set.
const LONGEST_NAP: Duration = Duration::from_mins(1);

/// Runs the synchronisation when its time has come.
///
/// Any number of replicas may do so on one database: the lease lets one work at a time, and
/// whoever comes later finds that this turn is done.
#[derive(Debug)]
pub struct Scheduler {
    cron: Cron,
    zone: Tz,
    settings: Settings,
    storage: Arc<dyn Storage>,
    service: CustomerSyncService,
}

impl Scheduler {
    /// Prepares the schedule of the settings; none if it is off.
    pub fn new(
        settings: &Settings,
        storage: Arc<dyn Storage>,
        service: CustomerSyncService,
    ) -> Result<Option<Self>, SettingsError> {
        let zone = settings.analytics.metrics.zone;
        Ok(settings.schedule()?.map(|cron| Self {
            cron,
            zone,
            settings: settings.clone(),
            storage,
            service,
        }))
    }

    /// Works until it is time to stop.
    pub async fn run(self, stop: Stop) {
        let mut last = SystemClock.now();
        while let Some(turn) = self.next_turn(last) {
            last = turn;
            tokio::select! {
                () = stop.wanted() => return,
                () = sleep_until(turn) => {}
            }
            // Nobody needs the turns that passed while the last one was still at work.
            last = last.max(self.take_turn(turn, &stop).await);
        }
        tracing::warn!("the schedule of the synchronisation has no next time");
    }

    fn next_turn(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = after.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&local, false).ok()?;
        Some(next.with_timezone(&Utc))
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
            storage: self.storage.as_ref(),
            target: SyncTarget::All,
            scope: PurchaseScope::Automatic,
            as_of: wiring::as_of(&self.settings),
            trigger: SyncTrigger::Schedule,
            patience: SyncPatience::None,
        };
        let lease_time = Duration::from_secs(u64::from(self.settings.sync.lease_seconds));
        let outcome = job.run(&Cancellable(stop.clone()), lease_time).await;
        match outcome.error {
            None => {}
            Some(SyncError::Busy { owner, .. }) => {
                tracing::info!(%owner, "another replica is synchronising");
            }
            Some(SyncError::Cancelled) => tracing::info!("the synchronisation was cancelled"),
            Some(error) => tracing::error!(error = describe(&error), "the synchronisation failed"),
        }
        SystemClock.now()
    }
}

async fn sleep_until(instant: DateTime<Utc>) {
    loop {
        match instant.signed_duration_since(SystemClock.now()).to_std() {
            Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(LONGEST_NAP)).await,
            _ => return,
        }
    }
}
