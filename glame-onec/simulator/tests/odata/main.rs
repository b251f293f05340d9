//! The simulator as its clients see it: over HTTP.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod client;
mod command_line;
mod faults;
mod generated;
mod online_retail;
mod reading;
mod scenarios;
mod transport;
mod traps;
mod writes;
