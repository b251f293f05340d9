use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Recorded, SyncCounts, SyncError, SyncKind, SyncLease, SyncObserver, SyncRun, SyncStatus,
    SyncTrigger, Unobserved,
};
use crate::analytics::MetricsPolicy;
use crate::ports::{Clock, IdSource, Rejected, SalesSource, Storage, UnitOfWork};
use crate::users::User;
use crate::values::{SyncRunId, UserId};
use crate::webhooks::{EventRecording, OutboxEvent};

/// How many rejects of one run are kept; all of them are counted.
const REJECTS_KEPT: u64 = 10_000;

/// Synchronises customers, catalogue and purchases, and makes the figures that follow.
///
/// The methods of the guide are [`sync_discount_cards`](Self::sync_discount_cards),
/// [`sync_purchase_history`](Self::sync_purchase_history),
/// [`calculate_customer_metrics`](Self::calculate_customer_metrics) and
/// [`update_customer_segment`](Self::update_customer_segment). Each of the first three is one run,
/// under a lease that one process at a time holds.
///
/// ```
/// # use std::sync::Arc;
/// # use glame_core::sync::{CustomerSyncService, PurchaseScope, SyncSettings, SyncTrigger, Unobserved};
/// # use glame_core::testkit::{CountingIds, ListSource, ManualClock, MemoryStorage, fixtures};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), glame_core::sync::SyncError> {
/// # let (storage, source) = (MemoryStorage::default(), ListSource::default());
/// let service = CustomerSyncService::new(
///     Arc::new(storage),
///     Arc::new(source),
///     Arc::new(ManualClock::at(fixtures::minute(0))),
///     Arc::new(CountingIds::default()),
///     SyncSettings::default(),
/// );
/// let lease = service.acquire_lease("shop server, process 1").await?;
/// service.sync_discount_cards(&lease, SyncTrigger::Manual, &Unobserved).await?;
/// let scope = PurchaseScope::Automatic;
/// let run = service.sync_purchase_history(&lease, scope, SyncTrigger::Manual, &Unobserved).await?;
/// println!("{} lines are new", run.counts.created);
/// service.release_lease(lease).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CustomerSyncService {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) source: Arc<dyn SalesSource>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) settings: SyncSettings,
    pub(super) events: EventRecording,
}

/// How the synchronisation goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncSettings {
    /// How long before the last success purchases are read again: the shop's base is edited back in time.
    pub trailing: TimeDelta,
    /// How often all purchases are read again, whatever their date.
    pub complete_every: TimeDelta,
    /// How long a broken-off run may be continued from its cursor.
    pub resume_within: TimeDelta,
    /// How long a lease holds without being prolonged.
    pub lease: TimeDelta,
    /// How many lines of purchases are stored together at the least, if the source gives them in time.
    ///
    /// Twice as many are held in memory. More of them make the first synchronisation faster.
    pub lines_a_step: usize,
    /// How figures are made.
    pub metrics: MetricsPolicy,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            trailing: TimeDelta::days(45),
            complete_every: TimeDelta::days(7),
            resume_within: TimeDelta::days(1),
            lease: TimeDelta::seconds(60),
            lines_a_step: 50_000,
            metrics: MetricsPolicy::default(),
        }
    }
}

/// One run while it goes on.
pub(super) struct ActiveRun<'a> {
    pub(super) run: SyncRun,
    lease: &'a SyncLease,
    pub(super) observer: &'a dyn SyncObserver,
    rejects_kept: u64,
}

impl std::fmt::Debug for CustomerSyncService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomerSyncService")
            .field("storage", &self.storage)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl CustomerSyncService {
    /// Puts the service together.
    #[must_use]
    pub fn new(
        storage: Arc<dyn Storage>,
        source: Arc<dyn SalesSource>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        settings: SyncSettings,
    ) -> Self {
        Self {
            storage,
            source,
            clock,
            ids,
            settings,
            events: EventRecording::Off,
        }
    }

    /// Tells integrators of new customers and of runs that have ended, or does not.
    #[must_use]
    pub fn with_events(self, events: EventRecording) -> Self {
        Self { events, ..self }
    }

    /// Records as a run what others do under the lease: what follows from the figures.
    ///
    /// The row says how it goes, what `work` has counted and, if it fails, why; what it could not
    /// understand is kept beside it.
    ///
    /// # Errors
    /// [`SyncError::Cancelled`] if somebody wants so before it begins; those of `work` and of storage.
    pub async fn record(
        &self,
        kind: SyncKind,
        lease: &SyncLease,
        trigger: SyncTrigger,
        observer: &dyn SyncObserver,
        work: impl Future<Output = Result<Recorded, SyncError>> + Send,
    ) -> Result<SyncRun, SyncError> {
        let mut active = self.start(kind, None, trigger, lease, observer).await?;
        let outcome = match active.check_cancelled() {
            Ok(()) => work.await,
            Err(cancelled) => Err(cancelled),
        };
        let outcome = match outcome {
            Ok(recorded) => self.keep(&mut active, recorded).await,
            Err(error) => Err(error),
        };
        self.finish(active, outcome).await
    }

    async fn keep(&self, active: &mut ActiveRun<'_>, recorded: Recorded) -> Result<(), SyncError> {
        active.run.counts = recorded.counts;
        if recorded.rejects.is_empty() {
            return Ok(());
        }
        let mut work = self.storage.begin().await?;
        active
            .keep_rejects(work.as_mut(), &recorded.rejects)
            .await?;
        self.commit_step(active, work).await
    }

    /// Begins a run: it is a row from now on.
    pub(super) async fn start<'a>(
        &self,
        kind: SyncKind,
        since: Option<DateTime<Utc>>,
        trigger: SyncTrigger,
        lease: &'a SyncLease,
        observer: &'a dyn SyncObserver,
    ) -> Result<ActiveRun<'a>, SyncError> {
        let now = self.clock.now();
        let run = SyncRun {
            id: SyncRunId::from_uuid(self.ids.next()),
            job: Some(lease.job()),
            kind,
            since,
            status: SyncStatus::Running,
            trigger,
            counts: SyncCounts::default(),
            cursor: None,
            error: None,
            queued_at: now,
            started_at: Some(now),
            finished_at: None,
        };
        let active = ActiveRun {
            run,
            lease,
            observer,
            rejects_kept: 0,
        };
        self.commit_step(&active, self.storage.begin().await?)
            .await?;
        Ok(active)
    }

    /// Ends a run by what became of it; its row says so, as far as the database still answers.
    pub(super) async fn finish(
        &self,
        mut active: ActiveRun<'_>,
        outcome: Result<(), SyncError>,
    ) -> Result<SyncRun, SyncError> {
        active.run.finished_at = Some(self.clock.now());
        match outcome {
            Ok(()) => {
                active.run.status = SyncStatus::Succeeded;
                active.run.cursor = None;
                self.commit_end(&active, self.storage.begin().await?)
                    .await?;
                Ok(active.run)
            }
            Err(error) => {
                // The first failure is the one to report, whatever becomes of this note.
                let _ = self.end_badly(active, &error).await;
                Err(error)
            }
        }
    }

    /// Records as a failed run what has failed before it had a row.
    ///
    /// # Errors
    /// Those of storage, and that the lease is lost.
    pub async fn record_failure(
        &self,
        kind: SyncKind,
        lease: &SyncLease,
        trigger: SyncTrigger,
        error: &SyncError,
    ) -> Result<SyncRun, SyncError> {
        let mut active = self.start(kind, None, trigger, lease, &Unobserved).await?;
        active.run.finished_at = Some(self.clock.now());
        self.end_badly(active, error).await
    }

    /// Ends a run whose work was left in the middle, if its row still says that it is under way.
    ///
    /// # Errors
    /// [`SyncError::LeaseLost`]: another process has ended it then; those of storage.
    pub async fn end_left_run(
        &self,
        run: SyncRun,
        lease: &SyncLease,
        error: &SyncError,
    ) -> Result<SyncRun, SyncError> {
        // A commit that was on its way when the work was left holds the lease: this waits for it.
        self.renew_lease(lease).await?;
        let run = self.storage.run(run.id).await?.unwrap_or(run);
        if run.status != SyncStatus::Running {
            return Ok(run);
        }
        let run = SyncRun {
            finished_at: Some(self.clock.now()),
            ..run
        };
        let active = ActiveRun {
            run,
            lease,
            observer: &Unobserved,
            rejects_kept: REJECTS_KEPT,
        };
        self.end_badly(active, error).await
    }

    async fn end_badly(
        &self,
        mut active: ActiveRun<'_>,
        error: &SyncError,
    ) -> Result<SyncRun, SyncError> {
        active.run.status = if matches!(error, SyncError::Cancelled) {
            SyncStatus::Cancelled
        } else {
            SyncStatus::Failed
        };
        active.run.error = Some(error.to_string());
        self.commit_end(&active, self.storage.begin().await?)
            .await?;
        Ok(active.run)
    }

    /// Commits the row of a run that has ended, and tells of it.
    async fn commit_end(
        &self,
        active: &ActiveRun<'_>,
        mut work: Box<dyn UnitOfWork>,
    ) -> Result<(), SyncError> {
        let ended = || [OutboxEvent::sync_finished(&active.run, self.clock.now())];
        self.events.record(work.as_mut(), ended).await?;
        self.commit_step(active, work).await
    }

    /// Gives those of the users who are not stored yet, where anybody is told of them.
    ///
    /// It must be asked before a work is begun, which may hold the only connection. Nobody else
    /// adds these users meanwhile: the lease is the caller's.
    pub(super) async fn newcomers(&self, users: &[User]) -> Result<Vec<UserId>, SyncError> {
        match self.events {
            EventRecording::Off => Ok(Vec::new()),
            EventRecording::On => {
                let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
                let known = self.storage.users(&ids).await?;
                let known: BTreeSet<UserId> = known.iter().map(|user| user.id).collect();
                Ok(ids.into_iter().filter(|id| !known.contains(id)).collect())
            }
        }
    }

    /// Tells of customers who are new.
    pub(super) async fn record_newcomers(
        &self,
        work: &mut dyn UnitOfWork,
        newcomers: &[UserId],
    ) -> Result<(), SyncError> {
        let now = self.clock.now();
        let created = || {
            newcomers
                .iter()
                .map(|user| OutboxEvent::customer_created(*user, now))
        };
        Ok(self.events.record(work, created).await?)
    }

    /// Commits what a step has written together with the run's row, under the lease.
    pub(super) async fn commit_step(
        &self,
        active: &ActiveRun<'_>,
        mut work: Box<dyn UnitOfWork>,
    ) -> Result<(), SyncError> {
        self.prolong(work.as_mut(), active.lease).await?;
        work.put_run(&active.run).await?;
        work.commit().await?;
        active.observer.progressed(&active.run);
        Ok(())
    }
}

impl ActiveRun<'_> {
    /// Counts records that were set aside, and keeps the first of them.
    pub(super) async fn set_aside(
        &mut self,
        work: &mut dyn UnitOfWork,
        rejected: &[Rejected],
    ) -> Result<(), SyncError> {
        let count = length(rejected);
        self.run.counts.read += count;
        self.run.counts.rejected += count;
        self.keep_rejects(work, rejected).await
    }

    /// Keeps what could not be understood with the row of the run, as far as there is room.
    async fn keep_rejects(
        &mut self,
        work: &mut dyn UnitOfWork,
        rejected: &[Rejected],
    ) -> Result<(), SyncError> {
        let room = usize::try_from(REJECTS_KEPT - self.rejects_kept).unwrap_or(usize::MAX);
        let kept = &rejected[..rejected.len().min(room)];
        if !kept.is_empty() {
            // The row of the run must be there before its rejects.
            work.put_run(&self.run).await?;
            work.add_rejects(self.run.id, kept).await?;
            self.rejects_kept += length(kept);
        }
        Ok(())
    }

    /// Stops here if somebody wants so.
    pub(super) fn check_cancelled(&self) -> Result<(), SyncError> {
        if self.observer.wants_to_cancel() {
            Err(SyncError::Cancelled)
        } else {
            Ok(())
        }
    }
}

/// Gives the length of a list as the counts keep it.
pub(super) fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}
