//! Whether the server lives and can do its work.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::{ApiResponse, Object, OpenApi, payload::Json};

use super::Area;
use crate::app::App;
use crate::output::describe;

/// Whether the server lives and can do its work.
#[derive(Debug, Clone, Copy)]
pub struct SystemApi;

/// How the server is.
#[derive(Debug, Object)]
#[oai(example)]
pub struct Health {
    /// `ok`, `stopping`, or `unavailable`.
    pub status: String,
    /// The version of the server.
    pub version: String,
}

impl Health {
    fn new(status: &str) -> Self {
        Self {
            status: status.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl poem_openapi::types::Example for Health {
    fn example() -> Self {
        Self {
            status: "ok".to_owned(),
            version: "0.1.0".to_owned(),
        }
    }
}

/// The process lives.
#[derive(Debug, ApiResponse)]
pub enum Alive {
    /// It answers.
    #[oai(status = 200)]
    Ok(Json<Health>),
}

/// The server can do its work, not yet, or not for much longer.
#[derive(Debug, ApiResponse)]
pub enum Readiness {
    /// The database answers and its schema is the right one.
    #[oai(status = 200)]
    Ready(Json<Health>),
    /// The server is about to stop, the database does not answer, or its schema is not the one of
    /// this version.
    #[oai(status = 503)]
    NotReady(Json<Health>),
}

#[OpenApi]
impl SystemApi {
    /// Tell whether the process lives.
    #[expect(clippy::unused_async, reason = "the macro wants every operation async")]
    #[oai(
        path = "/healthz",
        method = "get",
        operation_id = "getHealth",
        tag = "Area::System"
    )]
    async fn health(&self) -> Alive {
        Alive::Ok(Json(Health::new("ok")))
    }

    /// Tell whether the server can do its work.
    #[oai(
        path = "/readyz",
        method = "get",
        operation_id = "getReadiness",
        tag = "Area::System"
    )]
    async fn readiness(&self, app: Data<&Arc<App>>) -> Readiness {
        if app.stop.is_wanted() {
            return Readiness::NotReady(Json(Health::new("stopping")));
        }
        match app.storage.check().await {
            Ok(()) => Readiness::Ready(Json(Health::new("ok"))),
            Err(error) => {
                tracing::warn!(error = describe(&error), "not ready");
                Readiness::NotReady(Json(Health::new("unavailable")))
            }
        }
    }
}
