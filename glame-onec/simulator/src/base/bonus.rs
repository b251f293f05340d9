//! The bonus programme of the simulated shops: a twentieth of the sum, good for a year.

use uuid::Uuid;

use crate::document::{BonusLine, Line};
use crate::moment::{DAY, Moment};

/// How long points live.
pub(crate) const LIFE: i64 = 365 * DAY;

/// Whole points for goods, in hundredths of a point.
pub(crate) fn earned(lines: &[Line]) -> i64 {
    let kopecks: i64 = lines.iter().map(|line| line.kopecks).sum();
    kopecks.max(0) / 2_000 * 100
}

/// Points given now, and the line written ahead that burns them.
pub(crate) fn give(card: Uuid, points: i64, at: Moment) -> Vec<BonusLine> {
    movement(card, points, at, at.plus(LIFE), true)
}

/// Points taken from a lot, and the line written ahead that burns so much less of it.
pub(crate) fn take(card: Uuid, points: i64, at: Moment, burns: Moment) -> Vec<BonusLine> {
    movement(card, points, at, burns, false)
}

fn movement(card: Uuid, points: i64, at: Moment, burns: Moment, receipt: bool) -> Vec<BonusLine> {
    if points <= 0 || card.is_nil() {
        return Vec::new();
    }
    let first_accrued = burns.plus(-LIFE);
    let now = BonusLine {
        period: at,
        receipt,
        card,
        accrued: points,
        to_write_off: 0,
        first_accrued,
    };
    let later = BonusLine {
        period: burns,
        accrued: 0,
        to_write_off: points,
        ..now.clone()
    };
    vec![now, later]
}
