//! The adapter over real HTTP: against a scripted server for what travels, against the simulator
//! for what 1C means.

mod scripted_server;
mod transport;
