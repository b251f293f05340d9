//! Sales: which register is read when, and what the headers of documents add to its lines.

mod finish;
mod headers;
mod plan;

use std::collections::HashSet;

use chrono::NaiveDateTime;
use chrono_tz::Tz;
use glame_core::ports::Rejected;
use glame_core::purchases::DocumentKey;

use crate::base::{Base, Order, Wanted};
use crate::errors::{Fault, FaultKind};
use crate::page::{BrokenRow, for_each_row};
use crate::query::Filter;
use crate::records::Set;
use crate::records::document::types_of;
use crate::records::sale_line::{RECORDER, SaleLineRow};
use crate::translate::{DraftLine, Reason, line_reference, period, sale_line};
use crate::transport::Meter;
use crate::windows::TimedRow;

pub(crate) use finish::Finished;
pub(crate) use plan::{Part, PartPlan, Plan, SalesPlace};

/// A line of a register, understood or not.
#[derive(Debug)]
pub(crate) struct Line {
    at: Option<NaiveDateTime>,
    read: Result<DraftLine, Rejected>,
}

/// What tells two lines apart.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum LineKey {
    Understood(DocumentKey, u32),
    Rejected(String),
}

impl TimedRow for Line {
    type Key = LineKey;

    fn at(&self) -> Option<NaiveDateTime> {
        self.at
    }

    fn key(&self) -> LineKey {
        match &self.read {
            Ok(draft) => LineKey::Understood(draft.line.document, draft.line.line_number),
            Err(rejected) => LineKey::Rejected(rejected.reference.clone()),
        }
    }
}

/// Understands the lines of a page one by one.
pub(crate) fn lines_of(set: &'static Set, zone: Tz, page: &[u8]) -> Result<Vec<Line>, Fault> {
    let mut lines = Vec::new();
    for_each_row::<SaleLineRow<'_>>(page, |row| {
        lines.push(row.map_or_else(
            |broken| broken_line(set, &broken),
            |row| line(set, zone, &row),
        ));
    })?;
    Ok(lines)
}

fn line(set: &'static Set, zone: Tz, row: &SaleLineRow<'_>) -> Line {
    let at = period(row);
    let read = at.and_then(|at| sale_line(row, at, zone));
    Line {
        at: at.ok(),
        read: read.map_err(|reason| reason.reject(set, line_reference(row))),
    }
}

fn broken_line(set: &'static Set, row: &BrokenRow<'_>) -> Line {
    let at = row.text_field("Period");
    let at = at.and_then(|text| crate::local_time::parse(&text).ok().flatten());
    Line {
        at,
        read: Err(Reason::WrongTypes.reject(set, row.reference())),
    }
}

/// Reads all lines of documents, wherever they lie in time.
pub(crate) async fn lines_of_documents(
    base: &Base,
    set: &'static Set,
    documents: &[DocumentKey],
    meter: &Meter,
) -> Result<Vec<Line>, Fault> {
    let published = base.published(meter).await?;
    let mut branches = Vec::new();
    for key in documents.iter().collect::<HashSet<_>>() {
        let known = branches.len();
        let types = types_of(key.kind).filter(|name| published.contains(*name));
        branches
            .extend(types.map(|name| Filter::composite(RECORDER, *key.document.as_uuid(), name)));
        if branches.len() == known {
            // No answer would look like a deleted document.
            let name = types_of(key.kind).next().unwrap_or(set.name);
            return Err(Fault::new(FaultKind::NotPublished).about(name));
        }
    }
    let wanted = Wanted {
        set,
        filter: None,
        order: Order::Any,
        top: None,
        skip: 0,
    };
    let zone = base.settings().zone;
    let mut lines = Vec::new();
    for part in base.any_of(&wanted, branches) {
        let page = base.page(&part, meter).await?;
        lines.extend(lines_of(set, zone, &page.body)?);
    }
    Ok(lines)
}
