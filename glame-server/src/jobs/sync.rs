use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, Utc};
use glame_core::analytics::AsOf;
use glame_core::loyalty::{PointsLedger, Settled};
use glame_core::ports::Clock;
use glame_core::sync::{
    Recorded, SyncCounts, SyncError, SyncKind, SyncLease, SyncObserver, SyncRun, SyncStatus,
    SyncTarget, SyncTask, SyncTrigger,
};

use super::flagged::Flagged;
use super::{AnalysisNeed, SyncParts};
use crate::clock::SystemClock;

/// How often a job looks whether it has been asked to stop.
const LISTENS_EVERY: Duration = Duration::from_secs(2);

/// How long a step that has been asked to stop may take to the end of its page. Then it is left where
/// it is: what it has not committed is not there.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Who works at a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncWorker {
    /// A server, which gives up at once if another one is at work. If it ends before the job does,
    /// another one goes on with it.
    Server,
    /// A command that a person waits for. It waits until the lease of whoever is at work would have
    /// to be prolonged; a living holder has done so by then. Nobody goes on with its job.
    Command,
}

/// One job of the synchronisation: its runs in order, under one lease.
#[derive(Debug, Clone, Copy)]
pub struct SyncJob<'a> {
    /// What it works with.
    pub with: &'a SyncParts,
    /// What is to be done.
    pub task: SyncTask,
    /// The instant that the figures speak of.
    pub as_of: AsOf,
    /// Who works at it.
    pub worker: SyncWorker,
}

/// Names this process to people who see that it is at work.
pub(crate) fn this_process() -> String {
    format!("process {}", std::process::id())
}

/// What became of a job.
#[derive(Debug)]
pub struct SyncOutcome {
    /// The runs, the failed one last.
    pub runs: Vec<SyncRun>,
    /// What became of the points; none where they were not settled.
    pub settled: Option<Settled>,
    /// Why it stopped, if it did.
    pub error: Option<SyncError>,
}

impl SyncOutcome {
    /// Tells of a job that was not begun.
    fn refused(error: SyncError) -> Self {
        Self {
            runs: Vec::new(),
            settled: None,
            error: Some(error),
        }
    }
}

impl SyncJob<'_> {
    /// Does the job; the lease is kept alive meanwhile, however slow the shop's base is.
    pub async fn run(&self, observer: &dyn SyncObserver, lease_time: Duration) -> SyncOutcome {
        let lease = match self.acquire_lease().await {
            Ok(lease) => lease,
            Err(error) => return SyncOutcome::refused(error),
        };
        self.run_under(lease, observer, lease_time).await
    }

    /// Does the job under a lease that was taken for it, and gives the lease back.
    ///
    /// Whoever asks the holder of the lease to stop, from any replica, is heard within seconds.
    pub async fn run_under(
        &self,
        lease: SyncLease,
        observer: &dyn SyncObserver,
        lease_time: Duration,
    ) -> SyncOutcome {
        let observer = Flagged::new(observer);
        let outcome = tokio::select! {
            outcome = self.run_all(&lease, &observer) => outcome,
            never = self.keep_alive(&lease, lease_time / 3) => never,
            never = self.listen(&lease, &observer) => never,
        };
        let is_left = match &outcome.error {
            // Nobody has asked for an end: this server stops, and another goes on.
            Some(SyncError::Cancelled) => !observer.is_raised(),
            // Whoever finds the database there again goes on.
            Some(error) => error.is_of_a_database_away(),
            None => false,
        };
        let given_back = if is_left && self.worker == SyncWorker::Server {
            self.with.service.hand_over(lease).await
        } else {
            self.with.service.release_lease(lease).await
        };
        if let Err(error) = given_back {
            tracing::warn!(%error, "the lease of the synchronisation could not be given back");
        }
        outcome
    }

    async fn run_all(&self, lease: &SyncLease, observer: &dyn SyncObserver) -> SyncOutcome {
        let done = match self.done_before(lease).await {
            Ok(done) => done,
            Err(error) => return SyncOutcome::refused(error),
        };
        let mut outcome = SyncOutcome {
            runs: Vec::new(),
            settled: None,
            error: None,
        };
        let kinds = self.task.target.kinds();
        for kind in kinds.iter().filter(|kind| !done.contains(kind)) {
            let begun = SystemClock.now();
            let settled = &mut outcome.settled;
            let run = tokio::select! {
                run = self.run_one(*kind, lease, observer, settled) => run,
                () = cancelled_for(observer, ENDS_WITHIN) => Err(SyncError::Cancelled),
            };
            match run {
                Ok(run) => outcome.runs.push(run),
                Err(error) => {
                    let failed = self.failed_run(*kind, begun, lease, &error).await;
                    outcome.runs.extend(failed);
                    outcome.error = Some(error);
                    return outcome;
                }
            }
        }
        outcome
    }

    /// Gives what others have brought to its end who worked at the job before.
    async fn done_before(&self, lease: &SyncLease) -> Result<Vec<SyncKind>, SyncError> {
        let runs = self.with.storage.runs_of_job(lease.job()).await?;
        let succeeded = runs
            .iter()
            .filter(|run| run.status == SyncStatus::Succeeded);
        Ok(succeeded.map(|run| run.kind).collect())
    }

    async fn run_one(
        &self,
        kind: SyncKind,
        lease: &SyncLease,
        observer: &dyn SyncObserver,
        settled: &mut Option<Settled>,
    ) -> Result<SyncRun, SyncError> {
        let (service, trigger) = (&self.with.service, self.task.trigger);
        let run = match kind {
            SyncKind::Customers => {
                service
                    .sync_discount_cards(lease, trigger, observer)
                    .await?
            }
            SyncKind::Catalogue => service.sync_catalogue(lease, trigger, observer).await?,
            SyncKind::Purchases => {
                service
                    .sync_purchase_history(lease, self.task.scope, trigger, observer)
                    .await?
            }
            SyncKind::Metrics => {
                service
                    .calculate_customer_metrics(lease, self.as_of, trigger, observer)
                    .await?
            }
            SyncKind::Points => {
                let work = unless_cancelled(observer, Box::pin(self.settle(settled)));
                service.record(kind, lease, trigger, observer, work).await?
            }
            SyncKind::Segments => {
                let follow_up = self.with.follow_up.run(self.as_of, self.analysis_need());
                let work = Box::pin(async { Ok(follow_up.await?.into()) });
                let work = unless_cancelled(observer, work);
                service.record(kind, lease, trigger, observer, work).await?
            }
            SyncKind::Comparison => {
                let work = unless_cancelled(observer, Box::pin(self.compare_points()));
                service.record(kind, lease, trigger, observer, work).await?
            }
        };
        tracing::info!(
            kind = kind.as_str(),
            read = run.counts.read,
            created = run.counts.created,
            updated = run.counts.updated,
            removed = run.counts.removed,
            rejected = run.counts.rejected,
            requests = run.counts.requests,
            "sync run succeeded"
        );
        Ok(run)
    }

    const fn analysis_need(&self) -> AnalysisNeed {
        match (self.task.target, self.task.trigger) {
            (SyncTarget::Segments, _) => AnalysisNeed::AsItIs,
            (SyncTarget::Metrics, _) | (_, SyncTrigger::Manual) => AnalysisNeed::Anew,
            (_, SyncTrigger::Schedule) => AnalysisNeed::OnceADay,
        }
    }

    /// Brings points in line with the purchases that have changed, now or before, and with the shop's
    /// base where it keeps them.
    async fn settle(&self, outcome: &mut Option<Settled>) -> Result<Recorded, SyncError> {
        let settled = self.with.loyalty.settle_purchases().await?;
        let mut recorded = Recorded::from(SyncCounts {
            read: settled.customers,
            created: settled.transactions,
            ..SyncCounts::default()
        });
        tracing::info!(
            customers = settled.customers,
            transactions = settled.transactions,
            credited = settled.credited,
            taken_back = settled.taken_back,
            "the points of purchases are settled"
        );
        *outcome = Some(settled);
        if self.task.target.asks_source() && self.with.loyalty.ledger() == PointsLedger::Onec {
            let points = self.with.points.as_ref();
            let found = self.with.loyalty.reconcile_with_source(points).await?;
            self.with.loyalty.keep_reconciliation(&found).await?;
            recorded.counts.created += found.different;
            recorded.counts.rejected += found.rejected;
            tracing::info!(
                customers = found.customers,
                corrected = found.different,
                unknown_cards = found.unknown_cards,
                rejected = found.rejected,
                "the points of the shop's base are taken over"
            );
            recorded.rejects = found.rejects;
        }
        Ok(recorded)
    }

    /// Compares the points of the shop's base with the ledger, and keeps what was found.
    async fn compare_points(&self) -> Result<Recorded, SyncError> {
        let loyalty = &self.with.loyalty;
        let found = loyalty
            .compare_with_source(self.with.points.as_ref())
            .await?;
        loyalty.keep_reconciliation(&found).await?;
        Ok(Recorded {
            counts: SyncCounts {
                read: found.customers,
                updated: found.different,
                unchanged: found.customers.saturating_sub(found.different),
                rejected: found.rejected,
                ..SyncCounts::default()
            },
            rejects: found.rejects,
        })
    }

    /// Finds the row of a run that failed, or writes one where it did not come so far.
    async fn failed_run(
        &self,
        kind: SyncKind,
        begun: DateTime<Utc>,
        lease: &SyncLease,
        error: &SyncError,
    ) -> Option<SyncRun> {
        let service = &self.with.service;
        let last = self.with.storage.last_run(kind).await.ok().flatten();
        let found = last.filter(|run| run.started_at.is_some_and(|started| started >= begun));
        match found {
            Some(run) if run.status == SyncStatus::Running => {
                service.end_left_run(run, lease, error).await.ok()
            }
            Some(run) => Some(run),
            None => {
                let trigger = self.task.trigger;
                let written = service.record_failure(kind, lease, trigger, error);
                written.await.ok()
            }
        }
    }

    async fn acquire_lease(&self) -> Result<SyncLease, SyncError> {
        let owner = this_process();
        if self.worker == SyncWorker::Server {
            return self.with.service.acquire_lease_for(&owner, self.task).await;
        }
        match self.with.service.acquire_lease(&owner).await {
            Err(SyncError::Busy {
                owner: holder,
                until,
            }) => {
                tracing::info!(%holder, %until, "waiting for the lease of another synchronisation");
                let wait = until.signed_duration_since(SystemClock.now());
                tokio::time::sleep(wait.to_std().unwrap_or_default() + Duration::from_millis(50))
                    .await;
                self.with.service.acquire_lease(&owner).await
            }
            result => result,
        }
    }

    /// Looks for ever whether the holder of the lease has been asked to stop.
    async fn listen(&self, lease: &SyncLease, observer: &Flagged<'_>) -> SyncOutcome {
        loop {
            match self.with.storage.held_lease().await {
                Ok(Some(held)) if held.job == lease.job() && held.cancel_wanted => {
                    observer.raise();
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the lease could not be read"),
            }
            tokio::time::sleep(LISTENS_EVERY).await;
        }
    }

    /// Prolongs the lease for ever, or until it is lost: somebody else goes on then, and the work of this
    /// process must end.
    async fn keep_alive(&self, lease: &SyncLease, every: Duration) -> SyncOutcome {
        loop {
            tokio::time::sleep(every).await;
            match self.with.service.renew_lease(lease).await {
                Ok(()) => {}
                Err(SyncError::LeaseLost) => return SyncOutcome::refused(SyncError::LeaseLost),
                Err(error) => {
                    tracing::warn!(%error, "the lease of the synchronisation could not be prolonged");
                }
            }
        }
    }
}

/// Does work that may be left at any point, because it writes in batches and can begin anew, until
/// somebody wants an end.
async fn unless_cancelled(
    observer: &dyn SyncObserver,
    work: Pin<Box<impl Future<Output = Result<Recorded, SyncError>>>>,
) -> Result<Recorded, SyncError> {
    tokio::select! {
        outcome = work => outcome,
        () = cancelled(observer) => Err(SyncError::Cancelled),
    }
}

/// Waits until somebody has wanted an end for so long.
async fn cancelled_for(observer: &dyn SyncObserver, patience: Duration) {
    cancelled(observer).await;
    tokio::time::sleep(patience).await;
}

/// Waits until somebody wants an end.
async fn cancelled(observer: &dyn SyncObserver) {
    while !observer.wants_to_cancel() {
        tokio::time::sleep(LISTENS_EVERY).await;
    }
}
