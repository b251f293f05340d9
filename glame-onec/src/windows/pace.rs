use chrono::{DateTime, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::Stretch;
use super::cut::bound;
use crate::errors::{Fault, FaultKind};

/// The fewest rows that a page is shrunk to.
const FEWEST_ROWS: u32 = 50;
/// A span so long that it may as well be open.
const OPEN_SPAN: i64 = 100 * YEAR;
const YEAR: i64 = 366 * 24 * 60 * 60;

/// How much is asked for at once: it shrinks when 1C cannot, and grows slowly when it can.
///
/// It travels in cursors, so that a restart does not learn it anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pace {
    /// The rows of a page.
    rows: u32,
    /// The rows of a page by the settings.
    most_rows: u32,
    /// The seconds of a window; open if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    span: Option<i64>,
    /// The seconds that were too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    too_long: Option<i64>,
}

impl Pace {
    pub(crate) const fn new(rows: u32) -> Self {
        Self {
            rows,
            most_rows: rows,
            span: None,
            too_long: None,
        }
    }

    /// Gives the rows of a page.
    pub(crate) const fn rows(&self) -> u32 {
        self.rows
    }

    /// Says where the first window of a stretch ends.
    pub(super) fn end_of_first_window(
        &self,
        stretch: Stretch,
        now: Option<NaiveDateTime>,
        zone: Tz,
    ) -> Option<NaiveDateTime> {
        let Some(span) = self.span else {
            return stretch.to;
        };
        let end = match stretch.from {
            None => start_of_trade(),
            Some(from) => {
                let end = after(from, span, zone);
                // Past the present there is little: the rest is one window.
                if now.is_some_and(|now| now < end) {
                    return stretch.to;
                }
                end
            }
        };
        Some(stretch.to.map_or(end, |to| to.min(end)))
    }

    /// Learns that a whole window came.
    pub(super) fn grow(&mut self, part: Stretch, rows: usize) {
        self.filled();
        let (Some(from), Some(to)) = (part.from, part.to) else {
            return;
        };
        if self.span.is_none() {
            return;
        }
        let covered = (to - from).num_seconds().max(1);
        let rows = i64::try_from(rows).unwrap_or(i64::MAX).max(1);
        let aim = i64::from(self.rows) * 7 / 10;
        let mut next = covered.saturating_mul(aim.min(rows.saturating_mul(4))) / rows;
        if let Some(too_long) = self.too_long {
            next = next.min(too_long * 4 / 5);
            self.too_long = Some(too_long.saturating_add(too_long / 8));
        }
        self.span = (next < OPEN_SPAN).then_some(next.max(1));
    }

    /// Learns that a page came.
    pub(super) fn filled(&mut self) {
        self.rows = (self.rows + self.rows / 2).min(self.most_rows);
    }

    /// Learns that a window held too many rows in no order.
    pub(super) fn narrowed(&mut self, from: Option<NaiveDateTime>, to: NaiveDateTime) {
        self.span = from
            .map(|from| (to - from).num_seconds().max(1))
            .or(self.span);
    }

    /// Asks for fewer rows, if fewer can be asked for.
    pub(crate) fn fewer_rows(&mut self) -> bool {
        let fewer = (self.rows / 2).max(FEWEST_ROWS).min(self.rows);
        std::mem::replace(&mut self.rows, fewer) != fewer
    }

    /// Learns that 1C could not; gives the end of a smaller window or gives up.
    pub(super) fn shrink(
        &mut self,
        part: Stretch,
        fault: Fault,
        now: Option<NaiveDateTime>,
        zone: Tz,
    ) -> Result<Option<NaiveDateTime>, Fault> {
        let fewer = fault.kind != FaultKind::OutOfMemory && self.fewer_rows();
        if fewer && fault.kind == FaultKind::TooLarge {
            return Ok(part.to);
        }
        let end = match (part.from, part.to) {
            (None, to) if to.is_none_or(|to| start_of_trade() < to) => {
                self.span = Some(YEAR);
                return Ok(Some(start_of_trade()));
            }
            (None, _) => None,
            (Some(from), to) => {
                let far = now
                    .filter(|now| *now > from)
                    .map_or(YEAR, |now| (now - from).num_seconds());
                let span = to.map_or(far.max(2), |to| (to - from).num_seconds());
                self.too_long = Some(span);
                self.span = Some((span / 2).max(1));
                let end = after(from, span / 2, zone);
                (from < end && to != Some(end)).then_some(end)
            }
        };
        match end {
            Some(end) => Ok(Some(end)),
            None if fewer => Ok(part.to),
            None => Err(fault),
        }
    }
}

fn after(from: NaiveDateTime, seconds: i64, zone: Tz) -> NaiveDateTime {
    let end = TimeDelta::try_seconds(seconds).and_then(|span| from.checked_add_signed(span));
    end.map_or(NaiveDateTime::MAX, |end| bound(end, zone))
}

/// Before this there are only stray dates.
fn start_of_trade() -> NaiveDateTime {
    DateTime::from_timestamp(946_684_800, 0)
        .unwrap_or_default()
        .naive_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = Tz::Europe__Moscow;

    fn day(day: u32) -> NaiveDateTime {
        chrono::NaiveDate::from_ymd_opt(2025, 3, day)
            .unwrap()
            .and_hms_opt(0, 0, 0)
            .unwrap()
    }

    fn stretch(from: u32, to: u32) -> Stretch {
        Stretch {
            from: Some(day(from)),
            to: Some(day(to)),
        }
    }

    #[test]
    fn without_trouble_everything_is_asked_for_at_once() {
        let pace = Pace::new(1_000);
        let open = Stretch {
            from: None,
            to: None,
        };
        assert_eq!(pace.end_of_first_window(open, Some(day(1)), ZONE), None);
        assert_eq!(
            pace.end_of_first_window(stretch(1, 9), Some(day(1)), ZONE),
            Some(day(9))
        );
    }

    #[test]
    fn a_lack_of_memory_halves_the_window_and_slowness_the_page_too() {
        let mut pace = Pace::new(1_000);
        let end = pace
            .shrink(
                stretch(1, 9),
                Fault::new(FaultKind::OutOfMemory),
                None,
                ZONE,
            )
            .unwrap();
        assert_eq!((end, pace.rows()), (Some(day(5)), 1_000));
        let end = pace
            .shrink(stretch(1, 5), Fault::new(FaultKind::Slow), None, ZONE)
            .unwrap();
        assert_eq!((end, pace.rows()), (Some(day(3)), 500));
        let end = pace
            .shrink(stretch(1, 3), Fault::new(FaultKind::TooLarge), None, ZONE)
            .unwrap();
        assert_eq!((end, pace.rows()), (Some(day(3)), 250));
    }

    #[test]
    fn an_open_window_is_closed_before_it_is_halved() {
        let mut pace = Pace::new(1_000);
        let open = Stretch {
            from: None,
            to: None,
        };
        let fault = || Fault::new(FaultKind::OutOfMemory);
        assert_eq!(
            pace.shrink(open, fault(), None, ZONE).unwrap(),
            Some(start_of_trade())
        );
        let to_the_right = Stretch {
            from: Some(day(1)),
            to: None,
        };
        assert_eq!(
            pace.shrink(to_the_right, fault(), Some(day(9)), ZONE)
                .unwrap(),
            Some(day(5))
        );
        assert_eq!(
            pace.end_of_first_window(to_the_right, Some(day(9)), ZONE),
            Some(day(5))
        );
        assert_eq!(
            pace.end_of_first_window(to_the_right, Some(day(4)), ZONE),
            None
        );
    }

    #[test]
    fn it_gives_up_when_nothing_smaller_can_be_asked_for() {
        let mut pace = Pace::new(50);
        let second = Stretch {
            from: Some(day(1)),
            to: Some(day(1) + TimeDelta::seconds(1)),
        };
        assert!(
            pace.shrink(second, Fault::new(FaultKind::OutOfMemory), None, ZONE)
                .is_err()
        );
        assert!(
            pace.shrink(second, Fault::new(FaultKind::TooLarge), None, ZONE)
                .is_err()
        );
    }

    #[test]
    fn it_grows_back_but_stays_below_what_was_too_much() {
        let mut pace = Pace::new(1_000);
        pace.shrink(stretch(1, 9), Fault::new(FaultKind::Slow), None, ZONE)
            .unwrap();
        pace.grow(stretch(1, 5), 10);
        assert_eq!(pace.rows(), 750);
        let eight_days = 8 * 24 * 60 * 60;
        assert!(pace.span.unwrap() < eight_days && pace.span.unwrap() > eight_days / 2);
        for _ in 0..200 {
            pace.grow(stretch(1, 9), 1);
        }
        assert_eq!(pace.rows(), 1_000);
    }
}
