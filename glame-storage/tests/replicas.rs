//! Several servers on one database: what one has in its hands, the other waits for.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use glame_core::access::RateLimit;
use glame_core::ports::{HeldLease, LeaseState, StorageError};
use glame_core::testkit::fixtures::access::server_secret;
use glame_core::testkit::fixtures::minute;
use glame_core::values::{LeaseToken, SyncJobId};
use glame_storage::OpenOptions;
use glame_storage::testing::PostgresCluster;
use uuid::Uuid;

/// How long the second server is watched before it is believed to wait.
const WATCHED: Duration = Duration::from_millis(150);

const FIRST: LeaseToken = LeaseToken::from_uuid(Uuid::from_u128(1));
const SECOND: LeaseToken = LeaseToken::from_uuid(Uuid::from_u128(2));

fn lease(token: LeaseToken, until: DateTime<Utc>) -> HeldLease {
    HeldLease {
        token,
        job: SyncJobId::from_uuid(*token.as_uuid()),
        task: None,
        owner: "a server".to_owned(),
        until,
        cancel_wanted: false,
    }
}

async fn take(
    url: &str,
    token: LeaseToken,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> LeaseState {
    let storage = glame_storage::open(url).await.unwrap();
    let mut work = storage.begin().await.unwrap();
    let state = work.take_lease(&lease(token, until), now).await.unwrap();
    work.commit().await.unwrap();
    state
}

/// A work that has prolonged the lease is finished before anybody can take the lease over.
async fn assert_the_lease_is_a_fence(url: &str) {
    glame_storage::migrate(url).await.unwrap();
    assert_eq!(
        take(url, FIRST, minute(0), minute(5)).await,
        LeaseState::Taken
    );

    let storage = glame_storage::open(url).await.unwrap();
    let mut work = storage.begin().await.unwrap();
    assert!(work.renew_lease(FIRST, minute(20)).await.unwrap());

    // By what is committed, the lease has run out.
    let mut second = Box::pin(take(url, SECOND, minute(10), minute(30)));
    let waits = tokio::time::timeout(WATCHED, second.as_mut())
        .await
        .is_err();
    assert!(
        waits,
        "the lease was taken over while its holder was writing"
    );

    work.commit().await.unwrap();
    let held = LeaseState::Held {
        owner: "a server".to_owned(),
        until: minute(20),
    };
    assert_eq!(second.await, held);
}

/// Whoever waits for a lock longer than it is willing to is told to try later.
async fn assert_waiting_ends(url: &str) {
    glame_storage::migrate(url).await.unwrap();
    take(url, FIRST, minute(0), minute(5)).await;
    let storage = glame_storage::open(url).await.unwrap();
    let mut work = storage.begin().await.unwrap();
    assert!(work.renew_lease(FIRST, minute(20)).await.unwrap());

    let options = OpenOptions {
        wait_at_most: WATCHED,
        ..OpenOptions::default()
    };
    let impatient = glame_storage::open_with(url, &options).await.unwrap();
    let attempt = async {
        let mut work = impatient.begin().await?;
        work.take_lease(&lease(SECOND, minute(30)), minute(10))
            .await
    };
    let error = attempt.await.unwrap_err();
    assert!(
        matches!(error, StorageError::Unavailable { .. }),
        "{error:?}"
    );
    assert!(error.is_temporary());
}

#[tokio::test]
async fn waiting_ends_on_postgres() {
    assert_waiting_ends(&PostgresCluster::start().fresh_database().await).await;
}

#[tokio::test]
async fn waiting_ends_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("glame.db").display());
    assert_waiting_ends(&url).await;
}

#[tokio::test]
async fn the_lease_is_a_fence_on_postgres() {
    assert_the_lease_is_a_fence(&PostgresCluster::start().fresh_database().await).await;
}

#[tokio::test]
async fn the_lease_is_a_fence_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("glame.db").display());
    assert_the_lease_is_a_fence(&url).await;
}

/// Attempts that come over two servers at once are all counted, and the limit holds for both.
async fn assert_limits_are_shared(url: &str) {
    glame_storage::migrate(url).await.unwrap();
    let servers = [
        glame_storage::open(url).await.unwrap(),
        glame_storage::open(url).await.unwrap(),
    ];
    let limit = RateLimit {
        name: "logins",
        attempts: 10,
        window: TimeDelta::minutes(15),
    };
    let attempt = limit.attempt_of(&server_secret(), &[b"anna@example.org"]);
    let tries = (0..16).map(|n| {
        let server = &servers[n % 2];
        async move {
            let mut work = server.begin().await.unwrap();
            let windows = work.count_attempts(&[attempt], minute(0)).await.unwrap();
            work.commit().await.unwrap();
            limit.decide(windows[0], minute(0)).exceeded
        }
    });
    let exceeded = join_all(tries).await;
    assert_eq!(exceeded.iter().filter(|exceeded| !**exceeded).count(), 10);
}

#[tokio::test]
async fn limits_are_shared_on_postgres() {
    assert_limits_are_shared(&PostgresCluster::start().fresh_database().await).await;
}

#[tokio::test]
async fn limits_are_shared_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("glame.db").display());
    assert_limits_are_shared(&url).await;
}
