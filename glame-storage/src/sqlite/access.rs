use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::access::{
    Attempt, CountedWindow, Session, SessionScope, SignInCandidate, StaffMember, StoredCode,
    StoredSession, SubjectKey, TokenHash,
};
use glame_core::ports::{AccessReader, AccessWriter, MOST_CANDIDATES, StorageError};
use glame_core::values::{CardNumber, EmailAddress, PhoneNumber, PlainText, SessionId, UserId};

use super::lists::{hex_bytes, json_rows};
use super::{SqliteStorage, SqliteWork};
use crate::rows::{
    CandidateRow, CodeRow, Instant, SessionRow, StaffRow, StoredSessionRow, WindowRow, digits_of,
    first_after, in_order_of, sessions_meant,
};
use crate::tables::{ATTEMPT_WINDOWS, ONE_TIME_CODES, SESSIONS, STAFF_MEMBERS, USERS};

#[async_trait]
impl AccessReader for SqliteStorage {
    async fn sign_in_candidates(
        &self,
        cards: &[CardNumber],
        phone: Option<PhoneNumber>,
    ) -> Result<Vec<SignInCandidate>, StorageError> {
        let rows = sqlx::query_file_as!(
            CandidateRow,
            "queries/sqlite/sign_in_candidates.sql",
            json_rows(cards, CardNumber::as_str)?,
            phone.map(digits_of),
            MOST_CANDIDATES,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(USERS.reading())?;
        rows.into_iter().map(SignInCandidate::try_from).collect()
    }

    async fn session(
        &self,
        user: UserId,
        token: &TokenHash,
    ) -> Result<Option<StoredSession>, StorageError> {
        let row = sqlx::query_file_as!(
            StoredSessionRow,
            "queries/sqlite/session.sql",
            user.as_uuid(),
            token.as_bytes().as_slice(),
        )
        .fetch_optional(&self.readers)
        .await
        .map_err(SESSIONS.reading())?;
        row.map(StoredSession::try_from).transpose()
    }

    async fn sessions_of(&self, user: UserId, limit: u32) -> Result<Vec<Session>, StorageError> {
        let rows = sqlx::query_as!(
            SessionRow,
            "SELECT user_id, session, token_hash, kind, role, created_at, last_seen_at, expires_at,
                    revoked_at, user_agent
             FROM sessions WHERE user_id = ?1 ORDER BY created_at DESC, session DESC LIMIT ?2",
            user.as_uuid(),
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(SESSIONS.reading())?;
        rows.into_iter().map(Session::try_from).collect()
    }

    async fn staff_by_email(
        &self,
        email: &EmailAddress,
    ) -> Result<Option<StaffMember>, StorageError> {
        let row = sqlx::query_file_as!(
            StaffRow,
            "queries/sqlite/staff_by_email.sql",
            email.as_str(),
        )
        .fetch_optional(&self.readers)
        .await
        .map_err(STAFF_MEMBERS.reading())?;
        row.map(StaffMember::try_from).transpose()
    }

    async fn staff_member(&self, user: UserId) -> Result<Option<StaffMember>, StorageError> {
        let row =
            sqlx::query_file_as!(StaffRow, "queries/sqlite/staff_member.sql", user.as_uuid(),)
                .fetch_optional(&self.readers)
                .await
                .map_err(STAFF_MEMBERS.reading())?;
        row.map(StaffMember::try_from).transpose()
    }

    async fn staff_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<StaffMember>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(UserId::as_uuid)) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query_file_as!(StaffRow, "queries/sqlite/staff_after.sql", first, limit,)
            .fetch_all(&self.readers)
            .await
            .map_err(STAFF_MEMBERS.reading())?;
        rows.into_iter().map(StaffMember::try_from).collect()
    }
}

#[async_trait]
impl AccessWriter for SqliteWork {
    async fn count_attempts(
        &mut self,
        attempts: &[Attempt],
        now: DateTime<Utc>,
    ) -> Result<Vec<CountedWindow>, StorageError> {
        let rows = json_rows(attempts, |attempt| {
            let ends_at = now + attempt.window;
            (
                hex_bytes(attempt.bucket.as_bytes()),
                ends_at.timestamp_micros(),
            )
        })?;
        let rows = sqlx::query_file_as!(
            WindowRow,
            "queries/sqlite/count_attempts.sql",
            rows,
            now.timestamp_micros(),
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(ATTEMPT_WINDOWS.writing())?;
        in_order_of(attempts, &rows)
    }

    async fn lock_code(
        &mut self,
        subject: &SubjectKey,
    ) -> Result<Option<StoredCode>, StorageError> {
        let row = sqlx::query_as!(
            CodeRow,
            "SELECT subject, code_hash, issued_at, expires_at, tries, used_at
             FROM one_time_codes WHERE subject = ?1",
            subject.as_bytes().as_slice(),
        )
        .fetch_optional(&mut *self.tx)
        .await
        .map_err(ONE_TIME_CODES.reading())?;
        row.map(StoredCode::try_from).transpose()
    }

    async fn put_code(&mut self, code: &StoredCode) -> Result<(), StorageError> {
        sqlx::query_file!(
            "queries/sqlite/put_code.sql",
            code.subject.as_bytes().as_slice(),
            code.hash.as_bytes().as_slice(),
            code.issued_at.timestamp_micros(),
            code.expires_at.timestamp_micros(),
            i64::from(code.tries),
            code.used_at.as_ref().map(DateTime::<Utc>::timestamp_micros),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(ONE_TIME_CODES.writing())?;
        Ok(())
    }

    async fn add_session(&mut self, session: &Session) -> Result<(), StorageError> {
        let added = sqlx::query_file!(
            "queries/sqlite/add_session.sql",
            session.user.as_uuid(),
            session.id.as_uuid(),
            session.token.as_bytes().as_slice(),
            session.kind.as_str(),
            session.role.as_str(),
            session.created_at.timestamp_micros(),
            session.last_seen_at.timestamp_micros(),
            session.expires_at.timestamp_micros(),
            session
                .revoked_at
                .as_ref()
                .map(DateTime::<Utc>::timestamp_micros),
            session.user_agent.as_ref().map(PlainText::as_str),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SESSIONS.writing())?;
        match added.rows_affected() {
            0 => Err(SESSIONS.conflict()),
            _ => Ok(()),
        }
    }

    async fn touch_session(
        &mut self,
        user: UserId,
        session: SessionId,
        seen_at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        sqlx::query!(
            "UPDATE sessions SET last_seen_at = ?3
             WHERE user_id = ?1 AND session = ?2 AND last_seen_at < ?3",
            user.as_uuid(),
            session.as_uuid(),
            seen_at.timestamp_micros(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SESSIONS.writing())?;
        Ok(())
    }

    async fn revoke_sessions(
        &mut self,
        user: UserId,
        scope: SessionScope,
        revoked_at: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        let (only, but) = sessions_meant(scope);
        let revoked = sqlx::query_file!(
            "queries/sqlite/revoke_sessions.sql",
            user.as_uuid(),
            revoked_at.timestamp_micros(),
            only,
            but,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SESSIONS.writing())?;
        Ok(revoked.rows_affected())
    }

    async fn lock_staff(&mut self) -> Result<Vec<StaffMember>, StorageError> {
        let rows = sqlx::query_file_as!(StaffRow, "queries/sqlite/lock_staff.sql")
            .fetch_all(&mut *self.tx)
            .await
            .map_err(STAFF_MEMBERS.reading())?;
        rows.into_iter().map(StaffMember::try_from).collect()
    }

    async fn lock_staff_member(
        &mut self,
        user: UserId,
    ) -> Result<Option<StaffMember>, StorageError> {
        let row =
            sqlx::query_file_as!(StaffRow, "queries/sqlite/staff_member.sql", user.as_uuid(),)
                .fetch_optional(&mut *self.tx)
                .await
                .map_err(STAFF_MEMBERS.reading())?;
        row.map(StaffMember::try_from).transpose()
    }

    async fn add_staff_member(&mut self, member: &StaffMember) -> Result<(), StorageError> {
        let added = sqlx::query_file!(
            "queries/sqlite/add_staff_member.sql",
            member.user.as_uuid(),
            member.email.as_str(),
            member.password.as_phc(),
            member.password_changed_at.timestamp_micros(),
            member.must_change_password,
            member.disabled,
            i64::from(member.version),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(STAFF_MEMBERS.writing())?;
        if added.rows_affected() == 0 {
            return Err(STAFF_MEMBERS.conflict());
        }
        sqlx::query!(
            "INSERT INTO users (user_id, role, full_name, email, removed, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, FALSE, ?5, ?5)",
            member.user.as_uuid(),
            member.role.as_str(),
            member.full_name.as_ref().map(PlainText::as_str),
            member.email.as_str(),
            member.created_at.timestamp_micros(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(USERS.writing())?;
        Ok(())
    }

    async fn put_staff_member(
        &mut self,
        member: &StaffMember,
        changed_at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let changed = sqlx::query_file!(
            "queries/sqlite/put_staff_member.sql",
            member.user.as_uuid(),
            member.password.as_phc(),
            member.password_changed_at.timestamp_micros(),
            member.must_change_password,
            member.disabled,
            i64::from(member.version),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(STAFF_MEMBERS.writing())?;
        if changed.rows_affected() == 0 {
            return Err(STAFF_MEMBERS.conflict());
        }
        sqlx::query!(
            "UPDATE users SET role = ?2, full_name = ?3, updated_at = ?4 WHERE user_id = ?1",
            member.user.as_uuid(),
            member.role.as_str(),
            member.full_name.as_ref().map(PlainText::as_str),
            changed_at.timestamp_micros(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(USERS.writing())?;
        Ok(())
    }

    async fn remove_ended_access(
        &mut self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StorageError> {
        let codes = sqlx::query!(
            "DELETE FROM one_time_codes WHERE subject IN (
                 SELECT subject FROM one_time_codes WHERE expires_at <= ?1
                 ORDER BY expires_at LIMIT ?2
             )",
            before.timestamp_micros(),
            limit,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(ONE_TIME_CODES.writing())?;
        let windows = sqlx::query!(
            "DELETE FROM attempt_windows WHERE bucket IN (
                 SELECT bucket FROM attempt_windows WHERE ends_at <= ?1
                 ORDER BY ends_at LIMIT ?2
             )",
            before.timestamp_micros(),
            limit,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(ATTEMPT_WINDOWS.writing())?;
        let sessions = sqlx::query!(
            "DELETE FROM sessions WHERE (user_id, session) IN (
                 SELECT user_id, session FROM sessions WHERE expires_at <= ?1
                 ORDER BY expires_at LIMIT ?2
             )",
            before.timestamp_micros(),
            limit,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SESSIONS.writing())?;
        Ok(codes.rows_affected() + windows.rows_affected() + sessions.rows_affected())
    }
}
