use glame_core::catalogue::{Product, ProductKind, Store};
use glame_core::ports::StorageError;
use glame_core::values::{PlainText, PlainTextError, ProductRef, StoreRef};
use uuid::Uuid;

use crate::tables::{PRODUCTS, STORES};

/// A row of `products`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ProductRow {
    pub(crate) product: Uuid,
    pub(crate) name: String,
    pub(crate) article: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) brand: Option<String>,
    pub(crate) kind: String,
    pub(crate) removed: bool,
}

impl TryFrom<ProductRow> for Product {
    type Error = StorageError;

    fn try_from(row: ProductRow) -> Result<Self, StorageError> {
        Ok(Self {
            product: ProductRef::from_uuid(row.product),
            name: PlainText::try_from(row.name).map_err(PRODUCTS.corrupt("name"))?,
            article: plain_text(row.article).map_err(PRODUCTS.corrupt("article"))?,
            category: plain_text(row.category).map_err(PRODUCTS.corrupt("category"))?,
            brand: plain_text(row.brand).map_err(PRODUCTS.corrupt("brand"))?,
            kind: ProductKind::from_name(&row.kind)
                .ok_or("not a kind of article")
                .map_err(PRODUCTS.corrupt("kind"))?,
            removed: row.removed,
        })
    }
}

/// A row of `stores`.
#[derive(Debug)]
pub(crate) struct StoreRow {
    pub(crate) store: Uuid,
    pub(crate) name: String,
    pub(crate) removed: bool,
}

impl TryFrom<StoreRow> for Store {
    type Error = StorageError;

    fn try_from(row: StoreRow) -> Result<Self, StorageError> {
        Ok(Self {
            store: StoreRef::from_uuid(row.store),
            name: PlainText::try_from(row.name).map_err(STORES.corrupt("name"))?,
            removed: row.removed,
        })
    }
}

/// Reads a text that may be missing.
pub(super) fn plain_text(text: Option<String>) -> Result<Option<PlainText>, PlainTextError> {
    text.map(PlainText::try_from).transpose()
}
