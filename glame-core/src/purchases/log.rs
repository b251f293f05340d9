use std::sync::Arc;

use super::{
    LinePolicy, PurchaseCursor, PurchaseQuery, PurchaseRecord, ReceiptCursor, ReceiptQuery,
    ReceiptRecord,
};
use crate::analytics::CustomerMetrics;
use crate::ports::{Storage, StorageError};
use crate::values::UserId;

/// Shows the purchases of a customer, newest first.
#[derive(Debug, Clone)]
pub struct PurchaseLog {
    storage: Arc<dyn Storage>,
    lines: LinePolicy,
}

/// Whether wrapping is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Packaging {
    /// All lines are shown.
    #[default]
    Shown,
    /// Lines of packaging, and lines without goods or money, are left out.
    LeftOut,
}

/// A page of purchases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchasePage {
    /// The lines.
    pub lines: Vec<PurchaseRecord>,
    /// Where the next page begins; none after the last line.
    pub next: Option<PurchaseCursor>,
}

/// A page of receipts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptPage {
    /// The receipts.
    pub receipts: Vec<ReceiptRecord>,
    /// Where the next page begins; none after the last receipt.
    pub next: Option<ReceiptCursor>,
}

impl PurchaseLog {
    /// The most lines or receipts of a page.
    pub const MAX_LIMIT: u32 = 200;

    /// Shows the purchases of a storage; `lines` tells what packaging is.
    #[must_use]
    pub const fn new(storage: Arc<dyn Storage>, lines: LinePolicy) -> Self {
        Self { storage, lines }
    }

    /// Gives a page of lines, at most [`MAX_LIMIT`](Self::MAX_LIMIT) whatever the query.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn purchases(
        &self,
        query: PurchaseQuery,
        packaging: Packaging,
    ) -> Result<PurchasePage, StorageError> {
        let limit = query.limit.clamp(1, Self::MAX_LIMIT);
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut lines: Vec<PurchaseRecord> = Vec::new();
        let mut after = query.after;
        loop {
            // What is packaging is known only when it was read; seldom is a second look needed.
            let asked = PurchaseQuery {
                after,
                limit: Self::MAX_LIMIT.min(limit.saturating_mul(2)) + 1,
                ..query
            };
            let found = self.storage.purchases_before(&asked).await?;
            let is_last = found.len() < usize::try_from(asked.limit).unwrap_or(usize::MAX);
            after = found.last().map(PurchaseRecord::cursor);
            let wanted = found.into_iter().filter(|record| match packaging {
                Packaging::Shown => true,
                Packaging::LeftOut => !record.is_packaging(&self.lines),
            });
            lines.extend(wanted);
            if is_last || lines.len() > size {
                break;
            }
        }
        let has_more = lines.len() > size;
        lines.truncate(size);
        let next = lines.last().filter(|_| has_more);
        Ok(PurchasePage {
            next: next.map(PurchaseRecord::cursor),
            lines,
        })
    }

    /// Gives a page of receipts, at most [`MAX_LIMIT`](Self::MAX_LIMIT) whatever the query.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn receipts(&self, query: ReceiptQuery) -> Result<ReceiptPage, StorageError> {
        let limit = query.limit.clamp(1, Self::MAX_LIMIT);
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let one_more = ReceiptQuery {
            limit: limit + 1,
            ..query
        };
        let lines = self.storage.receipts_before(&one_more).await?;
        let mut receipts = ReceiptRecord::gather(query.user, lines);
        let has_more = receipts.len() > size;
        receipts.truncate(size);
        let next = receipts.last().filter(|_| has_more);
        Ok(ReceiptPage {
            next: next.map(ReceiptRecord::cursor),
            receipts,
        })
    }

    /// Gives the figures of a customer; none for one who has bought nothing.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn stats(&self, user: UserId) -> Result<Option<CustomerMetrics>, StorageError> {
        Ok(self.storage.metrics(&[user]).await?.pop())
    }
}
