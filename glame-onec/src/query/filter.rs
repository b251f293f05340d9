use std::fmt;

use chrono::NaiveDateTime;
use uuid::Uuid;

/// A condition on rows, written with typed literals only.
///
/// There is no way to compare `Recorder` with a text: 1C answers that with an empty page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// A date against a moment.
    Moment(&'static str, Comparison, NaiveDateTime),
    /// A reference of one type, `X_Key`, is this one.
    Reference(&'static str, Uuid),
    /// A reference of several types is this object of this type.
    Composite(&'static str, Uuid, &'static str),
    /// A reference of several types is of this type.
    IsOf(&'static str, &'static str),
    /// A flag.
    Flag(&'static str, bool),
    /// All of these.
    All(Vec<Filter>),
    /// At least one of these.
    Any(Vec<Filter>),
}

/// How a date is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Not before.
    AtLeast,
    /// Before.
    Before,
}

impl Filter {
    pub(crate) fn moment(field: &'static str, comparison: Comparison, at: NaiveDateTime) -> Self {
        Self::Moment(field, comparison, at)
    }

    pub(crate) fn reference(field: &'static str, key: Uuid) -> Self {
        debug_assert!(
            field.ends_with("_Key"),
            "a reference of one type ends with _Key"
        );
        Self::Reference(field, key)
    }

    pub(crate) fn composite(field: &'static str, key: Uuid, kind: &'static str) -> Self {
        debug_assert!(
            !field.ends_with("_Key"),
            "a composite reference has no _Key"
        );
        Self::Composite(field, key, kind)
    }

    pub(crate) fn flag(field: &'static str, value: bool) -> Self {
        Self::Flag(field, value)
    }

    /// Joins conditions that must all hold; none at all is no condition.
    pub(crate) fn all(conditions: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut conditions: Vec<Self> = conditions.into_iter().collect();
        match conditions.len() {
            0 => None,
            1 => conditions.pop(),
            _ => Some(Self::All(conditions)),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moment(field, comparison, at) => {
                let operator = match comparison {
                    Comparison::AtLeast => "ge",
                    Comparison::Before => "lt",
                };
                write!(
                    f,
                    "{field} {operator} datetime'{}'",
                    at.format("%Y-%m-%dT%H:%M:%S")
                )
            }
            Self::Reference(field, key) => write!(f, "{field} eq guid'{key}'"),
            Self::Composite(field, key, kind) => {
                write!(f, "{field} eq cast(guid'{key}','{kind}')")
            }
            Self::IsOf(field, kind) => write!(f, "isof({field},'{kind}')"),
            Self::Flag(field, value) => write!(f, "{field} eq {value}"),
            Self::All(filters) => joined(f, filters, " and "),
            Self::Any(filters) => joined(f, filters, " or "),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, filters: &[Filter], operator: &str) -> fmt::Result {
    for (at, filter) in filters.iter().enumerate() {
        if at > 0 {
            f.write_str(operator)?;
        }
        match filter {
            Filter::All(_) | Filter::Any(_) => write!(f, "({filter})")?,
            Filter::Moment(..)
            | Filter::Reference(..)
            | Filter::Composite(..)
            | Filter::IsOf(..)
            | Filter::Flag(..) => write!(f, "{filter}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn conditions_are_written_with_typed_literals() {
        let key = Uuid::try_parse("7a10c001-3f2b-11ef-8a01-0050569a0001").unwrap();
        let at = NaiveDate::from_ymd_opt(209, 1, 2)
            .unwrap()
            .and_hms_opt(3, 4, 5)
            .unwrap();
        let cases = [
            (
                Filter::moment("Period", Comparison::Before, at),
                "Period lt datetime'0209-01-02T03:04:05'",
            ),
            (
                Filter::reference("Ref_Key", key),
                "Ref_Key eq guid'7a10c001-3f2b-11ef-8a01-0050569a0001'",
            ),
            (
                Filter::composite("Recorder", key, "Document_ЧекККМ"),
                "Recorder eq cast(guid'7a10c001-3f2b-11ef-8a01-0050569a0001','Document_ЧекККМ')",
            ),
            (
                Filter::IsOf("Recorder", "Document_X"),
                "isof(Recorder,'Document_X')",
            ),
            (
                Filter::All(vec![
                    Filter::flag("A", true),
                    Filter::Any(vec![Filter::flag("B", false), Filter::flag("C", true)]),
                ]),
                "A eq true and (B eq false or C eq true)",
            ),
        ];
        for (filter, expected) in cases {
            assert_eq!(filter.to_string(), expected);
        }
    }

    #[test]
    fn no_condition_is_none() {
        assert_eq!(Filter::all([]), None);
        let one = Filter::flag("A", true);
        assert_eq!(Filter::all([one.clone()]), Some(one));
    }
}
