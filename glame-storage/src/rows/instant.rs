use chrono::{DateTime, Utc};
use sqlx::{Decode, Type, error::BoxDynError};
#[cfg(feature = "postgres")]
use sqlx::{Postgres, postgres};
#[cfg(feature = "sqlite")]
use sqlx::{Sqlite, sqlite};

/// An instant as the databases keep it: `TIMESTAMPTZ` here, whole microseconds there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant(pub(crate) DateTime<Utc>);

#[cfg(feature = "postgres")]
impl Type<Postgres> for Instant {
    fn type_info() -> postgres::PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

#[cfg(feature = "postgres")]
impl<'r> Decode<'r, Postgres> for Instant {
    fn decode(value: postgres::PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <DateTime<Utc> as Decode<'r, Postgres>>::decode(value).map(Self)
    }
}

#[cfg(feature = "sqlite")]
impl Type<Sqlite> for Instant {
    fn type_info() -> sqlite::SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(info: &sqlite::SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(info)
    }
}

#[cfg(feature = "sqlite")]
impl<'r> Decode<'r, Sqlite> for Instant {
    fn decode(value: sqlite::SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        let micros = <i64 as Decode<'r, Sqlite>>::decode(value)?;
        DateTime::from_timestamp_micros(micros)
            .map(Self)
            .ok_or_else(|| format!("no instant is {micros} microseconds from 1970").into())
    }
}
