use std::collections::{HashMap, HashSet};

use glame_core::ports::Rejected;
use glame_core::purchases::{DocumentKind, DocumentScope, SaleLine};
use glame_core::values::DocumentRef;

use super::Line;
use super::headers::{Headers, WantedHeaders, Written};
use crate::base::Base;
use crate::errors::Fault;
use crate::records::Set;
use crate::records::document::{GOODS_RETURNS, RECEIPTS, RETURN_RECEIPTS, SALE_CORRECTIONS};
use crate::settings::ReceiptHolders;
use crate::translate::{DraftLine, Reason};
use crate::transport::Meter;

/// Lines that are ready for the domain.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) lines: Vec<SaleLine>,
    pub(crate) inactive: u32,
    pub(crate) rejected: Vec<Rejected>,
    /// Documents of which a line was rejected.
    pub(crate) unreadable: Vec<DocumentRef>,
}

impl Finished {
    /// Counts, sorts out and completes lines.
    pub(crate) async fn from(
        lines: Vec<Line>,
        set: &'static Set,
        scope: DocumentScope,
        base: &Base,
        meter: &Meter,
    ) -> Result<Self, Fault> {
        let mut finished = Self::default();
        let drafts = finished.sort_out(lines, set, scope);
        let headers = read_headers(&drafts, base, meter).await?;
        let holders = base.settings().receipt_holders;
        finished.lines = drafts
            .into_iter()
            .map(|draft| completed(draft, &headers, holders))
            .collect();
        Ok(finished)
    }

    /// Keeps each active line of the scope once.
    fn sort_out(
        &mut self,
        lines: Vec<Line>,
        set: &'static Set,
        scope: DocumentScope,
    ) -> Vec<DraftLine> {
        let mut seen = HashSet::with_capacity(lines.len());
        let mut drafts = Vec::with_capacity(lines.len());
        for Line { read, recorder, .. } in lines {
            let draft = match read {
                Ok(draft) => draft,
                Err(rejected) => {
                    self.rejected.push(rejected);
                    self.unreadable.extend(recorder);
                    continue;
                }
            };
            let document = draft.line.document;
            if !seen.insert((document, draft.line.line_number)) {
                continue;
            }
            if scope.holds(document.kind) {
                if draft.active {
                    drafts.push(draft);
                } else {
                    self.inactive = self.inactive.saturating_add(1);
                }
            } else if document.kind == DocumentKind::OpeningBalance {
                let reference = format!("{} line {}", document.document, draft.line.line_number);
                self.rejected
                    .push(Reason::MisplacedOpeningBalance.reject(set, reference));
            }
        }
        drafts
    }
}

/// Gives the set whose headers add to the lines of a kind of documents.
const fn header_set(kind: DocumentKind) -> Option<&'static Set> {
    match kind {
        DocumentKind::Receipt => Some(&RECEIPTS),
        DocumentKind::ReturnReceipt => Some(&RETURN_RECEIPTS),
        DocumentKind::GoodsReturn => Some(&GOODS_RETURNS),
        DocumentKind::SaleCorrection => Some(&SALE_CORRECTIONS),
        DocumentKind::ShiftReport
        | DocumentKind::Invoice
        | DocumentKind::OpeningBalance
        | DocumentKind::RegisterCorrection
        | DocumentKind::CustomerOrder
        | DocumentKind::WorkStatement
        | DocumentKind::MonthClose
        | DocumentKind::Other => None,
    }
}

/// Tells whether documents of a kind take back or correct others.
const fn takes_back(kind: DocumentKind) -> bool {
    matches!(
        kind,
        DocumentKind::ReturnReceipt | DocumentKind::GoodsReturn | DocumentKind::SaleCorrection
    )
}

/// Reads the headers that the lines need, each set in bulk.
async fn read_headers(drafts: &[DraftLine], base: &Base, meter: &Meter) -> Result<Headers, Fault> {
    let holders = base.settings().receipt_holders;
    let mut wanted: HashMap<&'static str, (&'static Set, WantedHeaders)> = HashMap::new();
    for draft in drafts {
        let anonymous =
            draft.line.holder.is_none() && holders == ReceiptHolders::FromReceiptHeaders;
        let kind = draft.sold_by.kind;
        if let Some(set) = header_set(kind).filter(|_| anonymous || takes_back(kind)) {
            let (_, headers) = wanted
                .entry(set.name)
                .or_insert_with(|| (set, WantedHeaders::default()));
            let itself = draft.sold_by == draft.line.document;
            let written = if itself {
                Written::ByItself
            } else {
                Written::ByShiftReport
            };
            headers.add(draft.sold_by.document, written, draft.at);
        }
    }
    let mut headers = Headers::new();
    for (set, wanted) in wanted.into_values() {
        headers.extend(wanted.read(base, set, meter).await?);
    }
    Ok(headers)
}

/// Adds what the header of its document says to a line.
fn completed(draft: DraftLine, headers: &Headers, holders: ReceiptHolders) -> SaleLine {
    let mut line = draft.line;
    if let Some(header) = headers.get(&draft.sold_by.document) {
        if holders == ReceiptHolders::FromReceiptHeaders {
            line.holder = line.holder.or(header.holder);
        }
        if takes_back(draft.sold_by.kind) {
            line.returns = header.returns;
        }
    }
    line
}
