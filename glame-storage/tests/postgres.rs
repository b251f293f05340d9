//! PostgreSQL does what the ports promise.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::sync::Arc;

use glame_core::ports::Storage;
use glame_storage::testing::PostgresCluster;

async fn fresh() -> (Arc<dyn Storage>, ()) {
    let url = PostgresCluster::start().fresh_database().await;
    glame_storage::migrate(&url).await.unwrap();
    (glame_storage::open(&url).await.unwrap(), ())
}

glame_core::storage_conformance!(fresh);
glame_core::loyalty_conformance!(fresh);
