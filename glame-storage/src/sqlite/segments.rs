use async_trait::async_trait;
use glame_core::ports::{
    LockedMemberships, SegmentOverride, SegmentReader, SegmentRefresh, SegmentTransition,
    SegmentWriter, StorageError, StoredSegment, TransitionPlace,
};
use glame_core::segments::{CustomerSegment, SegmentVersion, UserSegment};
use glame_core::values::{PlainText, SegmentId, UserId};

use super::lists::{hex, json_rows};
use super::{SqliteStorage, SqliteWork};
use crate::rows::{
    MemberRow, OverrideRow, SegmentRow, TransitionRow, beginning_of_time, confidence_of,
    first_after, rule_of,
};
use crate::tables::{CUSTOMER_SEGMENTS, SEGMENT_OVERRIDES, SEGMENT_TRANSITIONS, USER_SEGMENTS};

#[async_trait]
impl SegmentReader for SqliteStorage {
    async fn segments(&self) -> Result<Vec<StoredSegment>, StorageError> {
        let rows = sqlx::query_as!(
            SegmentRow,
            "SELECT segment_id, name, description, color, origin, state, rule, version,
                    customer_count, refreshed_at, refreshed_version, figures_at, created_at,
                    updated_at
             FROM customer_segments ORDER BY segment_id -- sqlite",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(CUSTOMER_SEGMENTS.reading())?;
        rows.into_iter().map(StoredSegment::try_from).collect()
    }

    async fn segment(&self, id: SegmentId) -> Result<Option<StoredSegment>, StorageError> {
        let row = sqlx::query_as!(
            SegmentRow,
            "SELECT segment_id, name, description, color, origin, state, rule, version,
                    customer_count, refreshed_at, refreshed_version, figures_at, created_at,
                    updated_at
             FROM customer_segments WHERE segment_id = ?1",
            id.as_uuid(),
        )
        .fetch_optional(&self.readers)
        .await
        .map_err(CUSTOMER_SEGMENTS.reading())?;
        row.map(StoredSegment::try_from).transpose()
    }

    async fn members_after(
        &self,
        segment: SegmentId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserSegment>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(UserId::as_uuid)) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query_as!(
            MemberRow,
            "SELECT user_id, segment_id, source, assigned_at, confidence FROM user_segments
             WHERE segment_id = ?1 AND user_id >= ?2 ORDER BY user_id LIMIT ?3",
            segment.as_uuid(),
            first,
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(USER_SEGMENTS.reading())?;
        rows.into_iter().map(UserSegment::try_from).collect()
    }

    async fn segments_of(&self, users: &[UserId]) -> Result<Vec<UserSegment>, StorageError> {
        let rows = sqlx::query_as!(
            MemberRow,
            "SELECT user_id, segment_id, source, assigned_at, confidence FROM user_segments
             WHERE user_id IN (SELECT unhex(value) FROM json_each(?1))",
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(USER_SEGMENTS.reading())?;
        rows.into_iter().map(UserSegment::try_from).collect()
    }

    async fn overrides_after(
        &self,
        segment: SegmentId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<SegmentOverride>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(UserId::as_uuid)) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query_as!(
            OverrideRow,
            "SELECT user_id, segment_id, decision, decided_at FROM segment_overrides
             WHERE segment_id = ?1 AND user_id >= ?2 ORDER BY user_id LIMIT ?3",
            segment.as_uuid(),
            first,
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(SEGMENT_OVERRIDES.reading())?;
        rows.into_iter().map(SegmentOverride::try_from).collect()
    }

    async fn transitions_of(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<SegmentTransition>, StorageError> {
        let rows = sqlx::query_as!(
            TransitionRow,
            "SELECT user_id, segment_id, happened_at, transition FROM segment_transitions
             WHERE user_id = ?1 ORDER BY happened_at DESC, segment_id LIMIT ?2",
            user.as_uuid(),
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(SEGMENT_TRANSITIONS.reading())?;
        rows.into_iter().map(SegmentTransition::try_from).collect()
    }

    async fn transitions_after(
        &self,
        segment: SegmentId,
        after: Option<TransitionPlace>,
        limit: u32,
    ) -> Result<Vec<SegmentTransition>, StorageError> {
        let happened_at = after.map_or_else(beginning_of_time, |place| place.happened_at);
        let user = after.map(|place| *place.user.as_uuid()).unwrap_or_default();
        let rows = sqlx::query_as!(
            TransitionRow,
            "SELECT user_id, segment_id, happened_at, transition FROM segment_transitions
             WHERE segment_id = ?1 AND (happened_at, user_id) > (?2, ?3)
             ORDER BY happened_at, user_id LIMIT ?4",
            segment.as_uuid(),
            happened_at.timestamp_micros(),
            user,
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(SEGMENT_TRANSITIONS.reading())?;
        rows.into_iter().map(SegmentTransition::try_from).collect()
    }
}

#[async_trait]
impl SegmentWriter for SqliteWork {
    async fn add_segment(&mut self, segment: &CustomerSegment) -> Result<(), StorageError> {
        let added = sqlx::query_file!(
            "queries/sqlite/add_segment.sql",
            segment.id.as_uuid(),
            segment.name.as_str(),
            segment.description.as_ref().map(PlainText::as_str),
            segment.color.as_str(),
            segment.origin.as_str(),
            segment.state.as_str(),
            rule_of(segment),
            i64::from(segment.version.get()),
            segment.created_at.timestamp_micros(),
            segment.updated_at.timestamp_micros(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CUSTOMER_SEGMENTS.writing())?;
        if added.rows_affected() == 0 {
            return Err(CUSTOMER_SEGMENTS.conflict());
        }
        Ok(())
    }

    async fn put_segment(
        &mut self,
        segment: &CustomerSegment,
        seen: SegmentVersion,
    ) -> Result<(), StorageError> {
        let put = sqlx::query_file!(
            "queries/sqlite/put_segment.sql",
            segment.id.as_uuid(),
            segment.name.as_str(),
            segment.description.as_ref().map(PlainText::as_str),
            segment.color.as_str(),
            segment.origin.as_str(),
            segment.state.as_str(),
            rule_of(segment),
            i64::from(segment.version.get()),
            segment.updated_at.timestamp_micros(),
            i64::from(seen.get()),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CUSTOMER_SEGMENTS.writing())?;
        if put.rows_affected() == 0 {
            return Err(CUSTOMER_SEGMENTS.conflict());
        }
        Ok(())
    }

    async fn lock_segments(&mut self) -> Result<Vec<StoredSegment>, StorageError> {
        // The work holds the lock of the whole database already.
        let rows = sqlx::query_as!(
            SegmentRow,
            "SELECT segment_id, name, description, color, origin, state, rule, version,
                    customer_count, refreshed_at, refreshed_version, figures_at, created_at,
                    updated_at
             FROM customer_segments ORDER BY segment_id -- sqlite",
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(CUSTOMER_SEGMENTS.reading())?;
        rows.into_iter().map(StoredSegment::try_from).collect()
    }

    async fn lock_memberships(
        &mut self,
        segment: SegmentId,
        users: &[UserId],
    ) -> Result<Option<LockedMemberships>, StorageError> {
        let stored = sqlx::query_as!(
            SegmentRow,
            "SELECT segment_id, name, description, color, origin, state, rule, version,
                    customer_count, refreshed_at, refreshed_version, figures_at, created_at,
                    updated_at
             FROM customer_segments WHERE segment_id = ?1",
            segment.as_uuid(),
        )
        .fetch_optional(&mut *self.tx)
        .await
        .map_err(CUSTOMER_SEGMENTS.reading())?;
        let Some(stored) = stored.map(StoredSegment::try_from).transpose()? else {
            return Ok(None);
        };
        let rows = sqlx::query_as!(
            MemberRow,
            "SELECT user_id, segment_id, source, assigned_at, confidence FROM user_segments
             WHERE segment_id = ?1 AND user_id IN (SELECT unhex(value) FROM json_each(?2)) ORDER BY user_id",
            segment.as_uuid(),
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(USER_SEGMENTS.reading())?;
        let members = rows.into_iter().map(UserSegment::try_from);
        let rows = sqlx::query_as!(
            OverrideRow,
            "SELECT user_id, segment_id, decision, decided_at FROM segment_overrides
             WHERE segment_id = ?1 AND user_id IN (SELECT unhex(value) FROM json_each(?2)) ORDER BY user_id",
            segment.as_uuid(),
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(SEGMENT_OVERRIDES.reading())?;
        let overrides = rows.into_iter().map(SegmentOverride::try_from);
        Ok(Some(LockedMemberships {
            segment: stored.segment,
            members: members.collect::<Result<_, _>>()?,
            overrides: overrides.collect::<Result<_, _>>()?,
        }))
    }

    async fn put_members(&mut self, members: &[UserSegment]) -> Result<(), StorageError> {
        let rows = json_rows(members, |member| {
            (
                hex(member.user.as_uuid()),
                hex(member.segment.as_uuid()),
                member.source.as_str(),
                member.assigned_at.timestamp_micros(),
                confidence_of(member),
            )
        })?;
        sqlx::query_file!("queries/sqlite/put_members.sql", rows)
            .execute(&mut *self.tx)
            .await
            .map_err(USER_SEGMENTS.writing())?;
        Ok(())
    }

    async fn remove_members(
        &mut self,
        segment: SegmentId,
        users: &[UserId],
    ) -> Result<(), StorageError> {
        sqlx::query!(
            "DELETE FROM user_segments WHERE segment_id = ?1 AND user_id IN (SELECT unhex(value) FROM json_each(?2))",
            segment.as_uuid(),
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(USER_SEGMENTS.writing())?;
        Ok(())
    }

    async fn recount_members(&mut self, segment: SegmentId) -> Result<u64, StorageError> {
        let count = sqlx::query_scalar!(
            "UPDATE customer_segments
             SET customer_count = (SELECT COUNT(*) FROM user_segments WHERE segment_id = ?1)
             WHERE segment_id = ?1
             RETURNING customer_count",
            segment.as_uuid(),
        )
        .fetch_optional(&mut *self.tx)
        .await
        .map_err(CUSTOMER_SEGMENTS.writing())?;
        let count = count.unwrap_or_default();
        u64::try_from(count).map_err(CUSTOMER_SEGMENTS.corrupt("customer_count"))
    }

    async fn put_overrides(&mut self, overrides: &[SegmentOverride]) -> Result<(), StorageError> {
        let rows = json_rows(overrides, |decided| {
            (
                hex(decided.user.as_uuid()),
                hex(decided.segment.as_uuid()),
                decided.decision.as_str(),
                decided.decided_at.timestamp_micros(),
            )
        })?;
        sqlx::query_file!("queries/sqlite/put_segment_overrides.sql", rows)
            .execute(&mut *self.tx)
            .await
            .map_err(SEGMENT_OVERRIDES.writing())?;
        Ok(())
    }

    async fn remove_overrides(
        &mut self,
        segment: SegmentId,
        users: &[UserId],
    ) -> Result<(), StorageError> {
        sqlx::query!(
            "DELETE FROM segment_overrides WHERE segment_id = ?1 AND user_id IN (SELECT unhex(value) FROM json_each(?2))",
            segment.as_uuid(),
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SEGMENT_OVERRIDES.writing())?;
        Ok(())
    }

    async fn add_transitions(
        &mut self,
        transitions: &[SegmentTransition],
    ) -> Result<(), StorageError> {
        let rows = json_rows(transitions, |row| {
            (
                hex(row.user.as_uuid()),
                hex(row.segment.as_uuid()),
                row.happened_at.timestamp_micros(),
                row.transition.as_str(),
            )
        })?;
        sqlx::query_file!("queries/sqlite/add_segment_transitions.sql", rows)
            .execute(&mut *self.tx)
            .await
            .map_err(SEGMENT_TRANSITIONS.writing())?;
        Ok(())
    }

    async fn put_refresh(
        &mut self,
        segment: SegmentId,
        refresh: &SegmentRefresh,
    ) -> Result<(), StorageError> {
        sqlx::query!(
            "UPDATE customer_segments
             SET refreshed_at = ?2, refreshed_version = ?3, figures_at = ?4
             WHERE segment_id = ?1",
            segment.as_uuid(),
            refresh.refreshed_at.timestamp_micros(),
            i64::from(refresh.version.get()),
            refresh.figures_at.map(|at| at.timestamp_micros()),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CUSTOMER_SEGMENTS.writing())?;
        Ok(())
    }
}
