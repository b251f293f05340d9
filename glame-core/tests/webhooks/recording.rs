//! Every change is told once, in its own unit of work, or not at all where nobody wants it.

use std::sync::Arc;

use chrono::TimeDelta;
use glame_core::loyalty::{
    Authority, Command, LoyaltyProgramme, LoyaltyService, PointsLedger, Sequence, Source,
};
use glame_core::ports::{LoyaltyReader, Storage, UserReader, WebhookReader};
use glame_core::sync::{
    CustomerSyncService, PurchaseScope, SyncObserver, SyncRun, SyncSettings, SyncTrigger,
    Unobserved,
};
use glame_core::testkit::fixtures::loyalty::{bonus, earn, posting, spend, unpost};
use glame_core::testkit::fixtures::{
    card_record, counterparty, customer, minute, profile, sale_line, text,
};
use glame_core::testkit::{CountingIds, ListSource, ManualClock, MemoryStorage};
use glame_core::users::Holder;
use glame_core::values::UserId;
use glame_core::webhooks::{EventBody, EventRecording, EventType};
use serde_json::Value;

struct Desk {
    storage: Arc<MemoryStorage>,
    clock: Arc<ManualClock>,
    service: LoyaltyService,
}

impl Desk {
    async fn open(recording: EventRecording) -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let clock = Arc::new(ManualClock::at(minute(0)));
        let mut work = storage.begin().await.unwrap();
        work.put_users(&[customer(1), customer(2)]).await.unwrap();
        work.commit().await.unwrap();
        let service = LoyaltyService::new(
            storage.clone(),
            clock.clone(),
            LoyaltyProgramme::guide(),
            PointsLedger::Glame,
        );
        Self {
            service: service.unwrap().with_events(recording),
            storage,
            clock,
        }
    }

    async fn post(&self, command: Command, key: Option<&str>) {
        let posting = posting(customer(1).id, command, key);
        self.service.post(posting).await.unwrap();
    }
}

/// Gives the bodies of all new events, oldest first.
async fn told(storage: &MemoryStorage) -> Vec<EventBody<Value>> {
    let mut work = storage.begin().await.unwrap();
    let events = work.take_new_webhook_events(1_000).await.unwrap();
    drop(work);
    let mut bodies = Vec::new();
    for (id, event_type) in events {
        let event = storage.webhook_event(id).await.unwrap().unwrap();
        let body: EventBody<Value> = serde_json::from_str(&event.payload).unwrap();
        assert_eq!(body.event_type, event_type);
        assert_eq!(body.timestamp, event.occurred_at);
        bodies.push(body);
    }
    bodies
}

async fn names(storage: &MemoryStorage) -> Vec<&'static str> {
    let mut names: Vec<_> = told(storage)
        .await
        .iter()
        .map(|body| body.event_type.as_str())
        .collect();
    names.sort_unstable();
    names
}

fn authority() -> Authority {
    Authority {
        reason: text("Анна просила"),
        source: Source::Manual,
        actor: None,
    }
}

#[tokio::test]
async fn every_transaction_is_told_once_in_the_words_of_its_kind() {
    let desk = Desk::open(EventRecording::On).await;
    let desk_minute = || desk.clock.advance(TimeDelta::minutes(1));
    desk.post(bonus(1, 500, Some(minute(10))), Some("a-key"))
        .await;
    desk.post(bonus(1, 500, Some(minute(10))), Some("a-key"))
        .await;
    desk_minute();
    desk.post(spend(100), None).await;
    desk_minute();
    desk.post(earn(1, minute(1), 10_000), None).await;
    desk_minute();
    desk.post(unpost(1, minute(1)), None).await;
    desk.clock.advance(TimeDelta::minutes(10));
    desk.service.expire_old_points().await.unwrap();

    let ledger = desk
        .storage
        .transactions_after(customer(1).id, Sequence::NONE, 99)
        .await
        .unwrap();
    let told = told(&desk.storage).await;
    let names: Vec<_> = told.iter().map(|body| body.event_type.as_str()).collect();
    assert_eq!(
        names,
        [
            "points.bonus",
            "points.spent",
            "points.earned",
            "points.reversed",
            "points.expired"
        ]
    );
    assert_eq!(told.len(), ledger.len());
    for (body, transaction) in told.iter().zip(&ledger) {
        assert_eq!(body.data["sequence"], transaction.sequence.get());
        assert_eq!(body.data["points"], transaction.points);
        assert_eq!(body.data["balance_after"], transaction.balance_after);
        assert_eq!(body.data["transaction_id"], transaction.id.to_string());
        assert_eq!(body.data["user_id"], customer(1).id.to_string());
    }
    assert_eq!(
        told[3].data["reverses_transaction_id"],
        told[2].data["transaction_id"]
    );
}

#[tokio::test]
async fn where_nobody_is_told_nothing_is_written() {
    let desk = Desk::open(EventRecording::Off).await;
    desk.post(bonus(1, 500, None), None).await;
    desk.service
        .merge(customer(1).id, customer(2).id, authority())
        .await
        .unwrap();
    assert_eq!(told(&desk.storage).await, []);
}

#[tokio::test]
async fn what_is_refused_is_not_told() {
    let desk = Desk::open(EventRecording::On).await;
    let refused = posting(customer(1).id, spend(1), Some("a-key"));
    desk.service.post(refused).await.unwrap_err();
    assert_eq!(told(&desk.storage).await, []);
}

#[tokio::test]
async fn a_merge_is_told_beside_the_transactions_that_it_makes() {
    let desk = Desk::open(EventRecording::On).await;
    desk.post(bonus(1, 500, None), None).await;
    let (from, into) = (customer(1).id, customer(2).id);
    desk.service.merge(from, into, authority()).await.unwrap();
    let bodies = told(&desk.storage).await;
    let merged = bodies
        .iter()
        .find(|body| body.event_type == EventType::CustomerMerged)
        .unwrap();
    assert_eq!(merged.data["from_user_id"], from.to_string());
    assert_eq!(merged.data["into_user_id"], into.to_string());
    assert_eq!(merged.data["points"], 500);
    let adjusted = names(&desk.storage)
        .await
        .iter()
        .filter(|name| **name == "points.adjusted")
        .count();
    assert_eq!(adjusted, 2);
    // Nothing is left to move.
    desk.service.merge(from, into, authority()).await.unwrap();
    assert_eq!(told(&desk.storage).await.len(), bodies.len());
}

#[tokio::test]
async fn no_event_names_a_person_or_says_why() {
    let desk = Desk::open(EventRecording::On).await;
    desk.post(bonus(1, 500, None), None).await;
    desk.service
        .merge(customer(1).id, customer(2).id, authority())
        .await
        .unwrap();
    for body in told(&desk.storage).await {
        let body = serde_json::to_string(&body).unwrap();
        for secret in ["Примерова", "7999", "@example", "reason", "actor", "Анна"] {
            assert!(!body.contains(secret), "{body}");
        }
    }
}

/// Stops a run before it has read anything.
#[derive(Debug)]
struct Impatient;

impl SyncObserver for Impatient {
    fn progressed(&self, _run: &SyncRun) {}

    fn wants_to_cancel(&self) -> bool {
        true
    }
}

struct Shop {
    storage: Arc<MemoryStorage>,
    source: Arc<ListSource>,
    service: CustomerSyncService,
    clock: Arc<ManualClock>,
}

impl Shop {
    fn open(recording: EventRecording) -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let source = Arc::new(ListSource::default());
        let clock = Arc::new(ManualClock::at(minute(0)));
        let service = CustomerSyncService::new(
            storage.clone(),
            source.clone(),
            clock.clone(),
            Arc::new(CountingIds::default()),
            SyncSettings::default(),
        );
        Self {
            service: service.with_events(recording),
            storage,
            source,
            clock,
        }
    }

    async fn sync(&self) {
        let lease = self.service.acquire_lease("a test").await.unwrap();
        let trigger = SyncTrigger::Manual;
        self.service
            .sync_discount_cards(&lease, trigger, &Unobserved)
            .await
            .unwrap();
        let scope = PurchaseScope::Automatic;
        let purchases = self
            .service
            .sync_purchase_history(&lease, scope, trigger, &Unobserved);
        purchases.await.unwrap();
        self.service.release_lease(lease).await.unwrap();
        self.clock.advance(TimeDelta::minutes(1));
    }

    /// Gives whom we were told of as new.
    async fn created(&self) -> Vec<UserId> {
        let bodies = told(&self.storage).await;
        let created = bodies
            .iter()
            .filter(|body| body.event_type == EventType::CustomerCreated);
        let mut users: Vec<UserId> = created
            .map(|body| serde_json::from_value(body.data["user_id"].clone()).unwrap())
            .collect();
        users.sort();
        users
    }
}

#[tokio::test]
async fn a_new_customer_is_told_once_whether_a_card_or_a_purchase_brought_him() {
    let shop = Shop::open(EventRecording::On);
    let by_card = Holder::Counterparty(counterparty(1));
    let by_purchase = Holder::Counterparty(counterparty(2));
    shop.source
        .cards
        .lock()
        .unwrap()
        .push(card_record(1, Some(counterparty(1))));
    shop.source.profiles.lock().unwrap().push(profile(1));
    let sales = [(1, by_card), (2, by_purchase), (3, by_purchase)];
    let lines = sales.map(|(n, holder)| sale_line(n, holder, minute(-9), 1_000));
    shop.source.sales.lock().unwrap().extend(lines);
    let mut expected = [by_card.user_id(), by_purchase.user_id()];
    expected.sort();
    for _ in 0..2 {
        shop.sync().await;
        assert_eq!(shop.created().await, expected);
    }
    let late = Holder::Counterparty(counterparty(3));
    let line = sale_line(4, late, minute(-5), 1_000);
    shop.source.sales.lock().unwrap().push(line);
    shop.sync().await;
    assert_eq!(shop.created().await.len(), 3);
    assert_eq!(shop.storage.users_after(None, 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn the_end_of_every_run_is_told_whatever_it_was() {
    let shop = Shop::open(EventRecording::On);
    shop.sync().await;
    let lease = shop.service.acquire_lease("a test").await.unwrap();
    let stopped = shop
        .service
        .sync_discount_cards(&lease, SyncTrigger::Manual, &Impatient);
    stopped.await.unwrap_err();
    let told = told(&shop.storage).await;
    let ends: Vec<_> = told
        .iter()
        .map(|body| {
            assert_eq!(body.event_type, EventType::SyncFinished);
            let text = |field: &str| body.data[field].as_str().unwrap().to_owned();
            (text("kind"), text("status"))
        })
        .collect();
    let end = |kind: &str, status: &str| (kind.to_owned(), status.to_owned());
    assert!(ends.contains(&end("customers", "succeeded")), "{ends:?}");
    assert!(ends.contains(&end("purchases", "succeeded")), "{ends:?}");
    assert!(ends.contains(&end("customers", "cancelled")), "{ends:?}");
    assert_eq!(ends.len(), 3);
}

#[tokio::test]
async fn a_synchronisation_that_nobody_is_told_of_writes_no_event() {
    let shop = Shop::open(EventRecording::Off);
    shop.source
        .cards
        .lock()
        .unwrap()
        .push(card_record(1, Some(counterparty(1))));
    shop.sync().await;
    assert_eq!(told(&shop.storage).await, []);
}
