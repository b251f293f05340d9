use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    AccessSettings, Attempt, AuditEntry, AuditFilter, AuditNote, AuditPosition, Caller, CursorKey,
    LimitDecision, Principal, RateLimit, RequestOrigin, RoleRefusal, ServerSecret, Session,
    SessionKind, SessionToken, WeakPassword,
};
use crate::ports::{
    AccessWriter, Clock, HashingError, IdSource, NoRandomness, PasswordHasher, SecretSource,
    Storage, StorageError, UnitOfWork,
};
use crate::users::Role;
use crate::values::{AuditEntryId, SessionId, UserId};

mod customers;
mod sessions;
mod staff;

pub use customers::CodeRequested;
pub use staff::{FirstPassword, NewStaffMember, StaffCreated};

/// Carries out sign-in, sessions, staff and the audit log over a storage.
///
/// Each deed is one unit of work with its entry in the audit log; nothing slow, no password and no
/// message, happens while one is open. Who may ask for what is for the caller to decide.
#[derive(Debug, Clone)]
pub struct AccessService {
    storage: Arc<dyn Storage>,
    outside: AccessOutside,
    secret: ServerSecret,
    settings: Arc<AccessSettings>,
}

/// What the service needs of the world beside storage.
#[derive(Debug, Clone)]
pub struct AccessOutside {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids of sessions, members and entries.
    pub ids: Arc<dyn IdSource>,
    /// Codes, tokens and temporary passwords.
    pub secrets: Arc<dyn SecretSource>,
    /// Passwords.
    pub passwords: Arc<dyn PasswordHasher>,
}

/// Somebody has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// What the owner of the session shows from now on; it is told once.
    pub token: SessionToken,
    /// The session.
    pub session: Session,
    /// Who has signed in.
    pub principal: Principal,
    /// What is left of the attempts.
    pub limit: LimitDecision,
}

/// Tells why something about access was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The name, the code or the password is wrong; which of them is not told.
    #[error("the sign-in is refused: name, code or password is wrong, or the code has ended")]
    SignInRefused,
    /// It was tried too often.
    #[error("too many attempts; wait until the window of the limit ends")]
    TooManyAttempts(LimitDecision),
    /// A code was made a moment ago.
    #[error("a code was made a moment ago; wait before asking for another")]
    TooSoon {
        /// How long.
        retry_after: TimeDelta,
    },
    /// The token belongs to no session that can be used.
    #[error("nobody is signed in by this token")]
    NotSignedIn,
    /// The user has no such session, or it has ended.
    #[error("there is no such session")]
    UnknownSession,
    /// The member of staff stays as they are.
    #[error(transparent)]
    Role(#[from] RoleRefusal),
    /// Another member signs in with the address.
    #[error("another member of staff has this e-mail address")]
    EmailTaken,
    /// The new password is not good enough.
    #[error(transparent)]
    WeakPassword(#[from] WeakPassword),
    /// The present password is another.
    #[error("the present password is wrong")]
    WrongPassword,
    /// A password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// No secret could be drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Storage could not do what it was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl AccessService {
    /// Puts the service together.
    #[must_use]
    pub fn new(
        storage: Arc<dyn Storage>,
        outside: AccessOutside,
        secret: ServerSecret,
        settings: AccessSettings,
    ) -> Self {
        Self {
            storage,
            outside,
            secret,
            settings: Arc::new(settings),
        }
    }

    /// Gives how the service goes about it.
    #[must_use]
    pub fn settings(&self) -> &AccessSettings {
        &self.settings
    }

    /// Gives the key under which the cursors of lists are made.
    #[must_use]
    pub fn cursor_key(&self) -> CursorKey {
        CursorKey::new(self.secret.clone())
    }

    /// Counts an attempt of somebody, whom `whom` names, and tells whether it is one too many.
    ///
    /// The count is kept in storage, so that all replicas share it.
    pub async fn attempt(
        &self,
        limit: RateLimit,
        whom: &[&[u8]],
    ) -> Result<LimitDecision, AccessError> {
        let counted = [(limit, limit.attempt_of(&self.secret, whom))];
        self.count_alone(&counted).await
    }

    /// Makes an entry of the audit log for a work of one's own
    /// ([`AuditWriter::append_audit`](crate::ports::AuditWriter::append_audit)).
    #[must_use]
    pub fn audit_entry(&self, caller: &Caller, note: AuditNote) -> AuditEntry {
        let id = AuditEntryId::from_uuid(self.outside.ids.next());
        note.entry(id, self.outside.clock.now(), caller, &self.secret)
    }

    /// Writes into the audit log what needs no work of its own: that something was read.
    pub async fn record(&self, caller: &Caller, note: AuditNote) -> Result<(), AccessError> {
        let entry = self.audit_entry(caller, note);
        let mut work = self.storage.begin().await?;
        work.append_audit(&[entry]).await?;
        work.commit().await?;
        Ok(())
    }

    /// Reads the audit log, newest first; the position of the last entry leads to the next page.
    pub async fn audit_entries(
        &self,
        filter: &AuditFilter,
        after: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, AccessError> {
        Ok(self.storage.audit_entries(filter, after, limit).await?)
    }

    /// Counts attempts in a work of their own, so that they count whatever comes after.
    async fn count_alone(
        &self,
        counted: &[(RateLimit, Attempt)],
    ) -> Result<LimitDecision, AccessError> {
        let mut work = self.storage.begin().await?;
        let decision = count(work.as_mut(), counted, self.outside.clock.now()).await?;
        if !decision.exceeded {
            work.commit().await?;
        }
        Ok(decision)
    }

    /// Gives the attempts of somebody who signs in: by name, and by address if there is one.
    fn attempts(
        &self,
        by_name: &[RateLimit],
        name: &[u8],
        by_address: RateLimit,
        origin: &RequestOrigin,
    ) -> Vec<(RateLimit, Attempt)> {
        let attempt =
            |limit: RateLimit, whom: &[u8]| (limit, limit.attempt_of(&self.secret, &[whom]));
        let by_name = by_name.iter().map(|limit| attempt(*limit, name));
        let network = origin.network();
        let by_address = network.iter().map(|network| attempt(by_address, network));
        by_name.chain(by_address).collect()
    }

    /// Writes an entry into a work.
    async fn note(
        &self,
        work: &mut dyn UnitOfWork,
        caller: &Caller,
        note: AuditNote,
    ) -> Result<(), AccessError> {
        let entry = self.audit_entry(caller, note);
        Ok(work.append_audit(&[entry]).await?)
    }

    /// Begins a session of somebody who has proved who they are.
    async fn open_session(
        &self,
        work: &mut dyn UnitOfWork,
        owner: SessionOwner,
        origin: &RequestOrigin,
        limit: LimitDecision,
    ) -> Result<SignedIn, AccessError> {
        let now = self.outside.clock.now();
        let token = SessionToken::draw(owner.user, self.outside.secrets.as_ref())?;
        let session = Session {
            id: SessionId::from_uuid(self.outside.ids.next()),
            user: owner.user,
            role: owner.role,
            token: token.hash(),
            kind: owner.kind,
            created_at: now,
            last_seen_at: now,
            expires_at: now + self.settings.sessions.of(owner.kind).absolute,
            revoked_at: None,
            user_agent: origin.user_agent.clone(),
        };
        work.add_session(&session).await?;
        let principal = Principal {
            user: owner.user,
            role: owner.role,
            session: session.id,
            kind: owner.kind,
            must_change_password: owner.must_change_password,
        };
        Ok(SignedIn {
            token,
            session,
            principal,
            limit,
        })
    }
}

/// Whom a session is begun for.
#[derive(Debug, Clone, Copy)]
struct SessionOwner {
    user: UserId,
    role: Role,
    kind: SessionKind,
    must_change_password: bool,
}

/// Counts attempts, and gives what the limits say to them all.
///
/// A work whose attempt is refused is dropped: what one limit refuses uses up nothing of another, and
/// whoever goes on trying is let in again as soon as everybody else.
///
/// Buckets are counted in the order of their keys, so that works never wait for each other in turn.
async fn count(
    work: &mut dyn AccessWriter,
    counted: &[(RateLimit, Attempt)],
    now: DateTime<Utc>,
) -> Result<LimitDecision, AccessError> {
    let mut counted = counted.to_vec();
    counted.sort_by_key(|(_, attempt)| attempt.bucket);
    let attempts: Vec<Attempt> = counted.iter().map(|(_, attempt)| *attempt).collect();
    let windows = work.count_attempts(&attempts, now).await?;
    let decisions: Vec<LimitDecision> = counted
        .iter()
        .zip(windows)
        .map(|((limit, _), window)| limit.decide(window, now))
        .collect();
    LimitDecision::tightest(&decisions).ok_or_else(|| {
        AccessError::Storage(StorageError::Conflict {
            what: "a count of attempts",
        })
    })
}
