//! Items of catalogs and the rows of their tabular parts.

use std::sync::Arc;

use super::{Opened, RowSource, listed};
use crate::dice::Dice;
use crate::filter::Bounds;
use crate::read::order::{self, Place, SortedQuery};
use crate::read::{Plan, Reader};
use crate::row::Row;
use crate::schema::{Catalog, EntitySet};
use crate::world::World;

/// Items are made this many at a time.
const BATCH: usize = 64;

pub(super) fn open(
    reader: &Reader,
    set: &EntitySet,
    plan: &Plan,
    catalog: Catalog,
    part: Option<usize>,
) -> Opened {
    let world = &reader.world;
    let key = set.static_column("Ref_Key");
    let bounds = plan
        .filter
        .as_ref()
        .map_or(Bounds::OPEN, |filter| Bounds::of(filter, None, Some(key)));
    if let Some(ids) = &bounds.ids {
        let rows = ids
            .iter()
            .filter_map(|id| world.object(catalog, *id))
            .flat_map(|object| rows_of(object, part))
            .collect();
        return listed(reader, set, plan, rows);
    }
    let items = Items {
        world: world.clone(),
        catalog,
        part,
    };
    if plan.order.is_empty() {
        let mut places: Vec<u32> = (0..).take(world.places(catalog)).collect();
        if reader.quirks.unstable_order {
            let mut dice = Dice::roll(reader.chance, 3, 0);
            for place in (1..places.len()).rev() {
                dice = dice.again();
                places.swap(place, dice.below(place + 1));
            }
        }
        return Opened {
            source: Box::new(InTurn {
                items,
                places,
                at: 0,
            }),
            skip: plan.skip,
        };
    }
    let places = sorted_places(reader, set, plan, &items);
    let skipped = if reader.hidden.is_empty() {
        plan.skip
    } else {
        0
    };
    let source = InOrder {
        items,
        places,
        at: skipped,
    };
    Opened {
        source: Box::new(source),
        skip: plan.skip - skipped,
    }
}

/// The matching places in order, from the last page or worked out now.
fn sorted_places(reader: &Reader, set: &EntitySet, plan: &Plan, items: &Items) -> Arc<Vec<Place>> {
    let chance = reader.chance_of_ties();
    let query = SortedQuery {
        set: set.name.to_string(),
        order: format!("{:?}", plan.order),
        filter: format!("{:?}", plan.filter),
        version: reader.world.version(),
        chance,
    };
    if let Some(places) = reader.sorted.get(&query) {
        return places;
    }
    let mut keyed = Vec::new();
    for item in (0..).take(items.world.places(items.catalog)) {
        for (part, row) in (0..).zip(items.rows_at(item)) {
            if plan
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches(&row, &items.world))
            {
                let values = order::values(&plan.order, &row, set, &items.world, chance);
                keyed.push((values, (item, part)));
            }
        }
    }
    keyed.sort_by(|(left, _), (right, _)| order::compare(&plan.order, left, right));
    let places: Arc<Vec<Place>> = Arc::new(keyed.into_iter().map(|(_, place)| place).collect());
    reader.sorted.put(query, Arc::clone(&places));
    places
}

fn rows_of(object: Arc<crate::object::Object>, part: Option<usize>) -> Vec<Row> {
    let row = Row::Object(object);
    match part {
        Some(column) => row.nested(column),
        None => vec![row],
    }
}

#[derive(Debug)]
struct Items {
    world: World,
    catalog: Catalog,
    part: Option<usize>,
}

impl Items {
    fn rows_at(&self, place: u32) -> Vec<Row> {
        usize::try_from(place)
            .ok()
            .and_then(|place| self.world.item(self.catalog, place))
            .map_or_else(Vec::new, |object| rows_of(object, self.part))
    }
}

#[derive(Debug)]
struct InTurn {
    items: Items,
    places: Vec<u32>,
    at: usize,
}

impl RowSource for InTurn {
    fn next(&mut self, rows: &mut Vec<Row>) -> bool {
        let end = (self.at + BATCH).min(self.places.len());
        for place in &self.places[self.at..end] {
            rows.extend(self.items.rows_at(*place));
        }
        let more = self.at < end;
        self.at = end;
        more
    }
}

#[derive(Debug)]
struct InOrder {
    items: Items,
    places: Arc<Vec<Place>>,
    at: usize,
}

impl RowSource for InOrder {
    fn next(&mut self, rows: &mut Vec<Row>) -> bool {
        let end = self.at.saturating_add(BATCH).min(self.places.len());
        if self.at >= end {
            return false;
        }
        for (item, part) in &self.places[self.at..end] {
            rows.extend(
                self.items
                    .rows_at(*item)
                    .into_iter()
                    .nth(usize::from(*part)),
            );
        }
        self.at = end;
        true
    }
}
