//! How a server leaves without dropping a request.
//!
//! Whoever spreads requests over the replicas knows `/readyz` alone. So a replica that is to stop
//! first says there that it is not ready, and goes on answering whatever still comes until that has
//! been noticed. Every answer then closes its connection, in order and by a header that the other
//! side reads, so that no connection is closed under a request that is on its way. What is idle
//! afterwards has not been used since, and is closed; what is being answered is answered to the end.

use std::sync::Arc;
use std::time::Duration;

use poem::http::header::CONNECTION;
use poem::http::{HeaderValue, Version};
use poem::{Endpoint, IntoResponse, Request, Response};

use crate::stop::Stop;

/// How long a server takes to stop.
#[derive(Debug, Clone, Copy)]
pub struct Leaving {
    /// How long it goes on to take requests after it has said that it is not ready.
    pub drain: Duration,
    /// How long open requests then have to end.
    pub patience: Duration,
}

/// Waits until no more requests need to be taken.
pub(super) async fn drained(stop: Stop, drain: Duration) {
    stop.wanted().await;
    if stop.is_unhurried() && !drain.is_zero() {
        tracing::info!(seconds = drain.as_secs(), "not ready any more; draining");
        tokio::time::sleep(drain).await;
    }
}

/// Closes connections after their answers, once it is time to stop.
pub(super) async fn closing<E: Endpoint>(
    stop: Stop,
    endpoint: Arc<E>,
    request: Request,
) -> poem::Result<Response> {
    // Later versions have frames to say so, which the server sends when it stops to listen.
    let is_textual = request.version() <= Version::HTTP_11;
    let mut response = endpoint.call(request).await?.into_response();
    if is_textual && stop.is_wanted() {
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}
