//! A local date and time as 1C keeps it: without a zone, to the second.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::json::push_padded;

/// Seconds since 1970-01-01T00:00:00 of the base's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(i64);

pub(crate) const DAY: i64 = 86_400;

impl Moment {
    /// 0001-01-01T00:00:00, which 1C shows for a date that nobody filled in.
    pub(crate) const EMPTY: Self = Self(-62_135_596_800);
    pub(crate) const MIN: Self = Self(i64::MIN);
    pub(crate) const MAX: Self = Self(i64::MAX);

    pub(crate) const fn seconds(self) -> i64 {
        self.0
    }

    /// Midnight of a day that is known to exist.
    pub(crate) fn midnight(year: i32, month: u32, day: u32) -> Self {
        NaiveDate::from_ymd_opt(year, month, day)
            .and_then(|date| date.and_hms_opt(0, 0, 0))
            .map_or(Self::EMPTY, Self::from)
    }

    pub(crate) const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    pub(crate) fn naive(self) -> NaiveDateTime {
        DateTime::from_timestamp(self.0, 0).map_or(NaiveDateTime::MIN, |at| at.naive_utc())
    }

    pub(crate) fn date(self) -> NaiveDate {
        self.naive().date()
    }

    pub(crate) const fn start_of_day(self) -> Self {
        Self(self.0 - self.0.rem_euclid(DAY))
    }

    /// Reads `2025-03-01T14:05:09`; a zone or a fraction is refused, as 1C refuses it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != 19 {
            return None;
        }
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S")
            .ok()
            .map(Self::from)
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        use chrono::{Datelike, Timelike};
        let at = self.naive();
        push_padded(out, at.year().unsigned_abs(), 4);
        for (mark, part) in [(b'-', at.month()), (b'-', at.day()), (b'T', at.hour())] {
            out.push(mark);
            push_padded(out, part, 2);
        }
        for part in [at.minute(), at.second()] {
            out.push(b':');
            push_padded(out, part, 2);
        }
    }
}

impl From<NaiveDateTime> for Moment {
    fn from(at: NaiveDateTime) -> Self {
        Self(at.and_utc().timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(moment: Moment) -> String {
        let mut out = Vec::new();
        moment.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_moment_is_written_as_it_was_read() {
        for text in [
            "0001-01-01T00:00:00",
            "0209-05-14T10:00:01",
            "2025-03-01T14:05:09",
            "3999-12-31T23:59:59",
        ] {
            assert_eq!(written(Moment::parse(text).unwrap()), text);
        }
        assert_eq!(Moment::parse("0001-01-01T00:00:00"), Some(Moment::EMPTY));
    }

    #[test]
    fn zones_fractions_and_short_years_are_refused() {
        for text in [
            "2025-03-01T14:05:09Z",
            "2025-03-01T14:05",
            "25-03-01T14:05:09",
            "2025-03-01",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
