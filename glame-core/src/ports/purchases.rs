use async_trait::async_trait;

use super::StorageError;
use crate::purchases::{
    DocumentKey, DocumentScope, PurchaseHistory, Receipt, ReceiptKey, StoredReceipt,
};
use crate::values::{Money, PeriodRange, UserId};

/// Finds receipts and purchase histories.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait PurchaseReader: Send + Sync {
    /// Describes the receipts of a stretch of time, in no fixed order.
    async fn receipts_between(
        &self,
        range: PeriodRange,
        documents: DocumentScope,
    ) -> Result<Vec<StoredReceipt>, StorageError>;

    /// Describes the receipts that these documents have written, in no fixed order.
    async fn receipts_of_documents(
        &self,
        documents: &[DocumentKey],
    ) -> Result<Vec<StoredReceipt>, StorageError>;

    /// Gives the history of a customer; an unknown one has bought nothing.
    async fn history(&self, user: UserId) -> Result<PurchaseHistory, StorageError>;

    /// Gives the histories of these customers, in no fixed order; those without purchases are left
    /// out.
    async fn histories(&self, users: &[UserId]) -> Result<Vec<PurchaseHistory>, StorageError>;

    /// Gives the histories of the next `limit` customers after `after`, by user id.
    ///
    /// Customers without purchases are left out.
    async fn histories_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<PurchaseHistory>, StorageError>;

    /// Counts and sums all purchases.
    async fn purchase_totals(&self) -> Result<PurchaseTotals, StorageError>;
}

/// What all purchases come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurchaseTotals {
    /// Customers who have at least one line.
    pub customers: u64,
    /// Receipts, returns and opening balances among them.
    pub receipts: u64,
    /// Lines.
    pub lines: u64,
    /// The net sum of all lines.
    pub amount: Money,
}

/// Writes receipts.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait PurchaseWriter: Send {
    /// Removes these receipts with their lines; one that is not there is no error.
    async fn remove_receipts(&mut self, receipts: &[ReceiptKey]) -> Result<(), StorageError>;

    /// Adds receipts that are not there, for users that exist.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] if one of them is there already.
    async fn add_receipts(&mut self, receipts: &[Receipt]) -> Result<(), StorageError>;
}
