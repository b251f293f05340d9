use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::OwnedMutexGuard;

use self::access::Access;
use self::customers::Kept;
use self::loyalty::{Ledger, Settlement};
use self::webhooks::Webhooks;
use crate::access::AuditEntry;
use crate::analytics::{CustomerMetrics, Scoring, ShopAnalysis};
use crate::catalogue::{Product, Store};
use crate::customers::ConsentRecord;
use crate::looks::{Look, SavedLook};
use crate::loyalty::Reconciliation;
use crate::ports::{
    CatalogueReader, CatalogueWriter, HeldLease, LeaseState, MetricsReader, MetricsWriter,
    PurchaseReader, PurchaseTotals, PurchaseWriter, RejectPlace, Rejected, RunPlace, RunQuery,
    Storage, StorageError, StoredReject, SyncRunReader, SyncRunWriter, UnitOfWork, UserReader,
    UserWriter,
};
use crate::purchases::{
    DocumentKey, DocumentScope, PurchaseHistory, PurchaseLine, Receipt, ReceiptKey, StoredReceipt,
};
use crate::sync::{SyncKind, SyncRun, SyncStatus};
use crate::users::{DiscountCard, Role, User};
use crate::values::{
    CardNumber, CardRef, LeaseToken, LookId, Money, PeriodRange, PhoneNumber, ProductRef,
    SavedLookId, StoreRef, SyncJobId, SyncRunId, UserId,
};

mod access;
mod audit;
mod customers;
mod looks;
mod loyalty;
mod segments;
mod webhooks;

/// Everything in memory: a real adapter of the storage ports, for tests and small programs.
///
/// One work runs at a time; another [`begin`](Storage::begin) waits for it.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    committed: Arc<Mutex<Arc<State>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
    calls: Calls,
}

/// The methods of the access ports that were called, in their order.
type Calls = Arc<Mutex<Vec<&'static str>>>;

#[derive(Debug, Clone, Default)]
struct State {
    users: BTreeMap<UserId, User>,
    cards: BTreeMap<CardRef, DiscountCard>,
    receipts: BTreeMap<ReceiptKey, Receipt>,
    products: BTreeMap<ProductRef, Product>,
    stores: BTreeMap<StoreRef, Store>,
    ledgers: BTreeMap<UserId, Arc<Ledger>>,
    settlements: BTreeMap<UserId, Settlement>,
    metrics: BTreeMap<UserId, CustomerMetrics>,
    scoring: Option<Scoring>,
    shop_analysis: Option<ShopAnalysis>,
    reconciliation: Option<Reconciliation>,
    segments: segments::Segments,
    runs: BTreeMap<SyncRunId, SyncRun>,
    rejects: BTreeMap<SyncRunId, Vec<Rejected>>,
    lease: Option<HeldLease>,
    webhooks: Arc<Webhooks>,
    access: Access,
    audit: Vec<AuditEntry>,
    profiles: BTreeMap<UserId, Kept>,
    consents: BTreeMap<UserId, Vec<ConsentRecord>>,
    looks: BTreeMap<LookId, Look>,
    saved_looks: BTreeMap<SavedLookId, SavedLook>,
}

#[derive(Debug)]
struct MemoryWork {
    state: Arc<State>,
    committed: Arc<Mutex<Arc<State>>>,
    calls: Calls,
    _turn: OwnedMutexGuard<()>,
}

impl MemoryStorage {
    /// Takes the names of the methods about sign-in and the audit log that were called since the
    /// last time, so that a test can compare what two requests ask of a database.
    #[expect(
        clippy::must_use_candidate,
        reason = "to take them is a deed of its own"
    )]
    pub fn take_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn called(&self, method: &'static str) {
        self.calls.lock().unwrap().push(method);
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.committed.lock().unwrap())
    }
}

impl MemoryWork {
    fn called(&self, method: &'static str) {
        self.calls.lock().unwrap().push(method);
    }

    fn state(&mut self) -> &mut State {
        Arc::make_mut(&mut self.state)
    }

    fn require_user(&mut self, user: UserId) -> Result<(), StorageError> {
        if self.state.users.contains_key(&user) {
            return Ok(());
        }
        Err(StorageError::Refused {
            during: "writing a row of a customer",
            advice: format!("store user {user} first"),
            source: "the user does not exist".into(),
        })
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        self.called("begin");
        let turn = Arc::clone(&self.turn).lock_owned().await;
        Ok(Box::new(MemoryWork {
            state: self.state(),
            committed: Arc::clone(&self.committed),
            calls: Arc::clone(&self.calls),
            _turn: turn,
        }))
    }

    async fn check(&self) -> Result<(), StorageError> {
        Ok(())
    }
}

#[async_trait]
impl UnitOfWork for MemoryWork {
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.called("commit");
        *self.committed.lock().unwrap() = self.state;
        Ok(())
    }
}

#[async_trait]
impl UserReader for MemoryStorage {
    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StorageError> {
        let state = self.state();
        let ids: BTreeSet<_> = ids.iter().collect();
        Ok(ids
            .into_iter()
            .filter_map(|id| state.users.get(id).cloned())
            .collect())
    }

    async fn users_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StorageError> {
        let state = self.state();
        let users = state
            .users
            .iter()
            .filter(|(user, _)| after.is_none_or(|after| **user > after));
        Ok(users
            .take(size(limit))
            .map(|(_, user)| user.clone())
            .collect())
    }

    async fn cards(&self, cards: &[CardRef]) -> Result<Vec<DiscountCard>, StorageError> {
        let state = self.state();
        let cards: BTreeSet<_> = cards.iter().collect();
        Ok(cards
            .into_iter()
            .filter_map(|card| state.cards.get(card).cloned())
            .collect())
    }

    async fn cards_of(&self, users: &[UserId]) -> Result<Vec<DiscountCard>, StorageError> {
        let state = self.state();
        Ok(state
            .cards
            .values()
            .filter(|card| users.contains(&card.user))
            .cloned()
            .collect())
    }

    async fn customers_with_phones(
        &self,
        phones: &[PhoneNumber],
    ) -> Result<Vec<(PhoneNumber, UserId)>, StorageError> {
        let state = self.state();
        let customers = state.users.values().filter(|user| is_customer(user));
        let named = customers.filter_map(|user| Some((user.phone?, user.id)));
        Ok(named.filter(|(phone, _)| phones.contains(phone)).collect())
    }

    async fn customers_with_cards(
        &self,
        numbers: &[CardNumber],
    ) -> Result<Vec<(CardNumber, UserId)>, StorageError> {
        let state = self.state();
        let valid = state.cards.values().filter(|card| !card.removed);
        let held = valid.filter(|card| state.users.get(&card.user).is_some_and(is_customer));
        let named = held.filter_map(|card| Some((card.number.clone()?, card.user)));
        Ok(named
            .filter(|(number, _)| numbers.contains(number))
            .collect())
    }

    async fn cards_after(
        &self,
        after: Option<CardRef>,
        limit: u32,
    ) -> Result<Vec<DiscountCard>, StorageError> {
        let state = self.state();
        let cards = state
            .cards
            .iter()
            .filter(|(card, _)| after.is_none_or(|after| **card > after));
        Ok(cards
            .take(size(limit))
            .map(|(_, card)| card.clone())
            .collect())
    }

    async fn non_customers(&self) -> Result<Vec<UserId>, StorageError> {
        let state = self.state();
        let others = state.users.values().filter(|user| !is_customer(user));
        Ok(others.map(|user| user.id).collect())
    }

    async fn customer_count(&self) -> Result<u64, StorageError> {
        let state = self.state();
        let customers = state.users.values().filter(|user| is_customer(user));
        Ok(number(customers.count()))
    }
}

#[async_trait]
impl UserWriter for MemoryWork {
    async fn add_missing_users(&mut self, users: &[User]) -> Result<(), StorageError> {
        for user in users {
            self.state()
                .users
                .entry(user.id)
                .or_insert_with(|| user.clone());
        }
        Ok(())
    }

    async fn put_users(&mut self, users: &[User]) -> Result<(), StorageError> {
        for user in users {
            self.state().keep_user(user.clone());
        }
        Ok(())
    }

    async fn put_cards(&mut self, cards: &[DiscountCard]) -> Result<(), StorageError> {
        for card in cards {
            self.require_user(card.user)?;
            let card = self.state.keepable(card);
            self.state().cards.insert(card.card, card);
        }
        Ok(())
    }
}

#[async_trait]
impl PurchaseReader for MemoryStorage {
    async fn receipts_between(
        &self,
        range: PeriodRange,
        documents: DocumentScope,
    ) -> Result<Vec<StoredReceipt>, StorageError> {
        let state = self.state();
        let receipts = state.receipts.values().filter(|receipt| {
            range.contains(receipt.key.purchased_at) && documents.holds(receipt.key.document.kind)
        });
        Ok(receipts.map(Receipt::stored).collect())
    }

    async fn receipts_of_documents(
        &self,
        documents: &[DocumentKey],
    ) -> Result<Vec<StoredReceipt>, StorageError> {
        let state = self.state();
        let documents: BTreeSet<_> = documents.iter().collect();
        let receipts = state
            .receipts
            .values()
            .filter(|receipt| documents.contains(&receipt.key.document));
        Ok(receipts.map(Receipt::stored).collect())
    }

    async fn history(&self, user: UserId) -> Result<PurchaseHistory, StorageError> {
        let state = self.state();
        let receipts = state
            .receipts
            .values()
            .filter(|receipt| receipt.key.user == user);
        Ok(PurchaseHistory::new(
            user,
            receipts.flat_map(purchase_lines).collect(),
        ))
    }

    async fn histories(&self, users: &[UserId]) -> Result<Vec<PurchaseHistory>, StorageError> {
        let users: BTreeSet<_> = users.iter().collect();
        let mut histories = Vec::new();
        for user in users {
            let history = self.history(*user).await?;
            if !history.lines().is_empty() {
                histories.push(history);
            }
        }
        Ok(histories)
    }

    async fn histories_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<PurchaseHistory>, StorageError> {
        let state = self.state();
        let mut lines: BTreeMap<UserId, Vec<PurchaseLine>> = BTreeMap::new();
        for receipt in state.receipts.values() {
            let user = receipt.key.user;
            if after.is_some_and(|after| user <= after) {
                continue;
            }
            if !lines.contains_key(&user) && lines.len() == size(limit) {
                break;
            }
            lines
                .entry(user)
                .or_default()
                .extend(purchase_lines(receipt));
        }
        Ok(lines
            .into_iter()
            .map(|(user, lines)| PurchaseHistory::new(user, lines))
            .collect())
    }

    async fn purchase_totals(&self) -> Result<PurchaseTotals, StorageError> {
        let state = self.state();
        let customers: BTreeSet<_> = state.receipts.keys().map(|key| key.user).collect();
        let lines = state.receipts.values().flat_map(|receipt| &receipt.lines);
        Ok(PurchaseTotals {
            customers: number(customers.len()),
            receipts: number(state.receipts.len()),
            lines: number(lines.clone().count()),
            amount: Money::try_sum(lines.map(|line| line.amount)).unwrap(),
        })
    }
}

fn purchase_lines(receipt: &Receipt) -> impl Iterator<Item = PurchaseLine> {
    receipt.lines.iter().map(|line| PurchaseLine {
        document: receipt.key.document,
        line_number: line.line_number,
        purchased_at: receipt.key.purchased_at,
        product: line.product,
        variant: line.variant,
        store: receipt.store,
        quantity: line.quantity,
        amount: line.amount,
        returns: receipt.returns,
    })
}

#[async_trait]
impl PurchaseWriter for MemoryWork {
    async fn remove_receipts(&mut self, receipts: &[ReceiptKey]) -> Result<(), StorageError> {
        for key in receipts {
            self.state().receipts.remove(key);
        }
        Ok(())
    }

    async fn add_receipts(&mut self, receipts: &[Receipt]) -> Result<(), StorageError> {
        let mut keys = BTreeSet::new();
        for receipt in receipts {
            self.require_user(receipt.key.user)?;
            if self.state.receipts.contains_key(&receipt.key) || !keys.insert(receipt.key) {
                return Err(StorageError::Conflict { what: "a receipt" });
            }
        }
        for receipt in receipts {
            self.state().receipts.insert(receipt.key, receipt.clone());
        }
        Ok(())
    }
}

#[async_trait]
impl CatalogueReader for MemoryStorage {
    async fn products(&self, products: &[ProductRef]) -> Result<Vec<Product>, StorageError> {
        let state = self.state();
        let products: BTreeSet<_> = products.iter().collect();
        Ok(products
            .into_iter()
            .filter_map(|product| state.products.get(product).cloned())
            .collect())
    }

    async fn products_after(
        &self,
        after: Option<ProductRef>,
        limit: u32,
    ) -> Result<Vec<Product>, StorageError> {
        let state = self.state();
        let products = state
            .products
            .iter()
            .filter(|(product, _)| after.is_none_or(|after| **product > after));
        Ok(products
            .take(size(limit))
            .map(|(_, product)| product.clone())
            .collect())
    }

    async fn stores(&self) -> Result<Vec<Store>, StorageError> {
        Ok(self.state().stores.values().cloned().collect())
    }
}

#[async_trait]
impl CatalogueWriter for MemoryWork {
    async fn put_products(&mut self, products: &[Product]) -> Result<(), StorageError> {
        for product in products {
            self.state()
                .products
                .insert(product.product, product.clone());
        }
        Ok(())
    }

    async fn put_stores(&mut self, stores: &[Store]) -> Result<(), StorageError> {
        for store in stores {
            self.state().stores.insert(store.store, store.clone());
        }
        Ok(())
    }
}

#[async_trait]
impl MetricsReader for MemoryStorage {
    async fn metrics(&self, users: &[UserId]) -> Result<Vec<CustomerMetrics>, StorageError> {
        let state = self.state();
        let users: BTreeSet<_> = users.iter().collect();
        Ok(users
            .into_iter()
            .filter_map(|user| state.metrics.get(user).cloned())
            .collect())
    }

    async fn metrics_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<CustomerMetrics>, StorageError> {
        let state = self.state();
        let rows = state
            .metrics
            .iter()
            .filter(|(user, _)| after.is_none_or(|after| **user > after));
        Ok(rows
            .take(size(limit))
            .map(|(_, metrics)| metrics.clone())
            .collect())
    }

    async fn scoring(&self) -> Result<Option<Scoring>, StorageError> {
        Ok(self.state().scoring.clone())
    }

    async fn shop_analysis(&self) -> Result<Option<ShopAnalysis>, StorageError> {
        Ok(self.state().shop_analysis.clone())
    }
}

#[async_trait]
impl MetricsWriter for MemoryWork {
    async fn put_metrics(&mut self, metrics: &[CustomerMetrics]) -> Result<(), StorageError> {
        for row in metrics {
            self.require_user(row.figures.user)?;
            self.state().metrics.insert(row.figures.user, row.clone());
        }
        Ok(())
    }

    async fn remove_metrics(&mut self, users: &[UserId]) -> Result<(), StorageError> {
        for user in users {
            self.state().metrics.remove(user);
        }
        Ok(())
    }

    async fn put_scoring(&mut self, scoring: &Scoring) -> Result<(), StorageError> {
        self.state().scoring = Some(scoring.clone());
        Ok(())
    }

    async fn put_shop_analysis(&mut self, analysis: &ShopAnalysis) -> Result<(), StorageError> {
        self.state().shop_analysis = Some(analysis.clone());
        Ok(())
    }
}

#[async_trait]
impl SyncRunReader for MemoryStorage {
    async fn run(&self, id: SyncRunId) -> Result<Option<SyncRun>, StorageError> {
        Ok(self.state().runs.get(&id).cloned())
    }

    async fn runs_of_job(&self, job: SyncJobId) -> Result<Vec<SyncRun>, StorageError> {
        let state = self.state();
        let runs = state.runs.values().filter(|run| run.job == Some(job));
        let mut runs: Vec<SyncRun> = runs.cloned().collect();
        runs.sort_by_key(|run| (run.queued_at, run.id));
        Ok(runs)
    }

    async fn held_lease(&self) -> Result<Option<HeldLease>, StorageError> {
        Ok(self.state().lease.clone())
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<SyncRun>, StorageError> {
        let place = |run: &SyncRun| RunPlace {
            queued_at: run.queued_at,
            run: run.id,
        };
        let state = self.state();
        let runs = state.runs.values().filter(|run| {
            query.kind.is_none_or(|kind| run.kind == kind)
                && query.before.is_none_or(|before| place(run) < before)
        });
        let mut runs: Vec<SyncRun> = runs.cloned().collect();
        runs.sort_by_key(|run| std::cmp::Reverse(place(run)));
        runs.truncate(size(query.limit));
        Ok(runs)
    }

    async fn last_succeeded(&self, kind: SyncKind) -> Result<Option<SyncRun>, StorageError> {
        Ok(self
            .state()
            .newest(|run| run.kind == kind && run.status == SyncStatus::Succeeded))
    }

    async fn last_complete(&self, kind: SyncKind) -> Result<Option<SyncRun>, StorageError> {
        Ok(self.state().newest(|run| {
            run.kind == kind && run.status == SyncStatus::Succeeded && run.since.is_none()
        }))
    }

    async fn running(&self) -> Result<Vec<SyncRun>, StorageError> {
        let state = self.state();
        let running = state.runs.values();
        let running = running.filter(|run| run.status == SyncStatus::Running);
        let mut running: Vec<SyncRun> = running.cloned().collect();
        running.sort_by_key(|run| (run.queued_at, run.id));
        Ok(running)
    }

    async fn last_run(&self, kind: SyncKind) -> Result<Option<SyncRun>, StorageError> {
        Ok(self.state().newest(|run| run.kind == kind))
    }

    async fn cards_moved_since(&self, since: DateTime<Utc>) -> Result<bool, StorageError> {
        Ok(self
            .state()
            .runs
            .values()
            .any(|run| run.queued_at >= since && run.counts.moved > 0))
    }

    async fn rejects(
        &self,
        run: SyncRunId,
        after: Option<RejectPlace>,
        limit: u32,
    ) -> Result<Vec<StoredReject>, StorageError> {
        let state = self.state();
        let rejects = state.rejects.get(&run).into_iter().flatten();
        let places = (1..).map(RejectPlace::new);
        let rejects = places
            .zip(rejects)
            .filter(|(place, _)| Some(*place) > after)
            .take(size(limit));
        Ok(rejects
            .map(|(place, rejected)| StoredReject {
                place,
                rejected: rejected.clone(),
            })
            .collect())
    }
}

impl State {
    fn newest(&self, chosen: impl Fn(&SyncRun) -> bool) -> Option<SyncRun> {
        let runs = self.runs.values().filter(|run| chosen(run));
        runs.max_by_key(|run| (run.queued_at, run.id)).cloned()
    }
}

#[async_trait]
impl SyncRunWriter for MemoryWork {
    async fn take_lease(
        &mut self,
        lease: &HeldLease,
        now: DateTime<Utc>,
    ) -> Result<LeaseState, StorageError> {
        match &self.state.lease {
            Some(held) if held.until > now && held.token != lease.token => Ok(LeaseState::Held {
                owner: held.owner.clone(),
                until: held.until,
            }),
            _ => {
                self.state().lease = Some(lease.clone());
                Ok(LeaseState::Taken)
            }
        }
    }

    async fn take_over_lease(
        &mut self,
        left: LeaseToken,
        lease: &HeldLease,
        now: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        match &mut self.state().lease {
            Some(held) if held.token == left && held.until <= now => {
                *held = HeldLease {
                    cancel_wanted: held.cancel_wanted,
                    ..lease.clone()
                };
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn renew_lease(
        &mut self,
        token: LeaseToken,
        until: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        match &mut self.state().lease {
            Some(lease) if lease.token == token => {
                lease.until = until;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn ask_to_cancel(&mut self, job: SyncJobId) -> Result<bool, StorageError> {
        match &mut self.state().lease {
            Some(lease) if lease.job == job => {
                lease.cancel_wanted = true;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn release_lease(&mut self, token: LeaseToken) -> Result<(), StorageError> {
        self.state().lease.take_if(|lease| lease.token == token);
        Ok(())
    }

    async fn put_run(&mut self, run: &SyncRun) -> Result<(), StorageError> {
        self.state().runs.insert(run.id, run.clone());
        Ok(())
    }

    async fn add_rejects(
        &mut self,
        run: SyncRunId,
        rejects: &[Rejected],
    ) -> Result<(), StorageError> {
        let known = self.state().rejects.entry(run).or_default();
        for reject in rejects {
            if !known.contains(reject) {
                known.push(reject.clone());
            }
        }
        Ok(())
    }
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap()
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap()
}

fn is_customer(user: &User) -> bool {
    user.role == Role::Customer && !user.removed
}
