use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::SettledHistory;
use crate::catalogue::Product;
use crate::purchases::LineKind;
use crate::values::PlainText;

/// At most so many categories are told apart: those with most articles.
const MOST_CATEGORIES: usize = 1_000;

/// The categories of a catalogue, numbered from zero in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CategoryNames(Vec<PlainText>);

/// Which categories a customer bought on each occasion, in the order of time.
///
/// An occasion is a day on which goods of a known category were bought and kept. Categories have the
/// numbers of a [`CategoryNames`], ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Occasions(pub Vec<Vec<u32>>);

impl CategoryNames {
    /// Numbers the categories of articles; of more than a thousand those with most articles.
    #[must_use]
    pub fn of<'a>(products: impl IntoIterator<Item = &'a Product>) -> Self {
        let mut articles: BTreeMap<&PlainText, usize> = BTreeMap::new();
        for category in products.into_iter().filter_map(|one| one.category.as_ref()) {
            *articles.entry(category).or_default() += 1;
        }
        let mut ranked: Vec<(&PlainText, usize)> = articles.into_iter().collect();
        // The sort is stable: categories of equal size stay in the order of their names.
        ranked.sort_by_key(|(_, articles)| Reverse(*articles));
        ranked.truncate(MOST_CATEGORIES);
        let mut names: Vec<PlainText> = ranked.into_iter().map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        Self(names)
    }

    /// Gives the number of a category, if it has one.
    #[must_use]
    pub fn number(&self, name: &PlainText) -> Option<u32> {
        let place = self.0.binary_search(name).ok()?;
        u32::try_from(place).ok()
    }

    /// Gives the category of a number.
    #[must_use]
    pub fn name(&self, number: u32) -> Option<&PlainText> {
        self.0.get(usize::try_from(number).ok()?)
    }

    /// Gives how many categories have a number.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether no category is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Occasions {
    /// Takes the occasions from a history.
    #[must_use]
    pub fn of(history: &SettledHistory<'_>, names: &CategoryNames) -> Self {
        let mut by_day: BTreeMap<NaiveDate, BTreeSet<u32>> = BTreeMap::new();
        for settled in history.purchases() {
            let product = settled.product.filter(|_| settled.kind == LineKind::Goods);
            let category = product.and_then(|product| product.category.as_ref());
            let number = category.and_then(|category| names.number(category));
            if let Some(number) = number.filter(|_| history.tally.keeps(settled.line)) {
                by_day.entry(settled.day).or_default().insert(number);
            }
        }
        let occasions = by_day.into_values();
        Self(
            occasions
                .map(|occasion| occasion.into_iter().collect())
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::{AsOf, MetricsPolicy};
    use crate::purchases::{PurchaseHistory, PurchaseLine};
    use crate::testkit::fixtures;
    use crate::users::Holder;
    use crate::values::Quantity;

    fn product(number: u128, category: &str) -> Product {
        Product {
            category: Some(fixtures::text(category)),
            ..fixtures::product(number)
        }
    }

    #[test]
    fn categories_are_numbered_by_name() {
        let products = [
            product(1, "Серьги"),
            product(2, "Броши"),
            product(3, "Серьги"),
        ];
        let names = CategoryNames::of(&products);
        assert_eq!(names.number(&fixtures::text("Броши")), Some(0));
        assert_eq!(names.name(1), Some(&fixtures::text("Серьги")));
        assert_eq!(names.number(&fixtures::text("Часы")), None);
        assert_eq!((names.len(), names.name(2)), (2, None));
    }

    #[test]
    fn of_too_many_categories_the_largest_are_told_apart() {
        let mut products: Vec<Product> = (0..1_005)
            .map(|number| product(number, &format!("Категория {number:04}")))
            .collect();
        products.push(product(2_000, "Категория 1004"));
        let names = CategoryNames::of(&products);
        assert_eq!(names.len(), 1_000);
        assert!(names.number(&fixtures::text("Категория 1004")).is_some());
        assert!(names.number(&fixtures::text("Категория 1003")).is_none());
    }

    #[test]
    fn an_occasion_is_a_day_with_goods_that_were_kept() {
        let holder = Holder::Counterparty(fixtures::counterparty(1));
        let line = |document: u128, day: i64, product: u128, pieces: i64| {
            let at = fixtures::minute(day * 1_440);
            let sale = fixtures::sale_line(document, holder, at, pieces * 1_000);
            PurchaseLine {
                document: sale.document,
                line_number: u32::try_from(product).unwrap(),
                purchased_at: sale.purchased_at,
                product: Some(fixtures::product_ref(product)),
                variant: None,
                store: sale.store,
                quantity: Quantity::from_thousandths(pieces * 1_000),
                amount: sale.amount,
                returns: None,
            }
        };
        let lines = vec![
            line(1, 0, 1, 1),
            // Two receipts of a day are one occasion, and a category counts once.
            line(2, 0, 2, 1),
            line(2, 0, 3, 2),
            // It comes back.
            line(3, 5, 1, 1),
            line(4, 6, 1, -1),
            line(5, 9, 2, 1),
            // Nobody knows what it is.
            line(6, 12, 9, 1),
            line(7, 90, 1, 1),
        ];
        let products = [
            product(1, "Серьги"),
            product(2, "Броши"),
            product(3, "Броши"),
        ];
        let names = CategoryNames::of(&products);
        let catalogue = products.map(|one| (one.product, one)).into();
        let history = PurchaseHistory::new(holder.user_id(), lines);
        let policy = MetricsPolicy::default();
        let as_of = AsOf::Now(fixtures::minute(60 * 1_440));
        let settled = SettledHistory::of(&history, &catalogue, &policy, as_of);
        let occasions = Occasions::of(&settled, &names);
        assert_eq!(occasions, Occasions(vec![vec![0, 1], vec![0]]));
    }
}
