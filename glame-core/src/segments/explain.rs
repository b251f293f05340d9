use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;

use super::evaluate::{Block, Node, Planner, Rows, bucket_of, is_so_old, seed_of};
use super::rule::Unit;
use super::snapshot::column::{self, Column};
use super::{
    Condition, DateField, Field, Leaf, Measure, Memberships, Moment, NumberField, SegmentRule,
    SegmentSnapshot, UnknownSegment,
};

/// What a condition says of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is so.
    True,
    /// It is not so.
    False,
    /// Too little is known.
    Unknown,
}

impl Verdict {
    /// Gives what `not` makes of it.
    #[must_use]
    pub const fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// Why a rule says of a customer what it says: the tree of its conditions with their verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The place of the condition in the rule, as a JSON pointer.
    pub pointer: String,
    /// What it says of the customer.
    pub verdict: Verdict,
    /// Whether the verdict of the whole rule follows from this condition.
    ///
    /// Of the false parts of `all` and the true parts of `any` the first one decides; otherwise
    /// all parts with the verdict of the whole decide together.
    pub decides: bool,
    /// The leaf; none for a condition that has parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<Value>,
    /// What the leaf has found; none if nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The parts, in the order of the rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Explanation>,
}

impl Explanation {
    /// Gives the leaves that decide, in the order of the rule.
    #[must_use]
    pub fn deciding_leaves(&self) -> Vec<&Self> {
        if !self.decides {
            return Vec::new();
        }
        if self.leaf.is_some() {
            return vec![self];
        }
        self.parts.iter().flat_map(Self::deciding_leaves).collect()
    }
}

impl SegmentSnapshot {
    /// Explains what a rule says of the customer in a row; there is nobody beyond the last.
    pub fn explain(
        &self,
        rule: &SegmentRule,
        row: usize,
        moment: Moment,
        memberships: &Memberships,
    ) -> Result<Option<Explanation>, UnknownSegment> {
        let planner = Planner {
            snapshot: self,
            moment,
            memberships,
        };
        let plan = planner.plan(rule.condition())?;
        if row >= self.users.len() {
            return Ok(None);
        }
        let explainer = Explainer { planner, row };
        let mut explanation = explainer.explain(rule.condition(), &plan, "/rule".to_owned());
        mark_deciding(&mut explanation, rule.condition());
        Ok(Some(explanation))
    }
}

struct Explainer<'a> {
    planner: Planner<'a>,
    row: usize,
}

impl Explainer<'_> {
    fn explain(&self, part: &Condition, plan: &Node<'_>, pointer: String) -> Explanation {
        let (key, parts): (&str, Vec<(&Condition, &Node<'_>)>) = match (part, plan) {
            (Condition::All(parts), Node::All(plans)) => ("all", parts.iter().zip(plans).collect()),
            (Condition::Any(parts), Node::Any(plans)) => ("any", parts.iter().zip(plans).collect()),
            (Condition::Not(part), Node::Not(plan)) => ("not", vec![(part, plan)]),
            _ => ("", Vec::new()),
        };
        let place = |index: usize| match part {
            Condition::Not(_) => format!("{pointer}/{key}"),
            Condition::All(_) | Condition::Any(_) | Condition::Leaf(_) => {
                format!("{pointer}/{key}/{index}")
            }
        };
        let leaf = match part {
            Condition::Leaf(leaf) => Some(leaf),
            Condition::All(_) | Condition::Any(_) | Condition::Not(_) => None,
        };
        Explanation {
            verdict: self.verdict(plan),
            decides: false,
            leaf: leaf.map(Leaf::to_json),
            value: leaf.and_then(|leaf| self.value(leaf)),
            parts: parts
                .into_iter()
                .enumerate()
                .map(|(index, (part, plan))| self.explain(part, plan, place(index)))
                .collect(),
            pointer,
        }
    }

    /// Asks the evaluator itself, so that an explanation never contradicts a list of members.
    fn verdict(&self, plan: &Node<'_>) -> Verdict {
        let block = Block::around(self.row, self.planner.snapshot.users.len());
        let verdicts = plan.evaluate(block, &Rows::all(block));
        let is_in = |word: u64| word >> (self.row % 64) & 1 == 1;
        match (is_in(verdicts.yes[0]), is_in(verdicts.no[0])) {
            (true, _) => Verdict::True,
            (false, true) => Verdict::False,
            (false, false) => Verdict::Unknown,
        }
    }

    fn value(&self, leaf: &Leaf) -> Option<String> {
        let (snapshot, row) = (self.planner.snapshot, self.row);
        let today = self.planner.moment.today;
        let date = |column: &Column<i32>| NaiveDate::from_num_days_from_ce_opt(column.get(row)?);
        match leaf.field {
            Field::Number(NumberField::RecencyDays) => {
                let last = date(snapshot.dates.get(&DateField::LastPurchaseDate)?)?;
                Some((today - last).num_days().max(0).to_string())
            }
            Field::Number(NumberField::Age) => {
                let birth = date(snapshot.dates.get(&DateField::BirthDate)?)?;
                (0..=200)
                    .find(|years| is_so_old(today, birth, *years))
                    .map(|years| years.to_string())
            }
            Field::Number(field) => {
                let number = snapshot.numbers.get(&field)?.get(row)?;
                Some(field.scale().unit.text(number))
            }
            Field::Date(field) => Some(date(snapshot.dates.get(&field)?)?.to_string()),
            Field::Text(field) => {
                let code = *snapshot.texts.get(&field)?.get(row)?;
                snapshot.dictionary(field).text(code).map(str::to_owned)
            }
            Field::Choice(field) => {
                let code = *snapshot.choices.get(&field)?.get(row)?;
                let word = field.words().get(column::index(code))?;
                Some((*word).to_owned())
            }
            Field::Set(field) => {
                let dictionary = snapshot.set_dictionary(field);
                let codes = snapshot.sets.get(&field)?.get(row).iter();
                let texts: Vec<_> = codes.filter_map(|code| dictionary.text(*code)).collect();
                Some(texts.join(", "))
            }
            Field::Flag(field) => Some(snapshot.flags.get(&field)?.contains(row).to_string()),
            Field::Birthday => {
                let birth = date(snapshot.dates.get(&DateField::BirthDate)?)?;
                Some(birth.format("%m-%d").to_string())
            }
            Field::Purchases(measure) => {
                let number = self.planner.measure(leaf, measure, row);
                let unit = match measure {
                    Measure::Count => Unit::Whole,
                    Measure::Sum => Unit::Roubles,
                };
                Some(unit.text(number))
            }
            Field::Segments => {
                let segments = self.planner.memberships.iter();
                let asked = leaf.operand.segments();
                let ids: Vec<_> = segments
                    .filter(|(id, members)| asked.contains(id) && members.contains(row))
                    .map(|(id, _)| id.to_string())
                    .collect();
                Some(ids.join(", "))
            }
            Field::Bucket => {
                let user = *snapshot.users.get(row)?;
                Some(bucket_of(seed_of(&leaf.seed), user).to_string())
            }
        }
    }
}

/// Marks what the verdict of a condition follows from.
fn mark_deciding(explanation: &mut Explanation, part: &Condition) {
    explanation.decides = true;
    let verdict = explanation.verdict;
    let parts = &mut explanation.parts;
    match part {
        Condition::Leaf(_) => {}
        Condition::Not(inner) => {
            for explained in parts {
                mark_deciding(explained, inner);
            }
        }
        Condition::All(inner) | Condition::Any(inner) => {
            let one_is_enough = match part {
                Condition::All(_) => verdict == Verdict::False,
                Condition::Any(_) => verdict == Verdict::True,
                Condition::Not(_) | Condition::Leaf(_) => false,
            };
            let deciding = parts
                .iter_mut()
                .zip(inner)
                .filter(|(explained, _)| explained.verdict == verdict);
            let most = if one_is_enough { 1 } else { usize::MAX };
            for (explained, inner) in deciding.take(most) {
                mark_deciding(explained, inner);
            }
        }
    }
}
