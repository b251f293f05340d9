//! What the drivers say, told by what to do next. No other file looks into an `sqlx::Error`.

use glame_core::ports::StorageError;
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

/// What was being done when the driver said something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doing {
    /// The words for people.
    pub(crate) during: &'static str,
    /// The table.
    pub(crate) table: &'static str,
    /// A row of the table, in words for people.
    pub(crate) row: &'static str,
}

impl Doing {
    /// Names something that is done to no table.
    pub(crate) const fn whole(during: &'static str) -> Self {
        Self {
            during,
            table: "the database",
            row: "the database",
        }
    }
}

/// What helps against a failure.
enum Remedy {
    /// To read and decide again.
    ReadAgain,
    /// To wait.
    Wait,
    /// To do what the words say.
    Act(&'static str),
}

const FREE_SPACE: &str = "free some space on the disk of the database";
const MIGRATE: &str = "run `glame migrate`";
const SIGN_IN: &str = "correct the user or the password in DATABASE_URL";
const CREATE_DATABASE: &str = "create the database that DATABASE_URL names";
const GRANT: &str = "grant the database user the rights to read and write its tables";
const WRITABLE: &str = "point DATABASE_URL to a database that may be written to";
#[cfg(feature = "sqlite")]
const CHECK_DISK: &str = "free some space on the disk of the database, and check the disk";
#[cfg(feature = "sqlite")]
const CHECK_PATH: &str =
    "check that the folder of the database file exists and that this user may write to it";
#[cfg(feature = "sqlite")]
const NOT_A_DATABASE: &str =
    "point DATABASE_URL to an SQLite database; the file that it names is something else";
const OWNER_FIRST: &str = "store the customer or the run first that the rows belong to";
const RESTORE: &str =
    "check the disk of the database, and restore it from a backup if it is damaged";
const REPORT: &str = "report this as a defect of glame, with the log";

/// Translates an error of a statement.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's list grows, and what is not named here is a defect whatever it is"
)]
pub(crate) fn storage_error(doing: Doing, source: sqlx::Error) -> StorageError {
    let Doing { during, table, row } = doing;
    let remedy = match &source {
        sqlx::Error::Database(error) => remedy_of(error.as_ref()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            // The driver knows the column by its place in the query only; its own text tells it.
            return StorageError::Corrupt {
                table,
                column: "*",
                source: source.into(),
            };
        }
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Protocol(_)
        | sqlx::Error::BeginFailed
        | sqlx::Error::WorkerCrashed => Remedy::Wait,
        sqlx::Error::Tls(_) => Remedy::Act("check the certificates and `sslmode` in DATABASE_URL"),
        sqlx::Error::Configuration(_) => Remedy::Act("correct DATABASE_URL"),
        _ => Remedy::Act(REPORT),
    };
    match remedy {
        Remedy::ReadAgain => StorageError::Conflict { what: row },
        Remedy::Wait => StorageError::Unavailable {
            during,
            source: source.into(),
        },
        Remedy::Act(advice) => refused(during, advice, source),
    }
}

/// Translates an error of a migration.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's list grows, and what is not named here is a defect whatever it is"
)]
pub(crate) fn migrate_error(during: &'static str, source: MigrateError) -> StorageError {
    let advice = match source {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            return storage_error(Doing::whole(during), source);
        }
        MigrateError::VersionMissing(_) => NEWER_SCHEMA,
        MigrateError::VersionMismatch(_) => FOREIGN_SCHEMA,
        _ => REPORT,
    };
    refused(during, advice, source)
}

/// What to do about a schema that a later version of glame has made.
pub(crate) const NEWER_SCHEMA: &str =
    "upgrade glame: a newer version of it has already changed this database";

/// What to do about a schema of the same number with another content.
pub(crate) const FOREIGN_SCHEMA: &str =
    "use the version of glame that made this database: its schema is not the released one";

/// What to do about a schema that an earlier version has made, or nobody.
pub(crate) const OLDER_SCHEMA: &str = MIGRATE;

/// Says that a person must act.
pub(crate) fn refused(
    during: &'static str,
    advice: &str,
    source: impl Into<glame_core::ports::BoxError>,
) -> StorageError {
    StorageError::Refused {
        during,
        advice: advice.to_owned(),
        source: source.into(),
    }
}

fn remedy_of(error: &dyn DatabaseError) -> Remedy {
    if error.is_unique_violation() {
        return Remedy::ReadAgain;
    }
    if error.is_foreign_key_violation() {
        return Remedy::Act(OWNER_FIRST);
    }
    let code = error.code().unwrap_or_default();
    #[cfg(feature = "sqlite")]
    if error
        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
        .is_some()
    {
        return sqlite_remedy(code.parse().unwrap_or_default(), error.message());
    }
    postgres_remedy(&code)
}

/// Finds the remedy by SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn postgres_remedy(code: &str) -> Remedy {
    match code {
        // Serialization, deadlock, lock not free, cancelled, memory, connections, shutdown, start.
        "40001" | "40P01" | "55P03" | "57014" | "53200" | "53300" | "57P01" | "57P02" | "57P03"
        | "57P05" => Remedy::Wait,
        code if code.starts_with("08") => Remedy::Wait,
        "53100" => Remedy::Act(FREE_SPACE),
        "58030" | "XX001" | "XX002" => Remedy::Act(RESTORE),
        "3D000" => Remedy::Act(CREATE_DATABASE),
        "42P01" | "42703" | "3F000" => Remedy::Act(MIGRATE),
        "42501" => Remedy::Act(GRANT),
        "25006" => Remedy::Act(WRITABLE),
        code if code.starts_with("28") => Remedy::Act(SIGN_IN),
        _ => Remedy::Act(REPORT),
    }
}

/// Finds the remedy by result code: <https://www.sqlite.org/rescode.html>.
#[cfg(feature = "sqlite")]
fn sqlite_remedy(extended_code: u32, message: &str) -> Remedy {
    match extended_code & 0xff {
        // Busy, locked, out of memory, interrupted, the schema has changed under a statement.
        5 | 6 | 7 | 9 | 17 => Remedy::Wait,
        // Full; and I/O errors, of which a full disk is the common cause.
        13 => Remedy::Act(FREE_SPACE),
        10 => Remedy::Act(CHECK_DISK),
        8 => Remedy::Act(WRITABLE),
        3 | 14 | 23 => Remedy::Act(CHECK_PATH),
        26 => Remedy::Act(NOT_A_DATABASE),
        11 => Remedy::Act(RESTORE),
        1 if message.starts_with("no such table") || message.starts_with("no such column") => {
            Remedy::Act(MIGRATE)
        }
        _ => Remedy::Act(REPORT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(remedy: &Remedy) -> &'static str {
        match remedy {
            Remedy::ReadAgain => "read again",
            Remedy::Wait => "wait",
            Remedy::Act(advice) => advice,
        }
    }

    #[test]
    fn each_state_of_postgres_has_its_remedy() {
        let cases = [
            ("08006", "wait"),
            ("40P01", "wait"),
            ("53300", "wait"),
            ("57P03", "wait"),
            ("53100", FREE_SPACE),
            ("58030", RESTORE),
            ("28P01", SIGN_IN),
            ("28000", SIGN_IN),
            ("3D000", CREATE_DATABASE),
            ("42P01", MIGRATE),
            ("42501", GRANT),
            ("25006", WRITABLE),
            ("42601", REPORT),
        ];
        for (code, expected) in cases {
            assert_eq!(advice(&postgres_remedy(code)), expected, "{code}");
        }
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn each_code_of_sqlite_has_its_remedy() {
        let cases = [
            (5, "database is locked", "wait"),
            (517, "database is locked", "wait"),
            (13, "database or disk is full", FREE_SPACE),
            (778, "disk I/O error", CHECK_DISK),
            (8, "attempt to write a readonly database", WRITABLE),
            (14, "unable to open database file", CHECK_PATH),
            (26, "file is not a database", NOT_A_DATABASE),
            (11, "database disk image is malformed", RESTORE),
            (1, "no such table: users", MIGRATE),
            (1, "near \"SELEC\": syntax error", REPORT),
        ];
        for (code, message, expected) in cases {
            assert_eq!(advice(&sqlite_remedy(code, message)), expected, "{code}");
        }
    }
}
