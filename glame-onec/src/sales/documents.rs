use std::collections::HashSet;

use chrono::TimeDelta;
use glame_core::purchases::{DocumentKey, DocumentKind};
use glame_core::values::DocumentRef;
use uuid::Uuid;

use super::{Line, lines_of};
use crate::base::{Base, Order, Wanted};
use crate::errors::{Fault, FaultKind};
use crate::page::for_each_row;
use crate::query::{Comparison, Filter, record_set_url};
use crate::records::Set;
use crate::records::document::{TypeName, type_name, types_of};
use crate::records::sale_line::{PERIOD, RECORDER, SaleLineRow};
use crate::translate::DraftLine;
use crate::transport::{Expected, Meter};
use crate::windows::{Pace, Stretch, Timeline};

/// Among so many lines one has a document that can be asked for.
const SAMPLE_ROWS: u32 = 20;

/// Reads all lines of documents, wherever they lie in time.
///
/// Many documents are asked for at once where the base understands that, else one by one: a base
/// that answers with an empty page instead would make documents look deleted. So would a document
/// whose type nobody knows: where no known type finds it, all lines are looked through.
pub(crate) async fn lines_of_documents(
    base: &Base,
    set: &'static Set,
    documents: &[DocumentKey],
    meter: &Meter,
) -> Result<Vec<Line>, Fault> {
    let branches = branches_of(base, set, documents, meter).await?;
    let mut lines = lines_of_branches(base, set, branches, meter).await?;
    let found: HashSet<DocumentRef> = lines.iter().filter_map(|line| line.recorder).collect();
    let lost: HashSet<DocumentRef> = documents
        .iter()
        .filter(|key| key.kind == DocumentKind::Other)
        .map(|key| key.document)
        .filter(|document| !found.contains(document))
        .collect();
    if !lost.is_empty() {
        lines.extend(by_looking(base, set, &lost, meter).await?);
    }
    Ok(lines)
}

async fn lines_of_branches(
    base: &Base,
    set: &'static Set,
    branches: Vec<Filter>,
    meter: &Meter,
) -> Result<Vec<Line>, Fault> {
    if branches.is_empty() {
        return Ok(Vec::new());
    }
    if understands_documents(base, set, meter).await? {
        match in_bulk(base, set, branches.clone(), meter).await {
            Err(fault) if fault.asks_for_simpler() => base.learn_document_filter(set, false),
            outcome => return outcome,
        }
    }
    one_by_one(base, set, &branches, meter).await
}

/// Names each document by every type that it may have.
async fn branches_of(
    base: &Base,
    set: &'static Set,
    documents: &[DocumentKey],
    meter: &Meter,
) -> Result<Vec<Filter>, Fault> {
    let published = base.published(meter).await?;
    let mut branches = Vec::new();
    for key in documents.iter().collect::<HashSet<_>>() {
        let known = branches.len();
        let types = types_of(key.kind).filter(|name| published.contains(*name));
        branches
            .extend(types.map(|name| Filter::composite(RECORDER, *key.document.as_uuid(), name)));
        // A document of no known type is looked for without its type.
        if branches.len() == known && key.kind != DocumentKind::Other {
            // No answer would look like a deleted document.
            let name = types_of(key.kind).next().unwrap_or(set.name);
            return Err(Fault::new(FaultKind::NotPublished).about(name));
        }
    }
    Ok(branches)
}

/// Looks all lines through for documents whose types are not known.
///
/// That is as much as a whole reading, but such documents are rare, and nothing less proves that
/// one of them is gone.
async fn by_looking(
    base: &Base,
    set: &'static Set,
    documents: &HashSet<DocumentRef>,
    meter: &Meter,
) -> Result<Vec<Line>, Fault> {
    tracing::warn!(
        set = set.name,
        documents = documents.len(),
        "documents of unknown types are looked for among all lines"
    );
    let zone = base.settings().zone;
    let read = move |page: &[u8]| lines_of(set, zone, page);
    let timeline = Timeline {
        base,
        set,
        moment: PERIOD,
        filter: None,
    };
    let mut pace = Pace::new(base.settings().page_sizes.sales);
    let mut rest = Stretch {
        from: None,
        to: None,
    };
    let mut lines = Vec::new();
    loop {
        let window = timeline.first_window(rest, &mut pace, &read, meter).await?;
        let wanted = |line: &Line| {
            let recorder = line
                .recorder
                .is_none_or(|document| documents.contains(&document));
            // A kind that is known by now is another document, with lines of its own.
            let other = |draft: &DraftLine| draft.line.document.kind == DocumentKind::Other;
            recorder && line.read.as_ref().map_or(true, other)
        };
        lines.extend(window.rows.into_iter().filter(wanted));
        if window.to.is_none() {
            return Ok(lines);
        }
        rest.from = window.to;
    }
}

async fn in_bulk(
    base: &Base,
    set: &'static Set,
    branches: Vec<Filter>,
    meter: &Meter,
) -> Result<Vec<Line>, Fault> {
    let zone = base.settings().zone;
    let mut lines = Vec::new();
    for part in base.any_of(&by_key(set, None), branches) {
        let page = base.page(&part, meter).await?;
        lines.extend(lines_of(set, zone, &page.body)?);
    }
    Ok(lines)
}

async fn one_by_one(
    base: &Base,
    set: &'static Set,
    branches: &[Filter],
    meter: &Meter,
) -> Result<Vec<Line>, Fault> {
    let zone = base.settings().zone;
    let mut lines = Vec::new();
    for url in branches
        .iter()
        .filter_map(|branch| record_set_url(base.root(), set.name, branch))
    {
        match base.call(url, set.name, Expected::RecordSet, meter).await {
            Ok(answer) => lines.extend(lines_of(set, zone, &answer.body)?),
            Err(fault) if fault.kind == FaultKind::NoSuchObject => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(lines)
}

/// Finds out, once, whether a document that has lines is found by its lines.
async fn understands_documents(
    base: &Base,
    set: &'static Set,
    meter: &Meter,
) -> Result<bool, Fault> {
    if let Some(known) = base.document_filter(set) {
        return Ok(known);
    }
    let sample = match sample_of(base, set, meter).await? {
        Sample::Document(sample) => sample,
        // A register without lines proves nothing, and has nothing to lose.
        Sample::NoLines => return Ok(true),
        Sample::Unknown => return Ok(false),
    };
    let found = match base.page(&by_key(set, Some(sample)), meter).await {
        Ok(page) => for_each_row::<SaleLineRow<'_>>(&page.body, |_| {})? > 0,
        Err(fault) if fault.asks_for_simpler() => false,
        Err(fault) => return Err(fault),
    };
    base.learn_document_filter(set, found);
    Ok(found)
}

/// Finds out whether a document that has lines is found by its type.
pub(crate) async fn understands_types(
    base: &Base,
    set: &'static Set,
    meter: &Meter,
) -> Result<bool, Fault> {
    let (field, kind) = match sample_of(base, set, meter).await? {
        Sample::Document(Filter::Composite(field, _, kind)) => (field, kind),
        Sample::NoLines => return Ok(true),
        Sample::Document(_) | Sample::Unknown => return Ok(false),
    };
    let wanted = Wanted {
        top: Some(1),
        ..by_key(set, Some(Filter::IsOf(field, kind)))
    };
    match base.page(&wanted, meter).await {
        Ok(page) => Ok(for_each_row::<SaleLineRow<'_>>(&page.body, |_| {})? > 0),
        Err(fault) if fault.asks_for_simpler() => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// What was found out about a register by asking for some of its lines.
#[derive(Debug)]
enum Sample {
    /// This document has lines.
    Document(Filter),
    /// No document has any.
    NoLines,
    /// 1C did not say, or its lines name no document that can be asked for.
    Unknown,
}

/// Looks for a document that has lines: in the last days, and if there is none, anywhere.
async fn sample_of(base: &Base, set: &'static Set, meter: &Meter) -> Result<Sample, Fault> {
    let recent = base
        .now()
        .and_then(|now| now.checked_sub_signed(TimeDelta::days(31)));
    let recent = recent.map(|from| Filter::moment(PERIOD, Comparison::AtLeast, from));
    for filter in recent.into_iter().map(Some).chain([None]) {
        let anywhere = filter.is_none();
        let wanted = Wanted {
            top: Some(SAMPLE_ROWS),
            ..by_key(set, filter)
        };
        let page = match base.page(&wanted, meter).await {
            Ok(page) => page,
            Err(fault) if fault.asks_for_less() || fault.asks_for_simpler() => continue,
            Err(fault) => return Err(fault),
        };
        let mut sample = None;
        let rows = for_each_row::<SaleLineRow<'_>>(&page.body, |row| {
            let document = row.ok().and_then(|row| recorder_of(&row));
            sample = sample.take().or(document);
        })?;
        if let Some(sample) = sample {
            return Ok(Sample::Document(sample));
        }
        if anywhere && rows == 0 {
            return Ok(Sample::NoLines);
        }
    }
    tracing::warn!(
        set = set.name,
        "1C gives no line to try its filters on; they are not used"
    );
    Ok(Sample::Unknown)
}

fn recorder_of(row: &SaleLineRow<'_>) -> Option<Filter> {
    let recorder = Uuid::try_parse(row.recorder.as_deref()?).ok()?;
    match type_name(row.recorder_type.as_deref()?) {
        TypeName::Document(kind) => {
            let name = types_of(kind).find(|name| {
                row.recorder_type
                    .as_deref()
                    .and_then(|text| text.strip_prefix("StandardODATA."))
                    == Some(name)
            })?;
            Some(Filter::composite(RECORDER, recorder, name))
        }
        TypeName::Unpublished | TypeName::Other => None,
    }
}

fn by_key(set: &'static Set, filter: Option<Filter>) -> Wanted {
    Wanted {
        set,
        filter,
        order: Order::Any,
        top: None,
        skip: 0,
    }
}
