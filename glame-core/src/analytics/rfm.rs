//! Recency, frequency, monetary: three scores from 1 to 5.

mod columns;
mod cuts;
mod segment;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use columns::{PurchaseColumns, PurchaseColumnsError, RfmColumns};
pub use cuts::{RfmCuts, RfmPolicy, ScorePolicy, UnorderedCuts};
pub use segment::RfmSegment;

use crate::values::Money;

/// What the scores of one customer are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RfmInputs {
    /// Whole days of the shop's calendar since the last purchase.
    pub recency_days: u32,
    /// Purchase occasions.
    pub frequency: u32,
    /// Everything ever spent, net of returns.
    pub monetary: Money,
}

/// A score from 1 (worst) to 5 (best).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Score(u8);

/// Tells that a number is not a score, or a text not a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a score is a whole number from 1 to 5")]
pub struct ParseScoreError;

impl Score {
    /// The best score.
    pub const BEST: Self = Self(5);
    /// The worst score.
    pub const WORST: Self = Self(1);
    /// Every score, worst first.
    pub const ALL: [Self; 5] = [Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// Takes a number from 1 to 5.
    pub const fn try_new(score: u8) -> Result<Self, ParseScoreError> {
        match score {
            1..=5 => Ok(Self(score)),
            _ => Err(ParseScoreError),
        }
    }

    /// Gives the number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Score {
    type Error = ParseScoreError;

    fn try_from(score: u8) -> Result<Self, ParseScoreError> {
        Self::try_new(score)
    }
}

impl From<Score> for u8 {
    fn from(score: Score) -> Self {
        score.0
    }
}

/// The three scores of a customer: a cell of the 5 × 5 × 5 cube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RfmScore {
    /// How lately the customer has bought.
    pub recency: Score,
    /// How often.
    pub frequency: Score,
    /// How much.
    pub monetary: Score,
}

impl RfmScore {
    /// Gives R + F + M, from 3 to 15.
    #[must_use]
    pub const fn total(self) -> u8 {
        self.recency.0 + self.frequency.0 + self.monetary.0
    }

    /// Gives the name of the cell's segment.
    #[must_use]
    pub const fn segment(self) -> RfmSegment {
        RfmSegment::of(self)
    }

    /// Gives all 125 cells.
    pub fn cells() -> impl Iterator<Item = Self> {
        Score::ALL.into_iter().flat_map(|recency| {
            Score::ALL.into_iter().flat_map(move |frequency| {
                Score::ALL.into_iter().map(move |monetary| Self {
                    recency,
                    frequency,
                    monetary,
                })
            })
        })
    }
}

impl fmt::Display for RfmScore {
    /// Writes the cell as `R5F1M3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "R{}F{}M{}",
            self.recency.0, self.frequency.0, self.monetary.0
        )
    }
}
