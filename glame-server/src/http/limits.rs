//! What one request and one client may take of the server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use glame_core::access::RequestOrigin;
use poem::error::ReadBodyError;
use poem::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use poem::http::{HeaderValue, StatusCode, Version};
use poem::{Body, Endpoint, IntoResponse, Request, Response};

use super::RateLimitFields;
use super::origin::client_address;
use crate::api::{Problem, ProblemCode, answer_to};

/// The most bytes that the body of a request has.
const MOST_BYTES: usize = 1 << 20;

/// How much of a larger body is read on for.
const MOST_THROWN_AWAY: usize = 16 << 20;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The length of the window in which requests of a client are counted.
const WINDOW: Duration = Duration::from_mins(1);

/// What is answered however often it is asked for.
const UNCOUNTED: [&str; 2] = ["/healthz", "/readyz"];

/// How many clients are counted at once; who comes when it is full is not counted.
const MOST_CLIENTS: usize = 100_000;

/// Reads the body before anybody waits for it, and no more than a mebibyte.
pub(super) async fn of_one_mebibyte<E: Endpoint>(
    endpoint: Arc<E>,
    mut request: Request,
) -> poem::Result<Response> {
    let told = request.headers().get(CONTENT_LENGTH);
    let length = told.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|bytes| bytes > MOST_THROWN_AWAY) {
        return Err(ReadBodyError::PayloadTooLarge.into());
    }
    if length != Some(0) {
        let body = read(request.take_body()).await?;
        request.set_body(body);
    }
    endpoint
        .call(request)
        .await
        .map(IntoResponse::into_response)
}

/// Reads a body of a mebibyte; a larger one is read on for a while and thrown away, because a client
/// that is still sending when its connection is closed may never read why.
async fn read(body: Body) -> Result<Vec<u8>, ReadBodyError> {
    let (mut kept, mut length) = (Vec::new(), 0);
    let mut chunks = body.into_bytes_stream();
    while let Some(chunk) = chunks.try_next().await? {
        length += chunk.len();
        if length <= MOST_BYTES {
            kept.extend_from_slice(&chunk);
        } else if length <= MOST_THROWN_AWAY {
            kept = Vec::new();
        } else {
            break;
        }
    }
    if length > MOST_BYTES {
        return Err(ReadBodyError::PayloadTooLarge);
    }
    Ok(kept)
}

/// Closes the connection behind an answer that was given before the body of its request was read.
///
/// The server does so anyway, for the rest of the body is no request; but only a client that is told
/// does not send its next request there.
pub(super) async fn closing_before_the_end<E: Endpoint>(
    endpoint: Arc<E>,
    request: Request,
) -> poem::Result<Response> {
    let headers = request.headers();
    let has_body = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    let is_textual = request.version() <= Version::HTTP_11;
    let mut response = endpoint.call(request).await?.into_response();
    let unread = [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::TOO_MANY_REQUESTS];
    if is_textual && has_body && unread.contains(&response.status()) {
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Ends requests that take too long.
pub(super) async fn of_thirty_seconds<E: Endpoint>(
    endpoint: Arc<E>,
    request: Request,
) -> poem::Result<Response> {
    match tokio::time::timeout(PATIENCE, endpoint.call(request)).await {
        Ok(answered) => answered.map(IntoResponse::into_response),
        Err(_) => Err(Problem::new(
            ProblemCode::Unavailable,
            "the request took longer than 30 seconds",
        )
        .retry_after(PATIENCE)
        .into()),
    }
}

/// A network that counts as one client, as sign-in has it.
type Network = [u8; 16];

/// Counts the requests of every client, in this process.
///
/// It keeps one client from taking all of a replica; what must hold across replicas, sign-in above
/// all, is counted in the database.
#[derive(Debug, Clone)]
pub(super) struct RequestCounter {
    most: u32,
    proxies: u8,
    windows: Arc<Mutex<Windows>>,
}

#[derive(Debug)]
struct Windows {
    began: Instant,
    counts: HashMap<Network, u32>,
}

/// What is left of the requests of a client in this window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Left {
    requests: Option<u32>,
    ends_in: Duration,
}

impl RequestCounter {
    /// Allows so many requests a minute; none counts nothing.
    pub(super) fn new(most: u32, proxies: u8) -> Self {
        Self {
            most,
            proxies,
            windows: Arc::new(Mutex::new(Windows {
                began: Instant::now(),
                counts: HashMap::new(),
            })),
        }
    }

    /// Answers, unless the client has asked too often; every answer tells what is left.
    ///
    /// Whether the server lives is not counted: whoever asks that decides on the whole replica.
    pub(super) async fn counted<E: Endpoint>(
        self,
        endpoint: Arc<E>,
        request: Request,
    ) -> poem::Result<Response> {
        if self.most == 0 || UNCOUNTED.contains(&request.uri().path()) {
            let answered = endpoint.call(request).await;
            return answered.map(IntoResponse::into_response);
        }
        let origin = RequestOrigin {
            address: client_address(&request, self.proxies),
            ..RequestOrigin::default()
        };
        let left = self.count(origin.network(), Instant::now());
        let mut response = if left.requests.is_some() {
            match endpoint.call(request).await {
                Ok(response) => response.into_response(),
                Err(error) => answer_to(&error),
            }
        } else {
            let detail = format!("at most {} requests a minute", self.most);
            let problem = Problem::new(ProblemCode::RateLimited, detail);
            problem.retry_after(left.ends_in).into_response()
        };
        RateLimitFields {
            name: "requests",
            most: self.most,
            window: WINDOW,
            left: left.requests.unwrap_or_default(),
            ends_in: left.ends_in,
        }
        .tell(response.headers_mut());
        Ok(response)
    }

    fn count(&self, network: Option<Network>, now: Instant) -> Left {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(windows.began) >= WINDOW {
            windows.began = now;
            windows.counts.clear();
        }
        let ends_in = WINDOW.saturating_sub(now.duration_since(windows.began));
        let known = network.filter(|network| {
            windows.counts.len() < MOST_CLIENTS || windows.counts.contains_key(network)
        });
        let count = known.map_or(0, |network| {
            let count = windows.counts.entry(network).or_default();
            *count = count.saturating_add(1);
            *count
        });
        Left {
            requests: self.most.checked_sub(count),
            ends_in,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_number_in_each_window() {
        let counter = RequestCounter::new(2, 0);
        let begun = Instant::now();
        let (one, other) = (Some([1; 16]), Some([2; 16]));
        let left = |network, seconds| {
            let now = begun + Duration::from_secs(seconds);
            counter.count(network, now).requests
        };
        assert_eq!(left(one, 0), Some(1));
        assert_eq!(left(one, 1), Some(0));
        assert_eq!(left(one, 2), None);
        assert_eq!(left(other, 2), Some(1));
        assert_eq!(left(one, 61), Some(1));
    }
}
