use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStorage, MemoryWork, State, number, size};
use crate::loyalty::{
    AccountHeader, IdempotencyKey, Lot, LotState, LoyaltyTransaction, Reconciliation, Sequence,
};
use crate::ports::{
    AccountChange, AccountNeeds, AccountQuery, AccountSnapshot, LotTotal, LoyaltyReader,
    LoyaltyWriter, PointsOutstanding, ReceiptScope, RuleTotal, SettlementMark, StorageError,
    StoredOutcome, StoredRequest, TransactionQuery,
};
use crate::values::{Points, UserId};

/// One account with all that was ever written for it.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    header: AccountHeader,
    lots: BTreeMap<Sequence, Lot>,
    transactions: Vec<LoyaltyTransaction>,
    requests: BTreeMap<IdempotencyKey, StoredRequest>,
}

/// Whether the purchases of a user wait to be settled, and how often they have done so.
///
/// The count outlives the mark, so that nobody takes a new mark for the one that was read before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Settlement {
    raised: i64,
    due: bool,
}

impl Ledger {
    const fn new(user: UserId) -> Self {
        Self {
            header: AccountHeader::new(user),
            lots: BTreeMap::new(),
            transactions: Vec::new(),
            requests: BTreeMap::new(),
        }
    }

    fn snapshot(&self, needs: &AccountNeeds) -> AccountSnapshot {
        let keys: BTreeSet<_> = needs.keys.iter().collect();
        let requests: Vec<StoredRequest> = keys
            .into_iter()
            .filter_map(|key| self.requests.get(key).cloned())
            .collect();
        let posted: BTreeSet<Sequence> = requests.iter().flat_map(posted_by).copied().collect();
        let asked = |transaction: &&LoyaltyTransaction| {
            let of_receipt = transaction
                .receipt
                .is_some_and(|receipt| match &needs.receipts {
                    ReceiptScope::All => true,
                    ReceiptScope::Only(receipts) => receipts.contains(&receipt),
                });
            of_receipt
                || posted.contains(&transaction.sequence)
                || needs.natural_keys.contains(&transaction.natural_key)
                || needs.transactions.contains(&transaction.id)
        };
        let asked: BTreeSet<Sequence> = self
            .transactions
            .iter()
            .filter(asked)
            .map(|transaction| transaction.sequence)
            .collect();
        let recalled: Vec<LoyaltyTransaction> = self
            .transactions
            .iter()
            .filter(|transaction| {
                asked.contains(&transaction.sequence)
                    || transaction.reverses.is_some_and(|of| asked.contains(&of))
            })
            .cloned()
            .collect();
        let touched: BTreeSet<Sequence> = recalled
            .iter()
            .flat_map(|transaction| {
                let drawn = transaction.draws.iter().map(|draw| draw.lot);
                drawn.chain([transaction.sequence])
            })
            .collect();
        let lots = self
            .lots
            .values()
            .filter(|lot| lot.remaining > Points::ZERO || touched.contains(&lot.lot));
        AccountSnapshot {
            header: self.header.clone(),
            lots: lots.copied().collect(),
            recalled,
            requests,
        }
    }

    fn post(&mut self, change: &AccountChange) -> Result<(), StorageError> {
        for transaction in &change.transactions {
            let written = self.transactions.iter().any(|known| {
                known.sequence == transaction.sequence
                    || known.natural_key == transaction.natural_key
            });
            if written {
                return Err(StorageError::Conflict {
                    what: "a transaction with points",
                });
            }
            self.transactions.push(transaction.clone());
        }
        for request in &change.requests {
            if self.requests.contains_key(&request.key) {
                return Err(StorageError::Conflict {
                    what: "an idempotency key",
                });
            }
            self.requests.insert(request.key.clone(), request.clone());
        }
        self.header = change.header.clone();
        self.lots
            .extend(change.lots.iter().map(|lot| (lot.lot, *lot)));
        Ok(())
    }
}

/// Gives the transactions that a request has come to.
fn posted_by(request: &StoredRequest) -> &[Sequence] {
    match &request.outcome {
        StoredOutcome::Posted(sequences) => sequences,
        StoredOutcome::Refused(_) => &[],
    }
}

impl State {
    fn snapshots(&self, queries: &[AccountQuery]) -> Vec<AccountSnapshot> {
        let snapshot = |query: &AccountQuery| match self.ledgers.get(&query.user) {
            Some(ledger) => ledger.snapshot(&query.needs),
            None => AccountSnapshot::empty(query.user),
        };
        queries.iter().map(snapshot).collect()
    }
}

#[async_trait]
impl LoyaltyReader for MemoryStorage {
    async fn loyalty_accounts(
        &self,
        queries: &[AccountQuery],
    ) -> Result<Vec<AccountSnapshot>, StorageError> {
        Ok(self.state().snapshots(queries))
    }

    async fn transactions_after(
        &self,
        user: UserId,
        after: Sequence,
        limit: u32,
    ) -> Result<Vec<LoyaltyTransaction>, StorageError> {
        let state = self.state();
        let transactions = state.ledgers.get(&user).map(|ledger| &ledger.transactions);
        Ok(transactions
            .into_iter()
            .flatten()
            .filter(|transaction| transaction.sequence > after)
            .take(size(limit))
            .cloned()
            .collect())
    }

    async fn transaction_pages(
        &self,
        queries: &[TransactionQuery],
    ) -> Result<Vec<Vec<LoyaltyTransaction>>, StorageError> {
        let state = self.state();
        let page = |query: &TransactionQuery| {
            let ledger = state.ledgers.get(&query.user);
            let transactions = ledger.into_iter().flat_map(|ledger| &ledger.transactions);
            transactions
                .rev()
                .filter(|one| query.before.is_none_or(|before| one.sequence < before))
                .take(size(query.limit))
                .cloned()
                .collect()
        };
        Ok(queries.iter().map(page).collect())
    }

    async fn available_points(
        &self,
        users: &[UserId],
        now: DateTime<Utc>,
    ) -> Result<Vec<Points>, StorageError> {
        let state = self.state();
        let available = |user: &UserId| {
            let ledger = state.ledgers.get(user);
            let lots = ledger.into_iter().flat_map(|ledger| ledger.lots.values());
            let available = lots.filter(|lot| lot.state(now) == LotState::Available);
            let sum = available.map(|lot| lot.remaining.get()).sum();
            Points::try_new(sum).unwrap_or_default()
        };
        Ok(users.iter().map(available).collect())
    }

    async fn loyalty_accounts_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<AccountSnapshot>, StorageError> {
        let state = self.state();
        let ledgers = state.ledgers.values().filter(|ledger| {
            ledger.header.sequence > Sequence::NONE
                && after.is_none_or(|after| ledger.header.user > after)
        });
        Ok(ledgers
            .take(size(limit))
            .map(|ledger| AccountSnapshot {
                header: ledger.header.clone(),
                lots: ledger.lots.values().copied().collect(),
                recalled: Vec::new(),
                requests: Vec::new(),
            })
            .collect())
    }

    async fn users_with_expired_points(
        &self,
        now: DateTime<Utc>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StorageError> {
        let state = self.state();
        let users = state.ledgers.iter().filter(|(user, ledger)| {
            let expired =
                |lot: &Lot| lot.remaining > Points::ZERO && lot.state(now) == LotState::Expired;
            after.is_none_or(|after| **user > after) && ledger.lots.values().any(expired)
        });
        Ok(users.take(size(limit)).map(|(user, _)| *user).collect())
    }

    async fn settlements_due(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<SettlementMark>, StorageError> {
        let state = self.state();
        let marks = state
            .settlements
            .iter()
            .filter(|(user, mark)| mark.due && after.is_none_or(|after| **user > after));
        Ok(marks
            .take(size(limit))
            .map(|(user, mark)| SettlementMark {
                user: *user,
                raised: mark.raised,
            })
            .collect())
    }

    async fn points_outstanding(
        &self,
        now: DateTime<Utc>,
    ) -> Result<PointsOutstanding, StorageError> {
        let state = self.state();
        let ledgers = || {
            state
                .ledgers
                .values()
                .filter(|ledger| ledger.header.sequence > Sequence::NONE)
        };
        let totals = |wanted: LotState| {
            let mut totals: BTreeMap<Option<DateTime<Utc>>, i128> = BTreeMap::new();
            let lots = ledgers().flat_map(|ledger| ledger.lots.values());
            for lot in lots.filter(|lot| lot.remaining > Points::ZERO && lot.state(now) == wanted) {
                *totals.entry(lot.term.expires_at).or_default() += i128::from(lot.remaining.get());
            }
            totals
                .into_iter()
                .map(|(expires_at, points)| LotTotal { expires_at, points })
                .collect()
        };
        let mut rules: BTreeMap<_, RuleTotal> = BTreeMap::new();
        for transaction in ledgers().flat_map(|ledger| &ledger.transactions) {
            let rule = &transaction.rule;
            let total = rules
                .entry((rule.id.clone(), rule.version, transaction.kind))
                .or_insert_with(|| RuleTotal {
                    rule: rule.clone(),
                    kind: transaction.kind,
                    transactions: 0,
                    credited: 0,
                    debited: 0,
                });
            total.transactions += 1;
            let points = i128::from(transaction.points);
            total.credited += points.max(0);
            total.debited += (-points).max(0);
        }
        Ok(PointsOutstanding {
            available: totals(LotState::Available),
            pending: totals(LotState::Pending),
            debt: ledgers()
                .map(|ledger| i128::from(ledger.header.debt.get()))
                .sum(),
            accounts: number(ledgers().count()),
            rules: rules.into_values().collect(),
        })
    }

    async fn reconciliation(&self) -> Result<Option<Reconciliation>, StorageError> {
        Ok(self.state().reconciliation.clone())
    }
}

#[async_trait]
impl LoyaltyWriter for MemoryWork {
    async fn lock_loyalty_accounts(
        &mut self,
        queries: &[AccountQuery],
    ) -> Result<Vec<AccountSnapshot>, StorageError> {
        for query in queries {
            self.require_user(query.user)?;
        }
        Ok(self.state.snapshots(queries))
    }

    async fn post(&mut self, changes: &[AccountChange]) -> Result<(), StorageError> {
        let mut ledgers = self.state.ledgers.clone();
        for change in changes {
            let user = change.header.user;
            self.require_user(user)?;
            let ledger = ledgers
                .entry(user)
                .or_insert_with(|| Arc::new(Ledger::new(user)));
            Arc::make_mut(ledger).post(change)?;
        }
        self.state().ledgers = ledgers;
        Ok(())
    }

    async fn mark_for_settlement(&mut self, users: &[UserId]) -> Result<(), StorageError> {
        for user in users {
            self.require_user(*user)?;
        }
        for user in users {
            let settlement = self.state().settlements.entry(*user).or_default();
            settlement.raised += 1;
            settlement.due = true;
        }
        Ok(())
    }

    async fn clear_settlements(&mut self, marks: &[SettlementMark]) -> Result<(), StorageError> {
        let settlements = &mut self.state().settlements;
        for mark in marks {
            if let Some(settlement) = settlements.get_mut(&mark.user) {
                settlement.due &= settlement.raised != mark.raised;
            }
        }
        Ok(())
    }

    async fn put_reconciliation(&mut self, found: &Reconciliation) -> Result<(), StorageError> {
        self.state().reconciliation = Some(found.clone());
        Ok(())
    }
}
