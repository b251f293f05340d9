//! Articles and shops: what purchases refer to.

use serde::{Deserialize, Serialize};

use crate::values::{PlainText, ProductRef, StoreRef};

/// An article of the shop's catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The article in the shop's base.
    pub product: ProductRef,
    /// What it is called.
    pub name: PlainText,
    /// The article number, where there is one.
    pub article: Option<PlainText>,
    /// The category.
    pub category: Option<PlainText>,
    /// The brand or collection.
    pub brand: Option<PlainText>,
    /// Whether it is a thing, or something that is only written on receipts.
    pub kind: ProductKind,
    /// Whether the shop's base has marked it for deletion.
    pub removed: bool,
}

/// Whether an article is a thing that is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// A thing.
    Goods,
    /// Work, delivery, a fee.
    Service,
    /// A gift certificate: money in another form.
    GiftCertificate,
}

impl ProductKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Goods, Self::Service, Self::GiftCertificate];

    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Goods => "goods",
            Self::Service => "service",
            Self::GiftCertificate => "gift_certificate",
        }
    }

    /// Finds a kind by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A shop, a warehouse or a web shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// The store in the shop's base.
    pub store: StoreRef,
    /// What it is called.
    pub name: PlainText,
    /// Whether the shop's base has marked it for deletion.
    pub removed: bool,
}
