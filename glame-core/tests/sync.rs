//! The synchronisation as a whole, over the in-memory adapters.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Europe::Moscow;
use glame_core::analytics::{AsOf, CustomerStatus, RfmPolicy, ScorePolicy};
use glame_core::catalogue::ProductKind;
use glame_core::customers::{ErasureService, FieldChange, ProfileChange, ProfileService};
use glame_core::loyalty::{Actor, LoyaltyError};
use glame_core::ports::{
    CatalogueReader, Clock, MetricsReader, PurchaseReader, Rejected, SalesSource, SourceError,
    SyncRunReader, UserReader,
};
use glame_core::purchases::{DocumentKind, SaleLine};
use glame_core::sync::{
    CustomerSyncService, PurchaseScope, Recorded, SyncCounts, SyncError, SyncKind, SyncLease,
    SyncObserver, SyncRun, SyncSettings, SyncStatus, SyncTrigger, Unobserved,
};
use glame_core::testkit::fixtures::{
    card_record, card_ref, counterparty, document, minute, product, product_ref, profile, rejected,
    sale_line, store, text,
};
use glame_core::testkit::{CountingIds, ListSource, ManualClock, MemoryStorage, strategies};
use glame_core::users::Holder;
use glame_core::values::{Money, Quantity, UserId};
use proptest::prelude::*;

/// Somebody who wants an end at once.
#[derive(Debug)]
struct Impatient;

impl SyncObserver for Impatient {
    fn progressed(&self, _: &SyncRun) {}

    fn wants_to_cancel(&self) -> bool {
        true
    }
}

/// A shop with its base, our storage and a clock that stands at the sample day.
struct Shop {
    storage: Arc<MemoryStorage>,
    source: Arc<ListSource>,
    clock: Arc<ManualClock>,
    service: CustomerSyncService,
}

impl Shop {
    fn with(settings: SyncSettings) -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let source = Arc::new(ListSource::default());
        let clock = Arc::new(ManualClock::at(minute(0)));
        let service = CustomerSyncService::new(
            storage.clone(),
            source.clone(),
            clock.clone(),
            Arc::new(CountingIds::default()),
            settings,
        );
        Self {
            storage,
            source,
            clock,
            service,
        }
    }

    fn open() -> Self {
        Self::with(SyncSettings::default())
    }

    async fn lease(&self) -> SyncLease {
        self.service.acquire_lease("a test").await.unwrap()
    }

    async fn customers(&self) -> SyncRun {
        let lease = self.lease().await;
        let run = self
            .service
            .sync_discount_cards(&lease, SyncTrigger::Manual, &Unobserved)
            .await
            .unwrap();
        self.service.release_lease(lease).await.unwrap();
        run
    }

    async fn purchases(&self, scope: PurchaseScope) -> SyncRun {
        let lease = self.lease().await;
        let run = self
            .service
            .sync_purchase_history(&lease, scope, SyncTrigger::Manual, &Unobserved)
            .await
            .unwrap();
        self.service.release_lease(lease).await.unwrap();
        run
    }

    async fn metrics(&self) -> SyncRun {
        let lease = self.lease().await;
        let as_of = AsOf::Now(self.clock.now());
        let run = self
            .service
            .calculate_customer_metrics(&lease, as_of, SyncTrigger::Manual, &Unobserved)
            .await
            .unwrap();
        self.service.release_lease(lease).await.unwrap();
        run
    }

    fn sell(&self, lines: impl IntoIterator<Item = SaleLine>) {
        self.source.sales.lock().unwrap().extend(lines);
    }

    async fn spent(&self, user: UserId) -> Money {
        let history = self.storage.history(user).await.unwrap();
        Money::try_sum(history.lines().iter().map(|line| line.amount)).unwrap()
    }
}

fn anna() -> Holder {
    Holder::Counterparty(counterparty(1))
}

fn roubles(roubles: i64) -> Money {
    Money::from_whole_roubles(roubles).unwrap()
}

fn changes(run: &SyncRun) -> [u64; 3] {
    [run.counts.created, run.counts.updated, run.counts.removed]
}

#[tokio::test]
async fn a_second_run_reports_no_change() {
    let shop = Shop::open();
    shop.source
        .cards
        .lock()
        .unwrap()
        .push(card_record(1, Some(counterparty(1))));
    shop.source
        .profiles
        .lock()
        .unwrap()
        .extend([profile(1), profile(2)]);
    shop.sell([
        sale_line(1, anna(), minute(-9), 100),
        sale_line(2, anna(), minute(-8), 50),
    ]);

    assert_eq!(changes(&shop.customers().await), [1, 1, 0]);
    assert_eq!(
        changes(&shop.purchases(PurchaseScope::Everything).await),
        [2, 0, 0]
    );
    assert_eq!(changes(&shop.metrics().await), [1, 0, 0]);

    assert_eq!(changes(&shop.customers().await), [0, 0, 0]);
    assert_eq!(
        changes(&shop.purchases(PurchaseScope::Everything).await),
        [0, 0, 0]
    );
    assert_eq!(
        changes(&shop.purchases(PurchaseScope::Automatic).await),
        [0, 0, 0]
    );
    assert_eq!(changes(&shop.metrics().await), [0, 0, 0]);
}

#[tokio::test]
async fn a_profile_fills_in_the_holder_of_a_card() {
    let shop = Shop::open();
    shop.source.cards.lock().unwrap().extend([
        card_record(2, Some(counterparty(1))),
        card_record(1, Some(counterparty(1))),
    ]);
    shop.source
        .profiles
        .lock()
        .unwrap()
        .extend([profile(1), profile(2)]);
    shop.customers().await;
    let users = shop.storage.users(&[anna().user_id()]).await.unwrap();
    let expected = glame_core::testkit::fixtures::customer(1);
    assert_eq!(users, [expected]);
    // The second counterparty holds no card and has bought nothing.
    assert_eq!(shop.storage.customer_count().await.unwrap(), 1);
}

#[tokio::test]
async fn an_anonymous_sale_belongs_to_nobody() {
    let shop = Shop::open();
    shop.source.cards.lock().unwrap().push(card_record(1, None));
    let anonymous = SaleLine {
        holder: None,
        ..sale_line(1, anna(), minute(-9), 100)
    };
    shop.sell([anonymous]);
    shop.customers().await;
    let run = shop.purchases(PurchaseScope::Automatic).await;
    assert_eq!(
        (run.counts.read, run.counts.anonymous, run.counts.created),
        (1, 1, 0)
    );
    assert_eq!(shop.storage.purchase_totals().await.unwrap().lines, 0);
}

#[tokio::test]
async fn sales_may_arrive_before_their_customer() {
    let shop = Shop::open();
    shop.sell([sale_line(1, anna(), minute(-9), 100)]);
    shop.purchases(PurchaseScope::Automatic).await;
    shop.source
        .cards
        .lock()
        .unwrap()
        .push(card_record(1, Some(counterparty(1))));
    shop.source.profiles.lock().unwrap().push(profile(1));
    shop.customers().await;
    assert_eq!(shop.spent(anna().user_id()).await, roubles(100));
    let users = shop.storage.users(&[anna().user_id()]).await.unwrap();
    assert!(users[0].full_name.is_some() && users[0].discount_card_number.is_some());
}

#[tokio::test]
async fn opening_balances_count_whatever_the_window() {
    let shop = Shop::open();
    let opening = SaleLine {
        document: document(DocumentKind::OpeningBalance, 1),
        quantity: Quantity::ZERO,
        ..sale_line(1, anna(), minute(-3 * 525_600), 232_360)
    };
    let too_old = sale_line(2, anna(), minute(-2 * 525_600), 77);
    shop.sell([opening, too_old, sale_line(3, anna(), minute(-9), 132_694)]);
    shop.purchases(PurchaseScope::Days(365)).await;
    assert_eq!(shop.spent(anna().user_id()).await, roubles(365_054));
    shop.metrics().await;
    let metrics = shop.storage.metrics(&[anna().user_id()]).await.unwrap();
    assert_eq!(metrics[0].figures.total_spent, roubles(365_054));
    assert_eq!(metrics[0].figures.total_purchases, 1);
    assert_eq!(metrics[0].figures.average_receipt, Some(roubles(132_694)));
}

#[tokio::test]
async fn the_purchases_of_a_nameless_card_go_to_its_owner() {
    let shop = Shop::open();
    let card = Holder::Card(card_ref(1));
    shop.source.cards.lock().unwrap().push(card_record(1, None));
    shop.sell([sale_line(1, card, minute(-200 * 1_440), 100)]);
    shop.customers().await;
    shop.purchases(PurchaseScope::Automatic).await;
    assert_eq!(shop.spent(card.user_id()).await, roubles(100));

    shop.source.cards.lock().unwrap()[0].owner = Some(counterparty(1));
    shop.clock.advance(TimeDelta::hours(1));
    assert_eq!(shop.customers().await.counts.moved, 1);
    // The sale lies long before the trailing window; the moved card makes the run read everything.
    assert_eq!(shop.purchases(PurchaseScope::Automatic).await.since, None);
    assert_eq!(shop.spent(card.user_id()).await, Money::ZERO);
    assert_eq!(shop.spent(anna().user_id()).await, roubles(100));
    assert!(shop.storage.users(&[card.user_id()]).await.unwrap()[0].removed);
}

#[tokio::test]
async fn a_sale_that_came_before_its_card_leaves_nobody_behind() {
    let shop = Shop::open();
    let card = Holder::Card(card_ref(1));
    shop.sell([sale_line(1, card, minute(-9), 100)]);
    shop.purchases(PurchaseScope::Automatic).await;
    let record = card_record(1, Some(counterparty(1)));
    shop.source.cards.lock().unwrap().push(record);
    assert_eq!(shop.customers().await.counts.moved, 1);
    shop.purchases(PurchaseScope::Automatic).await;
    assert_eq!(shop.spent(anna().user_id()).await, roubles(100));
    assert!(shop.storage.users(&[card.user_id()]).await.unwrap()[0].removed);
    assert_eq!(shop.storage.customer_count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_vanished_card_is_marked_and_its_owner_stays() {
    let shop = Shop::open();
    let cards = [
        card_record(1, Some(counterparty(1))),
        card_record(2, Some(counterparty(1))),
    ];
    shop.source.cards.lock().unwrap().extend(cards);
    shop.customers().await;
    shop.source.cards.lock().unwrap().remove(0);
    assert_eq!(shop.customers().await.counts.removed, 1);
    assert!(shop.storage.cards(&[card_ref(1)]).await.unwrap()[0].removed);
    let users = shop.storage.users(&[anna().user_id()]).await.unwrap();
    assert_eq!(users[0].discount_card_number, card_record(2, None).number);
    assert_eq!(shop.customers().await.counts.removed, 0);
}

#[tokio::test]
async fn an_automatic_run_reads_a_trailing_window_and_sometimes_everything() {
    let shop = Shop::open();
    assert_eq!(shop.purchases(PurchaseScope::Automatic).await.since, None);
    shop.clock.advance(TimeDelta::days(1));
    let trailing = shop.purchases(PurchaseScope::Automatic).await;
    assert_eq!(
        trailing.since.unwrap().to_rfc3339(),
        "2025-04-30T21:00:00+00:00"
    );
    shop.clock.advance(TimeDelta::days(6));
    assert_eq!(shop.purchases(PurchaseScope::Automatic).await.since, None);
}

#[tokio::test]
async fn a_document_that_leaves_the_window_is_found_at_its_new_date() {
    let shop = Shop::open();
    shop.sell([
        sale_line(1, anna(), minute(-9), 100),
        sale_line(2, anna(), minute(-8), 50),
    ]);
    shop.purchases(PurchaseScope::Everything).await;
    shop.clock.advance(TimeDelta::hours(1));
    let long_ago = minute(-300 * 1_440);
    shop.source.sales.lock().unwrap()[0].purchased_at = long_ago;
    shop.purchases(PurchaseScope::Automatic).await;
    let history = shop.storage.history(anna().user_id()).await.unwrap();
    let dates: Vec<_> = history
        .lines()
        .iter()
        .map(|line| line.purchased_at)
        .collect();
    assert_eq!(dates, [long_ago, minute(-8)]);
    // And back again.
    shop.source.sales.lock().unwrap()[0].purchased_at = minute(-7);
    shop.purchases(PurchaseScope::Automatic).await;
    assert_eq!(
        shop.storage
            .history(anna().user_id())
            .await
            .unwrap()
            .lines()
            .len(),
        2
    );
    assert_eq!(shop.spent(anna().user_id()).await, roubles(150));
}

#[tokio::test]
async fn rejected_records_are_kept_and_counted() {
    let shop = Shop::open();
    shop.source.rejected.lock().unwrap().push(rejected(1));
    shop.sell([sale_line(1, anna(), minute(-9), 100)]);
    let run = shop.purchases(PurchaseScope::Automatic).await;
    assert_eq!(
        (run.counts.read, run.counts.rejected, run.counts.created),
        (2, 1, 1)
    );
    let rejects = shop.storage.rejects(run.id, None, 9).await.unwrap();
    let rejects: Vec<_> = rejects.into_iter().map(|stored| stored.rejected).collect();
    assert_eq!(rejects, [rejected(1)]);
}

#[tokio::test]
async fn what_is_stored_of_a_document_that_cannot_be_read_stays() {
    let shop = Shop::open();
    shop.sell([
        sale_line(1, anna(), minute(-9), 100),
        sale_line(2, anna(), minute(-8), 50),
    ]);
    shop.purchases(PurchaseScope::Everything).await;
    let unreadable = shop.source.sales.lock().unwrap().remove(0);
    shop.source
        .unreadable
        .lock()
        .unwrap()
        .push(unreadable.document.document);
    assert_eq!(
        changes(&shop.purchases(PurchaseScope::Everything).await),
        [0, 0, 0]
    );
    assert_eq!(shop.spent(anna().user_id()).await, roubles(150));
    shop.source.unreadable.lock().unwrap().clear();
    assert_eq!(
        changes(&shop.purchases(PurchaseScope::Everything).await),
        [0, 0, 1]
    );
}

#[tokio::test]
async fn a_card_that_comes_after_its_sales_takes_them_to_its_owner() {
    let shop = Shop::open();
    let card = Holder::Card(card_ref(1));
    shop.sell([sale_line(1, card, minute(-200 * 1_440), 100)]);
    shop.purchases(PurchaseScope::Automatic).await;
    shop.clock.advance(TimeDelta::hours(1));
    shop.source
        .cards
        .lock()
        .unwrap()
        .push(card_record(1, Some(counterparty(1))));
    assert_eq!(shop.customers().await.counts.moved, 1);
    shop.purchases(PurchaseScope::Automatic).await;
    assert_eq!(shop.spent(anna().user_id()).await, roubles(100));
}

#[tokio::test]
async fn a_second_start_is_refused_while_one_runs() {
    let shop = Shop::open();
    let lease = shop.lease().await;
    let refused = shop.service.acquire_lease("another process").await;
    assert!(matches!(refused, Err(SyncError::Busy { owner, .. }) if owner == "a test"));
    shop.clock.advance(TimeDelta::seconds(61));
    let taken_over = shop.lease().await;
    let late = shop
        .service
        .sync_discount_cards(&lease, SyncTrigger::Manual, &Unobserved)
        .await;
    assert!(matches!(late, Err(SyncError::LeaseLost)));
    shop.service.release_lease(taken_over).await.unwrap();
}

#[tokio::test]
async fn a_broken_off_run_goes_on_from_its_last_window() {
    let shop = Shop::open();
    shop.sell([
        sale_line(1, anna(), minute(-9), 100),
        sale_line(2, anna(), minute(400_000), 50),
    ]);
    let mut breaking = glame_core::ports::MockSalesSource::new();
    let source = Arc::clone(&shop.source);
    let mut calls = 0;
    breaking.expect_sales().returning(move |since, after| {
        calls += 1;
        if calls == 4 {
            return Err(SourceError::Unavailable {
                advice: "try later".to_owned(),
                source: None,
            });
        }
        futures_util::future::FutureExt::now_or_never(source.sales(since, after)).unwrap()
    });
    breaking
        .expect_sales_of()
        .returning(|_| panic!("nothing moves"));
    let service = CustomerSyncService::new(
        shop.storage.clone(),
        Arc::new(breaking),
        shop.clock.clone(),
        Arc::new(glame_core::testkit::CountingIds::starting_at(1_000)),
        SyncSettings::default(),
    );
    let lease = service.acquire_lease("a breaking test").await.unwrap();
    let scope = PurchaseScope::Automatic;
    let failed = service
        .sync_purchase_history(&lease, scope, SyncTrigger::Manual, &Unobserved)
        .await;
    assert!(matches!(failed, Err(SyncError::Source(_))));
    service.release_lease(lease).await.unwrap();
    let row = shop
        .storage
        .last_run(SyncKind::Purchases)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.status, SyncStatus::Failed);
    assert_eq!(shop.spent(anna().user_id()).await, roubles(100));

    shop.clock.advance(TimeDelta::minutes(1));
    let resumed = shop.purchases(PurchaseScope::Automatic).await;
    assert!(
        resumed.counts.requests < 6,
        "only the windows that were missing are read"
    );
    assert_eq!(shop.spent(anna().user_id()).await, roubles(150));
    assert_eq!(resumed.status, SyncStatus::Succeeded);
}

#[tokio::test]
async fn what_others_do_under_the_lease_is_a_run_that_says_how_it_ended() {
    let shop = Shop::open();
    let lease = shop.service.acquire_lease("a test").await.unwrap();
    let (kind, trigger) = (SyncKind::Segments, SyncTrigger::Manual);
    let counts = SyncCounts {
        read: 7,
        ..SyncCounts::default()
    };
    let counts = SyncCounts {
        rejected: 2,
        ..counts
    };
    let rejects = vec![Rejected {
        set: "a set".to_owned(),
        reference: "a record".to_owned(),
        reason: "no number".to_owned(),
    }];
    let recorded = Recorded {
        counts,
        rejects: rejects.clone(),
    };
    let work = async { Ok(recorded) };
    let done = shop
        .service
        .record(kind, &lease, trigger, &Unobserved, work);
    let done = done.await.unwrap();
    assert_eq!((done.status, done.counts), (SyncStatus::Succeeded, counts));
    let stored = shop.storage.last_run(kind).await.unwrap().unwrap();
    assert_eq!(stored, done);
    let kept = shop.storage.rejects(done.id, None, 9).await.unwrap();
    let kept: Vec<_> = kept.into_iter().map(|one| one.rejected).collect();
    assert_eq!(kept, rejects);

    let work = async { Err(LoyaltyError::KeptHere.into()) };
    let failed = shop
        .service
        .record(kind, &lease, trigger, &Unobserved, work);
    let error = failed.await.unwrap_err();
    let stored = shop.storage.last_run(kind).await.unwrap().unwrap();
    assert_eq!(stored.status, SyncStatus::Failed);
    assert_eq!(stored.error, Some(error.to_string()));

    let error = SyncError::from(LoyaltyError::KeptHere);
    let written = shop
        .service
        .record_failure(SyncKind::Points, &lease, trigger, &error);
    let written = written.await.unwrap();
    let stored = shop.storage.last_run(SyncKind::Points).await.unwrap();
    assert_eq!(
        (written.status, stored),
        (SyncStatus::Failed, Some(written.clone()))
    );
    assert!(written.finished_at.is_some());

    let work = async { panic!("it is cancelled before it begins") };
    let cancelled = shop.service.record(kind, &lease, trigger, &Impatient, work);
    assert!(matches!(cancelled.await, Err(SyncError::Cancelled)));
    let stored = shop.storage.last_run(kind).await.unwrap().unwrap();
    assert_eq!(stored.status, SyncStatus::Cancelled);
}

#[tokio::test]
async fn a_document_that_is_moved_while_it_is_read_counts_once() {
    let shop = Shop::open();
    let line = |minutes| sale_line(1, anna(), minute(minutes), 100);
    shop.sell([line(-9)]);
    let mut living = glame_core::ports::MockSalesSource::new();
    let source = Arc::clone(&shop.source);
    let mut calls = 0;
    living.expect_sales().returning(move |since, after| {
        calls += 1;
        let window = futures_util::future::FutureExt::now_or_never(source.sales(since, after));
        if calls == 2 {
            // The window that held the document has been read, the one where it goes has not.
            source.sales.lock().unwrap()[0] = line(150_000);
        }
        window.unwrap()
    });
    let source = Arc::clone(&shop.source);
    living.expect_sales_of().returning(move |documents| {
        futures_util::future::FutureExt::now_or_never(source.sales_of(documents)).unwrap()
    });
    let service = CustomerSyncService::new(
        shop.storage.clone(),
        Arc::new(living),
        shop.clock.clone(),
        Arc::new(CountingIds::starting_at(1_000)),
        SyncSettings::default(),
    );
    let lease = service
        .acquire_lease("a test of a living shop")
        .await
        .unwrap();
    let scope = PurchaseScope::Everything;
    service
        .sync_purchase_history(&lease, scope, SyncTrigger::Manual, &Unobserved)
        .await
        .unwrap();
    let history = shop.storage.history(anna().user_id()).await.unwrap();
    let times: Vec<_> = history
        .lines()
        .iter()
        .map(|line| line.purchased_at)
        .collect();
    assert_eq!(times, [minute(150_000)]);
}

#[tokio::test]
async fn silence_alone_makes_a_customer_sleep() {
    let shop = Shop::open();
    shop.sell((1..=20).map(|n| {
        sale_line(
            n,
            anna(),
            minute(-1_440 * i64::try_from(n).unwrap()),
            10_000,
        )
    }));
    shop.purchases(PurchaseScope::Automatic).await;
    shop.metrics().await;
    let status = async || {
        let row = shop
            .storage
            .metrics(&[anna().user_id()])
            .await
            .unwrap()
            .remove(0);
        (row.status, row.rfm_score.unwrap().to_string())
    };
    assert_eq!(status().await, (CustomerStatus::Vip, "R5F5M5".to_owned()));
    shop.clock.advance(TimeDelta::days(200));
    shop.metrics().await;
    assert_eq!(
        status().await,
        (CustomerStatus::Sleeping, "R1F5M5".to_owned())
    );
    let live = shop
        .service
        .update_customer_segment(anna().user_id())
        .await
        .unwrap();
    assert_eq!(live, CustomerStatus::Sleeping);
}

#[tokio::test]
async fn figures_go_when_the_last_purchase_goes() {
    let shop = Shop::open();
    let boris = Holder::Counterparty(counterparty(2));
    shop.sell([
        sale_line(1, anna(), minute(-9), 100),
        sale_line(2, boris, minute(-9), 100),
    ]);
    shop.purchases(PurchaseScope::Automatic).await;
    shop.metrics().await;
    for left in [1, 0] {
        shop.source.sales.lock().unwrap().pop();
        shop.purchases(PurchaseScope::Everything).await;
        assert_eq!(changes(&shop.metrics().await), [0, 0, 1]);
        assert_eq!(
            shop.storage.metrics_after(None, 9).await.unwrap().len(),
            left
        );
    }
}

#[tokio::test]
async fn quantiles_look_at_all_customers_first() {
    let mut settings = SyncSettings::default();
    settings.metrics.rfm = RfmPolicy {
        monetary: ScorePolicy::Quantiles,
        ..RfmPolicy::default()
    };
    let shop = Shop::with(settings);
    shop.sell((1..=10).map(|n| {
        let holder = Holder::Counterparty(counterparty(n));
        sale_line(n, holder, minute(-9), 100 * i64::try_from(n).unwrap())
    }));
    shop.purchases(PurchaseScope::Automatic).await;
    shop.metrics().await;
    let rows = shop.storage.metrics_after(None, 99).await.unwrap();
    let mut by_spend: Vec<(Money, u8)> = rows
        .iter()
        .map(|row| {
            (
                row.figures.total_spent,
                row.rfm_score.unwrap().monetary.get(),
            )
        })
        .collect();
    by_spend.sort();
    let scores: Vec<u8> = by_spend.into_iter().map(|(_, score)| score).collect();
    assert_eq!(scores, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
}

#[tokio::test]
async fn the_catalogue_is_replaced_where_it_changes() {
    let shop = Shop::open();
    shop.source
        .products
        .lock()
        .unwrap()
        .extend([product(1), product(2)]);
    shop.source.stores.lock().unwrap().push(store(1));
    let sync = async || {
        let lease = shop.lease().await;
        let run = shop
            .service
            .sync_catalogue(&lease, SyncTrigger::Manual, &Unobserved)
            .await
            .unwrap();
        shop.service.release_lease(lease).await.unwrap();
        changes(&run)
    };
    assert_eq!(sync().await, [3, 0, 0]);
    shop.source.products.lock().unwrap()[0].kind = ProductKind::Service;
    assert_eq!(sync().await, [0, 1, 0]);
    assert_eq!(sync().await, [0, 0, 0]);
    let stored = shop.storage.products(&[product_ref(1)]).await.unwrap();
    assert_eq!(stored[0].kind, ProductKind::Service);
}

/// What happens in a shop between two looks at it.
#[derive(Debug, Clone)]
enum Event {
    Sell(Vec<SaleLine>),
    Delete(usize),
    Move(usize, i64),
    Change(usize, i64),
    Sync(PurchaseScope),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        strategies::sale_lines(4, 12).prop_map(Event::Sell),
        (0_usize..50).prop_map(Event::Delete),
        (0_usize..50, -500_000_i64..500_000).prop_map(|(n, minutes)| Event::Move(n, minutes)),
        (0_usize..50, 1_i64..100_000).prop_map(|(n, kopecks)| Event::Change(n, kopecks)),
        Just(Event::Sync(PurchaseScope::Automatic)),
        Just(Event::Sync(PurchaseScope::Days(30))),
        Just(Event::Sync(PurchaseScope::Everything)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever happens in the shop and however often it is read in between: after a complete
    /// reading each customer has exactly the lines of the base.
    #[test]
    fn whatever_happens_the_sums_are_those_of_the_base(
        events in prop::collection::vec(event(), 1..25),
        lines_a_step in prop_oneof![Just(1), Just(50_000)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let shop = Shop::with(SyncSettings { lines_a_step, ..SyncSettings::default() });
            for event in events {
                play(&shop, event).await;
            }
            shop.purchases(PurchaseScope::Everything).await;
            let lines = shop.source.sales.lock().unwrap().clone();
            let mut expected: BTreeMap<UserId, (i64, usize)> = BTreeMap::new();
            for line in &lines {
                if let Some(holder) = line.holder {
                    let sum = expected.entry(holder.user_id()).or_default();
                    sum.0 += line.amount.kopecks();
                    sum.1 += 1;
                }
            }
            for n in 1..=4 {
                let user = Holder::Counterparty(counterparty(n)).user_id();
                let history = shop.storage.history(user).await.unwrap();
                let found = (
                    history.lines().iter().map(|line| line.amount.kopecks()).sum::<i64>(),
                    history.lines().len(),
                );
                assert_eq!(found, expected.get(&user).copied().unwrap_or_default());
            }
            let again = shop.purchases(PurchaseScope::Everything).await;
            assert_eq!(changes(&again), [0, 0, 0]);
        });
    }
}

async fn play(shop: &Shop, event: Event) {
    match event {
        Event::Sell(lines) => {
            let mut sales = shop.source.sales.lock().unwrap();
            for line in lines {
                // A base has each line of a document once.
                let is_same = |known: &SaleLine| {
                    known.document == line.document && known.line_number == line.line_number
                };
                if !sales.iter().any(is_same) {
                    sales.push(line);
                }
            }
        }
        Event::Delete(n) => {
            let mut sales = shop.source.sales.lock().unwrap();
            if n < sales.len() {
                sales.remove(n);
            }
        }
        Event::Move(n, minutes) => {
            if let Some(line) = shop.source.sales.lock().unwrap().get_mut(n) {
                line.purchased_at = minute(minutes);
            }
        }
        Event::Change(n, kopecks) => {
            if let Some(line) = shop.source.sales.lock().unwrap().get_mut(n) {
                line.amount = Money::from_kopecks(kopecks);
            }
        }
        Event::Sync(scope) => {
            shop.purchases(scope).await;
            shop.clock.advance(TimeDelta::hours(1));
        }
    }
}

#[tokio::test]
async fn an_edit_survives_what_the_base_says_and_syncing_twice_changes_nothing() {
    let shop = Shop::open();
    let card = card_record(1, Some(counterparty(1)));
    shop.source.cards.lock().unwrap().push(card);
    shop.source.profiles.lock().unwrap().push(profile(1));
    shop.customers().await;
    let profiles = ProfileService::new(shop.storage.clone(), shop.clock.clone(), Moscow);
    let operator = Actor::Named(text("оператор"));
    let moved = ProfileChange {
        city: FieldChange::Set(Some(text("Керчь"))),
        ..ProfileChange::default()
    };
    let user = anna().user_id();
    profiles.edit(user, None, &moved, &operator).await.unwrap();
    assert_eq!(changes(&shop.customers().await), [0, 0, 0]);

    shop.source.profiles.lock().unwrap()[0].city = Some(text("Судак"));
    shop.source.profiles.lock().unwrap()[0].full_name = Some(text("Новая Анна"));
    assert_eq!(changes(&shop.customers().await), [0, 1, 0]);
    assert_eq!(changes(&shop.customers().await), [0, 0, 0]);
    let known = profiles.profile(user).await.unwrap();
    assert_eq!(known.user.city, Some(text("Керчь")));
    assert_eq!(known.user.full_name, Some(text("Новая Анна")));
    assert_eq!(known.edits.city.unwrap().theirs, Some(text("Судак")));

    let back = ProfileChange {
        city: FieldChange::TakeBack,
        ..ProfileChange::default()
    };
    let known = profiles
        .edit(user, Some(known.version), &back, &operator)
        .await
        .unwrap();
    assert_eq!(known.user.city, Some(text("Судак")));
    assert_eq!(changes(&shop.customers().await), [0, 0, 0]);
}

#[tokio::test]
async fn an_erased_person_is_not_brought_back_by_the_base() {
    let shop = Shop::open();
    let card = card_record(1, Some(counterparty(1)));
    shop.source.cards.lock().unwrap().push(card);
    shop.source.profiles.lock().unwrap().push(profile(1));
    shop.sell([sale_line(1, anna(), minute(-9), 100)]);
    shop.customers().await;
    shop.purchases(PurchaseScope::Everything).await;
    let erasure = ErasureService::new(shop.storage.clone(), shop.clock.clone(), Vec::new());
    let user = anna().user_id();
    erasure.erase(user, &Actor::User(user)).await.unwrap();

    for _ in 0..2 {
        assert_eq!(changes(&shop.customers().await), [0, 0, 0]);
        let scope = PurchaseScope::Everything;
        assert_eq!(changes(&shop.purchases(scope).await), [0, 0, 0]);
    }
    let nobody = glame_core::users::User::from_holder(anna(), minute(0));
    assert_eq!(shop.storage.users(&[user]).await.unwrap(), [nobody]);
    let cards = shop.storage.cards_of(&[user]).await.unwrap();
    assert_eq!((cards.len(), &cards[0].number), (1, &None));
    assert_eq!(shop.spent(user).await, roubles(100));
    // Somebody buys under the same reference again: the sum grows, the name stays unknown.
    shop.sell([sale_line(2, anna(), minute(-8), 50)]);
    assert_eq!(
        changes(&shop.purchases(PurchaseScope::Everything).await),
        [1, 0, 0]
    );
    assert_eq!(
        shop.storage.users(&[user]).await.unwrap()[0].full_name,
        None
    );
}
