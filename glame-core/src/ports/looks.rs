use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StorageError;
use crate::catalogue::Product;
use crate::looks::{
    Look, LookContent, LookQuery, ProductQuery, SaveType, SavedLook, SavedLookCursor,
};
use crate::values::{LookId, SavedLookId, UserId};

/// Finds looks, saved ones, and the articles that they are made of.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait LookReader: Send + Sync {
    /// Gives the looks among `looks` that exist, in no fixed order.
    async fn looks(&self, looks: &[LookId]) -> Result<Vec<Look>, StorageError>;

    /// Gives a page of looks, newest first.
    async fn find_looks(&self, query: &LookQuery) -> Result<Vec<Look>, StorageError>;

    /// Gives a page of articles by the key of their names.
    async fn find_products(&self, query: &ProductQuery) -> Result<Vec<Product>, StorageError>;

    /// Gives the next `limit` looks that a customer has saved, newest first, each with what it
    /// shows.
    async fn saved_looks_before(
        &self,
        user: UserId,
        save_type: Option<SaveType>,
        after: Option<SavedLookCursor>,
        limit: u32,
    ) -> Result<Vec<(SavedLook, LookContent)>, StorageError>;
}

/// Writes looks and saved ones.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait LookWriter: Send {
    /// Stores a look: a new one of the first version, or a later version of one that is there.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] if what is there is not the version before.
    async fn put_look(&mut self, look: &Look) -> Result<(), StorageError>;

    /// Counts the looks that a customer has saved.
    async fn saved_look_count(&mut self, user: UserId) -> Result<u32, StorageError>;

    /// Saves a look that exists for a customer who exists.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] if the customer has saved it already.
    async fn add_saved_look(&mut self, saved: &SavedLook) -> Result<(), StorageError>;

    /// Removes a saved look of a customer, and tells whether there was one.
    async fn remove_saved_look(
        &mut self,
        user: UserId,
        id: SavedLookId,
    ) -> Result<bool, StorageError>;

    /// Marks a saved look of a customer as bought, and tells whether there is one; one that is
    /// marked already keeps its instant.
    async fn mark_saved_look_purchased(
        &mut self,
        user: UserId,
        id: SavedLookId,
        at: DateTime<Utc>,
    ) -> Result<bool, StorageError>;
}
