use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StorageError;
use crate::values::{ClaimToken, WebhookEndpointId, WebhookEventId};
use crate::webhooks::{Delivery, DeliveryState, EventType, OutboxEvent, WebhookEndpoint};

/// Finds endpoints, events and deliveries.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait WebhookReader: Send + Sync {
    /// Gives all endpoints, of which there are few, in the order of their making.
    async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, StorageError>;

    /// Gives an endpoint.
    async fn webhook_endpoint(
        &self,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StorageError>;

    /// Gives an event.
    async fn webhook_event(&self, id: WebhookEventId) -> Result<Option<OutboxEvent>, StorageError>;

    /// Gives a delivery.
    async fn webhook_delivery(
        &self,
        endpoint: WebhookEndpointId,
        event: WebhookEventId,
    ) -> Result<Option<Delivery>, StorageError>;

    /// Gives the next `limit` deliveries of an endpoint before `before`, newest first by
    /// `created_at` and event; those of one state, or all.
    async fn webhook_deliveries(
        &self,
        endpoint: WebhookEndpointId,
        state: Option<DeliveryState>,
        before: Option<DeliveryMark>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError>;

    /// Gives the next `limit` dead deliveries before `before`, those that died last first, by
    /// `last_attempt_at`, endpoint and event.
    async fn dead_letters(
        &self,
        before: Option<DeliveryMark>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError>;

    /// Gives the enabled endpoints for which something is to be tried at `now`, in no fixed order.
    async fn webhook_endpoints_due(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<WebhookEndpoint>, StorageError>;
}

/// Writes endpoints, events and deliveries.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait WebhookWriter: Send {
    /// Adds events to the outbox; one that is there already stays as it is.
    async fn add_webhook_events(&mut self, events: &[OutboxEvent]) -> Result<(), StorageError>;

    /// Takes the next `limit` events in hand, oldest first, for which there are no deliveries yet.
    ///
    /// What another work has in hand is passed over, so that two workers never take the same.
    async fn take_new_webhook_events(
        &mut self,
        limit: u32,
    ) -> Result<Vec<(WebhookEventId, EventType)>, StorageError>;

    /// Adds the deliveries of events, and notes that these events have all of theirs.
    ///
    /// A delivery to an endpoint that is no more is left out; one that is there already stays.
    async fn distribute_webhook_events(
        &mut self,
        events: &[WebhookEventId],
        deliveries: &[Delivery],
    ) -> Result<(), StorageError>;

    /// Locks an endpoint until the work ends, and gives it.
    async fn lock_webhook_endpoint(
        &mut self,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StorageError>;

    /// Stores an endpoint as given.
    async fn put_webhook_endpoint(
        &mut self,
        endpoint: &WebhookEndpoint,
    ) -> Result<(), StorageError>;

    /// Removes an endpoint with its deliveries, and tells whether it was there.
    async fn remove_webhook_endpoint(
        &mut self,
        id: WebhookEndpointId,
    ) -> Result<bool, StorageError>;

    /// Claims pending deliveries of an endpoint whose time has come, the longest due first.
    ///
    /// Until `claim.until` nobody else gets them; then, if nobody has said what became of them,
    /// they are due again. What another work has in hand is passed over.
    async fn claim_deliveries(
        &mut self,
        claim: &DeliveryClaim,
    ) -> Result<Vec<ClaimedDelivery>, StorageError>;

    /// Stores what has become of claimed deliveries, and gives them back; tells how many of them
    /// `token` still held. The others stay as they are.
    async fn finish_deliveries(
        &mut self,
        token: ClaimToken,
        deliveries: &[Delivery],
    ) -> Result<u64, StorageError>;

    /// Makes deliveries pending again, as if they had never been tried, due at `now`; tells how many.
    /// Whoever has one of them in hand holds it no more.
    async fn replay_deliveries(
        &mut self,
        endpoint: WebhookEndpointId,
        which: ReplayScope,
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError>;

    /// Removes up to `limit` deliveries that came to their end before these instants, tried last;
    /// tells how many.
    async fn remove_old_deliveries(
        &mut self,
        delivered_before: DateTime<Utc>,
        dead_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StorageError>;

    /// Removes up to `limit` events that happened before an instant and that nobody is to be told of
    /// any more; tells how many.
    async fn remove_old_webhook_events(
        &mut self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StorageError>;
}

/// The place of a delivery in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryMark {
    /// The instant by which the list is ordered.
    pub at: DateTime<Utc>,
    /// Where it goes.
    pub endpoint: WebhookEndpointId,
    /// What goes there.
    pub event: WebhookEventId,
}

/// Asks for deliveries to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryClaim {
    /// The endpoint.
    pub endpoint: WebhookEndpointId,
    /// Proves later who has them.
    pub token: ClaimToken,
    /// The present.
    pub now: DateTime<Utc>,
    /// How long they are the caller's.
    pub until: DateTime<Utc>,
    /// How many at the most.
    pub limit: u32,
}

/// A delivery that the caller has in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// What is to be sent.
    pub payload: String,
}

/// Which deliveries of an endpoint are replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayScope {
    /// That of this event, whatever became of it.
    Event(WebhookEventId),
    /// All that died at this instant or later.
    DeadSince(DateTime<Utc>),
}
