use std::fmt;
use std::sync::Arc;

use glame_core::ports::IdSource;
use poem::http::HeaderValue;
use poem::{Endpoint, IntoResponse, Request, Response};
use tracing::Instrument;
use uuid::Uuid;

use crate::clock::TimeOrderedIds;

/// The name of one request, in the answer and in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(Uuid);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names every request; what is logged while it is answered carries the name.
pub(super) async fn named<E: Endpoint>(
    endpoint: Arc<E>,
    mut request: Request,
) -> poem::Result<Response> {
    let id = RequestId(TimeOrderedIds.next());
    request.set_data(id);
    let span = tracing::info_span!("request", id = %id, method = %request.method());
    let answered = endpoint.call(request).instrument(span).await;
    let mut response = answered.map(IntoResponse::into_response)?;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-request-id", value);
    }
    Ok(response)
}
