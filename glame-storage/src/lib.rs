#![doc = include_str!("../README.md")]

#[cfg(not(any(feature = "postgres", feature = "sqlite")))]
compile_error!("enable at least one of the features `postgres` and `sqlite`");

mod driver_error;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;

pub use open::{MigrationReport, OpenOptions, migrate, open, open_with};
