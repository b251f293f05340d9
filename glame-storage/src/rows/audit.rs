use chrono::{DateTime, Utc};
use glame_core::access::{
    AddressHash, AuditAction, AuditActor, AuditDetails, AuditEntry, AuditFilter, AuditPosition,
};
use glame_core::ports::StorageError;
use glame_core::values::{AuditEntryId, UserId};
use uuid::Uuid;

use super::access::hash;
use super::catalogue::plain_text;
use super::{Instant, bounds_of};
use crate::tables::AUDIT_LOG;

/// A row of `audit_log`.
#[derive(Debug)]
pub(crate) struct AuditRow {
    pub(crate) entry: Uuid,
    pub(crate) at: Instant,
    pub(crate) actor: Option<Uuid>,
    pub(crate) actor_role: String,
    pub(crate) action: String,
    pub(crate) subject: Option<Uuid>,
    pub(crate) details: String,
    pub(crate) request_id: Option<String>,
    pub(crate) address: Option<Vec<u8>>,
}

impl TryFrom<AuditRow> for AuditEntry {
    type Error = StorageError;

    fn try_from(row: AuditRow) -> Result<Self, StorageError> {
        let address = row
            .address
            .map(|address| hash(AUDIT_LOG, "address", address));
        Ok(Self {
            id: AuditEntryId::from_uuid(row.entry),
            at: row.at.0,
            actor: AuditActor::from_parts(row.actor.map(UserId::from_uuid), &row.actor_role)
                .ok_or("not an actor")
                .map_err(AUDIT_LOG.corrupt("actor_role"))?,
            action: AuditAction::from_name(&row.action)
                .ok_or("not an action")
                .map_err(AUDIT_LOG.corrupt("action"))?,
            subject: row.subject.map(UserId::from_uuid),
            details: AuditDetails::parse(&row.details).map_err(AUDIT_LOG.corrupt("details"))?,
            request_id: plain_text(row.request_id).map_err(AUDIT_LOG.corrupt("request_id"))?,
            address: address.transpose()?.map(AddressHash::from_bytes),
        })
    }
}

/// Between which entries a page of the audit log lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AuditBounds {
    /// The first instant of the page.
    pub(crate) from: DateTime<Utc>,
    /// The entry before which the page ends, by instant and then by id.
    pub(crate) before: (DateTime<Utc>, Uuid),
}

impl AuditBounds {
    /// Finds the bounds of what is asked for behind an entry.
    pub(crate) fn of(filter: &AuditFilter, after: Option<AuditPosition>) -> Self {
        let (from, to) = bounds_of(filter.range);
        // No entry has the zero id, so that all of the end instant lies outside.
        let end = (to, Uuid::nil());
        let after = after.map_or(end, |(at, entry)| (at, *entry.as_uuid()));
        Self {
            from,
            before: after.min(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use glame_core::testkit::fixtures::minute;
    use glame_core::values::PeriodRange;

    use super::*;

    #[test]
    fn a_page_ends_at_the_range_or_at_the_entry_before() {
        let range = PeriodRange::try_new(Some(minute(0)), Some(minute(9))).unwrap();
        let filter = AuditFilter {
            range,
            ..AuditFilter::default()
        };
        let entry = Uuid::from_u128(7);
        let before =
            |at| AuditBounds::of(&filter, Some((at, AuditEntryId::from_uuid(entry)))).before;
        assert_eq!(AuditBounds::of(&filter, None).from, minute(0));
        assert_eq!(
            AuditBounds::of(&filter, None).before,
            (minute(9), Uuid::nil())
        );
        assert_eq!(before(minute(5)), (minute(5), entry));
        assert_eq!(before(minute(9)), (minute(9), Uuid::nil()));
    }
}
