use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Tells the time.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Gives the present instant, cut to whole microseconds, which every database can keep.
    fn now(&self) -> DateTime<Utc>;
}

/// Makes new ids.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
pub trait IdSource: Send + Sync + std::fmt::Debug {
    /// Gives a UUID that nobody has had before.
    fn next(&self) -> Uuid;
}
