use chrono::{DateTime, Utc};

use super::{CustomerSyncService, SyncError, SyncRun, SyncStatus, SyncTask};
use crate::ports::{HeldLease, LeaseState, UnitOfWork};
use crate::values::{LeaseToken, SyncJobId};
use crate::webhooks::OutboxEvent;

/// After how many processes have ended over a job nobody goes on with it: it may be what ends them.
const MOST_ENDS: usize = 5;

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
    /// What it had stored stays, and the runs that have succeeded need not be made again. Whoever was
    /// asked to stop the job is heard by its next holder. A job over which process after process ends
    /// is given up.
    pub async fn take_over(&self, owner: &str) -> Result<Option<(SyncLease, SyncTask)>, SyncError> {
        let now = self.clock.now();
        let Some(left) = self.left_behind(now).await? else {
            return Ok(None);
        };
        let Some(task) = left.task else {
            return Ok(None);
        };
        let runs = self.storage.runs_of_job(left.job).await?;
        let ended = [SyncStatus::Failed, SyncStatus::Running];
        let ends = runs.iter().filter(|run| ended.contains(&run.status));
        let is_given_up = ends.count() >= MOST_ENDS;
        let mine = HeldLease {
            token: LeaseToken::from_uuid(self.ids.next()),
            owner: owner.to_owned(),
            until: now + self.settings.lease,
            ..left.clone()
        };
        let mut work = self.storage.begin().await?;
        if !work.take_over_lease(left.token, &mine, now).await? {
            // Another process was quicker, or the job has come to its end.
            return Ok(None);
        }
        work.commit().await?;
        let lease = SyncLease {
            token: mine.token,
            job: mine.job,
        };
        let error = if is_given_up {
            "its process ended, as others did before; nobody goes on with the job"
        } else {
            "its process ended; another one went on"
        };
        if let Err(refused) = self.end_orphans(error, now).await {
            // The job is left as it was found; the lease runs out by itself if this fails, too.
            let _ = self.hand_over(lease).await;
            return Err(refused);
        }
        if is_given_up {
            self.release_lease(lease).await?;
            return Ok(None);
        }
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
        let mine = HeldLease {
            token: LeaseToken::from_uuid(self.ids.next()),
            job: SyncJobId::from_uuid(self.ids.next()),
            task,
            owner: owner.to_owned(),
            until: now + self.settings.lease,
            cancel_wanted: false,
        };
        let lease = self.take(&mine, now).await?;
        self.without_orphans(
            lease,
            "its process ended without a word; start it again",
            now,
        )
        .await
    }

    /// Ends the runs that were left behind; if that fails, the lease is given back at once.
    async fn without_orphans(
        &self,
        lease: SyncLease,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<SyncLease, SyncError> {
        if let Err(refused) = self.end_orphans(error, now).await {
            // The lease runs out by itself if this fails, too.
            let _ = self.release_lease(lease).await;
            return Err(refused);
        }
        Ok(lease)
    }

    /// Gives the lease if its holder has let it run out.
    async fn left_behind(&self, now: DateTime<Utc>) -> Result<Option<HeldLease>, SyncError> {
        let held = self.storage.held_lease().await?;
        Ok(held.filter(|held| held.until <= now))
    }

    async fn take(&self, lease: &HeldLease, now: DateTime<Utc>) -> Result<SyncLease, SyncError> {
        let mut work = self.storage.begin().await?;
        match work.take_lease(lease, now).await? {
            LeaseState::Held { owner, until } => return Err(SyncError::Busy { owner, until }),
            LeaseState::Taken => {}
        }
        work.commit().await?;
        Ok(SyncLease {
            token: lease.token,
            job: lease.job,
        })
    }

    /// Marks the runs as failed whose process has ended.
    async fn end_orphans(&self, error: &str, now: DateTime<Utc>) -> Result<(), SyncError> {
        let orphans = self.storage.running().await?;
        let mut work = self.storage.begin().await?;
        for orphan in orphans {
            let ended = SyncRun {
                status: SyncStatus::Failed,
                finished_at: Some(now),
                error: Some(error.to_owned()),
                ..orphan
            };
            work.put_run(&ended).await?;
            let told = || [OutboxEvent::sync_finished(&ended, now)];
            self.events.record(work.as_mut(), told).await?;
        }
        work.commit().await?;
        Ok(())
    }
}
