//! `Balance`, `Turnovers` and `BalanceAndTurnovers` of a register.

use std::collections::BTreeMap;

use super::read_set::{opening, style};
use crate::answer::{Answer, JSON};
use crate::errors::ODataError;
use crate::filter::{Expression, Operator, parse, resolve};
use crate::json::{push_decimal, push_string};
use crate::moment::Moment;
use crate::options::{Format, QueryOptions};
use crate::read::order::split;
use crate::read::{Plan, Property, Reader, RowWriter, Rows, Selection, Style};
use crate::request::{Literal, named_literals};
use crate::row::Row;
use crate::schema::registers::PERIOD;
use crate::schema::{EntitySet, Register, Shape};
use crate::settings::Quirks;
use crate::value::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Balance,
    Turnovers,
    BalanceAndTurnovers,
}

/// What one resource did, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
struct Movement {
    before: i64,
    receipt: i64,
    expense: i64,
}

#[derive(Debug)]
struct Question {
    table: Table,
    register: Register,
    from: Moment,
    to: Moment,
    condition: Option<String>,
    dimensions: Option<Vec<String>>,
    /// Whether rows that the user may not see are left out instead of refused.
    allowed_only: bool,
}

pub(super) fn read(
    reader: &Reader,
    root: &str,
    set: &EntitySet,
    method: &str,
    options: &QueryOptions,
    format: Option<Format>,
) -> Result<Answer, ODataError> {
    let question = question(set, method, options)?;
    let lines = reader.world.schema.lines(question.register);
    let dimensions = dimensions(lines, &question)?;
    let style = style(reader, format);
    let groups = groups(reader, lines, &question, &dimensions)?;
    let name = format!(
        "Collection(StandardODATA.{}_{})",
        set.name,
        question.table.name()
    );
    let mut out = opening(style, &format!("{root}/$metadata#{name}"), None);
    let shown = groups
        .into_iter()
        .filter(|(_, movements)| question.table.shows(movements))
        .skip(options.skip)
        .take(options.top.unwrap_or(usize::MAX));
    for (at, (key, movements)) in shown.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(if style.pretty { b"{\n" } else { b"{" });
        out.extend_from_slice(&key);
        write_resources(&mut out, &question, &movements, style, !key.is_empty());
        out.extend_from_slice(if style.pretty { b"\n}" } else { b"}" });
    }
    out.extend_from_slice(if style.pretty { b"]\n}" } else { b"]}" });
    Ok(Answer::new(200, JSON, out))
}

fn question(set: &EntitySet, method: &str, options: &QueryOptions) -> Result<Question, ODataError> {
    let Shape::RecordSets(register) = set.shape else {
        return Err(ODataError::no_method());
    };
    let (name, inside) = match method.split_once('(') {
        Some((name, rest)) => (name, rest.strip_suffix(')').unwrap_or(rest)),
        None => (method, ""),
    };
    let table = match name {
        "Turnovers" => Table::Turnovers,
        "Balance" if register.has_balance() => Table::Balance,
        "BalanceAndTurnovers" if register.has_balance() => Table::BalanceAndTurnovers,
        _ => return Err(ODataError::no_method()),
    };
    let mut question = Question {
        table,
        register,
        from: Moment::MIN,
        to: Moment::MAX,
        condition: options.filter.clone(),
        dimensions: None,
        allowed_only: options.allowed_only,
    };
    for (name, literal) in named_literals(inside)? {
        question.put(&name, literal)?;
    }
    for (name, text) in &options.parameters {
        let literal = Literal::read(text).ok_or_else(|| ODataError::syntax(name))?;
        question.put(name, literal)?;
    }
    Ok(question)
}

impl Question {
    fn put(&mut self, name: &str, literal: Literal) -> Result<(), ODataError> {
        match (name, literal) {
            ("Period", Literal::Moment(at)) if self.table == Table::Balance => {
                self.to = at.plus(1);
            }
            ("StartPeriod", Literal::Moment(at)) => self.from = at,
            ("EndPeriod", Literal::Moment(at)) => self.to = at.plus(1),
            ("Condition", Literal::Text(text)) => self.condition = Some(text),
            ("Dimensions", Literal::Text(text)) => {
                self.dimensions =
                    Some(split(&text).iter().map(|name| name.trim().into()).collect());
            }
            _ => return Err(ODataError::no_segment(name)),
        }
        Ok(())
    }
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Balance => "Balance",
            Self::Turnovers => "Turnovers",
            Self::BalanceAndTurnovers => "BalanceAndTurnovers",
        }
    }

    /// Groups without any figure are left out, as in 1C's query language.
    fn shows(self, movements: &[Movement]) -> bool {
        movements.iter().any(|moved| match self {
            Self::Balance => moved.before + moved.receipt != moved.expense,
            Self::Turnovers => moved.receipt != 0 || moved.expense != 0,
            Self::BalanceAndTurnovers => {
                moved.before != 0 || moved.receipt != 0 || moved.expense != 0
            }
        })
    }
}

/// The columns to group by, with the `_Type` of those that are composite.
fn dimensions(lines: &EntitySet, question: &Question) -> Result<Vec<usize>, ODataError> {
    let all = question.register.dimensions();
    let wanted: Vec<&str> = match &question.dimensions {
        None => all.to_vec(),
        Some(names) => names
            .iter()
            .map(|name| {
                let fits = |own: &&&str| **own == *name || own.strip_suffix("_Key") == Some(name);
                all.iter()
                    .find(fits)
                    .copied()
                    .ok_or_else(|| ODataError::no_segment(name))
            })
            .collect::<Result<_, _>>()?,
    };
    let mut columns = Vec::new();
    for name in wanted {
        let column = lines.columns.iter().position(|own| own.original == name);
        let column = column.ok_or_else(|| ODataError::no_segment(name))?;
        columns.push(column);
        let type_column = lines.type_column_of(column);
        if type_column != column {
            columns.push(type_column);
        }
    }
    Ok(columns)
}

/// Sums the lines; the key of a group is its dimensions as they will be written.
fn groups(
    reader: &Reader,
    lines: &EntitySet,
    question: &Question,
    dimensions: &[usize],
) -> Result<BTreeMap<Vec<u8>, Vec<Movement>>, ODataError> {
    let quirks = Quirks {
        unstable_order: false,
        ..reader.quirks.clone()
    };
    let calm = Reader {
        quirks,
        ..reader.clone()
    };
    let plan = Plan {
        filter: Some(filter(reader, lines, question)?),
        order: Vec::new(),
        skip: 0,
        top: None,
        allowed_only: question.allowed_only,
    };
    let properties = dimensions.iter().copied().map(Property::Column).collect();
    let style = Style {
        format: Format::NoMetadata,
        pretty: reader.quirks.pretty_json,
    };
    let writer = RowWriter::new(&reader.world, lines, &Selection { properties }, style);
    let resources: Vec<usize> = question
        .register
        .resources()
        .iter()
        .filter_map(|name| lines.columns.iter().position(|own| own.original == *name))
        .collect();
    let mut groups: BTreeMap<Vec<u8>, Vec<Movement>> = BTreeMap::new();
    let mut rows = Rows::new(&calm, lines, plan);
    while let Some(row) = rows.next()? {
        let mut key = Vec::new();
        writer.write_properties(&row, &mut key);
        let group = groups
            .entry(key)
            .or_insert_with(|| vec![Movement::default(); resources.len()]);
        for (moved, column) in group.iter_mut().zip(&resources) {
            moved.add(&row, *column, question);
        }
    }
    Ok(groups)
}

fn filter(
    reader: &Reader,
    lines: &EntitySet,
    question: &Question,
) -> Result<Expression, ODataError> {
    let period = |operator, at| {
        let (column, literal) = (Expression::Column(PERIOD), Value::Moment(at));
        Expression::Compare(operator, column.into(), Expression::Literal(literal).into())
    };
    let mut filter = period(Operator::Less, question.to);
    if question.table == Table::Turnovers {
        let from = period(Operator::GreaterOrEqual, question.from);
        filter = Expression::And(filter.into(), from.into());
    }
    let active = Expression::Column(lines.static_column("Active"));
    filter = Expression::And(filter.into(), active.into());
    if let Some(condition) = &question.condition {
        let syntax = parse(condition, "$filter")?;
        let condition = resolve(&reader.world.schema, lines, &syntax)?;
        filter = Expression::And(filter.into(), condition.into());
    }
    Ok(filter)
}

impl Movement {
    fn add(&mut self, row: &Row, column: usize, question: &Question) {
        let Value::Number { units, scale } = row.value(column) else {
            return;
        };
        let thousandths = units * 10_i64.pow(3_u32.saturating_sub(u32::from(scale)));
        let (receipt, period) = match row {
            Row::Line {
                document,
                register: Register::BonusPoints,
                place,
                ..
            } => {
                let line = &document.bonus[*place];
                (line.receipt, line.period)
            }
            Row::Line { document, .. } => (true, document.date),
            Row::Recorder { .. } | Row::Object(_) | Row::Part { .. } => return,
        };
        let before = question.table == Table::BalanceAndTurnovers && period < question.from;
        match (before, receipt) {
            (true, true) => self.before += thousandths,
            (true, false) => self.before -= thousandths,
            (false, true) => self.receipt += thousandths,
            (false, false) => self.expense += thousandths,
        }
    }
}

fn write_resources(
    out: &mut Vec<u8>,
    question: &Question,
    movements: &[Movement],
    style: Style,
    mut after_something: bool,
) {
    for (resource, moved) in question.register.resources().iter().zip(movements) {
        let turnover = moved.receipt - moved.expense;
        let balanced = question.register.has_balance();
        let figures: Vec<(&str, i64)> = match question.table {
            Table::Balance => vec![("Balance", turnover)],
            Table::Turnovers if !balanced => vec![("Turnover", turnover)],
            Table::Turnovers => vec![
                ("Turnover", turnover),
                ("Receipt", moved.receipt),
                ("Expense", moved.expense),
            ],
            Table::BalanceAndTurnovers => vec![
                ("OpeningBalance", moved.before),
                ("Turnover", turnover),
                ("Receipt", moved.receipt),
                ("Expense", moved.expense),
                ("ClosingBalance", moved.before + turnover),
            ],
        };
        for (suffix, thousandths) in figures {
            if after_something {
                out.extend_from_slice(if style.pretty { b",\n" } else { b"," });
            }
            after_something = true;
            push_string(out, &format!("{resource}{suffix}"));
            out.extend_from_slice(if style.pretty { b": " } else { b":" });
            push_decimal(out, thousandths, 3);
        }
    }
}
