//! The properties of the points ledger, each by its name, and the mistakes of others.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

mod book;

mod balance;
mod corrections;
mod groups;
mod hostile_input;
mod mistakes_of_others;
mod purchases;
mod random;
mod returns;
