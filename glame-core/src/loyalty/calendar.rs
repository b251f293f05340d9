use chrono::{DateTime, Days, Utc};
use chrono_tz::Tz;

use crate::values::start_of_day;

/// Gives the instant at which the last of so many whole days after an instant is over.
///
/// Points that live 30 days from a purchase at noon of 1 June live until the end of 1 July in the
/// programme's zone; beyond all calendars they live for ever.
pub(super) fn end_of_day_after(at: DateTime<Utc>, days: u32, zone: Tz) -> Option<DateTime<Utc>> {
    let date = at.with_timezone(&zone).date_naive();
    let after = date.checked_add_days(Days::new(u64::from(days) + 1))?;
    start_of_day(after, zone)
}

/// Gives the instant at which the last of so many whole days before the day after an instant began.
///
/// Points that can be spent from the 14th day after a purchase can be so from midnight on.
pub(super) fn start_of_day_after(at: DateTime<Utc>, days: u32, zone: Tz) -> DateTime<Utc> {
    if days == 0 {
        return at;
    }
    let date = at.with_timezone(&zone).date_naive();
    date.checked_add_days(Days::new(u64::from(days)))
        .and_then(|date| start_of_day(date, zone))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::minute;

    #[test]
    fn days_are_those_of_the_programmes_zone() {
        let moscow = chrono_tz::Europe::Moscow;
        let show = |at: DateTime<Utc>| at.to_rfc3339();
        let end = end_of_day_after(minute(0), 30, moscow).unwrap();
        assert_eq!(show(end), "2025-07-15T21:00:00+00:00");
        let start = start_of_day_after(minute(0), 14, moscow);
        assert_eq!(show(start), "2025-06-28T21:00:00+00:00");
        assert_eq!(start_of_day_after(minute(0), 0, moscow), minute(0));
    }

    #[test]
    fn a_day_of_another_length_is_a_day() {
        // Berlin's clocks go back on 26 October 2025: that day has 25 hours.
        let berlin = chrono_tz::Europe::Berlin;
        let noon = "2025-10-25T10:00:00Z".parse().unwrap();
        let end = end_of_day_after(noon, 1, berlin).unwrap();
        assert_eq!(end.to_rfc3339(), "2025-10-26T23:00:00+00:00");
    }
}
