use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use glame_core::values::start_of_day;

/// An instant, or a day of the programme's calendar, as a person writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Instant(DateTime<Utc>),
    Day(NaiveDate),
}

/// Tells that a text is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an instant like 2026-01-31T12:00:00+03:00 or a day like 2026-01-31, in the years \
     1900 to 9999"
)]
pub(super) struct ParseMomentError;

impl FromStr for Moment {
    type Err = ParseMomentError;

    fn from_str(text: &str) -> Result<Self, ParseMomentError> {
        if let Ok(day) = text.parse::<NaiveDate>() {
            return is_sensible(day.year())
                .then_some(Self::Day(day))
                .ok_or(ParseMomentError);
        }
        let instant = DateTime::parse_from_rfc3339(text).map_err(|_| ParseMomentError)?;
        kept(instant.with_timezone(&Utc)).map(Self::Instant)
    }
}

impl Moment {
    /// Gives the instant, or the first one of the day.
    pub(super) fn begin(self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => instant,
            // The days that are taken have a beginning in every zone.
            Self::Day(day) => start_of_day(day, zone).unwrap_or_default(),
        }
    }

    /// Gives the instant, or the last one of the day.
    pub(super) fn end(self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => instant,
            Self::Day(day) => {
                let next = day.succ_opt().unwrap_or(day);
                Self::Day(next).begin(zone) - TimeDelta::microseconds(1)
            }
        }
    }
}

/// Cuts an instant to the microseconds that databases keep, if it lies in sensible years.
pub(super) fn kept(instant: DateTime<Utc>) -> Result<DateTime<Utc>, ParseMomentError> {
    is_sensible(instant.year())
        .then(|| instant.trunc_subsecs(6))
        .ok_or(ParseMomentError)
}

const fn is_sensible(year: i32) -> bool {
    1900 <= year && year <= 9999
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_a_begin_and_an_end_in_its_zone() {
        let day: Moment = "2026-01-31".parse().unwrap();
        let zone = chrono_tz::Europe::Moscow;
        assert_eq!(day.begin(zone).to_rfc3339(), "2026-01-30T21:00:00+00:00");
        assert_eq!(
            day.end(zone).to_rfc3339(),
            "2026-01-31T20:59:59.999999+00:00"
        );
    }

    #[test]
    fn an_instant_is_cut_to_microseconds() {
        let moment: Moment = "2026-01-31T12:00:00.123456789+03:00".parse().unwrap();
        let zone = chrono_tz::Europe::Moscow;
        assert_eq!(moment.begin(zone), moment.end(zone));
        assert_eq!(
            moment.begin(zone).to_rfc3339(),
            "2026-01-31T09:00:00.123456+00:00"
        );
    }

    #[test]
    fn other_texts_and_years_are_refused() {
        for text in [
            "",
            "now",
            "2026-13-01",
            "2026-01-31T12:00:00",
            "1899-12-31",
            "+12026-01-01",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(ParseMomentError), "{text}");
        }
    }
}
