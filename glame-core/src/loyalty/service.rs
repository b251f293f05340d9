use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use self::groups::Groups;
use super::open_account::OpenAccount;
use super::{
    Authority, Command, CustomerFacts, Earning, IdempotencyKey, LedgerFault, LiabilityReport,
    LoyaltyAccount, LoyaltyBalance, LoyaltyProgramme, LoyaltyTransaction, NotPosted, Posted,
    Posting, PurchaseFacts, ReceiptFact, Refusal, Request, Sequence, Statement, TooManyPoints,
    decide_merge,
};
use crate::analytics::CustomerStatus;
use crate::ports::{
    AccountChange, AccountNeeds, AccountQuery, Clock, ReceiptScope, SourceError, Storage,
    StorageError, UnitOfWork,
};
use crate::values::{DocumentRef, Money, PeriodRange, Points, UserId};
use crate::webhooks::EventRecording;

mod groups;
mod jobs;
mod reconciling;
mod verifying;

pub use groups::GroupCommit;
pub use jobs::{Granted, Settled, SourceBalance, Swept};
pub use reconciling::{Difference, Reconciliation};
pub use verifying::Verification;

/// How many transactions of a ledger are read at once.
const PAGE: u32 = 1_000;

/// The most postings that one batch takes.
pub const MOST_POSTINGS: usize = 10_000;

/// Runs the loyalty programme over a storage.
///
/// The methods of the guide are
/// [`calculate_points_for_purchase`](Self::calculate_points_for_purchase),
/// [`earn_points`](Self::earn_points), [`spend_points`](Self::spend_points),
/// [`get_loyalty_balance`](Self::get_loyalty_balance) and
/// [`expire_old_points`](Self::expire_old_points). Everything that moves points goes through
/// [`post`](Self::post): lock the account, [`decide`](super::decide()), write, all in one unit of
/// work.
///
/// ```
/// # use std::sync::Arc;
/// # use glame_core::loyalty::*;
/// # use glame_core::ports::Storage;
/// # use glame_core::testkit::{ManualClock, MemoryStorage, fixtures};
/// # use glame_core::values::Points;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Arc::new(MemoryStorage::default());
/// # let anna = fixtures::customer(1);
/// # let mut work = storage.begin().await?;
/// # work.put_users(&[anna.clone()]).await?;
/// # work.commit().await?;
/// let service = LoyaltyService::new(
///     storage,
///     Arc::new(ManualClock::at(fixtures::minute(0))),
///     LoyaltyProgramme::guide(),
///     PointsLedger::Glame,
/// )?;
/// let welcome = Posting {
///     user: anna.id,
///     key: Some(IdempotencyKey::parse("welcome-1")?),
///     request: Request {
///         command: Command::Bonus {
///             rule: "welcome".to_owned(),
///             occasion: "first-visit".to_owned(),
///             points: Points::try_new(500)?,
///             available_from: None,
///             expires_at: None,
///         },
///         authority: Authority {
///             reason: fixtures::text("Приветственные баллы"),
///             source: Source::Campaign,
///             actor: None,
///         },
///     },
///     customer: CustomerFacts::default(),
/// };
/// service.post(welcome.clone()).await?;
/// // The same again, after a time-out perhaps: nothing is given twice.
/// assert!(service.post(welcome).await?.replayed);
/// assert_eq!(service.get_loyalty_balance(anna.id).await?.available.get(), 500);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct LoyaltyService {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    programme: Arc<LoyaltyProgramme>,
    ledger: PointsLedger,
    groups: Option<Groups>,
    events: EventRecording,
}

/// Where the points live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointsLedger {
    /// Here: receipts earn as the synchronisation brings them.
    #[default]
    Glame,
    /// In the shop's base: its balance is brought over, and receipts earn nothing here.
    Onec,
}

/// Which transactions a balance of the past is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceAt {
    /// Those that had been written down: what was answered at that instant.
    Recorded(DateTime<Utc>),
    /// Those that had taken effect, whenever they were written down; what cannot be spent yet is
    /// not told apart.
    Effective(DateTime<Utc>),
}

/// Tells why points could not be moved or told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoyaltyError {
    /// It was not carried out, and nothing has changed.
    #[error(transparent)]
    NotPosted(#[from] NotPosted),
    /// There is no such customer.
    #[error("there is no customer {0}")]
    UnknownUser(UserId),
    /// The points live in the shop's base.
    #[error("points are kept in the shop's base (loyalty.ledger = \"onec\"): {0}")]
    KeptElsewhere(&'static str),
    /// The points live here.
    #[error("points are kept here (loyalty.ledger = \"glame\"): the base's are only compared")]
    KeptHere,
    /// A batch has too many postings.
    #[error("a batch has at most {MOST_POSTINGS} postings; send it in parts")]
    BatchTooLarge,
    /// The stored ledger of a customer does not hold.
    #[error("the ledger of {user} does not hold; run glame loyalty verify")]
    Ledger {
        /// Whose ledger.
        user: UserId,
        /// What does not hold.
        source: LedgerFault,
    },
    /// The shop's base could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The database could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl LoyaltyService {
    /// Puts the service together.
    ///
    /// # Errors
    /// The first rule of the programme that does not hold.
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        programme: LoyaltyProgramme,
        ledger: PointsLedger,
    ) -> Result<Self, super::ProgrammeError> {
        programme.check()?;
        Ok(Self {
            storage,
            clock,
            programme: Arc::new(programme),
            ledger,
            groups: None,
            events: EventRecording::Off,
        })
    }

    /// Tells integrators of every transaction and of merges, or does not.
    #[must_use]
    pub fn with_events(self, events: EventRecording) -> Self {
        Self { events, ..self }
    }

    /// Tells where the points live.
    #[must_use]
    pub const fn ledger(&self) -> PointsLedger {
        self.ledger
    }

    /// Gives the rules of the programme.
    #[must_use]
    pub fn programme(&self) -> &LoyaltyProgramme {
        &self.programme
    }

    /// Counts what a purchase of so much would earn now. Nothing is stored.
    ///
    /// # Errors
    /// [`LoyaltyError::UnknownUser`], or that the points would not fit.
    pub async fn calculate_points_for_purchase(
        &self,
        user: UserId,
        amount: Money,
    ) -> Result<Earning, LoyaltyError> {
        let now = self.clock.now();
        let customer = self.customer_at(user, now).await?;
        let header = self.open_for_reading(user, AccountNeeds::default()).await?;
        let birthdays = &header.account().header().birthdays;
        Earning::of(amount, now, &customer, birthdays, &self.programme)
            .map_err(|TooManyPoints| NotPosted::from(Refusal::TooManyPoints).into())
    }

    /// Credits a receipt, once whatever the keys; told again with another sum, it corrects.
    ///
    /// # Errors
    /// [`LoyaltyError::KeptElsewhere`] where the shop's base keeps the points, and those of
    /// [`post`](Self::post).
    pub async fn earn_points(
        &self,
        user: UserId,
        receipt: ReceiptFact,
        authority: Authority,
        key: Option<IdempotencyKey>,
    ) -> Result<Posted, LoyaltyError> {
        self.post(self.earning(user, receipt, authority, key).await?)
            .await
    }

    /// Makes the posting of a receipt, with what is known of the customer.
    ///
    /// # Errors
    /// [`LoyaltyError::UnknownUser`].
    pub async fn earning(
        &self,
        user: UserId,
        receipt: ReceiptFact,
        authority: Authority,
        key: Option<IdempotencyKey>,
    ) -> Result<Posting, LoyaltyError> {
        Ok(Posting {
            user,
            key,
            customer: self.customer_at(user, receipt.purchased_at).await?,
            request: Request {
                command: Command::Receipt(receipt),
                authority,
            },
        })
    }

    /// Spends points, each worth one rouble of discount.
    ///
    /// # Errors
    /// Those of [`post`](Self::post).
    pub async fn spend_points(
        &self,
        user: UserId,
        points: Points,
        receipt: Option<(DocumentRef, Money)>,
        authority: Authority,
        key: Option<IdempotencyKey>,
    ) -> Result<Posted, LoyaltyError> {
        let command = Command::Spend {
            points,
            receipt: receipt.map(|(receipt, _)| receipt),
            receipt_total: receipt.map(|(_, total)| total),
        };
        self.post(Posting {
            user,
            key,
            request: Request { command, authority },
            customer: CustomerFacts::default(),
        })
        .await
    }

    /// Gives what a customer has now. Expiry acts by time, swept or not.
    ///
    /// # Errors
    /// [`LoyaltyError::UnknownUser`].
    pub async fn get_loyalty_balance(&self, user: UserId) -> Result<LoyaltyBalance, LoyaltyError> {
        let open = self.open_for_reading(user, AccountNeeds::default()).await?;
        if open.account().header().sequence == Sequence::NONE {
            self.require_user(user).await?;
        }
        Ok(open.account().balance(self.clock.now()))
    }

    /// Gives what customers have now, in the order of `users`; who has no account has nothing.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn balances(&self, users: &[UserId]) -> Result<Vec<LoyaltyBalance>, LoyaltyError> {
        let queries: Vec<AccountQuery> = users.iter().copied().map(AccountQuery::of).collect();
        let snapshots = self.storage.loyalty_accounts(&queries).await?;
        let now = self.clock.now();
        let balance = |snapshot| OpenAccount::new(snapshot).account().balance(now);
        Ok(snapshots.into_iter().map(balance).collect())
    }

    /// Gives what users can spend now, in the order of the users; nobody has none.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn available_points(&self, users: &[UserId]) -> Result<Vec<Points>, LoyaltyError> {
        let now = self.clock.now();
        Ok(self.storage.available_points(users, now).await?)
    }

    /// Gives what a customer had at an instant of the past, by a replay of the ledger.
    ///
    /// # Errors
    /// [`LoyaltyError::UnknownUser`], and that the ledger does not hold.
    pub async fn balance_as_of(
        &self,
        user: UserId,
        at: BalanceAt,
    ) -> Result<LoyaltyBalance, LoyaltyError> {
        let transactions = self.history(user).await?;
        let (instant, known): (_, Vec<&LoyaltyTransaction>) = match at {
            BalanceAt::Recorded(instant) => {
                let recorded = |one: &&LoyaltyTransaction| one.recorded_at <= instant;
                (instant, transactions.iter().filter(recorded).collect())
            }
            BalanceAt::Effective(instant) => (instant, transactions.iter().collect()),
        };
        let account = LoyaltyAccount::replay(user, known)
            .map_err(|(_, source)| LoyaltyError::Ledger { user, source })?;
        Ok(match at {
            BalanceAt::Recorded(_) => account.balance(instant),
            BalanceAt::Effective(_) => effective_balance(&account, &transactions, instant),
        })
    }

    /// Gives all transactions of a customer, oldest first.
    ///
    /// # Errors
    /// [`LoyaltyError::UnknownUser`].
    pub async fn history(&self, user: UserId) -> Result<Vec<LoyaltyTransaction>, LoyaltyError> {
        let transactions = self.transactions_up_to(user, Sequence::LAST).await?;
        if transactions.is_empty() {
            self.require_user(user).await?;
        }
        Ok(transactions)
    }

    /// Gives the transactions of a customer up to a number, oldest first.
    async fn transactions_up_to(
        &self,
        user: UserId,
        last: Sequence,
    ) -> Result<Vec<LoyaltyTransaction>, LoyaltyError> {
        let mut transactions: Vec<LoyaltyTransaction> = Vec::new();
        loop {
            let after = transactions
                .last()
                .map_or(Sequence::NONE, |one| one.sequence);
            let page = self.storage.transactions_after(user, after, PAGE).await?;
            let full = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            let passed = page.last().is_some_and(|one| one.sequence >= last);
            let wanted = page.into_iter().filter(|one| one.sequence <= last);
            transactions.extend(wanted);
            if !full || passed {
                return Ok(transactions);
            }
        }
    }

    /// Gives the statement of a stretch of time.
    ///
    /// # Errors
    /// [`LoyaltyError::UnknownUser`].
    pub async fn statement(
        &self,
        user: UserId,
        range: PeriodRange,
    ) -> Result<Statement, LoyaltyError> {
        Ok(Statement::of(user, range, self.history(user).await?))
    }

    /// Adds up what the shop owes its customers.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn liability(&self) -> Result<LiabilityReport, LoyaltyError> {
        let now = self.clock.now();
        let totals = self.storage.points_outstanding(now).await?;
        Ok(LiabilityReport::of(totals, now, self.programme.zone))
    }

    /// Carries a posting out, exactly once for each idempotency key.
    ///
    /// # Errors
    /// [`LoyaltyError::NotPosted`] with the reason; a failure of storage, after which the same
    /// posting may be sent again under the same key.
    pub async fn post(&self, posting: Posting) -> Result<Posted, LoyaltyError> {
        match &self.groups {
            Some(groups) if posting.key.is_some() => groups.post(posting, self).await,
            Some(_) | None => self.post_alone(posting).await,
        }
    }

    async fn post_alone(&self, posting: Posting) -> Result<Posted, LoyaltyError> {
        the_only(self.post_batch(vec![posting]).await?)
    }

    /// Carries postings out in one transaction, exactly as one by one in their order.
    ///
    /// A refusal of one does not hinder the others.
    ///
    /// # Errors
    /// Those that concern all of them: an unknown customer, a batch that is too large, storage.
    pub async fn post_batch(
        &self,
        postings: Vec<Posting>,
    ) -> Result<Vec<Result<Posted, NotPosted>>, LoyaltyError> {
        if postings.len() > MOST_POSTINGS {
            return Err(LoyaltyError::BatchTooLarge);
        }
        if postings.is_empty() {
            return Ok(Vec::new());
        }
        self.check_ledger(&postings)?;
        let (mut work, mut accounts) = self.lock(&queries_of(&postings)).await?;
        let now = self.clock.now();
        let outcomes = self.post_to(&mut accounts, &postings, now)?;
        let changes: Vec<_> = accounts
            .into_values()
            .filter_map(OpenAccount::into_change)
            .collect();
        if !changes.is_empty() {
            self.write(work.as_mut(), &changes).await?;
            work.commit().await?;
        }
        Ok(outcomes)
    }

    /// Decides a posting as [`post`](Self::post) would, and stores nothing.
    ///
    /// # Errors
    /// Those of [`post`](Self::post).
    pub async fn preview(&self, posting: Posting) -> Result<Posted, LoyaltyError> {
        let postings = [posting];
        self.check_ledger(&postings)?;
        let now = self.clock.now();
        let mut accounts = BTreeMap::new();
        for query in queries_of(&postings) {
            self.require_user(query.user).await?;
            accounts.insert(
                query.user,
                self.open_for_reading(query.user, query.needs).await?,
            );
        }
        the_only(self.post_to(&mut accounts, &postings, now)?)
    }

    /// Moves the points of one card to another card of the same person, lots and expiries as they
    /// are; doing so again moves what has come since.
    ///
    /// # Errors
    /// [`LoyaltyError::UnknownUser`], and those of [`post`](Self::post).
    pub async fn merge(
        &self,
        from: UserId,
        into: UserId,
        authority: Authority,
    ) -> Result<Vec<LoyaltyTransaction>, LoyaltyError> {
        let mut queries = vec![AccountQuery::of(from)];
        if into != from {
            queries.push(AccountQuery::of(into));
        }
        let (mut work, mut accounts) = self.lock(&queries).await?;
        let now = self.clock.now();
        let (Some(source), Some(target)) = (accounts.remove(&from), accounts.remove(&into)) else {
            return Err(NotPosted::from(Refusal::Invalid {
                problem: "name two different customers".to_owned(),
            })
            .into());
        };
        let (given, taken) = decide_merge(
            source.account(),
            target.account(),
            &authority,
            &self.programme,
            now,
        )
        .map_err(NotPosted::from)?;
        let moved: Vec<LoyaltyTransaction> = given.iter().chain(&taken).cloned().collect();
        let (by, to) = moved.split_at(given.len());
        let mut changes = Vec::new();
        for (mut open, transactions, user) in [(source, given, from), (target, taken, into)] {
            open.apply_all(transactions)
                .map_err(|source| LoyaltyError::Ledger { user, source })?;
            changes.extend(open.into_change());
        }
        if !changes.is_empty() {
            self.write(work.as_mut(), &changes).await?;
            self.events.record_merge(work.as_mut(), by, to).await?;
            work.commit().await?;
        }
        Ok(moved)
    }

    /// Writes what was decided, and tells of it in the same work.
    async fn write(
        &self,
        work: &mut dyn UnitOfWork,
        changes: &[AccountChange],
    ) -> Result<(), StorageError> {
        work.post(changes).await?;
        self.events.record_points(work, changes).await
    }

    /// Refuses what would earn here while the shop's base keeps the points.
    fn check_ledger(&self, postings: &[Posting]) -> Result<(), LoyaltyError> {
        let earns = |posting: &Posting| {
            matches!(
                posting.request.command,
                Command::Receipt(_) | Command::Return(_)
            )
        };
        if self.ledger == PointsLedger::Onec && postings.iter().any(earns) {
            return Err(LoyaltyError::KeptElsewhere("receipts earn there"));
        }
        Ok(())
    }

    fn post_to(
        &self,
        accounts: &mut BTreeMap<UserId, OpenAccount>,
        postings: &[Posting],
        now: DateTime<Utc>,
    ) -> Result<Vec<Result<Posted, NotPosted>>, LoyaltyError> {
        let outcome = |posting: &Posting| {
            let user = posting.user;
            let open = accounts
                .get_mut(&user)
                .ok_or(LoyaltyError::UnknownUser(user))?;
            open.post(posting, &self.programme, now)
                .map_err(|source| LoyaltyError::Ledger { user, source })
        };
        postings.iter().map(outcome).collect()
    }

    /// Begins a work that has locked the accounts of these users.
    async fn lock(
        &self,
        queries: &[AccountQuery],
    ) -> Result<(Box<dyn UnitOfWork>, BTreeMap<UserId, OpenAccount>), LoyaltyError> {
        let mut work = self.storage.begin().await?;
        match work.lock_loyalty_accounts(queries).await {
            Ok(snapshots) => {
                let opened = snapshots
                    .into_iter()
                    .map(|snapshot| (snapshot.header.user, OpenAccount::new(snapshot)));
                Ok((work, opened.collect()))
            }
            // Whoever is not there is looked for only now, so that no posting pays for it; the work
            // ends first, for it may hold the only connection.
            Err(refused @ StorageError::Refused { .. }) => {
                drop(work);
                for query in queries {
                    self.require_user(query.user).await?;
                }
                Err(refused.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn open_for_reading(
        &self,
        user: UserId,
        needs: AccountNeeds,
    ) -> Result<OpenAccount, LoyaltyError> {
        let query = AccountQuery { user, needs };
        let mut snapshots = self.storage.loyalty_accounts(&[query]).await?;
        snapshots
            .pop()
            .map(OpenAccount::new)
            .ok_or(LoyaltyError::UnknownUser(user))
    }

    async fn require_user(&self, user: UserId) -> Result<(), LoyaltyError> {
        if self.storage.users(&[user]).await?.is_empty() {
            return Err(LoyaltyError::UnknownUser(user));
        }
        Ok(())
    }

    /// Gives what is known of a customer at a purchase.
    async fn customer_at(
        &self,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<CustomerFacts, LoyaltyError> {
        let Some(known) = self.storage.users(&[user]).await?.pop() else {
            return Err(LoyaltyError::UnknownUser(user));
        };
        let metrics = self.storage.metrics(&[user]).await?;
        let vip = metrics.iter().any(|row| row.status == CustomerStatus::Vip);
        let history = self.storage.history(user).await?;
        Ok(PurchaseFacts::of(&history).customer_at(at, vip, known.birth_date))
    }
}

/// Gives what became of a posting that was carried out by itself.
fn the_only(mut outcomes: Vec<Result<Posted, NotPosted>>) -> Result<Posted, LoyaltyError> {
    let nothing = Posted {
        transactions: Vec::new(),
        replayed: false,
    };
    Ok(outcomes.pop().unwrap_or(Ok(nothing))?)
}

/// Gathers what the postings of each customer need, in one query for each.
fn queries_of(postings: &[Posting]) -> Vec<AccountQuery> {
    let mut needs: BTreeMap<UserId, AccountNeeds> = BTreeMap::new();
    for posting in postings {
        let needs = needs.entry(posting.user).or_default();
        let command = &posting.request.command;
        needs.keys.extend(posting.key.clone());
        needs.transactions.extend(command.transaction());
        needs.natural_keys.extend(command.natural_key());
        match (&mut needs.receipts, command) {
            // A line of a return may have been told of another receipt before, and a reversal must
            // know what has become of the receipt.
            (scope, Command::Return(_) | Command::Reverse { .. }) => *scope = ReceiptScope::All,
            (ReceiptScope::Only(receipts), _) => receipts.extend(command.receipt()),
            (ReceiptScope::All, _) => {}
        }
    }
    let queries = needs.into_iter();
    queries
        .map(|(user, needs)| AccountQuery { user, needs })
        .collect()
}

/// Adds up what had taken effect at an instant; a lot that had expired by then counts as gone.
fn effective_balance(
    account: &LoyaltyAccount,
    transactions: &[LoyaltyTransaction],
    instant: DateTime<Utc>,
) -> LoyaltyBalance {
    let in_effect = transactions
        .iter()
        .filter(|transaction| transaction.effective_at <= instant);
    let points: i64 = in_effect.map(|transaction| transaction.points).sum();
    let unwritten: i64 = account
        .lots()
        .iter()
        .filter(|lot| lot.term.expires_at.is_some_and(|at| at <= instant))
        .map(|lot| lot.remaining.get())
        .sum();
    let balance = points - unwritten;
    let points = |points: i64| Points::try_new(points).unwrap_or(Points::ZERO);
    LoyaltyBalance {
        user: account.header().user,
        as_of: instant,
        available: points(balance),
        pending: Points::ZERO,
        debt: points(balance.checked_neg().unwrap_or_default()),
        expiring: Vec::new(),
    }
}
