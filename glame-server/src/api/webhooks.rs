//! Where integrators are told of events.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use glame_core::access::{AuditAction, AuditDetails, AuditNote};
use glame_core::ports::DeliveryMark;
use glame_core::values::{WebhookEndpointId, WebhookEventId};
use glame_core::webhooks::{
    CreatedEndpoint, Delivery, DeliveryPage, DeliveryState, EndpointDraft, EventFilter, EventType,
    WebhookEndpoint,
};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object, OpenApi};
use uuid::Uuid;

use super::answer::{Answer, Done, Made, Told, Versioned};
use super::customer::{default_limit, plain};
use super::etag::IfMatch;
use super::paging::Page;
use super::problem::statuses;
use super::signed_in::{Admins, SignedIn};
use super::{Area, Named, Problem, Text, etag};
use crate::app::App;

statuses! {
    /// What shows endpoints.
    Reading = [400, 401, 403, 404, 413, 429, 500, 503];
    /// What changes them.
    Changing = [400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 500, 503];
}

/// Where integrators are told of events.
#[derive(Debug, Clone, Copy)]
pub struct WebhooksApi;

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
    fn read(&self) -> Result<EndpointDraft, Problem> {
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
            description: super::views::text_of(endpoint.description.as_ref()),
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

#[OpenApi(prefix_path = "/api/admin/webhooks", tag = "Area::Webhooks")]
impl WebhooksApi {
    /// List all endpoints.
    #[oai(path = "/", method = "get", operation_id = "listWebhooks")]
    async fn list(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<Endpoints>, Reading> {
        let found = app.webhooks.endpoints().await.map_err(Problem::from)?;
        Ok(Told::new(Endpoints {
            endpoints: found.iter().map(EndpointView::from).collect(),
        }))
    }

    /// Make an endpoint, which is told of everything that happens from now on.
    #[oai(path = "/", method = "post", operation_id = "createWebhook")]
    async fn create(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        body: Json<EndpointInput>,
    ) -> Answer<Told<EndpointWithSecret, Made>, Changing> {
        let made = app.webhooks.create_endpoint(body.read()?);
        let made = made.await.map_err(Problem::from)?;
        let id = *made.endpoint.id.as_uuid();
        app.note_webhook(&me, "create", &id).await?;
        let location = format!("/api/admin/webhooks/{id}");
        Ok(Told::made(EndpointWithSecret::from(&made), &location))
    }

    /// List the deliveries that are tried no more, of all endpoints, newest first.
    #[oai(
        path = "/dead-letters",
        method = "get",
        operation_id = "listDeadLetters"
    )]
    async fn dead_letters(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// Where to go on.
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many deliveries.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<Deliveries>, Reading> {
        let list = "dead letters";
        let before = app.mark(list, cursor.0.as_deref())?;
        let found = app.webhooks.dead_letters(before, limit.0);
        let found = found.await.map_err(Problem::from)?;
        Ok(Told::new(app.deliveries(list, &found)))
    }

    /// Show an endpoint.
    #[oai(path = "/:id", method = "get", operation_id = "getWebhook")]
    async fn get(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The endpoint.
        id: Path<Uuid>,
    ) -> Answer<Told<EndpointView, Versioned>, Reading> {
        let found = app.webhooks.endpoint(WebhookEndpointId::from_uuid(id.0));
        let found = found.await.map_err(Problem::from)?;
        Ok(versioned(&found))
    }

    /// Change an endpoint.
    #[oai(path = "/:id", method = "put", operation_id = "updateWebhook")]
    async fn update(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The endpoint.
        id: Path<Uuid>,
        /// The version that is changed, from `ETag`.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Json<EndpointInput>,
    ) -> Answer<Told<EndpointView, Versioned>, Changing> {
        let version = version(if_match.0)?;
        let endpoint = WebhookEndpointId::from_uuid(id.0);
        let changed = app
            .webhooks
            .update_endpoint(endpoint, version, body.read()?);
        let changed = changed.await.map_err(Problem::from)?;
        app.note_webhook(&me, "update", &id.0).await?;
        Ok(versioned(&changed))
    }

    /// Remove an endpoint with all that was and is to be sent to it.
    #[oai(path = "/:id", method = "delete", operation_id = "deleteWebhook")]
    async fn delete(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The endpoint.
        id: Path<Uuid>,
    ) -> Answer<Done, Changing> {
        let removed = app
            .webhooks
            .delete_endpoint(WebhookEndpointId::from_uuid(id.0));
        removed.await.map_err(Problem::from)?;
        app.note_webhook(&me, "delete", &id.0).await?;
        Ok(Done)
    }

    /// Tell an endpoint nothing more until it is enabled.
    #[oai(
        path = "/:id/disable",
        method = "post",
        operation_id = "disableWebhook"
    )]
    async fn disable(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The endpoint.
        id: Path<Uuid>,
        /// The version that is changed, from `ETag`.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
    ) -> Answer<Told<EndpointView, Versioned>, Changing> {
        let version = version(if_match.0)?;
        let endpoint = WebhookEndpointId::from_uuid(id.0);
        let changed = app.webhooks.disable_endpoint(endpoint, version);
        let changed = changed.await.map_err(Problem::from)?;
        app.note_webhook(&me, "disable", &id.0).await?;
        Ok(versioned(&changed))
    }

    /// Let an endpoint be told again, with all that waits for it.
    #[oai(path = "/:id/enable", method = "post", operation_id = "enableWebhook")]
    async fn enable(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The endpoint.
        id: Path<Uuid>,
        /// The version that is changed, from `ETag`.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
    ) -> Answer<Told<EndpointView, Versioned>, Changing> {
        let version = version(if_match.0)?;
        let endpoint = WebhookEndpointId::from_uuid(id.0);
        let changed = app.webhooks.enable_endpoint(endpoint, version);
        let changed = changed.await.map_err(Problem::from)?;
        app.note_webhook(&me, "enable", &id.0).await?;
        Ok(versioned(&changed))
    }

    /// Give an endpoint a new secret; the old one is good for another 24 hours.
    #[oai(
        path = "/:id/rotate-secret",
        method = "post",
        operation_id = "rotateWebhookSecret"
    )]
    async fn rotate(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The endpoint.
        id: Path<Uuid>,
    ) -> Answer<Told<EndpointWithSecret>, Changing> {
        let rotated = app
            .webhooks
            .rotate_secret(WebhookEndpointId::from_uuid(id.0));
        let rotated = rotated.await.map_err(Problem::from)?;
        app.note_webhook(&me, "rotate_secret", &id.0).await?;
        Ok(Told::new(EndpointWithSecret::from(&rotated)))
    }

    /// Send an endpoint an event of nothing.
    #[oai(path = "/:id/test", method = "post", operation_id = "testWebhook")]
    async fn test(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The endpoint.
        id: Path<Uuid>,
    ) -> Answer<Told<DeliveryView>, Changing> {
        let sent = app.webhooks.send_test(WebhookEndpointId::from_uuid(id.0));
        let sent = sent.await.map_err(Problem::from)?;
        Ok(Told::new(DeliveryView::from(&sent)))
    }

    /// List the deliveries of an endpoint, newest first.
    #[oai(
        path = "/:id/deliveries",
        method = "get",
        operation_id = "listDeliveries"
    )]
    async fn deliveries(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The endpoint.
        id: Path<Uuid>,
        /// Only those that have come so far.
        state: Query<Option<DeliveryStateName>>,
        /// Where to go on.
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many deliveries.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<Deliveries>, Reading> {
        let list = format!("deliveries {} {:?}", id.0, state.0);
        let before = app.mark(&list, cursor.0.as_deref())?;
        let endpoint = WebhookEndpointId::from_uuid(id.0);
        let state = state.0.map(DeliveryState::from);
        let found = app.webhooks.deliveries(endpoint, state, before, limit.0);
        let found = found.await.map_err(Problem::from)?;
        Ok(Told::new(app.deliveries(&list, &found)))
    }

    /// Send an event to an endpoint once more.
    #[oai(
        path = "/:id/deliveries/:event_id/replay",
        method = "post",
        operation_id = "replayDelivery"
    )]
    async fn replay(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The endpoint.
        id: Path<Uuid>,
        /// The event.
        event_id: Path<Uuid>,
    ) -> Answer<Done, Changing> {
        let (endpoint, event) = (
            WebhookEndpointId::from_uuid(id.0),
            WebhookEventId::from_uuid(event_id.0),
        );
        let replayed = app.webhooks.replay_delivery(endpoint, event);
        replayed.await.map_err(Problem::from)?;
        app.note_webhook(&me, "replay", &id.0).await?;
        Ok(Done)
    }

    /// Send everything to an endpoint once more that is dead.
    #[oai(
        path = "/:id/replay-dead",
        method = "post",
        operation_id = "replayDeadLetters"
    )]
    async fn replay_dead(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The endpoint.
        id: Path<Uuid>,
        body: Json<ReplaySince>,
    ) -> Answer<Told<Replayed>, Changing> {
        let endpoint = WebhookEndpointId::from_uuid(id.0);
        let replayed = app.webhooks.replay_dead(endpoint, body.since);
        let replayed = replayed.await.map_err(Problem::from)?;
        app.note_webhook(&me, "replay", &id.0).await?;
        Ok(Told::new(Replayed { replayed }))
    }
}

super::secret!(EndpointWithSecret);

fn versioned(endpoint: &WebhookEndpoint) -> Told<EndpointView, Versioned> {
    Told::in_version(EndpointView::from(endpoint), endpoint.version.into())
}

fn version(if_match: Option<IfMatch>) -> Result<u32, Problem> {
    let version = etag::needed(if_match)?;
    // What no endpoint can have is not the present version either.
    Ok(u32::try_from(version).unwrap_or(0))
}

impl App {
    fn mark(&self, list: &str, cursor: Option<&str>) -> Result<Option<DeliveryMark>, Problem> {
        let place: Option<(DateTime<Utc>, WebhookEndpointId, WebhookEventId)> =
            self.cursors.place(list, cursor)?;
        Ok(place.map(|(at, endpoint, event)| DeliveryMark {
            at,
            endpoint,
            event,
        }))
    }

    fn deliveries(&self, list: &str, found: &DeliveryPage) -> Deliveries {
        let next = found
            .next
            .as_ref()
            .map(|mark| (mark.at, mark.endpoint, mark.event));
        Deliveries {
            deliveries: found.deliveries.iter().map(DeliveryView::from).collect(),
            page: self.cursors.page(list, next.as_ref()),
        }
    }

    async fn note_webhook(
        &self,
        me: &SignedIn<Admins>,
        what: &'static str,
        endpoint: &Uuid,
    ) -> Result<(), Problem> {
        let details = AuditDetails::new()
            .word("change", what)
            .id("endpoint", endpoint);
        let note = AuditNote::new(AuditAction::WebhookChanged, None).with(details);
        Ok(self.access.record(&me.caller(), note).await?)
    }
}
