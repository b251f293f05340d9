//! Lines of points: their periods are not their documents' dates, so they are read by days.

use std::sync::Arc;

use super::timed::Making;
use super::{Opened, RowSource, Sorted, listed};
use crate::dice::Dice;
use crate::filter::Bounds;
use crate::moment::{DAY, Moment};
use crate::read::order::{self, SortKey};
use crate::read::{Plan, Reader};
use crate::row::Row;
use crate::schema::registers::{PERIOD, RECORDER};
use crate::schema::{EntitySet, Register};
use crate::world::World;

pub(super) fn open(reader: &Reader, set: &EntitySet, plan: &Plan) -> Opened {
    let world = &reader.world;
    let bounds = plan.filter.as_ref().map_or(Bounds::OPEN, |filter| {
        Bounds::of(filter, Some(PERIOD), Some(RECORDER))
    });
    if let Some(ids) = &bounds.ids {
        let mut rows = Vec::new();
        for document in ids.iter().filter_map(|id| world.document(*id)) {
            Making::Lines(Register::BonusPoints).rows_of(&document, world, &mut rows);
        }
        return listed(reader, set, plan, rows);
    }
    let by_period = plan.order.first().is_none_or(|key| key.is_column(PERIOD));
    let source = ByDay::new(
        reader,
        set,
        &bounds,
        if by_period { &plan.order } else { &[] },
    );
    if by_period {
        return Opened {
            source: Box::new(source),
            skip: plan.skip,
        };
    }
    let source = Sorted::new(reader, set, plan, Box::new(source));
    Opened {
        source: Box::new(source),
        skip: plan.skip,
    }
}

/// The lines of one day after the other.
#[derive(Debug)]
pub(crate) struct ByDay {
    world: World,
    set: EntitySet,
    from: Moment,
    to: Moment,
    backward: bool,
    keys: Vec<SortKey>,
    shuffle: Option<Dice>,
}

impl ByDay {
    fn new(reader: &Reader, set: &EntitySet, bounds: &Bounds, keys: &[SortKey]) -> Self {
        let (first, last) = reader.world.points_span();
        let unstable = keys.is_empty() && reader.quirks.unstable_order;
        Self {
            world: reader.world.clone(),
            set: set.clone(),
            from: bounds.from.max(first),
            to: bounds.to.min(last),
            backward: keys.first().is_some_and(|key| key.descending),
            keys: keys.to_vec(),
            shuffle: unstable.then(|| Dice::roll(reader.chance, 2, 0)),
        }
    }

    fn next_day(&mut self) -> Option<(Moment, Moment)> {
        if self.from >= self.to {
            return None;
        }
        if self.backward {
            let start = self.to.plus(-1).start_of_day().max(self.from);
            Some((start, std::mem::replace(&mut self.to, start)))
        } else {
            let end = self.from.start_of_day().plus(DAY).min(self.to);
            Some((std::mem::replace(&mut self.from, end), end))
        }
    }
}

impl RowSource for ByDay {
    fn next(&mut self, rows: &mut Vec<Row>) -> bool {
        let Some((from, to)) = self.next_day() else {
            return false;
        };
        for document in self.world.documents_with_points(from, to) {
            let mut lines = Vec::new();
            Making::Lines(Register::BonusPoints).rows_of(
                &Arc::clone(&document),
                &self.world,
                &mut lines,
            );
            rows.extend(lines.into_iter().filter(|line| {
                line.value(PERIOD)
                    .as_moment()
                    .is_some_and(|at| at >= from && at < to)
            }));
        }
        if let Some(dice) = &mut self.shuffle {
            for place in (1..rows.len()).rev() {
                *dice = dice.again();
                rows.swap(place, dice.below(place + 1));
            }
        } else if !self.keys.is_empty() {
            order::sort(rows, &self.keys, &self.set, &self.world, 0);
        }
        true
    }
}
