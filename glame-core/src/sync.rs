//! Bringing the shop's base over: who is a customer, what was bought, what it comes to.

mod run;

pub use run::{SyncCounts, SyncKind, SyncRun, SyncStatus, SyncTrigger};
