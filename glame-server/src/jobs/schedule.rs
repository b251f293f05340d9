use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::Cron;
use futures_util::future::try_join_all;
use glame_core::ports::{Clock, RunQuery, StorageError};
use glame_core::sync::{
    PurchaseScope, SyncError, SyncKind, SyncRun, SyncTarget, SyncTask, SyncTrigger,
};
use glame_core::values::SyncJobId;

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

/// How many jobs are looked at that may have done a turn.
const JOBS_OF_A_TURN: u32 = 20;

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
                Some(error) if error.is_of_a_database_away() => {
                    let error = describe(&error);
                    tracing::warn!(
                        error,
                        "the database is away; somebody goes on when it is back"
                    );
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

    /// Tells whether the job of a turn has begun, in any replica, or a person's that did as much.
    async fn is_taken(&self, turn: DateTime<Utc>) -> bool {
        match self.jobs_since(turn).await {
            Ok(jobs) => jobs.iter().any(|runs| does_the_turn_of(self.target, runs)),
            Err(error) => {
                tracing::warn!(error = describe(&error), "the database does not answer");
                false
            }
        }
    }

    /// Gives the runs of each job that has made the first step of this one since a turn.
    async fn jobs_since(&self, turn: DateTime<Utc>) -> Result<Vec<Vec<SyncRun>>, StorageError> {
        let query = RunQuery {
            kind: self.target.kinds().first().copied(),
            ..RunQuery::newest(JOBS_OF_A_TURN)
        };
        let storage = self.parts.storage.as_ref();
        let runs = storage.runs(query).await?.into_iter();
        let jobs: BTreeSet<SyncJobId> = runs
            .filter(|run| run.queued_at >= turn)
            .filter_map(|run| run.job)
            .collect();
        try_join_all(jobs.into_iter().map(|job| storage.runs_of_job(job))).await
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

/// Tells whether a job with these runs leaves nothing of a turn to be done: it began as the turn's job
/// does, by a schedule, or by a person and went through all its steps.
fn does_the_turn_of(target: SyncTarget, runs: &[SyncRun]) -> bool {
    let first = runs.iter().min_by_key(|run| (run.started_at, run.id));
    let kinds = target.kinds();
    first.is_some_and(|first| {
        let has = |kind: &SyncKind| runs.iter().any(|run| run.kind == *kind);
        kinds.first() == Some(&first.kind)
            && (first.trigger == SyncTrigger::Schedule || kinds.iter().all(has))
    })
}

fn report(outcome: Option<SyncError>) {
    match outcome {
        None => {}
        Some(SyncError::Cancelled) => tracing::info!("the synchronisation was cancelled"),
        Some(error) => tracing::error!(error = describe(&error), "the synchronisation failed"),
    }
}

#[cfg(test)]
mod tests {
    use glame_core::sync::SyncStatus;
    use glame_core::testkit::fixtures::{minute, run};

    use super::*;

    fn job(trigger: SyncTrigger, kinds: &[SyncKind]) -> Vec<SyncRun> {
        let runs = (1_u32..).zip(kinds).map(|(n, kind)| SyncRun {
            trigger,
            started_at: Some(minute(n.into())),
            ..run(n, *kind, SyncStatus::Failed)
        });
        // Storage gives them in an order of its own.
        let mut runs: Vec<SyncRun> = runs.collect();
        runs.reverse();
        runs
    }

    #[test]
    fn a_turn_is_done_by_its_own_job_or_one_that_did_as_much() {
        use SyncKind::{Catalogue, Customers, Metrics, Points, Purchases, Segments};
        let figures = [Metrics, Points, Segments];
        let all = [Customers, Catalogue, Purchases, Metrics, Points, Segments];
        let (schedule, manual) = (SyncTrigger::Schedule, SyncTrigger::Manual);
        let cases = [
            (SyncTarget::All, schedule, &all[..], true),
            // It has failed, and was told of.
            (SyncTarget::All, schedule, &all[..1], true),
            (SyncTarget::All, manual, &all[..], true),
            (SyncTarget::All, manual, &all[..1], false),
            (SyncTarget::Metrics, schedule, &figures[..1], true),
            (SyncTarget::Metrics, manual, &figures[..], true),
            // The figures of a synchronisation are made without looking at the shop anew.
            (SyncTarget::Metrics, schedule, &all[..], false),
            (SyncTarget::All, schedule, &[], false),
        ];
        for (target, trigger, kinds, expected) in cases {
            let runs = job(trigger, kinds);
            assert_eq!(
                does_the_turn_of(target, &runs),
                expected,
                "{target:?} {trigger:?} {kinds:?}"
            );
        }
    }
}
