//! One value of one column, as the query engine compares it and the writer shows it.

use std::borrow::Cow;
use std::cmp::Ordering;

use uuid::Uuid;

use crate::moment::Moment;
use crate::object::Object;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    Guid(Uuid),
    Moment(Moment),
    Flag(bool),
    /// `units` divided by ten to the power of `scale`.
    Number {
        units: i64,
        scale: u8,
    },
    /// An Edm.Int64, which 1C sends as a string.
    Long(i64),
    /// An Edm.Int16 or Edm.Int32, which 1C sends as a number.
    Short(i64),
    /// A value of a composite column: which set it points into, and where.
    Reference {
        set: &'static str,
        id: Uuid,
    },
    /// The set named by a `_Type` column; empty for an undefined value.
    TypeName(&'static str),
    Rows(Cow<'a, [Object]>),
}

impl<'a> Value<'a> {
    pub(crate) const fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    pub(crate) const fn kopecks(units: i64) -> Self {
        Self::Number { units, scale: 2 }
    }

    pub(crate) fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Rows(rows) => Value::Rows(Cow::Borrowed(rows)),
            Self::Guid(id) => Value::Guid(*id),
            Self::Moment(at) => Value::Moment(*at),
            Self::Flag(flag) => Value::Flag(*flag),
            Self::Number { units, scale } => Value::Number {
                units: *units,
                scale: *scale,
            },
            Self::Long(number) => Value::Long(*number),
            Self::Short(number) => Value::Short(*number),
            Self::Reference { set, id } => Value::Reference { set, id: *id },
            Self::TypeName(set) => Value::TypeName(set),
        }
    }

    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Rows(rows) => Value::Rows(Cow::Owned(rows.into_owned())),
            Self::Guid(id) => Value::Guid(id),
            Self::Moment(at) => Value::Moment(at),
            Self::Flag(flag) => Value::Flag(flag),
            Self::Number { units, scale } => Value::Number { units, scale },
            Self::Long(number) => Value::Long(number),
            Self::Short(number) => Value::Short(number),
            Self::Reference { set, id } => Value::Reference { set, id },
            Self::TypeName(set) => Value::TypeName(set),
        }
    }

    /// The reference inside, whatever its form.
    pub(crate) const fn id(&self) -> Option<Uuid> {
        if let Self::Guid(id) | Self::Reference { id, .. } = self {
            Some(*id)
        } else {
            None
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    pub(crate) const fn as_moment(&self) -> Option<Moment> {
        if let Self::Moment(at) = self {
            Some(*at)
        } else {
            None
        }
    }

    pub(crate) const fn as_whole(&self) -> Option<i64> {
        if let Self::Long(number) | Self::Short(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    pub(crate) fn as_rows(&self) -> &[Object] {
        if let Self::Rows(rows) = self {
            rows
        } else {
            &[]
        }
    }

    /// Any number, as units and their scale.
    pub(crate) fn as_number(&self) -> Option<(i64, u8)> {
        if let Self::Number { units, scale } = self {
            return Some((*units, *scale));
        }
        self.as_whole().map(|number| (number, 0))
    }

    /// Orders two values of one column; values that cannot be compared are `None`.
    pub(crate) fn order(&self, other: &Value<'_>) -> Option<Ordering> {
        if let (Some(left), Some(right)) = (self.as_number(), other.as_number()) {
            return Some(order_numbers(left, right));
        }
        match (self, other) {
            (Self::Text(left), Value::Text(right)) => Some(left.as_ref().cmp(right.as_ref())),
            (Self::Moment(left), Value::Moment(right)) => Some(left.cmp(right)),
            (Self::Flag(left), Value::Flag(right)) => Some(left.cmp(right)),
            (Self::Guid(left), Value::Guid(right)) => Some(left.cmp(right)),
            (Self::TypeName(left), Value::TypeName(right)) => Some(left.cmp(right)),
            (
                Self::Reference {
                    set: left_set,
                    id: left,
                },
                Value::Reference {
                    set: right_set,
                    id: right,
                },
            ) => Some(left_set.cmp(right_set).then(left.cmp(right))),
            _ => None,
        }
    }
}

fn order_numbers((left, left_scale): (i64, u8), (right, right_scale): (i64, u8)) -> Ordering {
    let scale = left_scale.max(right_scale);
    let widen = |units: i64, from: u8| i128::from(units) * 10_i128.pow(u32::from(scale - from));
    widen(left, left_scale).cmp(&widen(right, right_scale))
}
