//! Closing a shift: the same sales under another recorder.

use uuid::Uuid;

use super::apply::Stage;
use super::{Closing, ScenarioError, When};
use crate::document::{Document, DocumentKind, Line};

impl Stage<'_> {
    pub(super) fn close_shift(
        &mut self,
        shift: &str,
        at: When,
        closing: Closing,
    ) -> Result<(), ScenarioError> {
        let (report, receipts) =
            self.world
                .leave_shift(shift)
                .ok_or_else(|| ScenarioError::NoShift {
                    shift: shift.to_owned(),
                })?;
        let at = self.moment(at);
        let mut lines: Vec<Line> = Vec::new();
        let (mut store, mut till) = (Uuid::nil(), Uuid::nil());
        for id in receipts {
            // A receipt of the shift may have been deleted meanwhile.
            let Some(receipt) = self.world.document(id) else {
                continue;
            };
            let mut receipt = receipt.as_ref().clone();
            (store, till) = (receipt.store, receipt.till);
            receipt.open_shift = false;
            if closing == Closing::Archive {
                if receipt.writes_sales() && receipt.active {
                    for line in &receipt.lines {
                        add(&mut lines, line);
                    }
                }
                receipt.archived = true;
            }
            self.put(receipt);
        }
        lines.retain(|line| line.thousandths != 0 || line.kopecks != 0);
        for (line, number) in lines.iter_mut().zip(1..) {
            line.number = number;
        }
        self.world.name(shift, report);
        self.put(Document {
            number: format!("НФОР-{:06}", self.world.version() % 1_000_000),
            store,
            till,
            lines,
            ..Document::posted(DocumentKind::ShiftReport, report, at)
        });
        Ok(())
    }
}

/// The report has one line for each customer, card and product.
fn add(lines: &mut Vec<Line>, sold: &Line) {
    let same = lines.iter_mut().find(|line| {
        line.customer == sold.customer
            && line.card == sold.card
            && line.owner == sold.owner
            && line.product == sold.product
            && line.characteristic == sold.characteristic
            && line.discount_percent == sold.discount_percent
    });
    match same {
        Some(line) => {
            line.thousandths += sold.thousandths;
            line.kopecks += sold.kopecks;
        }
        None => lines.push(Line {
            basis: None,
            ..sold.clone()
        }),
    }
}
