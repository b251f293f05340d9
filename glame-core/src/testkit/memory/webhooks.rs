use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStorage, MemoryWork, number, size};
use crate::ports::{
    ClaimedDelivery, DeliveryClaim, DeliveryMark, ReplayScope, StorageError, WebhookReader,
    WebhookWriter,
};
use crate::values::{ClaimToken, WebhookEndpointId, WebhookEventId};
use crate::webhooks::{
    Delivery, DeliveryState, EndpointState, EventType, OutboxEvent, WebhookEndpoint,
};

/// Everything that is kept for integrators.
#[derive(Debug, Clone, Default)]
pub(super) struct Webhooks {
    endpoints: BTreeMap<WebhookEndpointId, WebhookEndpoint>,
    events: BTreeMap<WebhookEventId, StoredEvent>,
    deliveries: BTreeMap<(WebhookEndpointId, WebhookEventId), StoredDelivery>,
}

#[derive(Debug, Clone)]
struct StoredEvent {
    event: OutboxEvent,
    distributed: bool,
}

#[derive(Debug, Clone)]
struct StoredDelivery {
    delivery: Delivery,
    claim: Option<ClaimToken>,
}

impl Webhooks {
    /// Gives the deliveries that are chosen, the latest by their marks first.
    fn latest(
        &self,
        mark: impl Fn(&Delivery) -> Option<DeliveryMark>,
        before: Option<DeliveryMark>,
        limit: u32,
    ) -> Vec<Delivery> {
        let all = self.deliveries.values().map(|stored| &stored.delivery);
        let mut chosen: Vec<(DeliveryMark, &Delivery)> = all
            .filter_map(|delivery| Some((mark(delivery)?, delivery)))
            .filter(|(mark, _)| before.is_none_or(|before| *mark < before))
            .collect();
        chosen.sort_by_key(|(mark, _)| std::cmp::Reverse(*mark));
        chosen.truncate(size(limit));
        chosen.into_iter().map(|(_, one)| one.clone()).collect()
    }
}

fn mark(delivery: &Delivery, at: DateTime<Utc>) -> DeliveryMark {
    DeliveryMark {
        at,
        endpoint: delivery.endpoint,
        event: delivery.event,
    }
}

fn is_due(delivery: &Delivery, now: DateTime<Utc>) -> bool {
    delivery.state == DeliveryState::Pending && delivery.next_attempt_at.is_some_and(|at| at <= now)
}

impl MemoryWork {
    fn webhooks(&mut self) -> &mut Webhooks {
        Arc::make_mut(&mut self.state().webhooks)
    }
}

#[async_trait]
impl WebhookReader for MemoryStorage {
    async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, StorageError> {
        let state = self.state();
        let mut endpoints: Vec<_> = state.webhooks.endpoints.values().cloned().collect();
        endpoints.sort_by_key(|endpoint| (endpoint.created_at, endpoint.id));
        Ok(endpoints)
    }

    async fn webhook_endpoint(
        &self,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StorageError> {
        Ok(self.state().webhooks.endpoints.get(&id).cloned())
    }

    async fn webhook_event(&self, id: WebhookEventId) -> Result<Option<OutboxEvent>, StorageError> {
        let state = self.state();
        Ok(state
            .webhooks
            .events
            .get(&id)
            .map(|stored| stored.event.clone()))
    }

    async fn webhook_delivery(
        &self,
        endpoint: WebhookEndpointId,
        event: WebhookEventId,
    ) -> Result<Option<Delivery>, StorageError> {
        let state = self.state();
        let stored = state.webhooks.deliveries.get(&(endpoint, event));
        Ok(stored.map(|stored| stored.delivery.clone()))
    }

    async fn webhook_deliveries(
        &self,
        endpoint: WebhookEndpointId,
        state: Option<DeliveryState>,
        before: Option<DeliveryMark>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let chosen = |delivery: &Delivery| {
            let wanted =
                delivery.endpoint == endpoint && state.is_none_or(|state| delivery.state == state);
            wanted.then(|| mark(delivery, delivery.created_at))
        };
        Ok(self.state().webhooks.latest(chosen, before, limit))
    }

    async fn dead_letters(
        &self,
        before: Option<DeliveryMark>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let chosen = |delivery: &Delivery| match delivery.state {
            DeliveryState::Dead => Some(mark(delivery, delivery.last_attempt_at?)),
            DeliveryState::Pending | DeliveryState::Delivered => None,
        };
        Ok(self.state().webhooks.latest(chosen, before, limit))
    }

    async fn webhook_endpoints_due(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<WebhookEndpoint>, StorageError> {
        let state = self.state();
        let has_due = |endpoint: &&WebhookEndpoint| {
            let mut deliveries = state.webhooks.deliveries.values();
            endpoint.state == EndpointState::Enabled
                && deliveries.any(|stored| {
                    stored.delivery.endpoint == endpoint.id && is_due(&stored.delivery, now)
                })
        };
        let endpoints = state.webhooks.endpoints.values().filter(has_due);
        Ok(endpoints.cloned().collect())
    }
}

#[async_trait]
impl WebhookWriter for MemoryWork {
    async fn add_webhook_events(&mut self, events: &[OutboxEvent]) -> Result<(), StorageError> {
        for event in events {
            self.webhooks()
                .events
                .entry(event.id)
                .or_insert_with(|| StoredEvent {
                    event: event.clone(),
                    distributed: false,
                });
        }
        Ok(())
    }

    async fn take_new_webhook_events(
        &mut self,
        limit: u32,
    ) -> Result<Vec<(WebhookEventId, EventType)>, StorageError> {
        let stored = self.webhooks().events.values();
        let mut new: Vec<&OutboxEvent> = stored
            .filter(|stored| !stored.distributed)
            .map(|stored| &stored.event)
            .collect();
        new.sort_by_key(|event| (event.occurred_at, event.id));
        new.truncate(size(limit));
        Ok(new
            .iter()
            .map(|event| (event.id, event.event_type))
            .collect())
    }

    async fn distribute_webhook_events(
        &mut self,
        events: &[WebhookEventId],
        deliveries: &[Delivery],
    ) -> Result<(), StorageError> {
        let webhooks = self.webhooks();
        for delivery in deliveries {
            if webhooks.endpoints.contains_key(&delivery.endpoint) {
                let key = (delivery.endpoint, delivery.event);
                webhooks
                    .deliveries
                    .entry(key)
                    .or_insert_with(|| StoredDelivery {
                        delivery: delivery.clone(),
                        claim: None,
                    });
            }
        }
        for event in events {
            if let Some(stored) = webhooks.events.get_mut(event) {
                stored.distributed = true;
            }
        }
        Ok(())
    }

    async fn lock_webhook_endpoint(
        &mut self,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StorageError> {
        Ok(self.webhooks().endpoints.get(&id).cloned())
    }

    async fn put_webhook_endpoint(
        &mut self,
        endpoint: &WebhookEndpoint,
    ) -> Result<(), StorageError> {
        self.webhooks()
            .endpoints
            .insert(endpoint.id, endpoint.clone());
        Ok(())
    }

    async fn remove_webhook_endpoint(
        &mut self,
        id: WebhookEndpointId,
    ) -> Result<bool, StorageError> {
        let webhooks = self.webhooks();
        webhooks
            .deliveries
            .retain(|(endpoint, _), _| *endpoint != id);
        Ok(webhooks.endpoints.remove(&id).is_some())
    }

    async fn claim_deliveries(
        &mut self,
        claim: &DeliveryClaim,
    ) -> Result<Vec<ClaimedDelivery>, StorageError> {
        let Webhooks {
            events, deliveries, ..
        } = self.webhooks();
        let mut due: Vec<&mut StoredDelivery> = deliveries
            .values_mut()
            .filter(|stored| stored.delivery.endpoint == claim.endpoint)
            .filter(|stored| is_due(&stored.delivery, claim.now))
            .collect();
        due.sort_by_key(|stored| (stored.delivery.next_attempt_at, stored.delivery.event));
        due.truncate(size(claim.limit));
        let take = |stored: &mut StoredDelivery| {
            stored.claim = Some(claim.token);
            stored.delivery.next_attempt_at = Some(claim.until);
            ClaimedDelivery {
                payload: events[&stored.delivery.event].event.payload.clone(),
                delivery: stored.delivery.clone(),
            }
        };
        Ok(due.into_iter().map(take).collect())
    }

    async fn finish_deliveries(
        &mut self,
        token: ClaimToken,
        deliveries: &[Delivery],
    ) -> Result<u64, StorageError> {
        let mut held = 0;
        for delivery in deliveries {
            let key = (delivery.endpoint, delivery.event);
            if let Some(stored) = self.webhooks().deliveries.get_mut(&key)
                && stored.claim == Some(token)
            {
                *stored = StoredDelivery {
                    delivery: delivery.clone(),
                    claim: None,
                };
                held += 1;
            }
        }
        Ok(held)
    }

    async fn replay_deliveries(
        &mut self,
        endpoint: WebhookEndpointId,
        which: ReplayScope,
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        let mut replayed = 0;
        for stored in self.webhooks().deliveries.values_mut() {
            let delivery = &mut stored.delivery;
            let wanted = match which {
                ReplayScope::Event(event) => delivery.event == event,
                ReplayScope::DeadSince(since) => {
                    delivery.state == DeliveryState::Dead
                        && delivery.last_attempt_at.is_some_and(|at| at >= since)
                }
            };
            if wanted && delivery.endpoint == endpoint {
                delivery.state = DeliveryState::Pending;
                delivery.attempts = 0;
                delivery.next_attempt_at = Some(now);
                stored.claim = None;
                replayed += 1;
            }
        }
        Ok(replayed)
    }

    async fn remove_old_deliveries(
        &mut self,
        delivered_before: DateTime<Utc>,
        dead_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StorageError> {
        let is_old = |delivery: &Delivery| {
            let before = match delivery.state {
                DeliveryState::Pending => return false,
                DeliveryState::Delivered => delivered_before,
                DeliveryState::Dead => dead_before,
            };
            delivery.last_attempt_at.is_some_and(|at| at < before)
        };
        let deliveries = &mut self.webhooks().deliveries;
        let old: Vec<_> = deliveries
            .iter()
            .filter(|(_, stored)| is_old(&stored.delivery))
            .map(|(key, _)| *key)
            .take(size(limit))
            .collect();
        for key in &old {
            deliveries.remove(key);
        }
        Ok(number(old.len()))
    }

    async fn remove_old_webhook_events(
        &mut self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StorageError> {
        let Webhooks {
            events, deliveries, ..
        } = self.webhooks();
        let old: Vec<WebhookEventId> = events
            .values()
            .filter(|stored| stored.distributed && stored.event.occurred_at < before)
            .map(|stored| stored.event.id)
            .filter(|id| !deliveries.keys().any(|(_, event)| event == id))
            .take(size(limit))
            .collect();
        for id in &old {
            events.remove(id);
        }
        Ok(number(old.len()))
    }
}
