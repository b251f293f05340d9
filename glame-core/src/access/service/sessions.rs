use chrono::TimeDelta;

use super::{AccessError, AccessService};
use crate::access::{
    AuditAction, AuditDetails, AuditNote, Caller, Principal, RequestOrigin, Session, SessionScope,
    SessionState, SessionToken,
};
use crate::values::UserId;

/// The most sessions of one user that are listed.
const MOST_SESSIONS: u32 = 100;

/// How long what has ended is kept.
const KEPT_AFTER_END: TimeDelta = TimeDelta::days(1);

/// How many rows of each kind a sweep removes in one work.
const SWEPT_AT_ONCE: u32 = 1_000;

impl AccessService {
    /// Tells who is signed in by a token, as a program or a cookie shows it.
    ///
    /// It asks storage once; a use is written down at most once a minute.
    ///
    /// # Errors
    /// [`AccessError::NotSignedIn`] if nobody is: the token is none, its session has expired or was
    /// ended, its user was removed, disabled, or has another role now.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, AccessError> {
        let token = SessionToken::parse(token).ok_or(AccessError::NotSignedIn)?;
        let stored = self
            .storage
            .session(token.user(), &token.hash())
            .await?
            .ok_or(AccessError::NotSignedIn)?;
        let now = self.outside.clock.now();
        let session = &stored.session;
        let lifetime = self.settings.sessions.of(session.kind);
        let principal = stored
            .principal(lifetime, now)
            .ok_or(AccessError::NotSignedIn)?;
        if session.must_be_touched(now) {
            let mut work = self.storage.begin().await?;
            work.touch_session(session.user, session.id, now).await?;
            work.commit().await?;
        }
        Ok(principal)
    }

    /// Ends the session that somebody is signed in by.
    pub async fn logout(
        &self,
        principal: &Principal,
        origin: &RequestOrigin,
    ) -> Result<(), AccessError> {
        let now = self.outside.clock.now();
        let mut work = self.storage.begin().await?;
        let scope = SessionScope::One(principal.session);
        work.revoke_sessions(principal.user, scope, now).await?;
        let note = AuditNote::new(AuditAction::SignedOut, Some(principal.user));
        self.note(work.as_mut(), &principal.caller(origin), note)
            .await?;
        work.commit().await?;
        Ok(())
    }

    /// Lists the sessions of a user that can be used, newest first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, AccessError> {
        let now = self.outside.clock.now();
        let mut sessions = self.storage.sessions_of(user, MOST_SESSIONS).await?;
        sessions.retain(|session| {
            let lifetime = self.settings.sessions.of(session.kind);
            session.state(lifetime, now) == SessionState::Active
        });
        Ok(sessions)
    }

    /// Ends sessions of a user, and gives how many.
    ///
    /// # Errors
    /// [`AccessError::UnknownSession`] if one session is meant that is not there or has been ended.
    pub async fn revoke_sessions(
        &self,
        caller: &Caller,
        user: UserId,
        scope: SessionScope,
    ) -> Result<u64, AccessError> {
        let now = self.outside.clock.now();
        let mut work = self.storage.begin().await?;
        let ended = work.revoke_sessions(user, scope, now).await?;
        if ended == 0 && matches!(scope, SessionScope::One(_)) {
            return Err(AccessError::UnknownSession);
        }
        let note = AuditNote::new(AuditAction::SessionsRevoked, Some(user));
        let details = AuditDetails::new().count("sessions", ended);
        self.note(work.as_mut(), caller, note.with(details)).await?;
        work.commit().await?;
        Ok(ended)
    }

    /// Removes codes, counts and sessions that ended a day ago or earlier, and gives how many.
    pub async fn sweep(&self) -> Result<u64, AccessError> {
        let before = self.outside.clock.now() - KEPT_AFTER_END;
        let mut removed = 0;
        loop {
            let mut work = self.storage.begin().await?;
            let more = work.remove_ended_access(before, SWEPT_AT_ONCE).await?;
            work.commit().await?;
            removed += more;
            if more == 0 {
                return Ok(removed);
            }
        }
    }
}
