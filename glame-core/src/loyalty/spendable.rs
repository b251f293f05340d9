use chrono::{DateTime, Utc};

use super::{Lot, LotState};
use crate::values::Points;

/// What can be spent at every instant of `since <= now < until`, as long as nothing is posted.
///
/// Storage keeps it beside the account, so that a page of customers is shown without adding up their
/// lots. No lot becomes available or expires between the two instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spendable {
    /// The points of the lots that are available.
    pub points: Points,
    /// The last instant at which a lot came or went; none if none did.
    pub since: Option<DateTime<Utc>>,
    /// The next instant at which a lot comes or goes; none if none does.
    pub until: Option<DateTime<Utc>>,
}

impl Spendable {
    /// Adds up lots as they are at an instant, and tells for how long that holds.
    #[must_use]
    pub fn around(at: DateTime<Utc>, lots: &[Lot]) -> Self {
        let mut sum = 0;
        let (mut since, mut until) = (None, None);
        for lot in lots.iter().filter(|lot| lot.remaining > Points::ZERO) {
            if lot.state(at) == LotState::Available {
                sum += lot.remaining.get();
            }
            let ends = [Some(lot.term.available_from), lot.term.expires_at];
            for change in ends.into_iter().flatten() {
                if change <= at {
                    since = since.max(Some(change));
                } else {
                    until = Some(until.map_or(change, |next: DateTime<Utc>| next.min(change)));
                }
            }
        }
        Self {
            // Remainders are never negative and their sum is checked when a credit is decided.
            points: Points::try_new(sum).unwrap_or(Points::ZERO),
            since,
            until,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::loyalty::account::balance_of;
    use crate::loyalty::{AccountHeader, Sequence, Term};
    use crate::testkit::fixtures::{customer, minute};

    fn lot(remaining: i64, from: i64, until: Option<i64>) -> Lot {
        let points = Points::try_new(remaining).unwrap();
        Lot {
            lot: Sequence::new(1),
            original: points,
            remaining: points,
            expired: Points::ZERO,
            term: Term {
                available_from: minute(from),
                expires_at: until.map(minute),
                reinstated: false,
            },
        }
    }

    fn available(lots: &[Lot], now: DateTime<Utc>) -> Points {
        balance_of(&AccountHeader::new(customer(1).id), lots, now).available
    }

    #[test]
    fn it_holds_until_a_lot_comes_or_goes() {
        let lots = [
            lot(1, 0, Some(90)),
            lot(20, 10, None),
            lot(300, 60, Some(80)),
            lot(4_000, 5, Some(30)),
            lot(0, 40, Some(50)),
        ];
        let around = |at| {
            let found = Spendable::around(minute(at), &lots);
            (found.points.get(), found.since, found.until)
        };
        let minutes = |sum, since: Option<i64>, until: Option<i64>| {
            (sum, since.map(minute), until.map(minute))
        };
        assert_eq!(around(-1), minutes(0, None, Some(0)));
        assert_eq!(around(0), minutes(1, Some(0), Some(5)));
        assert_eq!(around(29), minutes(4_021, Some(10), Some(30)));
        assert_eq!(around(30), minutes(21, Some(30), Some(60)));
        assert_eq!(around(70), minutes(321, Some(60), Some(80)));
        assert_eq!(around(95), minutes(20, Some(90), None));
        let nothing = Spendable::around(minute(1), &[]);
        assert_eq!(
            (nothing.points, nothing.since, nothing.until),
            (Points::ZERO, None, None)
        );
    }

    proptest! {
        #[test]
        fn lots_come_to_it_from_its_first_instant_until_before_its_last(
            terms in prop::collection::vec((0_i64..100, 0_i64..40, prop::option::of(0_i64..40)), 0..8),
            at in 0_i64..40,
        ) {
            let lots: Vec<Lot> = terms
                .into_iter()
                .map(|(remaining, from, until)| lot(remaining, from, until))
                .collect();
            let spendable = Spendable::around(minute(at), &lots);
            let holds = |now| {
                spendable.since.is_none_or(|since| since <= now)
                    && spendable.until.is_none_or(|until| now < until)
            };
            prop_assert!(holds(minute(at)));
            for now in (-1..41).map(minute).filter(|now| holds(*now)) {
                prop_assert_eq!(available(&lots, now), spendable.points);
                prop_assert_eq!(Spendable::around(now, &lots), spendable);
            }
        }
    }
}
