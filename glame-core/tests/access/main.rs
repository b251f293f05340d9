//! Sign-in and access, as a whole: over a storage in memory, with a clock that is set by hand.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

mod desk;

mod audit;
mod customers;
mod sessions;
mod staff;
