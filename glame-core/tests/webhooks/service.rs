//! What people and the API do with endpoints and deliveries.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use glame_core::ports::{Clock, Storage, WebhookReader};
use glame_core::testkit::fixtures::minute;
use glame_core::testkit::fixtures::webhooks::{delivery, endpoint_id, event_id};
use glame_core::testkit::{CountingIds, KnownSecrets, ManualClock, MemoryStorage};
use glame_core::values::{ClaimToken, WebhookEndpointId};
use glame_core::webhooks::{
    Delivery, DeliveryState, EndpointDraft, EndpointState, EventFilter, EventType, MOST_ENDPOINTS,
    OutboxEvent, ParseEndpointUrlError, Reach, WebhookEndpoint, WebhookError, WebhookService,
};
use uuid::Uuid;

struct Office {
    storage: Arc<MemoryStorage>,
    clock: Arc<ManualClock>,
    service: WebhookService,
}

fn draft(url: &str) -> EndpointDraft {
    EndpointDraft {
        url: url.to_owned(),
        description: None,
        events: EventFilter::All,
    }
}

impl Office {
    fn open() -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let clock = Arc::new(ManualClock::at(minute(0)));
        let service = WebhookService::new(
            storage.clone(),
            clock.clone(),
            Arc::new(CountingIds::default()),
            Arc::new(KnownSecrets::default()),
            Reach::Public,
        );
        Self {
            storage,
            clock,
            service,
        }
    }

    async fn endpoint(&self) -> WebhookEndpoint {
        let made = self
            .service
            .create_endpoint(draft("https://till.example/"))
            .await;
        made.unwrap().endpoint
    }

    /// Begins deliveries to an endpoint, and lets the first ones of them die, one a minute.
    async fn deliver(&self, to: WebhookEndpointId, count: u128, dead: u128) {
        let token = ClaimToken::from_uuid(Uuid::from_u128(7));
        let begun: Vec<Delivery> = (1..=count)
            .map(|n| Delivery {
                endpoint: to,
                ..delivery(1, n)
            })
            .collect();
        let died: Vec<Delivery> = begun
            .iter()
            .zip(1..)
            .take(usize::try_from(dead).unwrap())
            .map(|(one, n)| Delivery {
                state: DeliveryState::Dead,
                next_attempt_at: None,
                last_attempt_at: Some(minute(n)),
                ..one.clone()
            })
            .collect();
        let mut work = self.storage.begin().await.unwrap();
        let ids: Vec<_> = begun.iter().map(|one| one.event).collect();
        let events: Vec<_> = ids
            .iter()
            .map(|id| OutboxEvent::test(*id, minute(0)))
            .collect();
        work.add_webhook_events(&events).await.unwrap();
        work.distribute_webhook_events(&ids, &begun).await.unwrap();
        let claim = glame_core::ports::DeliveryClaim {
            endpoint: to,
            token,
            now: minute(99),
            until: minute(99),
            limit: 999,
        };
        work.claim_deliveries(&claim).await.unwrap();
        work.finish_deliveries(token, &died).await.unwrap();
        work.commit().await.unwrap();
    }
}

#[tokio::test]
async fn an_endpoint_is_made_with_a_secret_that_is_shown_once() {
    let office = Office::open();
    let made = office
        .service
        .create_endpoint(draft("https://till.example/a"))
        .await
        .unwrap();
    assert_eq!(made.endpoint.secrets.current, made.secret);
    assert_eq!(made.endpoint.state, EndpointState::Enabled);
    assert_eq!(
        office.service.endpoint(made.endpoint.id).await.unwrap(),
        made.endpoint
    );
    assert_eq!(office.service.endpoints().await.unwrap(), [made.endpoint]);
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_called_is_refused() {
    let office = Office::open();
    let private = office
        .service
        .create_endpoint(draft("https://10.0.0.1/"))
        .await
        .unwrap_err();
    assert!(matches!(
        private,
        WebhookError::Url(ParseEndpointUrlError::Private)
    ));
    let nothing = EndpointDraft {
        events: EventFilter::Only(BTreeSet::new()),
        ..draft("https://till.example/")
    };
    let nothing = office.service.create_endpoint(nothing).await.unwrap_err();
    assert!(matches!(nothing, WebhookError::NoEvents));
    assert_eq!(office.service.endpoints().await.unwrap(), []);
}

#[tokio::test]
async fn there_are_no_more_endpoints_than_can_be_served() {
    let office = Office::open();
    for _ in 0..MOST_ENDPOINTS {
        office.endpoint().await;
    }
    let one_more = office
        .service
        .create_endpoint(draft("https://till.example/"))
        .await;
    assert!(matches!(one_more, Err(WebhookError::TooManyEndpoints)));
}

#[tokio::test]
async fn whoever_changes_an_endpoint_must_have_seen_its_last_version() {
    let office = Office::open();
    let first = office.endpoint().await;
    office.clock.advance(TimeDelta::minutes(1));
    let only = EventFilter::Only(BTreeSet::from([EventType::PointsSpent]));
    let change = EndpointDraft {
        events: only.clone(),
        ..draft("https://other.example/")
    };
    let second = office
        .service
        .update_endpoint(first.id, 1, change.clone())
        .await
        .unwrap();
    let expected = WebhookEndpoint {
        url: second.url.clone(),
        events: only,
        version: 2,
        updated_at: minute(1),
        ..first.clone()
    };
    assert_eq!(second, expected);
    assert_eq!(second.url.as_str(), "https://other.example/");
    let stale = office.service.update_endpoint(first.id, 1, change).await;
    assert!(matches!(stale, Err(WebhookError::Stale { actual: 2 })));
    let stale = office.service.disable_endpoint(first.id, 1).await;
    assert!(matches!(stale, Err(WebhookError::Stale { actual: 2 })));
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_for_a_day() {
    let office = Office::open();
    let made = office.endpoint().await;
    let rotated = office.service.rotate_secret(made.id).await.unwrap();
    let before = made.secrets.current;
    assert_ne!(rotated.secret, before);
    let secrets = &rotated.endpoint.secrets;
    let day = TimeDelta::hours(24);
    let valid = |at| secrets.valid_at(at).cloned().collect::<Vec<_>>();
    assert_eq!(
        valid(minute(0) + day - TimeDelta::seconds(1)),
        [rotated.secret.clone(), before]
    );
    assert_eq!(
        valid(minute(0) + day),
        std::slice::from_ref(&rotated.secret)
    );
    assert_eq!(
        office.service.endpoint(made.id).await.unwrap(),
        rotated.endpoint
    );
}

#[tokio::test]
async fn an_endpoint_is_switched_off_and_on_by_people() {
    let office = Office::open();
    let made = office.endpoint().await;
    let off = office.service.disable_endpoint(made.id, 1).await.unwrap();
    assert_eq!(off.state, EndpointState::Disabled);
    let test = office.service.send_test(made.id).await.unwrap_err();
    assert_eq!(
        test.to_string(),
        "the endpoint is disabled; enable it first"
    );
    let replay = office.service.replay_dead(made.id, minute(0)).await;
    assert!(matches!(replay, Err(WebhookError::NotEnabled { .. })));
    let on = office.service.enable_endpoint(made.id, 2).await.unwrap();
    assert_eq!((on.state, on.failing_since), (EndpointState::Enabled, None));
}

#[tokio::test]
async fn a_test_goes_to_the_one_endpoint_whatever_it_wants() {
    let office = Office::open();
    office.endpoint().await;
    let picky = EndpointDraft {
        events: EventFilter::Only(BTreeSet::from([EventType::PointsSpent])),
        ..draft("https://picky.example/")
    };
    let picky = office
        .service
        .create_endpoint(picky)
        .await
        .unwrap()
        .endpoint;
    let sent = office.service.send_test(picky.id).await.unwrap();
    let due = office
        .storage
        .webhook_endpoints_due(office.clock.now())
        .await
        .unwrap();
    assert_eq!(due, std::slice::from_ref(&picky));
    let found = office
        .service
        .deliveries(picky.id, None, None, 9)
        .await
        .unwrap();
    assert_eq!((found.deliveries, found.next), (vec![sent], None));
    let mut work = office.storage.begin().await.unwrap();
    assert_eq!(work.take_new_webhook_events(9).await.unwrap(), []);
}

#[tokio::test]
async fn deliveries_and_dead_letters_come_in_pages() {
    let office = Office::open();
    let made = office.endpoint().await;
    office.deliver(made.id, 5, 3).await;
    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let page = office
            .service
            .deliveries(made.id, None, before, 2)
            .await
            .unwrap();
        pages.push(
            page.deliveries
                .iter()
                .map(|one| one.event)
                .collect::<Vec<_>>(),
        );
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(pages.concat(), [5, 4, 3, 2, 1].map(event_id));
    assert_eq!(pages.len(), 3);
    let first = office.service.dead_letters(None, 2).await.unwrap();
    let second = office.service.dead_letters(first.next, 2).await.unwrap();
    assert_eq!(second.next, None);
    let dead = [first.deliveries, second.deliveries].concat();
    assert_eq!(
        dead.iter().map(|one| one.event).collect::<Vec<_>>(),
        [3, 2, 1].map(event_id)
    );
}

#[tokio::test]
async fn one_delivery_or_all_that_died_since_an_instant_are_replayed() {
    let office = Office::open();
    let made = office.endpoint().await;
    office.deliver(made.id, 5, 3).await;
    office
        .service
        .replay_delivery(made.id, event_id(1))
        .await
        .unwrap();
    assert_eq!(
        office
            .service
            .replay_dead(made.id, minute(3))
            .await
            .unwrap(),
        1
    );
    let dead = office
        .service
        .dead_letters(None, 9)
        .await
        .unwrap()
        .deliveries;
    assert_eq!(
        dead.iter().map(|one| one.event).collect::<Vec<_>>(),
        [event_id(2)]
    );
    let unknown = office.service.replay_delivery(made.id, event_id(99)).await;
    assert!(matches!(unknown, Err(WebhookError::UnknownDelivery { .. })));
}

#[tokio::test]
async fn what_is_not_there_is_told_by_its_id() {
    let office = Office::open();
    let id = endpoint_id(9);
    let expected = format!("there is no webhook endpoint {id}");
    let service = &office.service;
    let errors = [
        service.endpoint(id).await.map(drop),
        service
            .update_endpoint(id, 1, draft("https://till.example/"))
            .await
            .map(drop),
        service.enable_endpoint(id, 1).await.map(drop),
        service.disable_endpoint(id, 1).await.map(drop),
        service.delete_endpoint(id).await,
        service.rotate_secret(id).await.map(drop),
        service.send_test(id).await.map(drop),
        service.deliveries(id, None, None, 9).await.map(drop),
        service.replay_delivery(id, event_id(1)).await,
        service.replay_dead(id, minute(0)).await.map(drop),
    ];
    for error in errors {
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
    let made = office.endpoint().await;
    service.delete_endpoint(made.id).await.unwrap();
    assert!(service.delete_endpoint(made.id).await.is_err());
}
