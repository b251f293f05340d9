//! Evaluates a resolved filter on one row.

use std::cmp::Ordering;

use super::{Expression, Operator};
use crate::row::Row;
use crate::value::Value;
use crate::world::World;

impl Expression {
    pub(crate) fn matches(&self, row: &Row, world: &World) -> bool {
        self.holds(row, None, world)
    }

    fn holds(&self, row: &Row, item: Option<&Row>, world: &World) -> bool {
        match self {
            Self::And(left, right) => left.holds(row, item, world) && right.holds(row, item, world),
            Self::Or(left, right) => left.holds(row, item, world) || right.holds(row, item, world),
            Self::Not(inner) => !inner.holds(row, item, world),
            Self::Never => false,
            Self::Compare(operator, left, right) => {
                let (left, right) = (left.value(row, item, world), right.value(row, item, world));
                match (left, right) {
                    (Some(left), Some(right)) => compare(*operator, &left, &right),
                    _ => false,
                }
            }
            Self::IsOf(inner, target) => match inner.value(row, item, world) {
                Some(Value::Reference { set, .. }) => set == target,
                _ => false,
            },
            Self::Quantified { column, all, body } => {
                let mut items = row.nested(*column).into_iter();
                if *all {
                    items.all(|item| body.holds(row, Some(&item), world))
                } else {
                    items.any(|item| body.holds(row, Some(&item), world))
                }
            }
            Self::Literal(_)
            | Self::Column(_)
            | Self::ItemColumn(_)
            | Self::Linked { .. }
            | Self::Arithmetic(..)
            | Self::Negate(_)
            | Self::Call(..) => self.value(row, item, world) == Some(Value::Flag(true)),
        }
    }

    /// The value for one row; a reference that leads nowhere gives nothing.
    pub(crate) fn value<'r>(
        &'r self,
        row: &'r Row,
        item: Option<&'r Row>,
        world: &World,
    ) -> Option<Value<'r>> {
        match self {
            Self::Literal(value) => Some(value.borrowed()),
            Self::Column(column) => Some(row.value(*column)),
            Self::ItemColumn(column) => item.map(|item| item.value(*column)),
            Self::Linked {
                link,
                target,
                inner,
            } => {
                let id = link.value(row, item, world)?.id()?;
                let object = Row::Object(world.object(*target, id)?);
                inner.value(&object, None, world).map(Value::into_owned)
            }
            Self::Arithmetic(operator, left, right) => calculate(
                *operator,
                &left.value(row, item, world)?,
                &right.value(row, item, world)?,
            ),
            Self::Negate(inner) => {
                let (units, scale) = inner.value(row, item, world)?.as_number()?;
                Some(Value::Number {
                    units: -units,
                    scale,
                })
            }
            Self::Call(function, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| argument.value(row, item, world))
                    .collect::<Option<Vec<_>>>()?;
                function.apply(&arguments)
            }
            Self::And(..)
            | Self::Or(..)
            | Self::Not(_)
            | Self::Never
            | Self::Compare(..)
            | Self::IsOf(..)
            | Self::Quantified { .. } => Some(Value::Flag(self.holds(row, item, world))),
        }
    }
}

fn compare(operator: Operator, left: &Value<'_>, right: &Value<'_>) -> bool {
    let order = match (left, right) {
        (Value::TypeName(set), Value::Text(text)) => text
            .strip_prefix("StandardODATA.")
            .map(|text| (*set).cmp(text)),
        _ => left.order(right),
    };
    match (operator, order) {
        (Operator::Equal, order) => order == Some(Ordering::Equal),
        (Operator::NotEqual, order) => order != Some(Ordering::Equal),
        (Operator::Less, Some(order)) => order.is_lt(),
        (Operator::LessOrEqual, Some(order)) => order.is_le(),
        (Operator::Greater, Some(order)) => order.is_gt(),
        (Operator::GreaterOrEqual, Some(order)) => order.is_ge(),
        _ => false,
    }
}

fn calculate(operator: Operator, left: &Value<'_>, right: &Value<'_>) -> Option<Value<'static>> {
    let parts = |value: &Value<'_>| {
        value
            .as_number()
            .map(|(units, scale)| (i128::from(units), scale))
    };
    let ((left, left_scale), (right, right_scale)) = (parts(left)?, parts(right)?);
    let scale = left_scale.max(right_scale);
    let widen = |units: i128, from: u8| units.checked_mul(10_i128.pow(u32::from(scale - from)));
    let (units, scale) = match operator {
        Operator::Add => (
            widen(left, left_scale)?.checked_add(widen(right, right_scale)?)?,
            scale,
        ),
        Operator::Subtract => (
            widen(left, left_scale)?.checked_sub(widen(right, right_scale)?)?,
            scale,
        ),
        Operator::Multiply => (left.checked_mul(right)?, left_scale + right_scale),
        Operator::Divide => {
            let (left, right) = (widen(left, left_scale)?, widen(right, right_scale)?);
            (left.checked_mul(1_000_000)?.checked_div(right)?, 6)
        }
        Operator::Or
        | Operator::And
        | Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => return None,
    };
    Some(Value::Number {
        units: i64::try_from(units).ok()?,
        scale,
    })
}
