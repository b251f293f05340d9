use chrono::{DateTime, Utc};
use glame_core::purchases::{PurchaseKind, PurchaseRecord, ReceiptRecord};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::api::roubles::Roubles;

/// What a line or a receipt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum PurchaseKindName {
    /// Something was bought.
    Sale,
    /// Something was brought back.
    Return,
    /// What was carried over from an older system; it counts as money only.
    OpeningBalance,
}

impl From<PurchaseKind> for PurchaseKindName {
    fn from(kind: PurchaseKind) -> Self {
        match kind {
            PurchaseKind::Sale => Self::Sale,
            PurchaseKind::Return => Self::Return,
            PurchaseKind::OpeningBalance => Self::OpeningBalance,
        }
    }
}

/// A line of a receipt.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Purchase", skip_serializing_if_is_none)]
pub struct PurchaseView {
    /// A name of the line, for lists on pages.
    pub id: String,
    /// When.
    pub purchase_date: DateTime<Utc>,
    /// A sale, a return or an opening balance.
    pub kind: PurchaseKindName,
    /// The article.
    pub product_id: Option<Uuid>,
    /// Its name.
    pub product_name: Option<String>,
    /// Its number in the catalogue.
    pub product_article: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// Its brand.
    pub brand: Option<String>,
    /// How many, to the thousandth; negative on returns.
    pub quantity: String,
    /// The price of one; absent where it is not exact to the kopeck.
    pub price: Option<Roubles>,
    /// What the line comes to; negative on returns.
    pub total_amount: Roubles,
    /// The document in the shop's base.
    pub document_id_1c: Uuid,
    /// The store.
    pub store_name: Option<String>,
}

impl From<&PurchaseRecord> for PurchaseView {
    fn from(record: &PurchaseRecord) -> Self {
        let line = &record.line;
        let product = record.product.as_ref();
        let document = *line.document.document.as_uuid();
        let text = |text: &glame_core::values::PlainText| text.as_str().to_owned();
        Self {
            id: format!("{document}/{}", line.line_number),
            purchase_date: line.purchased_at,
            kind: record.kind().into(),
            product_id: line.product.map(|product| *product.as_uuid()),
            product_name: product.map(|product| text(&product.name)),
            product_article: product
                .and_then(|product| product.article.as_ref())
                .map(text),
            category: product
                .and_then(|product| product.category.as_ref())
                .map(text),
            brand: product.and_then(|product| product.brand.as_ref()).map(text),
            quantity: line.quantity.to_string(),
            price: record.price().map(Roubles::from),
            total_amount: line.amount.into(),
            document_id_1c: document,
            store_name: record.store.as_ref().map(|store| text(&store.name)),
        }
    }
}

/// A receipt with its lines.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Receipt", skip_serializing_if_is_none)]
pub struct ReceiptView {
    /// The document in the shop's base.
    pub document_id_1c: Uuid,
    /// When.
    pub purchase_date: DateTime<Utc>,
    /// A sale, a return or an opening balance.
    pub kind: PurchaseKindName,
    /// The store.
    pub store_name: Option<String>,
    /// The receipt that it takes back, where it names one.
    pub returns_document_id_1c: Option<Uuid>,
    /// What the receipt comes to.
    pub total_amount: Roubles,
    /// Its lines.
    pub items: Vec<PurchaseView>,
}

impl From<&ReceiptRecord> for ReceiptView {
    fn from(receipt: &ReceiptRecord) -> Self {
        Self {
            document_id_1c: *receipt.key.document.document.as_uuid(),
            purchase_date: receipt.key.purchased_at,
            kind: receipt.kind.into(),
            store_name: receipt
                .store
                .as_ref()
                .map(|store| store.name.as_str().to_owned()),
            returns_document_id_1c: receipt.returns.map(|document| *document.as_uuid()),
            total_amount: receipt.amount.into(),
            items: receipt.lines.iter().map(PurchaseView::from).collect(),
        }
    }
}
