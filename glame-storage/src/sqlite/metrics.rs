use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::analytics::{CustomerMetrics, Scoring, ShopAnalysis};
use glame_core::ports::{MetricsReader, MetricsWriter, StorageError};
use glame_core::values::UserId;

use super::lists::{hex, json_rows};
use super::{SqliteStorage, SqliteWork};
use crate::rows::{
    MetricsCells, MetricsRow, ScoringCells, ScoringRow, first_after, shop_analysis_document,
    shop_analysis_from,
};
use crate::tables::{CUSTOMER_METRICS, SCORINGS, SHOP_ANALYSES};

#[async_trait]
impl MetricsReader for SqliteStorage {
    async fn metrics(&self, users: &[UserId]) -> Result<Vec<CustomerMetrics>, StorageError> {
        let rows = sqlx::query_file_as!(
            MetricsRow,
            "queries/sqlite/metrics.sql",
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(CUSTOMER_METRICS.reading())?;
        rows.into_iter().map(CustomerMetrics::try_from).collect()
    }

    async fn metrics_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<CustomerMetrics>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(UserId::as_uuid)) else {
            return Ok(Vec::new());
        };
        let rows =
            sqlx::query_file_as!(MetricsRow, "queries/sqlite/metrics_after.sql", first, limit)
                .fetch_all(&self.readers)
                .await
                .map_err(CUSTOMER_METRICS.reading())?;
        rows.into_iter().map(CustomerMetrics::try_from).collect()
    }

    async fn scoring(&self) -> Result<Option<Scoring>, StorageError> {
        let row = sqlx::query_as!(
            ScoringRow,
            "SELECT as_of, policy, cuts, computed_at, customers, scored FROM scorings -- sqlite",
        )
        .fetch_optional(&self.readers)
        .await
        .map_err(SCORINGS.reading())?;
        row.map(Scoring::try_from).transpose()
    }

    async fn shop_analysis(&self) -> Result<Option<ShopAnalysis>, StorageError> {
        let document = sqlx::query_scalar!("SELECT document FROM shop_analyses -- sqlite")
            .fetch_optional(&self.readers)
            .await
            .map_err(SHOP_ANALYSES.reading())?;
        document.as_deref().map(shop_analysis_from).transpose()
    }
}

#[async_trait]
impl MetricsWriter for SqliteWork {
    async fn put_metrics(&mut self, metrics: &[CustomerMetrics]) -> Result<(), StorageError> {
        let cells: Vec<MetricsCells<'_>> = metrics
            .iter()
            .map(MetricsCells::try_from)
            .collect::<Result<_, _>>()?;
        let rows = json_rows(&cells, |cells| {
            let figures = cells.figures;
            (
                hex(&cells.user_id),
                figures.total_purchases,
                figures.total_spent.kopecks(),
                cells.average_receipt,
                figures.receipts,
                figures.returns,
                figures.lines,
                figures.occasions,
                figures
                    .first_purchase_at
                    .as_ref()
                    .map(DateTime::<Utc>::timestamp_micros),
                figures
                    .last_purchase_at
                    .as_ref()
                    .map(DateTime::<Utc>::timestamp_micros),
                figures.future_lines,
                &cells.preferences,
                cells.recency_score,
                cells.frequency_score,
                cells.monetary_score,
                cells.status,
            )
        })?;
        sqlx::query_file!("queries/sqlite/put_customer_metrics.sql", rows)
            .execute(&mut *self.tx)
            .await
            .map_err(CUSTOMER_METRICS.writing())?;
        Ok(())
    }

    async fn remove_metrics(&mut self, users: &[UserId]) -> Result<(), StorageError> {
        sqlx::query!(
            "DELETE FROM customer_metrics
             WHERE user_id IN (SELECT unhex(value) FROM json_each(?1))",
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CUSTOMER_METRICS.writing())?;
        Ok(())
    }

    async fn put_scoring(&mut self, scoring: &Scoring) -> Result<(), StorageError> {
        let cells = ScoringCells::try_from(scoring)?;
        sqlx::query_file!(
            "queries/sqlite/put_scoring.sql",
            cells.as_of,
            cells.policy,
            cells.cuts,
            scoring.computed_at.timestamp_micros(),
            cells.customers,
            cells.scored,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SCORINGS.writing())?;
        Ok(())
    }

    async fn put_shop_analysis(&mut self, analysis: &ShopAnalysis) -> Result<(), StorageError> {
        sqlx::query!(
            "INSERT INTO shop_analyses (shop_analysis, computed_at, document) VALUES (1, ?1, ?2)
             ON CONFLICT (shop_analysis) DO UPDATE
             SET computed_at = EXCLUDED.computed_at, document = EXCLUDED.document",
            analysis.computed_at.timestamp_micros(),
            shop_analysis_document(analysis)?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SHOP_ANALYSES.writing())?;
        Ok(())
    }
}
