//! The HTTP API as its OpenAPI document describes it.
//!
//! One struct for each area. The document lists only what works.

pub mod analytics;
pub mod answer;
pub mod auth;
pub mod customer;
pub mod customers;
pub mod dates;
mod document;
mod errors;
pub mod etag;
pub mod looks;
pub mod named;
pub mod paging;
pub mod parameters;
pub mod problem;
pub mod roubles;
mod scalar;
pub mod segments;
pub mod signed_in;
pub mod staff;
pub mod sync;
pub mod system;
pub mod text;
pub mod views;
pub mod webhooks;

use poem_openapi::{OpenApiService, Tags};

/// Shows nothing of what is secret.
macro_rules! secret {
    ($($name:ident),*) => { $(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    )* };
}

pub(crate) use secret;

pub use analytics::AnalyticsApi;
pub use auth::AuthApi;
pub use customer::CustomerApi;
pub use customers::CustomersApi;
pub use customers::list::CustomerListApi;
pub use customers::points::PointsApi;
pub use document::{document, pages};
pub use looks::LooksApi;
pub use named::Named;
pub use paging::Cursors;
pub use problem::{Problem, ProblemCode};
pub use segments::SegmentsApi;
pub use staff::StaffApi;
pub use sync::SyncApi;
pub use system::SystemApi;
pub use text::Text;
pub use webhooks::WebhooksApi;

pub(crate) use problem::{answer_to, answered_in_the_language_of_the_client};

/// The areas of the API.
#[derive(Debug, Tags)]
pub enum Area {
    /// Sign-in and sessions.
    SignIn,
    /// The cabinet of a customer.
    Cabinet,
    /// Customers, as administrators and marketers see them.
    Customers,
    /// Segments and their members.
    Segments,
    /// What all customers come to.
    Analytics,
    /// Looks and the articles that they are made of.
    Looks,
    /// The synchronisation with 1C.
    Sync,
    /// Members of staff and the audit log.
    Staff,
    /// Where integrators are told of events.
    Webhooks,
    /// Whether the server lives and can do its work.
    System,
}

/// All areas.
pub type Areas = (
    AuthApi,
    CustomerApi,
    CustomerListApi,
    CustomersApi,
    PointsApi,
    SegmentsApi,
    AnalyticsApi,
    LooksApi,
    SyncApi,
    StaffApi,
    WebhooksApi,
    SystemApi,
);

/// Puts all areas together; handlers expect the [`App`](crate::app::App) as data of the route.
#[must_use]
pub fn service() -> OpenApiService<Areas, ()> {
    let areas = (
        AuthApi,
        CustomerApi,
        CustomerListApi,
        CustomersApi,
        PointsApi,
        SegmentsApi,
        AnalyticsApi,
        LooksApi,
        SyncApi,
        StaffApi,
        WebhooksApi,
        SystemApi,
    );
    OpenApiService::new(areas, "GLAME", env!("CARGO_PKG_VERSION"))
        .description(
            "Customers, purchases and loyalty of a retail chain. Money is a decimal string in \
             roubles, points are whole numbers, instants are RFC 3339 in UTC, ids are UUIDs. \
             Every error is a problem (RFC 9457) with a stable `code`.",
        )
        .license("MIT OR Apache-2.0")
}
