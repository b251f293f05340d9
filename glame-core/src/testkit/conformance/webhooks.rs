//! Endpoints, events and deliveries.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::ports::{ClaimedDelivery, DeliveryClaim, DeliveryMark, ReplayScope, Storage};
use crate::testkit::fixtures::minute;
use crate::testkit::fixtures::webhooks::{
    delivery, endpoint, endpoint_id, event, event_id, secret,
};
use crate::values::{ClaimToken, WebhookEventId};
use crate::webhooks::{
    AttemptResult, Delivery, DeliveryState, EndpointState, EventFilter, EventType, OutboxEvent,
    WebhookEndpoint,
};

const FIRST: ClaimToken = ClaimToken::from_uuid(Uuid::from_u128(1));
const SECOND: ClaimToken = ClaimToken::from_uuid(Uuid::from_u128(2));

async fn put(storage: &dyn Storage, endpoints: &[WebhookEndpoint]) {
    let mut work = storage.begin().await.unwrap();
    for endpoint in endpoints {
        work.put_webhook_endpoint(endpoint).await.unwrap();
    }
    work.commit().await.unwrap();
}

/// Stores the events of these deliveries and distributes them so.
async fn distribute(storage: &dyn Storage, deliveries: &[Delivery]) {
    let numbers: BTreeSet<WebhookEventId> = deliveries.iter().map(|one| one.event).collect();
    let ids: Vec<WebhookEventId> = numbers.into_iter().collect();
    let events: Vec<OutboxEvent> = ids
        .iter()
        .map(|id| OutboxEvent::test(*id, minute(0)))
        .collect();
    let mut work = storage.begin().await.unwrap();
    work.add_webhook_events(&events).await.unwrap();
    work.distribute_webhook_events(&ids, deliveries)
        .await
        .unwrap();
    work.commit().await.unwrap();
}

async fn claim(
    storage: &dyn Storage,
    to: u128,
    token: ClaimToken,
    now: i64,
    limit: u32,
) -> Vec<ClaimedDelivery> {
    let mut work = storage.begin().await.unwrap();
    let claim = DeliveryClaim {
        endpoint: endpoint_id(to),
        token,
        now: minute(now),
        until: minute(now + 10),
        limit,
    };
    let mut claimed = work.claim_deliveries(&claim).await.unwrap();
    work.commit().await.unwrap();
    claimed.sort_by_key(|one| one.delivery.event);
    claimed
}

async fn finish(storage: &dyn Storage, token: ClaimToken, deliveries: &[Delivery]) -> u64 {
    let mut work = storage.begin().await.unwrap();
    let held = work.finish_deliveries(token, deliveries).await.unwrap();
    work.commit().await.unwrap();
    held
}

/// Gives a delivery that has come to this end in a minute.
fn ended(to: u128, n: u128, state: DeliveryState, at: i64) -> Delivery {
    Delivery {
        state,
        attempts: 8,
        next_attempt_at: None,
        last_attempt_at: Some(minute(at)),
        last_result: Some(AttemptResult::Status(503)),
        ..delivery(to, n)
    }
}

/// Lets deliveries, which are all to the first endpoint, come to their end.
async fn end(storage: &dyn Storage, deliveries: &[Delivery]) {
    let begun: Vec<Delivery> = deliveries
        .iter()
        .map(|one| Delivery::new(one.endpoint, one.event, one.event_type, one.created_at))
        .collect();
    distribute(storage, &begun).await;
    claim(storage, 1, FIRST, 1_000, 1_000).await;
    let held = finish(storage, FIRST, deliveries).await;
    assert_eq!(held, u64::try_from(deliveries.len()).unwrap());
}

/// An endpoint comes back as it was stored, in every state, and is replaced.
pub async fn an_endpoint_comes_back_as_it_was_stored(storage: &dyn Storage) {
    assert_eq!(
        storage.webhook_endpoint(endpoint_id(1)).await.unwrap(),
        None
    );
    for state in EndpointState::ALL {
        let plain = WebhookEndpoint {
            description: None,
            state,
            ..endpoint(1)
        };
        let full = WebhookEndpoint {
            events: EventFilter::Only(EventType::ALL.into()),
            secrets: plain
                .secrets
                .rotated(secret(9), minute(0), TimeDelta::microseconds(7)),
            failing_since: Some(minute(3)),
            version: u32::MAX,
            updated_at: minute(4),
            ..endpoint(1)
        };
        for stored in [plain, full] {
            put(storage, &[stored.clone()]).await;
            let found = storage.webhook_endpoint(stored.id).await.unwrap();
            assert_eq!(found, Some(stored));
        }
    }
}

/// All endpoints come in the order of their making.
pub async fn endpoints_come_in_the_order_of_their_making(storage: &dyn Storage) {
    let made = |n, at| WebhookEndpoint {
        created_at: minute(at),
        ..endpoint(n)
    };
    let [second, third, first] = [made(1, 5), made(2, 9), made(3, 1)];
    put(storage, &[second.clone(), third.clone(), first.clone()]).await;
    let found = storage.webhook_endpoints().await.unwrap();
    assert_eq!(found, [first, second, third]);
}

/// A removed endpoint takes its deliveries along, and those of others stay.
pub async fn a_removed_endpoint_takes_its_deliveries_along(storage: &dyn Storage) {
    put(storage, &[endpoint(1), endpoint(2)]).await;
    distribute(storage, &[delivery(1, 1), delivery(2, 1)]).await;
    for expected in [true, false] {
        let mut work = storage.begin().await.unwrap();
        let removed = work.remove_webhook_endpoint(endpoint_id(1)).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(removed, expected);
    }
    let gone = storage.webhook_delivery(endpoint_id(1), event_id(1)).await;
    assert_eq!(gone.unwrap(), None);
    let stays = storage.webhook_delivery(endpoint_id(2), event_id(1)).await;
    assert_eq!(stays.unwrap(), Some(delivery(2, 1)));
}

/// An event comes back byte by byte, and stays as it was first.
pub async fn an_event_is_kept_once_and_byte_by_byte(storage: &dyn Storage) {
    let first = OutboxEvent {
        payload: "{\"a\":\"Ёлка 🌷\\u0000 \\\" 'x'\"}".to_owned(),
        occurred_at: minute(0) + TimeDelta::microseconds(1),
        ..event(1)
    };
    let again = OutboxEvent {
        payload: "{}".to_owned(),
        ..first.clone()
    };
    let mut work = storage.begin().await.unwrap();
    work.add_webhook_events(&[first.clone(), event(2)])
        .await
        .unwrap();
    work.add_webhook_events(&[again]).await.unwrap();
    work.add_webhook_events(&[]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(storage.webhook_event(first.id).await.unwrap(), Some(first));
    assert_eq!(storage.webhook_event(event_id(3)).await.unwrap(), None);
}

/// Work that is dropped leaves no event.
pub async fn dropped_work_leaves_no_event(storage: &dyn Storage) {
    let mut work = storage.begin().await.unwrap();
    work.add_webhook_events(&[event(1)]).await.unwrap();
    drop(work);
    assert_eq!(storage.webhook_event(event_id(1)).await.unwrap(), None);
}

/// New events are taken oldest first, until they are distributed.
pub async fn new_events_are_taken_oldest_first_and_once(storage: &dyn Storage) {
    put(storage, &[endpoint(1)]).await;
    let mut work = storage.begin().await.unwrap();
    work.add_webhook_events(&[event(3), event(1), event(2)])
        .await
        .unwrap();
    work.commit().await.unwrap();
    for expected in [vec![1, 2], vec![3], vec![]] {
        let mut work = storage.begin().await.unwrap();
        let taken = work.take_new_webhook_events(2).await.unwrap();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|n| (event_id(n), EventType::Test))
            .collect();
        assert_eq!(taken, expected);
        let ids: Vec<WebhookEventId> = taken.iter().map(|(id, _)| *id).collect();
        // Nobody wants them; they are distributed all the same.
        work.distribute_webhook_events(&ids, &[]).await.unwrap();
        work.commit().await.unwrap();
    }
}

/// A delivery to an endpoint that is no more is left out, and one that is there stays.
pub async fn deliveries_are_added_once_and_only_to_endpoints_that_are(storage: &dyn Storage) {
    put(storage, &[endpoint(1)]).await;
    distribute(storage, &[delivery(1, 1), delivery(2, 1)]).await;
    let later = Delivery {
        created_at: minute(9),
        next_attempt_at: Some(minute(9)),
        ..delivery(1, 1)
    };
    distribute(storage, &[later]).await;
    let found = storage
        .webhook_deliveries(endpoint_id(1), None, None, 9)
        .await;
    assert_eq!(found.unwrap(), [delivery(1, 1)]);
    let nobody = storage
        .webhook_deliveries(endpoint_id(2), None, None, 9)
        .await;
    assert_eq!(nobody.unwrap(), []);
}

/// What is due is claimed with its payload, the longest due first, by one at a time.
pub async fn what_is_due_is_claimed_by_one_at_a_time(storage: &dyn Storage) {
    put(storage, &[endpoint(1), endpoint(2)]).await;
    distribute(
        storage,
        &[
            delivery(1, 1),
            delivery(1, 2),
            delivery(1, 3),
            delivery(1, 9),
            delivery(2, 1),
        ],
    )
    .await;
    let events = |claimed: &[ClaimedDelivery]| -> Vec<WebhookEventId> {
        claimed.iter().map(|one| one.delivery.event).collect()
    };
    let first = claim(storage, 1, FIRST, 5, 2).await;
    assert_eq!(events(&first), [event_id(1), event_id(2)]);
    let expected = ClaimedDelivery {
        delivery: Delivery {
            next_attempt_at: Some(minute(15)),
            ..delivery(1, 1)
        },
        payload: OutboxEvent::test(event_id(1), minute(0)).payload,
    };
    assert_eq!(first[0], expected);
    assert_eq!(
        events(&claim(storage, 1, SECOND, 5, 9).await),
        [event_id(3)]
    );
    assert_eq!(events(&claim(storage, 1, SECOND, 5, 9).await), []);
    assert_eq!(
        events(&claim(storage, 2, SECOND, 5, 9).await),
        [event_id(1)]
    );
}

/// A claim that has run out is taken over, and whoever had it can say nothing more.
pub async fn a_claim_that_has_run_out_is_taken_over(storage: &dyn Storage) {
    put(storage, &[endpoint(1)]).await;
    distribute(storage, &[delivery(1, 1)]).await;
    assert_eq!(claim(storage, 1, FIRST, 5, 9).await.len(), 1);
    assert_eq!(claim(storage, 1, SECOND, 14, 9).await.len(), 0);
    assert_eq!(claim(storage, 1, SECOND, 15, 9).await.len(), 1);
    let dead = ended(1, 1, DeliveryState::Dead, 16);
    assert_eq!(finish(storage, FIRST, &[dead]).await, 0);
    let delivered = ended(1, 1, DeliveryState::Delivered, 17);
    assert_eq!(finish(storage, SECOND, &[delivered.clone()]).await, 1);
    assert_eq!(finish(storage, SECOND, &[delivered.clone()]).await, 0);
    let found = storage.webhook_delivery(endpoint_id(1), event_id(1)).await;
    assert_eq!(found.unwrap(), Some(delivered));
    assert_eq!(claim(storage, 1, FIRST, 9_000, 9).await.len(), 0);
}

/// What has become of a delivery comes back as it was stored.
pub async fn what_became_of_a_delivery_comes_back(storage: &dyn Storage) {
    put(storage, &[endpoint(1)]).await;
    let results = [
        AttemptResult::Status(204),
        AttemptResult::TimedOut,
        AttemptResult::Unreachable,
        AttemptResult::AddressRefused,
    ];
    for (n, result) in (1..).zip(results) {
        let waiting = Delivery {
            attempts: 3,
            next_attempt_at: Some(minute(99) + TimeDelta::microseconds(1)),
            last_attempt_at: Some(minute(6)),
            last_result: Some(result),
            ..delivery(1, n)
        };
        distribute(storage, &[delivery(1, n)]).await;
        claim(storage, 1, FIRST, 5, 9).await;
        assert_eq!(finish(storage, FIRST, &[waiting.clone()]).await, 1);
        let found = storage.webhook_delivery(endpoint_id(1), event_id(n)).await;
        assert_eq!(found.unwrap(), Some(waiting));
    }
}

/// Endpoints are due that are enabled and have something to be tried.
pub async fn only_enabled_endpoints_are_due(storage: &dyn Storage) {
    let off = WebhookEndpoint {
        state: EndpointState::Failed,
        ..endpoint(2)
    };
    put(storage, &[endpoint(1), off, endpoint(3)]).await;
    distribute(storage, &[delivery(1, 5), delivery(2, 5), delivery(3, 9)]).await;
    let due = async |now: DateTime<Utc>| storage.webhook_endpoints_due(now).await.unwrap();
    assert_eq!(due(minute(4)).await, []);
    assert_eq!(due(minute(5)).await, [endpoint(1)]);
    claim(storage, 1, FIRST, 5, 9).await;
    assert_eq!(due(minute(6)).await, []);
    assert_eq!(due(minute(9)).await, [endpoint(3)]);
}

/// The deliveries of an endpoint come in pages, newest first, those of one state or all.
pub async fn deliveries_come_in_pages_newest_first(storage: &dyn Storage) {
    put(storage, &[endpoint(1), endpoint(2)]).await;
    let same_time = |n| Delivery {
        created_at: minute(7),
        ..ended(1, n, DeliveryState::Delivered, 50)
    };
    let all = [
        ended(1, 9, DeliveryState::Dead, 50),
        same_time(8),
        same_time(7),
        ended(1, 2, DeliveryState::Dead, 50),
    ];
    end(storage, &all).await;
    distribute(storage, &[delivery(2, 1)]).await;
    let page = async |state, before, limit| {
        let found = storage
            .webhook_deliveries(endpoint_id(1), state, before, limit)
            .await;
        found.unwrap()
    };
    let behind = |last: &Delivery| {
        Some(DeliveryMark {
            at: last.created_at,
            endpoint: last.endpoint,
            event: last.event,
        })
    };
    assert_eq!(page(None, None, 9).await, all);
    assert_eq!(page(None, None, 2).await, all[..2]);
    assert_eq!(page(None, behind(&all[1]), 9).await, all[2..]);
    assert_eq!(page(None, behind(&all[3]), 9).await, []);
    let dead = page(Some(DeliveryState::Dead), None, 9).await;
    assert_eq!(dead, [all[0].clone(), all[3].clone()]);
    assert_eq!(page(Some(DeliveryState::Pending), None, 9).await, []);
}

/// Dead letters come in pages, the last that died first.
pub async fn dead_letters_come_in_pages(storage: &dyn Storage) {
    put(storage, &[endpoint(1)]).await;
    let all = [
        ended(1, 1, DeliveryState::Dead, 90),
        ended(1, 3, DeliveryState::Dead, 80),
        ended(1, 2, DeliveryState::Dead, 80),
    ];
    end(storage, &all).await;
    end(storage, &[ended(1, 5, DeliveryState::Delivered, 85)]).await;
    assert_eq!(storage.dead_letters(None, 9).await.unwrap(), all);
    assert_eq!(storage.dead_letters(None, 1).await.unwrap(), all[..1]);
    let behind = Some(DeliveryMark {
        at: minute(80),
        endpoint: endpoint_id(1),
        event: event_id(3),
    });
    assert_eq!(storage.dead_letters(behind, 9).await.unwrap(), all[2..]);
}

/// A replayed delivery begins anew, and whoever has it in hand holds it no more.
pub async fn a_replayed_delivery_begins_anew(storage: &dyn Storage) {
    put(storage, &[endpoint(1)]).await;
    distribute(storage, &[delivery(1, 1)]).await;
    claim(storage, 1, FIRST, 5, 9).await;
    let replay = async |event, now| {
        let mut work = storage.begin().await.unwrap();
        let which = ReplayScope::Event(event);
        let replayed = work
            .replay_deliveries(endpoint_id(1), which, now)
            .await
            .unwrap();
        work.commit().await.unwrap();
        replayed
    };
    assert_eq!(replay(event_id(1), minute(6)).await, 1);
    assert_eq!(replay(event_id(2), minute(6)).await, 0);
    let late = ended(1, 1, DeliveryState::Dead, 7);
    assert_eq!(finish(storage, FIRST, &[late]).await, 0);
    assert_eq!(claim(storage, 1, SECOND, 6, 9).await.len(), 1);
    let delivered = ended(1, 1, DeliveryState::Delivered, 8);
    finish(storage, SECOND, &[delivered.clone()]).await;
    assert_eq!(replay(event_id(1), minute(9)).await, 1);
    let anew = Delivery {
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt_at: Some(minute(9)),
        ..delivered
    };
    let found = storage.webhook_delivery(endpoint_id(1), event_id(1)).await;
    assert_eq!(found.unwrap(), Some(anew));
}

/// What has died since an instant is replayed, and nothing else.
pub async fn what_died_since_an_instant_is_replayed(storage: &dyn Storage) {
    put(storage, &[endpoint(1)]).await;
    let all = [
        ended(1, 1, DeliveryState::Dead, 49),
        ended(1, 2, DeliveryState::Dead, 50),
        ended(1, 3, DeliveryState::Delivered, 60),
        ended(1, 4, DeliveryState::Dead, 60),
    ];
    end(storage, &all).await;
    let mut work = storage.begin().await.unwrap();
    let since = ReplayScope::DeadSince(minute(50));
    let replayed = work
        .replay_deliveries(endpoint_id(1), since, minute(99))
        .await;
    assert_eq!(replayed.unwrap(), 2);
    work.commit().await.unwrap();
    let claimed = claim(storage, 1, FIRST, 99, 9).await;
    let events: Vec<_> = claimed.iter().map(|one| one.delivery.event).collect();
    assert_eq!(events, [event_id(2), event_id(4)]);
}

/// What came to its end long ago is removed in batches, and its event with it; the rest stays.
pub async fn what_ended_long_ago_is_removed_in_batches(storage: &dyn Storage) {
    put(storage, &[endpoint(1)]).await;
    let all = [
        ended(1, 1, DeliveryState::Delivered, 10),
        ended(1, 2, DeliveryState::Delivered, 11),
        ended(1, 3, DeliveryState::Delivered, 50),
        ended(1, 4, DeliveryState::Dead, 10),
        ended(1, 5, DeliveryState::Dead, 4),
    ];
    end(storage, &all).await;
    distribute(storage, &[delivery(1, 6)]).await;
    let mut work = storage.begin().await.unwrap();
    work.add_webhook_events(&[event(7)]).await.unwrap();
    let mut removed = Vec::new();
    for _ in 0..3 {
        removed.push(
            work.remove_old_deliveries(minute(50), minute(5), 2)
                .await
                .unwrap(),
        );
    }
    assert_eq!(removed, [2, 1, 0]);
    let mut removed = Vec::new();
    for _ in 0..3 {
        removed.push(
            work.remove_old_webhook_events(minute(100), 2)
                .await
                .unwrap(),
        );
    }
    assert_eq!(removed, [2, 1, 0]);
    work.commit().await.unwrap();
    let left = storage
        .webhook_deliveries(endpoint_id(1), None, None, 9)
        .await;
    let left: Vec<_> = left.unwrap().iter().map(|one| one.event).collect();
    assert_eq!(left, [event_id(6), event_id(4), event_id(3)]);
    for (n, stays) in [
        (1, false),
        (2, false),
        (3, true),
        (4, true),
        (5, false),
        (6, true),
        (7, true),
    ] {
        let found = storage.webhook_event(event_id(n)).await.unwrap();
        assert_eq!(found.is_some(), stays, "event {n}");
    }
}

/// An event that is older than what is kept stays as long as somebody is to be told of it, and a
/// young one stays anyway.
pub async fn young_events_stay(storage: &dyn Storage) {
    let mut work = storage.begin().await.unwrap();
    work.add_webhook_events(&[event(7)]).await.unwrap();
    assert_eq!(
        work.remove_old_webhook_events(minute(99), 9).await.unwrap(),
        0
    );
    work.distribute_webhook_events(&[event_id(7)], &[])
        .await
        .unwrap();
    assert_eq!(
        work.remove_old_webhook_events(minute(7), 9).await.unwrap(),
        0
    );
    assert_eq!(
        work.remove_old_webhook_events(minute(8), 9).await.unwrap(),
        1
    );
    work.commit().await.unwrap();
}
