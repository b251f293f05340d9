use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

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
}
