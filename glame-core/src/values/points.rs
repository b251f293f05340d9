use std::fmt;

use serde::{Deserialize, Serialize};

/// Whole loyalty points, never negative.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Points(i64);

/// Tells that a number of points would be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("points cannot be negative: {0}")]
pub struct PointsError(i64);

impl Points {
    /// No points.
    pub const ZERO: Self = Self(0);

    /// Takes a number of points that is zero or more.
    pub const fn try_new(points: i64) -> Result<Self, PointsError> {
        if points < 0 {
            Err(PointsError(points))
        } else {
            Ok(Self(points))
        }
    }

    /// Gives the number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Adds, or tells that the sum does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(points) => Some(Self(points)),
            None => None,
        }
    }

    /// Takes away, or tells that there are not enough.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        if self.0 < other.0 {
            None
        } else {
            Some(Self(self.0 - other.0))
        }
    }
}

impl TryFrom<i64> for Points {
    type Error = PointsError;

    fn try_from(points: i64) -> Result<Self, PointsError> {
        Self::try_new(points)
    }
}

impl From<Points> for i64 {
    fn from(points: Points) -> Self {
        points.0
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_points_are_refused() {
        assert_eq!(Points::try_new(-1), Err(PointsError(-1)));
        assert!(serde_json::from_str::<Points>("-1").is_err());
    }

    #[test]
    fn no_more_is_taken_away_than_there_is() {
        let hundred = Points::try_new(100).unwrap();
        assert_eq!(hundred.checked_sub(hundred), Some(Points::ZERO));
        assert_eq!(Points::ZERO.checked_sub(hundred), None);
    }
}
