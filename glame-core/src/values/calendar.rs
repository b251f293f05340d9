use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::{EmptyRange, PeriodRange};

/// Gives the instant at which a day begins in a zone; none beyond all calendars.
///
/// Where clocks leap over midnight, the day begins when they have landed.
#[must_use]
pub fn start_of_day(date: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = zone.from_local_datetime(&date.and_time(NaiveTime::MIN));
    let begin = midnight.earliest().or_else(|| {
        zone.from_local_datetime(&date.and_hms_opt(1, 0, 0)?)
            .earliest()
    })?;
    Some(begin.with_timezone(&Utc))
}

/// Gives the instants of the days from `first` to `last`, both of them in it, in a zone.
///
/// A missing day leaves its end open, and so does a day beyond all calendars.
///
/// # Errors
/// [`EmptyRange`] if the last day lies before the first.
pub fn days_between(
    first: Option<NaiveDate>,
    last: Option<NaiveDate>,
    zone: Tz,
) -> Result<PeriodRange, EmptyRange> {
    let from = first.and_then(|day| start_of_day(day, zone));
    let to = last
        .and_then(|day| day.succ_opt())
        .and_then(|day| start_of_day(day, zone));
    PeriodRange::try_new(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_has_no_midnight_begins_an_hour_later() {
        let begin = |date: &str, zone| {
            start_of_day(date.parse().unwrap(), zone)
                .unwrap()
                .to_rfc3339()
        };
        assert_eq!(
            begin("2025-06-15", chrono_tz::Europe::Moscow),
            "2025-06-14T21:00:00+00:00"
        );
        assert_eq!(
            begin("2018-11-04", chrono_tz::America::Sao_Paulo),
            "2018-11-04T03:00:00+00:00"
        );
    }

    #[test]
    fn the_last_day_is_in_the_range_with_its_last_second() {
        let day = |text: &str| Some(text.parse().unwrap());
        let moscow = chrono_tz::Europe::Moscow;
        let december = days_between(day("2025-12-31"), day("2025-12-31"), moscow).unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert!(december.contains(at("2025-12-31T23:30:00+03:00")));
        assert!(december.contains(at("2025-12-31T00:00:00+03:00")));
        assert!(!december.contains(at("2026-01-01T00:00:00+03:00")));
        assert_eq!(
            days_between(None, None, moscow),
            Ok(PeriodRange::EVERYTHING)
        );
        assert_eq!(
            days_between(day("2025-12-31"), day("2025-12-30"), moscow),
            Err(EmptyRange)
        );
    }
}
