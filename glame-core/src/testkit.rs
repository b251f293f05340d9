//! What tests of adapters and of programs that embed the core may use; not a stable API.
//!
//! * [`MemoryStorage`], a real adapter of [`Storage`](crate::ports::Storage),
//! * [`ManualClock`] and [`CountingIds`], so that time and ids are known,
//! * [`ledger`], a simulator that runs a loyalty programme against all its properties,
//! * [`fixtures`], small named samples, and [`strategies`] for proptest,
//! * [`KnownSecrets`], [`QuickHasher`] and [`KeptMessages`], what sign-in needs of the world,
//! * [`ListSource`] and [`ListPoints`], a shop's base made of lists,
//! * [`storage_conformance!`](crate::storage_conformance),
//!   [`sales_source_conformance!`](crate::sales_source_conformance) and
//!   [`points_source_conformance!`](crate::points_source_conformance), which make one named test of
//!   each promise of a port.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]
#![expect(
    clippy::missing_panics_doc,
    reason = "a case of a suite panics where the promise is broken"
)]

pub mod conformance;
pub mod fixtures;
pub mod ledger;
pub mod strategies;

mod counting_ids;
mod known_secrets;
mod list_points;
mod list_source;
mod manual_clock;
mod memory;

pub use counting_ids::CountingIds;
pub use known_secrets::{KeptMessages, KnownSecrets, QuickHasher};
pub use list_points::ListPoints;
pub use list_source::ListSource;
pub use manual_clock::ManualClock;
pub use memory::MemoryStorage;
