use async_trait::async_trait;
use glame_core::access::{AddressHash, AuditAction, AuditEntry, AuditFilter, AuditPosition};
use glame_core::ports::{AuditReader, AuditWriter, StorageError};
use glame_core::values::{PlainText, UserId};

use super::lists::{hex, hex_bytes, json_rows};
use super::{SqliteStorage, SqliteWork};
use crate::rows::{AuditBounds, AuditRow};
use crate::tables::AUDIT_LOG;

/// Asks with the parameters that all four queries take.
macro_rules! entries {
    ($storage:expr, $file:literal, $filter:expr, $after:expr, $limit:expr) => {{
        let bounds = AuditBounds::of($filter, $after);
        sqlx::query_file_as!(
            AuditRow,
            $file,
            bounds.from.timestamp_micros(),
            bounds.before.0.timestamp_micros(),
            bounds.before.1,
            $filter.actor.as_ref().map(UserId::as_uuid),
            $filter.subject.as_ref().map(UserId::as_uuid),
            $filter.action.map(AuditAction::as_str),
            $limit,
        )
        .fetch_all(&$storage.readers)
        .await
    }};
}

#[async_trait]
impl AuditReader for SqliteStorage {
    async fn audit_entries(
        &self,
        filter: &AuditFilter,
        after: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        // SQLite plans a statement once for all that may be asked, so that there is one for each index.
        let rows = match (filter.subject, filter.actor, filter.action) {
            (Some(_), _, _) => entries!(
                self,
                "queries/sqlite/audit_entries_by_subject.sql",
                filter,
                after,
                limit
            ),
            (None, Some(_), _) => entries!(
                self,
                "queries/sqlite/audit_entries_by_actor.sql",
                filter,
                after,
                limit
            ),
            (None, None, Some(_)) => entries!(
                self,
                "queries/sqlite/audit_entries_by_action.sql",
                filter,
                after,
                limit
            ),
            (None, None, None) => entries!(
                self,
                "queries/sqlite/audit_entries.sql",
                filter,
                after,
                limit
            ),
        };
        let rows = rows.map_err(AUDIT_LOG.reading())?;
        rows.into_iter().map(AuditEntry::try_from).collect()
    }
}

#[async_trait]
impl AuditWriter for SqliteWork {
    async fn append_audit(&mut self, entries: &[AuditEntry]) -> Result<(), StorageError> {
        let rows = json_rows(entries, |entry| {
            (
                hex(entry.id.as_uuid()),
                entry.at.timestamp_micros(),
                entry.actor.user().map(|user| hex(user.as_uuid())),
                entry.actor.role_name(),
                entry.action.as_str(),
                entry.subject.map(|user| hex(user.as_uuid())),
                entry.details.to_string(),
                entry.request_id.as_ref().map(PlainText::as_str),
                entry
                    .address
                    .as_ref()
                    .map(AddressHash::as_bytes)
                    .map(hex_bytes),
            )
        })?;
        let added = sqlx::query_file!("queries/sqlite/append_audit.sql", rows)
            .execute(&mut *self.tx)
            .await
            .map_err(AUDIT_LOG.writing())?;
        if usize::try_from(added.rows_affected()) == Ok(entries.len()) {
            Ok(())
        } else {
            Err(AUDIT_LOG.conflict())
        }
    }
}
