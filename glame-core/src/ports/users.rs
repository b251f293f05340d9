use async_trait::async_trait;

use super::StorageError;
use crate::users::{DiscountCard, User};
use crate::values::{CardNumber, CardRef, PhoneNumber, UserId};

/// Finds users and cards.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait UserReader: Send + Sync {
    /// Gives the users among `ids` that exist, in no fixed order.
    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StorageError>;

    /// Gives the next `limit` users after `after`, by user id, removed ones and staff among them.
    async fn users_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StorageError>;

    /// Gives the cards among `cards` that are known, in no fixed order.
    async fn cards(&self, cards: &[CardRef]) -> Result<Vec<DiscountCard>, StorageError>;

    /// Gives every card of these users, in no fixed order.
    async fn cards_of(&self, users: &[UserId]) -> Result<Vec<DiscountCard>, StorageError>;

    /// Gives the next `limit` cards after `after`, by their reference.
    async fn cards_after(
        &self,
        after: Option<CardRef>,
        limit: u32,
    ) -> Result<Vec<DiscountCard>, StorageError>;

    /// Gives the customers who have one of these phones, with the phone, in no fixed order.
    ///
    /// Removed customers and members of staff are none of them; several may have one phone.
    async fn customers_with_phones(
        &self,
        phones: &[PhoneNumber],
    ) -> Result<Vec<(PhoneNumber, UserId)>, StorageError>;

    /// Gives the customers who hold a card with one of these numbers that is not removed, with the
    /// number, in no fixed order.
    ///
    /// Removed customers and members of staff are none of them; several cards may have one number.
    async fn customers_with_cards(
        &self,
        numbers: &[CardNumber],
    ) -> Result<Vec<(CardNumber, UserId)>, StorageError>;

    /// Gives the users who are no customers, or none any more: members of staff and those who are
    /// removed, by user id.
    async fn non_customers(&self) -> Result<Vec<UserId>, StorageError>;

    /// Counts the customers that are not removed.
    async fn customer_count(&self) -> Result<u64, StorageError>;
}

/// Writes users and cards.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait UserWriter: Send {
    /// Stores those of the users that are not there yet, and leaves the others as they are.
    async fn add_missing_users(&mut self, users: &[User]) -> Result<(), StorageError>;

    /// Stores the users as given; of one that is there already, `created_at` stays.
    ///
    /// What was edited here stays too, and of a person who was forgotten nothing personal is kept
    /// ([`CustomerWriter`](super::CustomerWriter)). The version of their profiles goes up. No user may come twice in `users`.
    async fn put_users(&mut self, users: &[User]) -> Result<(), StorageError>;

    /// Stores the cards as given; a card that belonged to someone else moves.
    ///
    /// The number of a card whose holder was forgotten is not kept. Their users exist. No card may come twice in `cards`.
    async fn put_cards(&mut self, cards: &[DiscountCard]) -> Result<(), StorageError>;
}
