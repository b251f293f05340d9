//! The adapter over real HTTP: against a scripted server for what travels, against the simulator
//! for what 1C means.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conformance;
mod doctor;
mod faults;
mod holders;
mod log;
mod pages;
mod points;
mod reading;
mod scripted_server;
mod shop;
mod sync;
mod transport;
