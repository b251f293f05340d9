//! Sales: which register is read when, and what the headers of documents add to its lines.

mod documents;
mod finish;
mod headers;
mod plan;

use chrono::NaiveDateTime;
use chrono_tz::Tz;
use glame_core::ports::Rejected;
use glame_core::purchases::DocumentKey;
use glame_core::values::DocumentRef;

use crate::errors::Fault;
use crate::page::{BrokenRow, for_each_row};
use crate::records::Set;
use crate::records::sale_line::SaleLineRow;
use crate::translate::{DraftLine, Reason, line_reference, period, sale_line};
use crate::windows::TimedRow;

pub(crate) use documents::{lines_of_documents, understands_types};
pub(crate) use finish::Finished;
pub(crate) use plan::{Part, PartPlan, Plan, SalesPlace};

/// A line of a register, understood or not.
#[derive(Debug)]
pub(crate) struct Line {
    at: Option<NaiveDateTime>,
    /// The document, as far as it can be told of a line that was not understood.
    recorder: Option<DocumentRef>,
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
        recorder: row.recorder.as_deref().and_then(document_ref),
        read: read.map_err(|reason| reason.reject(set, line_reference(row))),
    }
}

fn document_ref(text: &str) -> Option<DocumentRef> {
    DocumentRef::parse(text).ok().flatten()
}

fn broken_line(set: &'static Set, row: &BrokenRow<'_>) -> Line {
    let at = row.text_field("Period");
    let at = at.and_then(|text| crate::local_time::parse(&text).ok().flatten());
    Line {
        at,
        recorder: row.text_field("Recorder").as_deref().and_then(document_ref),
        read: Err(Reason::WrongTypes.reject(set, row.reference())),
    }
}
