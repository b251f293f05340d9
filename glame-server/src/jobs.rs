//! Work that goes on beside the requests: the synchronisation and its schedule.

mod schedule;
mod sync;

pub use schedule::Scheduler;
pub use sync::{SyncJob, SyncOutcome, SyncPatience, SyncTarget};
