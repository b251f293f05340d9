use async_trait::async_trait;
use glame_core::ports::{PurchaseReader, PurchaseTotals, PurchaseWriter, StorageError};
use glame_core::purchases::{
    DocumentKey, DocumentScope, PurchaseHistory, Receipt, ReceiptKey, ReceiptLine, StoredReceipt,
};
use glame_core::values::{DocumentRef, PeriodRange, ProductRef, StoreRef, UserId, VariantRef};
use sqlx::{Acquire, PgConnection};
use uuid::Uuid;

use super::{PostgresStorage, PostgresWork, column};
use crate::rows::{
    PurchaseRow, RECEIPTS_A_STATEMENT, StoredReceiptRow, TotalsRow, amount_of, bounds_of,
    first_after, histories_of, in_order, kinds_of,
};
use crate::tables::{PURCHASE_HISTORY, RECEIPTS};

#[async_trait]
impl PurchaseReader for PostgresStorage {
    async fn receipts_between(
        &self,
        range: PeriodRange,
        documents: DocumentScope,
    ) -> Result<Vec<StoredReceipt>, StorageError> {
        let (from, to) = bounds_of(range);
        let rows = sqlx::query_as!(
            StoredReceiptRow,
            "SELECT user_id, purchased_at, document_kind, document, line_count, digest
             FROM receipts
             WHERE purchased_at >= $1 AND purchased_at < $2 AND document_kind = ANY($3)",
            from,
            to,
            &kinds_of(documents),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(RECEIPTS.reading())?;
        rows.into_iter().map(StoredReceipt::try_from).collect()
    }

    async fn receipts_of_documents(
        &self,
        documents: &[DocumentKey],
    ) -> Result<Vec<StoredReceipt>, StorageError> {
        let rows = sqlx::query_as!(
            StoredReceiptRow,
            "SELECT user_id, purchased_at, document_kind, document, line_count, digest
             FROM receipts
             WHERE (document_kind, document) IN (SELECT * FROM UNNEST($1::smallint[], $2::uuid[]))",
            &column(documents, |document| document.kind.code()),
            &column(documents, |document| *document.document.as_uuid()),
        )
        .fetch_all(&self.pool)
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
            PurchaseRow,
            "queries/postgres/histories.sql",
            &column(users, |user| *user.as_uuid()),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(PURCHASE_HISTORY.reading())?;
        histories_of(rows)
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
            // `DISTINCT` would look at every line of the page.
            "SELECT user_id FROM (
                 SELECT users.user_id FROM users
                 CROSS JOIN LATERAL (
                     SELECT FROM purchase_history AS line
                     WHERE line.user_id = users.user_id LIMIT 1
                 ) AS bought
                 WHERE users.user_id >= $1 ORDER BY users.user_id LIMIT $2
             ) AS page
             ORDER BY user_id DESC LIMIT 1",
            first,
            i64::from(limit),
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(PURCHASE_HISTORY.reading())?;
        match last {
            None => Ok(Vec::new()),
            Some(last) => self.histories_between(&first, &last).await,
        }
    }

    async fn purchase_totals(&self) -> Result<PurchaseTotals, StorageError> {
        sqlx::query_file_as!(TotalsRow, "queries/postgres/purchase_totals.sql")
            .fetch_one(&self.pool)
            .await
            .map_err(RECEIPTS.reading())?
            .try_into()
    }
}

impl PostgresStorage {
    async fn histories_between(
        &self,
        first: &Uuid,
        last: &Uuid,
    ) -> Result<Vec<PurchaseHistory>, StorageError> {
        let rows = sqlx::query_file_as!(
            PurchaseRow,
            "queries/postgres/histories_between.sql",
            first,
            last,
        )
        .fetch_all(&self.pool)
        .await
        .map_err(PURCHASE_HISTORY.reading())?;
        histories_of(rows)
    }
}

#[async_trait]
impl PurchaseWriter for PostgresWork {
    async fn remove_receipts(&mut self, receipts: &[ReceiptKey]) -> Result<(), StorageError> {
        let users = column(receipts, |key| *key.user.as_uuid());
        let times = column(receipts, |key| key.purchased_at);
        let kinds = column(receipts, |key| key.document.kind.code());
        let documents = column(receipts, |key| *key.document.document.as_uuid());
        sqlx::query_file!(
            "queries/postgres/remove_purchases.sql",
            &users,
            &times,
            &kinds,
            &documents,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(PURCHASE_HISTORY.writing())?;
        sqlx::query_file!(
            "queries/postgres/remove_receipts.sql",
            &users,
            &times,
            &kinds,
            &documents,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(RECEIPTS.writing())?;
        Ok(())
    }

    async fn add_receipts(&mut self, receipts: &[Receipt]) -> Result<(), StorageError> {
        // A savepoint: of receipts that cannot be added nothing remains, and the work goes on.
        let mut attempt = self.tx.begin().await.map_err(RECEIPTS.writing())?;
        for receipts in in_order(receipts).chunks(RECEIPTS_A_STATEMENT) {
            insert_receipts(&mut attempt, receipts).await?;
            insert_lines(&mut attempt, receipts).await?;
        }
        attempt.commit().await.map_err(RECEIPTS.writing())
    }
}

async fn insert_receipts(
    connection: &mut PgConnection,
    receipts: &[&Receipt],
) -> Result<(), StorageError> {
    let amounts: Vec<i64> = receipts
        .iter()
        .map(|receipt| amount_of(receipt))
        .collect::<Result<_, _>>()?;
    let inserted = sqlx::query_file!(
        "queries/postgres/add_receipts.sql",
        &column(receipts, |receipt| *receipt.key.user.as_uuid()),
        &column(receipts, |receipt| receipt.key.purchased_at),
        &column(receipts, |receipt| receipt.key.document.kind.code()),
        &column(receipts, |receipt| *receipt.key.document.document.as_uuid()),
        &column(receipts, |receipt| receipt
            .store
            .as_ref()
            .map(StoreRef::as_uuid)) as _,
        &column(receipts, |receipt| receipt
            .returns
            .as_ref()
            .map(DocumentRef::as_uuid)) as _,
        &column(receipts, |receipt| i64::from(receipt.line_count())),
        &amounts,
        &column(receipts, |receipt| *receipt.digest().as_bytes()) as _,
    )
    .execute(connection)
    .await
    .map_err(RECEIPTS.writing())?;
    if usize::try_from(inserted.rows_affected()) == Ok(receipts.len()) {
        Ok(())
    } else {
        Err(RECEIPTS.conflict())
    }
}

async fn insert_lines(
    connection: &mut PgConnection,
    receipts: &[&Receipt],
) -> Result<(), StorageError> {
    let lines: Vec<(&ReceiptKey, &ReceiptLine)> = receipts
        .iter()
        .flat_map(|receipt| receipt.lines.iter().map(|line| (&receipt.key, line)))
        .collect();
    sqlx::query_file!(
        "queries/postgres/add_purchases.sql",
        &column(&lines, |(key, _)| *key.user.as_uuid()),
        &column(&lines, |(key, _)| key.purchased_at),
        &column(&lines, |(key, _)| key.document.kind.code()),
        &column(&lines, |(key, _)| *key.document.document.as_uuid()),
        &column(&lines, |(_, line)| i64::from(line.line_number)),
        &column(&lines, |(_, line)| line
            .product
            .as_ref()
            .map(ProductRef::as_uuid)) as _,
        &column(&lines, |(_, line)| line
            .variant
            .as_ref()
            .map(VariantRef::as_uuid)) as _,
        &column(&lines, |(_, line)| line.quantity.thousandths()),
        &column(&lines, |(_, line)| line.amount.kopecks()),
    )
    .execute(connection)
    .await
    .map_err(PURCHASE_HISTORY.writing())?;
    Ok(())
}
