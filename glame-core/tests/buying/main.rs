//! The buying models against reference tables, and against data that no model likes.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]
#![expect(clippy::float_arithmetic, reason = "these are statistics")]

mod cdnow;

mod fits;
mod forecasts;
mod held_out;
mod hostile;
mod predictions;
mod rfm;
