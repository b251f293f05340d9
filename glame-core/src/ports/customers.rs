use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StorageError;
use crate::customers::{ConsentRecord, CustomerQuery, CustomerRow, CustomerSelection, Profile};
use crate::values::UserId;

/// Finds customers, their profiles and their consents.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait CustomerReader: Send + Sync {
    /// Gives a page of customers with their figures, in the order that is asked for. Staff are
    /// never among them.
    async fn find_customers(&self, query: &CustomerQuery)
    -> Result<Vec<CustomerRow>, StorageError>;

    /// Counts the customers of a selection.
    async fn count_customers(&self, selection: &CustomerSelection) -> Result<u64, StorageError>;

    /// Gives the profiles of those among `users` that exist, staff too, each once and in no fixed
    /// order.
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StorageError>;

    /// Gives the profiles of those among `users` that were edited here or whose persons were
    /// forgotten, in no fixed order.
    async fn kept_profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StorageError>;

    /// Gives all decisions of these customers, by user id, those of each oldest first.
    async fn consents(&self, users: &[UserId]) -> Result<Vec<ConsentRecord>, StorageError>;
}

/// Writes the profiles of customers and their consents.
///
/// What is edited here outlasts [`put_users`](super::UserWriter::put_users), which leaves edited
/// fields as they are; and of a person who was forgotten, neither it nor
/// [`put_cards`](super::UserWriter::put_cards) keeps anything that tells who they were.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait CustomerWriter: Send {
    /// Locks the profiles of those among `users` that exist until the work ends, and gives them in
    /// the order of their ids.
    async fn lock_profiles(&mut self, users: &[UserId]) -> Result<Vec<Profile>, StorageError>;

    /// Stores profiles as given, version and all, which this work has locked and nobody has
    /// forgotten or forgets by it; none comes twice.
    async fn put_profiles(&mut self, profiles: &[Profile]) -> Result<(), StorageError>;

    /// Forgets the person behind a customer: personal data, edits, card numbers, notes and search
    /// text go, a tombstone stays. One who was forgotten already stays so.
    async fn erase_customer(&mut self, user: UserId, at: DateTime<Utc>)
    -> Result<(), StorageError>;

    /// Gives all decisions of a customer whose profile this work has locked, oldest first.
    async fn locked_consents(&mut self, user: UserId) -> Result<Vec<ConsentRecord>, StorageError>;

    /// Adds decisions, which are never changed afterwards.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] if a number of the customer has been written before.
    async fn add_consents(&mut self, records: &[ConsentRecord]) -> Result<(), StorageError>;
}
