use async_trait::async_trait;

use super::StorageError;
use crate::analytics::{CustomerMetrics, Scoring, ShopAnalysis};
use crate::values::UserId;

/// Finds the figures of customers.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait MetricsReader: Send + Sync {
    /// Gives the figures of those among `users` who have some, in no fixed order.
    async fn metrics(&self, users: &[UserId]) -> Result<Vec<CustomerMetrics>, StorageError>;

    /// Gives the figures of the next `limit` customers after `after`, by user id.
    async fn metrics_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<CustomerMetrics>, StorageError>;

    /// Gives how and when the stored figures were made; none before the first time.
    async fn scoring(&self) -> Result<Option<Scoring>, StorageError>;

    /// Gives the analysis of the whole shop that was stored last; none before the first time.
    async fn shop_analysis(&self) -> Result<Option<ShopAnalysis>, StorageError>;
}

/// Writes the figures of customers.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait MetricsWriter: Send {
    /// Stores the figures as given, for users that exist; no user may come twice.
    async fn put_metrics(&mut self, metrics: &[CustomerMetrics]) -> Result<(), StorageError>;

    /// Removes the figures of customers who have bought nothing any more.
    async fn remove_metrics(&mut self, users: &[UserId]) -> Result<(), StorageError>;

    /// Keeps how and when the figures were made; it replaces what was kept before.
    async fn put_scoring(&mut self, scoring: &Scoring) -> Result<(), StorageError>;

    /// Keeps an analysis of the whole shop; it replaces what was kept before.
    async fn put_shop_analysis(&mut self, analysis: &ShopAnalysis) -> Result<(), StorageError>;
}
