use glame_core::loyalty::{
    Draw, IdempotencyKey, LoyaltyTransaction, NewLot, RuleRef, Source, Term, TransactionKind,
};
use glame_core::ports::{StorageError, TransactionQuery};
use glame_core::values::{DocumentRef, PlainText, TransactionId, UserId};
use uuid::Uuid;

use super::{chain_hash, points, sequence};
use crate::rows::Instant;
use crate::tables::{LOYALTY_DRAWS, LOYALTY_TRANSACTIONS, Table};

/// A row of `loyalty_transactions` with its draws.
#[derive(Debug)]
pub(crate) struct TransactionRow {
    pub(crate) user_id: Uuid,
    pub(crate) sequence: i64,
    pub(crate) transaction_id: Uuid,
    pub(crate) kind: String,
    pub(crate) points: i64,
    pub(crate) balance_after: i64,
    pub(crate) lot_points: Option<i64>,
    pub(crate) lot_available_from: Option<Instant>,
    pub(crate) lot_expires_at: Option<Instant>,
    pub(crate) lot_reinstated: Option<bool>,
    pub(crate) debt_change: i64,
    pub(crate) reason: String,
    pub(crate) source: String,
    pub(crate) actor: Option<String>,
    pub(crate) receipt: Option<Uuid>,
    pub(crate) reverses: Option<i64>,
    pub(crate) effective_at: Instant,
    pub(crate) recorded_at: Instant,
    pub(crate) rule: String,
    pub(crate) rule_version: i64,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) natural_key: String,
    pub(crate) explain: String,
    pub(crate) previous_hash: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    /// Pairs of a lot and its points, as JSON.
    pub(crate) draws: String,
}

impl TransactionRow {
    fn new_lot(&self) -> Result<Option<NewLot>, StorageError> {
        let Some(number) = self.lot_points else {
            return Ok(None);
        };
        let missing = "a lot has an instant from which on it can be spent";
        Ok(Some(NewLot {
            points: points(LOYALTY_TRANSACTIONS, "lot_points", number)?,
            term: Term {
                available_from: self
                    .lot_available_from
                    .ok_or(missing)
                    .map_err(LOYALTY_TRANSACTIONS.corrupt("lot_available_from"))?
                    .0,
                expires_at: self.lot_expires_at.map(|at| at.0),
                reinstated: self.lot_reinstated.unwrap_or_default(),
            },
        }))
    }

    fn draws(&self) -> Result<Vec<Draw>, StorageError> {
        let draws: Vec<(i64, i64)> =
            serde_json::from_str(&self.draws).map_err(LOYALTY_DRAWS.corrupt("points"))?;
        let draw = |(lot, points)| {
            Ok(Draw {
                lot: sequence(LOYALTY_DRAWS, "lot", lot)?,
                points,
            })
        };
        draws.into_iter().map(draw).collect()
    }
}

impl TryFrom<TransactionRow> for LoyaltyTransaction {
    type Error = StorageError;

    fn try_from(row: TransactionRow) -> Result<Self, StorageError> {
        const TABLE: Table = LOYALTY_TRANSACTIONS;
        Ok(Self {
            id: TransactionId::from_uuid(row.transaction_id),
            user: UserId::from_uuid(row.user_id),
            sequence: sequence(TABLE, "sequence", row.sequence)?,
            kind: kind(&row.kind)?,
            points: row.points,
            balance_after: row.balance_after,
            lot: row.new_lot()?,
            draws: row.draws()?,
            debt_change: row.debt_change,
            reason: PlainText::try_from(row.reason).map_err(TABLE.corrupt("reason"))?,
            source: Source::from_name(&row.source)
                .ok_or("not a source")
                .map_err(TABLE.corrupt("source"))?,
            actor: row
                .actor
                .map(|actor| actor.parse())
                .transpose()
                .map_err(TABLE.corrupt("actor"))?,
            receipt: row.receipt.map(DocumentRef::from_uuid),
            reverses: row
                .reverses
                .map(|number| sequence(TABLE, "reverses", number))
                .transpose()?,
            effective_at: row.effective_at.0,
            recorded_at: row.recorded_at.0,
            rule: RuleRef {
                id: row.rule,
                version: rule_version(row.rule_version)?,
            },
            idempotency_key: row
                .idempotency_key
                .map(|key| IdempotencyKey::parse(&key))
                .transpose()
                .map_err(TABLE.corrupt("idempotency_key"))?,
            natural_key: row.natural_key,
            explain: serde_json::from_str(&row.explain).map_err(TABLE.corrupt("explain"))?,
            previous_hash: chain_hash(TABLE, "previous_hash", &row.previous_hash)?,
            hash: chain_hash(TABLE, "hash", &row.hash)?,
        })
    }
}

pub(super) fn kind(name: &str) -> Result<TransactionKind, StorageError> {
    TransactionKind::from_name(name)
        .ok_or("not a kind of transaction")
        .map_err(LOYALTY_TRANSACTIONS.corrupt("kind"))
}

pub(super) fn rule_version(version: i64) -> Result<u32, StorageError> {
    u32::try_from(version).map_err(LOYALTY_TRANSACTIONS.corrupt("rule_version"))
}

/// Gives the number that the page of a query stays below.
pub(crate) fn sequence_bound(query: &TransactionQuery) -> i64 {
    query.before.map_or(i64::MAX, |before| before.get().into())
}

/// Cuts rows, which come page by page, into the pages of queries.
///
/// A page that is shorter than asked for ends with the first of all transactions of its user, so that
/// the next page of the same user cannot be taken for the rest of it: its numbers are not lower.
pub(crate) fn pages_of(
    queries: &[TransactionQuery],
    rows: Vec<TransactionRow>,
) -> Result<Vec<Vec<LoyaltyTransaction>>, StorageError> {
    let mut rows = rows.into_iter().peekable();
    let mut pages = Vec::with_capacity(queries.len());
    for query in queries {
        let mut page = Vec::new();
        let mut below = sequence_bound(query);
        for _ in 0..query.limit {
            let belongs =
                |row: &TransactionRow| row.user_id == *query.user.as_uuid() && row.sequence < below;
            let Some(row) = rows.next_if(belongs) else {
                break;
            };
            below = row.sequence;
            page.push(row.try_into()?);
        }
        pages.push(page);
    }
    Ok(pages)
}
