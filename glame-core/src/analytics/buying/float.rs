//! Where whole numbers become doubles, and doubles money.

use crate::values::Money;

/// Gives the nearest double of a count.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "the nearest double is meant; counts beyond 2^53 do not occur"
)]
pub(in crate::analytics) const fn of_count(count: usize) -> f64 {
    count as f64
}

/// Gives the nearest double of an amount in kopecks.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "the nearest double is meant"
)]
pub(super) const fn of_kopecks(kopecks: i64) -> f64 {
    kopecks as f64
}

/// Gives the nearest double of a sum of squares.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "the nearest double is meant"
)]
pub(super) const fn of_sum(sum: i128) -> f64 {
    sum as f64
}

/// Rounds an amount in kopecks once, half away from zero; it stops at the limits of 64 bits.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the conversion saturates"
)]
pub(super) const fn to_money(kopecks: f64) -> Money {
    Money::from_kopecks(kopecks.round() as i64)
}

/// Rounds a stretch of days to whole ones, for stretches that a calendar can hold.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the conversion saturates"
)]
pub(super) const fn to_days(days: f64) -> i64 {
    days.round() as i64
}

/// Gives so many weeks in whole days.
pub(in crate::analytics) const fn whole_days(weeks: f64) -> i64 {
    to_days(weeks * 7.0)
}
