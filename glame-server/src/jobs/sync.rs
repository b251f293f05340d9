use std::time::Duration;

use chrono::{DateTime, Utc};
use glame_core::analytics::AsOf;
use glame_core::loyalty::{LoyaltyError, LoyaltyService, Settled};
use glame_core::ports::{Clock, PointsSource, Storage};
use glame_core::sync::{
    CustomerSyncService, SyncError, SyncKind, SyncLease, SyncObserver, SyncRun, SyncStatus,
    SyncTarget, SyncTask, SyncTrigger,
};

use super::flagged::Flagged;
use super::{AnalysisNeed, FollowUp, FollowUpError, Followed};
use crate::clock::SystemClock;

/// How often a job looks whether it has been asked to stop.
const LISTENS_EVERY: Duration = Duration::from_secs(2);

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
#[derive(Clone, Copy)]
#[expect(
    missing_debug_implementations,
    reason = "a source of points need not be shown"
)]
pub struct SyncJob<'a> {
    /// The service that does it.
    pub service: &'a CustomerSyncService,
    /// The service that settles the points of purchases afterwards.
    pub loyalty: &'a LoyaltyService,
    /// The points of the shop's base, where it keeps them.
    pub points: Option<&'a dyn PointsSource>,
    /// What follows from new figures.
    pub follow_up: &'a FollowUp,
    /// Where the rows of the runs are.
    pub storage: &'a dyn Storage,
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
    /// What became of the points; none where purchases were not looked at.
    pub settled: Option<Settled>,
    /// What has followed from new figures; none where none were made.
    pub followed: Option<Followed>,
    /// Why it stopped, if it did.
    pub error: Option<JobError>,
}

/// Tells why a job stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The synchronisation failed or was not begun.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The points of purchases could not be settled; the next job goes on with them.
    #[error("the points of purchases could not be settled: {0}")]
    Loyalty(#[source] LoyaltyError),
    /// The figures are made, but what follows from them is not.
    #[error(transparent)]
    FollowUp(#[from] FollowUpError),
}

impl SyncOutcome {
    /// Tells of a job that was not begun.
    fn refused(error: SyncError) -> Self {
        Self {
            runs: Vec::new(),
            settled: None,
            followed: None,
            error: Some(error.into()),
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
        let is_cancelled = matches!(outcome.error, Some(JobError::Sync(SyncError::Cancelled)));
        // Nobody has asked for an end: this server stops, and another goes on.
        let is_left = is_cancelled && !observer.is_raised() && self.worker == SyncWorker::Server;
        let given_back = if is_left {
            self.service.hand_over(lease).await
        } else {
            self.service.release_lease(lease).await
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
        let mut runs = Vec::new();
        let kinds = self.task.target.kinds().iter();
        for kind in kinds.filter(|kind| !done.contains(kind)) {
            let begun = SystemClock.now();
            match self.run_one(*kind, lease, observer).await {
                Ok(run) => runs.push(run),
                Err(error) => {
                    runs.extend(self.failed_run(*kind, begun).await);
                    return SyncOutcome {
                        runs,
                        settled: None,
                        followed: None,
                        error: Some(error.into()),
                    };
                }
            }
        }
        let mut outcome = SyncOutcome {
            runs,
            settled: None,
            followed: None,
            error: None,
        };
        if let Err(error) = self.follow(&mut outcome, observer).await {
            outcome.error = Some(error);
        }
        outcome
    }

    /// Does what follows from purchases and figures: points first, because segments ask about them.
    async fn follow(
        &self,
        outcome: &mut SyncOutcome,
        observer: &dyn SyncObserver,
    ) -> Result<(), JobError> {
        outcome.settled = self.settle(observer).await?;
        let has_figures = self.task.target.kinds().contains(&SyncKind::Metrics);
        if has_figures && !observer.wants_to_cancel() {
            let is_routine = self.task.trigger == SyncTrigger::Schedule
                && self.task.target != SyncTarget::Metrics;
            let need = if is_routine {
                AnalysisNeed::OnceADay
            } else {
                AnalysisNeed::Anew
            };
            outcome.followed = Some(self.follow_up.run(self.as_of, need).await?);
        }
        Ok(())
    }

    /// Gives what others have brought to its end who worked at the job before.
    async fn done_before(&self, lease: &SyncLease) -> Result<Vec<SyncKind>, SyncError> {
        let runs = self.storage.runs_of_job(lease.job()).await?;
        let succeeded = runs
            .iter()
            .filter(|run| run.status == SyncStatus::Succeeded);
        Ok(succeeded.map(|run| run.kind).collect())
    }

    /// Brings points in line with the purchases that have changed, now or before.
    async fn settle(&self, observer: &dyn SyncObserver) -> Result<Option<Settled>, JobError> {
        if !self.task.target.moves_points() || observer.wants_to_cancel() {
            return Ok(None);
        }
        let settled = self
            .loyalty
            .settle_purchases()
            .await
            .map_err(JobError::Loyalty)?;
        tracing::info!(
            customers = settled.customers,
            transactions = settled.transactions,
            credited = settled.credited,
            taken_back = settled.taken_back,
            "the points of purchases are settled"
        );
        if let Some(points) = self.points {
            let done = self
                .loyalty
                .reconcile_with_source(points)
                .await
                .map_err(JobError::Loyalty)?;
            tracing::info!(
                customers = done.customers,
                corrected = done.different,
                unknown_cards = done.unknown_cards,
                rejected = done.rejected,
                "the points of the shop's base are taken over"
            );
        }
        Ok(Some(settled))
    }

    async fn run_one(
        &self,
        kind: SyncKind,
        lease: &SyncLease,
        observer: &dyn SyncObserver,
    ) -> Result<SyncRun, SyncError> {
        let (service, trigger) = (self.service, self.task.trigger);
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

    /// Finds the row of a run that failed, if it came so far as to have one.
    async fn failed_run(&self, kind: SyncKind, begun: DateTime<Utc>) -> Option<SyncRun> {
        let last = self.storage.last_run(kind).await.ok().flatten();
        last.filter(|run| run.started_at.is_some_and(|started| started >= begun))
    }

    async fn acquire_lease(&self) -> Result<SyncLease, SyncError> {
        let owner = this_process();
        if self.worker == SyncWorker::Server {
            return self.service.acquire_lease_for(&owner, self.task).await;
        }
        match self.service.acquire_lease(&owner).await {
            Err(SyncError::Busy {
                owner: holder,
                until,
            }) => {
                tracing::info!(%holder, %until, "waiting for the lease of another synchronisation");
                let wait = until.signed_duration_since(SystemClock.now());
                tokio::time::sleep(wait.to_std().unwrap_or_default() + Duration::from_millis(50))
                    .await;
                self.service.acquire_lease(&owner).await
            }
            result => result,
        }
    }

    /// Looks for ever whether the holder of the lease has been asked to stop.
    async fn listen(&self, lease: &SyncLease, observer: &Flagged<'_>) -> SyncOutcome {
        loop {
            match self.storage.held_lease().await {
                Ok(Some(held)) if held.job == lease.job() && held.cancel_wanted => {
                    observer.raise();
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the lease could not be read"),
            }
            tokio::time::sleep(LISTENS_EVERY).await;
        }
    }

    /// Prolongs the lease for ever; whoever has lost it learns so at the next page.
    async fn keep_alive(&self, lease: &SyncLease, every: Duration) -> SyncOutcome {
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = self.service.renew_lease(lease).await {
                tracing::warn!(%error, "the lease of the synchronisation could not be prolonged");
            }
        }
    }
}
