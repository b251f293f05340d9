use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::LookContent;
use crate::purchases::PurchaseHistory;
use crate::values::{LookId, Money, PlainText, SavedLookId, UserId};

/// A look that a customer has saved; each look once.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SavedLook {
    /// Which saved look.
    pub id: SavedLookId,
    /// Whose.
    pub user: UserId,
    /// The look.
    pub look: LookId,
    /// How it came to be saved.
    pub save_type: SaveType,
    /// What the customer has written beside it.
    pub notes: Option<PlainText>,
    /// When it was marked as bought, by hand.
    pub purchased_at: Option<DateTime<Utc>>,
    /// When it was saved.
    pub saved_at: DateTime<Utc>,
}

impl std::fmt::Debug for SavedLook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The notes may say anything.
        f.debug_struct("SavedLook")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("look", &self.look)
            .field("save_type", &self.save_type)
            .field("purchased_at", &self.purchased_at)
            .field("saved_at", &self.saved_at)
            .finish_non_exhaustive()
    }
}

/// How a look came to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveType {
    /// Chosen from the catalogue.
    Favorite,
    /// Made for the customer.
    Generated,
}

impl SaveType {
    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Favorite => "favorite",
            Self::Generated => "generated",
        }
    }

    /// Finds a type by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Favorite, Self::Generated]
            .into_iter()
            .find(|save_type| save_type.as_str() == name)
    }
}

impl SavedLook {
    /// The most looks that a customer saves.
    pub const MAX_A_CUSTOMER: u32 = 500;

    /// Gives the place of the saved look in a list.
    #[must_use]
    pub const fn cursor(&self) -> SavedLookCursor {
        SavedLookCursor {
            saved_at: self.saved_at,
            saved_look: self.id,
        }
    }
}

/// The place of a saved look in a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedLookCursor {
    /// When it was saved.
    pub saved_at: DateTime<Utc>,
    /// Which one.
    pub saved_look: SavedLookId,
}

/// A saved look with what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SavedLookView {
    /// The saved look.
    pub saved: SavedLook,
    /// What the look shows.
    pub content: LookContent,
    /// When it was bought: as it was marked by hand, or else by [`bought_after`].
    pub purchased_at: Option<DateTime<Utc>>,
}

/// Tells when a look was bought: the first purchase of any of its articles since it was saved.
///
/// A purchase is a line with goods and money that come to the customer; returns are not set
/// against it, because the look has led to it all the same.
#[must_use]
pub fn bought_after(
    content: &LookContent,
    saved_at: DateTime<Utc>,
    history: &PurchaseHistory,
) -> Option<DateTime<Utc>> {
    let bought = history.lines().iter().find(|line| {
        line.purchased_at >= saved_at
            && line.quantity.thousandths() > 0
            && line.amount > Money::ZERO
            && line
                .product
                .is_some_and(|product| content.products.contains(&product))
    });
    bought.map(|line| line.purchased_at)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::purchases::{DocumentKind, PurchaseLine};
    use crate::testkit::fixtures::{customer, document, minute, product_ref, text};
    use crate::values::Quantity;

    #[test]
    fn a_look_is_bought_with_the_first_of_its_articles_after_it_was_saved() {
        let line = |at: i64, product: u128, pieces: i64| PurchaseLine {
            document: document(DocumentKind::Receipt, product),
            line_number: 1,
            purchased_at: minute(at),
            product: Some(product_ref(product)),
            variant: None,
            store: None,
            quantity: Quantity::from_thousandths(pieces * 1_000),
            amount: Money::from_kopecks(pieces * 100),
            returns: None,
        };
        let content = LookContent {
            title: text("Вечерний"),
            description: None,
            products: vec![product_ref(1), product_ref(2)],
            tags: BTreeSet::new(),
            image_url: None,
        };
        let bought = |lines: Vec<PurchaseLine>| {
            let history = PurchaseHistory::new(customer(1).id, lines);
            bought_after(&content, minute(10), &history)
        };
        assert_eq!(bought(vec![line(9, 1, 1)]), None, "before it was saved");
        assert_eq!(bought(vec![line(11, 3, 1)]), None, "something else");
        assert_eq!(bought(vec![line(11, 1, -1)]), None, "a return");
        assert_eq!(
            bought(vec![line(20, 1, 1), line(12, 2, 1), line(9, 1, 1)]),
            Some(minute(12))
        );
    }
}
