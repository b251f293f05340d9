use std::collections::HashSet;

use chrono::{DateTime, Utc};
use glame_core::loyalty::{AccountHeader, Draw, Lot, LoyaltyTransaction};
use glame_core::ports::{AccountChange, StorageError, StoredRequest};
use uuid::Uuid;

use super::json_of;
use crate::tables::{LOYALTY_ACCOUNTS, LOYALTY_REQUESTS, LOYALTY_TRANSACTIONS};

/// What is posted, table by table.
#[derive(Debug, Default)]
pub(crate) struct PostCells<'a> {
    pub(crate) headers: Vec<HeaderCells<'a>>,
    pub(crate) lots: Vec<(Uuid, &'a Lot)>,
    pub(crate) transactions: Vec<TransactionCells<'a>>,
    pub(crate) draws: Vec<DrawCells<'a>>,
    pub(crate) requests: Vec<RequestCells<'a>>,
}

/// What `loyalty_accounts` keeps of a header that is not in it word for word.
#[derive(Debug)]
pub(crate) struct HeaderCells<'a> {
    pub(crate) user_id: Uuid,
    pub(crate) header: &'a AccountHeader,
    pub(crate) spendable: Option<i64>,
    pub(crate) spendable_since: Option<DateTime<Utc>>,
    pub(crate) spendable_until: Option<DateTime<Utc>>,
    pub(crate) birthdays: String,
}

/// What `loyalty_transactions` keeps of a transaction that is not in it word for word.
#[derive(Debug)]
pub(crate) struct TransactionCells<'a> {
    pub(crate) user_id: Uuid,
    pub(crate) it: &'a LoyaltyTransaction,
    pub(crate) actor: Option<String>,
    pub(crate) explain: String,
}

/// A row of `loyalty_draws`.
#[derive(Debug)]
pub(crate) struct DrawCells<'a> {
    pub(crate) user_id: Uuid,
    pub(crate) sequence: i64,
    pub(crate) position: i64,
    pub(crate) draw: &'a Draw,
}

/// What `loyalty_requests` keeps of a request that is not in it word for word.
#[derive(Debug)]
pub(crate) struct RequestCells<'a> {
    pub(crate) user_id: Uuid,
    pub(crate) stored: &'a StoredRequest,
    pub(crate) request: String,
    pub(crate) outcome: String,
}

impl<'a> PostCells<'a> {
    /// Takes changes apart.
    ///
    /// # Errors
    /// A conflict if something that must be there once comes twice among the changes.
    pub(crate) fn of(changes: &'a [AccountChange]) -> Result<Self, StorageError> {
        let mut cells = Self::default();
        for change in changes {
            let user_id = *change.header.user.as_uuid();
            let spendable = change.header.spendable;
            cells.headers.push(HeaderCells {
                user_id,
                header: &change.header,
                spendable: spendable.map(|it| it.points.get()),
                spendable_since: spendable.and_then(|it| it.since),
                spendable_until: spendable.and_then(|it| it.until),
                birthdays: json_of(LOYALTY_ACCOUNTS, "birthdays", &change.header.birthdays)?,
            });
            cells
                .lots
                .extend(change.lots.iter().map(|lot| (user_id, lot)));
            for transaction in &change.transactions {
                cells.add_transaction(user_id, transaction)?;
            }
            for stored in &change.requests {
                cells.requests.push(RequestCells {
                    user_id,
                    stored,
                    request: json_of(LOYALTY_REQUESTS, "request", &stored.request)?,
                    outcome: json_of(LOYALTY_REQUESTS, "outcome", &stored.outcome)?,
                });
            }
        }
        cells.require_distinct()?;
        Ok(cells)
    }

    fn add_transaction(
        &mut self,
        user_id: Uuid,
        transaction: &'a LoyaltyTransaction,
    ) -> Result<(), StorageError> {
        let draws = (0..).zip(&transaction.draws);
        self.draws.extend(draws.map(|(position, draw)| DrawCells {
            user_id,
            sequence: transaction.sequence.get().into(),
            position,
            draw,
        }));
        self.transactions.push(TransactionCells {
            user_id,
            it: transaction,
            actor: transaction.actor.as_ref().map(ToString::to_string),
            explain: json_of(LOYALTY_TRANSACTIONS, "explain", &transaction.explain)?,
        });
        Ok(())
    }

    fn require_distinct(&self) -> Result<(), StorageError> {
        let transactions = || {
            let rows = self.transactions.iter();
            rows.map(|cells| (cells.user_id, cells.it))
        };
        let once = all_differ(transactions().map(|(user, one)| (user, one.sequence)))
            && all_differ(transactions().map(|(user, one)| (user, &one.natural_key)));
        if !once {
            return Err(LOYALTY_TRANSACTIONS.conflict());
        }
        let requests = self.requests.iter();
        if !all_differ(requests.map(|cells| (cells.user_id, &cells.stored.key))) {
            return Err(LOYALTY_REQUESTS.conflict());
        }
        Ok(())
    }
}

fn all_differ<T: Eq + std::hash::Hash>(keys: impl Iterator<Item = T>) -> bool {
    let mut known = HashSet::new();
    keys.into_iter().all(|key| known.insert(key))
}
