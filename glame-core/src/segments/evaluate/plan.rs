use std::collections::BTreeSet;

use chrono::Datelike;

use super::bucket::seed_of;
use super::kernel::{self, Cost, Test};
use super::span::{self, Span};
use super::verdicts::{Block, Rows, Verdicts};
use super::{Memberships, Moment, UnknownSegment};
use crate::segments::rule::{Operand, PurchaseScope, Window};
use crate::segments::snapshot::column::{Dictionary, Numbers, folded, saturated};
use crate::segments::{
    Bitmap, ChoiceField, Condition, DateField, Field, Leaf, Measure, NumberField, Operator,
    SegmentSnapshot, SetField, TextField,
};

/// A condition tied to the columns that it reads.
#[derive(Debug)]
pub(in crate::segments) enum Node<'a> {
    All(Vec<Node<'a>>),
    Any(Vec<Node<'a>>),
    Not(Box<Node<'a>>),
    Leaf(Test<'a>),
}

impl Node<'_> {
    /// Evaluates the condition for the rows of a block that are asked about; what it says of others
    /// means nothing.
    pub(in crate::segments) fn evaluate(&self, block: Block, asked: &Rows) -> Verdicts {
        match self {
            Self::Leaf(test) => test.evaluate(block, asked),
            Self::Not(part) => part.evaluate(block, asked).negated(),
            Self::All(parts) => {
                let mut verdicts = Verdicts::all_true(block);
                for part in parts {
                    // One that is false makes all false, whatever the others say.
                    let open = asked.without(&verdicts.no);
                    if open.is_empty() {
                        break;
                    }
                    verdicts.and(&part.evaluate(block, &open));
                }
                verdicts
            }
            Self::Any(parts) => {
                let mut verdicts = Verdicts::all_true(block).negated();
                for part in parts {
                    let open = asked.without(&verdicts.yes);
                    if open.is_empty() {
                        break;
                    }
                    verdicts.or(&part.evaluate(block, &open));
                }
                verdicts
            }
        }
    }

    /// Orders the parts so that the cheap ones leave as few rows as they can to the dear ones.
    pub(super) fn cheapest_first(self) -> Self {
        let ordered = |parts: Vec<Self>| {
            let mut parts: Vec<_> = parts.into_iter().map(Self::cheapest_first).collect();
            parts.sort_by_key(Self::cost);
            parts
        };
        match self {
            Self::All(parts) => Self::All(ordered(parts)),
            Self::Any(parts) => Self::Any(ordered(parts)),
            Self::Not(part) => Self::Not(Box::new(part.cheapest_first())),
            Self::Leaf(test) => Self::Leaf(test),
        }
    }

    fn cost(&self) -> Cost {
        match self {
            Self::Leaf(test) => test.cost(),
            Self::Not(part) => part.cost(),
            Self::All(parts) | Self::Any(parts) => {
                let costs = parts.iter().map(Self::cost);
                costs.max().unwrap_or(Cost::Word)
            }
        }
    }
}

/// Ties conditions to a snapshot at a moment.
#[derive(Debug, Clone, Copy)]
pub(in crate::segments) struct Planner<'a> {
    pub(in crate::segments) snapshot: &'a SegmentSnapshot,
    pub(in crate::segments) moment: Moment,
    pub(in crate::segments) memberships: &'a Memberships,
}

impl<'a> Planner<'a> {
    pub(in crate::segments) fn plan(&self, part: &Condition) -> Result<Node<'a>, UnknownSegment> {
        let plan = |parts: &[Condition]| -> Result<Vec<_>, _> {
            parts.iter().map(|part| self.plan(part)).collect()
        };
        Ok(match part {
            Condition::All(parts) => Node::All(plan(parts)?),
            Condition::Any(parts) => Node::Any(plan(parts)?),
            Condition::Not(part) => Node::Not(Box::new(self.plan(part)?)),
            Condition::Leaf(leaf) => Node::Leaf(self.test(leaf)?),
        })
    }

    fn test(&self, leaf: &Leaf) -> Result<Test<'a>, UnknownSegment> {
        if let (Operator::Known, Operand::Flag(is)) = (leaf.op, &leaf.operand) {
            return Ok(self.known(leaf.field, *is));
        }
        Ok(match leaf.field {
            Field::Number(field) => self.number(field, leaf),
            Field::Date(field) => self.date(
                field,
                &Span::of_date(leaf.op, &leaf.operand, self.moment.today),
            ),
            Field::Text(field) => self.text(field, leaf),
            Field::Choice(field) => self.choice(field, leaf),
            Field::Set(field) => self.set(field, leaf),
            Field::Flag(field) => match self.snapshot.flags.get(&field) {
                Some(bits) => Test::Flag {
                    bits,
                    is: leaf.operand == Operand::Flag(true),
                },
                None => Test::Unknown,
            },
            Field::Birthday => Test::Coded {
                codes: &self.snapshot.birthdays,
                table: span::birthday_table(leaf.op, &leaf.operand, self.moment.today),
            },
            Field::Purchases(measure) => {
                let scope = self.scope(&leaf.purchases);
                Test::Purchases {
                    purchases: &self.snapshot.purchases,
                    scope,
                    measure,
                    span: Span::of_number(leaf.op, &leaf.operand),
                }
            }
            Field::Segments => Test::Members {
                bitmaps: self.members(&leaf.operand)?,
                op: leaf.op,
            },
            Field::Bucket => Test::Bucket {
                users: &self.snapshot.users,
                seed: seed_of(&leaf.seed),
                span: Span::of_number(leaf.op, &leaf.operand),
            },
        })
    }

    /// Gives what a leaf about purchases has found for a row.
    pub(in crate::segments) fn measure(&self, leaf: &Leaf, measure: Measure, row: usize) -> i64 {
        let scope = self.scope(&leaf.purchases);
        kernel::measured(&self.snapshot.purchases, &scope, measure, row)
    }

    fn number(&self, field: NumberField, leaf: &Leaf) -> Test<'a> {
        let span = Span::of_number(leaf.op, &leaf.operand);
        let today = self.moment.today;
        if field == NumberField::RecencyDays {
            return self.date(DateField::LastPurchaseDate, &span.of_silence(today));
        }
        if field == NumberField::Age {
            return self.date(DateField::BirthDate, &span.of_age(today));
        }
        match self.snapshot.numbers.get(&field) {
            Some(Numbers::Small(column)) => Test::small(column, &span),
            Some(Numbers::Large(column)) => Test::Large { column, span },
            None => Test::Unknown,
        }
    }

    fn date(&self, field: DateField, span: &Span) -> Test<'a> {
        match self.snapshot.dates.get(&field) {
            Some(column) => Test::small(column, span),
            None => Test::Unknown,
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the table of operators gives no others to this field"
    )]
    fn text(&self, field: TextField, leaf: &Leaf) -> Test<'a> {
        let Some(codes) = self.snapshot.texts.get(&field) else {
            return Test::Unknown;
        };
        let wanted: BTreeSet<String> = texts(&leaf.operand)
            .iter()
            .map(|text| folded(text))
            .collect();
        let is_one = |name: &str| wanted.contains(name);
        let any = |passes: fn(&str, &str) -> bool| {
            let wanted = &wanted;
            move |name: &str| wanted.iter().any(|text| passes(name, text))
        };
        let dictionary = self.snapshot.dictionary(field);
        let table = match leaf.op {
            Operator::Eq | Operator::In => dictionary.table(is_one),
            // A store goes by several names; it is not one of these if none of its names is.
            Operator::Ne | Operator::NotIn => {
                dictionary.table(is_one).into_iter().map(|is| !is).collect()
            }
            Operator::Contains => dictionary.table(any(|name, text| name.contains(text))),
            Operator::StartsWith => dictionary.table(any(|name, text| name.starts_with(text))),
            _ => Vec::new(),
        };
        Test::Coded { codes, table }
    }

    fn choice(&self, field: ChoiceField, leaf: &Leaf) -> Test<'a> {
        let Some(codes) = self.snapshot.choices.get(&field) else {
            return Test::Unknown;
        };
        let wanted = texts(&leaf.operand);
        let is_negated = matches!(leaf.op, Operator::Ne | Operator::NotIn);
        let words = field.words().iter();
        Test::Coded {
            codes,
            table: words
                .map(|word| wanted.iter().any(|text| text == word) != is_negated)
                .collect(),
        }
    }

    fn set(&self, field: SetField, leaf: &Leaf) -> Test<'a> {
        let Some(sets) = self.snapshot.sets.get(&field) else {
            return Test::Unknown;
        };
        let texts = texts(&leaf.operand);
        let distinct: BTreeSet<String> = texts.iter().map(|text| folded(text)).collect();
        Test::Set {
            sets,
            classes: self.snapshot.set_dictionary(field).classes(texts),
            wanted: distinct.len(),
            op: leaf.op,
        }
    }

    fn known(&self, field: Field, is: bool) -> Test<'a> {
        let snapshot = self.snapshot;
        let coded = |codes: Option<&'a Vec<u32>>| match codes {
            Some(codes) => Test::KnownCode { codes, is },
            None => Test::Unknown,
        };
        let dated = |field| Test::Known {
            known: snapshot
                .dates
                .get(&field)
                .and_then(|column| column.known.as_ref()),
            is,
        };
        match field {
            Field::Number(NumberField::RecencyDays) => dated(DateField::LastPurchaseDate),
            Field::Number(NumberField::Age) => dated(DateField::BirthDate),
            Field::Number(field) => Test::Known {
                known: match snapshot.numbers.get(&field) {
                    Some(Numbers::Small(column)) => column.known.as_ref(),
                    Some(Numbers::Large(column)) => column.known.as_ref(),
                    None => None,
                },
                is,
            },
            Field::Date(field) => dated(field),
            Field::Text(field) => coded(snapshot.texts.get(&field)),
            Field::Choice(field) => coded(snapshot.choices.get(&field)),
            Field::Birthday => coded(Some(&snapshot.birthdays)),
            Field::Set(_)
            | Field::Flag(_)
            | Field::Purchases(_)
            | Field::Segments
            | Field::Bucket => Test::Known { known: None, is },
        }
    }

    fn members(&self, operand: &Operand) -> Result<Vec<&'a Bitmap>, UnknownSegment> {
        let members = operand
            .segments()
            .iter()
            .map(|id| self.memberships.get(id).ok_or(UnknownSegment(*id)));
        members.collect()
    }

    fn scope(&self, scope: &PurchaseScope) -> Scope {
        let today = self.moment.today.num_days_from_ce();
        let (first_day, last_day) = match scope.window {
            Window::Ever => (i32::MIN, i32::MAX),
            Window::LastDays(days) => (today.saturating_sub(saturated(days)), today),
            Window::Dates { from, to } => (
                from.map_or(i32::MIN, |date| date.num_days_from_ce()),
                to.map_or(i32::MAX, |date| date.num_days_from_ce()),
            ),
        };
        let purchases = &self.snapshot.purchases;
        let table = |texts: &[String], dictionary: &Dictionary| {
            let classes = dictionary.classes(texts).into_iter();
            (!texts.is_empty()).then(|| classes.map(|class| class > 0).collect())
        };
        Scope {
            first_day,
            last_day,
            categories: table(&scope.categories, &purchases.categories),
            brands: table(&scope.brands, &purchases.brands),
            stores: table(&scope.stores, &self.snapshot.stores),
        }
    }
}

/// Which lines count, by tables over their codes; no table lets everything pass.
#[derive(Debug)]
pub(in crate::segments) struct Scope {
    pub(super) first_day: i32,
    pub(super) last_day: i32,
    pub(super) categories: Option<Vec<bool>>,
    pub(super) brands: Option<Vec<bool>>,
    pub(super) stores: Option<Vec<bool>>,
}

fn texts(operand: &Operand) -> &[String] {
    match operand {
        Operand::Text(text) => std::slice::from_ref(text),
        Operand::Texts(texts) => texts,
        Operand::Number(_)
        | Operand::NumberPair(..)
        | Operand::Numbers(_)
        | Operand::Date(_)
        | Operand::DatePair(..)
        | Operand::Flag(_)
        | Operand::Segments(_) => &[],
    }
}
