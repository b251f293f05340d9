use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StorageError;
use crate::loyalty::{
    AccountHeader, IdempotencyKey, Lot, LoyaltyTransaction, Reconciliation, Refusal, Request,
    RuleRef, Sequence, TransactionKind,
};
use crate::values::{DocumentRef, Points, TransactionId, UserId};

/// Finds accounts and transactions of the loyalty programme.
///
/// A customer who has never had points has an account that is empty.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait LoyaltyReader: Send + Sync {
    /// Gives what is wanted of these accounts, one for each query, in their order.
    ///
    /// Users that do not exist have empty accounts.
    async fn loyalty_accounts(
        &self,
        queries: &[AccountQuery],
    ) -> Result<Vec<AccountSnapshot>, StorageError>;

    /// Gives the next `limit` transactions of a user after `after`, by number.
    async fn transactions_after(
        &self,
        user: UserId,
        after: Sequence,
        limit: u32,
    ) -> Result<Vec<LoyaltyTransaction>, StorageError>;

    /// Gives pages of transactions, the last one first, one page for each query, in their order.
    async fn transaction_pages(
        &self,
        queries: &[TransactionQuery],
    ) -> Result<Vec<Vec<LoyaltyTransaction>>, StorageError>;

    /// Gives the points that users can spend at an instant, in the order of the users; who has no
    /// account has none.
    async fn available_points(
        &self,
        users: &[UserId],
        now: DateTime<Utc>,
    ) -> Result<Vec<Points>, StorageError>;

    /// Gives the next `limit` accounts that have a transaction after `after`, by user id, with all
    /// their lots, closed ones included, and nothing recalled.
    async fn loyalty_accounts_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<AccountSnapshot>, StorageError>;

    /// Gives the next `limit` users after `after`, by user id, who have points left in a lot that
    /// expires at `now` or before.
    async fn users_with_expired_points(
        &self,
        now: DateTime<Utc>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StorageError>;

    /// Gives the next `limit` marks after `after`, by user id, of users whose purchases wait to be
    /// settled.
    async fn settlements_due(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<SettlementMark>, StorageError>;

    /// Adds up all points there are, for the report of what the shop owes.
    async fn points_outstanding(
        &self,
        now: DateTime<Utc>,
    ) -> Result<PointsOutstanding, StorageError>;

    /// Gives what the last comparison with the points of the source has found.
    async fn reconciliation(&self) -> Result<Option<Reconciliation>, StorageError>;
}

/// Writes accounts and transactions of the loyalty programme. Transactions are only ever added.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait LoyaltyWriter: Send {
    /// Locks the accounts of these users until the work ends, and gives what is wanted of them, one
    /// for each query, in their order.
    ///
    /// Accounts are locked in the order of user ids, whatever the order of the queries, so that two
    /// works never wait for each other. No user comes twice; all of them exist.
    async fn lock_loyalty_accounts(
        &mut self,
        queries: &[AccountQuery],
    ) -> Result<Vec<AccountSnapshot>, StorageError>;

    /// Writes what was decided for accounts that this work has locked.
    ///
    /// No user comes twice.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] if a number, a natural key or an idempotency key of the user has
    /// been written before. It does not happen to who asked for them under the lock, and the work
    /// must be dropped then as after any other error.
    async fn post(&mut self, changes: &[AccountChange]) -> Result<(), StorageError>;

    /// Marks users whose purchases have changed, so that their receipts are settled.
    ///
    /// A mark that is there already is raised, so that whoever is settling that user now does not
    /// take the new mark away.
    async fn mark_for_settlement(&mut self, users: &[UserId]) -> Result<(), StorageError>;

    /// Takes marks away that have not been raised since they were read.
    async fn clear_settlements(&mut self, marks: &[SettlementMark]) -> Result<(), StorageError>;

    /// Keeps what a comparison has found, in place of the one before.
    async fn put_reconciliation(&mut self, found: &Reconciliation) -> Result<(), StorageError>;
}

/// What a decision needs of an account beside its header and its open lots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountNeeds {
    /// The idempotency keys under which it may have been decided already: of each, the request and
    /// the transactions that it came to.
    pub keys: Vec<IdempotencyKey>,
    /// The receipts that it is about.
    pub receipts: ReceiptScope,
    /// The transactions that it is about.
    pub transactions: Vec<TransactionId>,
    /// The natural keys under which it may have been done already.
    pub natural_keys: Vec<String>,
}

/// Asks for a page of the transactions of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionQuery {
    /// Whose transactions.
    pub user: UserId,
    /// The one that the page goes on from; none begins with the last of all.
    pub before: Option<Sequence>,
    /// How many at most.
    pub limit: u32,
}

/// Asks for the account of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountQuery {
    /// Whose account.
    pub user: UserId,
    /// What of it.
    pub needs: AccountNeeds,
}

/// Which receipts of an account are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptScope {
    /// These.
    Only(Vec<DocumentRef>),
    /// All that have a transaction.
    All,
}

impl Default for ReceiptScope {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

/// What storage gives of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSnapshot {
    /// The account as of its last transaction.
    pub header: AccountHeader,
    /// The lots with points left, and every lot that a recalled transaction has made or drawn on;
    /// by number.
    pub lots: Vec<Lot>,
    /// The transactions that are asked for, by number: those of the receipts, those of the
    /// idempotency keys, those of the natural keys, the ones asked for by id, and all that reverse
    /// one of these.
    pub recalled: Vec<LoyaltyTransaction>,
    /// What is kept under the idempotency keys.
    pub requests: Vec<StoredRequest>,
}

/// What was decided under an idempotency key, for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRequest {
    /// The key.
    pub key: IdempotencyKey,
    /// What was asked for.
    pub request: Request,
    /// What came of it.
    pub outcome: StoredOutcome,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredOutcome {
    /// It was carried out by these transactions; there may be none.
    Posted(Vec<Sequence>),
    /// It was refused.
    Refused(Refusal),
}

/// What was decided for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountChange {
    /// The account after it.
    pub header: AccountHeader,
    /// The lots that are new or have changed, by number.
    pub lots: Vec<Lot>,
    /// The new transactions, by number.
    pub transactions: Vec<LoyaltyTransaction>,
    /// What is kept under idempotency keys.
    pub requests: Vec<StoredRequest>,
}

/// Tells that the purchases of a user wait to be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SettlementMark {
    /// Whose purchases.
    pub user: UserId,
    /// How often the mark was raised; whoever takes it away must have seen it so.
    pub raised: i64,
}

/// All points there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PointsOutstanding {
    /// What lots can be spent at `now`, by when they expire, in no fixed order; expired ones are left
    /// out.
    pub available: Vec<LotTotal>,
    /// What lots cannot be spent yet at `now`.
    pub pending: Vec<LotTotal>,
    /// What customers owe together.
    pub debt: i128,
    /// How many accounts have a transaction.
    pub accounts: u64,
    /// What was given and taken under each rule, in no fixed order.
    pub rules: Vec<RuleTotal>,
}

/// What lots that expire at the same instant hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotTotal {
    /// When they expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many points.
    pub points: i128,
}

/// What was given and taken under one rule by one kind of transaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RuleTotal {
    /// The rule.
    pub rule: RuleRef,
    /// The kind of the transactions.
    pub kind: TransactionKind,
    /// How many there are.
    pub transactions: u64,
    /// The points of the credits together.
    pub credited: i128,
    /// The points of the debits together, as a positive number.
    pub debited: i128,
}

impl AccountQuery {
    /// Asks for nothing but the header and the open lots.
    #[must_use]
    pub fn of(user: UserId) -> Self {
        Self {
            user,
            needs: AccountNeeds::default(),
        }
    }
}

impl AccountSnapshot {
    /// Gives the account of a user who has never had points.
    #[must_use]
    pub fn empty(user: UserId) -> Self {
        Self {
            header: AccountHeader::new(user),
            lots: Vec::new(),
            recalled: Vec::new(),
            requests: Vec::new(),
        }
    }
}
