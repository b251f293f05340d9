//! What cannot work is told with advice, at once, and without the password.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::time::Duration;

use glame_core::ports::StorageError;
use glame_core::testkit::fixtures::customer;
use glame_storage::OpenOptions;
use glame_storage::testing::{PASSWORD, PostgresCluster, USER};

async fn refused(url: &str) -> StorageError {
    glame_storage::open(url).await.map(drop).unwrap_err()
}

fn assert_advice(error: &StorageError, expected: &str) {
    assert!(
        matches!(error, StorageError::Refused { advice, .. } if advice.contains(expected)),
        "{error:?}"
    );
    assert!(!error.is_temporary());
    assert!(
        !format!("{error} {error:?}").contains(PASSWORD),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_unknown_scheme_is_answered_with_those_that_are_known() {
    for url in ["", "glame.db", "mysql://glame@localhost/glame"] {
        let error = refused(url).await;
        assert_advice(&error, "`sqlite:glame.db`");
        assert_advice(&error, "`postgres://user:password@host/database`");
    }
}

#[tokio::test]
async fn a_malformed_address_does_not_show_its_password() {
    let error = refused(&format!("postgres://{USER}:{PASSWORD}@host:notaport/glame")).await;
    assert_advice(&error, "correct DATABASE_URL");
}

#[tokio::test]
async fn a_wrong_password_is_told() {
    let url = PostgresCluster::start().fresh_database().await;
    assert_advice(
        &refused(&url.replace(PASSWORD, "wrong")).await,
        "password in DATABASE_URL",
    );
}

#[tokio::test]
async fn a_missing_database_is_told() {
    let url = PostgresCluster::start().url_of("nobody_made_me");
    assert_advice(&refused(&url).await, "create the database");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_waited_for() {
    let options = OpenOptions {
        wait_at_most: Duration::from_millis(200),
        ..OpenOptions::default()
    };
    let url = format!("postgres://{USER}:{PASSWORD}@127.0.0.1:1/glame");
    let error = glame_storage::open_with(&url, &options)
        .await
        .map(drop)
        .unwrap_err();
    assert!(
        matches!(error, StorageError::Unavailable { .. }),
        "{error:?}"
    );
    assert!(error.is_temporary());
}

#[tokio::test]
async fn the_storage_does_not_show_its_password() {
    let url = PostgresCluster::start().fresh_database().await;
    let storage = glame_storage::open(&url).await.unwrap();
    let shown = format!("{storage:?}");
    assert!(shown.starts_with("PostgresStorage"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.db");
    std::fs::write(&path, "Dear Anna, ".repeat(1_000)).unwrap();
    let url = format!("sqlite:{}", path.display());
    assert_advice(&refused(&url).await, "something else");
    let error = glame_storage::migrate(&url).await.unwrap_err();
    assert_advice(&error, "something else");
}

#[tokio::test]
async fn a_database_that_may_only_be_read_refuses_work() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("glame.db").display());
    glame_storage::migrate(&url).await.unwrap();
    let storage = glame_storage::open(&format!("{url}?mode=ro"))
        .await
        .unwrap();
    assert_eq!(storage.customer_count().await.unwrap(), 0);
    let mut work = storage.begin().await.unwrap();
    let error = work.put_users(&[customer(1)]).await.unwrap_err();
    assert_advice(&error, "may be written to");
}
