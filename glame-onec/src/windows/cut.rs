use chrono::{NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use super::{Stretch, TimedRow};
use crate::local_time;

/// Rows as they came.
#[derive(Debug)]
pub(super) struct Fetched<R> {
    pub(super) rows: Vec<R>,
    /// Whether the base accepted an order.
    pub(super) ordered: bool,
}

/// What becomes of a window that holds more than a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut<R> {
    /// It ends here, with these rows.
    Before(NaiveDateTime, Vec<R>),
    /// It must be read again up to here.
    Narrower(NaiveDateTime),
    /// All its rows lie in one second.
    OneSecond(Stretch),
    /// No row says where it lies.
    Unreadable,
}

/// Decides where a window ends of which more came than was asked for.
pub(super) fn cut<R: TimedRow>(fetched: Fetched<R>, part: Stretch, zone: Tz) -> Cut<R> {
    let Fetched { mut rows, ordered } = fetched;
    let sorted = ordered && rows.iter().filter_map(TimedRow::at).is_sorted();
    let second = part.from.map(|from| Stretch {
        from: Some(from),
        to: Some(next_bound(from, zone)),
    });
    let progress = |end: NaiveDateTime| part.from.is_none_or(|from| from < end);
    if sorted {
        let last = rows
            .iter()
            .rev()
            .find_map(TimedRow::at)
            .map(|at| bound(at, zone));
        if let Some(end) = last.filter(|end| progress(*end)) {
            rows.retain(|row| row.at().is_none_or(|at| at < end));
            return Cut::Before(end, rows);
        }
    }
    let mut moments: Vec<NaiveDateTime> = rows
        .iter()
        .filter_map(TimedRow::at)
        .map(|at| bound(at, zone))
        .collect();
    moments.sort_unstable();
    let middle = moments
        .get(moments.len() / 2)
        .copied()
        .filter(|end| progress(*end));
    let later = || moments.iter().copied().find(|end| progress(*end));
    match (middle.or_else(later), second) {
        (Some(end), _) if Some(end) != part.to => Cut::Narrower(end),
        (_, Some(second)) if part.to == second.to || sorted => Cut::OneSecond(second),
        (_, Some(second)) => Cut::Narrower(second.to.unwrap_or_default()),
        (_, None) => Cut::Unreadable,
    }
}

/// Moves a moment back to where the dates begin that map to the same instant.
pub(super) fn bound(at: NaiveDateTime, zone: Tz) -> NaiveDateTime {
    local_time::first_local_from(local_time::to_utc(at, zone), zone)
}

/// Gives the end of the second that begins here.
fn next_bound(from: NaiveDateTime, zone: Tz) -> NaiveDateTime {
    local_time::first_local_from(local_time::to_utc(from, zone) + TimeDelta::seconds(1), zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Row(NaiveDateTime);

    impl TimedRow for Row {
        type Key = NaiveDateTime;

        fn at(&self) -> Option<NaiveDateTime> {
            Some(self.0)
        }

        fn key(&self) -> Option<NaiveDateTime> {
            Some(self.0)
        }
    }

    const ZONE: Tz = Tz::Europe__Moscow;

    fn at(second: u32) -> NaiveDateTime {
        let day = chrono::NaiveDate::from_ymd_opt(2025, 3, 1).unwrap();
        day.and_hms_opt(10, 0, second).unwrap()
    }

    fn cut_of(seconds: &[u32], ordered: bool, from: Option<u32>, to: Option<u32>) -> Cut<Row> {
        let rows = seconds.iter().map(|second| Row(at(*second))).collect();
        let part = Stretch {
            from: from.map(at),
            to: to.map(at),
        };
        cut(Fetched { rows, ordered }, part, ZONE)
    }

    #[test]
    fn ordered_rows_are_cut_before_the_last_moment() {
        let kept = vec![Row(at(1)), Row(at(2))];
        assert_eq!(
            cut_of(&[1, 2, 3, 3], true, Some(1), None),
            Cut::Before(at(3), kept)
        );
        assert_eq!(
            cut_of(&[5, 5], true, Some(1), None),
            Cut::Before(at(5), vec![])
        );
        assert_eq!(
            cut_of(&[5, 5], true, None, None),
            Cut::Before(at(5), vec![])
        );
    }

    #[test]
    fn unordered_rows_narrow_the_window() {
        assert_eq!(
            cut_of(&[9, 1, 5], false, Some(0), None),
            Cut::Narrower(at(5))
        );
        assert_eq!(
            cut_of(&[9, 1, 5], true, Some(0), None),
            Cut::Narrower(at(5)),
            "order is checked"
        );
        assert_eq!(
            cut_of(&[1, 1, 1, 9], false, Some(1), None),
            Cut::Narrower(at(9))
        );
        assert_eq!(
            cut_of(&[1, 1, 1], false, Some(1), None),
            Cut::Narrower(at(2))
        );
    }

    #[test]
    fn a_crowded_second_is_read_apart() {
        let second = Stretch {
            from: Some(at(1)),
            to: Some(at(2)),
        };
        assert_eq!(
            cut_of(&[1, 1, 1], true, Some(1), None),
            Cut::OneSecond(second)
        );
        assert_eq!(
            cut_of(&[1, 1, 1], false, Some(1), Some(2)),
            Cut::OneSecond(second)
        );
    }
}
