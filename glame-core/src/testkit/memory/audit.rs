//! The audit log in memory.

use std::cmp::Reverse;

use async_trait::async_trait;

use super::{MemoryStorage, MemoryWork, size};
use crate::access::{AuditEntry, AuditFilter, AuditPosition};
use crate::ports::{AuditReader, AuditWriter, StorageError};

#[async_trait]
impl AuditReader for MemoryStorage {
    async fn audit_entries(
        &self,
        filter: &AuditFilter,
        after: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        self.called("audit_entries");
        let state = self.state();
        let asked = state.audit.iter().filter(|entry| {
            filter.holds(entry) && after.is_none_or(|after| (entry.at, entry.id) < after)
        });
        let mut entries: Vec<AuditEntry> = asked.cloned().collect();
        entries.sort_by_key(|entry| Reverse((entry.at, entry.id)));
        entries.truncate(size(limit));
        Ok(entries)
    }
}

#[async_trait]
impl AuditWriter for MemoryWork {
    async fn append_audit(&mut self, entries: &[AuditEntry]) -> Result<(), StorageError> {
        self.called("append_audit");
        for entry in entries {
            if self.state.audit.iter().any(|known| known.id == entry.id) {
                return Err(StorageError::Conflict {
                    what: "an entry of the audit log",
                });
            }
        }
        self.state().audit.extend_from_slice(entries);
        Ok(())
    }
}
