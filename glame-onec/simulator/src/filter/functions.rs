//! The functions of `$filter`.

use std::borrow::Cow;

use chrono::{Datelike, Timelike};

use super::resolve::Kind;
use crate::moment::{DAY, Moment};
use crate::value::Value;

/// OData functions that 1C does not have.
pub(super) const UNSUPPORTED: &[&str] = &[
    "length", "indexof", "replace", "tolower", "toupper", "trim", "years", "days", "hours",
    "seconds", "minutes", "floor", "ceiling",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Concat,
    EndsWith,
    StartsWith,
    SubstringOf,
    Like,
    Substring,
    Year,
    Quarter,
    Month,
    Day,
    DayOfYear,
    DayOfWeek,
    Hour,
    Minute,
    Second,
    DateAdd,
    DateDifference,
    Round,
}

impl Function {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "concat" => Self::Concat,
            "endswith" => Self::EndsWith,
            "startswith" => Self::StartsWith,
            "substringof" => Self::SubstringOf,
            "like" => Self::Like,
            "substring" => Self::Substring,
            "year" => Self::Year,
            "quarter" => Self::Quarter,
            "month" => Self::Month,
            "day" => Self::Day,
            "dayofyear" => Self::DayOfYear,
            "dayofweek" => Self::DayOfWeek,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            "second" => Self::Second,
            "dateadd" => Self::DateAdd,
            "datedifference" => Self::DateDifference,
            "round" => Self::Round,
            _ => return None,
        })
    }

    pub(super) const fn arguments(self) -> &'static [Kind] {
        match self {
            Self::Concat | Self::EndsWith | Self::StartsWith | Self::SubstringOf | Self::Like => {
                &[Kind::Text, Kind::Text]
            }
            Self::Substring => &[Kind::Text, Kind::Number, Kind::Number],
            Self::Year
            | Self::Quarter
            | Self::Month
            | Self::Day
            | Self::DayOfYear
            | Self::DayOfWeek
            | Self::Hour
            | Self::Minute
            | Self::Second => &[Kind::Moment],
            Self::DateAdd => &[Kind::Moment, Kind::Text, Kind::Number],
            Self::DateDifference => &[Kind::Moment, Kind::Moment, Kind::Text],
            Self::Round => &[Kind::Number],
        }
    }

    pub(super) fn least_arguments(self) -> usize {
        if self == Self::Substring {
            2
        } else {
            self.arguments().len()
        }
    }

    pub(super) const fn gives(self) -> Kind {
        match self {
            Self::Concat | Self::Substring => Kind::Text,
            Self::EndsWith | Self::StartsWith | Self::SubstringOf | Self::Like => Kind::Flag,
            Self::DateAdd => Kind::Moment,
            Self::Year
            | Self::Quarter
            | Self::Month
            | Self::Day
            | Self::DayOfYear
            | Self::DayOfWeek
            | Self::Hour
            | Self::Minute
            | Self::Second
            | Self::DateDifference
            | Self::Round => Kind::Number,
        }
    }

    /// Applies the function; `None` only if the arguments are not of the checked kinds.
    pub(super) fn apply(self, arguments: &[Value<'_>]) -> Option<Value<'static>> {
        match (self, arguments) {
            (_, [Value::Text(first), Value::Text(second)]) => self.of_texts(first, second),
            (Self::Substring, [Value::Text(text), start, length @ ..]) => {
                let (start, length) = (whole(start)?, length.first().map(whole));
                let from = usize::try_from(start.max(1) - 1).ok()?;
                let characters = text.chars().skip(from);
                let cut: String = match length {
                    Some(length) => characters
                        .take(usize::try_from(length?.max(0)).ok()?)
                        .collect(),
                    None => characters.collect(),
                };
                Some(Value::Text(Cow::Owned(cut)))
            }
            (Self::DateAdd, [Value::Moment(at), Value::Text(unit), amount]) => {
                let seconds = whole(amount)?.checked_mul(seconds_of(unit)?)?;
                Some(Value::Moment(at.plus(seconds)))
            }
            (Self::DateDifference, [Value::Moment(from), Value::Moment(to), Value::Text(unit)]) => {
                Some(Value::Long(
                    (to.seconds() - from.seconds()) / seconds_of(unit)?,
                ))
            }
            (Self::Round, [Value::Number { units, scale }]) => {
                let power = 10_i64.checked_pow(u32::from(*scale))?;
                let half = power / 2 * units.signum();
                Some(Value::Long((units + half) / power))
            }
            (_, [Value::Moment(at)]) => self.part_of(*at),
            _ => None,
        }
    }

    fn of_texts(self, first: &str, second: &str) -> Option<Value<'static>> {
        let upper = |text: &str| text.to_uppercase();
        match self {
            Self::Concat => Some(Value::Text(Cow::Owned(format!("{first}{second}")))),
            Self::EndsWith => Some(Value::Flag(upper(first).ends_with(&upper(second)))),
            Self::StartsWith => Some(Value::Flag(upper(first).starts_with(&upper(second)))),
            Self::SubstringOf => Some(Value::Flag(upper(second).contains(&upper(first)))),
            Self::Like => Some(Value::Flag(like(&upper(first), &upper(second)))),
            Self::Substring
            | Self::Year
            | Self::Quarter
            | Self::Month
            | Self::Day
            | Self::DayOfYear
            | Self::DayOfWeek
            | Self::Hour
            | Self::Minute
            | Self::Second
            | Self::DateAdd
            | Self::DateDifference
            | Self::Round => None,
        }
    }

    fn part_of(self, at: Moment) -> Option<Value<'static>> {
        let date = at.naive();
        let part = match self {
            Self::Year => i64::from(date.year()),
            Self::Quarter => i64::from(date.month0() / 3 + 1),
            Self::Month => i64::from(date.month()),
            Self::Day => i64::from(date.day()),
            Self::DayOfYear => i64::from(date.ordinal()),
            Self::DayOfWeek => i64::from(date.weekday().number_from_monday()),
            Self::Hour => i64::from(date.hour()),
            Self::Minute => i64::from(date.minute()),
            Self::Second => i64::from(date.second()),
            Self::Concat
            | Self::EndsWith
            | Self::StartsWith
            | Self::SubstringOf
            | Self::Like
            | Self::Substring
            | Self::DateAdd
            | Self::DateDifference
            | Self::Round => return None,
        };
        Some(Value::Long(part))
    }
}

fn whole(value: &Value<'_>) -> Option<i64> {
    value
        .as_number()
        .filter(|(_, scale)| *scale == 0)
        .map(|(units, _)| units)
}

fn seconds_of(unit: &str) -> Option<i64> {
    match unit {
        "second" => Some(1),
        "minute" => Some(60),
        "hour" => Some(3_600),
        "day" => Some(DAY),
        "week" => Some(7 * DAY),
        _ => None,
    }
}

/// `%` stands for any text, `_` for one character.
fn like(text: &str, template: &str) -> bool {
    let (text, template): (Vec<char>, Vec<char>) =
        (text.chars().collect(), template.chars().collect());
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for mark in template {
        if mark == '%' {
            let mut seen = false;
            for place in &mut reached {
                seen |= *place;
                *place = seen;
            }
        } else {
            for at in (0..text.len()).rev() {
                reached[at + 1] = reached[at] && (mark == '_' || mark == text[at]);
            }
            reached[0] = false;
        }
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_know_percent_and_underscore() {
        for (text, template, fits) in [
            ("79990000001", "7999%", true),
            ("79990000001", "%01", true),
            ("79990000001", "%99%", true),
            ("abc", "a_c", true),
            ("abc", "a_", false),
            ("", "%", true),
            ("", "_", false),
        ] {
            assert_eq!(like(text, template), fits, "{text} like {template}");
        }
    }

    #[test]
    fn substring_counts_from_one() {
        let text = Value::text("Карта");
        let two = Value::Long(2);
        let cut = Function::Substring.apply(&[text, two.clone(), two]);
        assert_eq!(cut, Some(Value::text("ар")));
    }
}
