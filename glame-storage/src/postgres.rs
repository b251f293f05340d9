//! The PostgreSQL adapter, the twin of `sqlite`.

mod access;
mod audit;
mod catalogue;
mod customers;
mod looks;
mod loyalty;
mod metrics;
mod purchase_records;
mod purchases;
mod search_index;
mod segments;
mod sync_runs;
mod users;
mod webhooks;

use std::time::Duration;

use async_trait::async_trait;
use glame_core::ports::{Storage, StorageError, UnitOfWork};
use log::LevelFilter;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Postgres, Transaction};

use crate::driver_error::{Doing, migrate_error, storage_error};
use crate::open::{MigrationReport, OpenOptions, SLOW_STATEMENT, compare_schema};

static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres");

/// Everything in a PostgreSQL database.
#[derive(Clone)]
pub(crate) struct PostgresStorage {
    pool: PgPool,
}

impl std::fmt::Debug for PostgresStorage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The pool knows the password, so it is not asked.
        f.debug_struct("PostgresStorage").finish_non_exhaustive()
    }
}

impl PostgresStorage {
    /// Connects.
    pub(crate) async fn open(url: &str, options: &OpenOptions) -> Result<Self, StorageError> {
        let lock_timeout = format!("{}ms", options.wait_at_most.as_millis());
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.wait_at_most)
            .test_before_acquire(false)
            .before_acquire(|connection, state| {
                Box::pin(async move { is_usable(connection, state.idle_for).await })
            })
            .after_connect(move |connection, _| {
                let lock_timeout = lock_timeout.clone();
                Box::pin(async move { limit_waiting(connection, &lock_timeout).await })
            })
            .connect_with(connect_options(url)?)
            .await
            .map_err(failed("connecting"))?;
        Ok(Self { pool })
    }
}

/// How long a connection that lies idle is taken to be alive.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Asks a connection whether it is alive, unless it was a moment ago: asking costs a round trip.
async fn is_usable(connection: &mut PgConnection, idle_for: Duration) -> sqlx::Result<bool> {
    if idle_for > TRUSTED_FOR {
        connection.ping().await?;
    }
    Ok(true)
}

/// Makes sure that nobody waits without end, neither for a lock nor for a server that has died.
///
/// No work lies idle for long, because none is open while something else is asked for.
async fn limit_waiting(connection: &mut PgConnection, lock_timeout: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "SELECT set_config('lock_timeout', $1, FALSE) AS lock_timeout,
                set_config('idle_in_transaction_session_timeout', '5min', FALSE) AS idle_timeout",
        lock_timeout,
    )
    .fetch_one(connection)
    .await
    .map(drop)
}

/// Creates or upgrades the schema; whoever else does so at the same time waits.
pub(crate) async fn migrate(url: &str) -> Result<MigrationReport, StorageError> {
    let during = "migrating";
    let mut connection = connect_options(url)?
        .connect()
        .await
        .map_err(failed("connecting"))?;
    connection
        .lock()
        .await
        .map_err(|error| migrate_error(during, error))?;
    let table = &MIGRATOR.table_name;
    connection
        .ensure_migrations_table(table)
        .await
        .map_err(|error| migrate_error(during, error))?;
    let before = connection
        .list_applied_migrations(table)
        .await
        .map_err(|error| migrate_error(during, error))?;
    MIGRATOR
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|error| migrate_error(during, error))?;
    search_index::index_everything(&mut connection).await?;
    connection
        .unlock()
        .await
        .map_err(|error| migrate_error(during, error))?;
    connection.close().await.map_err(failed(during))?;
    Ok(MigrationReport::between(&before, &MIGRATOR))
}

fn connect_options(url: &str) -> Result<PgConnectOptions, StorageError> {
    let options: PgConnectOptions = url.parse().map_err(failed("reading DATABASE_URL"))?;
    Ok(options
        .application_name("glame")
        .log_slow_statements(LevelFilter::Warn, SLOW_STATEMENT))
}

/// What a work does is found by its keys, whatever the parameters: to plan it anew each time would
/// cost more than to do it. A plan that was made while a table was small must not read all of it once
/// it is large, so that nothing but index lookups in nested loops is left to choose from.
///
/// Readers, which may ask for everything, are planned for what they ask.
const BEGIN: &str = "BEGIN; \
                     SET LOCAL plan_cache_mode = force_generic_plan; \
                     SET LOCAL enable_seqscan = off; \
                     SET LOCAL enable_hashjoin = off; \
                     SET LOCAL enable_mergejoin = off";

fn failed(during: &'static str) -> impl FnOnce(sqlx::Error) -> StorageError {
    move |source| storage_error(Doing::whole(during), source)
}

#[async_trait]
impl Storage for PostgresStorage {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let tx = self
            .pool
            .begin_with(BEGIN)
            .await
            .map_err(failed("beginning a transaction"))?;
        Ok(Box::new(PostgresWork { tx }))
    }

    async fn check(&self) -> Result<(), StorageError> {
        let during = "checking the schema";
        let mut connection = self.pool.acquire().await.map_err(failed(during))?;
        let applied = connection
            .list_applied_migrations(&MIGRATOR.table_name)
            .await
            .map_err(|error| migrate_error(during, error))?;
        compare_schema(during, &applied, &MIGRATOR)
    }
}

/// A transaction of PostgreSQL.
struct PostgresWork {
    tx: Transaction<'static, Postgres>,
}

#[async_trait]
impl UnitOfWork for PostgresWork {
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.tx.commit().await.map_err(failed("committing"))
    }
}

/// Gives one column of rows, as an array for `UNNEST`.
fn column<'r, T, U>(rows: &'r [T], cell: impl FnMut(&'r T) -> U) -> Vec<U> {
    rows.iter().map(cell).collect()
}
