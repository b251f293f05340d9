//! The HTTP server: routes, measurements, graceful stop.

mod drain;
mod limits;
mod measurements;
mod operations;
mod origin;
mod rate_limit_fields;
mod request_id;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use poem::endpoint::{BoxEndpoint, make_sync};
use poem::listener::{Acceptor, Listener, TcpAcceptor, TcpListener};
use poem::middleware::SetHeader;
use poem::web::{Html, Json, Redirect};
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Route, Server, get};

use crate::api;
use crate::app::App;
use limits::RequestCounter;
use measurements::Measurements;
use operations::KnownOperations;

pub use drain::Leaving;
pub use request_id::RequestId;

pub(crate) use origin::origin_of;
pub(crate) use rate_limit_fields::RateLimitFields;

/// How long a connection may be silent, before a request, within one or after it; longer than any
/// request may take.
const PATIENCE_WITH_SILENCE: Duration = Duration::from_secs(75);

/// A server that listens and does not answer yet.
pub struct HttpServer {
    acceptor: TcpAcceptor,
    address: SocketAddr,
}

impl HttpServer {
    /// Takes the address; port 0 takes any free port.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let acceptor = TcpListener::bind(address).into_acceptor().await?;
        let bound = acceptor
            .local_addr()
            .iter()
            .find_map(|local| local.as_socket_addr().copied());
        Ok(Self {
            acceptor,
            address: bound.unwrap_or(address),
        })
    }

    /// Gives the address at which it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is time to stop, and then leaves in order.
    pub async fn run(
        self,
        app: Arc<App>,
        limits: RequestLimits,
        leaving: Leaving,
    ) -> std::io::Result<()> {
        let drained = drain::drained(app.stop.clone(), leaving.drain);
        Server::new_with_acceptor(self.acceptor)
            .name("glame")
            .idle_timeout(PATIENCE_WITH_SILENCE)
            .run_with_graceful_shutdown(routes(app, limits), drained, Some(leaving.patience))
            .await
    }
}

impl std::fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Gives all routes of the server.
pub fn routes(app: Arc<App>, limits: RequestLimits) -> BoxEndpoint<'static, Response> {
    let measurements = Measurements::new(Arc::clone(&app.storage));
    let document = api::document();
    let known = KnownOperations::of(&document);
    let [scalar, swagger] = api::pages().map(page);
    let counter = RequestCounter::new(limits.requests_a_minute, app.trusted_proxies);
    let stop = app.stop.clone();
    let methods = known.clone();
    let routes = Route::new()
        .nest("/docs", scalar)
        .nest("/docs/swagger", swagger)
        .at(
            "/openapi.json",
            get(make_sync(move |_| Json(document.clone()))),
        )
        .at("/metrics", measurements.endpoint())
        .nest("/", api::service())
        .data(app)
        .around(move |endpoint, request| known.clone().only(endpoint, request))
        .around(limits::of_one_mebibyte)
        .around(limits::of_thirty_seconds)
        .around(move |endpoint, request| counter.clone().counted(endpoint, request))
        .around(home)
        .around(api::answered_in_the_language_of_the_client)
        .around(move |endpoint, request| methods.clone().told(endpoint, request))
        .around(request_id::named);
    measurements
        .measured(routes)
        .with(security_headers())
        .around(limits::closing_before_the_end)
        .around(move |endpoint, request| drain::closing(stop.clone(), endpoint, request))
        .map_to_response()
        .boxed()
}

/// Answers with a page that never changes.
fn page(html: String) -> Route {
    Route::new().at("/", get(make_sync(move |_| Html(html.clone()))))
}

/// How much one client may ask for.
#[derive(Debug, Clone, Copy)]
pub struct RequestLimits {
    /// Requests a minute from one address; none counts nothing.
    pub requests_a_minute: u32,
}

/// What keeps browsers from doing more with an answer than it is for.
fn security_headers() -> SetHeader {
    SetHeader::new()
        .overriding("x-content-type-options", "nosniff")
        .overriding("referrer-policy", "no-referrer")
        .overriding("x-frame-options", "DENY")
        .overriding("cross-origin-resource-policy", "same-origin")
        // Browsers heed it over TLS alone.
        .overriding("strict-transport-security", "max-age=31536000")
        .overriding(
            "content-security-policy",
            "default-src 'self'; script-src 'self' 'unsafe-inline'; \
             style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; \
             frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        )
}

/// Sends visitors of the root to the documentation; the API itself is nested there.
async fn home<E: Endpoint>(endpoint: Arc<E>, request: Request) -> poem::Result<Response> {
    if request.uri().path() == "/" {
        return Ok(Redirect::see_other("/docs").into_response());
    }
    endpoint
        .call(request)
        .await
        .map(IntoResponse::into_response)
}
