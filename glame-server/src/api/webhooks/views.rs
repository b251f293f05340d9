//! What is asked and told of endpoints and deliveries.

use chrono::{DateTime, Utc};
use glame_core::webhooks::{
    CreatedEndpoint, Delivery, DeliveryState, EndpointDraft, EventFilter, EventType,
    WebhookEndpoint,
};
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use super::super::paging::Page;
use super::super::text::plain;
use super::super::views::text_of;
use super::super::{Named, Problem, Text, secret};

/// An endpoint as people describe it.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct EndpointInput {
    /// Where it is: https, and no private address.
    #[oai(validator(min_length = 1, max_length = 2000))]
    pub url: Text,
    /// What it is for.
    #[oai(validator(min_length = 1, max_length = 500))]
    pub description: Option<Text>,
    /// What it wants to be told, such as `points.earned`; absent for everything.
    #[oai(validator(min_items = 1, max_items = 20))]
    pub events: Option<Vec<Named<EventType>>>,
}

impl Example for EndpointInput {
    fn example() -> Self {
        Self {
            url: "https://till.example/glame".into(),
            description: Some("Касса".into()),
            events: Some(vec![
                Named(EventType::PointsEarned),
                Named(EventType::PointsSpent),
            ]),
        }
    }
}

impl EndpointInput {
    pub(super) fn read(&self) -> Result<EndpointDraft, Problem> {
        let events = match &self.events {
            None => EventFilter::All,
            Some(named) => EventFilter::Only(named.iter().map(|one| one.0).collect()),
        };
        let description = self.description.as_deref();
        Ok(EndpointDraft {
            url: self.url.0.clone(),
            description: description
                .map(|text| plain(text, "/description"))
                .transpose()?,
            events,
        })
    }
}

/// An endpoint.
#[derive(Debug, Object)]
#[oai(rename = "WebhookEndpoint", skip_serializing_if_is_none)]
pub struct EndpointView {
    /// Its id.
    pub id: Uuid,
    /// Where it is.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it is told; absent for everything.
    pub events: Option<Vec<String>>,
    /// `enabled`, `disabled`, `failed` or `gone`.
    pub state: String,
    /// Since when every attempt has failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// The version, as in `ETag`.
    pub version: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl From<&WebhookEndpoint> for EndpointView {
    fn from(endpoint: &WebhookEndpoint) -> Self {
        let events = match &endpoint.events {
            EventFilter::All => None,
            EventFilter::Only(types) => {
                let names = types.iter().map(|one| one.as_str().to_owned());
                Some(names.collect())
            }
        };
        Self {
            id: *endpoint.id.as_uuid(),
            url: endpoint.url.as_str().to_owned(),
            description: text_of(endpoint.description.as_ref()),
            events,
            state: endpoint.state.as_str().to_owned(),
            failing_since: endpoint.failing_since,
            version: endpoint.version,
            created_at: endpoint.created_at,
        }
    }
}

/// An endpoint with its secret, which is shown once.
#[derive(Object)]
pub struct EndpointWithSecret {
    /// The endpoint.
    pub endpoint: EndpointView,
    /// With what events are signed from now on. It is shown now and never again.
    pub secret: String,
}

impl From<&CreatedEndpoint> for EndpointWithSecret {
    fn from(created: &CreatedEndpoint) -> Self {
        Self {
            endpoint: EndpointView::from(&created.endpoint),
            secret: created.secret.reveal(),
        }
    }
}

/// All endpoints, in the order of their making.
#[derive(Debug, Object)]
pub struct Endpoints {
    /// The endpoints.
    pub endpoints: Vec<EndpointView>,
}

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum DeliveryStateName {
    /// It is tried, now or later.
    Pending,
    /// The endpoint has taken it.
    Delivered,
    /// It is tried no more, unless somebody replays it.
    Dead,
}

impl From<DeliveryStateName> for DeliveryState {
    fn from(name: DeliveryStateName) -> Self {
        match name {
            DeliveryStateName::Pending => Self::Pending,
            DeliveryStateName::Delivered => Self::Delivered,
            DeliveryStateName::Dead => Self::Dead,
        }
    }
}

impl From<DeliveryState> for DeliveryStateName {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Dead => Self::Dead,
        }
    }
}

/// An event on its way to an endpoint.
#[derive(Debug, Object)]
#[oai(rename = "WebhookDelivery", skip_serializing_if_is_none)]
pub struct DeliveryView {
    /// The endpoint.
    pub endpoint_id: Uuid,
    /// The event, as in `webhook-id`.
    pub event_id: Uuid,
    /// What has happened.
    pub event_type: String,
    /// How far it has come.
    pub state: DeliveryStateName,
    /// How many attempts there were.
    pub attempts: u32,
    /// When it is tried next.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was tried last.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// What came of that.
    pub last_result: Option<String>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
}

impl From<&Delivery> for DeliveryView {
    fn from(delivery: &Delivery) -> Self {
        Self {
            endpoint_id: *delivery.endpoint.as_uuid(),
            event_id: *delivery.event.as_uuid(),
            event_type: delivery.event_type.as_str().to_owned(),
            state: delivery.state.into(),
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at,
            last_attempt_at: delivery.last_attempt_at,
            last_result: delivery.last_result.map(|result| result.to_string()),
            created_at: delivery.created_at,
        }
    }
}

/// Deliveries, newest first.
#[derive(Debug, Object)]
pub struct Deliveries {
    /// The deliveries.
    pub deliveries: Vec<DeliveryView>,
    /// Where the list goes on.
    pub page: Page,
}

/// From when on dead deliveries are replayed.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct ReplaySince {
    /// All that died at this instant or later.
    pub since: DateTime<Utc>,
}

impl Example for ReplaySince {
    fn example() -> Self {
        Self {
            since: DateTime::UNIX_EPOCH,
        }
    }
}

/// How many deliveries are tried anew.
#[derive(Debug, Object)]
pub struct Replayed {
    /// How many.
    pub replayed: u64,
}

secret!(EndpointWithSecret);
