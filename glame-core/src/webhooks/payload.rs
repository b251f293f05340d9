//! The bodies of events. Fields are added, never renamed and never given another meaning.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::EventType;
use crate::loyalty::{LoyaltyTransaction, Sequence};
use crate::sync::{SyncCounts, SyncKind, SyncRun, SyncStatus};
use crate::values::{DocumentRef, SegmentId, SyncRunId, TransactionId, UserId};

/// What is sent of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBody<D> {
    /// What has happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// When it happened; the time of the attempt is in a header.
    pub timestamp: DateTime<Utc>,
    /// What it is about.
    pub data: D,
}

/// Points have moved: `points.earned`, `points.spent`, `points.expired`, `points.bonus`,
/// `points.adjusted`, `points.reversed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsMoved {
    /// Whose points.
    pub user_id: UserId,
    /// The number of the transaction in the customer's ledger, from 1 without gaps.
    pub sequence: Sequence,
    /// The transaction.
    pub transaction_id: TransactionId,
    /// What it changes; negative where points go.
    pub points: i64,
    /// What all transactions up to this one come to; negative where there is a debt.
    pub balance_after: i64,
    /// The receipt that it is about.
    pub receipt_id: Option<DocumentRef>,
    /// The transaction that it takes back.
    pub reverses_transaction_id: Option<TransactionId>,
    /// When points that were given can be spent.
    pub available_from: Option<DateTime<Utc>>,
    /// When points that were given expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it takes effect.
    pub effective_at: DateTime<Utc>,
}

/// A customer is new: `customer.created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerCreated {
    /// Who.
    pub user_id: UserId,
    /// Always 0: it comes before every transaction of the customer.
    pub sequence: u64,
}

/// All points of a customer were moved to another one: `customer.merged`.
///
/// The transactions that moved them come as `points.adjusted` as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerMerged {
    /// Who gave.
    pub from_user_id: UserId,
    /// Who took.
    pub into_user_id: UserId,
    /// The number of the last transaction by which `from_user_id` gave.
    pub sequence: Sequence,
    /// How many points; negative where a debt was moved.
    pub points: i64,
}

/// A customer has come into a segment or has left it: `segment.entered`, `segment.left`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentChanged {
    /// The segment.
    pub segment_id: SegmentId,
    /// The customer.
    pub user_id: UserId,
    /// Grows with each change of this customer in this segment.
    pub sequence: u64,
}

/// A run of the synchronisation has ended: `sync.finished`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncFinished {
    /// The run.
    pub run_id: SyncRunId,
    /// What it brought over.
    pub kind: SyncKind,
    /// What became of it.
    pub status: SyncStatus,
    /// Grows with each run of the kind: the milliseconds from 1970 to its end.
    pub sequence: i64,
    /// What it did.
    pub counts: SyncCounts,
}

/// Nothing: `webhook.test`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestMessage {
    /// Says so.
    pub message: String,
    /// Always 0.
    pub sequence: u64,
}

impl Default for TestMessage {
    fn default() -> Self {
        Self {
            message: "this endpoint is reached".to_owned(),
            sequence: 0,
        }
    }
}

impl<D: Serialize> EventBody<D> {
    /// Writes the body as it is sent.
    pub(super) fn to_json(&self) -> String {
        let Self {
            event_type,
            timestamp,
            data,
        } = self;
        serde_json::json!({ "type": event_type, "timestamp": timestamp, "data": data }).to_string()
    }
}

impl PointsMoved {
    /// Says of a transaction what concerns others.
    ///
    /// The reason and the actor stay inside: people have written them.
    pub(super) fn of(transaction: &LoyaltyTransaction) -> Self {
        let of_user = |sequence: Sequence| sequence.transaction_of(transaction.user);
        let term = transaction.lot.map(|lot| lot.term);
        Self {
            user_id: transaction.user,
            sequence: transaction.sequence,
            transaction_id: transaction.id,
            points: transaction.points,
            balance_after: transaction.balance_after,
            receipt_id: transaction.receipt,
            reverses_transaction_id: transaction.reverses.map(of_user),
            available_from: term.map(|term| term.available_from),
            expires_at: term.and_then(|term| term.expires_at),
            effective_at: transaction.effective_at,
        }
    }
}

impl SyncFinished {
    pub(super) const fn of(run: &SyncRun, at: DateTime<Utc>) -> Self {
        Self {
            run_id: run.id,
            kind: run.kind,
            status: run.status,
            sequence: at.timestamp_millis(),
            counts: run.counts,
        }
    }
}
