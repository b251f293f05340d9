use std::collections::BTreeSet;

use glame_core::ports::{ClaimedDelivery, DeliveryMark, StorageError};
use glame_core::values::{PlainText, WebhookEndpointId, WebhookEventId};
use glame_core::webhooks::{
    Delivery, DeliveryState, EndpointSecrets, EndpointState, EndpointUrl, EventFilter, EventType,
    OutboxEvent, RetiringSecret, WebhookEndpoint, WebhookSecret,
};
use uuid::Uuid;

use super::Instant;
use crate::tables::{Table, WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS, WEBHOOK_EVENTS};

/// A row of `webhook_endpoints`. It holds secrets, so that nothing shows it.
pub(crate) struct EndpointRow {
    pub(crate) endpoint: Uuid,
    pub(crate) url: String,
    pub(crate) description: Option<String>,
    pub(crate) event_types: Option<String>,
    pub(crate) secret: String,
    pub(crate) previous_secret: Option<String>,
    pub(crate) previous_valid_until: Option<Instant>,
    pub(crate) state: String,
    pub(crate) failing_since: Option<Instant>,
    pub(crate) version: i64,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

impl TryFrom<EndpointRow> for WebhookEndpoint {
    type Error = StorageError;

    fn try_from(row: EndpointRow) -> Result<Self, StorageError> {
        let secret = |text: &str, column| {
            WebhookSecret::parse(text).map_err(WEBHOOK_ENDPOINTS.corrupt(column))
        };
        let previous = match (&row.previous_secret, row.previous_valid_until) {
            (Some(text), Some(until)) => Some(RetiringSecret {
                secret: secret(text, "previous_secret")?,
                valid_until: until.0,
            }),
            (None, _) | (_, None) => None,
        };
        Ok(Self {
            id: WebhookEndpointId::from_uuid(row.endpoint),
            url: EndpointUrl::from_stored(&row.url).map_err(WEBHOOK_ENDPOINTS.corrupt("url"))?,
            description: row
                .description
                .map(PlainText::try_from)
                .transpose()
                .map_err(WEBHOOK_ENDPOINTS.corrupt("description"))?,
            events: match &row.event_types {
                None => EventFilter::All,
                Some(names) => EventFilter::Only(
                    serde_json::from_str(names)
                        .map_err(WEBHOOK_ENDPOINTS.corrupt("event_types"))?,
                ),
            },
            secrets: EndpointSecrets {
                current: secret(&row.secret, "secret")?,
                previous,
            },
            state: EndpointState::from_name(&row.state)
                .ok_or("not a state")
                .map_err(WEBHOOK_ENDPOINTS.corrupt("state"))?,
            failing_since: row.failing_since.map(|at| at.0),
            version: u32::try_from(row.version).map_err(WEBHOOK_ENDPOINTS.corrupt("version"))?,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

/// Gives the names of the events that an endpoint wants, as `webhook_endpoints` keeps them.
pub(crate) fn names_of(filter: &EventFilter) -> Option<String> {
    match filter {
        EventFilter::All => None,
        EventFilter::Only(types) => {
            let names: BTreeSet<&str> = types.iter().map(|one| one.as_str()).collect();
            Some(serde_json::json!(names).to_string())
        }
    }
}

/// A row of `webhook_events`.
#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) event: Uuid,
    pub(crate) event_type: String,
    pub(crate) occurred_at: Instant,
    pub(crate) payload: String,
}

impl TryFrom<EventRow> for OutboxEvent {
    type Error = StorageError;

    fn try_from(row: EventRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: WebhookEventId::from_uuid(row.event),
            event_type: event_type(&row.event_type, WEBHOOK_EVENTS)?,
            occurred_at: row.occurred_at.0,
            payload: row.payload,
        })
    }
}

/// What of `webhook_events` says to whom it goes.
#[derive(Debug)]
pub(crate) struct NewEventRow {
    pub(crate) event: Uuid,
    pub(crate) event_type: String,
}

impl TryFrom<NewEventRow> for (WebhookEventId, EventType) {
    type Error = StorageError;

    fn try_from(row: NewEventRow) -> Result<Self, StorageError> {
        let id = WebhookEventId::from_uuid(row.event);
        Ok((id, event_type(&row.event_type, WEBHOOK_EVENTS)?))
    }
}

/// A row of `webhook_deliveries`.
#[derive(Debug)]
pub(crate) struct DeliveryRow {
    pub(crate) endpoint: Uuid,
    pub(crate) event: Uuid,
    pub(crate) event_type: String,
    pub(crate) state: String,
    pub(crate) attempts: i64,
    pub(crate) next_attempt_at: Option<Instant>,
    pub(crate) last_attempt_at: Option<Instant>,
    pub(crate) last_result: Option<String>,
    pub(crate) created_at: Instant,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StorageError;

    fn try_from(row: DeliveryRow) -> Result<Self, StorageError> {
        let result = row.last_result.as_deref().map(str::parse).transpose();
        Ok(Self {
            endpoint: WebhookEndpointId::from_uuid(row.endpoint),
            event: WebhookEventId::from_uuid(row.event),
            event_type: event_type(&row.event_type, WEBHOOK_DELIVERIES)?,
            state: DeliveryState::from_name(&row.state)
                .ok_or("not a state")
                .map_err(WEBHOOK_DELIVERIES.corrupt("state"))?,
            attempts: u32::try_from(row.attempts)
                .map_err(WEBHOOK_DELIVERIES.corrupt("attempts"))?,
            next_attempt_at: row.next_attempt_at.map(|at| at.0),
            last_attempt_at: row.last_attempt_at.map(|at| at.0),
            last_result: result.map_err(WEBHOOK_DELIVERIES.corrupt("last_result"))?,
            created_at: row.created_at.0,
        })
    }
}

/// A row of `webhook_deliveries` with the payload of its event.
#[derive(Debug)]
pub(crate) struct ClaimedRow {
    pub(crate) endpoint: Uuid,
    pub(crate) event: Uuid,
    pub(crate) event_type: String,
    pub(crate) state: String,
    pub(crate) attempts: i64,
    pub(crate) next_attempt_at: Option<Instant>,
    pub(crate) last_attempt_at: Option<Instant>,
    pub(crate) last_result: Option<String>,
    pub(crate) created_at: Instant,
    pub(crate) payload: String,
}

impl TryFrom<ClaimedRow> for ClaimedDelivery {
    type Error = StorageError;

    fn try_from(row: ClaimedRow) -> Result<Self, StorageError> {
        let delivery = DeliveryRow {
            endpoint: row.endpoint,
            event: row.event,
            event_type: row.event_type,
            state: row.state,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            last_attempt_at: row.last_attempt_at,
            last_result: row.last_result,
            created_at: row.created_at,
        };
        Ok(Self {
            delivery: delivery.try_into()?,
            payload: row.payload,
        })
    }
}

/// Gives the mark before which a list begins; behind everything where there is none.
pub(crate) fn mark_before(before: Option<DeliveryMark>) -> DeliveryMark {
    before.unwrap_or_else(|| DeliveryMark {
        // As far away as PostgreSQL's calendar and microseconds since 1970 both reach.
        at: chrono::DateTime::from_timestamp_millis(i64::from(u32::MAX) * 1_000_000)
            .unwrap_or_default(),
        endpoint: WebhookEndpointId::from_uuid(Uuid::max()),
        event: WebhookEventId::from_uuid(Uuid::max()),
    })
}

fn event_type(name: &str, table: Table) -> Result<EventType, StorageError> {
    EventType::from_name(name)
        .ok_or("not an event")
        .map_err(table.corrupt("event_type"))
}
