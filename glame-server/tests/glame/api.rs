//! The API over real HTTP: who is let in, and what is done once.

mod access;
pub(crate) mod client;
mod limits;
mod points;
mod segments;
mod sessions;
mod sms;
mod stolen;
mod sync;
mod unknown;
