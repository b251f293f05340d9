//! What integrators are told, from the change to the delivery, over the in-memory adapters.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

mod documents;
mod outbox;
mod recording;
mod service;
