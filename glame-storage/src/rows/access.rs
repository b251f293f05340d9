use glame_core::access::{
    Attempt, CodeHash, CountedWindow, PasswordHash, Session, SessionKind, SessionScope,
    SignInCandidate, StaffMember, StoredCode, StoredSession, SubjectKey, TokenHash,
};
use glame_core::ports::StorageError;
use glame_core::users::Role;
use glame_core::values::{CardNumber, EmailAddress, SessionId, UserId};
use uuid::Uuid;

use super::Instant;
use super::catalogue::plain_text;
use super::user::phone_number;
use crate::tables::{
    ATTEMPT_WINDOWS, DISCOUNT_CARDS, ONE_TIME_CODES, SESSIONS, STAFF_MEMBERS, Table, USERS,
};

/// A customer whom a name may mean.
#[derive(Debug)]
pub(crate) struct CandidateRow {
    pub(crate) user_id: Uuid,
    pub(crate) phone: Option<i64>,
    pub(crate) card_number: Option<String>,
    pub(crate) by_card: bool,
    pub(crate) created_at: Instant,
}

impl TryFrom<CandidateRow> for SignInCandidate {
    type Error = StorageError;

    fn try_from(row: CandidateRow) -> Result<Self, StorageError> {
        Ok(Self {
            user: UserId::from_uuid(row.user_id),
            phone: row.phone.map(phone_number).transpose()?,
            card_number: row
                .card_number
                .map(|number| CardNumber::parse(&number))
                .transpose()
                .map_err(DISCOUNT_CARDS.corrupt("number"))?,
            by_card: row.by_card,
            created_at: row.created_at.0,
        })
    }
}

/// A row of `sessions`.
#[derive(Debug)]
pub(crate) struct SessionRow {
    pub(crate) user_id: Uuid,
    pub(crate) session: Uuid,
    pub(crate) token_hash: Vec<u8>,
    pub(crate) kind: String,
    pub(crate) role: String,
    pub(crate) created_at: Instant,
    pub(crate) last_seen_at: Instant,
    pub(crate) expires_at: Instant,
    pub(crate) revoked_at: Option<Instant>,
    pub(crate) user_agent: Option<String>,
}

impl TryFrom<SessionRow> for Session {
    type Error = StorageError;

    fn try_from(row: SessionRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: SessionId::from_uuid(row.session),
            user: UserId::from_uuid(row.user_id),
            role: role(SESSIONS, &row.role)?,
            token: TokenHash::from_bytes(hash(SESSIONS, "token_hash", row.token_hash)?),
            kind: SessionKind::from_name(&row.kind)
                .ok_or("not a kind of session")
                .map_err(SESSIONS.corrupt("kind"))?,
            created_at: row.created_at.0,
            last_seen_at: row.last_seen_at.0,
            expires_at: row.expires_at.0,
            revoked_at: row.revoked_at.map(|at| at.0),
            user_agent: plain_text(row.user_agent).map_err(SESSIONS.corrupt("user_agent"))?,
        })
    }
}

/// A row of `sessions` with what is known of its user.
#[derive(Debug)]
pub(crate) struct StoredSessionRow {
    pub(crate) user_id: Uuid,
    pub(crate) session: Uuid,
    pub(crate) token_hash: Vec<u8>,
    pub(crate) kind: String,
    pub(crate) role: String,
    pub(crate) created_at: Instant,
    pub(crate) last_seen_at: Instant,
    pub(crate) expires_at: Instant,
    pub(crate) revoked_at: Option<Instant>,
    pub(crate) user_agent: Option<String>,
    pub(crate) user_role: String,
    pub(crate) barred: bool,
    pub(crate) must_change_password: bool,
}

impl TryFrom<StoredSessionRow> for StoredSession {
    type Error = StorageError;

    fn try_from(row: StoredSessionRow) -> Result<Self, StorageError> {
        Ok(Self {
            role: role(USERS, &row.user_role)?,
            barred: row.barred,
            must_change_password: row.must_change_password,
            session: Session::try_from(SessionRow {
                user_id: row.user_id,
                session: row.session,
                token_hash: row.token_hash,
                kind: row.kind,
                role: row.role,
                created_at: row.created_at,
                last_seen_at: row.last_seen_at,
                expires_at: row.expires_at,
                revoked_at: row.revoked_at,
                user_agent: row.user_agent,
            })?,
        })
    }
}

/// A row of `staff_members` with the one of `users` that goes with it.
#[derive(Debug)]
pub(crate) struct StaffRow {
    pub(crate) user_id: Uuid,
    pub(crate) role: String,
    pub(crate) full_name: Option<String>,
    pub(crate) created_at: Instant,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) password_changed_at: Instant,
    pub(crate) must_change_password: bool,
    pub(crate) disabled: bool,
    pub(crate) version: i64,
}

impl TryFrom<StaffRow> for StaffMember {
    type Error = StorageError;

    fn try_from(row: StaffRow) -> Result<Self, StorageError> {
        Ok(Self {
            user: UserId::from_uuid(row.user_id),
            role: role(USERS, &row.role)?,
            email: EmailAddress::parse(&row.email).map_err(STAFF_MEMBERS.corrupt("email"))?,
            full_name: plain_text(row.full_name).map_err(USERS.corrupt("full_name"))?,
            password: PasswordHash::from_phc(row.password_hash),
            password_changed_at: row.password_changed_at.0,
            must_change_password: row.must_change_password,
            disabled: row.disabled,
            version: u32::try_from(row.version).map_err(STAFF_MEMBERS.corrupt("version"))?,
            created_at: row.created_at.0,
        })
    }
}

/// A row of `one_time_codes`.
#[derive(Debug)]
pub(crate) struct CodeRow {
    pub(crate) subject: Vec<u8>,
    pub(crate) code_hash: Vec<u8>,
    pub(crate) issued_at: Instant,
    pub(crate) expires_at: Instant,
    pub(crate) tries: i64,
    pub(crate) used_at: Option<Instant>,
}

impl TryFrom<CodeRow> for StoredCode {
    type Error = StorageError;

    fn try_from(row: CodeRow) -> Result<Self, StorageError> {
        Ok(Self {
            subject: SubjectKey::from_bytes(hash(ONE_TIME_CODES, "subject", row.subject)?),
            hash: CodeHash::from_bytes(hash(ONE_TIME_CODES, "code_hash", row.code_hash)?),
            issued_at: row.issued_at.0,
            expires_at: row.expires_at.0,
            tries: u32::try_from(row.tries).map_err(ONE_TIME_CODES.corrupt("tries"))?,
            used_at: row.used_at.map(|at| at.0),
        })
    }
}

/// A row of `attempt_windows`.
#[derive(Debug)]
pub(crate) struct WindowRow {
    pub(crate) bucket: Vec<u8>,
    pub(crate) attempts: i64,
    pub(crate) ends_at: Instant,
}

/// Gives the windows in the order of the attempts that were counted in them.
pub(crate) fn in_order_of(
    attempts: &[Attempt],
    rows: &[WindowRow],
) -> Result<Vec<CountedWindow>, StorageError> {
    let window = |attempt: &Attempt| {
        let row = rows
            .iter()
            .find(|row| row.bucket == attempt.bucket.as_bytes())
            .ok_or_else(|| ATTEMPT_WINDOWS.conflict())?;
        Ok(CountedWindow {
            count: u32::try_from(row.attempts).map_err(ATTEMPT_WINDOWS.corrupt("attempts"))?,
            ends_at: row.ends_at.0,
        })
    };
    attempts.iter().map(window).collect()
}

/// Gives the one session that is meant, and the one that is not.
pub(crate) fn sessions_meant(scope: SessionScope) -> (Option<Uuid>, Option<Uuid>) {
    match scope {
        SessionScope::All => (None, None),
        SessionScope::One(one) => (Some(*one.as_uuid()), None),
        SessionScope::AllBut(one) => (None, Some(*one.as_uuid())),
    }
}

fn role(table: Table, name: &str) -> Result<Role, StorageError> {
    Role::from_name(name)
        .ok_or("not a role")
        .map_err(table.corrupt("role"))
}

/// Reads a hash of 32 bytes.
pub(super) fn hash(
    table: Table,
    column: &'static str,
    bytes: Vec<u8>,
) -> Result<[u8; 32], StorageError> {
    bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| format!("a hash has 32 bytes, not {}", bytes.len()))
        .map_err(table.corrupt(column))
}
