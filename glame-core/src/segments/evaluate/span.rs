use chrono::{Datelike, Days, NaiveDate};

use crate::segments::rule::{Operand, Operator};

/// Which numbers pass: those in one of some closed ranges, or those in none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::segments) struct Span {
    pub(super) ranges: Vec<(i64, i64)>,
    pub(super) is_negated: bool,
}

impl Span {
    const fn of(ranges: Vec<(i64, i64)>) -> Self {
        Self {
            ranges,
            is_negated: false,
        }
    }

    /// Nothing passes.
    const NOTHING: Self = Self::of(Vec::new());

    /// Tells what a comparison lets pass.
    pub(super) fn of_number(op: Operator, operand: &Operand) -> Self {
        let one = |from, to| Self::of(vec![(from, to)]);
        match (op, operand) {
            (Operator::Eq, Operand::Number(value)) => one(*value, *value),
            (Operator::Ne, Operand::Number(value)) => Self {
                is_negated: true,
                ..one(*value, *value)
            },
            (Operator::Lt, Operand::Number(value)) => one(i64::MIN, value.saturating_sub(1)),
            (Operator::Lte, Operand::Number(value)) => one(i64::MIN, *value),
            (Operator::Gt, Operand::Number(value)) => one(value.saturating_add(1), i64::MAX),
            (Operator::Gte, Operand::Number(value)) => one(*value, i64::MAX),
            (Operator::Between, Operand::NumberPair(from, to)) => one(*from, *to),
            (Operator::In, Operand::Numbers(values)) => {
                Self::of(values.iter().map(|value| (*value, *value)).collect())
            }
            _ => Self::NOTHING,
        }
    }

    /// Tells which days a comparison lets pass, as days of the common era.
    pub(super) fn of_date(op: Operator, operand: &Operand, today: NaiveDate) -> Self {
        let one = |from, to| Self::of(vec![(from, to)]);
        let number = |date: &NaiveDate| i64::from(date.num_days_from_ce());
        let today = number(&today);
        match (op, operand) {
            (Operator::On, Operand::Date(date)) => one(number(date), number(date)),
            (Operator::Before, Operand::Date(date)) => one(i64::MIN, number(date) - 1),
            (Operator::After, Operand::Date(date)) => one(number(date) + 1, i64::MAX),
            (Operator::OnOrBefore, Operand::Date(date)) => one(i64::MIN, number(date)),
            (Operator::OnOrAfter, Operand::Date(date)) => one(number(date), i64::MAX),
            (Operator::Between, Operand::DatePair(from, to)) => one(number(from), number(to)),
            (Operator::WithinLastDays, Operand::Number(days)) => one(today - days, today),
            (Operator::MoreThanDaysAgo, Operand::Number(days)) => one(i64::MIN, today - days - 1),
            _ => Self::NOTHING,
        }
    }

    /// Turns numbers of silent days into days of the last purchase.
    ///
    /// A purchase after today is no silence at all: nought days.
    pub(super) fn of_silence(self, today: NaiveDate) -> Self {
        let today = i64::from(today.num_days_from_ce());
        self.mapped(|from, to| {
            let first = if to == i64::MAX { i64::MIN } else { today - to };
            let last = if from <= 0 {
                i64::MAX
            } else {
                today.saturating_sub(from)
            };
            (to >= 0).then_some((first, last))
        })
    }

    /// Turns ages in full years into days of birth.
    pub(super) fn of_age(self, today: NaiveDate) -> Self {
        self.mapped(|from, to| {
            // Whoever is at least `from` was born then or before…
            let last = if from <= 0 {
                i64::MAX
            } else {
                born_before(today, from)
            };
            // …and whoever is not yet `to + 1`, after that.
            let first = if to == i64::MAX {
                i64::MIN
            } else {
                born_before(today, to + 1) + 1
            };
            (to >= 0).then_some((first, last))
        })
    }

    fn mapped(self, map: impl Fn(i64, i64) -> Option<(i64, i64)>) -> Self {
        let ranges = self.ranges.into_iter();
        Self {
            ranges: ranges.filter_map(|(from, to)| map(from, to)).collect(),
            is_negated: self.is_negated,
        }
    }

    pub(super) fn holds(&self, number: i64) -> bool {
        let is_in = self
            .ranges
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&number));
        is_in != self.is_negated
    }
}

/// Tells whether someone is so many full years old.
pub(in crate::segments) fn is_so_old(today: NaiveDate, birth: NaiveDate, years: i64) -> bool {
    let exactly = Span::of_number(Operator::Eq, &Operand::Number(years));
    exactly
        .of_age(today)
        .holds(i64::from(birth.num_days_from_ce()))
}

/// Gives the last day on which someone was born who is so old today.
fn born_before(today: NaiveDate, years: i64) -> i64 {
    let year = i32::try_from(years)
        .ok()
        .and_then(|years| today.year().checked_sub(years));
    let Some(year) = year else {
        return i64::MIN / 2;
    };
    let same_day = NaiveDate::from_ymd_opt(year, today.month(), today.day());
    let is_last_of_february = today.month() == 2 && is_new_month_tomorrow(today);
    // Whoever was born on 29 February has the birthday on 28 February in common years.
    let leap_day = NaiveDate::from_ymd_opt(year, 2, 29).filter(|_| is_last_of_february);
    let day = leap_day
        .or(same_day)
        .or_else(|| NaiveDate::from_ymd_opt(year, 2, 28));
    day.map_or(i64::MIN / 2, |day| i64::from(day.num_days_from_ce()))
}

fn is_new_month_tomorrow(day: NaiveDate) -> bool {
    let tomorrow = day.checked_add_days(Days::new(1));
    tomorrow.is_some_and(|tomorrow| tomorrow.month() != day.month())
}

/// Tells of each month and day of birth (month × 32 + day) whether the birthday passes.
pub(super) fn birthday_table(op: Operator, operand: &Operand, today: NaiveDate) -> Vec<bool> {
    let mut table = vec![false; 13 * 32];
    for month in 1..=12_u32 {
        for day in 1..=31_u32 {
            let passes = match (op, operand) {
                (Operator::InMonths, Operand::Numbers(months)) => {
                    months.contains(&i64::from(month))
                }
                (Operator::WithinNextDays, Operand::Number(days)) => {
                    birthdays(today, month, day).any(|away| (0..=*days).contains(&away))
                }
                (Operator::WithinLastDays, Operand::Number(days)) => {
                    birthdays(today, month, day).any(|away| (-*days..=0).contains(&away))
                }
                _ => false,
            };
            let place = usize::try_from(month * 32 + day).unwrap_or_default();
            table[place] = passes;
        }
    }
    table
}

/// Gives how many days the birthdays of the years around are away.
fn birthdays(today: NaiveDate, month: u32, day: u32) -> impl Iterator<Item = i64> {
    (-1..=1).filter_map(move |years| {
        let year = today.year() + years;
        let common = || NaiveDate::from_ymd_opt(year, 2, 28).filter(|_| (month, day) == (2, 29));
        let birthday = NaiveDate::from_ymd_opt(year, month, day).or_else(common)?;
        Some((birthday - today).num_days())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn an_age_is_full_on_the_birthday() {
        let cases = [
            ("2025-06-15", "2000-06-15", 25),
            ("2025-06-14", "2000-06-15", 24),
            ("2025-02-27", "2000-02-29", 24),
            ("2025-02-28", "2000-02-29", 25),
            ("2024-02-28", "2000-02-29", 23),
            ("2024-02-29", "2000-02-29", 24),
            ("2024-02-29", "2001-03-01", 22),
            ("2024-02-29", "2001-02-28", 23),
            ("2025-02-28", "2001-03-01", 23),
            ("2025-06-15", "2025-06-15", 0),
        ];
        for (today, birth, age) in cases {
            let day = i64::from(date(birth).num_days_from_ce());
            for years in 0..30 {
                let exactly = Span::of_number(Operator::Eq, &Operand::Number(years));
                let holds = exactly.of_age(date(today)).holds(day);
                assert_eq!(holds, years == age, "{birth} on {today} as {years}");
            }
        }
    }

    #[test]
    fn silence_is_counted_from_the_last_purchase() {
        let today = date("2025-06-15");
        let days_ago = |days: i64| i64::from(today.num_days_from_ce()) - days;
        let span = |op, days| Span::of_number(op, &Operand::Number(days)).of_silence(today);
        for (op, limit, inside, outside) in [
            (Operator::Lte, 30, 30, 31),
            (Operator::Lt, 30, 29, 30),
            (Operator::Gt, 30, 31, 30),
            (Operator::Gte, 30, 30, 29),
            (Operator::Eq, 30, 30, 29),
            (Operator::Ne, 30, 29, 30),
        ] {
            assert!(span(op, limit).holds(days_ago(inside)), "{op:?} {inside}");
            assert!(
                !span(op, limit).holds(days_ago(outside)),
                "{op:?} {outside}"
            );
        }
        // A purchase of tomorrow is no silence.
        assert!(span(Operator::Eq, 0).holds(days_ago(-1)));
        assert!(!span(Operator::Gte, 1).holds(days_ago(-1)));
        assert!(!span(Operator::Lt, 0).holds(days_ago(0)));
    }

    #[test]
    fn a_birthday_window_reaches_across_new_year() {
        let passes = |op, days, today, birth: (u32, u32)| {
            let table = birthday_table(op, &Operand::Number(days), date(today));
            table[usize::try_from(birth.0 * 32 + birth.1).unwrap()]
        };
        let next = Operator::WithinNextDays;
        assert!(passes(next, 7, "2025-12-28", (1, 4)));
        assert!(!passes(next, 7, "2025-12-28", (1, 5)));
        assert!(passes(Operator::WithinLastDays, 7, "2026-01-03", (12, 27)));
        assert!(!passes(Operator::WithinLastDays, 7, "2026-01-03", (1, 4)));
        assert!(passes(next, 0, "2025-02-28", (2, 29)));
        assert!(!passes(next, 0, "2024-02-28", (2, 29)));
        assert!(passes(next, 366, "2025-02-28", (2, 27)));
    }
}
