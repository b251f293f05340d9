#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), warn(clippy::expect_used))]

pub mod values;

pub mod catalogue;
pub mod customers;
pub mod looks;
pub mod purchases;
pub mod users;

pub mod access;
pub mod analytics;
pub mod loyalty;
pub mod segments;

pub mod ports;
pub mod sync;
pub mod webhooks;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
