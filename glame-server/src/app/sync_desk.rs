use std::sync::Arc;
use std::time::Duration;

use glame_core::ports::{Clock, HeldLease, StorageError};
use glame_core::sync::{
    PurchaseScope, SyncError, SyncLease, SyncRun, SyncTarget, SyncTask, SyncTrigger,
};
use glame_core::values::SyncJobId;

use super::Errands;
use crate::clock::SystemClock;
use crate::jobs::{SyncJob, SyncParts, SyncWorker, this_process};
use crate::output::describe;
use crate::progress::Cancellable;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::wiring;

/// Where people ask for the synchronisation, see how far it is, and stop it.
#[derive(Debug, Clone)]
pub struct SyncDesk {
    settings: Arc<Settings>,
    parts: SyncParts,
    errands: Errands,
    stop: Stop,
}

/// A job of the synchronisation, running or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncState {
    /// The job.
    pub job: SyncJobId,
    /// Who works at it.
    pub stage: SyncStage,
    /// Its runs so far.
    pub runs: Vec<SyncRun>,
}

/// Who works at a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncStage {
    /// The holder of the lease.
    Worked(HeldLease),
    /// Nobody any more; another replica will go on with it in a moment.
    Left(HeldLease),
    /// Nobody: it has ended, or its process has, and nobody will go on.
    Over,
}

/// Tells why a job was not begun, shown or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncRefused {
    /// No base is configured.
    #[error("no 1C base is configured; set onec.url (ONEC_API_URL)")]
    NoSource,
    /// Another job is under way.
    #[error("{owner} is synchronising; wait or cancel job {job}")]
    Busy {
        /// Who works at it.
        owner: String,
        /// The job.
        job: String,
    },
    /// There is no such job.
    #[error("there is no such job")]
    Unknown,
    /// The job has ended.
    #[error("the job has ended already")]
    Over,
    /// The synchronisation could not be begun.
    #[error(transparent)]
    Sync(SyncError),
    /// The database could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl SyncStage {
    fn of(lease: HeldLease) -> Self {
        if lease.until > SystemClock.now() {
            Self::Worked(lease)
        } else if lease.task.is_some() {
            Self::Left(lease)
        } else {
            Self::Over
        }
    }

    /// Gives the lease of a job that has not come to its end.
    #[must_use]
    pub const fn lease(&self) -> Option<&HeldLease> {
        match self {
            Self::Worked(lease) | Self::Left(lease) => Some(lease),
            Self::Over => None,
        }
    }
}

impl SyncState {
    /// Tells what the job is to do, as long as it has not ended.
    #[must_use]
    pub fn target(&self) -> Option<SyncTarget> {
        let task = self.stage.lease()?.task?;
        Some(task.target)
    }
}

impl SyncDesk {
    /// Puts the desk together; without a base it makes figures of what is stored, and shows what was
    /// done.
    #[must_use]
    pub fn new(settings: &Settings, parts: SyncParts, errands: Errands, stop: Stop) -> Self {
        Self {
            settings: Arc::new(settings.clone()),
            parts,
            errands,
            stop,
        }
    }

    /// Begins a job and gives its name; it goes on after the answer, in another replica if this one
    /// ends.
    ///
    /// # Errors
    /// [`SyncRefused::NoSource`], [`SyncRefused::Busy`] while any replica is at work.
    pub async fn begin(
        &self,
        target: SyncTarget,
        scope: PurchaseScope,
    ) -> Result<SyncJobId, SyncRefused> {
        if self.settings.onec.url.is_none() && target.asks_source() {
            return Err(SyncRefused::NoSource);
        }
        let task = SyncTask {
            target,
            scope,
            trigger: SyncTrigger::Manual,
        };
        let service = &self.parts.service;
        let lease = match service.acquire_lease_for(&this_process(), task).await {
            Ok(lease) => lease,
            Err(SyncError::Busy { owner, .. }) => {
                let held = self.parts.storage.held_lease().await?;
                let job = held.map(|held| held.job.to_string());
                return Err(SyncRefused::Busy {
                    owner,
                    job: job.unwrap_or_default(),
                });
            }
            Err(error) => return Err(SyncRefused::Sync(error)),
        };
        Ok(self.work_at(lease, task))
    }

    /// Goes on with a job whose replica has ended; gives its name, or none if there is none.
    ///
    /// # Errors
    /// That the database does not answer.
    pub async fn take_over(&self) -> Result<Option<SyncJobId>, SyncError> {
        let left = self.parts.service.take_over(&this_process()).await?;
        Ok(left.map(|(lease, task)| self.work_at(lease, task)))
    }

    fn work_at(&self, lease: SyncLease, task: SyncTask) -> SyncJobId {
        let job = lease.job();
        let (settings, parts) = (Arc::clone(&self.settings), self.parts.clone());
        let stop = self.stop.clone();
        self.errands.run(async move {
            let work = SyncJob {
                with: &parts,
                task,
                as_of: wiring::as_of(&settings),
                worker: SyncWorker::Server,
            };
            let lease_time = Duration::from_secs(u64::from(settings.sync.lease_seconds));
            let outcome = work.run_under(lease, &Cancellable(stop), lease_time).await;
            match outcome.error {
                None => {}
                Some(SyncError::Cancelled) => {
                    tracing::info!(%job, "the synchronisation was stopped");
                }
                Some(error) => {
                    tracing::error!(%job, error = describe(&error), "the synchronisation failed");
                }
            }
        });
        job
    }

    /// Shows a job.
    ///
    /// # Errors
    /// [`SyncRefused::Unknown`].
    pub async fn job(&self, job: SyncJobId) -> Result<SyncState, SyncRefused> {
        let held = self.parts.storage.held_lease().await?;
        let stage = held.filter(|held| held.job == job).map(SyncStage::of);
        let runs = self.runs_of(job).await?;
        let stage = match stage {
            None if runs.is_empty() => return Err(SyncRefused::Unknown),
            stage => stage.unwrap_or(SyncStage::Over),
        };
        Ok(SyncState { job, stage, runs })
    }

    /// Gives the job that is under way, in any replica.
    pub async fn under_way(&self) -> Result<Option<SyncState>, SyncRefused> {
        let held = self.parts.storage.held_lease().await?;
        let Some(stage) = held.map(SyncStage::of) else {
            return Ok(None);
        };
        let Some(job) = stage.lease().map(|lease| lease.job) else {
            return Ok(None);
        };
        let runs = self.runs_of(job).await?;
        Ok(Some(SyncState { job, stage, runs }))
    }

    /// Gives the runs of a job in the order in which they began: one that continues another run was
    /// asked for when that was.
    async fn runs_of(&self, job: SyncJobId) -> Result<Vec<SyncRun>, StorageError> {
        let mut runs = self.parts.storage.runs_of_job(job).await?;
        runs.sort_by_key(|run| (run.started_at, run.id));
        Ok(runs)
    }

    /// Asks a job to stop, whichever replica works at it; it does so within seconds.
    ///
    /// # Errors
    /// [`SyncRefused::Unknown`], [`SyncRefused::Over`].
    pub async fn cancel(&self, job: SyncJobId) -> Result<(), SyncRefused> {
        if self.job(job).await?.stage == SyncStage::Over {
            return Err(SyncRefused::Over);
        }
        let mut work = self.parts.storage.begin().await?;
        if !work.ask_to_cancel(job).await? {
            return Err(SyncRefused::Over);
        }
        work.commit().await?;
        Ok(())
    }
}
