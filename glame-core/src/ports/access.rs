use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StorageError;
use crate::access::{
    Attempt, CountedWindow, Session, SessionScope, SignInCandidate, StaffMember, StoredCode,
    StoredSession, SubjectKey, TokenHash,
};
use crate::values::{CardNumber, EmailAddress, PhoneNumber, SessionId, UserId};

/// Finds who may sign in, and by which sessions somebody has.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait AccessReader: Send + Sync {
    /// Gives the customers who hold a valid card with one of these numbers or have this phone.
    ///
    /// Removed customers, members of staff and removed cards are none of them. A customer may come
    /// twice, once for a card and once for the phone. At most [`MOST_CANDIDATES`] come of each, those
    /// who have been known longest.
    async fn sign_in_candidates(
        &self,
        cards: &[CardNumber],
        phone: Option<PhoneNumber>,
    ) -> Result<Vec<SignInCandidate>, StorageError>;

    /// Gives the session of a user that this token belongs to, ended or not.
    async fn session(
        &self,
        user: UserId,
        token: &TokenHash,
    ) -> Result<Option<StoredSession>, StorageError>;

    /// Gives the newest `limit` sessions of a user, newest first, ended ones among them.
    async fn sessions_of(&self, user: UserId, limit: u32) -> Result<Vec<Session>, StorageError>;

    /// Gives the member of staff who signs in with this address.
    async fn staff_by_email(
        &self,
        email: &EmailAddress,
    ) -> Result<Option<StaffMember>, StorageError>;

    /// Gives a member of staff.
    async fn staff_member(&self, user: UserId) -> Result<Option<StaffMember>, StorageError>;

    /// Gives the next `limit` members of staff after `after`, by user id, disabled ones among them.
    async fn staff_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<StaffMember>, StorageError>;
}

/// The most customers that a card number or a phone may mean.
pub const MOST_CANDIDATES: u32 = 20;

/// Writes sessions, codes, counts and members of staff.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait AccessWriter: Send {
    /// Counts an attempt in each bucket, and gives the windows in the order of `attempts`.
    ///
    /// A window that has ended at `now` is replaced by a new one. Works that count for the same
    /// bucket at once wait for each other, and none is lost. No bucket may come twice.
    async fn count_attempts(
        &mut self,
        attempts: &[Attempt],
        now: DateTime<Utc>,
    ) -> Result<Vec<CountedWindow>, StorageError>;

    /// Gives the code of a subject, which nobody else can change until the work ends.
    async fn lock_code(&mut self, subject: &SubjectKey)
    -> Result<Option<StoredCode>, StorageError>;

    /// Stores the code of a subject in place of the one before.
    async fn put_code(&mut self, code: &StoredCode) -> Result<(), StorageError>;

    /// Adds a session of a user who exists.
    async fn add_session(&mut self, session: &Session) -> Result<(), StorageError>;

    /// Notes that a session was used at `seen_at`; an earlier use than the one noted changes nothing.
    async fn touch_session(
        &mut self,
        user: UserId,
        session: SessionId,
        seen_at: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// Ends sessions of a user, and gives how many were not ended yet.
    async fn revoke_sessions(
        &mut self,
        user: UserId,
        scope: SessionScope,
        revoked_at: DateTime<Utc>,
    ) -> Result<u64, StorageError>;

    /// Gives all members of staff by user id, whom nobody else can change until the work ends.
    async fn lock_staff(&mut self) -> Result<Vec<StaffMember>, StorageError>;

    /// Gives a member of staff, whom nobody else can change until the work ends.
    async fn lock_staff_member(
        &mut self,
        user: UserId,
    ) -> Result<Option<StaffMember>, StorageError>;

    /// Adds a member of staff, and the user that goes with it.
    ///
    /// A user or an address that is there already is a [`StorageError::Conflict`].
    async fn add_staff_member(&mut self, member: &StaffMember) -> Result<(), StorageError>;

    /// Stores a member of staff as given, role and name of the user too; the address stays.
    ///
    /// It is a [`StorageError::Conflict`] unless the version is the next one of what is stored.
    async fn put_staff_member(
        &mut self,
        member: &StaffMember,
        changed_at: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// Removes codes, windows and sessions that had ended by `before`, at most `limit` of each; gives
    /// how many.
    async fn remove_ended_access(
        &mut self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StorageError>;
}
