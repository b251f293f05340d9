//! The HTTP server: routes, measurements, graceful stop.

mod measurements;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use glame_core::ports::Storage;
use poem::endpoint::BoxEndpoint;
use poem::listener::{Acceptor, Listener, TcpAcceptor, TcpListener};
use poem::middleware::SetHeader;
use poem::web::Redirect;
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Route, Server};

use crate::api;
use crate::stop::Stop;
use measurements::Measurements;

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

    /// Answers until it is time to stop; open requests then have `patience` to end.
    pub async fn run(
        self,
        storage: Arc<dyn Storage>,
        stop: Stop,
        patience: Duration,
    ) -> std::io::Result<()> {
        Server::new_with_acceptor(self.acceptor)
            .name("glame")
            .run_with_graceful_shutdown(
                routes(storage),
                async move { stop.wanted().await },
                Some(patience),
            )
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
pub fn routes(storage: Arc<dyn Storage>) -> BoxEndpoint<'static, Response> {
    let measurements = Measurements::new(Arc::clone(&storage));
    let service = api::service();
    let routes = Route::new()
        .nest("/docs", service.scalar())
        .nest("/docs/swagger", service.swagger_ui())
        .at("/openapi.json", service.spec_endpoint())
        .at("/metrics", measurements.endpoint())
        .nest("/", service);
    measurements
        .measured(routes.data(storage).around(home))
        .with(
            SetHeader::new()
                .overriding("x-content-type-options", "nosniff")
                .overriding("referrer-policy", "no-referrer")
                .overriding("x-frame-options", "DENY"),
        )
        .map_to_response()
        .boxed()
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
