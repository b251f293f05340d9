use std::collections::{BTreeSet, HashMap};

use chrono::{Days, NaiveDateTime, TimeDelta};
use glame_core::values::DocumentRef;

use crate::base::{Base, Order, Wanted};
use crate::errors::Fault;
use crate::page::for_each_row;
use crate::query::Filter;
use crate::records::Set;
use crate::records::document::{DATE, HeaderRow};
use crate::translate::{Header, header};
use crate::transport::Meter;
use crate::windows::{Stretch, TimedRow, Timeline};

/// So many headers cost less by key than by date.
const FEW: usize = 48;

/// The headers of documents by their references.
pub(super) type Headers = HashMap<DocumentRef, Header>;

/// Who wrote the lines of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    ByItself,
    ByShiftReport,
}

/// Documents whose headers are wanted, and when they wrote their lines.
#[derive(Debug, Default)]
pub(super) struct WantedHeaders {
    documents: BTreeSet<DocumentRef>,
    first: Option<NaiveDateTime>,
    last: Option<NaiveDateTime>,
}

impl WantedHeaders {
    /// Adds a document that wrote its lines itself, or whose shift report wrote them.
    pub(super) fn add(&mut self, document: DocumentRef, written: Written, at: NaiveDateTime) {
        // A shift report writes its lines when the shift closes, up to a day after its receipts.
        let early = match written {
            Written::ByItself => at,
            Written::ByShiftReport => at.checked_sub_days(Days::new(1)).unwrap_or(at),
        };
        self.documents.insert(document);
        self.first = Some(self.first.map_or(early, |first| first.min(early)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }

    /// Reads the headers, if they are published: they only add to the lines.
    ///
    /// Headers that can suddenly not be read are a fault: sales would lose their holders.
    pub(super) async fn read(
        self,
        base: &Base,
        set: &'static Set,
        meter: &Meter,
    ) -> Result<Headers, Fault> {
        if self.documents.is_empty() || !base.published(meter).await?.contains(set.name) {
            return Ok(Headers::new());
        }
        match self.read_published(base, set, meter).await {
            Err(fault) if fault.refuses_filter() => {
                tracing::warn!(set = set.name, "1C refuses to filter; headers are not read");
                Ok(Headers::new())
            }
            outcome => outcome,
        }
    }

    /// Reads a few headers by key, many by date, and the rest of those by key again.
    async fn read_published(
        mut self,
        base: &Base,
        set: &'static Set,
        meter: &Meter,
    ) -> Result<Headers, Fault> {
        let mut found = Headers::new();
        let dated = self.first.zip(self.last);
        if let Some((first, last)) = dated.filter(|_| self.documents.len() > FEW) {
            let stretch = Stretch {
                from: Some(first),
                to: last.checked_add_signed(TimeDelta::seconds(1)),
            };
            let timeline = Timeline {
                base,
                set,
                moment: DATE,
                filter: None,
            };
            for TimedHeader(_, header) in timeline.all(stretch, &headers_of, meter).await? {
                if self.documents.remove(&header.document) {
                    found.insert(header.document, header);
                }
            }
        }
        let key = |document: &DocumentRef| Filter::reference("Ref_Key", *document.as_uuid());
        let branches = self.documents.iter().map(key).collect();
        let wanted = Wanted {
            set,
            filter: None,
            order: Order::Any,
            top: None,
            skip: 0,
        };
        for part in base.any_of(&wanted, branches) {
            let page = base.page(&part, meter).await?;
            let headers = headers_of(&page.body)?.into_iter();
            found.extend(headers.map(|TimedHeader(_, header)| (header.document, header)));
        }
        Ok(found)
    }
}

struct TimedHeader(NaiveDateTime, Header);

impl TimedRow for TimedHeader {
    type Key = DocumentRef;

    fn at(&self) -> Option<NaiveDateTime> {
        Some(self.0)
    }

    fn key(&self) -> Option<DocumentRef> {
        Some(self.1.document)
    }
}

/// Reads the headers of a page; one that cannot be read adds nothing to its lines.
fn headers_of(page: &[u8]) -> Result<Vec<TimedHeader>, Fault> {
    let mut headers = Vec::new();
    for_each_row::<HeaderRow<'_>>(page, |row| {
        let read = row.ok().and_then(|row| header(&row).ok());
        headers.extend(read.map(|(at, header)| TimedHeader(at, header)));
    })?;
    Ok(headers)
}
