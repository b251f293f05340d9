//! Errors as RFC 9457 has them: one catalogue of codes, one shape, two languages.

mod catalogue;
mod framework;
mod refused;
mod render;

use std::time::Duration;

use glame_core::access::RateLimit;
use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::Object;

pub use catalogue::ProblemCode;
pub(crate) use refused::statuses;
pub use refused::{Refused, Statuses};
pub(crate) use render::{answer_to, answered_in_the_language_of_the_client};

/// What went wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: ProblemCode,
    detail: String,
    errors: Vec<FieldProblem>,
    retry_after: Option<Duration>,
    limit: Option<RateLimit>,
    replayed: bool,
}

/// What is wrong with one field of the request.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
pub struct FieldProblem {
    /// Where: a JSON pointer into the body, or the name of a parameter.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

/// An error of the API (RFC 9457).
///
/// The `code` never changes its meaning; `title` is in the language of the client, Russian or
/// English; `detail` is in English and for developers.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Problem", skip_serializing_if_is_none)]
pub struct ProblemBody {
    /// A name of the kind of error, made of its code.
    #[oai(rename = "type")]
    pub kind: String,
    /// What went wrong, for people.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What went wrong this time and what to do about it.
    pub detail: Option<String>,
    /// The kind of error, for programs.
    pub code: ProblemCode,
    /// What is wrong with which field.
    #[oai(default, skip_serializing_if_is_empty)]
    pub errors: Vec<FieldProblem>,
    /// The id of the request, as in the logs of the server.
    pub trace_id: Option<String>,
}

impl Problem {
    /// Tells of a problem in words for developers; nothing personal, nothing internal.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            limit: None,
            replayed: false,
        }
    }

    /// Tells of a problem with one field.
    pub fn of_field(
        code: ProblemCode,
        pointer: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        let error = FieldProblem {
            pointer: pointer.into(),
            detail: detail.into(),
        };
        Self {
            detail: error.detail.clone(),
            errors: vec![error],
            ..Self::new(code, "")
        }
    }

    /// Tells of problems with several fields.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldProblem>) -> Self {
        Self { errors, ..self }
    }

    /// Says when it is worth trying again.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }

    /// Says which limit has been reached.
    #[must_use]
    pub fn limited_by(self, limit: RateLimit) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// Says that it was answered before under the same idempotency key.
    #[must_use]
    pub fn replayed(self) -> Self {
        Self {
            replayed: true,
            ..self
        }
    }

    /// Gives the kind of problem.
    #[must_use]
    pub const fn code(&self) -> ProblemCode {
        self.code
    }

    /// Gives the status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.code.status()
    }
}

/// The body comes later, in the language of the client.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status()).finish();
        response.set_data(self);
        response
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl std::error::Error for Problem {}

impl poem::error::ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.code.status()
    }

    fn as_response(&self) -> Response {
        self.clone().into_response()
    }
}
