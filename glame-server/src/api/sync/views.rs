//! What is shown of the synchronisation.

use chrono::{DateTime, Utc};
use glame_core::loyalty::Reconciliation;
use glame_core::ports::StoredReject;
use glame_core::sync::{SyncKind, SyncRun, SyncStatus};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use super::super::Named;
use super::super::paging::Page;
use crate::app::{SyncStage, SyncState};

/// How far a run or a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum StateName {
    /// It waits for a replica: the one that worked at it has ended.
    Queued,
    /// It is under way.
    Running,
    /// It has done all that it had to.
    Succeeded,
    /// It has stopped with an error; what it had written stays and is right.
    Failed,
    /// Somebody has stopped it; what it had written stays and is right.
    Cancelled,
}

impl From<SyncStatus> for StateName {
    fn from(status: SyncStatus) -> Self {
        match status {
            SyncStatus::Queued => Self::Queued,
            SyncStatus::Running => Self::Running,
            SyncStatus::Succeeded => Self::Succeeded,
            SyncStatus::Failed => Self::Failed,
            SyncStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// One run: one step of a job.
///
/// Of `points`, `read` are customers and `created` transactions; of `segments`, `read` are customers,
/// `created` those who have entered a segment and `removed` those who have left one, and `rejected`
/// segments that were edited all the while; of `comparison`,
/// `read` are customers and `updated` those whose points differ.
#[derive(Debug, Object)]
#[oai(rename = "SyncRun", skip_serializing_if_is_none)]
pub struct RunView {
    /// Its id.
    pub id: Uuid,
    /// What it brings over, makes or compares.
    pub kind: Named<SyncKind>,
    /// How far it has come.
    pub status: StateName,
    /// `schedule`, or `manual`.
    pub trigger: String,
    /// Records read.
    pub read: u64,
    /// Records that are new.
    pub created: u64,
    /// Records that have changed.
    pub updated: u64,
    /// Records that the base has no more.
    pub removed: u64,
    /// Records that are as they were.
    pub unchanged: u64,
    /// Records that could not be understood and were set aside.
    pub rejected: u64,
    /// Requests to the base.
    pub requests: u64,
    /// From when on purchases were read; absent for all of them.
    pub since: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub queued_at: DateTime<Utc>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it failed and what to do.
    pub error: Option<String>,
}

impl From<&SyncRun> for RunView {
    fn from(run: &SyncRun) -> Self {
        Self {
            id: *run.id.as_uuid(),
            kind: Named(run.kind),
            status: run.status.into(),
            trigger: run.trigger.as_str().to_owned(),
            read: run.counts.read,
            created: run.counts.created,
            updated: run.counts.updated,
            removed: run.counts.removed,
            unchanged: run.counts.unchanged,
            rejected: run.counts.rejected,
            requests: run.counts.requests,
            since: run.since,
            queued_at: run.queued_at,
            started_at: run.started_at,
            finished_at: run.finished_at,
            error: run.error.clone(),
        }
    }
}

/// A job: the runs that somebody has asked for together.
#[derive(Debug, Object)]
#[oai(rename = "SyncJob", skip_serializing_if_is_none)]
pub struct JobView {
    /// Its id.
    pub id: Uuid,
    /// How far it has come.
    pub status: StateName,
    /// Whether somebody has asked it to stop.
    pub cancel_wanted: bool,
    /// Which process works at it, or did last.
    pub owner: Option<String>,
    /// Its runs so far.
    pub runs: Vec<RunView>,
}

impl From<&SyncState> for JobView {
    fn from(state: &SyncState) -> Self {
        let last = state.runs.last().map(|run| run.status);
        let status = match (&state.stage, last) {
            (SyncStage::Worked(_), _) => StateName::Running,
            (SyncStage::Left(_), _) => StateName::Queued,
            // Its process has ended without a word.
            (SyncStage::Over, Some(SyncStatus::Running | SyncStatus::Queued) | None) => {
                StateName::Failed
            }
            (SyncStage::Over, Some(status)) => status.into(),
        };
        let lease = state.stage.lease();
        Self {
            id: *state.job.as_uuid(),
            status,
            cancel_wanted: lease.is_some_and(|held| held.cancel_wanted),
            owner: lease.map(|held| held.owner.clone()),
            runs: state.runs.iter().map(RunView::from).collect(),
        }
    }
}

/// A job was begun.
#[derive(Debug, Object)]
pub struct JobBegun {
    /// Always true.
    pub success: bool,
    /// The job.
    pub task_id: Uuid,
    /// Where to ask how far it is.
    pub status_url: String,
}

/// How the synchronisation stands.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Standing {
    /// Customers that are not removed.
    pub total_customers: u64,
    /// When customers were last brought over.
    pub last_sync: Option<DateTime<Utc>>,
    /// What is under way, in any replica.
    pub active_tasks: Vec<JobView>,
    /// Why the newest run of a kind failed, where it did.
    pub errors: Vec<String>,
    /// The newest runs, newest first.
    pub runs: Vec<RunView>,
}

/// A record that was set aside.
#[derive(Debug, Object)]
pub struct RejectView {
    /// The set of the base.
    pub set: String,
    /// Which record.
    pub reference: String,
    /// Why.
    pub reason: String,
}

impl From<StoredReject> for RejectView {
    fn from(StoredReject { rejected, .. }: StoredReject) -> Self {
        Self {
            set: rejected.set,
            reference: rejected.reference,
            reason: rejected.reason,
        }
    }
}

/// A page of the records that a run has set aside.
#[derive(Debug, Object)]
pub struct Rejects {
    /// The records, in the order in which they were set aside.
    pub rejects: Vec<RejectView>,
    /// Where the list goes on. The first ten thousand of a run are kept; the run counts all of them.
    pub page: Page,
}

/// A page of runs.
#[derive(Debug, Object)]
pub struct SyncRuns {
    /// The runs, the newest first.
    pub runs: Vec<RunView>,
    /// Where the list goes on.
    pub page: Page,
}

/// The points of the shop's base beside those of the ledger.
#[derive(Debug, Object)]
pub struct PointsCompared {
    /// When they were compared.
    pub compared_at: DateTime<Utc>,
    /// Customers who have points in the base or transactions here.
    pub customers: u64,
    /// Customers whose points differ.
    pub different: u64,
    /// The first thousand of them.
    pub differences: Vec<DifferenceView>,
    /// All points in the base, of cards whose holder is known.
    pub source_points: i64,
    /// All points here: what can be spent now or later, less what is owed.
    pub ledger_points: i64,
    /// Cards of the base that are not known here: bring customers over first.
    pub unknown_cards: u64,
    /// Records of the base that could not be understood; of their customers nothing is said.
    pub rejected: u64,
    /// Whether the differences were made up for in the ledger, as it is where 1C keeps the points.
    pub corrected: bool,
}

/// A customer whose points differ.
#[derive(Debug, Object)]
#[oai(rename = "PointsDifference")]
pub struct DifferenceView {
    /// Who.
    pub customer_id: Uuid,
    /// What the base says, over all cards of the customer.
    pub source_points: i64,
    /// What the ledger says.
    pub ledger_points: i64,
}

impl From<Reconciliation> for PointsCompared {
    fn from(compared: Reconciliation) -> Self {
        let shown = |points: i128| i64::try_from(points).unwrap_or(i64::MAX);
        let differences = compared.differences.iter();
        Self {
            compared_at: compared.compared_at,
            customers: compared.customers,
            different: compared.different,
            differences: differences
                .map(|one| DifferenceView {
                    customer_id: *one.user.as_uuid(),
                    source_points: one.source_points,
                    ledger_points: one.ledger_points,
                })
                .collect(),
            source_points: shown(compared.source_points),
            ledger_points: shown(compared.ledger_points),
            unknown_cards: compared.unknown_cards,
            rejected: compared.rejected,
            corrected: compared.corrected,
        }
    }
}
