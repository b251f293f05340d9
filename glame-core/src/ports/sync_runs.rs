use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Rejected, StorageError};
use crate::sync::{SyncKind, SyncRun, SyncTask};
use crate::values::{LeaseToken, SyncJobId, SyncRunId};

/// Finds runs of the synchronisation.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait SyncRunReader: Send + Sync {
    /// Gives a run.
    async fn run(&self, id: SyncRunId) -> Result<Option<SyncRun>, StorageError>;

    /// Gives the runs of a job, in the order in which they were begun.
    async fn runs_of_job(&self, job: SyncJobId) -> Result<Vec<SyncRun>, StorageError>;

    /// Gives the lease as it was taken last, run out or not; none if nobody holds it.
    async fn held_lease(&self) -> Result<Option<HeldLease>, StorageError>;

    /// Gives runs by `queued_at` and id, the newest first.
    async fn runs(&self, query: RunQuery) -> Result<Vec<SyncRun>, StorageError>;

    /// Gives the runs that are under way, or whose process has ended without a word, by `queued_at`
    /// and id.
    async fn running(&self) -> Result<Vec<SyncRun>, StorageError>;

    /// Gives the newest run of a kind that has succeeded.
    async fn last_succeeded(&self, kind: SyncKind) -> Result<Option<SyncRun>, StorageError>;

    /// Gives the newest run of a kind that has succeeded and read everything.
    async fn last_complete(&self, kind: SyncKind) -> Result<Option<SyncRun>, StorageError>;

    /// Gives the newest run of a kind, whatever became of it.
    async fn last_run(&self, kind: SyncKind) -> Result<Option<SyncRun>, StorageError>;

    /// Tells whether a card has changed its owner in a run queued at `since` or later.
    async fn cards_moved_since(&self, since: DateTime<Utc>) -> Result<bool, StorageError>;

    /// Gives the next `limit` rejects of a run after `after`, in the order in which they were added.
    async fn rejects(
        &self,
        run: SyncRunId,
        after: Option<RejectPlace>,
        limit: u32,
    ) -> Result<Vec<StoredReject>, StorageError>;
}

/// Asks for a page of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunQuery {
    /// Of which kind; none for all.
    pub kind: Option<SyncKind>,
    /// The run that the page goes on from; none begins with the newest.
    pub before: Option<RunPlace>,
    /// How many at most.
    pub limit: u32,
}

impl RunQuery {
    /// Asks for so many of the newest.
    #[must_use]
    pub const fn newest(limit: u32) -> Self {
        Self {
            kind: None,
            before: None,
            limit,
        }
    }
}

/// Where a run stands among all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunPlace {
    /// When it was asked for.
    pub queued_at: DateTime<Utc>,
    /// Which run it is.
    pub run: SyncRunId,
}

/// Where a reject stands among those of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RejectPlace(i64);

impl RejectPlace {
    /// Names a place by its number, which grows with each reject that is added.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Gives the number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// A reject and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReject {
    /// Where it stands.
    pub place: RejectPlace,
    /// What was set aside, and why.
    pub rejected: Rejected,
}

/// Writes runs of the synchronisation.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait SyncRunWriter: Send {
    /// Takes the one lease of the synchronisation as given, if it is free or has run out at `now`.
    ///
    /// Two works at once never both get it.
    async fn take_lease(
        &mut self,
        lease: &HeldLease,
        now: DateTime<Utc>,
    ) -> Result<LeaseState, StorageError>;

    /// Puts a lease in the place of the one that `left` names, if that has run out at `now`, and tells
    /// whether it was still there.
    ///
    /// Both are of one job. Whether the job was asked to stop stays as it is.
    async fn take_over_lease(
        &mut self,
        left: LeaseToken,
        lease: &HeldLease,
        now: DateTime<Utc>,
    ) -> Result<bool, StorageError>;

    /// Prolongs the lease until `until` if `token` still holds it, and tells whether it does.
    ///
    /// Inside a work it is the fence: what is committed with it was written by the holder.
    async fn renew_lease(
        &mut self,
        token: LeaseToken,
        until: DateTime<Utc>,
    ) -> Result<bool, StorageError>;

    /// Asks whoever works at a job to stop, and tells whether the lease is that of the job.
    ///
    /// It is so even after it has run out: whoever goes on with the job learns of it.
    async fn ask_to_cancel(&mut self, job: SyncJobId) -> Result<bool, StorageError>;

    /// Gives the lease back if `token` still holds it.
    async fn release_lease(&mut self, token: LeaseToken) -> Result<(), StorageError>;

    /// Stores a run as given.
    async fn put_run(&mut self, run: &SyncRun) -> Result<(), StorageError>;

    /// Adds rejects to a run that exists; one that is there already stays single.
    async fn add_rejects(
        &mut self,
        run: SyncRunId,
        rejects: &[Rejected],
    ) -> Result<(), StorageError>;
}

/// The lease while somebody holds it, or after its holder has ended without giving it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLease {
    /// What its holder proves to be the holder by.
    pub token: LeaseToken,
    /// The job that is done under it, by one holder after the other.
    pub job: SyncJobId,
    /// What another process is to do if the holder ends; none if a person waits for the holder.
    pub task: Option<SyncTask>,
    /// Who holds it, for people.
    pub owner: String,
    /// When it runs out unless it is prolonged.
    pub until: DateTime<Utc>,
    /// Whether the holder has been asked to stop.
    pub cancel_wanted: bool,
}

/// Who holds the lease of the synchronisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseState {
    /// The caller.
    Taken,
    /// Somebody else.
    Held {
        /// Who it is, for people.
        owner: String,
        /// When it runs out unless it is prolonged.
        until: DateTime<Utc>,
    },
}
