use async_trait::async_trait;
use glame_core::ports::{StorageError, UserReader, UserWriter};
use glame_core::users::{DiscountCard, Gender, User};
use glame_core::values::{CardNumber, CardRef, EmailAddress, PhoneNumber, PlainText, UserId};
use serde::Serialize;
use uuid::Uuid;

use super::lists::{hex, json_rows};
use super::packed::PackedRows;
use super::search_index::{index_cards, index_users};
use super::{SqliteStorage, SqliteWork};
use crate::rows::{CardRow, UserRow, digits_of, first_after, phone_number, users_of};
use crate::tables::{DISCOUNT_CARDS, USERS};

#[async_trait]
impl UserReader for SqliteStorage {
    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StorageError> {
        let rows = sqlx::query_file_as!(
            UserRow,
            "queries/sqlite/users.sql",
            json_rows(ids, |id| hex(id.as_uuid()))?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(USERS.reading())?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn users_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(UserId::as_uuid)) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query_file_as!(UserRow, "queries/sqlite/users_after.sql", first, limit)
            .fetch_all(&self.readers)
            .await
            .map_err(USERS.reading())?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn cards(&self, cards: &[CardRef]) -> Result<Vec<DiscountCard>, StorageError> {
        let rows = sqlx::query_as!(
            CardRow,
            "SELECT user_id, card, number, removed FROM discount_cards
             WHERE card IN (SELECT unhex(value) FROM json_each(?1))",
            json_rows(cards, |card| hex(card.as_uuid()))?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(DISCOUNT_CARDS.reading())?;
        rows.into_iter().map(DiscountCard::try_from).collect()
    }

    async fn cards_of(&self, users: &[UserId]) -> Result<Vec<DiscountCard>, StorageError> {
        let rows = sqlx::query_as!(
            CardRow,
            "SELECT user_id, card, number, removed FROM discount_cards
             WHERE user_id IN (SELECT unhex(value) FROM json_each(?1))",
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(DISCOUNT_CARDS.reading())?;
        rows.into_iter().map(DiscountCard::try_from).collect()
    }

    async fn cards_after(
        &self,
        after: Option<CardRef>,
        limit: u32,
    ) -> Result<Vec<DiscountCard>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(CardRef::as_uuid)) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query_as!(
            CardRow,
            "SELECT user_id, card, number, removed FROM discount_cards
             WHERE card >= ?1 ORDER BY card LIMIT ?2",
            first,
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(DISCOUNT_CARDS.reading())?;
        rows.into_iter().map(DiscountCard::try_from).collect()
    }

    async fn customers_with_phones(
        &self,
        phones: &[PhoneNumber],
    ) -> Result<Vec<(PhoneNumber, UserId)>, StorageError> {
        let rows = sqlx::query!(
            r#"SELECT phone AS "phone!", user_id AS "user_id: Uuid" FROM users
               WHERE phone IN (SELECT value FROM json_each(?1)) AND role = 'customer' AND NOT removed"#,
            json_rows(phones, |phone| digits_of(*phone))?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(USERS.reading())?;
        let named = |phone, user| Ok((phone_number(phone)?, UserId::from_uuid(user)));
        rows.into_iter()
            .map(|row| named(row.phone, row.user_id))
            .collect()
    }

    async fn customers_with_cards(
        &self,
        numbers: &[CardNumber],
    ) -> Result<Vec<(CardNumber, UserId)>, StorageError> {
        let rows = sqlx::query!(
            r#"SELECT card.number AS "number!", card.user_id AS "user_id: Uuid"
               FROM discount_cards AS card JOIN users ON users.user_id = card.user_id
               WHERE card.number IN (SELECT value FROM json_each(?1)) AND NOT card.removed
                 AND users.role = 'customer' AND NOT users.removed"#,
            json_rows(numbers, CardNumber::as_str)?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(DISCOUNT_CARDS.reading())?;
        let named = |number: String, user| {
            let number = CardNumber::parse(&number).map_err(DISCOUNT_CARDS.corrupt("number"))?;
            Ok((number, UserId::from_uuid(user)))
        };
        rows.into_iter()
            .map(|row| named(row.number, row.user_id))
            .collect()
    }

    async fn non_customers(&self) -> Result<Vec<UserId>, StorageError> {
        let users = sqlx::query_scalar!(
            r#"SELECT user_id AS "user_id: Uuid" FROM users
               WHERE role <> 'customer' OR removed ORDER BY user_id"#,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(USERS.reading())?;
        Ok(users.into_iter().map(UserId::from_uuid).collect())
    }

    async fn customer_count(&self) -> Result<u64, StorageError> {
        let count = sqlx::query_scalar!(
            "SELECT COUNT(*) FROM users WHERE role = 'customer' AND NOT removed -- sqlite",
        )
        .fetch_one(&self.readers)
        .await
        .map_err(USERS.reading())?;
        u64::try_from(count).map_err(USERS.corrupt("user_id"))
    }
}

#[async_trait]
impl UserWriter for SqliteWork {
    async fn add_missing_users(&mut self, users: &[User]) -> Result<(), StorageError> {
        // Nearly all of them are there, and a row of JSON costs more than a look.
        let mut ids = PackedRows::default();
        for user in users {
            ids.uuid(user.id.as_uuid());
        }
        let missing = sqlx::query_file_scalar!("queries/sqlite/missing_users.sql", ids.as_bytes())
            .fetch_all(&mut *self.tx)
            .await
            .map_err(USERS.reading())?;
        let missing = users_of(users, missing);
        if missing.is_empty() {
            return Ok(());
        }
        let rows = json_rows(&missing, |user| cells_of(user))?;
        sqlx::query_file!("queries/sqlite/add_missing_users.sql", rows)
            .execute(&mut *self.tx)
            .await
            .map_err(USERS.writing())?;
        let added: Vec<User> = missing.into_iter().cloned().collect();
        index_users(&mut self.tx, &added).await
    }

    async fn put_users(&mut self, users: &[User]) -> Result<(), StorageError> {
        sqlx::query_file!("queries/sqlite/put_users.sql", json_rows(users, cells_of)?)
            .execute(&mut *self.tx)
            .await
            .map_err(USERS.writing())?;
        index_users(&mut self.tx, users).await
    }

    async fn put_cards(&mut self, cards: &[DiscountCard]) -> Result<(), StorageError> {
        let rows = json_rows(cards, |card| {
            (
                hex(card.user.as_uuid()),
                hex(card.card.as_uuid()),
                card.number.as_ref().map(CardNumber::as_str),
                card.removed,
            )
        })?;
        let mut touched = sqlx::query_scalar!(
            r#"DELETE FROM discount_cards
             WHERE card IN (SELECT unhex(value ->> 1) FROM json_each(?1))
               AND (user_id, card) NOT IN (
                   SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each(?1)
               )
             RETURNING user_id AS "user_id!: Uuid""#,
            rows,
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(DISCOUNT_CARDS.writing())?;
        sqlx::query!(
            "INSERT INTO discount_cards (user_id, card, number, removed)
             SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3
             FROM json_each(?1)
             WHERE TRUE
             ON CONFLICT (user_id, card)
             DO UPDATE SET number = EXCLUDED.number, removed = EXCLUDED.removed",
            rows,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(DISCOUNT_CARDS.writing())?;
        sqlx::query!(
            "UPDATE discount_cards SET number = NULL
             WHERE card IN (SELECT unhex(value ->> 1) FROM json_each(?1)) AND number IS NOT NULL
               AND user_id IN (
                   SELECT user_id FROM users
                   WHERE kept_fields & 64 <> 0
                     AND user_id IN (SELECT unhex(value ->> 0) FROM json_each(?1))
               )",
            rows,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(DISCOUNT_CARDS.writing())?;
        touched.extend(cards.iter().map(|card| *card.user.as_uuid()));
        index_cards(&mut self.tx, &touched).await
    }
}

/// Gives the cells of a user in the order of the columns.
fn cells_of(user: &User) -> impl Serialize + use<'_> {
    (
        hex(user.id.as_uuid()),
        user.role.as_str(),
        user.customer_id_1c
            .as_ref()
            .map(|counterparty| hex(counterparty.as_uuid())),
        user.full_name.as_ref().map(PlainText::as_str),
        user.phone.map(digits_of),
        user.email.as_ref().map(EmailAddress::as_str),
        user.gender.map(Gender::as_str),
        user.birth_date,
        user.city.as_ref().map(PlainText::as_str),
        user.discount_card_number.as_ref().map(CardNumber::as_str),
        user.removed,
        user.created_at.timestamp_micros(),
        user.updated_at.timestamp_micros(),
    )
}
