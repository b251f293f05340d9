//! The SQLite adapter, the twin of `postgres`.

mod access;
mod audit;
mod catalogue;
mod customers;
mod lists;
mod looks;
mod loyalty;
mod metrics;
mod packed;
mod purchase_records;
mod purchases;
mod search_index;
mod segments;
mod sync_runs;
mod users;
mod webhooks;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use glame_core::ports::{Storage, StorageError, UnitOfWork};
use log::LevelFilter;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection, SqlitePool, Transaction};

use crate::driver_error::{Doing, migrate_error, refused, storage_error};
use crate::open::{MigrationReport, OpenOptions, SLOW_STATEMENT, compare_schema};

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// Everything in an SQLite file, or in memory.
///
/// SQLite lets one connection write at a time, so there is one, and whoever wants to write queues
/// for it; readers have connections of their own and are never blocked. In memory a database is
/// one connection, and readers wait while a work is open.
#[derive(Clone)]
pub(crate) struct SqliteStorage {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl std::fmt::Debug for SqliteStorage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStorage").finish_non_exhaustive()
    }
}

impl SqliteStorage {
    /// Opens a file that is there, or makes a database in memory with its schema.
    pub(crate) async fn open(url: &str, options: &OpenOptions) -> Result<Self, StorageError> {
        let connect = connect_options(url, options.wait_at_most)?;
        if is_in_memory(url) {
            Self::open_in_memory(connect, options).await
        } else {
            Self::open_file(connect, options).await
        }
    }

    async fn open_in_memory(
        connect: SqliteConnectOptions,
        options: &OpenOptions,
    ) -> Result<Self, StorageError> {
        let only = SqlitePoolOptions::new()
            .acquire_timeout(options.wait_at_most)
            .min_connections(1)
            .max_connections(1)
            // The database ends with its connection.
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(connect.shared_cache(false))
            .await
            .map_err(failed("opening the database in memory"))?;
        MIGRATOR
            .run(&only)
            .await
            .map_err(|error| migrate_error("migrating", error))?;
        Ok(Self {
            writer: only.clone(),
            readers: only,
        })
    }

    async fn open_file(
        connect: SqliteConnectOptions,
        options: &OpenOptions,
    ) -> Result<Self, StorageError> {
        if !connect.get_filename().exists() {
            let source = format!("{} does not exist", connect.get_filename().display());
            let advice = "run `glame migrate`, which creates the database file";
            return Err(refused("opening the database file", advice, source));
        }
        let pool = SqlitePoolOptions::new().acquire_timeout(options.wait_at_most);
        let writer = pool
            .clone()
            .max_connections(1)
            .connect_with(
                connect
                    .clone()
                    .pragma("cache_size", WRITER_CACHE)
                    .pragma("wal_autocheckpoint", CHECKPOINT_PAGES),
            )
            .await
            .map_err(failed("opening the database file"))?;
        let readers = pool
            .max_connections(options.max_connections.saturating_sub(1).max(1))
            .connect_with(connect.pragma("query_only", "ON"))
            .await
            .map_err(failed("opening the database file"))?;
        Ok(Self { writer, readers })
    }
}

/// 32 MiB, in SQLite's way of saying kibibytes: the inner pages of a million receipts.
const WRITER_CACHE: &str = "-32768";

/// 64 MiB: a bulk load touches the same pages in work after work, and the longer the log, the less
/// often they are copied into the file.
const CHECKPOINT_PAGES: &str = "16384";

/// How long a migration waits for another one.
const MIGRATION_WAIT: Duration = Duration::from_mins(1);

/// How long it lets another one make the file before it tries again.
const MIGRATION_PAUSE: Duration = Duration::from_millis(20);

/// Creates the file if it is not there, and creates or upgrades the schema.
pub(crate) async fn migrate(url: &str) -> Result<MigrationReport, StorageError> {
    let during = "migrating";
    let connect = connect_options(url, MIGRATION_WAIT)?.create_if_missing(true);
    let mut connection = create_file(&connect).await?;
    // One transaction around it all is the lock between processes, which sqlx does not have here.
    let mut tx = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(failed(during))?;
    let report = migrate_within(&mut tx)
        .await
        .map_err(|error| migrate_error(during, error))?;
    search_index::index_everything(&mut tx).await?;
    tx.commit().await.map_err(failed(during))?;
    connection.close().await.map_err(failed(during))?;
    Ok(report)
}

/// Creates the file if it is not there, and connects.
///
/// SQLite does not wait for its turn to make a new file one with a log: of two who do so at once, one
/// is told that the file is locked, and tries again.
async fn create_file(connect: &SqliteConnectOptions) -> Result<SqliteConnection, StorageError> {
    let end = Instant::now() + MIGRATION_WAIT;
    loop {
        let connected = connect.connect().await;
        match connected.map_err(failed("creating the database file")) {
            Err(StorageError::Unavailable { .. }) if Instant::now() < end => {
                tokio::time::sleep(MIGRATION_PAUSE).await;
            }
            connected => return connected,
        }
    }
}

async fn migrate_within(
    connection: &mut SqliteConnection,
) -> Result<MigrationReport, sqlx::migrate::MigrateError> {
    let table = &MIGRATOR.table_name;
    connection.ensure_migrations_table(table).await?;
    let before = connection.list_applied_migrations(table).await?;
    MIGRATOR.run_direct(None, connection, false).await?;
    Ok(MigrationReport::between(&before, &MIGRATOR))
}

fn connect_options(url: &str, wait: Duration) -> Result<SqliteConnectOptions, StorageError> {
    let options: SqliteConnectOptions = url.parse().map_err(failed("reading DATABASE_URL"))?;
    Ok(options
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(wait)
        .log_slow_statements(LevelFilter::Warn, SLOW_STATEMENT))
}

fn is_in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

fn failed(during: &'static str) -> impl FnOnce(sqlx::Error) -> StorageError {
    move |source| storage_error(Doing::whole(during), source)
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let tx = self
            .writer
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(failed("beginning a transaction"))?;
        Ok(Box::new(SqliteWork { tx }))
    }

    async fn check(&self) -> Result<(), StorageError> {
        let during = "checking the schema";
        let mut connection = self.readers.acquire().await.map_err(failed(during))?;
        let applied = connection
            .list_applied_migrations(&MIGRATOR.table_name)
            .await
            .map_err(|error| migrate_error(during, error))?;
        compare_schema(during, &applied, &MIGRATOR)
    }
}

/// A transaction of SQLite.
struct SqliteWork {
    tx: Transaction<'static, Sqlite>,
}

#[async_trait]
impl UnitOfWork for SqliteWork {
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.tx.commit().await.map_err(failed("committing"))
    }
}

#[cfg(test)]
mod tests {
    use glame_core::ports::UserReader;
    use glame_core::testkit::fixtures::customer;

    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_refused_with_advice_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("glame.db").display());
        migrate(&url).await.unwrap();
        let options = OpenOptions::default();
        // The file may grow by a few pages, as if the disk ended there.
        let full = connect_options(&url, options.wait_at_most).unwrap();
        let storage = SqliteStorage::open_file(full.pragma("max_page_count", "160"), &options)
            .await
            .unwrap();

        let mut work = storage.begin().await.unwrap();
        work.put_users(&[customer(0)]).await.unwrap();
        work.commit().await.unwrap();
        let many: Vec<_> = (1..10_000).map(customer).collect();
        let mut work = storage.begin().await.unwrap();
        let error = work.put_users(&many).await.unwrap_err();
        drop(work);

        assert_eq!(
            error.to_string(),
            "the database refuses writing users: free some space on the disk of the database"
        );
        assert!(!error.is_temporary());
        assert_eq!(
            storage.users(&[customer(0).id]).await.unwrap(),
            [customer(0)]
        );
        assert_eq!(storage.customer_count().await.unwrap(), 1);
    }
}
