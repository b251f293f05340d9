use chrono::{DateTime, Utc};

use super::{CustomerSyncService, SyncError, SyncRun, SyncStatus, SyncTask};
use crate::ports::{HeldLease, LeaseState, UnitOfWork};
use crate::values::{LeaseToken, SyncJobId};

/// How many of the newest runs are looked at when a lease is taken.
const RECENT_RUNS: u32 = 50;

/// The right to synchronise, which one process at a time has.
///
/// Every stored page prolongs it; while the shop's base is slow to answer, somebody must call
/// [`CustomerSyncService::renew_lease`] within [`SyncSettings::lease`](super::SyncSettings::lease).
#[derive(Debug)]
pub struct SyncLease {
    token: LeaseToken,
    job: SyncJobId,
}

impl SyncLease {
    /// Gives the job that is done under the lease.
    #[must_use]
    pub const fn job(&self) -> SyncJobId {
        self.job
    }
}

impl CustomerSyncService {
    /// Takes the lease of the synchronisation; `owner` says to people who holds it.
    ///
    /// Nobody goes on with what is done under it if this process ends: a person waits for it. Runs
    /// that were still under way when their process ended are marked as failed.
    ///
    /// # Errors
    /// [`SyncError::Busy`] while another process holds it, and as long again if it has left a job
    /// behind: whoever goes on with it comes first.
    pub async fn acquire_lease(&self, owner: &str) -> Result<SyncLease, SyncError> {
        self.begin_job(owner, None).await
    }

    /// Takes the lease for a job that another process goes on with if this one ends.
    ///
    /// # Errors
    /// Those of [`acquire_lease`](Self::acquire_lease).
    pub async fn acquire_lease_for(
        &self,
        owner: &str,
        task: SyncTask,
    ) -> Result<SyncLease, SyncError> {
        self.begin_job(owner, Some(task)).await
    }

    /// Goes on with a job whose process has ended, under a lease of one's own; none if there is none.
    ///
    /// What it had stored stays, and the runs that it had ended need not be made again.
    pub async fn take_over(&self, owner: &str) -> Result<Option<(SyncLease, SyncTask)>, SyncError> {
        let now = self.clock.now();
        let Some(left) = self.left_behind(now).await? else {
            return Ok(None);
        };
        let HeldLease {
            job,
            task: Some(task),
            cancel_wanted,
            ..
        } = left
        else {
            return Ok(None);
        };
        let lease = SyncLease {
            token: LeaseToken::from_uuid(self.ids.next()),
            job,
        };
        match self.take(&lease, owner, Some(task), now).await {
            // Another process was quicker.
            Err(SyncError::Busy { .. }) => return Ok(None),
            outcome => outcome?,
        }
        if cancel_wanted {
            let cancelled = "it was cancelled after its process had ended";
            self.end_orphans(SyncStatus::Cancelled, cancelled, now)
                .await?;
            self.release_lease(lease).await?;
            return Ok(None);
        }
        let ended = "its process ended; another one went on";
        self.end_orphans(SyncStatus::Failed, ended, now).await?;
        Ok(Some((lease, task)))
    }

    /// Prolongs the lease.
    ///
    /// # Errors
    /// [`SyncError::LeaseLost`] if another process has taken over.
    pub async fn renew_lease(&self, lease: &SyncLease) -> Result<(), SyncError> {
        let mut work = self.storage.begin().await?;
        self.prolong(work.as_mut(), lease).await?;
        Ok(work.commit().await?)
    }

    /// Gives the lease back, so that the next run need not wait.
    pub async fn release_lease(&self, lease: SyncLease) -> Result<(), SyncError> {
        let mut work = self.storage.begin().await?;
        work.release_lease(lease.token).await?;
        Ok(work.commit().await?)
    }

    /// Leaves the job to the next process that [takes over](Self::take_over), at once.
    pub async fn hand_over(&self, lease: SyncLease) -> Result<(), SyncError> {
        let mut work = self.storage.begin().await?;
        work.renew_lease(lease.token, self.clock.now()).await?;
        Ok(work.commit().await?)
    }

    /// Prolongs the lease with what a work commits.
    pub(super) async fn prolong(
        &self,
        work: &mut dyn UnitOfWork,
        lease: &SyncLease,
    ) -> Result<(), SyncError> {
        let until = self.clock.now() + self.settings.lease;
        if work.renew_lease(lease.token, until).await? {
            Ok(())
        } else {
            Err(SyncError::LeaseLost)
        }
    }

    async fn begin_job(&self, owner: &str, task: Option<SyncTask>) -> Result<SyncLease, SyncError> {
        let now = self.clock.now();
        if let Some(left) = self.left_behind(now).await? {
            let until = left.until + self.settings.lease;
            if left.task.is_some() && until > now {
                let owner = left.owner;
                return Err(SyncError::Busy { owner, until });
            }
        }
        let lease = SyncLease {
            token: LeaseToken::from_uuid(self.ids.next()),
            job: SyncJobId::from_uuid(self.ids.next()),
        };
        self.take(&lease, owner, task, now).await?;
        let ended = "its process ended without a word; start it again";
        self.end_orphans(SyncStatus::Failed, ended, now).await?;
        Ok(lease)
    }

    /// Gives the lease if its holder has let it run out.
    async fn left_behind(&self, now: DateTime<Utc>) -> Result<Option<HeldLease>, SyncError> {
        let held = self.storage.held_lease().await?;
        Ok(held.filter(|held| held.until <= now))
    }

    async fn take(
        &self,
        lease: &SyncLease,
        owner: &str,
        task: Option<SyncTask>,
        now: DateTime<Utc>,
    ) -> Result<(), SyncError> {
        let held = HeldLease {
            token: lease.token,
            job: lease.job,
            task,
            owner: owner.to_owned(),
            until: now + self.settings.lease,
            cancel_wanted: false,
        };
        let mut work = self.storage.begin().await?;
        match work.take_lease(&held, now).await? {
            LeaseState::Held { owner, until } => Err(SyncError::Busy { owner, until }),
            LeaseState::Taken => Ok(work.commit().await?),
        }
    }

    /// Marks the runs whose process has ended as what has become of them.
    async fn end_orphans(
        &self,
        status: SyncStatus,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<(), SyncError> {
        let runs = self.storage.latest_runs(RECENT_RUNS).await?;
        let orphans = runs
            .into_iter()
            .filter(|run| run.status == SyncStatus::Running);
        let mut work = self.storage.begin().await?;
        for orphan in orphans {
            let ended = SyncRun {
                status,
                finished_at: Some(now),
                error: Some(error.to_owned()),
                ..orphan
            };
            work.put_run(&ended).await?;
        }
        work.commit().await?;
        Ok(())
    }
}
