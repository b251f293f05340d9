use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use glame_core::ports::{PurchaseTotals, StorageError};
use glame_core::purchases::{
    DocumentKey, DocumentKind, PurchaseHistory, PurchaseLine, Receipt, ReceiptDigest, ReceiptKey,
    StoredReceipt,
};
use glame_core::values::{
    DocumentRef, Money, PeriodRange, ProductRef, Quantity, StoreRef, UserId, VariantRef,
};
use uuid::Uuid;

use super::Instant;
use crate::tables::{PURCHASE_HISTORY, RECEIPTS, Table};

/// A row of `receipts`, without what its lines say too.
#[derive(Debug)]
pub(crate) struct StoredReceiptRow {
    pub(crate) user_id: Uuid,
    pub(crate) purchased_at: Instant,
    pub(crate) document_kind: i16,
    pub(crate) document: Uuid,
    pub(crate) line_count: i64,
    pub(crate) digest: Vec<u8>,
}

impl TryFrom<StoredReceiptRow> for StoredReceipt {
    type Error = StorageError;

    fn try_from(row: StoredReceiptRow) -> Result<Self, StorageError> {
        let digest = row
            .digest
            .as_slice()
            .try_into()
            .map_err(RECEIPTS.corrupt("digest"))?;
        Ok(Self {
            key: ReceiptKey {
                user: UserId::from_uuid(row.user_id),
                purchased_at: row.purchased_at.0,
                document: document_key(RECEIPTS, row.document_kind, row.document)?,
            },
            digest: ReceiptDigest::from_bytes(digest),
            lines: u32::try_from(row.line_count).map_err(RECEIPTS.corrupt("line_count"))?,
        })
    }
}

/// A row of `purchase_history` with what its receipt says.
#[derive(Debug)]
pub(crate) struct PurchaseRow {
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
}

impl TryFrom<PurchaseRow> for PurchaseLine {
    type Error = StorageError;

    fn try_from(row: PurchaseRow) -> Result<Self, StorageError> {
        Ok(Self {
            document: document_key(PURCHASE_HISTORY, row.document_kind, row.document)?,
            line_number: u32::try_from(row.line_number)
                .map_err(PURCHASE_HISTORY.corrupt("line_number"))?,
            purchased_at: row.purchased_at.0,
            product: row.product.map(ProductRef::from_uuid),
            variant: row.variant.map(VariantRef::from_uuid),
            store: row.store.map(StoreRef::from_uuid),
            quantity: Quantity::from_thousandths(row.quantity),
            amount: Money::from_kopecks(row.amount),
            returns: row.returns_document.map(DocumentRef::from_uuid),
        })
    }
}

/// Gathers rows into histories; the rows of one customer lie together.
pub(crate) fn histories_of(rows: Vec<PurchaseRow>) -> Result<Vec<PurchaseHistory>, StorageError> {
    let mut histories = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while let Some(user) = rows.peek().map(|row| row.user_id) {
        let mut lines = Vec::new();
        while let Some(row) = rows.next_if(|row| row.user_id == user) {
            lines.push(PurchaseLine::try_from(row)?);
        }
        histories.push(PurchaseHistory::new(UserId::from_uuid(user), lines));
    }
    Ok(histories)
}

/// What all purchases come to; the sum comes in two parts, because it may pass 64 bits on its way.
#[derive(Debug)]
pub(crate) struct TotalsRow {
    pub(crate) customers: i64,
    pub(crate) receipts: i64,
    pub(crate) lines: i64,
    /// The sum of `amount / 2^32`.
    pub(crate) high: i64,
    /// The sum of `amount % 2^32`.
    pub(crate) low: i64,
}

impl TryFrom<TotalsRow> for PurchaseTotals {
    type Error = StorageError;

    fn try_from(row: TotalsRow) -> Result<Self, StorageError> {
        let kopecks = (i128::from(row.high) << 32) + i128::from(row.low);
        let amount = i64::try_from(kopecks).map_err(RECEIPTS.corrupt("amount"))?;
        Ok(Self {
            customers: u64::try_from(row.customers).map_err(RECEIPTS.corrupt("user_id"))?,
            receipts: u64::try_from(row.receipts).map_err(RECEIPTS.corrupt("document"))?,
            lines: u64::try_from(row.lines).map_err(RECEIPTS.corrupt("line_count"))?,
            amount: Money::from_kopecks(amount),
        })
    }
}

/// How many receipts one statement writes at the most, so that no parameter grows without bounds.
pub(crate) const RECEIPTS_A_STATEMENT: usize = 20_000;

/// Gives receipts in the order of their keys, in which the databases write them fastest.
pub(crate) fn in_order(receipts: &[Receipt]) -> Vec<&Receipt> {
    let mut receipts: Vec<&Receipt> = receipts.iter().collect();
    receipts.sort_by_key(|receipt| receipt.key);
    receipts
}

/// Sums a receipt for its row.
pub(crate) fn amount_of(receipt: &Receipt) -> Result<i64, StorageError> {
    Money::try_sum(receipt.lines.iter().map(|line| line.amount))
        .map(Money::kopecks)
        .map_err(|source| StorageError::Refused {
            during: "writing receipts",
            advice: format!(
                "correct the amounts of document {} in the shop's base",
                receipt.key.document.document
            ),
            source: source.into(),
        })
}

/// Gives the ends of a range, an open one as the first or last instant that both databases know.
pub(crate) fn bounds_of(range: PeriodRange) -> (DateTime<Utc>, DateTime<Utc>) {
    // PostgreSQL's calendar begins on the first Julian day, chrono's ends before PostgreSQL's.
    let first = NaiveDate::from_ymd_opt(-4713, 11, 24).unwrap_or(NaiveDate::MIN);
    let last = NaiveDate::MAX;
    (
        range
            .from()
            .unwrap_or_else(|| first.and_time(NaiveTime::MIN).and_utc()),
        range
            .to()
            .unwrap_or_else(|| last.and_time(NaiveTime::MIN).and_utc()),
    )
}

fn document_key(table: Table, kind: i16, document: Uuid) -> Result<DocumentKey, StorageError> {
    Ok(DocumentKey {
        kind: DocumentKind::from_code(kind)
            .ok_or_else(|| format!("no kind of document has the code {kind}"))
            .map_err(table.corrupt("document_kind"))?,
        document: DocumentRef::from_uuid(document),
    })
}
