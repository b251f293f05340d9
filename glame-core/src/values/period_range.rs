use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A half-open stretch of time, `from ≤ t < to`; a missing end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeriodRange {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
}

/// Tells that a range would hold no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the range is empty: its start must lie before its end")]
pub struct EmptyRange;

impl Default for PeriodRange {
    fn default() -> Self {
        Self::EVERYTHING
    }
}

impl PeriodRange {
    /// All time.
    pub const EVERYTHING: Self = Self {
        from: None,
        to: None,
    };

    /// Makes a range that holds at least one instant.
    pub fn try_new(
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<Self, EmptyRange> {
        match (from, to) {
            (Some(from), Some(to)) if from >= to => Err(EmptyRange),
            _ => Ok(Self { from, to }),
        }
    }

    /// Gives the first instant inside, if there is one.
    #[must_use]
    pub const fn from(&self) -> Option<DateTime<Utc>> {
        self.from
    }

    /// Gives the first instant after the range, if there is one.
    #[must_use]
    pub const fn to(&self) -> Option<DateTime<Utc>> {
        self.to
    }

    /// Tells whether an instant lies inside.
    #[must_use]
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_range_holds_its_start_and_not_its_end() {
        let start = DateTime::UNIX_EPOCH;
        let end = start + TimeDelta::days(1);
        let range = PeriodRange::try_new(Some(start), Some(end)).unwrap();
        assert!(range.contains(start));
        assert!(!range.contains(end));
        assert!(PeriodRange::EVERYTHING.contains(end));
        assert_eq!(PeriodRange::try_new(Some(end), Some(end)), Err(EmptyRange));
    }
}
