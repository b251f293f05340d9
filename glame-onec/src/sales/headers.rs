use std::collections::{BTreeSet, HashMap};

use chrono::{Days, NaiveDateTime, TimeDelta};
use glame_core::values::DocumentRef;

use super::document_ref;
use crate::base::{Base, Order, Wanted};
use crate::errors::{Fault, FaultKind};
use crate::page::{BrokenRow, for_each_row, one_row};
use crate::query::{Filter, object_url};
use crate::records::Set;
use crate::records::document::{DATE, HeaderRow};
use crate::translate::{Header, Reason, header};
use crate::transport::{Expected, Meter};
use crate::windows::{Stretch, TimedRow, Timeline};

/// So many headers cost less by key than by date.
const FEW: usize = 48;

/// The headers of documents by their references, or why they tell nothing.
#[derive(Debug, Default)]
pub(super) struct Headers(HashMap<DocumentRef, Result<Header, Reason>>);

impl Headers {
    /// Gives the header of a document, which should be in this set.
    pub(super) fn of(&self, set: &'static Set, document: DocumentRef) -> Result<&Header, Reason> {
        match self.0.get(&document) {
            Some(Ok(header)) => Ok(header),
            Some(Err(reason)) => Err(*reason),
            None => Err(Reason::HeaderMissing(set.name)),
        }
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }
}

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

    /// Reads the headers.
    ///
    /// A header that cannot be had is known as such: its lines must not look anonymous.
    pub(super) async fn read(
        self,
        base: &Base,
        set: &'static Set,
        meter: &Meter,
    ) -> Result<Headers, Fault> {
        if !base.published(meter).await?.contains(set.name) {
            tracing::warn!(set = set.name, "headers are not published");
            let reason = Reason::HeaderUnpublished(set.name);
            let all = self.documents.into_iter();
            return Ok(Headers(
                all.map(|document| (document, Err(reason))).collect(),
            ));
        }
        self.read_published(base, set, meter).await
    }

    /// Reads a few headers by key, many by date, and the rest of those by key again.
    async fn read_published(
        mut self,
        base: &Base,
        set: &'static Set,
        meter: &Meter,
    ) -> Result<Headers, Fault> {
        let mut found = HashMap::new();
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
            let read = |page: &[u8]| headers_of(set, page);
            for row in timeline.all(stretch, &read, meter).await? {
                let wanted = row.document.filter(|key| self.documents.remove(key));
                found.extend(wanted.map(|document| (document, row.read)));
            }
        }
        let rest = match by_key(&self.documents, base, set, meter).await {
            Err(fault) if fault.asks_for_simpler() => {
                tracing::warn!(set = set.name, "1C refuses to filter; one by one then");
                one_by_one(&self.documents, base, set, meter).await?
            }
            rest => rest?,
        };
        let rest = rest.into_iter();
        found.extend(rest.filter_map(|row| Some((row.document?, row.read))));
        Ok(Headers(found))
    }
}

async fn by_key(
    documents: &BTreeSet<DocumentRef>,
    base: &Base,
    set: &'static Set,
    meter: &Meter,
) -> Result<Vec<TimedHeader>, Fault> {
    let key = |document: &DocumentRef| Filter::reference("Ref_Key", *document.as_uuid());
    let wanted = Wanted {
        set,
        filter: None,
        order: Order::Any,
        top: None,
        skip: 0,
    };
    let mut headers = Vec::new();
    for part in base.any_of(&wanted, documents.iter().map(key).collect()) {
        let page = base.page(&part, meter).await?;
        headers.extend(headers_of(set, &page.body)?);
    }
    Ok(headers)
}

/// Reads headers from their own addresses, which need no filter.
async fn one_by_one(
    documents: &BTreeSet<DocumentRef>,
    base: &Base,
    set: &'static Set,
    meter: &Meter,
) -> Result<Vec<TimedHeader>, Fault> {
    let mut headers = Vec::new();
    for document in documents {
        let url = object_url(base.root(), set.name, *document.as_uuid());
        match base.call(url, set.name, Expected::Object, meter).await {
            Ok(answer) => headers.push(timed_header(set, &one_row(&answer.body)?)),
            Err(fault) if fault.kind == FaultKind::NoSuchObject => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(headers)
}

/// A header, understood or not.
struct TimedHeader {
    at: Option<NaiveDateTime>,
    document: Option<DocumentRef>,
    read: Result<Header, Reason>,
}

impl TimedRow for TimedHeader {
    type Key = DocumentRef;

    fn at(&self) -> Option<NaiveDateTime> {
        self.at
    }

    fn key(&self) -> Option<DocumentRef> {
        self.document
    }
}

/// Reads the headers of a page.
fn headers_of(set: &'static Set, page: &[u8]) -> Result<Vec<TimedHeader>, Fault> {
    let mut headers = Vec::new();
    for_each_row(page, |row| headers.push(timed_header(set, &row)))?;
    Ok(headers)
}

fn timed_header(set: &'static Set, row: &Result<HeaderRow<'_>, BrokenRow<'_>>) -> TimedHeader {
    let (key, read) = match row {
        Ok(row) => (row.reference.as_deref().map(str::to_owned), header(row)),
        Err(broken) => (broken.text_field("Ref_Key"), Err(Reason::WrongTypes)),
    };
    if let Err(reason) = &read {
        // Lines say only that their header cannot be read.
        tracing::warn!(set = set.name, %reason, "a header cannot be read");
    }
    let (at, read) = match read {
        Ok((at, header)) => (at, Ok(header)),
        Err(_) => (None, Err(Reason::HeaderUnreadable(set.name))),
    };
    TimedHeader {
        at,
        document: key.as_deref().and_then(document_ref),
        read,
    }
}
