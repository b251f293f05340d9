use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::float;
use crate::analytics::CategoryNames;
use crate::values::PlainText;

/// Which categories are bought together on one occasion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoPurchases {
    occasions: usize,
    /// Occasions with a category.
    with: BTreeMap<u32, usize>,
    /// Occasions with both, the smaller category first.
    with_both: BTreeMap<(u32, u32), usize>,
}

/// Two categories that are bought together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CategoryPair<C> {
    /// The category with the smaller number.
    pub first: C,
    /// The other one.
    pub second: C,
    /// Occasions with both.
    pub together: usize,
    /// The share of all occasions.
    pub support: f64,
    /// Of the occasions with the first, the share with the second.
    pub second_given_first: f64,
    /// Of the occasions with the second, the share with the first.
    pub first_given_second: f64,
    /// How many times as often as if both were bought independently.
    pub lift: f64,
}

impl CategoryPair<u32> {
    /// Gives the pair by the names of its categories; none if one has no name.
    #[must_use]
    pub fn named(&self, names: &CategoryNames) -> Option<CategoryPair<PlainText>> {
        Some(CategoryPair {
            first: names.name(self.first)?.clone(),
            second: names.name(self.second)?.clone(),
            together: self.together,
            support: self.support,
            second_given_first: self.second_given_first,
            first_given_second: self.first_given_second,
            lift: self.lift,
        })
    }
}

impl CoPurchases {
    /// Adds the categories of an occasion; a category counts once.
    pub fn add(&mut self, categories: &[u32]) {
        let mut categories = categories.to_vec();
        categories.sort_unstable();
        categories.dedup();
        self.occasions += 1;
        for (place, category) in categories.iter().enumerate() {
            *self.with.entry(*category).or_default() += 1;
            for other in &categories[place + 1..] {
                *self.with_both.entry((*category, *other)).or_default() += 1;
            }
        }
    }

    /// Gives how many occasions there were.
    #[must_use]
    pub const fn occasions(&self) -> usize {
        self.occasions
    }

    /// Gives pairs that were bought together at least so often, the most frequent first.
    #[must_use]
    pub fn pairs(&self, at_least: usize) -> Vec<CategoryPair<u32>> {
        let mut pairs: Vec<CategoryPair<u32>> = self
            .with_both
            .iter()
            .filter(|(_, together)| **together >= at_least)
            .map(|(pair, together)| self.pair(*pair, *together))
            .collect();
        // The sort is stable: equally frequent pairs stay in the order of their categories.
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.together));
        pairs
    }

    /// Gives what is bought with a category, the most likely companion first.
    #[must_use]
    pub fn companions(&self, category: u32, at_least: usize) -> Vec<(u32, f64)> {
        let mut companions: Vec<(u32, f64)> = self
            .pairs(at_least)
            .into_iter()
            .filter_map(|pair| {
                if pair.first == category {
                    Some((pair.second, pair.second_given_first))
                } else {
                    (pair.second == category).then_some((pair.first, pair.first_given_second))
                }
            })
            .collect();
        companions.sort_by(|one, other| other.1.total_cmp(&one.1));
        companions
    }

    fn pair(&self, (first, second): (u32, u32), together: usize) -> CategoryPair<u32> {
        let with = |category| float::of_count(self.with.get(&category).copied().unwrap_or(1));
        let (both, all) = (float::of_count(together), float::of_count(self.occasions));
        CategoryPair {
            first,
            second,
            together,
            support: both / all,
            second_given_first: both / with(first),
            first_given_second: both / with(second),
            lift: both * all / (with(first) * with(second)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_once_an_occasion() {
        let mut bought = CoPurchases::default();
        for categories in [&[1, 2, 2][..], &[2, 1], &[1], &[3], &[3, 2], &[]] {
            bought.add(categories);
        }
        let pairs = bought.pairs(1);
        assert_eq!(pairs.len(), 2);
        let pair = pairs[0];
        assert_eq!((pair.first, pair.second, pair.together), (1, 2, 2));
        assert!((pair.support - 2.0 / 6.0).abs() < 1e-12);
        assert!((pair.second_given_first - 2.0 / 3.0).abs() < 1e-12);
        assert!((pair.lift - 2.0 * 6.0 / 9.0).abs() < 1e-12);
        assert_eq!(bought.pairs(2).len(), 1);
        assert_eq!(bought.companions(2, 1)[0].0, 1);
        assert_eq!(bought.companions(9, 1), []);
    }
}
