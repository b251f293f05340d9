use chrono::{Datelike, NaiveDate};

/// Gives the birthday whose window holds a day, ends included.
///
/// The birthday of a year before or after counts too, so that windows reach across New Year;
/// 29 February is kept on 28 February in common years.
#[must_use]
pub(super) fn birthday_around(
    day: NaiveDate,
    birth: NaiveDate,
    days_before: u32,
    days_after: u32,
) -> Option<NaiveDate> {
    let (before, after) = (i64::from(days_before), i64::from(days_after));
    let candidates = [day.year(), day.year() - 1, day.year() + 1]
        .into_iter()
        .filter_map(|year| birthday_in(year, birth))
        .filter(|birthday| *birthday > birth);
    candidates
        .into_iter()
        .filter(|birthday| (-before..=after).contains(&(day - *birthday).num_days()))
        .min_by_key(|birthday| (day - *birthday).num_days().abs())
}

/// Tells whether a birthday may be granted beside those that were: one window a year, whatever the
/// date of birth is edited to.
#[must_use]
pub(super) fn is_another_year(birthday: NaiveDate, granted: &[NaiveDate]) -> bool {
    granted
        .iter()
        .all(|other| *other == birthday || (birthday - *other).num_days().abs() >= 365)
}

fn birthday_in(year: i32, birth: NaiveDate) -> Option<NaiveDate> {
    birth
        .with_year(year)
        .or_else(|| NaiveDate::from_ymd_opt(year, 2, 28))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_window_has_seven_days_on_each_side() {
        let cases = [
            ("2025-06-08", "1990-06-15", Some("2025-06-15")),
            ("2025-06-07", "1990-06-15", None),
            ("2025-06-15", "1990-06-15", Some("2025-06-15")),
            ("2025-06-22", "1990-06-15", Some("2025-06-15")),
            ("2025-06-23", "1990-06-15", None),
            // Across New Year, in both directions.
            ("2026-01-02", "1990-12-31", Some("2025-12-31")),
            ("2026-01-08", "1990-12-31", None),
            ("2025-12-30", "1990-01-03", Some("2026-01-03")),
            ("2025-12-26", "1990-01-03", None),
            // 29 February.
            ("2025-02-21", "1992-02-29", Some("2025-02-28")),
            ("2025-03-07", "1992-02-29", Some("2025-02-28")),
            ("2025-03-08", "1992-02-29", None),
            ("2024-03-07", "1992-02-29", Some("2024-02-29")),
            // Nobody has a birthday before having been born, nor on the day of birth.
            ("2025-06-15", "2025-06-15", None),
            ("2025-06-14", "2025-06-20", None),
        ];
        for (day, birth, expected) in cases {
            assert_eq!(
                birthday_around(date(day), date(birth), 7, 7),
                expected.map(date),
                "{day} for {birth}"
            );
        }
    }

    #[test]
    fn an_edited_birthday_grants_no_second_window() {
        let granted = [date("2025-06-15")];
        assert!(is_another_year(date("2025-06-15"), &granted));
        assert!(!is_another_year(date("2025-09-01"), &granted));
        assert!(!is_another_year(date("2026-06-14"), &granted));
        assert!(is_another_year(date("2026-06-15"), &granted));
        // From 29 February to 28 February is a year too.
        assert!(is_another_year(date("2025-02-28"), &[date("2024-02-29")]));
        assert!(is_another_year(date("2028-02-29"), &[date("2027-02-28")]));
    }
}
