//! Where rows come from: the cheapest way that the filter and the order allow.

mod catalog;
mod points;
mod timed;

use std::fmt::Debug;
use std::sync::Arc;

use super::order::{self, SortKey};
use super::{Plan, Reader};
use crate::filter::{Bounds, Expression};
use crate::object::Object;
use crate::row::{Row, push_lines};
use crate::schema::registers::{PERIOD, RECORDER};
use crate::schema::{ColumnKind, EntitySet, Register, Shape};
use crate::world::{Direction, World};

use timed::{Making, Timed};

/// Gives rows a few at a time.
pub(crate) trait RowSource: Debug + Send {
    /// Appends the next rows; says whether there may be more.
    fn next(&mut self, rows: &mut Vec<Row>) -> bool;
}

pub(crate) struct Opened {
    pub(crate) source: Box<dyn RowSource>,
    /// How many matching rows are still to be skipped.
    pub(crate) skip: usize,
}

/// Opens the rows of a set for one query.
pub(crate) fn open(reader: &Reader, set: &EntitySet, plan: &Plan) -> Opened {
    match set.shape {
        Shape::Catalog(catalog) => catalog::open(reader, set, plan, catalog, None),
        Shape::Part { owner, part } => {
            let owner = &reader.world.schema.sets[owner];
            let column = part_column(owner, part);
            match owner.shape {
                Shape::Catalog(catalog) => catalog::open(reader, set, plan, catalog, Some(column)),
                Shape::Document(kind) => {
                    timed(reader, set, plan, Making::DocumentParts(kind, column), None)
                }
                Shape::Part { .. } | Shape::Lines(_) | Shape::RecordSets(_) => nothing(),
            }
        }
        Shape::Document(kind) => {
            let date = set.static_column("Date");
            timed(reader, set, plan, Making::Documents(kind), Some(date))
        }
        Shape::Lines(Register::BonusPoints) => points::open(reader, set, plan),
        Shape::Lines(register) => timed(reader, set, plan, Making::Lines(register), Some(PERIOD)),
        Shape::RecordSets(register) => timed(reader, set, plan, Making::Recorders(register), None),
    }
}

fn part_column(owner: &EntitySet, part: usize) -> usize {
    owner
        .columns
        .iter()
        .position(|column| column.kind == ColumnKind::Part(part))
        .unwrap_or(0)
}

fn nothing() -> Opened {
    Opened {
        source: Box::new(Listed { rows: Vec::new() }),
        skip: 0,
    }
}

/// Opens a set whose rows hang on documents.
fn timed(
    reader: &Reader,
    set: &EntitySet,
    plan: &Plan,
    making: Making,
    time: Option<usize>,
) -> Opened {
    let world = &reader.world;
    let bounds = plan.filter.as_ref().map_or(Bounds::OPEN, |filter| {
        Bounds::of(filter, time, Some(RECORDER))
    });
    if let Some(ids) = &bounds.ids {
        let mut rows = Vec::new();
        for document in ids.iter().filter_map(|id| world.document(*id)) {
            making.rows_of(&document, world, &mut rows);
        }
        return listed(reader, set, plan, rows);
    }
    // The record-set form ignores `$orderby`.
    let order: &[SortKey] = if matches!(making, Making::Recorders(_)) {
        &[]
    } else {
        &plan.order
    };
    let first_is_time = order
        .first()
        .is_some_and(|key| time.is_some_and(|time| key.is_column(time)));
    let direction = match order.first() {
        Some(first) if first_is_time && first.descending => Direction::Backward,
        _ => Direction::Forward,
    };
    let source = Timed::new(reader, set, making, &bounds, direction);
    if order.is_empty() {
        let chance = reader.quirks.unstable_order.then_some(reader.chance);
        return Opened {
            source: Box::new(source.in_any_order(chance)),
            skip: plan.skip,
        };
    }
    if first_is_time {
        return Opened {
            source: Box::new(source.ordered_by(&order[1..])),
            skip: plan.skip,
        };
    }
    let source = Sorted::new(reader, set, plan, Box::new(source.in_any_order(None)));
    Opened {
        source: Box::new(source),
        skip: plan.skip,
    }
}

/// Opens rows that are known already.
fn listed(reader: &Reader, set: &EntitySet, plan: &Plan, mut rows: Vec<Row>) -> Opened {
    if !plan.order.is_empty() {
        order::sort(
            &mut rows,
            &plan.order,
            set,
            &reader.world,
            reader.chance_of_ties(),
        );
    }
    Opened {
        source: Box::new(Listed { rows }),
        skip: plan.skip,
    }
}

#[derive(Debug)]
struct Listed {
    rows: Vec<Row>,
}

impl RowSource for Listed {
    fn next(&mut self, rows: &mut Vec<Row>) -> bool {
        rows.append(&mut self.rows);
        !rows.is_empty()
    }
}

/// Reads everything before it gives the first row; keeps only what the page can hold.
#[derive(Debug)]
struct Sorted {
    inner: Option<Box<dyn RowSource>>,
    world: World,
    set: EntitySet,
    filter: Option<Expression>,
    order: Vec<SortKey>,
    keep: usize,
    chance: u64,
}

impl Sorted {
    fn new(reader: &Reader, set: &EntitySet, plan: &Plan, inner: Box<dyn RowSource>) -> Self {
        let keep = plan.top.filter(|_| reader.hidden.is_empty());
        Self {
            inner: Some(inner),
            world: reader.world.clone(),
            set: set.clone(),
            filter: plan.filter.clone(),
            order: plan.order.clone(),
            keep: keep.map_or(usize::MAX, |top| top.saturating_add(plan.skip)),
            chance: reader.chance_of_ties(),
        }
    }
}

impl RowSource for Sorted {
    fn next(&mut self, rows: &mut Vec<Row>) -> bool {
        let Some(mut inner) = self.inner.take() else {
            return false;
        };
        let mut batch = Vec::new();
        let mut kept = Vec::new();
        while inner.next(&mut batch) {
            kept.extend(batch.drain(..).filter(|row| {
                self.filter
                    .as_ref()
                    .is_none_or(|filter| filter.matches(row, &self.world))
            }));
            if kept.len() > self.keep.saturating_mul(2).saturating_add(1_000) {
                order::sort(&mut kept, &self.order, &self.set, &self.world, self.chance);
                kept.truncate(self.keep);
            }
        }
        order::sort(&mut kept, &self.order, &self.set, &self.world, self.chance);
        kept.truncate(self.keep);
        rows.append(&mut kept);
        true
    }
}

impl Reader {
    /// Equal keys stay in one order, unless the base is told to be unstable.
    pub(super) const fn chance_of_ties(&self) -> u64 {
        if self.quirks.unstable_order {
            self.chance
        } else {
            0
        }
    }
}

impl Making {
    /// Appends the rows that one document gives.
    fn rows_of(
        self,
        document: &Arc<crate::document::Document>,
        world: &World,
        rows: &mut Vec<Row>,
    ) {
        let object = || -> Arc<Object> {
            Arc::new(crate::document_object::document_object(
                &world.schema,
                document,
            ))
        };
        match self {
            Self::Lines(register) => push_lines(document, register, rows),
            Self::Recorders(register) => {
                let mut lines = Vec::new();
                push_lines(document, register, &mut lines);
                if !lines.is_empty() {
                    rows.push(Row::Recorder {
                        document: Arc::clone(document),
                        register,
                    });
                }
            }
            Self::Documents(kind) => {
                if document.kind == kind {
                    rows.push(Row::Object(object()));
                }
            }
            Self::DocumentParts(kind, column) => {
                if document.kind == kind {
                    rows.extend(Row::Object(object()).nested(column));
                }
            }
        }
    }
}
