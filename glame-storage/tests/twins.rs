//! The two schemas are twins, and the large tables can be distributed by user.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use glame_core::testkit::fixtures::{card, customer, metrics, minute, receipt};
use glame_core::users::User;
use glame_storage::testing::PostgresCluster;
use sqlx::{Connection, PgConnection, SqliteConnection};

async fn postgres() -> PgConnection {
    let url = PostgresCluster::start().fresh_database().await;
    glame_storage::migrate(&url).await.unwrap();
    PgConnection::connect(&url).await.unwrap()
}

async fn sqlite() -> (SqliteConnection, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("glame.db").display());
    glame_storage::migrate(&url).await.unwrap();
    (SqliteConnection::connect(&url).await.unwrap(), folder)
}

/// What the tables of a database are made of: column by column, whether it may be empty.
type Columns = BTreeMap<(String, String), bool>;

#[tokio::test]
async fn both_schemas_have_the_same_tables_and_columns() {
    let in_postgres: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT table_name, column_name, is_nullable = 'YES'
         FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut postgres().await)
    .await
    .unwrap();
    let (mut connection, _folder) = sqlite().await;
    let in_sqlite: Vec<(String, String, bool)> = sqlx::query_as(
        r#"SELECT stored.name, field.name, NOT field."notnull"
           FROM sqlite_schema AS stored, pragma_table_info(stored.name) AS field
           WHERE stored.type = 'table' AND stored.name <> '_sqlx_migrations'
             -- SQLite's index of trigrams is made of tables, PostgreSQL's is an index.
             AND stored.name NOT LIKE '%_trigrams%'"#,
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let columns = |rows: Vec<(String, String, bool)>| -> Columns {
        rows.into_iter()
            .map(|(table, column, nullable)| ((table, column), nullable))
            .collect()
    };
    let in_postgres = columns(in_postgres);
    assert!(in_postgres.len() > 60, "{in_postgres:?}");
    assert_eq!(in_postgres, columns(in_sqlite));
}

#[test]
fn both_folders_hold_migrations_of_the_same_names() {
    let names = |driver: &str| -> BTreeSet<_> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(driver);
        folder
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect()
    };
    assert!(!names("postgres").is_empty());
    assert_eq!(names("postgres"), names("sqlite"));
}

#[tokio::test]
async fn every_unique_index_of_a_table_with_users_begins_with_the_user() {
    let first_columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT stored.relname::text, first.attname::text
         FROM pg_index
         JOIN pg_class AS stored ON stored.oid = indrelid
         JOIN pg_attribute AS first ON first.attrelid = indrelid AND first.attnum = indkey[0]
         JOIN pg_attribute AS owner ON owner.attrelid = indrelid AND owner.attname = 'user_id'
         WHERE indisunique",
    )
    .fetch_all(&mut postgres().await)
    .await
    .unwrap();
    let tables: BTreeSet<&str> = first_columns
        .iter()
        .map(|(table, _)| table.as_str())
        .collect();
    let expected = [
        "consents",
        "customer_metrics",
        "customer_profiles",
        "customer_search",
        "discount_cards",
        "loyalty_accounts",
        "loyalty_draws",
        "loyalty_lots",
        "loyalty_requests",
        "loyalty_settlements",
        "loyalty_transactions",
        "purchase_history",
        "receipts",
        "sessions",
        "saved_looks",
        "segment_overrides",
        "segment_transitions",
        "user_segments",
        "users",
    ];
    assert_eq!(tables, BTreeSet::from(expected));
    assert!(
        first_columns.iter().all(|(_, column)| column == "user_id"),
        "{first_columns:?}"
    );
}

/// Stores a customer with a card, two receipts and figures.
async fn store_a_customer(url: &str) -> User {
    glame_storage::migrate(url).await.unwrap();
    let storage = glame_storage::open(url).await.unwrap();
    let anna = customer(1);
    let mut work = storage.begin().await.unwrap();
    work.put_users(std::slice::from_ref(&anna)).await.unwrap();
    work.put_cards(&[card(1, anna.id)]).await.unwrap();
    let receipts = [1, 2].map(|n| receipt(n, anna.id, minute(1), 2));
    work.add_receipts(&receipts).await.unwrap();
    work.put_metrics(&[metrics(anna.id)]).await.unwrap();
    work.commit().await.unwrap();
    anna
}

const LEFT_OVER: &str = "SELECT (SELECT count(*) FROM discount_cards)
    + (SELECT count(*) FROM receipts) + (SELECT count(*) FROM purchase_history)
    + (SELECT count(*) FROM customer_metrics)";

#[tokio::test]
async fn a_deleted_user_takes_everything_along_in_postgres() {
    let url = PostgresCluster::start().fresh_database().await;
    let anna = store_a_customer(&url).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let rows = async |connection: &mut PgConnection| -> i64 {
        sqlx::query_scalar(LEFT_OVER)
            .fetch_one(connection)
            .await
            .unwrap()
    };
    assert_eq!(rows(&mut connection).await, 1 + 2 + 4 + 1);
    sqlx::query("DELETE FROM users WHERE user_id = $1")
        .bind(anna.id.as_uuid())
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(rows(&mut connection).await, 0);
}

#[tokio::test]
async fn a_deleted_user_takes_everything_along_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/glame.db", folder.path().display());
    let anna = store_a_customer(&url).await;
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let rows = async |connection: &mut SqliteConnection| -> i64 {
        sqlx::query_scalar(LEFT_OVER)
            .fetch_one(connection)
            .await
            .unwrap()
    };
    assert_eq!(rows(&mut connection).await, 1 + 2 + 4 + 1);
    sqlx::query("DELETE FROM users WHERE user_id = ?1")
        .bind(anna.id.as_uuid())
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(rows(&mut connection).await, 0);
}
