//! Sales: which register is read when, and what the headers of documents add to its lines.

mod documents;
mod finish;
mod headers;
mod plan;

use chrono::NaiveDateTime;
use chrono_tz::Tz;
use glame_core::ports::Rejected;
use glame_core::values::DocumentRef;

use crate::errors::Fault;
use crate::numbers::NumberText;
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
    /// The number of the line inside its document, as far as it can be told.
    number: Option<u32>,
    read: Result<DraftLine, Rejected>,
}

impl TimedRow for Line {
    /// The document and the number of the line in it, even where the rest was not understood.
    type Key = (DocumentRef, u32);

    fn at(&self) -> Option<NaiveDateTime> {
        self.at
    }

    fn key(&self) -> Option<Self::Key> {
        self.recorder.zip(self.number)
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
        number: row.line_number.and_then(NumberText::integer),
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
        number: row.whole_number("LineNumber"),
        read: Err(Reason::WrongTypes.reject(set, row.reference())),
    }
}
