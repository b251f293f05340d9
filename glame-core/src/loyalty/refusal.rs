use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Sequence;
use crate::values::{Money, Points};

/// Tells why a command was not carried out, with the figures that it takes to understand it.
///
/// A refusal changes nothing. One that depends on the state of the account is kept under its
/// idempotency key and repeats ([`is_sticky`](Self::is_sticky)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refused", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The points, the money or the dates make no sense.
    #[error("the command makes no sense: {problem}")]
    Invalid {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// Fewer points than the programme redeems at once.
    #[error("at least {minimum} points are spent at once, not {asked}")]
    BelowMinimum {
        /// How many were asked for.
        asked: Points,
        /// The least.
        minimum: Points,
    },
    /// More points than may pay for this receipt.
    #[error("points pay at most {most} of a receipt of {receipt_total} ₽, not {asked}")]
    AboveShare {
        /// How many were asked for.
        asked: Points,
        /// The most.
        most: Points,
        /// The sum of the receipt.
        receipt_total: Money,
    },
    /// There are not so many points to spend.
    #[error("{asked} points were asked for, {available} are available")]
    NotEnough {
        /// How many were asked for.
        asked: Points,
        /// How many can be spent.
        available: Points,
        /// How many cannot be spent yet.
        pending: Points,
        /// How many are owed.
        debt: Points,
    },
    /// The receipt is older than the programme.
    #[error("receipts before {starts_on} earn no points")]
    BeforeProgramme {
        /// The first day of the programme.
        starts_on: NaiveDate,
    },
    /// Just this has been done already, under another key or none.
    #[error("this was done already by transaction {by}")]
    AlreadyDone {
        /// The transaction that did it.
        by: Sequence,
    },
    /// The bonus of this year's birthday has been given, for another date of birth.
    #[error("the birthday of this year was granted already")]
    BirthdayGranted,
    /// The ledger has no such transaction.
    #[error("this customer has no such transaction")]
    UnknownTransaction,
    /// The transaction cannot be taken back as a whole.
    #[error("the transaction cannot be reversed: {advice}")]
    NotReversible {
        /// What to do instead.
        advice: String,
    },
    /// Nobody is named who takes the responsibility.
    #[error("a manual adjustment needs an actor")]
    ActorMissing,
    /// Somebody would correct their own points.
    #[error("nobody adjusts their own points; ask a colleague")]
    SelfAdjustment,
    /// The arithmetic would overflow.
    #[error("the points do not fit into the account; is the amount right?")]
    TooManyPoints,
}

impl Refusal {
    /// Gives the stable name of the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::BelowMinimum { .. } => "below_minimum",
            Self::AboveShare { .. } => "above_share",
            Self::NotEnough { .. } => "not_enough",
            Self::BeforeProgramme { .. } => "before_programme",
            Self::AlreadyDone { .. } => "already_done",
            Self::BirthdayGranted => "birthday_granted",
            Self::UnknownTransaction => "unknown_transaction",
            Self::NotReversible { .. } => "not_reversible",
            Self::ActorMissing => "actor_missing",
            Self::SelfAdjustment => "self_adjustment",
            Self::TooManyPoints => "too_many_points",
        }
    }

    /// Tells whether the refusal depends on the state of the account and is kept under its key.
    ///
    /// A command that makes no sense in itself is not kept: the client corrects it and tries again.
    #[must_use]
    pub const fn is_sticky(&self) -> bool {
        !matches!(
            self,
            Self::Invalid { .. } | Self::ActorMissing | Self::SelfAdjustment
        )
    }
}
