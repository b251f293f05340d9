use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};
use uuid::Uuid;

use super::RuleProblem;
use crate::values::{SegmentId, scaled_decimal};

/// The most values of one list.
pub(super) const MAX_VALUES: usize = 200;
/// The most characters of one text.
pub(super) const MAX_CHARS: usize = 200;
/// The most days of a relative window: a century.
pub(super) const MAX_DAYS: i64 = 36_600;

macro_rules! operators {
    ($($variant:ident = $text:literal, $about:literal;)*) => {
        /// How a leaf compares.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operator { $(#[doc = $about] $variant,)* }

        impl Operator {
            /// Gives the name that rules use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

operators! {
    Eq = "eq", "Equal.";
    Ne = "ne", "Known, and not equal.";
    Lt = "lt", "Less.";
    Lte = "lte", "Less or equal.";
    Gt = "gt", "Greater.";
    Gte = "gte", "Greater or equal.";
    Between = "between", "From the first to the second, both included.";
    In = "in", "One of these.";
    NotIn = "not_in", "Known, and none of these.";
    Contains = "contains", "Holds this text.";
    StartsWith = "starts_with", "Begins with this text.";
    On = "on", "On this day.";
    Before = "before", "Before this day.";
    After = "after", "After this day.";
    OnOrBefore = "on_or_before", "On this day or before.";
    OnOrAfter = "on_or_after", "On this day or after.";
    WithinLastDays = "within_last_days", "Today or at most so many days ago.";
    MoreThanDaysAgo = "more_than_days_ago", "More than so many days ago.";
    WithinNextDays = "within_next_days", "Today or in at most so many days.";
    InMonths = "in_months", "In one of these months of any year.";
    HasAny = "has_any", "Holds at least one of these.";
    HasAll = "has_all", "Holds all of these.";
    HasNone = "has_none", "Holds none of these.";
    Only = "only", "Holds something, and nothing but these.";
    Known = "known", "Whether the value is known at all.";
}

/// What the numbers of a field look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::segments) struct Scale {
    pub(in crate::segments) unit: Unit,
    pub(in crate::segments) min: i64,
    pub(in crate::segments) max: i64,
}

/// The unit in which a number is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::segments) enum Unit {
    /// Whole things, as JSON numbers.
    Whole,
    /// Kopecks, as roubles in decimal strings.
    Roubles,
    /// Millionths, as JSON numbers with at most six decimals.
    Millionths,
}

impl Scale {
    /// Less than ten trillion roubles either way: what [`ROUBLES`] can say.
    pub(super) const MONEY: Self =
        Self::new(Unit::Roubles, -999_999_999_999_999, 999_999_999_999_999);

    pub(super) const fn new(unit: Unit, min: i64, max: i64) -> Self {
        Self { unit, min, max }
    }

    fn parse(self, value: &Value) -> Option<i64> {
        let text = match (self.unit, value) {
            (Unit::Roubles, Value::String(text)) if is_decimal(text) => text.clone(),
            (Unit::Whole | Unit::Millionths, Value::Number(number)) => number.to_string(),
            _ => return None,
        };
        let number = scaled_decimal::parse(&text, self.unit.decimals()).ok()?;
        (self.min..=self.max).contains(&number).then_some(number)
    }

    fn write(self, number: i64) -> Value {
        match self.unit {
            Unit::Whole => json!(number),
            Unit::Roubles => json!(self.unit.text(number)),
            // The text is a number, and reading it back gives the same text.
            Unit::Millionths => serde_json::from_str(&self.unit.text(number)).unwrap_or_default(),
        }
    }

    fn expected(self) -> String {
        let text = |number| self.unit.text(number);
        let (min, max) = (text(self.min), text(self.max));
        match self.unit {
            Unit::Whole => format!("a whole number from {min} to {max}"),
            Unit::Roubles => {
                "roubles as a decimal string with at most two decimals, such as \"1500.50\""
                    .to_owned()
            }
            Unit::Millionths => {
                format!("a number from {min} to {max} with at most six decimals")
            }
        }
    }

    fn schema(self) -> Value {
        match self.unit {
            Unit::Whole => json!({"type": "integer", "minimum": self.min, "maximum": self.max}),
            Unit::Roubles => json!({"type": "string", "pattern": ROUBLES}),
            Unit::Millionths => json!({
                "type": "number",
                "minimum": self.min / 1_000_000,
                "maximum": self.max / 1_000_000,
                "multipleOf": 0.000_001,
            }),
        }
    }
}

impl Unit {
    const fn decimals(self) -> u32 {
        match self {
            Self::Whole => 0,
            Self::Roubles => 2,
            Self::Millionths => 6,
        }
    }

    /// Writes a number for people: `1500.50`, `0.35`, `7`.
    pub(in crate::segments) fn text(self, number: i64) -> String {
        let decimal = rust_decimal::Decimal::new(number, self.decimals());
        match self {
            Self::Whole | Self::Roubles => decimal.to_string(),
            Self::Millionths => decimal.normalize().to_string(),
        }
    }
}

/// The pattern of an amount of roubles.
pub(super) const ROUBLES: &str = r"^-?[0-9]{1,13}(\.[0-9]{1,2})?$";

/// Tells whether a text is written as [`ROUBLES`] says.
pub(super) fn is_decimal(text: &str) -> bool {
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let text = text.strip_prefix('-').unwrap_or(text);
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole, 13) && digits(fraction, 2),
        None => digits(text, 13),
    }
}

/// What the value of an operator looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Number(Scale),
    NumberPair(Scale),
    Numbers(Scale),
    Days,
    Date,
    DatePair,
    Text,
    Texts,
    Word(&'static [&'static str]),
    Words(&'static [&'static str]),
    Months,
    Flag,
    Segments,
}

/// The value of an operator, in the field's unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::segments) enum Operand {
    /// One number; also a number of days.
    Number(i64),
    /// The least and the greatest number.
    NumberPair(i64, i64),
    /// Several numbers; also months.
    Numbers(Vec<i64>),
    /// A day.
    Date(NaiveDate),
    /// The first and the last day.
    DatePair(NaiveDate, NaiveDate),
    /// A text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// Yes or no.
    Flag(bool),
    /// Segments.
    Segments(Vec<SegmentId>),
}

impl Operand {
    /// Gives the segments that it names.
    pub(in crate::segments) fn segments(&self) -> &[SegmentId] {
        match self {
            Self::Segments(segments) => segments,
            Self::Number(_)
            | Self::NumberPair(..)
            | Self::Numbers(_)
            | Self::Date(_)
            | Self::DatePair(..)
            | Self::Text(_)
            | Self::Texts(_)
            | Self::Flag(_) => &[],
        }
    }
}

impl Shape {
    /// Reads a value, or says what was expected.
    pub(super) fn parse(self, value: &Value) -> Result<Operand, RuleProblem> {
        let operand = match self {
            Self::Number(scale) => scale.parse(value).map(Operand::Number),
            Self::NumberPair(scale) => {
                pair(value, |item| scale.parse(item)).map(|(a, b)| Operand::NumberPair(a, b))
            }
            Self::Numbers(scale) => list(value, |item| scale.parse(item)).map(Operand::Numbers),
            Self::Days => days(value).map(Operand::Number),
            Self::Date => date(value).map(Operand::Date),
            Self::DatePair => pair(value, date).map(|(a, b)| Operand::DatePair(a, b)),
            Self::Text => text(value).map(Operand::Text),
            Self::Texts => list(value, text).map(Operand::Texts),
            Self::Word(words) => word(value, words).map(Operand::Text),
            Self::Words(words) => list(value, |item| word(item, words)).map(Operand::Texts),
            Self::Months => list(value, month).map(Operand::Numbers),
            Self::Flag => value.as_bool().map(Operand::Flag),
            Self::Segments => list(value, segment).map(Operand::Segments),
        };
        operand.ok_or_else(|| RuleProblem::Value(self.expected()))
    }

    /// Writes a value of this shape; one of another shape is nothing.
    pub(super) fn write(self, operand: &Operand) -> Value {
        match (self, operand) {
            (Self::Number(scale), Operand::Number(number)) => scale.write(*number),
            (Self::NumberPair(scale), Operand::NumberPair(from, to)) => {
                json!([scale.write(*from), scale.write(*to)])
            }
            (Self::Numbers(scale), Operand::Numbers(numbers)) => {
                numbers.iter().map(|number| scale.write(*number)).collect()
            }
            (Self::Days, Operand::Number(days)) => json!(days),
            (Self::Months, Operand::Numbers(months)) => json!(months),
            (Self::Date, Operand::Date(date)) => json!(date),
            (Self::DatePair, Operand::DatePair(from, to)) => json!([from, to]),
            (Self::Text | Self::Word(_), Operand::Text(text)) => json!(text),
            (Self::Texts | Self::Words(_), Operand::Texts(texts)) => json!(texts),
            (Self::Flag, Operand::Flag(is)) => json!(is),
            (Self::Segments, Operand::Segments(segments)) => json!(segments),
            _ => Value::Null,
        }
    }

    fn expected(self) -> String {
        match self {
            Self::Number(scale) => scale.expected(),
            Self::NumberPair(scale) => {
                format!("two values [least, greatest], each {}", scale.expected())
            }
            Self::Numbers(scale) => listed(&scale.expected()),
            Self::Days => format!("a whole number of days from 0 to {MAX_DAYS}"),
            Self::Date => "a date, such as \"2025-06-15\"".to_owned(),
            Self::DatePair => "two dates [first, last], such as \"2025-06-15\"".to_owned(),
            Self::Text => format!("a text of 1 to {MAX_CHARS} characters"),
            Self::Texts => listed(&format!("a text of 1 to {MAX_CHARS} characters")),
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::Words(words) => listed(&format!("one of {}", words.join(", "))),
            Self::Months => listed("a month from 1 to 12"),
            Self::Flag => "true or false".to_owned(),
            Self::Segments => listed("the id of a segment"),
        }
    }

    /// Gives the JSON Schema of a value of this shape.
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Number(scale) => scale.schema(),
            Self::NumberPair(scale) => pair_schema(&scale.schema()),
            Self::Numbers(scale) => list_schema(&scale.schema()),
            Self::Days => json!({"type": "integer", "minimum": 0, "maximum": MAX_DAYS}),
            Self::Date => date_schema(),
            Self::DatePair => pair_schema(&date_schema()),
            Self::Text => text_schema(),
            Self::Texts => list_schema(&text_schema()),
            Self::Word(words) => json!({ "enum": words }),
            Self::Words(words) => list_schema(&json!({ "enum": words })),
            Self::Months => list_schema(&json!({"type": "integer", "minimum": 1, "maximum": 12})),
            Self::Flag => json!({"type": "boolean"}),
            Self::Segments => list_schema(&json!({"type": "string", "format": "uuid"})),
        }
    }
}

fn listed(expected: &str) -> String {
    format!("a list of 1 to {MAX_VALUES} values, each {expected}")
}

fn date_schema() -> Value {
    json!({"type": "string", "format": "date"})
}

pub(super) fn text_schema() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": MAX_CHARS, "pattern": r"\S"})
}

pub(super) fn list_schema(items: &Value) -> Value {
    json!({"type": "array", "items": items, "minItems": 1, "maxItems": MAX_VALUES})
}

fn pair_schema(items: &Value) -> Value {
    json!({"type": "array", "items": items, "minItems": 2, "maxItems": 2})
}

pub(super) fn list<T>(value: &Value, item: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    let items = value.as_array()?;
    if items.is_empty() || items.len() > MAX_VALUES {
        return None;
    }
    items.iter().map(item).collect()
}

fn pair<T>(value: &Value, item: impl Fn(&Value) -> Option<T>) -> Option<(T, T)> {
    match value.as_array()?.as_slice() {
        [first, second] => Some((item(first)?, item(second)?)),
        _ => None,
    }
}

pub(super) fn days(value: &Value) -> Option<i64> {
    Scale::new(Unit::Whole, 0, MAX_DAYS).parse(value)
}

pub(super) fn date(value: &Value) -> Option<NaiveDate> {
    let text = value.as_str()?;
    let date: NaiveDate = text.parse().ok()?;
    // Years of four digits alone, and written in one way only.
    ((1..=9_999).contains(&date.year()) && date.to_string() == text).then_some(date)
}

pub(super) fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let fits = !text.trim().is_empty() && text.chars().count() <= MAX_CHARS;
    fits.then(|| text.to_owned())
}

fn word(value: &Value, words: &[&str]) -> Option<String> {
    let text = value.as_str()?;
    words.contains(&text).then(|| text.to_owned())
}

fn month(value: &Value) -> Option<i64> {
    Scale::new(Unit::Whole, 1, 12).parse(value)
}

fn segment(value: &Value) -> Option<SegmentId> {
    let text = value.as_str()?;
    let uuid = Uuid::try_parse(text).ok()?;
    (uuid.to_string() == text).then_some(SegmentId::from_uuid(uuid))
}
