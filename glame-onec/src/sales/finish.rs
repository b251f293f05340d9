use std::collections::{HashMap, HashSet};

use glame_core::ports::Rejected;
use glame_core::purchases::{DocumentKey, DocumentKind, DocumentScope, SaleLine};
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
    /// Documents of which a line was rejected, each once.
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
        for draft in drafts {
            finished.complete(draft, set, &headers, holders);
        }
        finished.unreadable.sort_unstable();
        finished.unreadable.dedup();
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

    /// Adds what the header of its document says to a line.
    ///
    /// A line whose holder cannot be found out is set aside. It is not anonymous, and what is
    /// stored of its document stays.
    fn complete(
        &mut self,
        draft: DraftLine,
        set: &'static Set,
        headers: &Headers,
        holders: ReceiptHolders,
    ) {
        let (wanted, open) = (header_of(&draft, holders), lacks_holder(&draft, holders));
        let mut line = draft.line;
        let (header_set, told_by) = match wanted {
            Ok(Some(wanted)) => wanted,
            Ok(None) => return self.lines.push(line),
            Err(reason) => return self.set_aside(&line, None, reason, set),
        };
        match headers.of(header_set, told_by.document) {
            Ok(header) => {
                if open {
                    let Ok(holder) = header.holder else {
                        let reason = Reason::HeaderUnreadable(header_set.name);
                        return self.set_aside(&line, Some(told_by), reason, set);
                    };
                    line.holder = holder;
                }
                if takes_back(told_by.kind) {
                    line.returns = header.returns;
                }
                self.lines.push(line);
            }
            Err(reason) if open => self.set_aside(&line, Some(told_by), reason, set),
            Err(reason) => {
                // Only what it takes back is unknown: its money counts all the same.
                let rejected = reason.reject(header_set, told_by.document.to_string());
                if !self.rejected.contains(&rejected) {
                    self.rejected.push(rejected);
                }
                self.lines.push(line);
            }
        }
    }

    fn set_aside(
        &mut self,
        line: &SaleLine,
        told_by: Option<DocumentKey>,
        reason: Reason,
        set: &'static Set,
    ) {
        let document = line.document.document;
        let receipt = told_by.filter(|receipt| *receipt != line.document);
        let receipt = receipt.map_or_else(String::new, |receipt| {
            format!(" of receipt {}", receipt.document)
        });
        let reference = format!("{document} line {}{receipt}", line.line_number);
        self.rejected.push(reason.reject(set, reference));
        self.unreadable.push(document);
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

/// Tells whether the holder of a line is still to be found.
fn lacks_holder(draft: &DraftLine, holders: ReceiptHolders) -> bool {
    draft.line.holder.is_none() && holders == ReceiptHolders::FromReceiptHeaders
}

/// Says which header has something to add to a line.
fn header_of(
    draft: &DraftLine,
    holders: ReceiptHolders,
) -> Result<Option<(&'static Set, DocumentKey)>, Reason> {
    let open = lacks_holder(draft, holders);
    let itself = draft.line.document;
    let told_by = match draft.sold_by {
        Ok(document) => document,
        Err(reason) if open && header_set(itself.kind).is_none() => return Err(reason),
        Err(_) => itself,
    };
    let set = header_set(told_by.kind).filter(|_| open || takes_back(told_by.kind));
    Ok(set.map(|set| (set, told_by)))
}

/// Reads the headers that the lines need, each set in bulk.
async fn read_headers(drafts: &[DraftLine], base: &Base, meter: &Meter) -> Result<Headers, Fault> {
    let holders = base.settings().receipt_holders;
    let mut wanted: HashMap<&'static str, (&'static Set, WantedHeaders)> = HashMap::new();
    for draft in drafts {
        let Ok(Some((set, told_by))) = header_of(draft, holders) else {
            continue;
        };
        let (_, headers) = wanted
            .entry(set.name)
            .or_insert_with(|| (set, WantedHeaders::default()));
        let written = if told_by == draft.line.document {
            Written::ByItself
        } else {
            Written::ByShiftReport
        };
        headers.add(told_by.document, written, draft.at);
    }
    let mut headers = Headers::default();
    for (set, wanted) in wanted.into_values() {
        headers.extend(wanted.read(base, set, meter).await?);
    }
    Ok(headers)
}
