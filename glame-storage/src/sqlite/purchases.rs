use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::DateTime;
use glame_core::ports::{PurchaseReader, PurchaseTotals, PurchaseWriter, StorageError};
use glame_core::purchases::{
    DocumentKey, DocumentScope, PurchaseHistory, Receipt, ReceiptKey, StoredReceipt,
};
use glame_core::values::{DocumentRef, PeriodRange, ProductRef, StoreRef, UserId, VariantRef};
use sqlx::SqliteConnection;
use uuid::Uuid;
use uuid::fmt::Simple;

use super::lists::{hex, json_rows};
use super::packed::{BrokenRecord, PackedFields, PackedRows};
use super::{SqliteStorage, SqliteWork};
use crate::rows::{
    Instant, PurchaseRow, RECEIPTS_A_STATEMENT, StoredReceiptRow, TotalsRow, amount_of, bounds_of,
    first_after, histories_of, in_order, kinds_of,
};
use crate::tables::{PURCHASE_HISTORY, RECEIPTS, Table};

/// The columns of a history that hold 16 bytes or nothing.
const REFERENCES: [(Table, &str); 5] = [
    (PURCHASE_HISTORY, "document"),
    (PURCHASE_HISTORY, "product"),
    (PURCHASE_HISTORY, "variant"),
    (RECEIPTS, "store"),
    (RECEIPTS, "returns_document"),
];

#[async_trait]
impl PurchaseReader for SqliteStorage {
    async fn receipts_between(
        &self,
        range: PeriodRange,
        documents: DocumentScope,
    ) -> Result<Vec<StoredReceipt>, StorageError> {
        let (from, to) = bounds_of(range);
        let rows = sqlx::query_as!(
            StoredReceiptRow,
            r#"SELECT user_id, purchased_at, document_kind AS "document_kind!", document, line_count,
                      digest
             FROM receipts
             WHERE purchased_at >= ?1 AND purchased_at < ?2
               AND document_kind IN (SELECT value FROM json_each(?3))"#,
            from.timestamp_micros(),
            to.timestamp_micros(),
            json_rows(&kinds_of(documents), |code| *code)?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(RECEIPTS.reading())?;
        rows.into_iter().map(StoredReceipt::try_from).collect()
    }

    async fn receipts_of_documents(
        &self,
        documents: &[DocumentKey],
    ) -> Result<Vec<StoredReceipt>, StorageError> {
        let mut keys = PackedRows::default();
        for document in documents.iter().collect::<BTreeSet<_>>() {
            keys.uuid(document.document.as_uuid())
                .integer(document.kind.code().into());
        }
        let rows = sqlx::query_file_as!(
            StoredReceiptRow,
            "queries/sqlite/receipts_of_documents.sql",
            keys.as_bytes()
        )
        .fetch_all(&self.readers)
        .await
        .map_err(RECEIPTS.reading())?;
        rows.into_iter().map(StoredReceipt::try_from).collect()
    }

    async fn history(&self, user: UserId) -> Result<PurchaseHistory, StorageError> {
        let found = self
            .histories_between(user.as_uuid(), user.as_uuid())
            .await?;
        let history = found.into_iter().next();
        Ok(history.unwrap_or_else(|| PurchaseHistory::new(user, Vec::new())))
    }

    async fn histories(&self, users: &[UserId]) -> Result<Vec<PurchaseHistory>, StorageError> {
        let rows = sqlx::query_file_as!(
            PackedHistory,
            "queries/sqlite/histories.sql",
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(PURCHASE_HISTORY.reading())?;
        unpacked(rows)
    }

    async fn histories_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<PurchaseHistory>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(UserId::as_uuid)) else {
            return Ok(Vec::new());
        };
        let last = sqlx::query_scalar!(
            "SELECT user_id FROM (
                 SELECT DISTINCT user_id FROM purchase_history
                 WHERE user_id >= ?1 ORDER BY user_id LIMIT ?2
             ) AS page
             ORDER BY user_id DESC LIMIT 1",
            first,
            limit,
        )
        .fetch_optional(&self.readers)
        .await
        .map_err(PURCHASE_HISTORY.reading())?;
        match last {
            None => Ok(Vec::new()),
            Some(last) => self.histories_between(&first, &last).await,
        }
    }

    async fn purchase_totals(&self) -> Result<PurchaseTotals, StorageError> {
        sqlx::query_file_as!(TotalsRow, "queries/sqlite/purchase_totals.sql")
            .fetch_one(&self.readers)
            .await
            .map_err(RECEIPTS.reading())?
            .try_into()
    }
}

impl SqliteStorage {
    async fn histories_between(
        &self,
        first: &Uuid,
        last: &Uuid,
    ) -> Result<Vec<PurchaseHistory>, StorageError> {
        let rows = sqlx::query_file_as!(
            PackedHistory,
            "queries/sqlite/histories_between.sql",
            first,
            last
        )
        .fetch_all(&self.readers)
        .await
        .map_err(PURCHASE_HISTORY.reading())?;
        unpacked(rows)
    }
}

/// The lines of one customer in one value.
struct PackedHistory {
    user_id: Uuid,
    lines: Vec<u8>,
    /// Which reference of which line does not have 16 bytes.
    damaged: Option<i64>,
}

fn unpacked(rows: Vec<PackedHistory>) -> Result<Vec<PurchaseHistory>, StorageError> {
    let mut lines = Vec::new();
    for row in rows {
        if let Some(damaged) = row.damaged {
            let place = usize::try_from(damaged).unwrap_or_default();
            let (table, column) = REFERENCES[place.min(REFERENCES.len() - 1)];
            return Err(table.corrupt(column)("a reference does not have 16 bytes"));
        }
        let mut fields = PackedFields::new(&row.lines);
        while !fields.is_empty() {
            let line = purchase_row(row.user_id, &mut fields);
            lines.push(line.map_err(PURCHASE_HISTORY.corrupt("line_number"))?);
        }
    }
    histories_of(lines)
}

fn purchase_row(user_id: Uuid, fields: &mut PackedFields<'_>) -> Result<PurchaseRow, BrokenRecord> {
    let document = fields.uuid()?;
    let (product, variant) = (fields.optional_uuid()?, fields.optional_uuid()?);
    let (store, returns_document) = (fields.optional_uuid()?, fields.optional_uuid()?);
    Ok(PurchaseRow {
        user_id,
        purchased_at: DateTime::from_timestamp_micros(fields.integer()?)
            .map(Instant)
            .ok_or(BrokenRecord)?,
        document_kind: fields.integer()?.try_into().map_err(|_| BrokenRecord)?,
        document,
        line_number: fields.integer()?,
        product,
        variant,
        store,
        quantity: fields.integer()?,
        amount: fields.integer()?,
        returns_document,
    })
}

#[async_trait]
impl PurchaseWriter for SqliteWork {
    async fn remove_receipts(&mut self, receipts: &[ReceiptKey]) -> Result<(), StorageError> {
        let keys = json_rows(receipts, key_of)?;
        sqlx::query_file!("queries/sqlite/remove_purchases.sql", keys)
            .execute(&mut *self.tx)
            .await
            .map_err(PURCHASE_HISTORY.writing())?;
        sqlx::query_file!("queries/sqlite/remove_receipts.sql", keys)
            .execute(&mut *self.tx)
            .await
            .map_err(RECEIPTS.writing())?;
        Ok(())
    }

    async fn add_receipts(&mut self, receipts: &[Receipt]) -> Result<(), StorageError> {
        let receipts = in_order(receipts);
        // Nobody else writes meanwhile, so that looking first is safe; a savepoint would keep
        // every page that the receipts touch a second time.
        if is_any_known(&mut self.tx, &receipts).await? {
            return Err(RECEIPTS.conflict());
        }
        for receipts in receipts.chunks(RECEIPTS_A_STATEMENT) {
            insert_receipts(&mut self.tx, receipts).await?;
            insert_lines(&mut self.tx, receipts).await?;
        }
        Ok(())
    }
}

/// Tells whether a receipt is there already, or comes twice; `receipts` are in the order of keys.
async fn is_any_known(
    connection: &mut SqliteConnection,
    receipts: &[&Receipt],
) -> Result<bool, StorageError> {
    if receipts.windows(2).any(|pair| pair[0].key == pair[1].key) {
        return Ok(true);
    }
    let mut keys = PackedRows::default();
    for receipt in receipts {
        keys.uuid(receipt.key.user.as_uuid())
            .uuid(receipt.key.document.document.as_uuid())
            .integer(receipt.key.purchased_at.timestamp_micros())
            .integer(receipt.key.document.kind.code().into());
    }
    let known = sqlx::query_file_scalar!("queries/sqlite/known_receipts.sql", keys.as_bytes())
        .fetch_one(connection)
        .await
        .map_err(RECEIPTS.reading())?;
    Ok(known != 0)
}

async fn insert_receipts(
    connection: &mut SqliteConnection,
    receipts: &[&Receipt],
) -> Result<(), StorageError> {
    let mut rows = PackedRows::default();
    for receipt in receipts {
        rows.uuid(receipt.key.user.as_uuid())
            .uuid(receipt.key.document.document.as_uuid())
            .optional_uuid(receipt.store.as_ref().map(StoreRef::as_uuid))
            .optional_uuid(receipt.returns.as_ref().map(DocumentRef::as_uuid))
            .uuid(&Uuid::from_bytes(*receipt.digest().as_bytes()))
            .integer(receipt.key.purchased_at.timestamp_micros())
            .integer(receipt.key.document.kind.code().into())
            .integer(receipt.line_count().into())
            .integer(amount_of(receipt)?);
    }
    sqlx::query_file!("queries/sqlite/add_receipts.sql", rows.as_bytes())
        .execute(connection)
        .await
        .map_err(RECEIPTS.writing())?;
    Ok(())
}

async fn insert_lines(
    connection: &mut SqliteConnection,
    receipts: &[&Receipt],
) -> Result<(), StorageError> {
    let mut rows = PackedRows::default();
    for receipt in receipts {
        for line in &receipt.lines {
            rows.uuid(receipt.key.user.as_uuid())
                .uuid(receipt.key.document.document.as_uuid())
                .optional_uuid(line.product.as_ref().map(ProductRef::as_uuid))
                .optional_uuid(line.variant.as_ref().map(VariantRef::as_uuid))
                .integer(receipt.key.purchased_at.timestamp_micros())
                .integer(receipt.key.document.kind.code().into())
                .integer(line.line_number.into())
                .integer(line.quantity.thousandths())
                .integer(line.amount.kopecks());
        }
    }
    sqlx::query_file!("queries/sqlite/add_purchases.sql", rows.as_bytes())
        .execute(connection)
        .await
        .map_err(PURCHASE_HISTORY.writing())?;
    Ok(())
}

fn key_of(key: &ReceiptKey) -> (Simple, i64, i16, Simple) {
    (
        hex(key.user.as_uuid()),
        key.purchased_at.timestamp_micros(),
        key.document.kind.code(),
        hex(key.document.document.as_uuid()),
    )
}
