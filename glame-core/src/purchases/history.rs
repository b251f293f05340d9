use chrono::{DateTime, Utc};
use serde::Serialize;

use super::DocumentKey;
use crate::values::{DocumentRef, Money, ProductRef, Quantity, StoreRef, UserId, VariantRef};

/// One purchase of a customer as storage keeps it: a line of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PurchaseLine {
    /// The document that wrote the line.
    pub document: DocumentKey,
    /// The number of the line inside its document.
    pub line_number: u32,
    /// When the sale took place.
    pub purchased_at: DateTime<Utc>,
    /// What was bought; its name, category and brand are in the catalogue.
    pub product: Option<ProductRef>,
    /// The variant of the article.
    pub variant: Option<VariantRef>,
    /// Where it was bought.
    pub store: Option<StoreRef>,
    /// How much; negative on returns.
    pub quantity: Quantity,
    /// What was paid after discounts; negative on returns.
    pub amount: Money,
    /// The document whose goods the receipt takes back or corrects.
    pub returns: Option<DocumentRef>,
}

/// All purchases of one customer, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseHistory {
    user: UserId,
    lines: Vec<PurchaseLine>,
}

impl PurchaseHistory {
    /// Gathers the lines of a customer, in whatever order they come.
    #[must_use]
    pub fn new(user: UserId, mut lines: Vec<PurchaseLine>) -> Self {
        lines.sort_by_key(|line| (line.purchased_at, line.document, line.line_number));
        Self { user, lines }
    }

    /// Gives whose purchases these are.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Gives the lines by time, document and line number.
    #[must_use]
    pub fn lines(&self) -> &[PurchaseLine] {
        &self.lines
    }
}
