use std::sync::Arc;
use std::time::Duration;

use glame_core::loyalty::LoyaltyService;
use glame_core::ports::{Clock, HeldLease, PointsSource, Storage, StorageError};
use glame_core::sync::{
    CustomerSyncService, PurchaseScope, SyncError, SyncObserver, SyncRun, SyncTrigger,
};
use glame_core::values::LeaseToken;

use crate::clock::SystemClock;
use crate::jobs::{SyncJob, SyncPatience, SyncTarget};
use crate::output::describe;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::wiring;

/// Where people ask for the synchronisation, see how far it is, and stop it.
#[derive(Clone)]
pub struct SyncDesk {
    storage: Arc<dyn Storage>,
    works: Option<Arc<Works>>,
    stop: Stop,
}

struct Works {
    settings: Settings,
    service: CustomerSyncService,
    loyalty: LoyaltyService,
    points: Option<Arc<dyn PointsSource>>,
}

/// A job of the synchronisation, running or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncState {
    /// Its name.
    pub job: LeaseToken,
    /// Who works at it, while somebody does.
    pub lease: Option<HeldLease>,
    /// Its runs so far.
    pub runs: Vec<SyncRun>,
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

impl std::fmt::Debug for SyncDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncDesk").finish_non_exhaustive()
    }
}

impl SyncDesk {
    /// Puts the desk together; without a base it only shows what was done.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, stop: Stop) -> Self {
        Self {
            storage,
            works: None,
            stop,
        }
    }

    /// Lets people begin jobs.
    #[must_use]
    pub fn with_source(
        self,
        settings: &Settings,
        service: CustomerSyncService,
        loyalty: LoyaltyService,
        points: Option<Arc<dyn PointsSource>>,
    ) -> Self {
        let works = Works {
            settings: settings.clone(),
            service,
            loyalty,
            points,
        };
        Self {
            works: Some(Arc::new(works)),
            ..self
        }
    }

    /// Begins a job and gives its name; it goes on after the answer.
    ///
    /// # Errors
    /// [`SyncRefused::NoSource`], [`SyncRefused::Busy`] while any replica is at work.
    pub async fn begin(
        &self,
        target: SyncTarget,
        scope: PurchaseScope,
    ) -> Result<LeaseToken, SyncRefused> {
        let works = self.works.clone().ok_or(SyncRefused::NoSource)?;
        let owner = format!("process {}", std::process::id());
        let lease = match works.service.acquire_lease(&owner).await {
            Ok(lease) => lease,
            Err(SyncError::Busy { owner, .. }) => {
                let held = self.storage.held_lease().await?;
                let job = held.map(|held| held.token.as_uuid().to_string());
                return Err(SyncRefused::Busy {
                    owner,
                    job: job.unwrap_or_default(),
                });
            }
            Err(error) => return Err(SyncRefused::Sync(error)),
        };
        let job = lease.job();
        let (storage, stop) = (Arc::clone(&self.storage), self.stop.clone());
        tokio::spawn(async move {
            let work = SyncJob {
                service: &works.service,
                loyalty: &works.loyalty,
                points: works.points.as_deref(),
                storage: storage.as_ref(),
                target,
                scope,
                as_of: wiring::as_of(&works.settings),
                trigger: SyncTrigger::Manual,
                patience: SyncPatience::None,
            };
            let lease_time = Duration::from_secs(u64::from(works.settings.sync.lease_seconds));
            let outcome = work.run_under(lease, &Stoppable(stop), lease_time).await;
            if let Some(error) = outcome.error {
                tracing::error!(error = describe(&error), "the synchronisation stopped");
            }
        });
        Ok(job)
    }

    /// Shows a job.
    ///
    /// # Errors
    /// [`SyncRefused::Unknown`].
    pub async fn job(&self, job: LeaseToken) -> Result<SyncState, SyncRefused> {
        let held = self.storage.held_lease().await?;
        let lease = held.filter(|held| held.token == job && held.until > SystemClock.now());
        let runs = self.storage.runs_of_job(job).await?;
        if lease.is_none() && runs.is_empty() {
            return Err(SyncRefused::Unknown);
        }
        Ok(SyncState { job, lease, runs })
    }

    /// Gives the job that is under way, in any replica.
    pub async fn under_way(&self) -> Result<Option<SyncState>, SyncRefused> {
        let held = self.storage.held_lease().await?;
        let Some(lease) = held.filter(|held| held.until > SystemClock.now()) else {
            return Ok(None);
        };
        let runs = self.storage.runs_of_job(lease.token).await?;
        Ok(Some(SyncState {
            job: lease.token,
            lease: Some(lease),
            runs,
        }))
    }

    /// Asks a job to stop, whichever replica works at it; it does so before its next page.
    ///
    /// # Errors
    /// [`SyncRefused::Unknown`], [`SyncRefused::Over`].
    pub async fn cancel(&self, job: LeaseToken) -> Result<(), SyncRefused> {
        let mut work = self.storage.begin().await?;
        if !work.ask_to_cancel(job).await? {
            drop(work);
            self.job(job).await?;
            return Err(SyncRefused::Over);
        }
        work.commit().await?;
        Ok(())
    }
}

/// Stops with the server.
#[derive(Debug)]
struct Stoppable(Stop);

impl SyncObserver for Stoppable {
    fn progressed(&self, _run: &SyncRun) {}

    fn wants_to_cancel(&self) -> bool {
        self.0.is_wanted()
    }
}
