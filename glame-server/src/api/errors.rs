//! The errors of the services, told as problems.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what has no case of its own, now or later, is a failure of the server"
)]

use std::time::Duration;

use chrono::TimeDelta;
use glame_core::access::AccessError;
use glame_core::analytics::AnalyticsError;
use glame_core::customers::CustomerError;
use glame_core::looks::LookError;
use glame_core::loyalty::{LoyaltyError, NotPosted, Refusal};
use glame_core::ports::{SourceError, StorageError};
use glame_core::segments::{MemberFileError, SegmentError};
use glame_core::sync::SyncError;
use glame_core::webhooks::WebhookError;

use super::problem::FieldProblem;
use super::{Problem, ProblemCode};
use crate::app::SyncRefused;
use crate::output::describe;

/// Tells the log what clients must not see, and the client where to look.
fn internal(error: &dyn std::error::Error) -> Problem {
    tracing::error!(error = describe(error), "a request failed");
    Problem::new(
        ProblemCode::Internal,
        "the log of the server tells more under the trace id",
    )
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Conflict { what } => Self::new(
                ProblemCode::Conflict,
                format!("{what} has been changed by someone else; read it again"),
            ),
            StorageError::Unavailable { .. } => {
                tracing::warn!(error = describe(&error), "the database is unavailable");
                Self::new(ProblemCode::Unavailable, "the database is busy or away")
                    .retry_after(Duration::from_secs(1))
            }
            error => internal(&error),
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        let detail = error.to_string();
        match error {
            AccessError::SignInRefused => Self::new(ProblemCode::SignInRefused, detail),
            AccessError::NotSignedIn => Self::new(ProblemCode::SignInNeeded, detail),
            AccessError::TooManyAttempts(limit) => Self::new(ProblemCode::RateLimited, detail)
                .retry_after(wait(limit.reset_after))
                .limited_by(limit.limit),
            AccessError::TooSoon { retry_after } => {
                Self::new(ProblemCode::RateLimited, detail).retry_after(wait(retry_after))
            }
            AccessError::UnknownSession => Self::new(ProblemCode::NotFound, detail),
            AccessError::Role(refusal) => refusal.into(),
            AccessError::EmailTaken => Self::of_field(ProblemCode::Conflict, "/email", detail),
            AccessError::WeakPassword(_) => Self::new(ProblemCode::PasswordWeak, detail),
            AccessError::WrongPassword => Self::new(ProblemCode::PasswordWrong, detail),
            AccessError::Hashing(glame_core::ports::HashingError::Busy) => {
                Self::new(ProblemCode::Unavailable, detail).retry_after(Duration::from_secs(2))
            }
            AccessError::Storage(error) => error.into(),
            error => internal(&error),
        }
    }
}

impl From<CustomerError> for Problem {
    fn from(error: CustomerError) -> Self {
        let detail = error.to_string();
        match error {
            CustomerError::Unknown(_) => Self::new(ProblemCode::NotFound, detail),
            CustomerError::Erased(_) => Self::new(ProblemCode::Conflict, detail),
            CustomerError::Stale => Self::new(ProblemCode::Stale, detail),
            CustomerError::Invalid(invalid) => Self::of_field(
                ProblemCode::ValueInvalid,
                format!("/{}", invalid.field.as_str()),
                detail,
            ),
            CustomerError::ForeignCursor => {
                Self::of_field(ProblemCode::CursorInvalid, "cursor", detail)
            }
            CustomerError::Storage(error) => error.into(),
            error => internal(&error),
        }
    }
}

impl From<MemberFileError> for Problem {
    fn from(error: MemberFileError) -> Self {
        Self::new(ProblemCode::ValueInvalid, error.to_string())
    }
}

impl From<SegmentError> for Problem {
    fn from(error: SegmentError) -> Self {
        let detail = error.to_string();
        match error {
            SegmentError::NotFound(_) => Self::new(ProblemCode::NotFound, detail),
            SegmentError::Changed { .. } => Self::new(ProblemCode::Stale, detail),
            SegmentError::NameTaken => Self::of_field(ProblemCode::Conflict, "/name", detail),
            SegmentError::Order(_) | SegmentError::Unknown(_) => {
                Self::of_field(ProblemCode::Conflict, "/rule", detail)
            }
            SegmentError::TooFew(_) => Self::new(ProblemCode::Conflict, detail),
            SegmentError::Figures(error) => error.into(),
            SegmentError::Storage(error) => error.into(),
            error => internal(&error),
        }
    }
}

impl From<LookError> for Problem {
    fn from(error: LookError) -> Self {
        let detail = error.to_string();
        match error {
            LookError::Unknown(_) | LookError::NotSaved(_) => {
                Self::new(ProblemCode::NotFound, detail)
            }
            LookError::AlreadySaved(_) | LookError::TooMany => {
                Self::new(ProblemCode::Conflict, detail)
            }
            LookError::Stale => Self::new(ProblemCode::Stale, detail),
            LookError::Invalid(_) => Self::new(ProblemCode::ValueInvalid, detail),
            LookError::Customer(error) => error.into(),
            LookError::Storage(error) => error.into(),
            error => internal(&error),
        }
    }
}

impl From<LoyaltyError> for Problem {
    fn from(error: LoyaltyError) -> Self {
        let detail = error.to_string();
        match error {
            LoyaltyError::NotPosted(not_posted) => not_posted.into(),
            LoyaltyError::UnknownUser(_) => Self::new(ProblemCode::NotFound, detail),
            LoyaltyError::KeptElsewhere(_) | LoyaltyError::KeptHere => {
                Self::new(ProblemCode::LoyaltyKeptElsewhere, detail)
            }
            LoyaltyError::Source(error) => error.into(),
            LoyaltyError::Storage(error) => error.into(),
            error => internal(&error),
        }
    }
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        let detail = describe(&error);
        tracing::warn!(error = detail, "the shop's base does not answer a request");
        Self::new(ProblemCode::Unavailable, detail).retry_after(Duration::from_secs(10))
    }
}

impl From<NotPosted> for Problem {
    fn from(error: NotPosted) -> Self {
        let detail = error.to_string();
        match error {
            NotPosted::Refused { refusal } => Self::new(code_of(&refusal), detail),
            NotPosted::RefusedBefore { refusal } => {
                Self::new(code_of(&refusal), refusal.to_string()).replayed()
            }
            NotPosted::KeyReused { fields } => {
                let errors = fields.into_iter().map(|field| FieldProblem {
                    pointer: format!("/{field}"),
                    detail: "differs from the request that the key stands for".to_owned(),
                });
                Self::new(ProblemCode::KeyReused, detail).with_errors(errors.collect())
            }
        }
    }
}

fn code_of(refusal: &Refusal) -> ProblemCode {
    match refusal {
        Refusal::Invalid { .. } => ProblemCode::ValueInvalid,
        Refusal::BelowMinimum { .. } => ProblemCode::LoyaltyBelowMinimum,
        Refusal::NotEnough { .. } => ProblemCode::LoyaltyNotEnough,
        Refusal::AlreadyDone { .. } | Refusal::BirthdayGranted => ProblemCode::LoyaltyAlreadyDone,
        Refusal::UnknownTransaction => ProblemCode::NotFound,
        _ => ProblemCode::LoyaltyRefused,
    }
}

impl From<AnalyticsError> for Problem {
    fn from(error: AnalyticsError) -> Self {
        let detail = error.to_string();
        match error {
            AnalyticsError::NothingMeasured | AnalyticsError::NothingAnalysed => {
                Self::new(ProblemCode::NothingMeasured, detail)
            }
            AnalyticsError::Storage(error) => error.into(),
            error => internal(&error),
        }
    }
}

impl From<SyncRefused> for Problem {
    fn from(refused: SyncRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            SyncRefused::NoSource => Self::new(ProblemCode::SourceMissing, detail),
            SyncRefused::Busy { .. } => {
                Self::new(ProblemCode::Busy, detail).retry_after(Duration::from_secs(10))
            }
            SyncRefused::Unknown | SyncRefused::Over => Self::new(ProblemCode::NotFound, detail),
            SyncRefused::Sync(SyncError::Storage(error)) | SyncRefused::Storage(error) => {
                error.into()
            }
            SyncRefused::Sync(error) => internal(&error),
        }
    }
}

impl From<glame_core::access::RoleRefusal> for Problem {
    fn from(refusal: glame_core::access::RoleRefusal) -> Self {
        let code = match refusal {
            glame_core::access::RoleRefusal::UnknownMember => ProblemCode::NotFound,
            _ => ProblemCode::Conflict,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        let detail = error.to_string();
        match error {
            WebhookError::UnknownEndpoint(_) | WebhookError::UnknownDelivery { .. } => {
                Self::new(ProblemCode::NotFound, detail)
            }
            WebhookError::Url(_) => Self::of_field(ProblemCode::ValueInvalid, "/url", detail),
            WebhookError::NoEvents => Self::of_field(ProblemCode::ValueInvalid, "/events", detail),
            WebhookError::TooManyEndpoints | WebhookError::NotEnabled { .. } => {
                Self::new(ProblemCode::Conflict, detail)
            }
            WebhookError::Stale { .. } => Self::new(ProblemCode::Stale, detail),
            WebhookError::Storage(error) => error.into(),
            error => internal(&error),
        }
    }
}

/// Gives a wait as whole seconds, rounded up, so that nobody comes a moment too early.
fn wait(time: TimeDelta) -> Duration {
    let seconds = time
        .num_milliseconds()
        .max(0)
        .unsigned_abs()
        .div_ceil(1_000);
    Duration::from_secs(seconds)
}
