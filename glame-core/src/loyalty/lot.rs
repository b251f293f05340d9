use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::values::{Points, TransactionId, UserId};

/// The number of a transaction in the ledger of its user, from 1; also the name of the lot it made.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(u32);

impl Sequence {
    /// The number before the first transaction.
    pub const NONE: Self = Self(0);

    /// The last number that a transaction can have.
    pub const LAST: Self = Self(u32::MAX);

    /// Takes a number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Gives the number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Gives the number that follows; none after four billion.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Gives the id of the transaction: a UUID v5 of the user and the number.
    #[must_use]
    pub fn transaction_of(self, user: UserId) -> TransactionId {
        let name = self.0.to_be_bytes();
        TransactionId::from_uuid(Uuid::new_v5(user.as_uuid(), &name))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Points of one credit, which are spent and expire together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// The transaction that made the lot.
    pub lot: Sequence,
    /// How many points there were.
    pub original: Points,
    /// How many are left.
    pub remaining: Points,
    /// How many of them were written off because they had expired.
    pub expired: Points,
    /// How long they live.
    pub term: Term,
}

/// When points can be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// From this instant on.
    pub available_from: DateTime<Utc>,
    /// Until just before this instant; without it, for ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether these are points that came back after they had expired; they do so once.
    pub reinstated: bool,
}

/// What the time has made of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LotState {
    /// It cannot be spent yet.
    Pending,
    /// It can be spent.
    Available,
    /// It cannot be spent any more, whether that has been written down or not.
    Expired,
}

impl Term {
    /// Tells what the time makes of points: `available_from ≤ now < expires_at` can be spent.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> LotState {
        if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            LotState::Expired
        } else if now < self.available_from {
            LotState::Pending
        } else {
            LotState::Available
        }
    }
}

impl Lot {
    /// Tells what the time has made of the lot.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> LotState {
        self.term.state(now)
    }

    /// Gives how many points of the lot have been lost to time, written down or not.
    #[must_use]
    pub fn lapsed(&self, now: DateTime<Utc>) -> i64 {
        let unwritten = match self.state(now) {
            LotState::Expired => self.remaining.get(),
            LotState::Pending | LotState::Available => 0,
        };
        self.expired.get() + unwritten
    }

    /// Orders lots as they are drawn on: soonest to expire first, those that never do last, then by
    /// when they became available, then by number.
    #[must_use]
    pub fn draw_order(&self, other: &Self) -> Ordering {
        self.draw_key().cmp(&other.draw_key())
    }

    pub(super) fn draw_key(&self) -> DrawKey {
        DrawKey {
            expires_at: self.term.expires_at.unwrap_or(DateTime::<Utc>::MAX_UTC),
            available_from: self.term.available_from,
            lot: self.lot,
        }
    }
}

/// The place of a lot in the order of drawing; the order of the fields is the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DrawKey {
    expires_at: DateTime<Utc>,
    available_from: DateTime<Utc>,
    lot: Sequence,
}

impl DrawKey {
    pub(super) const fn lot(&self) -> Sequence {
        self.lot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::minute;

    fn lot(number: u32, from: i64, until: Option<i64>) -> Lot {
        Lot {
            lot: Sequence::new(number),
            original: Points::ZERO,
            remaining: Points::ZERO,
            expired: Points::ZERO,
            term: Term {
                available_from: minute(from),
                expires_at: until.map(minute),
                reinstated: false,
            },
        }
    }

    #[test]
    fn l3_a_lot_can_be_spent_from_its_first_instant_until_before_its_last() {
        let lot = lot(1, 10, Some(20));
        assert_eq!(lot.state(minute(9)), LotState::Pending);
        assert_eq!(lot.state(minute(10)), LotState::Available);
        assert_eq!(lot.state(minute(19)), LotState::Available);
        assert_eq!(lot.state(minute(20)), LotState::Expired);
    }

    #[test]
    fn l4_lots_are_drawn_soonest_to_expire_first() {
        let mut lots = [
            lot(1, 0, None),
            lot(2, 5, Some(90)),
            lot(3, 0, Some(90)),
            lot(4, 0, Some(80)),
            lot(5, 0, Some(90)),
            lot(6, -5, None),
        ];
        lots.sort_by(Lot::draw_order);
        let order: Vec<u32> = lots.iter().map(|lot| lot.lot.get()).collect();
        assert_eq!(order, [4, 3, 5, 2, 6, 1]);
    }

    #[test]
    fn an_id_follows_from_the_user_and_the_number() {
        let anna = UserId::from_uuid(Uuid::from_u128(1));
        let other = UserId::from_uuid(Uuid::from_u128(2));
        let first = Sequence::new(1);
        assert_eq!(first.transaction_of(anna), first.transaction_of(anna));
        assert_ne!(first.transaction_of(anna), first.transaction_of(other));
        assert_ne!(
            first.transaction_of(anna),
            Sequence::new(2).transaction_of(anna)
        );
    }
}
