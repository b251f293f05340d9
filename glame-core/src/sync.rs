//! Bringing the shop's base over: who is a customer, what was bought, what it comes to.
//!
//! [`CustomerSyncService`] fetches, compares by pure rules and stores; one page or some windows are
//! one transaction, which also holds the run's counts and cursor. No transaction is open while the
//! shop's base is asked. Syncing twice changes nothing, and neither does the order of arrival.

mod catalogue;
mod customers;
mod error;
mod lease;
mod metrics;
mod observer;
mod purchases;
mod reading;
mod run;
mod service;
mod task;

pub use error::SyncError;
pub use lease::SyncLease;
pub use observer::{SyncObserver, Unobserved};
pub use purchases::PurchaseScope;
pub use run::{Recorded, SyncCounts, SyncKind, SyncRun, SyncStatus, SyncTrigger};
pub use service::{CustomerSyncService, SyncSettings};
pub use task::{SyncTarget, SyncTask};
