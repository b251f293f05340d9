//! The binary `glame` against a simulated 1C base over real HTTP, on real databases.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

mod api;
mod balancer;
mod clients;
mod demo;
mod documents;
mod http;
mod killed;
mod loyalty;
mod online_retail;
mod refusals;
mod replicas;
mod scenarios;
mod shop;
mod staff;
mod walkthrough;
mod webhooks;
