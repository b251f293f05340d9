//! `$orderby`: keys, and the sorted places of catalogs kept between pages.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dice::Dice;
use crate::errors::ODataError;
use crate::filter::{Expression, Resolver, parse};
use crate::presentation::presentation;
use crate::row::Row;
use crate::schema::{EntitySet, Schema, Shape};
use crate::value::Value;
use crate::world::World;

/// One key of `$orderby`.
#[derive(Clone, Debug)]
pub(crate) struct SortKey {
    pub(crate) expression: Expression,
    pub(crate) descending: bool,
    /// `Ref_Key` sorts by what the object is called, not by its GUID.
    by_presentation: bool,
}

impl SortKey {
    /// Whether the key is this column itself.
    pub(crate) fn is_column(&self, column: usize) -> bool {
        matches!(self.expression, Expression::Column(own) if own == column)
    }
}

pub(crate) fn keys(
    schema: &Schema,
    set: &EntitySet,
    text: &str,
) -> Result<Vec<SortKey>, ODataError> {
    let resolver = Resolver {
        schema,
        set,
        item: None,
    };
    split(text)
        .into_iter()
        .map(|key| one_key(&resolver, key.trim()))
        .collect()
}

fn one_key(resolver: &Resolver<'_>, text: &str) -> Result<SortKey, ODataError> {
    let (path, descending) = match text.rsplit_once(' ') {
        Some((path, "desc")) => (path, true),
        Some((path, "asc")) => (path, false),
        _ => (text, false),
    };
    let expression = resolver.sort_key(&parse(path, "$orderby")?)?;
    let set = resolver.set;
    let by_presentation = match (&expression, set.shape) {
        (
            Expression::Column(column),
            Shape::Catalog(_) | Shape::Document(_) | Shape::Part { .. },
        ) => set.columns[*column].original == "Ref_Key",
        _ => false,
    };
    Ok(SortKey {
        expression,
        descending,
        by_presentation,
    })
}

/// Splits at the commas that are not inside of brackets or quotes.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, mark) in text.char_indices() {
        match mark {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The values that a row is sorted by.
pub(crate) fn values(
    keys: &[SortKey],
    row: &Row,
    set: &EntitySet,
    world: &World,
    chance: u64,
) -> Vec<Value<'static>> {
    let mut values = Vec::with_capacity(keys.len());
    for key in keys {
        if key.by_presentation {
            values.push(Value::Text(shown(row, set, world).into()));
            // Rows of a tabular part stay with their owner: their complete key has no ties.
            let chance = if matches!(set.shape, Shape::Part { .. }) {
                0
            } else {
                chance
            };
            let (high, low) = row.subject().as_u64_pair();
            let tie = Dice::roll(chance, low ^ high.rotate_left(17), 0).bits() >> 1;
            values.push(Value::Long(i64::try_from(tie).unwrap_or(0)));
        } else {
            let value = key.expression.value(row, None, world);
            values.push(value.map_or(Value::text(""), Value::into_owned));
        }
    }
    values
}

fn shown(row: &Row, set: &EntitySet, world: &World) -> String {
    match (row, set.shape) {
        (Row::Part { object, .. }, Shape::Part { owner, .. }) => {
            presentation(&world.schema.sets[owner], object)
        }
        (Row::Object(object), _) => presentation(set, object),
        _ => String::new(),
    }
}

/// Compares what [`values`] gave.
pub(crate) fn compare(keys: &[SortKey], left: &[Value<'_>], right: &[Value<'_>]) -> Ordering {
    let mut at = 0;
    for key in keys {
        let width = if key.by_presentation { 2 } else { 1 };
        for place in at..at + width {
            let order = left[place].order(&right[place]).unwrap_or(Ordering::Equal);
            if order != Ordering::Equal {
                return if key.descending {
                    order.reverse()
                } else {
                    order
                };
            }
        }
        at += width;
    }
    Ordering::Equal
}

/// Sorts rows in place by keys that are computed once.
pub(crate) fn sort(
    rows: &mut Vec<Row>,
    keys: &[SortKey],
    set: &EntitySet,
    world: &World,
    chance: u64,
) {
    let mut keyed: Vec<(Vec<Value<'static>>, Row)> = rows
        .drain(..)
        .map(|row| (values(keys, &row, set, world, chance), row))
        .collect();
    keyed.sort_by(|(left, _), (right, _)| compare(keys, left, right));
    rows.extend(keyed.into_iter().map(|(_, row)| row));
}

/// What one sorted reading of a catalog depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SortedQuery {
    pub(crate) set: String,
    pub(crate) order: String,
    pub(crate) filter: String,
    pub(crate) version: u64,
    pub(crate) chance: u64,
}

/// The order of a catalog, kept so that its next page need not sort it again.
#[derive(Debug, Default)]
pub(crate) struct SortedPlaces {
    kept: Mutex<VecDeque<(SortedQuery, Arc<Vec<Place>>)>>,
}

/// An item, and the row of its tabular part where the set is one.
pub(crate) type Place = (u32, u16);

const KEPT: usize = 6;

impl SortedPlaces {
    pub(crate) fn get(&self, query: &SortedQuery) -> Option<Arc<Vec<Place>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(known, _)| known == query)
            .map(|(_, places)| Arc::clone(places))
    }

    pub(crate) fn put(&self, query: SortedQuery, places: Arc<Vec<Place>>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((query, places));
    }
}
