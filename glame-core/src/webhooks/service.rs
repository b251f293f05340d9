use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Delivery, DeliveryState, EndpointSecrets, EndpointState, EndpointUrl, EventFilter,
    MOST_ENDPOINTS, OutboxEvent, ParseEndpointUrlError, Reach, WebhookEndpoint, WebhookSecret,
};
use crate::ports::{
    Clock, DeliveryMark, IdSource, NoRandomness, ReplayScope, SecretSource, Storage, StorageError,
    UnitOfWork,
};
use crate::values::{PlainText, WebhookEndpointId, WebhookEventId};

/// How long the secret before a rotation stays valid.
pub const SECRET_OVERLAP: TimeDelta = TimeDelta::hours(24);

/// The most deliveries on one page.
const MOST_ON_A_PAGE: u32 = 200;

/// What people and the API do with endpoints and their deliveries.
///
/// ```
/// # use std::sync::Arc;
/// # use glame_core::testkit::{CountingIds, KnownSecrets, ManualClock, MemoryStorage, fixtures};
/// # use glame_core::webhooks::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), WebhookError> {
/// let service = WebhookService::new(
///     Arc::new(MemoryStorage::default()),
///     Arc::new(ManualClock::at(fixtures::minute(0))),
///     Arc::new(CountingIds::default()),
///     Arc::new(KnownSecrets::default()),
///     Reach::Public,
/// );
/// let made = service
///     .create_endpoint(EndpointDraft {
///         url: "https://till.example/glame".to_owned(),
///         description: None,
///         events: EventFilter::All,
///     })
///     .await?;
/// // The only moment at which the secret is shown.
/// println!("{}", made.secret.reveal());
/// service.send_test(made.endpoint.id).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct WebhookService {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    secrets: Arc<dyn SecretSource>,
    reach: Reach,
}

/// What people say of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointDraft {
    /// Where it is.
    pub url: String,
    /// What it is for.
    pub description: Option<PlainText>,
    /// What it wants to be told.
    pub events: EventFilter,
}

/// A new endpoint, or one with a new secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedEndpoint {
    /// The endpoint.
    pub endpoint: WebhookEndpoint,
    /// Its secret, which is shown now and never again.
    pub secret: WebhookSecret,
}

/// Deliveries, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPage {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// Where the next page begins; none where there is no more.
    pub next: Option<DeliveryMark>,
}

/// Tells why something could not be done with an endpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// There is no such endpoint.
    #[error("there is no webhook endpoint {0}")]
    UnknownEndpoint(WebhookEndpointId),
    /// The endpoint was never sent such an event, or so long ago that it is forgotten.
    #[error("event {event} was never sent to webhook endpoint {endpoint}, or is forgotten")]
    UnknownDelivery {
        /// The endpoint.
        endpoint: WebhookEndpointId,
        /// The event.
        event: WebhookEventId,
    },
    /// The address cannot be called.
    #[error(transparent)]
    Url(#[from] ParseEndpointUrlError),
    /// Nothing is subscribed to.
    #[error("name at least one event, or all")]
    NoEvents,
    /// There are too many.
    #[error("there are at most {MOST_ENDPOINTS} webhook endpoints; delete one first")]
    TooManyEndpoints,
    /// Somebody else has changed it in between.
    #[error("the endpoint has version {actual} by now; read it and decide again")]
    Stale {
        /// The version that it has.
        actual: u32,
    },
    /// Nothing is sent to it.
    #[error("the endpoint is {}; enable it first", state.as_str())]
    NotEnabled {
        /// Why.
        state: EndpointState,
    },
    /// No secret could be drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The database could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl WebhookService {
    /// Puts the service together.
    #[must_use]
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        secrets: Arc<dyn SecretSource>,
        reach: Reach,
    ) -> Self {
        Self {
            storage,
            clock,
            ids,
            secrets,
            reach,
        }
    }

    /// Makes an endpoint, which is told of everything that happens from now on.
    ///
    /// # Errors
    /// [`WebhookError::Url`], [`WebhookError::NoEvents`], [`WebhookError::TooManyEndpoints`].
    pub async fn create_endpoint(
        &self,
        draft: EndpointDraft,
    ) -> Result<CreatedEndpoint, WebhookError> {
        let url = self.check(&draft)?;
        // Two who do so at once may make one too many, which hurts nobody.
        if self.storage.webhook_endpoints().await?.len() >= MOST_ENDPOINTS {
            return Err(WebhookError::TooManyEndpoints);
        }
        let now = self.clock.now();
        let secret = WebhookSecret::draw(self.secrets.as_ref())?;
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId::from_uuid(self.ids.next()),
            url,
            description: draft.description,
            events: draft.events,
            secrets: EndpointSecrets::new(secret.clone()),
            state: EndpointState::Enabled,
            failing_since: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let mut work = self.storage.begin().await?;
        work.put_webhook_endpoint(&endpoint).await?;
        work.commit().await?;
        Ok(CreatedEndpoint { endpoint, secret })
    }

    /// Gives all endpoints, in the order of their making.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn endpoints(&self) -> Result<Vec<WebhookEndpoint>, WebhookError> {
        Ok(self.storage.webhook_endpoints().await?)
    }

    /// Gives an endpoint.
    ///
    /// # Errors
    /// [`WebhookError::UnknownEndpoint`].
    pub async fn endpoint(&self, id: WebhookEndpointId) -> Result<WebhookEndpoint, WebhookError> {
        let endpoint = self.storage.webhook_endpoint(id).await?;
        endpoint.ok_or(WebhookError::UnknownEndpoint(id))
    }

    /// Changes what people say of an endpoint, if it still has this version.
    ///
    /// # Errors
    /// [`WebhookError::UnknownEndpoint`], [`WebhookError::Stale`], and those of
    /// [`create_endpoint`](Self::create_endpoint).
    pub async fn update_endpoint(
        &self,
        id: WebhookEndpointId,
        version: u32,
        draft: EndpointDraft,
    ) -> Result<WebhookEndpoint, WebhookError> {
        let url = self.check(&draft)?;
        self.change(id, Some(version), |endpoint, _| WebhookEndpoint {
            url,
            description: draft.description,
            events: draft.events,
            ..endpoint
        })
        .await
    }

    /// Lets an endpoint be told again, with all that waits for it, whatever has switched it off.
    ///
    /// # Errors
    /// [`WebhookError::UnknownEndpoint`], [`WebhookError::Stale`].
    pub async fn enable_endpoint(
        &self,
        id: WebhookEndpointId,
        version: u32,
    ) -> Result<WebhookEndpoint, WebhookError> {
        self.change(id, Some(version), |endpoint, _| WebhookEndpoint {
            state: EndpointState::Enabled,
            failing_since: None,
            ..endpoint
        })
        .await
    }

    /// Tells an endpoint nothing more. What happens meanwhile it never learns; what waits stays.
    ///
    /// # Errors
    /// [`WebhookError::UnknownEndpoint`], [`WebhookError::Stale`].
    pub async fn disable_endpoint(
        &self,
        id: WebhookEndpointId,
        version: u32,
    ) -> Result<WebhookEndpoint, WebhookError> {
        self.change(id, Some(version), |endpoint, _| WebhookEndpoint {
            state: EndpointState::Disabled,
            ..endpoint
        })
        .await
    }

    /// Removes an endpoint with all that was and is to be sent to it.
    ///
    /// # Errors
    /// [`WebhookError::UnknownEndpoint`].
    pub async fn delete_endpoint(&self, id: WebhookEndpointId) -> Result<(), WebhookError> {
        let mut work = self.storage.begin().await?;
        if !work.remove_webhook_endpoint(id).await? {
            return Err(WebhookError::UnknownEndpoint(id));
        }
        Ok(work.commit().await?)
    }

    /// Gives an endpoint a new secret; for 24 hours events are signed with the old one as well.
    ///
    /// # Errors
    /// [`WebhookError::UnknownEndpoint`].
    pub async fn rotate_secret(
        &self,
        id: WebhookEndpointId,
    ) -> Result<CreatedEndpoint, WebhookError> {
        let secret = WebhookSecret::draw(self.secrets.as_ref())?;
        let new = secret.clone();
        let rotate = |endpoint: WebhookEndpoint, now| WebhookEndpoint {
            secrets: endpoint.secrets.rotated(new, now, SECRET_OVERLAP),
            ..endpoint
        };
        let endpoint = self.change(id, None, rotate).await?;
        Ok(CreatedEndpoint { endpoint, secret })
    }

    /// Sends an endpoint an event of nothing, and gives the delivery to look after.
    ///
    /// # Errors
    /// [`WebhookError::UnknownEndpoint`], [`WebhookError::NotEnabled`].
    pub async fn send_test(&self, id: WebhookEndpointId) -> Result<Delivery, WebhookError> {
        let now = self.clock.now();
        let event = OutboxEvent::test(WebhookEventId::from_uuid(self.ids.next()), now);
        let delivery = Delivery::new(id, event.id, event.event_type, now);
        let mut work = self.storage.begin().await?;
        let endpoint = locked(work.as_mut(), id).await?;
        if endpoint.state != EndpointState::Enabled {
            let state = endpoint.state;
            return Err(WebhookError::NotEnabled { state });
        }
        work.add_webhook_events(std::slice::from_ref(&event))
            .await?;
        // Only this endpoint is told, whatever the others want.
        work.distribute_webhook_events(&[event.id], std::slice::from_ref(&delivery))
            .await?;
        work.commit().await?;
        Ok(delivery)
    }

    /// Gives deliveries of an endpoint, newest first; those of one state, or all. A page has 200 at
    /// the most.
    ///
    /// # Errors
    /// [`WebhookError::UnknownEndpoint`].
    pub async fn deliveries(
        &self,
        id: WebhookEndpointId,
        state: Option<DeliveryState>,
        before: Option<DeliveryMark>,
        limit: u32,
    ) -> Result<DeliveryPage, WebhookError> {
        let limit = limit.clamp(1, MOST_ON_A_PAGE);
        let found = self
            .storage
            .webhook_deliveries(id, state, before, limit + 1)
            .await?;
        if found.is_empty() {
            self.endpoint(id).await?;
        }
        Ok(DeliveryPage::of(found, limit, |delivery| {
            delivery.created_at
        }))
    }

    /// Gives what could not be delivered to anybody, the last that died first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn dead_letters(
        &self,
        before: Option<DeliveryMark>,
        limit: u32,
    ) -> Result<DeliveryPage, WebhookError> {
        let limit = limit.clamp(1, MOST_ON_A_PAGE);
        let found = self.storage.dead_letters(before, limit + 1).await?;
        // What is dead was tried.
        let died_at = |delivery: &Delivery| delivery.last_attempt_at.unwrap_or(delivery.created_at);
        Ok(DeliveryPage::of(found, limit, died_at))
    }

    /// Sends an event to an endpoint again, whatever became of it, under the same `webhook-id`.
    ///
    /// # Errors
    /// [`WebhookError::UnknownEndpoint`], [`WebhookError::UnknownDelivery`],
    /// [`WebhookError::NotEnabled`].
    pub async fn replay_delivery(
        &self,
        endpoint: WebhookEndpointId,
        event: WebhookEventId,
    ) -> Result<(), WebhookError> {
        match self.replay(endpoint, ReplayScope::Event(event)).await? {
            0 => Err(WebhookError::UnknownDelivery { endpoint, event }),
            _ => Ok(()),
        }
    }

    /// Sends everything again that has died at an instant or later; gives how many that is.
    ///
    /// # Errors
    /// [`WebhookError::UnknownEndpoint`], [`WebhookError::NotEnabled`].
    pub async fn replay_dead(
        &self,
        endpoint: WebhookEndpointId,
        since: DateTime<Utc>,
    ) -> Result<u64, WebhookError> {
        self.replay(endpoint, ReplayScope::DeadSince(since)).await
    }

    async fn replay(&self, id: WebhookEndpointId, which: ReplayScope) -> Result<u64, WebhookError> {
        let mut work = self.storage.begin().await?;
        let endpoint = locked(work.as_mut(), id).await?;
        if endpoint.state != EndpointState::Enabled {
            let state = endpoint.state;
            return Err(WebhookError::NotEnabled { state });
        }
        let replayed = work.replay_deliveries(id, which, self.clock.now()).await?;
        work.commit().await?;
        Ok(replayed)
    }

    fn check(&self, draft: &EndpointDraft) -> Result<EndpointUrl, WebhookError> {
        if matches!(&draft.events, EventFilter::Only(events) if events.is_empty()) {
            return Err(WebhookError::NoEvents);
        }
        Ok(EndpointUrl::parse(&draft.url, self.reach)?)
    }

    /// Changes an endpoint under its lock; without a version, whoever comes last wins.
    async fn change(
        &self,
        id: WebhookEndpointId,
        version: Option<u32>,
        changed: impl FnOnce(WebhookEndpoint, DateTime<Utc>) -> WebhookEndpoint + Send,
    ) -> Result<WebhookEndpoint, WebhookError> {
        let now = self.clock.now();
        let mut work = self.storage.begin().await?;
        let endpoint = locked(work.as_mut(), id).await?;
        let actual = endpoint.version;
        if version.is_some_and(|version| version != actual) {
            return Err(WebhookError::Stale { actual });
        }
        let endpoint = WebhookEndpoint {
            version: actual.saturating_add(1),
            updated_at: now,
            ..changed(endpoint, now)
        };
        work.put_webhook_endpoint(&endpoint).await?;
        work.commit().await?;
        Ok(endpoint)
    }
}

async fn locked(
    work: &mut dyn UnitOfWork,
    id: WebhookEndpointId,
) -> Result<WebhookEndpoint, WebhookError> {
    let endpoint = work.lock_webhook_endpoint(id).await?;
    endpoint.ok_or(WebhookError::UnknownEndpoint(id))
}

impl DeliveryPage {
    /// Makes a page of what was found, one more than fits where there is a next one.
    fn of(
        mut found: Vec<Delivery>,
        limit: u32,
        ordered_by: impl Fn(&Delivery) -> DateTime<Utc>,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        let next = last.map(|delivery| DeliveryMark {
            at: ordered_by(delivery),
            endpoint: delivery.endpoint,
            event: delivery.event,
        });
        Self {
            deliveries: found,
            next,
        }
    }
}
