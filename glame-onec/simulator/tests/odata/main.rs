//! The simulator as its clients see it: over HTTP.

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
