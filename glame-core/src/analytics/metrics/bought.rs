use chrono::NaiveDate;

use super::SettledHistory;
use crate::values::{DocumentRef, Money, PlainText, StoreRef};

/// A line of goods or services, as questions about single purchases see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoughtLine<'a> {
    /// The document that wrote the line.
    pub document: DocumentRef,
    /// The day of the shop's calendar.
    pub day: NaiveDate,
    /// The category of the article, where the catalogue knows it.
    pub category: Option<&'a PlainText>,
    /// Its brand.
    pub brand: Option<&'a PlainText>,
    /// Where it was bought.
    pub store: Option<StoreRef>,
    /// What was paid; negative on returns.
    pub amount: Money,
    /// Whether the line sold something that was not brought back.
    pub is_kept: bool,
}

impl<'a> BoughtLine<'a> {
    /// Gives the lines of a history that make purchases, up to the day of the question, in their
    /// order.
    #[must_use]
    pub fn all_of(history: &SettledHistory<'a>) -> Vec<Self> {
        let purchases = history.purchases();
        purchases
            .map(|settled| Self {
                document: settled.line.document.document,
                day: settled.day,
                category: settled
                    .product
                    .and_then(|product| product.category.as_ref()),
                brand: settled.product.and_then(|product| product.brand.as_ref()),
                store: settled.line.store,
                amount: settled.line.amount,
                is_kept: history.tally.keeps(settled.line),
            })
            .collect()
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

    #[test]
    fn a_line_that_was_brought_back_is_told_from_one_that_was_kept() {
        let holder = Holder::Counterparty(fixtures::counterparty(1));
        let line = |n, minute, product, thousandths, roubles| {
            let sale = fixtures::sale_line(n, holder, fixtures::minute(minute), roubles);
            PurchaseLine {
                document: sale.document,
                line_number: u32::try_from(product).unwrap(),
                purchased_at: sale.purchased_at,
                product: Some(fixtures::product_ref(product)),
                variant: None,
                store: sale.store,
                quantity: Quantity::from_thousandths(thousandths),
                amount: sale.amount,
                returns: None,
            }
        };
        let returned = PurchaseLine {
            returns: Some(fixtures::document(crate::purchases::DocumentKind::Receipt, 1).document),
            ..line(2, 10, 1, -1_000, -500)
        };
        let lines = vec![
            line(1, 0, 1, 1_000, 500),
            line(1, 0, 2, 1_000, 300),
            returned,
        ];
        let catalogue = [1, 2]
            .map(|n| (fixtures::product_ref(n), fixtures::product(n)))
            .into();
        let policy = MetricsPolicy::default();
        let history = PurchaseHistory::new(holder.user_id(), lines);
        let as_of = AsOf::Now(fixtures::minute(60));
        let settled = SettledHistory::of(&history, &catalogue, &policy, as_of);
        let bought = BoughtLine::all_of(&settled);
        let seen: Vec<_> = bought
            .iter()
            .map(|line| (line.amount.kopecks() / 100, line.is_kept))
            .collect();
        assert_eq!(seen, [(500, false), (300, true), (-500, false)]);
        assert_eq!(bought[0].category.unwrap().as_str(), "Кольца");
    }
}
