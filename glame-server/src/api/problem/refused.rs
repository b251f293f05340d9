use std::marker::PhantomData;

use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;

use super::{Problem, ProblemBody};

/// The statuses with which an operation refuses, as its document tells.
pub trait Statuses: Send + Sync + 'static {
    /// All of them, in order.
    const ALL: &'static [u16];
}

/// Names a set of statuses.
macro_rules! statuses {
    ($($(#[$doc:meta])* $visibility:vis $name:ident = [$($status:literal),* $(,)?];)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        $visibility enum $name {}

        impl $crate::api::problem::Statuses for $name {
            const ALL: &'static [u16] = &[$($status),*];
        }
    )* };
}

pub(crate) use statuses;

/// A problem of an operation that refuses with the statuses of `S`.
#[derive(Debug)]
pub struct Refused<S>(Problem, PhantomData<fn() -> S>);

impl<S: Statuses, P: Into<Problem>> From<P> for Refused<S> {
    fn from(problem: P) -> Self {
        let problem = problem.into();
        debug_assert!(
            S::ALL.contains(&problem.status().as_u16()),
            "the document of the operation does not list {problem}"
        );
        Self(problem, PhantomData)
    }
}

impl<S> IntoResponse for Refused<S>
where
    S: Statuses,
{
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl<S: Statuses> From<Refused<S>> for poem::Error {
    fn from(refused: Refused<S>) -> Self {
        Self::from(refused.0)
    }
}

impl<S: Statuses> ApiResponse for Refused<S> {
    fn meta() -> MetaResponses {
        let response = |status: &u16| MetaResponse {
            description: description(*status),
            status: Some(*status),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: "application/problem+json",
                schema: ProblemBody::schema_ref(),
            }],
            headers: headers(*status),
        };
        MetaResponses {
            responses: S::ALL.iter().map(response).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        <Json<ProblemBody> as poem_openapi::payload::Payload>::register(registry);
    }
}

fn headers(status: u16) -> Vec<MetaHeader> {
    let header = |name: &str, tells: &str, schema| MetaHeader {
        name: name.to_owned(),
        description: Some(tells.to_owned()),
        required: false,
        deprecated: false,
        schema,
    };
    let seconds = "After how many seconds it is worth trying again.";
    match status {
        401 => vec![header(
            "WWW-Authenticate",
            "How to sign in.",
            String::schema_ref(),
        )],
        409 | 429 | 503 => vec![header("Retry-After", seconds, u32::schema_ref())],
        _ => Vec::new(),
    }
}

const fn description(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be understood.",
        401 => "Nobody is signed in, or the sign-in is refused.",
        403 => "The role does not allow it.",
        404 => "It does not exist.",
        409 => "It conflicts with what is there.",
        412 => "It has been changed meanwhile.",
        413 => "The body is too large.",
        415 => "The body is of a wrong type.",
        422 => "It can be understood and is refused.",
        428 => "`If-Match` is missing.",
        429 => "Too many requests; `Retry-After` tells how long to wait.",
        500 => "The server has failed.",
        503 => "The server cannot do this now.",
        _ => "A problem.",
    }
}
