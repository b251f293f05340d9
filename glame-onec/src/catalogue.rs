//! Pages of a catalogue, in an order that lets none be lost.

use std::collections::HashSet;

use bytes::Bytes;
use glame_core::ports::{Rejected, SourceCursor};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::{Base, Order, Wanted};
use crate::errors::Fault;
use crate::page::for_each_row;
use crate::query::Filter;
use crate::records::{KeyRecord, NamedRecord, Set};
use crate::translate::{Reason, key_row, named_row};
use crate::transport::Meter;

const FEWEST_ROWS: u32 = 20;

/// A place in a catalogue: how many rows were read, and the last of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// How many rows lie before.
    skip: u64,
    /// The row before, which must still be there.
    last: Uuid,
    /// The rows of a page.
    rows: u32,
}

impl Place {
    /// Reads a cursor.
    pub(crate) fn parse(cursor: &SourceCursor) -> Option<Self> {
        serde_json::from_str(cursor.as_str()).ok()
    }

    /// Writes a cursor.
    pub(crate) fn to_cursor(&self) -> SourceCursor {
        SourceCursor::new(serde_json::json!(self).to_string())
    }
}

/// Rows of a catalogue.
#[derive(Debug)]
pub(crate) struct CataloguePage {
    /// The bytes that rows are read from.
    pub(crate) body: Bytes,
    /// How many of its first rows were on the page before.
    pub(crate) repeated: usize,
    /// Where the next page begins.
    pub(crate) next: Option<Place>,
}

/// Reads the page after a place.
///
/// It begins with the last row of the page before. If that row is not there, rows were added or
/// removed meanwhile, and the page is read again with the one before it: rows that come twice do
/// no harm, rows that are lost do.
pub(crate) async fn page_after(
    base: &Base,
    set: &'static Set,
    filter: Option<Filter>,
    place: Option<&Place>,
    rows: u32,
    meter: &Meter,
) -> Result<CataloguePage, Fault> {
    let mut rows = place.map_or(rows, |place| (place.rows + place.rows / 2).min(rows));
    let mut back = u64::from(place.is_some());
    loop {
        let skip = place.map_or(0, |place| place.skip.saturating_sub(back));
        let overlap = place.map_or(0, |place| place.skip - skip);
        let top = rows.saturating_add(u32::try_from(overlap).unwrap_or(u32::MAX));
        let wanted = Wanted {
            set,
            filter: filter.clone(),
            order: Order::Best,
            top: Some(top),
            skip,
        };
        let page = match base.page(&wanted, meter).await {
            Ok(page) => page,
            Err(fault) if fault.asks_for_less() && rows > FEWEST_ROWS => {
                rows = (rows / 2).max(FEWEST_ROWS);
                continue;
            }
            Err(fault) => return Err(fault),
        };
        let keys = keys(&page.body)?;
        let stable = place.is_none_or(|place| keys.contains(&Some(place.last)));
        if !stable && overlap < u64::from(rows) && skip > 0 {
            tracing::warn!(
                set = set.name,
                skip,
                "the catalogue has changed between two pages"
            );
            back = u64::from(rows);
            continue;
        }
        let full = u64::try_from(keys.len()).unwrap_or(u64::MAX) >= u64::from(top);
        let different = keys.iter().collect::<HashSet<_>>().len();
        let count = u64::try_from(different).unwrap_or(u64::MAX);
        let last = keys.iter().rev().find_map(|key| *key);
        let next = last.filter(|_| full).map(|last| Place {
            skip: skip + count,
            last,
            rows,
        });
        let repeated = repeated_rows(&keys, place, overlap);
        return Ok(CataloguePage {
            body: page.body,
            repeated,
            next,
        });
    }
}

/// Counts the rows that need not come again: only if the last row is where it was.
fn repeated_rows(keys: &[Option<Uuid>], place: Option<&Place>, overlap: u64) -> usize {
    let overlap = usize::try_from(overlap).unwrap_or(usize::MAX);
    let before = overlap
        .checked_sub(1)
        .and_then(|last| keys.get(last))
        .copied()
        .flatten();
    if before.is_some() && before == place.map(|place| place.last) {
        overlap
    } else {
        0
    }
}

fn keys(body: &[u8]) -> Result<Vec<Option<Uuid>>, Fault> {
    let mut keys = Vec::new();
    for_each_row::<KeyRecord<'_>>(body, |row| {
        keys.push(row.ok().and_then(|row| key_row(&row)));
    })?;
    Ok(keys)
}

/// Reads the names of a whole catalogue.
pub(crate) async fn names(
    base: &Base,
    set: &'static Set,
    filter: Option<Filter>,
    meter: &Meter,
) -> Result<Vec<(Uuid, String)>, Fault> {
    let rows = base.settings().page_sizes.catalogue;
    let mut names = Vec::new();
    let mut place: Option<Place> = None;
    loop {
        let page = page_after(base, set, filter.clone(), place.as_ref(), rows, meter).await?;
        for_each_row::<NamedRecord<'_>>(&page.body, |row| {
            names.extend(row.ok().and_then(|row| named_row(&row)));
        })?;
        place = page.next;
        if place.is_none() {
            return Ok(names);
        }
    }
}

/// Understands the rows of a page one by one.
pub(crate) fn translate<'a, R: Deserialize<'a>, T>(
    set: &Set,
    body: &'a [u8],
    repeated: usize,
    read: impl Fn(&R) -> Result<Option<T>, Rejected>,
) -> Result<(Vec<T>, Vec<Rejected>), Fault> {
    let (mut items, mut rejected) = (Vec::new(), Vec::new());
    let mut position = 0;
    for_each_row::<R>(body, |row| {
        position += 1;
        if position <= repeated {
            return;
        }
        match row {
            Ok(row) => match read(&row) {
                Ok(item) => items.extend(item),
                Err(reason) => rejected.push(reason),
            },
            Err(broken) => {
                rejected.push(Reason::WrongTypes.reject(set, broken.reference()));
            }
        }
    })?;
    Ok((items, rejected))
}
