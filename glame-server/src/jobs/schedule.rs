use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::Cron;
use futures_util::future::try_join_all;
use glame_core::ports::{Clock, StorageError};
use glame_core::sync::{
    PurchaseScope, SyncError, SyncKind, SyncRun, SyncTarget, SyncTask, SyncTrigger,
};

use super::timetable::Timetable;
use super::{SyncJob, SyncParts, SyncWorker};
use crate::clock::SystemClock;
use crate::output::describe;
use crate::progress::Cancellable;
use crate::settings::{Settings, SettingsError};
use crate::stop::Stop;
use crate::wiring;

/// After how long a turn that waits asks again.
const ASKS_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Runs a job when its time has come.
///
/// Any number of replicas may do so on one database: the lease lets one work at a time, and
/// whoever comes later finds that this turn is done.
pub struct Scheduler {
    timetable: Timetable,
    target: SyncTarget,
    settings: Settings,
    parts: SyncParts,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler")
            .field("timetable", &self.timetable)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Scheduler {
    /// Prepares the schedule of the synchronisation; none if it is off.
    pub fn of_sync(settings: &Settings, parts: SyncParts) -> Result<Option<Self>, SettingsError> {
        let cron = settings.schedule()?;
        Ok(cron.map(|cron| Self::of(cron, SyncTarget::All, settings, parts)))
    }

    /// Prepares the schedule of the figures, which grow older with each day; none if it is off.
    pub fn of_figures(
        settings: &Settings,
        parts: SyncParts,
    ) -> Result<Option<Self>, SettingsError> {
        let cron = settings.figures_schedule()?;
        Ok(cron.map(|cron| Self::of(cron, SyncTarget::Metrics, settings, parts)))
    }

    fn of(cron: Cron, target: SyncTarget, settings: &Settings, parts: SyncParts) -> Self {
        Self {
            timetable: Timetable::new(cron, settings.analytics.metrics.zone),
            target,
            settings: settings.clone(),
            parts,
        }
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
    ///
    /// A turn waits for other jobs and is not lost.
    async fn take_turn(&self, turn: DateTime<Utc>, stop: &Stop) -> DateTime<Utc> {
        while !self.is_taken(turn).await {
            match self.work(stop).await {
                Some(SyncError::Busy { owner, .. }) => {
                    tracing::info!(%owner, "another job is under way; this turn waits for it");
                }
                Some(SyncError::Storage(error)) if error.is_temporary() => {
                    let error = describe(&error);
                    tracing::warn!(error, "the database is away; this turn waits for it");
                }
                outcome => {
                    report(outcome);
                    break;
                }
            }
            tokio::select! {
                () = stop.wanted() => break,
                () = tokio::time::sleep(ASKS_AGAIN_AFTER) => {}
            }
        }
        SystemClock.now()
    }

    /// Tells whether the job of a turn has begun, in any replica, or a person's that did the same.
    async fn is_taken(&self, turn: DateTime<Utc>) -> bool {
        let kinds = self.target.kinds();
        match try_join_all([kinds.first(), kinds.last()].map(|kind| self.last_since(turn, kind)))
            .await
        {
            Ok(runs) => is_of_a_turn(&runs),
            Err(error) => {
                tracing::warn!(error = describe(&error), "the database does not answer");
                false
            }
        }
    }

    async fn last_since(
        &self,
        turn: DateTime<Utc>,
        kind: Option<&SyncKind>,
    ) -> Result<Option<SyncRun>, StorageError> {
        let Some(kind) = kind else { return Ok(None) };
        let last = self.parts.storage.last_run(*kind).await?;
        Ok(last.filter(|run| run.queued_at >= turn))
    }

    async fn work(&self, stop: &Stop) -> Option<SyncError> {
        let job = SyncJob {
            with: &self.parts,
            task: SyncTask {
                target: self.target,
                scope: PurchaseScope::Automatic,
                trigger: SyncTrigger::Schedule,
            },
            as_of: wiring::as_of(&self.settings),
            worker: SyncWorker::Server,
        };
        let lease_time = Duration::from_secs(u64::from(self.settings.sync.lease_seconds));
        let outcome = job.run(&Cancellable(stop.clone()), lease_time).await;
        outcome.error
    }
}

/// Tells whether the newest runs of the first and the last step since a turn are those of its job.
///
/// A schedule's first step is enough: its job is under way, or has failed and was told of. A person may
/// have asked for the first step alone.
fn is_of_a_turn(runs: &[Option<SyncRun>]) -> bool {
    let by_schedule = |run: &SyncRun| run.trigger == SyncTrigger::Schedule;
    let first = runs.first().and_then(Option::as_ref);
    first.is_some_and(by_schedule) || runs.iter().all(Option::is_some)
}

fn report(outcome: Option<SyncError>) {
    match outcome {
        None => {}
        Some(SyncError::Cancelled) => tracing::info!("the synchronisation was cancelled"),
        Some(error) => tracing::error!(error = describe(&error), "the synchronisation failed"),
    }
}
