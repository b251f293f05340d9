use async_trait::async_trait;

use super::StorageError;
use crate::access::{AuditEntry, AuditFilter, AuditPosition};

/// Reads the audit log.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait AuditReader: Send + Sync {
    /// Gives the next `limit` entries behind `after`, newest first, and by id where instants are equal.
    async fn audit_entries(
        &self,
        filter: &AuditFilter,
        after: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StorageError>;
}

/// Adds to the audit log.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait AuditWriter: Send {
    /// Adds entries; one that is there already is a [`StorageError::Conflict`].
    ///
    /// Nothing in the log is ever changed or removed.
    async fn append_audit(&mut self, entries: &[AuditEntry]) -> Result<(), StorageError>;
}
