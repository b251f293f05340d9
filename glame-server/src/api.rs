//! The HTTP API as its OpenAPI document describes it.
//!
//! One struct for each area. The document lists only what works.

mod system;

use poem_openapi::{OpenApiService, Tags};

pub use system::SystemApi;

/// The areas of the API.
#[derive(Debug, Tags)]
pub enum Area {
    /// Whether the server lives and can do its work.
    System,
}

/// Puts all areas together; handlers expect the storage as data of the route.
#[must_use]
pub fn service() -> OpenApiService<SystemApi, ()> {
    OpenApiService::new(SystemApi, "GLAME", env!("CARGO_PKG_VERSION"))
        .description(
            "Customers, purchases and loyalty of a retail chain. Money is a decimal string in \
             roubles, points are whole numbers, instants are RFC 3339 in UTC, ids are UUIDs.",
        )
        .license(
            poem_openapi::LicenseObject::new("MIT OR Apache-2.0").identifier("MIT OR Apache-2.0"),
        )
}
