//! Telling integrators what has happened: an outbox, and its delivery by Standard Webhooks.
//!
//! A change writes its [`OutboxEvent`] in its own unit of work, if [`EventRecording`] is on. A
//! [`WebhookOutbox`] makes one [`Delivery`] of it for each [`WebhookEndpoint`] that wants it, hands
//! deliveries out to workers under leases, and decides by [`Delivery::after`] what becomes of an
//! attempt. [`WebhookService`] is what people and the API do with endpoints and deliveries. Whoever
//! receives an event checks it with [`verify`].
//!
//! Not here: HTTP, name resolution, time and chance, which the worker of the server has.
//!
//! The format is that of <https://www.standardwebhooks.com>.

mod address;
mod delivery;
mod endpoint;
mod endpoint_url;
mod event;
mod outbox;
mod payload;
mod recording;
mod schedule;
mod secret;
mod service;
mod signature;

pub use address::Reach;
pub use delivery::{Attempt, AttemptResult, Delivery, DeliveryState};
pub use endpoint::{EndpointState, EventFilter, Failures, MOST_ENDPOINTS, WebhookEndpoint};
pub use endpoint_url::{EndpointUrl, ParseEndpointUrlError};
pub use event::{EventType, OutboxEvent};
pub use outbox::{DeliveryRules, WebhookOutbox};
pub use payload::{
    CustomerCreated, CustomerMerged, EventBody, PointsMoved, SegmentChanged, SyncFinished,
    TestMessage,
};
pub use recording::EventRecording;
pub use schedule::{Jitter, RetrySchedule};
pub use secret::{EndpointSecrets, ParseSecretError, RetiringSecret, WebhookSecret};
pub use service::{
    CreatedEndpoint, DeliveryPage, EndpointDraft, SECRET_OVERLAP, WebhookError, WebhookService,
};
pub use signature::{
    NotVerified, SignedHeaders, TOLERANCE, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, sign,
    verify,
};
