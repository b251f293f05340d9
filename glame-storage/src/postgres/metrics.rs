use async_trait::async_trait;
use glame_core::analytics::{CustomerMetrics, Scoring, ShopAnalysis};
use glame_core::ports::{MetricsReader, MetricsWriter, StorageError};
use glame_core::values::UserId;

use super::{PostgresStorage, PostgresWork, column};
use crate::rows::{
    MetricsCells, MetricsRow, ScoringCells, ScoringRow, first_after, shop_analysis_document,
    shop_analysis_from,
};
use crate::tables::{CUSTOMER_METRICS, SCORINGS, SHOP_ANALYSES};

#[async_trait]
impl MetricsReader for PostgresStorage {
    async fn metrics(&self, users: &[UserId]) -> Result<Vec<CustomerMetrics>, StorageError> {
        let rows = sqlx::query_file_as!(
            MetricsRow,
            "queries/postgres/metrics.sql",
            &column(users, |user| *user.as_uuid()),
        )
        .fetch_all(&self.pool)
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
        let rows = sqlx::query_file_as!(
            MetricsRow,
            "queries/postgres/metrics_after.sql",
            first,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(CUSTOMER_METRICS.reading())?;
        rows.into_iter().map(CustomerMetrics::try_from).collect()
    }

    async fn scoring(&self) -> Result<Option<Scoring>, StorageError> {
        let row = sqlx::query_as!(
            ScoringRow,
            "SELECT as_of, policy, cuts, computed_at, customers, scored FROM scorings",
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(SCORINGS.reading())?;
        row.map(Scoring::try_from).transpose()
    }

    async fn shop_analysis(&self) -> Result<Option<ShopAnalysis>, StorageError> {
        let document = sqlx::query_scalar!("SELECT document FROM shop_analyses")
            .fetch_optional(&self.pool)
            .await
            .map_err(SHOP_ANALYSES.reading())?;
        document.as_deref().map(shop_analysis_from).transpose()
    }
}

#[async_trait]
impl MetricsWriter for PostgresWork {
    async fn put_metrics(&mut self, metrics: &[CustomerMetrics]) -> Result<(), StorageError> {
        let cells: Vec<MetricsCells<'_>> = metrics
            .iter()
            .map(MetricsCells::try_from)
            .collect::<Result<_, _>>()?;
        sqlx::query_file!(
            "queries/postgres/put_metrics.sql",
            &column(&cells, |cell| cell.user_id),
            &column(&cells, |cell| i64::from(cell.figures.total_purchases)),
            &column(&cells, |cell| cell.figures.total_spent.kopecks()),
            &column(&cells, |cell| cell.average_receipt) as _,
            &column(&cells, |cell| i64::from(cell.figures.receipts)),
            &column(&cells, |cell| i64::from(cell.figures.returns)),
            &column(&cells, |cell| i64::from(cell.figures.lines)),
            &column(&cells, |cell| i64::from(cell.figures.occasions)),
            &column(&cells, |cell| cell.figures.first_purchase_at) as _,
            &column(&cells, |cell| cell.figures.last_purchase_at) as _,
            &column(&cells, |cell| i64::from(cell.figures.future_lines)),
            &column(&cells, |cell| cell.preferences.as_str()) as _,
            &column(&cells, |cell| cell.recency_score) as _,
            &column(&cells, |cell| cell.frequency_score) as _,
            &column(&cells, |cell| cell.monetary_score) as _,
            &column(&cells, |cell| cell.status) as _,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CUSTOMER_METRICS.writing())?;
        Ok(())
    }

    async fn remove_metrics(&mut self, users: &[UserId]) -> Result<(), StorageError> {
        sqlx::query!(
            "DELETE FROM customer_metrics WHERE user_id = ANY($1)",
            &column(users, |user| *user.as_uuid()),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CUSTOMER_METRICS.writing())?;
        Ok(())
    }

    async fn put_scoring(&mut self, scoring: &Scoring) -> Result<(), StorageError> {
        let cells = ScoringCells::try_from(scoring)?;
        sqlx::query_file!(
            "queries/postgres/put_scoring.sql",
            cells.as_of,
            cells.policy,
            cells.cuts,
            scoring.computed_at,
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
            "INSERT INTO shop_analyses (shop_analysis, computed_at, document) VALUES (1, $1, $2)
             ON CONFLICT (shop_analysis) DO UPDATE
             SET computed_at = EXCLUDED.computed_at, document = EXCLUDED.document",
            analysis.computed_at,
            shop_analysis_document(analysis)?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SHOP_ANALYSES.writing())?;
        Ok(())
    }
}
