use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::values::UserId;

/// The customers with most of something: so many, however many are looked at.
///
/// ```
/// use glame_core::analytics::Ranking;
/// use glame_core::values::UserId;
/// use uuid::Uuid;
///
/// let mut ranking = Ranking::of(2);
/// for (number, roubles) in [(1, 500), (2, 900), (3, 700)] {
///     ranking.add(roubles, UserId::from_uuid(Uuid::from_u128(number)), || number);
/// }
/// assert_eq!(ranking.into_values().collect::<Vec<_>>(), [2, 3]);
/// ```
#[derive(Debug)]
pub struct Ranking<K, V> {
    most: usize,
    places: BTreeMap<(Reverse<K>, UserId), V>,
}

impl<K: Ord, V> Ranking<K, V> {
    /// Keeps so many at most.
    #[must_use]
    pub const fn of(most: usize) -> Self {
        Self {
            most,
            places: BTreeMap::new(),
        }
    }

    /// Looks at a customer; what is kept is made only of one who has a place.
    pub fn add(&mut self, amount: K, user: UserId, value: impl FnOnce() -> V) {
        let place = (Reverse(amount), user);
        let last = self.places.last_key_value();
        let is_full = self.places.len() >= self.most;
        if is_full && last.is_none_or(|(last, _)| place > *last) {
            return;
        }
        self.places.insert(place, value());
        if self.places.len() > self.most {
            self.places.pop_last();
        }
    }

    /// Gives what was kept, the most first; equal ones by user id.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.places.into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::customer;

    #[test]
    fn the_largest_are_kept_in_order_whatever_the_order_of_looking() {
        let amounts = [3, 9, 3, 7, 1];
        let mut users: Vec<UserId> = (1..=5).map(|n| customer(n).id).collect();
        users.sort();
        let kept = |most: usize, order: [usize; 5]| {
            let mut ranking = Ranking::of(most);
            for place in order {
                ranking.add(amounts[place], users[place], || place);
            }
            ranking.into_values().collect::<Vec<_>>()
        };
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]] {
            assert_eq!(kept(3, order), [1, 3, 0], "equal ones by user id");
            assert_eq!(kept(9, order), [1, 3, 0, 2, 4]);
            assert_eq!(kept(0, order), [0; 0]);
        }
    }
}
