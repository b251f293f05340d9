//! The ledger of points.

mod post;
mod recall;
mod reconciliation;
mod totals;
mod transaction;

use chrono::NaiveDate;
use glame_core::loyalty::{
    AccountHeader, ChainHash, IdempotencyKey, Lot, Sequence, Spendable, Term,
};
use glame_core::ports::{SettlementMark, StorageError, StoredRequest};
use glame_core::values::{Points, UserId};
use serde::Serialize;
use uuid::Uuid;

pub(crate) use self::post::PostCells;
pub(crate) use self::recall::{Accounts, RecallNeeds};
pub(crate) use self::reconciliation::{reconciliation_document, reconciliation_from};
pub(crate) use self::totals::{AccountTotalsRow, LotTotalsRow, RuleTotalsRow};
pub(crate) use self::transaction::{TransactionRow, pages_of, sequence_bound};
use super::Instant;
use crate::driver_error::refused;
use crate::tables::{LOYALTY_ACCOUNTS, LOYALTY_LOTS, LOYALTY_REQUESTS, Table};

/// A row of `loyalty_accounts` with one of its lots, or with none where there is none.
#[derive(Debug)]
pub(crate) struct AccountRow {
    pub(crate) user_id: Uuid,
    pub(crate) sequence: i64,
    pub(crate) balance: i64,
    pub(crate) debt: i64,
    pub(crate) spendable: Option<i64>,
    pub(crate) spendable_since: Option<Instant>,
    pub(crate) spendable_until: Option<Instant>,
    pub(crate) spendable_sequence: Option<i64>,
    pub(crate) recorded_at: Option<Instant>,
    pub(crate) hash: Vec<u8>,
    pub(crate) birthdays: String,
    pub(crate) lot: Option<i64>,
    pub(crate) original: Option<i64>,
    pub(crate) remaining: Option<i64>,
    pub(crate) expired: Option<i64>,
    pub(crate) available_from: Option<Instant>,
    pub(crate) expires_at: Option<Instant>,
    pub(crate) reinstated: Option<bool>,
    /// Whether there is more that was asked for: transactions or requests.
    pub(crate) recalls: bool,
}

impl AccountRow {
    fn header(&self) -> Result<AccountHeader, StorageError> {
        let birthdays: Vec<NaiveDate> =
            serde_json::from_str(&self.birthdays).map_err(LOYALTY_ACCOUNTS.corrupt("birthdays"))?;
        Ok(AccountHeader {
            user: UserId::from_uuid(self.user_id),
            sequence: sequence(LOYALTY_ACCOUNTS, "sequence", self.sequence)?,
            balance: self.balance,
            debt: points(LOYALTY_ACCOUNTS, "debt", self.debt)?,
            spendable: self.spendable()?,
            recorded_at: self.recorded_at.map(|at| at.0),
            hash: chain_hash(LOYALTY_ACCOUNTS, "hash", &self.hash)?,
            birthdays,
        })
    }

    /// Gives what can be spent, unless it speaks of an earlier transaction than the last.
    fn spendable(&self) -> Result<Option<Spendable>, StorageError> {
        let kept = self
            .spendable
            .filter(|_| self.spendable_sequence == Some(self.sequence));
        kept.map(|kept| {
            Ok(Spendable {
                points: points(LOYALTY_ACCOUNTS, "spendable", kept)?,
                since: self.spendable_since.map(|at| at.0),
                until: self.spendable_until.map(|at| at.0),
            })
        })
        .transpose()
    }

    fn into_lot(self) -> Option<LotRow> {
        Some(LotRow {
            user_id: self.user_id,
            lot: self.lot?,
            original: self.original?,
            remaining: self.remaining?,
            expired: self.expired?,
            available_from: self.available_from?,
            expires_at: self.expires_at,
            reinstated: self.reinstated?,
        })
    }
}

/// A row of `loyalty_lots`.
#[derive(Debug)]
pub(crate) struct LotRow {
    pub(crate) user_id: Uuid,
    pub(crate) lot: i64,
    pub(crate) original: i64,
    pub(crate) remaining: i64,
    pub(crate) expired: i64,
    pub(crate) available_from: Instant,
    pub(crate) expires_at: Option<Instant>,
    pub(crate) reinstated: bool,
}

impl TryFrom<LotRow> for Lot {
    type Error = StorageError;

    fn try_from(row: LotRow) -> Result<Self, StorageError> {
        Ok(Self {
            lot: sequence(LOYALTY_LOTS, "lot", row.lot)?,
            original: points(LOYALTY_LOTS, "original", row.original)?,
            remaining: points(LOYALTY_LOTS, "remaining", row.remaining)?,
            expired: points(LOYALTY_LOTS, "expired", row.expired)?,
            term: Term {
                available_from: row.available_from.0,
                expires_at: row.expires_at.map(|at| at.0),
                reinstated: row.reinstated,
            },
        })
    }
}

/// A row of `loyalty_requests`.
#[derive(Debug)]
pub(crate) struct RequestRow {
    pub(crate) user_id: Uuid,
    pub(crate) idempotency_key: String,
    pub(crate) request: String,
    pub(crate) outcome: String,
    pub(crate) decided_at: Instant,
}

impl TryFrom<RequestRow> for StoredRequest {
    type Error = StorageError;

    fn try_from(row: RequestRow) -> Result<Self, StorageError> {
        Ok(Self {
            key: IdempotencyKey::parse(&row.idempotency_key)
                .map_err(LOYALTY_REQUESTS.corrupt("idempotency_key"))?,
            request: serde_json::from_str(&row.request)
                .map_err(LOYALTY_REQUESTS.corrupt("request"))?,
            outcome: serde_json::from_str(&row.outcome)
                .map_err(LOYALTY_REQUESTS.corrupt("outcome"))?,
            decided_at: row.decided_at.0,
        })
    }
}

/// A row of `loyalty_settlements`.
#[derive(Debug)]
pub(crate) struct SettlementRow {
    pub(crate) user_id: Uuid,
    pub(crate) raised: i64,
}

impl From<SettlementRow> for SettlementMark {
    fn from(row: SettlementRow) -> Self {
        Self {
            user: UserId::from_uuid(row.user_id),
            raised: row.raised,
        }
    }
}

/// Tells that an account is asked for whose user does not exist.
pub(crate) fn unknown_user(user: &Uuid) -> StorageError {
    refused(
        "locking accounts",
        &format!("store user {user} first"),
        "the user does not exist",
    )
}

/// Tells that somebody posts to an account without having locked it.
pub(crate) fn not_locked() -> StorageError {
    refused(
        "writing points",
        "report this as a defect of glame, with the log",
        "an account that is posted to was not locked before",
    )
}

fn sequence(table: Table, column: &'static str, number: i64) -> Result<Sequence, StorageError> {
    u32::try_from(number)
        .map(Sequence::new)
        .map_err(table.corrupt(column))
}

/// Reads the points that can be spent.
pub(crate) fn available_points(sum: i64) -> Result<Points, StorageError> {
    points(LOYALTY_LOTS, "remaining", sum)
}

fn points(table: Table, column: &'static str, number: i64) -> Result<Points, StorageError> {
    Points::try_new(number).map_err(table.corrupt(column))
}

fn chain_hash(table: Table, column: &'static str, bytes: &[u8]) -> Result<ChainHash, StorageError> {
    bytes
        .try_into()
        .map(ChainHash::from_bytes)
        .map_err(table.corrupt(column))
}

/// Writes a value as the text that a column keeps.
fn json_of(
    table: Table,
    column: &'static str,
    value: &impl Serialize,
) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(table.corrupt(column))
}
