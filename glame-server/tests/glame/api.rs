//! The API over real HTTP: who is let in, and what is done once.

mod access;
mod client;
mod points;
