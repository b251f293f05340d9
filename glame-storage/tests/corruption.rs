//! A stored value that breaks a rule is told by table and column, and never taken for another.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use glame_core::ports::{Storage, StorageError};
use glame_core::testkit::fixtures::{customer, metrics, minute, receipt};
use glame_storage::testing::PostgresCluster;
use sqlx::{Connection, PgConnection, SqliteConnection};

/// What is done to the database, and what is said about it.
const DAMAGES: [(&str, &str); 6] = [
    ("UPDATE users SET role = 'king'", "users.role"),
    ("UPDATE users SET phone = -1", "users.phone"),
    (
        "UPDATE purchase_history SET line_number = -1",
        "purchase_history.line_number",
    ),
    (
        "UPDATE receipts SET document_kind = 99; UPDATE purchase_history SET document_kind = 99",
        "purchase_history.document_kind",
    ),
    (
        "UPDATE customer_metrics SET recency_score = 6",
        "customer_metrics.recency_score",
    ),
    (
        "UPDATE customer_metrics SET preferences = '{'",
        "customer_metrics.preferences",
    ),
];

async fn fill(storage: &dyn Storage) {
    let anna = customer(1);
    let mut work = storage.begin().await.unwrap();
    work.put_users(std::slice::from_ref(&anna)).await.unwrap();
    work.add_receipts(&[receipt(1, anna.id, minute(1), 1)])
        .await
        .unwrap();
    work.put_metrics(&[metrics(anna.id)]).await.unwrap();
    work.commit().await.unwrap();
}

/// Reads everything that [`fill`] has written.
async fn read(storage: &dyn Storage) -> Result<(), StorageError> {
    let anna = customer(1).id;
    storage.users(&[anna]).await?;
    storage.history(anna).await?;
    storage.metrics(&[anna]).await?;
    Ok(())
}

async fn assert_told(storage: &dyn Storage, place: &str) {
    let error = read(storage).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("stored data is corrupt in {place}")
    );
    assert!(!error.is_temporary());
}

#[tokio::test]
async fn damage_in_postgres_is_told() {
    for (statements, place) in DAMAGES {
        let url = PostgresCluster::start().fresh_database().await;
        glame_storage::migrate(&url).await.unwrap();
        let storage = glame_storage::open(&url).await.unwrap();
        fill(storage.as_ref()).await;
        read(storage.as_ref()).await.unwrap();
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(statements)
            .execute(&mut connection)
            .await
            .unwrap();
        assert_told(storage.as_ref(), place).await;
    }
}

#[tokio::test]
async fn damage_in_sqlite_is_told() {
    for (statements, place) in DAMAGES {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("glame.db").display());
        glame_storage::migrate(&url).await.unwrap();
        let storage = glame_storage::open(&url).await.unwrap();
        fill(storage.as_ref()).await;
        read(storage.as_ref()).await.unwrap();
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(statements)
            .execute(&mut connection)
            .await
            .unwrap();
        assert_told(storage.as_ref(), place).await;
    }
}

#[tokio::test]
async fn a_reference_of_another_length_in_sqlite_is_told() {
    let damages = [
        (
            "UPDATE purchase_history SET product = x'01'",
            "purchase_history.product",
        ),
        (
            "UPDATE purchase_history SET variant = zeroblob(17)",
            "purchase_history.variant",
        ),
        ("UPDATE receipts SET store = x''", "receipts.store"),
    ];
    for (statement, place) in damages {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("glame.db").display());
        glame_storage::migrate(&url).await.unwrap();
        let storage = glame_storage::open(&url).await.unwrap();
        fill(storage.as_ref()).await;
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        assert_told(storage.as_ref(), place).await;
    }
}
