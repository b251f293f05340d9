use async_trait::async_trait;

use super::StorageError;
use crate::purchases::{PurchaseQuery, PurchaseRecord, ReceiptQuery};

/// Finds purchases as they are shown, with what the catalogue knows of them.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait PurchaseRecordReader: Send + Sync {
    /// Gives lines of a customer, newest receipts first, the lines of each as they stand on it.
    async fn purchases_before(
        &self,
        query: &PurchaseQuery,
    ) -> Result<Vec<PurchaseRecord>, StorageError>;

    /// Gives all lines of receipts of a customer, in the same order; the limit counts receipts.
    async fn receipts_before(
        &self,
        query: &ReceiptQuery,
    ) -> Result<Vec<PurchaseRecord>, StorageError>;
}
