use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::ports::{PurchaseRecordReader, StorageError};
use glame_core::purchases::{DocumentKey, PurchaseQuery, PurchaseRecord, ReceiptQuery};
use glame_core::values::PeriodRange;
use uuid::Uuid;

use super::SqliteStorage;
use crate::rows::{PurchaseRecordRow, bounds_of};
use crate::tables::PURCHASE_HISTORY;

#[async_trait]
impl PurchaseRecordReader for SqliteStorage {
    async fn purchases_before(
        &self,
        query: &PurchaseQuery,
    ) -> Result<Vec<PurchaseRecord>, StorageError> {
        let (from, to) = bounds_of(query.range);
        let after = query
            .after
            .map(|after| (after.purchased_at, after.document));
        let (purchased_at, kind, document) = place_of(after);
        let rows = sqlx::query_file_as!(
            PurchaseRecordRow,
            "queries/sqlite/purchases_before.sql",
            query.user.as_uuid(),
            from.timestamp_micros(),
            to.timestamp_micros(),
            purchased_at.timestamp_micros(),
            kind,
            document,
            i64::from(query.after.map_or(0, |after| after.line_number)),
            i64::from(query.limit),
        )
        .fetch_all(&self.readers)
        .await
        .map_err(PURCHASE_HISTORY.reading())?;
        rows.into_iter().map(PurchaseRecord::try_from).collect()
    }

    async fn receipts_before(
        &self,
        query: &ReceiptQuery,
    ) -> Result<Vec<PurchaseRecord>, StorageError> {
        let (from, to) = bounds_of(query.range);
        let after = query
            .after
            .map(|after| (after.purchased_at, after.document));
        let (purchased_at, kind, document) = place_of(after);
        let rows = sqlx::query_file_as!(
            PurchaseRecordRow,
            "queries/sqlite/receipts_before.sql",
            query.user.as_uuid(),
            from.timestamp_micros(),
            to.timestamp_micros(),
            purchased_at.timestamp_micros(),
            kind,
            document,
            i64::from(query.limit),
        )
        .fetch_all(&self.readers)
        .await
        .map_err(PURCHASE_HISTORY.reading())?;
        rows.into_iter().map(PurchaseRecord::try_from).collect()
    }
}

/// Gives the key of a receipt, or one behind every receipt that there is.
fn place_of(after: Option<(DateTime<Utc>, DocumentKey)>) -> (DateTime<Utc>, i16, Uuid) {
    match after {
        Some((purchased_at, document)) => (
            purchased_at,
            document.kind.code(),
            *document.document.as_uuid(),
        ),
        None => (bounds_of(PeriodRange::EVERYTHING).1, i16::MAX, Uuid::max()),
    }
}
