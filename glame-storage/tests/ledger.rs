//! What the databases themselves do for the ledger of points, whoever speaks to them.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::sync::Arc;

use glame_core::loyalty::{Command, LoyaltyAccount, LoyaltyProgramme, Sequence, decide};
use glame_core::ports::{AccountChange, AccountQuery, Storage, StoredOutcome, StoredRequest};
use glame_core::testkit::fixtures::loyalty::{bonus, posting, spend};
use glame_core::testkit::fixtures::{customer, minute};
use glame_storage::testing::PostgresCluster;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

async fn postgres() -> (Arc<dyn Storage>, PgConnection) {
    let url = PostgresCluster::start().fresh_database().await;
    glame_storage::migrate(&url).await.unwrap();
    let storage = glame_storage::open(&url).await.unwrap();
    (storage, PgConnection::connect(&url).await.unwrap())
}

async fn sqlite() -> (Arc<dyn Storage>, SqliteConnection, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("glame.db").display());
    glame_storage::migrate(&url).await.unwrap();
    let storage = glame_storage::open(&url).await.unwrap();
    let connection = SqliteConnection::connect(&url).await.unwrap();
    (storage, connection, folder)
}

/// Gives a customer 200 points, lets 150 of them be spent, and gives 30 that will expire.
async fn fill(storage: &dyn Storage) {
    let anna = customer(1);
    let mut account = LoyaltyAccount::new(anna.id);
    let mut transactions = Vec::new();
    for command in [
        bonus(1, 200, None),
        spend(150),
        bonus(2, 30, Some(minute(9))),
    ] {
        let posting = posting(anna.id, command, None);
        let decided = decide(&account, &posting, &LoyaltyProgramme::guide(), minute(1)).unwrap();
        for transaction in decided {
            account.apply(&transaction).unwrap();
            transactions.push(transaction);
        }
    }
    let request = posting(anna.id, Command::Expire, Some("a-key"));
    let change = AccountChange {
        header: account.header().clone(),
        lots: account.lots().to_vec(),
        transactions,
        requests: vec![StoredRequest {
            key: request.key.unwrap(),
            request: request.request,
            outcome: StoredOutcome::Posted(Vec::new()),
            decided_at: minute(1),
        }],
    };
    let mut work = storage.begin().await.unwrap();
    work.put_users(std::slice::from_ref(&anna)).await.unwrap();
    work.lock_loyalty_accounts(&[AccountQuery::of(anna.id)])
        .await
        .unwrap();
    work.post(&[change]).await.unwrap();
    work.commit().await.unwrap();
}

/// What nobody may do to the ledger, on either engine.
const FORBIDDEN: [&str; 8] = [
    "UPDATE loyalty_transactions SET points = 1000000",
    "UPDATE loyalty_draws SET points = 0",
    "UPDATE loyalty_requests SET outcome = '{\"posted\":[]}'",
    "DELETE FROM loyalty_transactions",
    "DELETE FROM loyalty_draws",
    "DELETE FROM loyalty_requests",
    "DELETE FROM loyalty_accounts",
    "DELETE FROM users",
];

/// What only one of the engines knows.
const TRUNCATES: [&str; 4] = [
    "TRUNCATE loyalty_transactions",
    "TRUNCATE loyalty_draws",
    "TRUNCATE loyalty_requests",
    "TRUNCATE loyalty_accounts",
];
const REPLACES: [&str; 3] = [
    "INSERT OR REPLACE INTO loyalty_transactions SELECT * FROM loyalty_transactions",
    "INSERT OR REPLACE INTO loyalty_draws SELECT * FROM loyalty_draws",
    "INSERT OR REPLACE INTO loyalty_requests SELECT * FROM loyalty_requests",
];

/// What breaks a rule that each row keeps.
const IMPOSSIBLE: [&str; 7] = [
    "UPDATE loyalty_lots SET remaining = -1",
    "UPDATE loyalty_lots SET remaining = original + 1",
    "UPDATE loyalty_lots SET expired = original",
    "UPDATE loyalty_lots SET expired = -1",
    "UPDATE loyalty_accounts SET debt = -1",
    "UPDATE loyalty_accounts SET spendable = -1",
    "UPDATE loyalty_accounts SET sequence = -1",
];

fn assert_refused<T: std::fmt::Debug>(result: sqlx::Result<T>, statement: &str) {
    let told = result.unwrap_err().to_string();
    assert!(
        told.contains("write a reversal instead") || told.to_lowercase().contains("foreign key"),
        "{statement}: {told}"
    );
}

#[tokio::test]
async fn postgres_refuses_to_change_the_ledger() {
    let (storage, mut connection) = postgres().await;
    fill(storage.as_ref()).await;
    let before = storage.loyalty_accounts_after(None, 9).await.unwrap();
    for statement in FORBIDDEN.iter().chain(&TRUNCATES) {
        let result = sqlx::query(*statement).execute(&mut connection).await;
        assert_refused(result, statement);
    }
    for statement in IMPOSSIBLE {
        let error = sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap_err();
        assert!(error.as_database_error().unwrap().is_check_violation());
    }
    let after = storage.loyalty_accounts_after(None, 9).await.unwrap();
    assert_eq!(after, before);
}

#[tokio::test]
async fn sqlite_refuses_to_change_the_ledger() {
    let (storage, mut connection, _folder) = sqlite().await;
    fill(storage.as_ref()).await;
    let before = storage.loyalty_accounts_after(None, 9).await.unwrap();
    for statement in FORBIDDEN.iter().chain(&REPLACES) {
        let result = sqlx::query(*statement).execute(&mut connection).await;
        assert_refused(result, statement);
    }
    for statement in IMPOSSIBLE {
        let error = sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap_err();
        assert!(error.as_database_error().unwrap().is_check_violation());
    }
    let after = storage.loyalty_accounts_after(None, 9).await.unwrap();
    assert_eq!(after, before);
}

/// What a server does that knows nothing of what can be spent: a posting of it leaves the columns.
const OLDER_POSTING: &str = "UPDATE loyalty_accounts SET sequence = sequence + 1;
    UPDATE loyalty_lots SET remaining = remaining - 10 WHERE lot = 1";

/// Fills a storage, lets an older server post, and expects its lots to be added up.
async fn assert_nothing_left_behind_is_taken(
    storage: &dyn Storage,
    older_posting: impl Future<Output = ()>,
) {
    fill(storage).await;
    let available = async || {
        let points = storage.available_points(&[customer(1).id], minute(2)).await;
        points.unwrap()[0].get()
    };
    assert_eq!(available().await, 80);
    older_posting.await;
    assert_eq!(available().await, 70);
    let accounts = storage.loyalty_accounts_after(None, 9).await.unwrap();
    assert_eq!(accounts[0].header.spendable, None);
}

#[tokio::test]
async fn postgres_takes_no_number_that_an_older_server_has_left_behind() {
    let (storage, mut connection) = postgres().await;
    let posting = async {
        let posted = sqlx::raw_sql(OLDER_POSTING).execute(&mut connection);
        posted.await.unwrap();
    };
    assert_nothing_left_behind_is_taken(storage.as_ref(), posting).await;
}

#[tokio::test]
async fn sqlite_takes_no_number_that_an_older_server_has_left_behind() {
    let (storage, mut connection, _folder) = sqlite().await;
    let posting = async {
        let posted = sqlx::raw_sql(OLDER_POSTING).execute(&mut connection);
        posted.await.unwrap();
    };
    assert_nothing_left_behind_is_taken(storage.as_ref(), posting).await;
}

/// What is done to a database that lets itself be changed, and where it is told.
const DAMAGES: [(&str, &str); 6] = [
    ("loyalty_accounts", "birthdays = '{'"),
    ("loyalty_accounts", "sequence = 4294967296"),
    ("loyalty_lots", "lot = lot + 4294967296"),
    ("loyalty_transactions", "kind = 'gift'"),
    ("loyalty_transactions", "explain = '{}'"),
    ("loyalty_draws", "lot = -1"),
];

async fn assert_told(storage: &dyn Storage, table: &str, change: &str) {
    let anna = customer(1).id;
    let accounts = storage.loyalty_accounts_after(None, 9).await.map(drop);
    let transactions = storage.transactions_after(anna, Sequence::NONE, 9).await;
    let column = change.split(' ').next().unwrap();
    let error = accounts.and(transactions.map(drop)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("stored data is corrupt in {table}.{column}")
    );
}

#[tokio::test]
async fn damage_to_points_in_postgres_is_told() {
    for (table, change) in DAMAGES {
        let (storage, mut connection) = postgres().await;
        fill(storage.as_ref()).await;
        let damage = format!("SET session_replication_role = replica; UPDATE {table} SET {change}");
        sqlx::raw_sql(AssertSqlSafe(damage))
            .execute(&mut connection)
            .await
            .unwrap();
        assert_told(storage.as_ref(), table, change).await;
    }
}

#[tokio::test]
async fn damage_to_points_in_sqlite_is_told() {
    for (table, change) in DAMAGES {
        let (storage, mut connection, _folder) = sqlite().await;
        fill(storage.as_ref()).await;
        let damage =
            format!("DROP TRIGGER IF EXISTS {table}_unchanged; UPDATE {table} SET {change}");
        sqlx::raw_sql(AssertSqlSafe(damage))
            .execute(&mut connection)
            .await
            .unwrap();
        assert_told(storage.as_ref(), table, change).await;
    }
}
