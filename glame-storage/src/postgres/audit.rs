use async_trait::async_trait;
use glame_core::access::{AddressHash, AuditAction, AuditEntry, AuditFilter, AuditPosition};
use glame_core::ports::{AuditReader, AuditWriter, StorageError};
use glame_core::values::{PlainText, UserId};

use super::{PostgresStorage, PostgresWork, column};
use crate::rows::{AuditBounds, AuditRow};
use crate::tables::AUDIT_LOG;

#[async_trait]
impl AuditReader for PostgresStorage {
    async fn audit_entries(
        &self,
        filter: &AuditFilter,
        after: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        let bounds = AuditBounds::of(filter, after);
        let rows = sqlx::query_file_as!(
            AuditRow,
            "queries/postgres/audit_entries.sql",
            bounds.from,
            bounds.before.0,
            bounds.before.1,
            filter.actor.as_ref().map(UserId::as_uuid) as _,
            filter.subject.as_ref().map(UserId::as_uuid) as _,
            filter.action.map(AuditAction::as_str),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(AUDIT_LOG.reading())?;
        rows.into_iter().map(AuditEntry::try_from).collect()
    }
}

#[async_trait]
impl AuditWriter for PostgresWork {
    async fn append_audit(&mut self, entries: &[AuditEntry]) -> Result<(), StorageError> {
        let actors: Vec<Option<UserId>> = column(entries, |entry| entry.actor.user());
        let added = sqlx::query_file!(
            "queries/postgres/append_audit.sql",
            &column(entries, |entry| *entry.id.as_uuid()),
            &column(entries, |entry| entry.at),
            &column(&actors, |actor| actor.as_ref().map(UserId::as_uuid)) as _,
            &column(entries, |entry| entry.actor.role_name()) as _,
            &column(entries, |entry| entry.action.as_str()) as _,
            &column(entries, |entry| entry.subject.as_ref().map(UserId::as_uuid)) as _,
            &column(entries, |entry| entry.details.to_string()),
            &column(entries, |entry| entry
                .request_id
                .as_ref()
                .map(PlainText::as_str)) as _,
            &column(entries, |entry| entry
                .address
                .as_ref()
                .map(|address| AddressHash::as_bytes(address).as_slice())) as _,
        )
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
