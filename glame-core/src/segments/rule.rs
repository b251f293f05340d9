//! The grammar of rules: JSON in, a checked tree out.

mod error;
mod field;
mod parse;
mod schema;
mod shape;
mod strict_json;
mod write;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

pub use error::{RuleError, RuleErrors, RuleProblem};
pub use field::{
    ChoiceField, DateField, Field, FlagField, Measure, NumberField, SetField, TextField,
};
pub use schema::rule_schema;
pub use shape::Operator;
pub(super) use shape::{Operand, Unit};

use crate::values::SegmentId;

/// A rule that says who belongs to a segment.
///
/// A document is `{"version": 1, "rule": CONDITION}`. A condition is `{"all": [CONDITION, …]}`,
/// `{"any": [CONDITION, …]}`, `{"not": CONDITION}` or a leaf
/// `{"field": FIELD, "op": OPERATOR, "value": VALUE}`. Leaves about purchases may narrow them by
/// `"of"` (`category`, `brand`, `store`: lists of names) and `"window"` (`last_days`, or `from` and
/// `to`, both included); a leaf about the bucket needs a `"seed"`. Fields, their operators and
/// values are listed by [`rule_schema`], which is made from the table that the parser uses.
///
/// Logic has three values: what is not known is neither so nor not so, `not` of it is unknown
/// too, and a member is only for whom the rule is true.
///
/// ```
/// use glame_core::segments::SegmentRule;
///
/// let rule = SegmentRule::parse(
///     r#"{"version": 1, "rule": {"all": [
///         {"field": "total_spent", "op": "gte", "value": "50000"},
///         {"field": "purchase_count", "op": "gte", "value": 2,
///          "of": {"category": ["Кольца"]}, "window": {"last_days": 90}}
///     ]}}"#,
/// )?;
/// assert_eq!(SegmentRule::from_json(&rule.to_json())?, rule);
///
/// let refused = SegmentRule::parse(
///     r#"{"version": 1, "rule": {"any": [{"field": "recency_days", "op": "within", "value": 30}]}}"#,
/// );
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "/rule/any/0/op: unknown operator \"within\" of recency_days; \
///      allowed: eq, ne, lt, lte, gt, gte, between, in, known"
/// );
/// # Ok::<(), glame_core::segments::RuleErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRule {
    condition: Condition,
}

/// A part of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Everything of this; never empty.
    All(Vec<Condition>),
    /// At least one of these; never empty.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// One question about a customer.
    Leaf(Leaf),
}

/// One question about a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    pub(super) field: Field,
    pub(super) op: Operator,
    pub(super) operand: Operand,
    /// Narrows fields about purchases; empty for others.
    pub(super) purchases: PurchaseScope,
    /// The seed of a bucket; empty for other fields.
    pub(super) seed: String,
}

/// Which purchases a leaf is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PurchaseScope {
    /// Only these categories; all if empty.
    pub(super) categories: Vec<String>,
    /// Only these brands; all if empty.
    pub(super) brands: Vec<String>,
    /// Only these stores, by name or id; all if empty.
    pub(super) stores: Vec<String>,
    pub(super) window: Window,
}

/// When purchases have to lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Window {
    #[default]
    Ever,
    LastDays(i64),
    Dates {
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    },
}

impl SegmentRule {
    /// The one version of the grammar.
    pub const VERSION: u64 = 1;
    /// The most levels of conditions, leaves included.
    pub const MAX_DEPTH: usize = 16;
    /// The most leaves.
    pub const MAX_LEAVES: usize = 200;
    /// The most bytes of a document.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Reads a document; a key that comes twice in one object is refused too.
    pub fn parse(text: &str) -> Result<Self, RuleErrors> {
        parse::text(text)
    }

    /// Reads a document that is JSON already.
    pub fn from_json(document: &Value) -> Result<Self, RuleErrors> {
        parse::document(document)
    }

    /// Writes the document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        write::document(self)
    }

    /// Gives the condition.
    #[must_use]
    pub const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Gives the segments that the rule asks about.
    #[must_use]
    pub fn segments(&self) -> BTreeSet<SegmentId> {
        let mut segments = BTreeSet::new();
        self.condition
            .for_each_leaf(&mut |leaf| segments.extend(leaf.operand.segments()));
        segments
    }

    /// Gives the fields that the rule asks about.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<Field> {
        let mut fields = BTreeSet::new();
        self.condition.for_each_leaf(&mut |leaf| {
            fields.insert(leaf.field);
        });
        fields
    }
}

impl Condition {
    fn for_each_leaf<'a>(&'a self, see: &mut impl FnMut(&'a Leaf)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.for_each_leaf(see);
                }
            }
            Self::Not(part) => part.for_each_leaf(see),
            Self::Leaf(leaf) => see(leaf),
        }
    }
}

impl Leaf {
    /// Gives what the leaf asks about.
    #[must_use]
    pub const fn field(&self) -> Field {
        self.field
    }

    /// Gives how it compares.
    #[must_use]
    pub const fn operator(&self) -> Operator {
        self.op
    }

    /// Writes the leaf as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        write::leaf(self)
    }
}

impl Serialize for SegmentRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SegmentRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Value::deserialize(deserializer)?;
        Self::from_json(&document).map_err(de::Error::custom)
    }
}

#[cfg(test)]
pub(super) mod samples;
#[cfg(test)]
mod tests;
