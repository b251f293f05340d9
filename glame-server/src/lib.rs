#![doc = include_str!("../README.md")]

pub mod access;
pub mod api;
pub mod app;
pub mod clock;
pub mod commands;
pub mod http;
pub mod jobs;
pub mod output;
pub mod progress;
pub mod reports;
pub mod settings;
pub mod stop;
pub mod telemetry;
mod turns;
pub mod wiring;
