use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ports::{Rejected, SourceCursor};
use crate::values::{SyncJobId, SyncRunId};

/// What a run brings over or makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncKind {
    /// Cards and the customers who hold them.
    Customers,
    /// Articles and stores.
    Catalogue,
    /// Sales.
    Purchases,
    /// The figures that follow from the purchases.
    Metrics,
    /// The points that follow from purchases and figures.
    Points,
    /// What the models say of the shop, and the members of segments.
    Segments,
    /// The points of the source beside those of the ledger.
    Comparison,
}

impl SyncKind {
    /// Every kind, in the order in which they run.
    pub const ALL: [Self; 7] = [
        Self::Customers,
        Self::Catalogue,
        Self::Purchases,
        Self::Metrics,
        Self::Points,
        Self::Segments,
        Self::Comparison,
    ];

    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Catalogue => "catalogue",
            Self::Purchases => "purchases",
            Self::Metrics => "metrics",
            Self::Points => "points",
            Self::Segments => "segments",
            Self::Comparison => "comparison",
        }
    }

    /// Finds a kind by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncStatus {
    /// Waits for its turn.
    Queued,
    /// Is running, or was when its process ended without a word.
    Running,
    /// Has done all that it had to.
    Succeeded,
    /// Has stopped with an error; what it had written stays and is right.
    Failed,
    /// Was stopped, by a person or because its server ended; what it had written stays and is right.
    Cancelled,
}

impl SyncStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Finds a status by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// Who asked for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncTrigger {
    /// The schedule.
    Schedule,
    /// A person, by the command line or the API.
    Manual,
}

impl SyncTrigger {
    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Manual => "manual",
        }
    }

    /// Finds a trigger by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Schedule, Self::Manual]
            .into_iter()
            .find(|trigger| trigger.as_str() == name)
    }
}

/// What a run has done so far.
///
/// `read = created + updated + unchanged + anonymous + inactive + rejected` for purchases, in
/// lines; for the other kinds in cards and profiles, articles and stores, customers. Documents that
/// may have been moved are read whole and count beside what was read in their window.
///
/// Of points, `read` are customers and `created` transactions; of segments, `read` are customers,
/// `created` those who have entered one and `removed` those who have left one, and `rejected` segments
/// that were edited all the while; of a comparison, `read`
/// are customers and `updated` those whose points differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncCounts {
    /// Records read from the source.
    pub read: u64,
    /// Records that are new.
    pub created: u64,
    /// Records that have changed.
    pub updated: u64,
    /// Records that the source has no more.
    pub removed: u64,
    /// Records that are as they were.
    pub unchanged: u64,
    /// Records that could not be understood.
    pub rejected: u64,
    /// Sales that name nobody, and counterparties that are no customers.
    pub anonymous: u64,
    /// Lines that are switched off in the source.
    pub inactive: u64,
    /// Cards that have changed their owner.
    pub moved: u64,
    /// Requests to the source.
    pub requests: u64,
}

/// What a step has done that is recorded as a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// What it has counted.
    pub counts: SyncCounts,
    /// Records of the source that it could not understand: the first of `counts.rejected`.
    pub rejects: Vec<Rejected>,
}

impl From<SyncCounts> for Recorded {
    fn from(counts: SyncCounts) -> Self {
        Self {
            counts,
            rejects: Vec::new(),
        }
    }
}

/// One run of the synchronisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRun {
    /// Which run it is.
    pub id: SyncRunId,
    /// The job that it belongs to; none of old runs.
    pub job: Option<SyncJobId>,
    /// What it brings over.
    pub kind: SyncKind,
    /// From when on purchases are read; none for all of them. Other kinds always read all.
    pub since: Option<DateTime<Utc>>,
    /// How far it has come.
    pub status: SyncStatus,
    /// Who asked for it.
    pub trigger: SyncTrigger,
    /// What it has done so far.
    pub counts: SyncCounts,
    /// The end of the last window that is completely stored; a killed run goes on from here.
    pub cursor: Option<SourceCursor>,
    /// Why it failed, in words that say what to do.
    pub error: Option<String>,
    /// When it was asked for; of a run that continues another one, when that was.
    pub queued_at: DateTime<Utc>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}
