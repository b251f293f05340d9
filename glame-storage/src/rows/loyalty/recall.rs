use std::collections::{BTreeMap, BTreeSet};

use glame_core::loyalty::{LoyaltyTransaction, Sequence};
use glame_core::ports::{
    AccountNeeds, AccountQuery, AccountSnapshot, ReceiptScope, StorageError, StoredOutcome,
    StoredRequest,
};
use glame_core::values::{DocumentRef, TransactionId, UserId};
use uuid::Uuid;

use super::{AccountRow, LotRow, RequestRow, TransactionRow};

/// What is asked for of accounts beside their headers and open lots, each with its user.
#[derive(Debug, Default)]
pub(crate) struct RecallNeeds<'a> {
    pub(crate) keys: Vec<(Uuid, &'a str)>,
    pub(crate) receipts: Vec<(Uuid, Uuid)>,
    /// The users of whom every receipt is asked for.
    pub(crate) all_receipts: Vec<Uuid>,
    pub(crate) transactions: Vec<(Uuid, Uuid)>,
    pub(crate) natural_keys: Vec<(Uuid, &'a str)>,
}

impl<'a> RecallNeeds<'a> {
    pub(crate) fn of(queries: &'a [AccountQuery]) -> Self {
        let mut all = Self::default();
        for AccountQuery { user, needs } in queries {
            let user = *user.as_uuid();
            let AccountNeeds {
                keys,
                receipts,
                transactions,
                natural_keys,
            } = needs;
            all.keys.extend(keys.iter().map(|key| (user, key.as_str())));
            match receipts {
                ReceiptScope::All => all.all_receipts.push(user),
                ReceiptScope::Only(receipts) => all.receipts.extend(
                    receipts
                        .iter()
                        .map(DocumentRef::as_uuid)
                        .map(|id| (user, *id)),
                ),
            }
            all.transactions.extend(
                transactions
                    .iter()
                    .map(TransactionId::as_uuid)
                    .map(|id| (user, *id)),
            );
            // PostgreSQL refuses the character NUL even in a question, and SQLite ends there.
            let askable = natural_keys.iter().filter(|key| !key.contains('\0'));
            all.natural_keys
                .extend(askable.map(|key| (user, key.as_str())));
        }
        all
    }

    /// Tells whether headers and open lots are all that is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.is_keys_only()
    }

    /// Tells whether nothing is asked for but what is known under idempotency keys.
    pub(crate) fn is_keys_only(&self) -> bool {
        self.receipts.is_empty()
            && self.all_receipts.is_empty()
            && self.transactions.is_empty()
            && self.natural_keys.is_empty()
    }
}

/// Accounts while what is wanted of them is gathered.
#[derive(Debug, Default)]
pub(crate) struct Accounts(BTreeMap<UserId, AccountSnapshot>);

impl Accounts {
    /// Takes headers and lots; the lots of one account come in the order of their numbers.
    pub(crate) fn of(rows: Vec<AccountRow>) -> Result<Self, StorageError> {
        let mut accounts = Self::default();
        for row in rows {
            let user = UserId::from_uuid(row.user_id);
            if !accounts.0.contains_key(&user) {
                let header = row.header()?;
                let account = accounts.account(user);
                account.header = header;
            }
            if let Some(lot) = row.into_lot() {
                accounts.account(user).lots.push(lot.try_into()?);
            }
        }
        Ok(accounts)
    }

    /// Gives the transactions that the requests have come to.
    pub(crate) fn posted_by_requests(&self) -> Vec<(Uuid, i64)> {
        let mut posted = Vec::new();
        for account in self.0.values() {
            let user = *account.header.user.as_uuid();
            for request in &account.requests {
                if let StoredOutcome::Posted(sequences) = &request.outcome {
                    posted.extend(sequences.iter().map(|one| (user, i64::from(one.get()))));
                }
            }
        }
        posted
    }

    /// Adds transactions, which come in the order of their numbers.
    pub(crate) fn recall(&mut self, rows: Vec<TransactionRow>) -> Result<(), StorageError> {
        for row in rows {
            let transaction = LoyaltyTransaction::try_from(row)?;
            self.account(transaction.user).recalled.push(transaction);
        }
        Ok(())
    }

    /// Gives the closed lots that recalled transactions have made or drawn on.
    pub(crate) fn missing_lots(&self) -> Vec<(Uuid, i64)> {
        let mut missing = Vec::new();
        for account in self.0.values() {
            let user = *account.header.user.as_uuid();
            let known = |lot: &Sequence| {
                let place = account.lots.binary_search_by_key(lot, |known| known.lot);
                place.is_ok()
            };
            let touched: BTreeSet<Sequence> =
                account.recalled.iter().flat_map(lots_touched_by).collect();
            let lots = touched.into_iter().filter(|lot| !known(lot));
            missing.extend(lots.map(|lot| (user, i64::from(lot.get()))));
        }
        missing
    }

    /// Adds closed lots.
    pub(crate) fn add_lots(&mut self, rows: Vec<LotRow>) -> Result<(), StorageError> {
        for row in rows {
            let account = self.account(UserId::from_uuid(row.user_id));
            account.lots.push(row.try_into()?);
        }
        for account in self.0.values_mut() {
            account.lots.sort_unstable_by_key(|lot| lot.lot);
        }
        Ok(())
    }

    /// Adds what is kept under idempotency keys.
    pub(crate) fn add_requests(&mut self, rows: Vec<RequestRow>) -> Result<(), StorageError> {
        for row in rows {
            let account = self.account(UserId::from_uuid(row.user_id));
            account.requests.push(row.try_into()?);
        }
        let by_key = |a: &StoredRequest, b: &StoredRequest| a.key.cmp(&b.key);
        for account in self.0.values_mut() {
            account.requests.sort_unstable_by(by_key);
        }
        Ok(())
    }

    /// Gives one account for each query, an empty one where there is none.
    pub(crate) fn in_order_of(mut self, queries: &[AccountQuery]) -> Vec<AccountSnapshot> {
        let mut take = |query: &AccountQuery| {
            let found = self.0.remove(&query.user);
            found.unwrap_or_else(|| AccountSnapshot::empty(query.user))
        };
        queries.iter().map(&mut take).collect()
    }

    /// Gives all accounts in the order of users.
    pub(crate) fn into_page(self) -> Vec<AccountSnapshot> {
        self.0.into_values().collect()
    }

    fn account(&mut self, user: UserId) -> &mut AccountSnapshot {
        let empty = || AccountSnapshot::empty(user);
        self.0.entry(user).or_insert_with(empty)
    }
}

fn lots_touched_by(transaction: &LoyaltyTransaction) -> impl Iterator<Item = Sequence> + use<'_> {
    let made = transaction.lot.map(|_| transaction.sequence);
    transaction.draws.iter().map(|draw| draw.lot).chain(made)
}
