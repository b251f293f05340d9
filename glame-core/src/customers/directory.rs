use std::sync::Arc;

use super::{CustomerCursor, CustomerError, CustomerQuery, CustomerRow, CustomerSelection};
use crate::ports::Storage;

/// Lists and searches customers.
#[derive(Debug, Clone)]
pub struct CustomerDirectory {
    storage: Arc<dyn Storage>,
}

/// A page of customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerPage {
    /// The rows, in the order that was asked for.
    pub rows: Vec<CustomerRow>,
    /// Where the next page begins; none after the last row.
    pub next: Option<CustomerCursor>,
}

impl CustomerDirectory {
    /// The most rows of a page.
    pub const MAX_LIMIT: u32 = 200;

    /// Lists the customers of a storage.
    #[must_use]
    pub const fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage }
    }

    /// Gives a page of customers, with at least one row and at most [`MAX_LIMIT`](Self::MAX_LIMIT)
    /// whatever the limit of the query.
    ///
    /// # Errors
    /// [`CustomerError::ForeignCursor`], and those of storage.
    pub async fn page(&self, query: &CustomerQuery) -> Result<CustomerPage, CustomerError> {
        if query
            .after
            .as_ref()
            .is_some_and(|after| after.sort != query.sort)
        {
            return Err(CustomerError::ForeignCursor);
        }
        let limit = query.limit.clamp(1, Self::MAX_LIMIT);
        let one_more = CustomerQuery {
            limit: limit + 1,
            ..query.clone()
        };
        let mut rows = self.storage.find_customers(&one_more).await?;
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > size;
        rows.truncate(size);
        let next = rows
            .last()
            .filter(|_| has_more)
            .map(|row| query.sort.cursor(row));
        Ok(CustomerPage { rows, next })
    }

    /// Counts the customers of a selection.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn total(&self, selection: &CustomerSelection) -> Result<u64, CustomerError> {
        Ok(self.storage.count_customers(selection).await?)
    }
}
