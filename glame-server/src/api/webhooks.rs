//! Where integrators are told of events.

pub mod views;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use glame_core::access::{AuditAction, AuditDetails, AuditNote};
use glame_core::ports::DeliveryMark;
use glame_core::values::{WebhookEndpointId, WebhookEventId};
use glame_core::webhooks::{DeliveryPage, DeliveryState, WebhookEndpoint, WebhookService};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use uuid::Uuid;

use self::views::{
    Deliveries, DeliveryStateName, DeliveryView, EndpointInput, EndpointView, EndpointWithSecret,
    Endpoints, ReplaySince, Replayed,
};
use super::answer::{Answer, Done, Made, Told, Versioned};
use super::etag::{self, IfMatch};
use super::parameters::{CursorText, PageLength};
use super::problem::statuses;
use super::signed_in::{Admins, SignedIn};
use super::{Area, Problem, ProblemCode};
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
        let made = app.delivering()?.create_endpoint(body.read()?);
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
        cursor: Query<Option<CursorText>>,
        /// How many deliveries.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<Deliveries>, Reading> {
        let list = "dead letters";
        let before = app.mark(list, cursor.0.as_deref())?;
        let found = app.webhooks.dead_letters(before, limit.get());
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
        let changed = app.delivering()?.enable_endpoint(endpoint, version);
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
        let endpoint = WebhookEndpointId::from_uuid(id.0);
        let sent = app.delivering()?.send_test(endpoint);
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
        cursor: Query<Option<CursorText>>,
        /// How many deliveries.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<Deliveries>, Reading> {
        let list = format!("deliveries {} {:?}", id.0, state.0);
        let before = app.mark(&list, cursor.0.as_deref())?;
        let endpoint = WebhookEndpointId::from_uuid(id.0);
        let state = state.0.map(DeliveryState::from);
        let found = app
            .webhooks
            .deliveries(endpoint, state, before, limit.get());
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
        let replayed = app.delivering()?.replay_delivery(endpoint, event);
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
        let replayed = app.delivering()?.replay_dead(endpoint, body.since);
        let replayed = replayed.await.map_err(Problem::from)?;
        app.note_webhook(&me, "replay", &id.0).await?;
        Ok(Told::new(Replayed { replayed }))
    }
}

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

    /// Refuses what nobody would deliver.
    fn delivering(&self) -> Result<&WebhookService, Problem> {
        if self.webhooks_enabled {
            return Ok(&self.webhooks);
        }
        let detail = "nothing is delivered; set webhooks.enabled (GLAME_WEBHOOKS_ENABLED)";
        Err(Problem::new(ProblemCode::WebhooksOff, detail))
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
