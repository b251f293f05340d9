//! What a filter says about time and keys, so that only those rows are looked at.

use uuid::Uuid;

use super::{Expression, Operator};
use crate::moment::Moment;
use crate::value::Value;

/// Rows outside of these bounds cannot match the filter; rows inside may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) from: Moment,
    pub(crate) to: Moment,
    /// The only keys that can match, each once.
    pub(crate) ids: Option<Vec<Uuid>>,
}

impl Bounds {
    pub(crate) const OPEN: Self = Self {
        from: Moment::MIN,
        to: Moment::MAX,
        ids: None,
    };

    /// Reads the bounds of a filter whose set has these columns for time and key.
    pub(crate) fn of(filter: &Expression, time: Option<usize>, key: Option<usize>) -> Self {
        let mut bounds = Self::OPEN;
        bounds.narrow(filter, time, key);
        bounds
    }

    fn narrow(&mut self, filter: &Expression, time: Option<usize>, key: Option<usize>) {
        if let Expression::And(left, right) = filter {
            self.narrow(left, time, key);
            self.narrow(right, time, key);
        } else if let Expression::Compare(operator, left, right) = filter
            && let (Expression::Column(column), Expression::Literal(Value::Moment(at))) =
                (left.as_ref(), right.as_ref())
            && Some(*column) == time
        {
            self.narrow_time(*operator, *at);
        } else if self.ids.is_none() {
            self.ids = keys(filter, key);
        }
    }

    fn narrow_time(&mut self, operator: Operator, at: Moment) {
        match operator {
            Operator::Equal => {
                self.from = self.from.max(at);
                self.to = self.to.min(at.plus(1));
            }
            Operator::Greater => self.from = self.from.max(at.plus(1)),
            Operator::GreaterOrEqual => self.from = self.from.max(at),
            Operator::Less => self.to = self.to.min(at),
            Operator::LessOrEqual => self.to = self.to.min(at.plus(1)),
            Operator::Or
            | Operator::And
            | Operator::NotEqual
            | Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide => {}
        }
    }
}

/// The keys of `key eq … or key eq …`, or nothing when the filter says anything else.
fn keys(filter: &Expression, key: Option<usize>) -> Option<Vec<Uuid>> {
    if let Expression::Or(left, right) = filter {
        let mut all = keys(left, key)?;
        for id in keys(right, key)? {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        return Some(all);
    }
    if let Expression::Compare(Operator::Equal, left, right) = filter
        && let (Expression::Column(column), Expression::Literal(value)) =
            (left.as_ref(), right.as_ref())
        && Some(*column) == key
    {
        return value.id().map(|id| vec![id]);
    }
    None
}
