//! Choosing the driver by the scheme of an address; creating and upgrading schemas.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use glame_core::ports::{Storage, StorageError};
use sqlx::migrate::{AppliedMigration, Migrator};

use crate::driver_error::{FOREIGN_SCHEMA, NEWER_SCHEMA, OLDER_SCHEMA, refused};
#[cfg(feature = "postgres")]
use crate::postgres;
#[cfg(feature = "sqlite")]
use crate::sqlite;

/// How much of a database a process may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// The most connections at once; SQLite takes one of them for writing.
    pub max_connections: u32,
    /// How long to wait for a connection or a lock before the database is called unavailable.
    pub wait_at_most: Duration,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            max_connections: 10,
            wait_at_most: Duration::from_secs(30),
        }
    }
}

/// Statements that take longer are told in the log; writing a step of a bulk load takes seconds.
pub(crate) const SLOW_STATEMENT: Duration = Duration::from_secs(10);

/// What a migration has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// The version that the schema has now.
    pub version: i64,
    /// What has been applied, in order; nothing if the schema was up to date.
    pub applied: Vec<String>,
}

impl MigrationReport {
    pub(crate) fn between(before: &[AppliedMigration], migrator: &Migrator) -> Self {
        let known = |version| before.iter().any(|applied| applied.version == version);
        Self {
            version: migrator
                .iter()
                .map(|migration| migration.version)
                .max()
                .unwrap_or_default(),
            applied: migrator
                .iter()
                .filter(|migration| !known(migration.version))
                .map(|migration| format!("{:04} {}", migration.version, migration.description))
                .collect(),
        }
    }
}

/// The databases that an address can name.
enum Driver {
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "sqlite")]
    Sqlite,
}

/// Opens the database that `url` names, with the usual options.
///
/// `sqlite:glame.db`, `sqlite::memory:` and `postgres://user:password@host/name` are understood.
/// Nothing is created and nothing is migrated, except that a database in memory, which nobody can
/// prepare, comes with its schema.
///
/// # Errors
/// [`StorageError::Unavailable`] if the database does not answer, [`StorageError::Refused`] with
/// advice if the address, the password, the file or the database is wrong. The schema is not looked
/// at: [`Storage::check`] does that.
///
/// # Examples
///
/// ```
/// # use glame_core::ports::StorageError;
/// # async fn example() -> Result<(), StorageError> {
/// glame_storage::migrate("sqlite:glame.db").await?;
/// let storage = glame_storage::open("sqlite:glame.db").await?;
/// storage.check().await?;
/// # Ok(())
/// # }
/// ```
pub async fn open(url: &str) -> Result<Arc<dyn Storage>, StorageError> {
    open_with(url, &OpenOptions::default()).await
}

/// Opens the database that `url` names.
///
/// # Errors
/// Those of [`open`].
pub async fn open_with(url: &str, options: &OpenOptions) -> Result<Arc<dyn Storage>, StorageError> {
    match driver_of(url)? {
        #[cfg(feature = "postgres")]
        Driver::Postgres => Ok(Arc::new(
            postgres::PostgresStorage::open(url, options).await?,
        )),
        #[cfg(feature = "sqlite")]
        Driver::Sqlite => Ok(Arc::new(sqlite::SqliteStorage::open(url, options).await?)),
    }
}

/// Creates the schema of the database that `url` names, or upgrades it to this version.
///
/// An SQLite file is created too, its folder is not. Several processes may do this at once: one
/// does the work, the others wait for it and find nothing to do.
///
/// # Errors
/// Those of [`open`]; and [`StorageError::Refused`] if a newer version of glame has been here.
pub async fn migrate(url: &str) -> Result<MigrationReport, StorageError> {
    match driver_of(url)? {
        #[cfg(feature = "postgres")]
        Driver::Postgres => postgres::migrate(url).await,
        #[cfg(feature = "sqlite")]
        Driver::Sqlite => sqlite::migrate(url).await,
    }
}

/// Compares the migrations of a database with those of this version.
pub(crate) fn compare_schema(
    during: &'static str,
    applied: &[AppliedMigration],
    migrator: &Migrator,
) -> Result<(), StorageError> {
    let mut known: BTreeMap<i64, &[u8]> = migrator
        .iter()
        .map(|migration| (migration.version, &*migration.checksum))
        .collect();
    for migration in applied {
        match known.remove(&migration.version) {
            None => {
                let source = format!("the schema has version {}", migration.version);
                return Err(refused(during, NEWER_SCHEMA, source));
            }
            Some(checksum) if *checksum != *migration.checksum => {
                let source = format!("version {} of the schema is another", migration.version);
                return Err(refused(during, FOREIGN_SCHEMA, source));
            }
            Some(_) => {}
        }
    }
    match known.keys().next() {
        None => Ok(()),
        Some(version) => {
            let source = format!("version {version} of the schema is missing");
            Err(refused(during, OLDER_SCHEMA, source))
        }
    }
}

fn driver_of(url: &str) -> Result<Driver, StorageError> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    match scheme {
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => Ok(Driver::Postgres),
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(Driver::Sqlite),
        _ => {
            let understood: &[&str] = &[
                #[cfg(feature = "sqlite")]
                "`sqlite:glame.db`",
                #[cfg(feature = "postgres")]
                "`postgres://user:password@host/database`",
            ];
            Err(refused(
                "reading DATABASE_URL",
                &format!("write an address like {}", understood.join(" or ")),
                "the address begins with no scheme that this build understands",
            ))
        }
    }
}
