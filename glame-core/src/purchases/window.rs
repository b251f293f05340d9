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
    /// How many lines are the same on both sides.
    pub unchanged_lines: u64,
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
                    changes.unchanged_lines += u64::from(known.lines);
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
}
