use glame_core::catalogue::{Product, Store};
use glame_core::ports::StorageError;
use glame_core::purchases::{PurchaseLine, PurchaseRecord};
use uuid::Uuid;

use super::{Instant, ProductRow, PurchaseRow, StoreRow};

/// A row of `purchase_history` with its receipt, its article and its store.
#[derive(Debug)]
pub(crate) struct PurchaseRecordRow {
    pub(crate) user_id: Uuid,
    pub(crate) purchased_at: Instant,
    pub(crate) document_kind: i16,
    pub(crate) document: Uuid,
    pub(crate) line_number: i64,
    pub(crate) product: Option<Uuid>,
    pub(crate) variant: Option<Uuid>,
    pub(crate) store: Option<Uuid>,
    pub(crate) quantity: i64,
    pub(crate) amount: i64,
    pub(crate) returns_document: Option<Uuid>,
    pub(crate) product_name: Option<String>,
    pub(crate) article: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) brand: Option<String>,
    pub(crate) product_kind: Option<String>,
    pub(crate) product_removed: Option<bool>,
    pub(crate) store_name: Option<String>,
    pub(crate) store_removed: Option<bool>,
}

impl TryFrom<PurchaseRecordRow> for PurchaseRecord {
    type Error = StorageError;

    fn try_from(row: PurchaseRecordRow) -> Result<Self, StorageError> {
        let product = match (row.product, row.product_name, row.product_kind) {
            (Some(product), Some(name), Some(kind)) => Some(ProductRow {
                product,
                name,
                article: row.article,
                category: row.category,
                brand: row.brand,
                kind,
                removed: row.product_removed.unwrap_or_default(),
            }),
            _ => None,
        };
        let store = match (row.store, row.store_name) {
            (Some(store), Some(name)) => Some(StoreRow {
                store,
                name,
                removed: row.store_removed.unwrap_or_default(),
            }),
            _ => None,
        };
        let line = PurchaseRow {
            user_id: row.user_id,
            purchased_at: row.purchased_at,
            document_kind: row.document_kind,
            document: row.document,
            line_number: row.line_number,
            product: row.product,
            variant: row.variant,
            store: row.store,
            quantity: row.quantity,
            amount: row.amount,
            returns_document: row.returns_document,
        };
        Ok(Self {
            line: PurchaseLine::try_from(line)?,
            product: product.map(Product::try_from).transpose()?,
            store: store.map(Store::try_from).transpose()?,
        })
    }
}
