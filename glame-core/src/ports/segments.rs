use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StorageError;
use crate::segments::{CustomerSegment, Decision, SegmentVersion, UserSegment};
use crate::values::{SegmentId, UserId};

/// Finds segments, their members and what became of them.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait SegmentReader: Send + Sync {
    /// Gives all segments, by id, drafts and archived ones among them.
    async fn segments(&self) -> Result<Vec<StoredSegment>, StorageError>;

    /// Gives a segment.
    async fn segment(&self, id: SegmentId) -> Result<Option<StoredSegment>, StorageError>;

    /// Gives the next `limit` members of a segment after `after`, by user id.
    async fn members_after(
        &self,
        segment: SegmentId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserSegment>, StorageError>;

    /// Gives all memberships of these users, in no fixed order.
    async fn segments_of(&self, users: &[UserId]) -> Result<Vec<UserSegment>, StorageError>;

    /// Gives the next `limit` decisions by hand about a segment after `after`, by user id.
    async fn overrides_after(
        &self,
        segment: SegmentId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<SegmentOverride>, StorageError>;

    /// Gives the last `limit` transitions of a user, the newest first; those of one instant by
    /// segment.
    async fn transitions_of(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<SegmentTransition>, StorageError>;

    /// Gives the next `limit` transitions of a segment after a place, by time and user id.
    async fn transitions_after(
        &self,
        segment: SegmentId,
        after: Option<TransitionPlace>,
        limit: u32,
    ) -> Result<Vec<SegmentTransition>, StorageError>;
}

/// Writes segments, their members and what became of them.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait SegmentWriter: Send {
    /// Adds a segment that is not there.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] if its id or its name is taken.
    async fn add_segment(&mut self, segment: &CustomerSegment) -> Result<(), StorageError>;

    /// Stores a segment as given, except `created_at`, if the stored version is `seen`.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] if it is not, or if another segment has the name.
    async fn put_segment(
        &mut self,
        segment: &CustomerSegment,
        seen: SegmentVersion,
    ) -> Result<(), StorageError>;

    /// Waits until nobody else changes segments, keeps others waiting until the work ends, and gives
    /// all segments, by id.
    ///
    /// Whoever adds or changes a segment does this first, so that two changes that are right each
    /// by itself are not made together.
    async fn lock_segments(&mut self) -> Result<Vec<StoredSegment>, StorageError>;

    /// Locks a segment until the work ends, and gives those of the users who are members, with
    /// what was decided by hand about any of them.
    ///
    /// There is none if the segment is not there. Whoever changes members locks first, so that
    /// nobody enters or leaves twice and no decision is undone that was made meanwhile.
    async fn lock_memberships(
        &mut self,
        segment: SegmentId,
        users: &[UserId],
    ) -> Result<Option<LockedMemberships>, StorageError>;

    /// Stores memberships as given, for users and segments that exist; none may come twice.
    async fn put_members(&mut self, members: &[UserSegment]) -> Result<(), StorageError>;

    /// Removes these users from a segment; who is no member stays none.
    async fn remove_members(
        &mut self,
        segment: SegmentId,
        users: &[UserId],
    ) -> Result<(), StorageError>;

    /// Counts the members of a segment and stores the number as its `customer_count`.
    async fn recount_members(&mut self, segment: SegmentId) -> Result<u64, StorageError>;

    /// Stores decisions by hand as given, for users and segments that exist; no user may come twice
    /// for one segment.
    async fn put_overrides(&mut self, overrides: &[SegmentOverride]) -> Result<(), StorageError>;

    /// Removes the decisions by hand about these users.
    async fn remove_overrides(
        &mut self,
        segment: SegmentId,
        users: &[UserId],
    ) -> Result<(), StorageError>;

    /// Adds transitions, for users and segments that exist; one of the same user, segment and
    /// instant stays single.
    async fn add_transitions(
        &mut self,
        transitions: &[SegmentTransition],
    ) -> Result<(), StorageError>;

    /// Keeps when and from what the members of a segment were made last.
    async fn put_refresh(
        &mut self,
        segment: SegmentId,
        refresh: &SegmentRefresh,
    ) -> Result<(), StorageError>;
}

/// A segment with what the last refresh made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredSegment {
    /// The segment.
    #[serde(flatten)]
    pub segment: CustomerSegment,
    /// How many members are stored.
    pub customer_count: u64,
    /// The last refresh; none before the first.
    pub refresh: Option<SegmentRefresh>,
}

/// When and from what the members of a segment were made: the watermark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRefresh {
    /// The instant to which silence and windows were counted.
    pub refreshed_at: DateTime<Utc>,
    /// The version of the segment.
    pub version: SegmentVersion,
    /// When the figures had been made that the rule looked at; none if there were none.
    pub figures_at: Option<DateTime<Utc>>,
}

/// What storage gives of a segment that is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedMemberships {
    /// The segment as it is now.
    pub segment: CustomerSegment,
    /// The memberships, by user id.
    pub members: Vec<UserSegment>,
    /// The decisions by hand, by user id.
    pub overrides: Vec<SegmentOverride>,
}

/// What a person has decided about a customer and a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentOverride {
    /// The segment.
    pub segment: SegmentId,
    /// The customer.
    pub user: UserId,
    /// What was decided.
    pub decision: Decision,
    /// When.
    pub decided_at: DateTime<Utc>,
}

/// A customer has entered or left a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentTransition {
    /// The segment.
    pub segment: SegmentId,
    /// The customer.
    pub user: UserId,
    /// When.
    pub happened_at: DateTime<Utc>,
    /// Which of the two.
    pub transition: Transition,
}

/// A place in the transitions of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransitionPlace {
    /// When the last transition before the place happened.
    pub happened_at: DateTime<Utc>,
    /// Whose it was.
    pub user: UserId,
}

/// Whether a customer has entered or left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// Was no member and is one.
    Entered,
    /// Was a member and is none.
    Left,
}

impl Transition {
    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Left => "left",
        }
    }

    /// Finds one by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Entered, Self::Left]
            .into_iter()
            .find(|transition| transition.as_str() == name)
    }
}
