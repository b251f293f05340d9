use glame_core::ports::{
    HeldLease, RejectPlace, Rejected, SourceCursor, StorageError, StoredReject,
};
use glame_core::sync::{SyncKind, SyncRun, SyncStatus, SyncTrigger};
use glame_core::values::{LeaseToken, SyncJobId, SyncRunId};
use uuid::Uuid;

use super::Instant;
use crate::tables::{SYNC_LEASE, SYNC_RUNS};

/// A row of `sync_runs`.
#[derive(Debug)]
pub(crate) struct SyncRunRow {
    pub(crate) run: Uuid,
    pub(crate) kind: String,
    pub(crate) since: Option<Instant>,
    pub(crate) status: String,
    pub(crate) triggered_by: String,
    pub(crate) counts: String,
    pub(crate) cursor: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) queued_at: Instant,
    pub(crate) started_at: Option<Instant>,
    pub(crate) finished_at: Option<Instant>,
    pub(crate) job: Option<Uuid>,
}

impl TryFrom<SyncRunRow> for SyncRun {
    type Error = StorageError;

    fn try_from(row: SyncRunRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: SyncRunId::from_uuid(row.run),
            job: row.job.map(SyncJobId::from_uuid),
            kind: SyncKind::from_name(&row.kind)
                .ok_or("not a kind of run")
                .map_err(SYNC_RUNS.corrupt("kind"))?,
            since: row.since.map(|at| at.0),
            status: SyncStatus::from_name(&row.status)
                .ok_or("not a status")
                .map_err(SYNC_RUNS.corrupt("status"))?,
            trigger: SyncTrigger::from_name(&row.triggered_by)
                .ok_or("not a trigger")
                .map_err(SYNC_RUNS.corrupt("triggered_by"))?,
            counts: serde_json::from_str(&row.counts).map_err(SYNC_RUNS.corrupt("counts"))?,
            cursor: row.cursor.map(SourceCursor::new),
            error: row.error,
            queued_at: row.queued_at.0,
            started_at: row.started_at.map(|at| at.0),
            finished_at: row.finished_at.map(|at| at.0),
        })
    }
}

/// The row of `sync_lease`.
#[derive(Debug)]
pub(crate) struct LeaseRow {
    pub(crate) token: Uuid,
    pub(crate) job: Uuid,
    pub(crate) task: Option<String>,
    pub(crate) owner: String,
    pub(crate) expires_at: Instant,
    pub(crate) cancel_wanted: bool,
}

impl TryFrom<LeaseRow> for HeldLease {
    type Error = StorageError;

    fn try_from(row: LeaseRow) -> Result<Self, StorageError> {
        let task = row.task.as_deref().map(serde_json::from_str);
        Ok(Self {
            token: LeaseToken::from_uuid(row.token),
            job: SyncJobId::from_uuid(row.job),
            task: task.transpose().map_err(SYNC_LEASE.corrupt("task"))?,
            owner: row.owner,
            until: row.expires_at.0,
            cancel_wanted: row.cancel_wanted,
        })
    }
}

/// Gives the task of a lease as `sync_lease` keeps it.
pub(crate) fn task_of(lease: &HeldLease) -> Result<Option<String>, StorageError> {
    let task = lease.task.as_ref().map(serde_json::to_string);
    task.transpose().map_err(SYNC_LEASE.corrupt("task"))
}

/// A row of `sync_rejects`.
#[derive(Debug)]
pub(crate) struct RejectRow {
    pub(crate) position: i64,
    pub(crate) source_set: String,
    pub(crate) reference: String,
    pub(crate) reason: String,
}

impl From<RejectRow> for StoredReject {
    fn from(row: RejectRow) -> Self {
        Self {
            place: RejectPlace::new(row.position),
            rejected: Rejected {
                set: row.source_set,
                reference: row.reference,
                reason: row.reason,
            },
        }
    }
}

/// The namespace of the names of rejects.
const REJECTS: Uuid = Uuid::from_u128(0x3d1c_b0de_5e0b_5a4e_9c41_7f8a_60d2_1e55);

/// Names a reject by all that it says, so that the same one is stored once.
pub(crate) fn reject_id(reject: &Rejected) -> Uuid {
    let Rejected {
        set,
        reference,
        reason,
    } = reject;
    // The lengths keep apart what only the borders tell apart.
    let name = format!("{} {} {set}{reference}{reason}", set.len(), reference.len());
    Uuid::new_v5(&REJECTS, name.as_bytes())
}

/// Gives a text as both databases can keep it: PostgreSQL has no place for the character NUL.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Gives the counts of a run as `sync_runs` keeps them.
pub(crate) fn counts_of(run: &SyncRun) -> Result<String, StorageError> {
    serde_json::to_string(&run.counts).map_err(SYNC_RUNS.corrupt("counts"))
}
