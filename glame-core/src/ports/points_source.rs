use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{SourceAnswer, SourceError};
use crate::values::CardRef;

/// The points that the shop's base keeps on bonus cards.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait PointsSource: Send + Sync {
    /// Gives the points of every card that has some or owes some, as of an instant.
    ///
    /// Each card comes once. What is dated later does not count, what is dated at that second does.
    /// A card that is missing has none, unless it was rejected: where anything about the points of
    /// a card cannot be understood, its balance is unknown, and instead of an answer there is one
    /// [`Rejected`](super::Rejected) whose `reference` is the card's.
    async fn card_points(
        &self,
        as_of: DateTime<Utc>,
    ) -> Result<SourceAnswer<Vec<CardPoints>>, SourceError>;
}

/// The points on a card as the shop's base has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardPoints {
    /// Which card it is.
    pub card: CardRef,
    /// Whole points, rounded down; negative where the base let a card go below nothing.
    pub points: i64,
}
