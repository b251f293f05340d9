use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Attempt, AttemptResult, Delivery, EventType, Failures, Jitter, RetrySchedule, WebhookEndpoint,
};
use crate::ports::{ClaimedDelivery, Clock, DeliveryClaim, IdSource, Storage, StorageError};
use crate::values::{ClaimToken, WebhookEndpointId, WebhookEventId};

/// How many events are distributed in one transaction.
const EVENTS_AT_ONCE: u32 = 500;

/// How many rows are removed in one transaction.
const ROWS_AT_ONCE: u32 = 1_000;

/// The way of events from the outbox to the endpoints, without the sending itself.
///
/// Any number of workers may go it at once: events and deliveries are taken in hand by one at a time,
/// and what a worker that has died had in hand is taken over when its claim has run out. Each event
/// comes at least once, and more than once only where a worker dies between sending and noting it.
///
/// ```
/// # use std::sync::Arc;
/// # use chrono::TimeDelta;
/// # use glame_core::ports::Storage;
/// # use glame_core::testkit::{CountingIds, ManualClock, MemoryStorage, fixtures};
/// # use glame_core::webhooks::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), glame_core::ports::StorageError> {
/// # let storage = Arc::new(MemoryStorage::default());
/// # let mut work = storage.begin().await?;
/// # work.put_webhook_endpoint(&fixtures::webhooks::endpoint(1)).await?;
/// # work.add_webhook_events(&[fixtures::webhooks::event(1)]).await?;
/// # work.commit().await?;
/// # let (clock, ids) = (Arc::new(ManualClock::at(fixtures::minute(5))), Arc::new(CountingIds::default()));
/// let outbox = WebhookOutbox::new(storage, clock, ids, DeliveryRules::default());
/// outbox.distribute().await?;
/// for endpoint in outbox.due().await? {
///     let (token, claimed) = outbox.claim(endpoint.id, 10, TimeDelta::minutes(1)).await?;
///     let mut done = Vec::new();
///     for one in claimed {
///         // Send `one.payload` to `endpoint.url`, signed by `sign`.
///         let result = AttemptResult::Status(204);
///         done.push((one.delivery, Attempt { result, retry_after: None, at: fixtures::minute(6) }));
///     }
///     assert_eq!(outbox.finish(endpoint.id, token, &done, Jitter::default()).await?, 1);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct WebhookOutbox {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    rules: DeliveryRules,
}

/// How patient deliveries are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRules {
    /// When an event is tried again.
    pub schedule: RetrySchedule,
    /// After how long a time of failures an endpoint is switched off.
    pub patience: TimeDelta,
    /// How long deliveries are kept that were taken, and events that are done with.
    pub keep_delivered: TimeDelta,
    /// How long dead deliveries are kept.
    pub keep_dead: TimeDelta,
}

impl Default for DeliveryRules {
    fn default() -> Self {
        Self {
            schedule: RetrySchedule::default(),
            patience: TimeDelta::days(5),
            keep_delivered: TimeDelta::days(30),
            keep_dead: TimeDelta::days(90),
        }
    }
}

impl WebhookOutbox {
    /// Puts it together.
    #[must_use]
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        rules: DeliveryRules,
    ) -> Self {
        Self {
            storage,
            clock,
            ids,
            rules,
        }
    }

    /// Makes the deliveries of all events that have none yet; gives how many events these were.
    ///
    /// # Errors
    /// Those of storage; what was distributed before stays so.
    pub async fn distribute(&self) -> Result<u64, StorageError> {
        let mut distributed = 0;
        loop {
            let endpoints = self.storage.webhook_endpoints().await?;
            let mut work = self.storage.begin().await?;
            let events = work.take_new_webhook_events(EVENTS_AT_ONCE).await?;
            let deliveries = deliveries_of(&events, &endpoints, self.clock.now());
            let ids: Vec<WebhookEventId> = events.iter().map(|(id, _)| *id).collect();
            if ids.is_empty() {
                return Ok(distributed);
            }
            work.distribute_webhook_events(&ids, &deliveries).await?;
            work.commit().await?;
            distributed += u64::try_from(ids.len()).unwrap_or(u64::MAX);
            if ids.len() < usize::try_from(EVENTS_AT_ONCE).unwrap_or(usize::MAX) {
                return Ok(distributed);
            }
        }
    }

    /// Gives the endpoints for which something is to be tried now.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn due(&self) -> Result<Vec<WebhookEndpoint>, StorageError> {
        self.storage.webhook_endpoints_due(self.clock.now()).await
    }

    /// Claims up to `limit` deliveries of an endpoint for as long as `lease`.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn claim(
        &self,
        endpoint: WebhookEndpointId,
        limit: u32,
        lease: TimeDelta,
    ) -> Result<(ClaimToken, Vec<ClaimedDelivery>), StorageError> {
        let now = self.clock.now();
        let token = ClaimToken::from_uuid(self.ids.next());
        let mut work = self.storage.begin().await?;
        let claimed = work
            .claim_deliveries(&DeliveryClaim {
                endpoint,
                token,
                now,
                until: now + lease,
                limit,
            })
            .await?;
        work.commit().await?;
        Ok((token, claimed))
    }

    /// Notes what came of claimed deliveries, and what that tells of the endpoint; gives how many of
    /// them were still the caller's.
    ///
    /// # Errors
    /// Those of storage; the deliveries are tried again then when the claim has run out.
    pub async fn finish(
        &self,
        endpoint: WebhookEndpointId,
        token: ClaimToken,
        attempts: &[(Delivery, Attempt)],
        jitter: Jitter,
    ) -> Result<u64, StorageError> {
        let schedule = &self.rules.schedule;
        let after: Vec<Delivery> = attempts
            .iter()
            .map(|(delivery, attempt)| delivery.after(*attempt, schedule, jitter))
            .collect();
        let results = || attempts.iter().map(|(_, attempt)| attempt.result);
        let round = Failures {
            any_taken: results().any(AttemptResult::is_taken),
            any_failed: results().any(|result| !result.is_taken()),
            gone: results().any(AttemptResult::is_gone),
        };
        let mut work = self.storage.begin().await?;
        // The endpoint goes first: whoever removes it holds it while its deliveries go.
        if let Some(endpoint) = work.lock_webhook_endpoint(endpoint).await?
            && let Some(changed) = endpoint.after(round, self.clock.now(), self.rules.patience)
        {
            work.put_webhook_endpoint(&changed).await?;
        }
        let held = work.finish_deliveries(token, &after).await?;
        work.commit().await?;
        Ok(held)
    }

    /// Removes what is older than the rules keep; gives how many deliveries and events these were.
    ///
    /// # Errors
    /// Those of storage; what was removed before stays so.
    pub async fn remove_old(&self) -> Result<u64, StorageError> {
        let now = self.clock.now();
        let delivered_before = now - self.rules.keep_delivered;
        let dead_before = now - self.rules.keep_dead;
        let mut removed = 0;
        loop {
            let mut work = self.storage.begin().await?;
            let deliveries = work
                .remove_old_deliveries(delivered_before, dead_before, ROWS_AT_ONCE)
                .await?;
            let events = work
                .remove_old_webhook_events(delivered_before, ROWS_AT_ONCE)
                .await?;
            work.commit().await?;
            if deliveries + events == 0 {
                return Ok(removed);
            }
            removed += deliveries + events;
        }
    }
}

/// Makes one delivery of each event for each endpoint that is told of it.
fn deliveries_of(
    events: &[(WebhookEventId, EventType)],
    endpoints: &[WebhookEndpoint],
    now: DateTime<Utc>,
) -> Vec<Delivery> {
    let to_all = |(event, event_type): &(WebhookEventId, EventType)| {
        let (event, event_type) = (*event, *event_type);
        endpoints
            .iter()
            .filter(move |endpoint| endpoint.is_told(event_type))
            .map(move |endpoint| Delivery::new(endpoint.id, event, event_type, now))
    };
    events.iter().flat_map(to_all).collect()
}
