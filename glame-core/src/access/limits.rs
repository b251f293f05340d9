use chrono::{DateTime, TimeDelta, Utc};

use super::BucketKey;
use super::secret::{Purpose, ServerSecret};

/// How often something may be tried: so many attempts in a window that begins with the first.
///
/// ```
/// use chrono::TimeDelta;
/// use glame_core::access::{CountedWindow, RateLimit};
/// # let now = glame_core::testkit::fixtures::minute(0);
///
/// let codes = RateLimit { name: "codes", attempts: 3, window: TimeDelta::minutes(15) };
/// let ends_at = now + TimeDelta::minutes(10);
/// let third = codes.decide(CountedWindow { count: 3, ends_at }, now);
/// assert_eq!((third.exceeded, third.remaining), (false, 0));
/// assert!(codes.decide(CountedWindow { count: 4, ends_at }, now).exceeded);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The name of the policy in the `RateLimit` field.
    pub name: &'static str,
    /// The attempts that a window allows.
    pub attempts: u32,
    /// How long a window lasts.
    pub window: TimeDelta,
}

/// One attempt that is to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Whom it counts for.
    pub bucket: BucketKey,
    /// How long a window lasts that this attempt opens.
    pub window: TimeDelta,
}

/// The window of a bucket with the attempts in it, the present one among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedWindow {
    /// The attempts since the window was opened.
    pub count: u32,
    /// When the window ends and the count begins anew.
    pub ends_at: DateTime<Utc>,
}

/// What a limit says to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitDecision {
    /// The limit that says so.
    pub limit: RateLimit,
    /// Whether the attempt is one too many.
    pub exceeded: bool,
    /// The attempts that are left in the window.
    pub remaining: u32,
    /// How long it is until the window ends.
    pub reset_after: TimeDelta,
}

impl RateLimit {
    /// Decides on the attempt that was counted last.
    #[must_use]
    pub fn decide(self, window: CountedWindow, now: DateTime<Utc>) -> LimitDecision {
        LimitDecision {
            limit: self,
            exceeded: window.count > self.attempts,
            remaining: self.attempts.saturating_sub(window.count),
            reset_after: (window.ends_at - now).max(TimeDelta::zero()),
        }
    }

    /// Gives the attempt of somebody, whom `parts` name.
    #[must_use]
    pub fn attempt_of(self, secret: &ServerSecret, parts: &[&[u8]]) -> Attempt {
        let named: Vec<&[u8]> = [self.name.as_bytes()]
            .into_iter()
            .chain(parts.iter().copied())
            .collect();
        Attempt {
            bucket: BucketKey::from_bytes(secret.keyed_hash(Purpose::Bucket, &named)),
            window: self.window,
        }
    }
}

impl LimitDecision {
    /// Chooses the decision that a caller should be told: one that refuses, else the tightest.
    ///
    /// Among several that refuse it is the one that lasts longest.
    #[must_use]
    pub fn tightest(decisions: &[Self]) -> Option<Self> {
        decisions.iter().copied().max_by_key(|decision| {
            let refuses = decision.exceeded.then_some(decision.reset_after);
            (refuses, std::cmp::Reverse(decision.remaining))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::minute;

    const LIMIT: RateLimit = RateLimit {
        name: "logins",
        attempts: 2,
        window: TimeDelta::minutes(15),
    };

    fn decision(count: u32, ends_in: i64) -> LimitDecision {
        let ends_at = minute(ends_in);
        LIMIT.decide(CountedWindow { count, ends_at }, minute(0))
    }

    #[test]
    fn a_limit_allows_its_number_and_no_more() {
        let cases = [
            (1, false, 1),
            (2, false, 0),
            (3, true, 0),
            (u32::MAX, true, 0),
        ];
        for (count, exceeded, remaining) in cases {
            let decision = decision(count, 5);
            assert_eq!(
                (decision.exceeded, decision.remaining),
                (exceeded, remaining)
            );
            assert_eq!(decision.reset_after, TimeDelta::minutes(5));
        }
        // A window that another server counted ends in our past: nothing is negative.
        assert_eq!(decision(1, -5).reset_after, TimeDelta::zero());
    }

    #[test]
    fn what_refuses_longest_is_told_first() {
        let (wide, tight) = (decision(1, 9), decision(2, 1));
        let (short, long) = (decision(3, 1), decision(3, 9));
        assert_eq!(LimitDecision::tightest(&[wide, tight]), Some(tight));
        assert_eq!(LimitDecision::tightest(&[tight, wide]), Some(tight));
        assert_eq!(
            LimitDecision::tightest(&[short, wide, long, tight]),
            Some(long)
        );
        assert_eq!(LimitDecision::tightest(&[]), None);
    }

    #[test]
    fn each_limit_counts_for_itself() {
        let secret = ServerSecret::parse(&"s".repeat(32)).unwrap();
        let other = RateLimit {
            name: "codes",
            ..LIMIT
        };
        let bucket = |limit: RateLimit, whom: &str| limit.attempt_of(&secret, &[whom.as_bytes()]);
        assert_eq!(bucket(LIMIT, "a"), bucket(LIMIT, "a"));
        assert_ne!(bucket(LIMIT, "a"), bucket(LIMIT, "b"));
        assert_ne!(bucket(LIMIT, "a"), bucket(other, "a"));
    }
}
