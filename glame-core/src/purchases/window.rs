use std::collections::{BTreeMap, BTreeSet};

use super::{DocumentKey, Receipt, ReceiptKey, StoredReceipt};

/// What must be written so that storage says the same as a window of the source.
///
/// The window holds *all* receipts of its stretch of time, so what storage keeps of that stretch
/// and the window does not name is gone: unposted, deleted, archived into a shift report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WindowChanges {
    /// Receipts that storage does not have.
    pub created: Vec<Receipt>,
    /// Receipts that storage has with another content.
    pub updated: Vec<Receipt>,
    /// Receipts that storage has and the source has no more.
    pub removed: Vec<StoredReceipt>,
    /// Receipts that are the same on both sides.
    pub unchanged: Vec<StoredReceipt>,
}

impl WindowChanges {
    /// Compares the receipts of a window with those that storage keeps of the same window.
    #[must_use]
    pub fn between(incoming: Vec<Receipt>, stored: &[StoredReceipt]) -> Self {
        let mut stored: BTreeMap<ReceiptKey, StoredReceipt> = stored
            .iter()
            .map(|receipt| (receipt.key, *receipt))
            .collect();
        let mut changes = Self::default();
        for receipt in incoming {
            match stored.remove(&receipt.key) {
                None => changes.created.push(receipt),
                Some(known) if known.digest == receipt.digest() => {
                    changes.unchanged.push(known);
                }
                Some(_) => changes.updated.push(receipt),
            }
        }
        changes.removed = stored.into_values().collect();
        changes
    }

    /// Gives the documents of created receipts: they may be known under another date.
    #[must_use]
    pub fn created_documents(&self) -> Vec<DocumentKey> {
        let documents: BTreeSet<DocumentKey> = self
            .created
            .iter()
            .map(|receipt| receipt.key.document)
            .collect();
        documents.into_iter().collect()
    }

    /// Gives the documents that have left the window: they may lie at another date.
    #[must_use]
    pub fn removed_documents(&self) -> Vec<DocumentKey> {
        let still_here: BTreeSet<DocumentKey> = self
            .created
            .iter()
            .chain(&self.updated)
            .map(|receipt| receipt.key.document)
            .collect();
        let gone: BTreeSet<DocumentKey> = self
            .removed
            .iter()
            .map(|receipt| receipt.key.document)
            .collect();
        gone.difference(&still_here).copied().collect()
    }

    /// Plans some documents as another comparison has found them, which has seen them whole.
    #[must_use]
    pub fn with_documents_of(self, documents: &BTreeSet<DocumentKey>, whole: Self) -> Self {
        fn kept<T>(mut list: Vec<T>, added: Vec<T>, stays: impl Fn(&T) -> bool) -> Vec<T> {
            list.retain(stays);
            list.extend(added);
            list
        }
        let incoming = |receipt: &Receipt| !documents.contains(&receipt.key.document);
        let stored = |receipt: &StoredReceipt| !documents.contains(&receipt.key.document);
        Self {
            created: kept(self.created, whole.created, incoming),
            updated: kept(self.updated, whole.updated, incoming),
            removed: kept(self.removed, whole.removed, stored),
            unchanged: kept(self.unchanged, whole.unchanged, stored),
        }
    }

    /// Tells whether nothing needs to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.created.is_empty() && self.updated.is_empty() && self.removed.is_empty()
    }

    /// Counts the lines of receipts that are created.
    #[must_use]
    pub fn created_lines(&self) -> u64 {
        self.created
            .iter()
            .map(|receipt| u64::from(receipt.line_count()))
            .sum()
    }

    /// Counts the lines of receipts that are replaced, as they will be.
    #[must_use]
    pub fn updated_lines(&self) -> u64 {
        self.updated
            .iter()
            .map(|receipt| u64::from(receipt.line_count()))
            .sum()
    }

    /// Counts the lines of receipts that are removed.
    #[must_use]
    pub fn removed_lines(&self) -> u64 {
        self.removed
            .iter()
            .map(|receipt| u64::from(receipt.lines))
            .sum()
    }

    /// Counts the lines of receipts that stay as they are.
    #[must_use]
    pub fn unchanged_lines(&self) -> u64 {
        self.unchanged
            .iter()
            .map(|receipt| u64::from(receipt.lines))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::purchases::DocumentKind;
    use crate::testkit::fixtures::{customer, document, minute, receipt};

    #[test]
    fn a_window_is_compared_receipt_by_receipt() {
        let anna = customer(1).id;
        let [same, before, gone, new] = [1, 2, 3, 4].map(|n| receipt(n, anna, minute(1), 2));
        let mut after = before.clone();
        after.lines.pop();
        let stored = [same.stored(), before.stored(), gone.stored()];
        let changes =
            WindowChanges::between(vec![same.clone(), after.clone(), new.clone()], &stored);
        assert_eq!(changes.created, std::slice::from_ref(&new));
        assert_eq!(changes.updated, [after]);
        assert_eq!(changes.removed, [gone.stored()]);
        assert_eq!(changes.unchanged, [same.stored()]);
        assert_eq!(changes.created_documents(), [new.key.document]);
        assert_eq!(changes.removed_documents(), [gone.key.document]);
        let lines = [
            changes.created_lines(),
            changes.updated_lines(),
            changes.removed_lines(),
            changes.unchanged_lines(),
        ];
        assert_eq!(lines, [2, 1, 2, 2]);
    }

    #[test]
    fn an_equal_window_needs_no_writing() {
        let anna = customer(1).id;
        let receipts: Vec<Receipt> = (1..4).map(|n| receipt(n, anna, minute(1), 2)).collect();
        let stored: Vec<StoredReceipt> = receipts.iter().map(Receipt::stored).collect();
        assert!(WindowChanges::between(receipts, &stored).is_empty());
    }

    #[test]
    fn a_document_that_changes_its_date_inside_the_window_has_not_left_it() {
        let anna = customer(1).id;
        let (before, after) = (
            receipt(1, anna, minute(1), 1),
            receipt(1, anna, minute(2), 1),
        );
        let changes = WindowChanges::between(vec![after], &[before.stored()]);
        assert!(changes.removed_documents().is_empty());
    }

    #[test]
    fn documents_that_were_seen_whole_are_planned_so() {
        let anna = customer(1).id;
        let (here, elsewhere) = (
            receipt(1, anna, minute(1), 1),
            receipt(1, anna, minute(9), 1),
        );
        let other = receipt(2, anna, minute(1), 1);
        let moved = BTreeSet::from([document(DocumentKind::Receipt, 1)]);
        let changes = WindowChanges::between(vec![here.clone(), other.clone()], &[]);
        let whole = WindowChanges::between(vec![here.clone()], &[elsewhere.stored()]);
        let planned = changes.with_documents_of(&moved, whole);
        assert_eq!(planned.created, [other, here]);
        assert_eq!(planned.removed, [elsewhere.stored()]);
    }
}
