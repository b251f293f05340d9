use chrono::TimeDelta;

/// How long to wait before each attempt of a delivery. When the list is over, the event is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule(Vec<TimeDelta>);

/// Where between nothing and all of the spread a wait lies, in thousandths.
///
/// Deliveries that failed together must not come back together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Jitter(u16);

impl Jitter {
    /// The whole of the spread.
    pub const MOST: u16 = 1_000;

    /// Takes thousandths; more than all is all.
    #[must_use]
    pub const fn thousandths(share: u16) -> Self {
        Self(if share > Self::MOST {
            Self::MOST
        } else {
            share
        })
    }
}

impl Default for RetrySchedule {
    /// The schedule of Svix: eight attempts in about 28 hours.
    fn default() -> Self {
        Self::new(vec![
            TimeDelta::zero(),
            TimeDelta::seconds(5),
            TimeDelta::minutes(5),
            TimeDelta::minutes(30),
            TimeDelta::hours(2),
            TimeDelta::hours(5),
            TimeDelta::hours(10),
            TimeDelta::hours(10),
        ])
    }
}

impl RetrySchedule {
    /// Takes the waits before the first attempt, the second, and so on.
    #[must_use]
    pub const fn new(waits: Vec<TimeDelta>) -> Self {
        Self(waits)
    }

    /// Gives the wait after so many attempts; none when there is no further attempt.
    ///
    /// The jitter makes it longer by up to a fifth, rounded down to whole microseconds.
    #[must_use]
    pub fn wait_after(&self, attempts: u32, jitter: Jitter) -> Option<TimeDelta> {
        let wait = *self.0.get(usize::try_from(attempts).ok()?)?;
        let spread = i128::from(wait.num_microseconds()?) * i128::from(jitter.0)
            / (5 * i128::from(Jitter::MOST));
        wait.checked_add(&TimeDelta::microseconds(i64::try_from(spread).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_waits_are_those_of_svix() {
        let seconds = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
        let schedule = RetrySchedule::default();
        for (attempts, expected) in (0..).zip(seconds) {
            let none = schedule.wait_after(attempts, Jitter::default()).unwrap();
            let most = schedule
                .wait_after(attempts, Jitter::thousandths(1_000))
                .unwrap();
            assert_eq!(none, TimeDelta::seconds(expected));
            assert_eq!(most, TimeDelta::seconds(expected + expected / 5));
        }
        assert_eq!(schedule.wait_after(8, Jitter::default()), None);
        assert_eq!(schedule.wait_after(u32::MAX, Jitter::default()), None);
    }

    proptest! {
        #[test]
        fn jitter_makes_a_wait_longer_by_a_fifth_at_the_most(attempts in 0u32..8, share: u16) {
            let schedule = RetrySchedule::default();
            let plain = schedule.wait_after(attempts, Jitter::default()).unwrap();
            let spread = schedule.wait_after(attempts, Jitter::thousandths(share)).unwrap();
            prop_assert!(spread >= plain);
            prop_assert!(spread - plain <= plain / 5);
        }
    }
}
