//! Schemas are created once, recognised, and never taken for another version's.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use futures_util::future::try_join_all;
use glame_core::ports::StorageError;
use glame_storage::MigrationReport;
use glame_storage::testing::PostgresCluster;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

fn sqlite_url() -> (String, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (
        format!("sqlite:{}", folder.path().join("glame.db").display()),
        folder,
    )
}

async fn eight_at_once(url: &str) -> Vec<MigrationReport> {
    let servers = [url; 8].map(glame_storage::migrate);
    try_join_all(servers).await.unwrap()
}

fn assert_one_did_the_work(reports: &[MigrationReport]) {
    let mut did: Vec<usize> = reports.iter().map(|one| one.applied.len()).collect();
    did.retain(|applied| *applied > 0);
    // Not the version: numbers may have gaps.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
    let migrations = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(did, [migrations], "{reports:?}");
    let version = reports[0].version;
    assert!(reports.iter().all(|one| one.version == version));
}

/// Gives what the storage says about the schema behind `url`.
async fn checked(url: &str) -> Result<(), StorageError> {
    glame_storage::open(url).await.unwrap().check().await
}

fn assert_advice(result: Result<(), StorageError>, expected: &str) {
    let error = result.unwrap_err();
    assert!(
        matches!(&error, StorageError::Refused { advice, .. } if advice.contains(expected)),
        "{error:?}"
    );
}

#[tokio::test]
async fn eight_servers_may_migrate_postgres_at_once() {
    let url = PostgresCluster::start().fresh_database().await;
    assert_one_did_the_work(&eight_at_once(&url).await);
    checked(&url).await.unwrap();
}

#[tokio::test]
async fn eight_servers_may_migrate_sqlite_at_once() {
    let (url, _folder) = sqlite_url();
    assert_one_did_the_work(&eight_at_once(&url).await);
    checked(&url).await.unwrap();
}

#[tokio::test]
async fn a_migration_that_has_been_done_does_nothing() {
    let (url, _folder) = sqlite_url();
    let first = glame_storage::migrate(&url).await.unwrap();
    assert_eq!(first.applied[0], "0001 customers purchases and figures");
    let second = glame_storage::migrate(&url).await.unwrap();
    assert_eq!(
        second,
        MigrationReport {
            version: first.version,
            applied: Vec::new()
        }
    );
}

#[tokio::test]
async fn an_empty_postgres_asks_to_be_migrated() {
    let url = PostgresCluster::start().fresh_database().await;
    assert_advice(checked(&url).await, "glame migrate");
}

#[tokio::test]
async fn a_missing_sqlite_file_asks_to_be_migrated_and_is_not_made() {
    let (url, folder) = sqlite_url();
    let opened = glame_storage::open(&url).await.map(drop);
    assert_advice(opened, "glame migrate");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_missing_folder_is_not_made() {
    let (_, folder) = sqlite_url();
    let url = format!(
        "sqlite:{}",
        folder.path().join("missing/glame.db").display()
    );
    assert_advice(
        glame_storage::migrate(&url).await.map(drop),
        "folder of the database file",
    );
}

#[tokio::test]
async fn a_newer_postgres_schema_asks_for_a_newer_glame() {
    let url = PostgresCluster::start().fresh_database().await;
    glame_storage::migrate(&url).await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', TRUE, '\\x00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    assert_advice(checked(&url).await, "upgrade glame");
    assert_advice(
        glame_storage::migrate(&url).await.map(drop),
        "upgrade glame",
    );
}

#[tokio::test]
async fn a_newer_sqlite_schema_asks_for_a_newer_glame() {
    let (url, _folder) = sqlite_url();
    glame_storage::migrate(&url).await.unwrap();
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    assert_advice(checked(&url).await, "upgrade glame");
    assert_advice(
        glame_storage::migrate(&url).await.map(drop),
        "upgrade glame",
    );
}

#[tokio::test]
async fn a_changed_schema_of_the_same_number_is_not_taken_for_ours() {
    let (url, _folder) = sqlite_url();
    glame_storage::migrate(&url).await.unwrap();
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_advice(checked(&url).await, "not the released one");
}
