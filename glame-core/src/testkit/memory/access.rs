//! Sessions, codes, counts and members of staff in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStorage, MemoryWork, number, size};
use crate::access::{
    Attempt, BucketKey, CountedWindow, Session, SessionScope, SignInCandidate, StaffMember,
    StoredCode, StoredSession, SubjectKey, TokenHash,
};
use crate::ports::{AccessReader, AccessWriter, MOST_CANDIDATES, StorageError};
use crate::users::{Role, User};
use crate::values::{CardNumber, EmailAddress, PhoneNumber, SessionId, UserId};

/// What is kept about access.
#[derive(Debug, Clone, Default)]
pub(super) struct Access {
    codes: BTreeMap<SubjectKey, StoredCode>,
    windows: BTreeMap<BucketKey, CountedWindow>,
    sessions: BTreeMap<(UserId, SessionId), Session>,
    staff: BTreeMap<UserId, StaffMember>,
}

impl Access {
    fn sessions_of(&self, user: UserId) -> impl Iterator<Item = &Session> {
        self.sessions
            .values()
            .filter(move |session| session.user == user)
    }
}

#[async_trait]
impl AccessReader for MemoryStorage {
    async fn sign_in_candidates(
        &self,
        cards: &[CardNumber],
        phone: Option<PhoneNumber>,
    ) -> Result<Vec<SignInCandidate>, StorageError> {
        self.called("sign_in_candidates");
        let state = self.state();
        let is_customer = |user: &&User| user.role == Role::Customer && !user.removed;
        let candidate = |user: &User, by_card: Option<&CardNumber>| SignInCandidate {
            user: user.id,
            phone: user.phone,
            card_number: by_card.or(user.discount_card_number.as_ref()).cloned(),
            by_card: by_card.is_some(),
            created_at: user.created_at,
        };
        let oldest = |mut found: Vec<SignInCandidate>| {
            found.sort_by_key(|candidate| (candidate.created_at, candidate.user));
            found.truncate(size(MOST_CANDIDATES));
            found
        };
        let holders = state.cards.values().filter_map(|card| {
            let number = card
                .number
                .as_ref()
                .filter(|number| cards.contains(number))?;
            let user = state.users.get(&card.user).filter(is_customer)?;
            (!card.removed).then(|| candidate(user, Some(number)))
        });
        let phoned = state
            .users
            .values()
            .filter(|user| phone.is_some() && user.phone == phone)
            .filter(is_customer)
            .map(|user| candidate(user, None));
        let mut found = oldest(holders.collect());
        found.extend(oldest(phoned.collect()));
        Ok(found)
    }

    async fn session(
        &self,
        user: UserId,
        token: &TokenHash,
    ) -> Result<Option<StoredSession>, StorageError> {
        self.called("session");
        let state = self.state();
        let found = state
            .access
            .sessions_of(user)
            .find(|session| session.token == *token);
        let owner = state.users.get(&user);
        let member = state.access.staff.get(&user);
        Ok(found.zip(owner).map(|(session, owner)| StoredSession {
            session: session.clone(),
            role: owner.role,
            barred: owner.removed || member.is_some_and(|member| member.disabled),
            must_change_password: member.is_some_and(|member| member.must_change_password),
        }))
    }

    async fn sessions_of(&self, user: UserId, limit: u32) -> Result<Vec<Session>, StorageError> {
        self.called("sessions_of");
        let state = self.state();
        let mut sessions: Vec<Session> = state.access.sessions_of(user).cloned().collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        sessions.truncate(size(limit));
        Ok(sessions)
    }

    async fn staff_by_email(
        &self,
        email: &EmailAddress,
    ) -> Result<Option<StaffMember>, StorageError> {
        self.called("staff_by_email");
        let state = self.state();
        let mut staff = state.access.staff.values();
        Ok(staff.find(|member| member.email == *email).cloned())
    }

    async fn staff_member(&self, user: UserId) -> Result<Option<StaffMember>, StorageError> {
        self.called("staff_member");
        Ok(self.state().access.staff.get(&user).cloned())
    }

    async fn staff_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<StaffMember>, StorageError> {
        self.called("staff_after");
        let state = self.state();
        let staff = state
            .access
            .staff
            .values()
            .filter(|member| after.is_none_or(|after| member.user > after));
        Ok(staff.take(size(limit)).cloned().collect())
    }
}

#[async_trait]
impl AccessWriter for MemoryWork {
    async fn count_attempts(
        &mut self,
        attempts: &[Attempt],
        now: DateTime<Utc>,
    ) -> Result<Vec<CountedWindow>, StorageError> {
        self.called("count_attempts");
        let windows = &mut self.state().access.windows;
        let count = |attempt: &Attempt| {
            let open = windows
                .get(&attempt.bucket)
                .filter(|window| window.ends_at > now);
            let counted = CountedWindow {
                count: open.map_or(0, |window| window.count).saturating_add(1),
                ends_at: open.map_or(now + attempt.window, |window| window.ends_at),
            };
            windows.insert(attempt.bucket, counted);
            counted
        };
        Ok(attempts.iter().map(count).collect())
    }

    async fn lock_code(
        &mut self,
        subject: &SubjectKey,
    ) -> Result<Option<StoredCode>, StorageError> {
        self.called("lock_code");
        Ok(self.state.access.codes.get(subject).cloned())
    }

    async fn put_code(&mut self, code: &StoredCode) -> Result<(), StorageError> {
        self.called("put_code");
        self.state().access.codes.insert(code.subject, code.clone());
        Ok(())
    }

    async fn add_session(&mut self, session: &Session) -> Result<(), StorageError> {
        self.called("add_session");
        self.require_user(session.user)?;
        let key = (session.user, session.id);
        if self.state.access.sessions.contains_key(&key) {
            return Err(StorageError::Conflict { what: "a session" });
        }
        self.state().access.sessions.insert(key, session.clone());
        Ok(())
    }

    async fn touch_session(
        &mut self,
        user: UserId,
        session: SessionId,
        seen_at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.called("touch_session");
        if let Some(session) = self.state().access.sessions.get_mut(&(user, session)) {
            session.last_seen_at = session.last_seen_at.max(seen_at);
        }
        Ok(())
    }

    async fn revoke_sessions(
        &mut self,
        user: UserId,
        scope: SessionScope,
        revoked_at: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        self.called("revoke_sessions");
        let sessions = self.state().access.sessions.values_mut();
        let meant = sessions.filter(|session| {
            session.user == user && session.revoked_at.is_none() && scope.holds(session.id)
        });
        let mut ended = 0;
        for session in meant {
            session.revoked_at = Some(revoked_at);
            ended += 1;
        }
        Ok(ended)
    }

    async fn lock_staff(&mut self) -> Result<Vec<StaffMember>, StorageError> {
        self.called("lock_staff");
        Ok(self.state.access.staff.values().cloned().collect())
    }

    async fn lock_staff_member(
        &mut self,
        user: UserId,
    ) -> Result<Option<StaffMember>, StorageError> {
        self.called("lock_staff_member");
        Ok(self.state.access.staff.get(&user).cloned())
    }

    async fn add_staff_member(&mut self, member: &StaffMember) -> Result<(), StorageError> {
        self.called("add_staff_member");
        let mut staff = self.state.access.staff.values();
        if staff.any(|other| other.email == member.email)
            || self.state.users.contains_key(&member.user)
        {
            return Err(StorageError::Conflict {
                what: "a member of staff",
            });
        }
        let user = User {
            id: member.user,
            role: member.role,
            customer_id_1c: None,
            full_name: member.full_name.clone(),
            phone: None,
            email: Some(member.email.clone()),
            gender: None,
            birth_date: None,
            city: None,
            discount_card_number: None,
            removed: false,
            created_at: member.created_at,
            updated_at: member.created_at,
        };
        let state = self.state();
        state.users.insert(member.user, user);
        state.access.staff.insert(member.user, member.clone());
        Ok(())
    }

    async fn put_staff_member(
        &mut self,
        member: &StaffMember,
        changed_at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.called("put_staff_member");
        let state = self.state();
        let stored = state.access.staff.get_mut(&member.user);
        match stored.zip(state.users.get_mut(&member.user)) {
            Some((stored, user)) if stored.version.checked_add(1) == Some(member.version) => {
                *stored = StaffMember {
                    email: stored.email.clone(),
                    created_at: stored.created_at,
                    ..member.clone()
                };
                user.role = member.role;
                user.full_name.clone_from(&member.full_name);
                user.updated_at = changed_at;
                Ok(())
            }
            _ => Err(StorageError::Conflict {
                what: "a member of staff",
            }),
        }
    }

    async fn remove_ended_access(
        &mut self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StorageError> {
        self.called("remove_ended_access");
        let access = &mut self.state().access;
        let limit = size(limit);
        let codes = access
            .codes
            .extract_if(.., |_, code| code.expires_at <= before);
        let codes = codes.take(limit).count();
        let windows = access
            .windows
            .extract_if(.., |_, window| window.ends_at <= before);
        let windows = windows.take(limit).count();
        let sessions = access
            .sessions
            .extract_if(.., |_, session| session.expires_at <= before);
        let sessions = sessions.take(limit).count();
        Ok(number(codes + windows + sessions))
    }
}
