//! 1C's dates have no zone: they are read in the zone of the base.
//!
//! The mapping never goes backwards, so that a window of local time is a window of instants.

use chrono::{DateTime, Days, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

const FORMAT: &str = "%Y-%m-%dT%H:%M:%S";
const DAY: i64 = 24 * 60 * 60;

/// Tells that a text is not a date of 1C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date of 1C: expected 2025-03-01T14:05:09")]
pub(crate) struct DateError;

/// Reads a date; 1C's empty date is none.
pub(crate) fn parse(text: &str) -> Result<Option<NaiveDateTime>, DateError> {
    let date = match plain(text.as_bytes()) {
        Some(date) => date,
        // A fraction or a zone was never seen; if a version of 1C sends one, the second is what counts.
        None => NaiveDateTime::parse_from_str(text.get(..19).unwrap_or(text), FORMAT)
            .map_err(|_| DateError)?,
    };
    Ok((date != empty()).then_some(date))
}

/// Reads the one form that 1C sends, which is most of the work of a page.
fn plain(text: &[u8]) -> Option<NaiveDateTime> {
    let shape = text.len() == 19
        && text[4] == b'-'
        && text[7] == b'-'
        && text[10] == b'T'
        && text[13] == b':'
        && text[16] == b':';
    if !shape {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        text[range].iter().try_fold(0_u32, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + u32::from(byte - b'0'))
        })
    };
    let year = i32::try_from(number(0..4)?).ok()?;
    chrono::NaiveDate::from_ymd_opt(year, number(5..7)?, number(8..10)?)?.and_hms_opt(
        number(11..13)?,
        number(14..16)?,
        number(17..19)?,
    )
}

/// Gives the instant of a local date.
///
/// Of two instants with the same local date the earlier is taken; a date that a change of clocks
/// skipped becomes the instant of the change.
pub(crate) fn to_utc(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at.to_utc(),
        MappedLocalTime::None => transition_before(local, zone),
    }
}

/// Gives the local date of an instant.
pub(crate) fn to_local(at: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    zone.from_utc_datetime(&at.naive_utc()).naive_local()
}

/// Gives the first local second from which on everything maps to `at` or later.
///
/// It makes the bounds of a window: what lies before it maps before `at`, the rest does not.
pub(crate) fn first_local_from(at: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    let local = to_local(at, zone).and_utc().timestamp();
    let (mut low, mut high) = (local - DAY, local + DAY);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if to_utc(whole_second(middle), zone) < at {
            low = middle;
        } else {
            high = middle;
        }
    }
    whole_second(high)
}

fn whole_second(timestamp: i64) -> NaiveDateTime {
    DateTime::from_timestamp(timestamp, 0)
        .unwrap_or_default()
        .naive_utc()
}

/// Finds the instant at which the clocks were put over this date.
fn transition_before(skipped: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let known = |local: NaiveDateTime| zone.from_local_datetime(&local).earliest();
    let mut low = skipped - Days::new(1);
    let mut high = skipped;
    while high - low > TimeDelta::seconds(1) {
        let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
        if known(middle).is_some() {
            low = middle;
        } else {
            high = middle;
        }
    }
    // The last second before the gap, plus one: the instant of the change.
    match known(low) {
        Some(at) => at.to_utc() + TimeDelta::seconds(1),
        None => low.and_utc(),
    }
}

fn empty() -> NaiveDateTime {
    DateTime::from_timestamp(-62_135_596_800, 0)
        .unwrap_or_default()
        .naive_utc()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    fn date(text: &str) -> NaiveDateTime {
        parse(text).unwrap().unwrap()
    }

    fn utc(text: &str, zone: Tz) -> String {
        to_utc(date(text), zone).format(FORMAT).to_string()
    }

    #[test]
    fn dates_are_read_and_the_empty_date_is_none() {
        assert_eq!(parse("0001-01-01T00:00:00"), Ok(None));
        for stray in [
            "0209-04-05T10:00:00",
            "3999-11-01T00:00:00",
            "2024-02-29T23:59:59",
        ] {
            assert_eq!(date(stray).format(FORMAT).to_string(), stray);
        }
        assert_eq!(date("2025-03-01T14:05:09.5Z"), date("2025-03-01T14:05:09"));
        for text in [
            "",
            "2025-03-01",
            "2025-02-30T00:00:00",
            "2025-03-01 14:05:09",
            "вчера",
        ] {
            assert_eq!(parse(text), Err(DateError), "{text}");
        }
    }

    #[test]
    fn moscow_is_three_hours_ahead_and_was_four() {
        assert_eq!(
            utc("2024-12-31T23:30:00", Tz::Europe__Moscow),
            "2024-12-31T20:30:00"
        );
        assert_eq!(
            utc("2012-01-01T00:00:00", Tz::Europe__Moscow),
            "2011-12-31T20:00:00"
        );
    }

    #[test]
    fn a_repeated_hour_is_the_earlier_and_a_skipped_one_is_the_change() {
        let berlin = Tz::Europe__Berlin;
        assert_eq!(utc("2025-10-26T02:30:00", berlin), "2025-10-26T00:30:00");
        assert_eq!(utc("2025-03-30T02:00:00", berlin), "2025-03-30T01:00:00");
        assert_eq!(utc("2025-03-30T02:30:00", berlin), "2025-03-30T01:00:00");
        assert_eq!(utc("2025-03-30T03:00:00", berlin), "2025-03-30T01:00:00");
    }

    #[test]
    fn the_bound_of_a_window_respects_changes_of_the_clocks() {
        let berlin = Tz::Europe__Berlin;
        // 01:30 UTC is the second 02:30 of that night; every date of that hour maps to 00:xx UTC.
        let at = date("2025-10-26T01:30:00").and_utc();
        let bound = first_local_from(at, berlin);
        assert_eq!(bound, date("2025-10-26T03:00:00"));
        // The dates that the change skipped all map to the change, so they lie behind the bound.
        let change = date("2025-03-30T01:00:00").and_utc();
        assert_eq!(
            first_local_from(change, berlin),
            date("2025-03-30T02:00:00")
        );
    }

    proptest! {
        #[test]
        fn the_mapping_never_goes_backwards(seconds in -60_000_000_000_i64..60_000_000_000, step in 0_i64..100_000) {
            let early = DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            let late = early + TimeDelta::seconds(step);
            for zone in [Tz::Europe__Moscow, Tz::Europe__Berlin, Tz::Asia__Almaty] {
                assert!(to_utc(early, zone) <= to_utc(late, zone));
            }
        }

        #[test]
        fn a_bound_splits_dates_as_its_instant_splits_instants(
            seconds in 1_000_000_000_i64..2_000_000_000,
            step in -10_000_i64..10_000,
        ) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            for zone in [Tz::Europe__Moscow, Tz::Europe__Berlin, Tz::America__New_York] {
                let bound = first_local_from(at, zone);
                let other = to_local(at, zone) + TimeDelta::seconds(step);
                assert_eq!(other < bound, to_utc(other, zone) < at, "{at} {other} {bound}");
            }
        }
    }
}
