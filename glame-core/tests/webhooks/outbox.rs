//! From the outbox to the endpoints: who is told, and what failures do.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use glame_core::ports::{Clock, Storage, WebhookReader};
use glame_core::testkit::fixtures::minute;
use glame_core::testkit::fixtures::webhooks::{endpoint, endpoint_id, event, event_id};
use glame_core::testkit::{CountingIds, ManualClock, MemoryStorage};
use glame_core::values::WebhookEventId;
use glame_core::webhooks::{
    Attempt, AttemptResult, DeliveryRules, DeliveryState, EndpointState, EventFilter, EventType,
    Jitter, WebhookEndpoint, WebhookOutbox,
};

struct Post {
    storage: Arc<MemoryStorage>,
    clock: Arc<ManualClock>,
    outbox: WebhookOutbox,
}

const LEASE: TimeDelta = TimeDelta::minutes(1);

impl Post {
    async fn with(endpoints: &[WebhookEndpoint], events: u128) -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let clock = Arc::new(ManualClock::at(minute(100)));
        let mut work = storage.begin().await.unwrap();
        for endpoint in endpoints {
            work.put_webhook_endpoint(endpoint).await.unwrap();
        }
        let events: Vec<_> = (1..=events).map(event).collect();
        work.add_webhook_events(&events).await.unwrap();
        work.commit().await.unwrap();
        let outbox = WebhookOutbox::new(
            storage.clone(),
            clock.clone(),
            Arc::new(CountingIds::default()),
            DeliveryRules::default(),
        );
        Self {
            storage,
            clock,
            outbox,
        }
    }

    /// Lets one round of attempts at the first endpoint end so; gives which events it was.
    async fn round(&self, result: AttemptResult) -> Vec<WebhookEventId> {
        let (token, claimed) = self.outbox.claim(endpoint_id(1), 100, LEASE).await.unwrap();
        let at = self.clock.now();
        let attempt = Attempt {
            result,
            retry_after: None,
            at,
        };
        let attempts: Vec<_> = claimed
            .into_iter()
            .map(|one| (one.delivery, attempt))
            .collect();
        let held = self
            .outbox
            .finish(endpoint_id(1), token, &attempts, Jitter::default())
            .await;
        assert_eq!(held.unwrap(), u64::try_from(attempts.len()).unwrap());
        attempts
            .iter()
            .map(|(delivery, _)| delivery.event)
            .collect()
    }

    async fn first(&self) -> WebhookEndpoint {
        self.storage
            .webhook_endpoint(endpoint_id(1))
            .await
            .unwrap()
            .unwrap()
    }
}

#[tokio::test]
async fn each_event_goes_once_to_each_endpoint_that_wants_it() {
    let picky = WebhookEndpoint {
        events: EventFilter::Only(BTreeSet::from([EventType::PointsSpent])),
        ..endpoint(2)
    };
    let off = WebhookEndpoint {
        state: EndpointState::Disabled,
        ..endpoint(3)
    };
    // More than one transaction takes.
    let post = Post::with(&[endpoint(1), picky, off], 501).await;
    assert_eq!(post.outbox.distribute().await.unwrap(), 501);
    assert_eq!(post.outbox.distribute().await.unwrap(), 0);
    for (to, expected) in [(1, 501), (2, 0), (3, 0)] {
        let found = post
            .storage
            .webhook_deliveries(endpoint_id(to), None, None, 999)
            .await;
        assert_eq!(found.unwrap().len(), expected);
    }
    let due = post.outbox.due().await.unwrap();
    assert_eq!(
        due.iter().map(|one| one.id).collect::<Vec<_>>(),
        [endpoint_id(1)]
    );
}

#[tokio::test]
async fn what_fails_comes_back_by_the_schedule_until_it_is_dead() {
    let post = Post::with(&[endpoint(1)], 1).await;
    post.outbox.distribute().await.unwrap();
    let failed = AttemptResult::Status(500);
    for wait in [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000] {
        post.clock
            .advance(TimeDelta::seconds(wait) - TimeDelta::microseconds(1));
        if wait > 0 {
            assert_eq!(post.round(failed).await, []);
        }
        post.clock.advance(TimeDelta::microseconds(1));
        assert_eq!(post.round(failed).await, [event_id(1)]);
    }
    post.clock.advance(TimeDelta::days(9));
    assert_eq!(post.round(failed).await, []);
    let dead = post.storage.dead_letters(None, 9).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].state, dead[0].attempts), (DeliveryState::Dead, 8));
    assert_eq!(dead[0].last_result, Some(failed));
}

#[tokio::test]
async fn an_endpoint_that_has_failed_for_five_days_is_sent_nothing_more() {
    let post = Post::with(&[endpoint(1)], 2).await;
    post.outbox.distribute().await.unwrap();
    post.round(AttemptResult::TimedOut).await;
    assert_eq!(post.first().await.failing_since, Some(minute(100)));
    post.clock.advance(TimeDelta::days(5));
    post.round(AttemptResult::TimedOut).await;
    let switched_off = post.first().await;
    assert_eq!(switched_off.state, EndpointState::Failed);
    assert_eq!(switched_off.version, endpoint(1).version);
    post.clock.advance(TimeDelta::days(1));
    assert_eq!(post.outbox.due().await.unwrap(), []);
}

#[tokio::test]
async fn an_event_that_is_taken_ends_a_time_of_failures() {
    let post = Post::with(&[endpoint(1)], 1).await;
    post.outbox.distribute().await.unwrap();
    post.round(AttemptResult::Unreachable).await;
    post.clock.advance(TimeDelta::days(6));
    post.round(AttemptResult::Status(204)).await;
    assert_eq!(post.first().await, endpoint(1));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_sent_nothing_more() {
    let post = Post::with(&[endpoint(1)], 1).await;
    post.outbox.distribute().await.unwrap();
    post.round(AttemptResult::Status(410)).await;
    assert_eq!(post.first().await.state, EndpointState::Gone);
    assert_eq!(post.storage.dead_letters(None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_dead_worker_had_in_hand_is_taken_over() {
    let post = Post::with(&[endpoint(1)], 1).await;
    post.outbox.distribute().await.unwrap();
    let (dead_worker, claimed) = post.outbox.claim(endpoint_id(1), 9, LEASE).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(post.round(AttemptResult::Status(200)).await, []);
    post.clock.advance(LEASE);
    assert_eq!(post.round(AttemptResult::Status(200)).await, [event_id(1)]);
    // It was not dead after all, but it is too late.
    let late = Attempt {
        result: AttemptResult::Status(500),
        retry_after: None,
        at: post.clock.now(),
    };
    let late = [(claimed[0].delivery.clone(), late)];
    let held = post
        .outbox
        .finish(endpoint_id(1), dead_worker, &late, Jitter::default())
        .await;
    assert_eq!(held.unwrap(), 0);
    let found = post
        .storage
        .webhook_delivery(endpoint_id(1), event_id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn what_is_old_is_removed_and_what_waits_is_not() {
    let post = Post::with(&[endpoint(1)], 3).await;
    post.outbox.distribute().await.unwrap();
    post.round(AttemptResult::Status(200)).await;
    let mut work = post.storage.begin().await.unwrap();
    work.add_webhook_events(&[event(4)]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(post.outbox.remove_old().await.unwrap(), 0);
    post.clock.advance(TimeDelta::days(31));
    assert_eq!(post.outbox.remove_old().await.unwrap(), 6);
    assert!(
        post.storage
            .webhook_event(event_id(4))
            .await
            .unwrap()
            .is_some()
    );
}
