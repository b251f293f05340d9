use async_trait::async_trait;
use glame_core::ports::{StorageError, UserReader, UserWriter};
use glame_core::users::{DiscountCard, Gender, User};
use glame_core::values::{
    CardNumber, CardRef, CounterpartyRef, EmailAddress, PhoneNumber, PlainText, UserId,
};

use super::search_index::{index_cards, index_users};
use super::{PostgresStorage, PostgresWork, column};
use crate::rows::{CardRow, UserRow, digits_of, first_after, phone_number, users_of};
use crate::tables::{DISCOUNT_CARDS, USERS};

#[async_trait]
impl UserReader for PostgresStorage {
    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StorageError> {
        let rows = sqlx::query_file_as!(
            UserRow,
            "queries/postgres/users.sql",
            &column(ids, |id| *id.as_uuid()),
        )
        .fetch_all(&self.pool)
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
        let rows = sqlx::query_file_as!(
            UserRow,
            "queries/postgres/users_after.sql",
            first,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(USERS.reading())?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn cards(&self, cards: &[CardRef]) -> Result<Vec<DiscountCard>, StorageError> {
        let rows = sqlx::query_as!(
            CardRow,
            "SELECT user_id, card, number, removed FROM discount_cards WHERE card = ANY($1)",
            &column(cards, |card| *card.as_uuid()),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(DISCOUNT_CARDS.reading())?;
        rows.into_iter().map(DiscountCard::try_from).collect()
    }

    async fn cards_of(&self, users: &[UserId]) -> Result<Vec<DiscountCard>, StorageError> {
        let rows = sqlx::query_as!(
            CardRow,
            "SELECT user_id, card, number, removed FROM discount_cards WHERE user_id = ANY($1)",
            &column(users, |user| *user.as_uuid()),
        )
        .fetch_all(&self.pool)
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
             WHERE card >= $1 ORDER BY card LIMIT $2",
            first,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(DISCOUNT_CARDS.reading())?;
        rows.into_iter().map(DiscountCard::try_from).collect()
    }

    async fn customers_with_phones(
        &self,
        phones: &[PhoneNumber],
    ) -> Result<Vec<(PhoneNumber, UserId)>, StorageError> {
        let rows = sqlx::query!(
            r#"SELECT phone AS "phone!", user_id FROM users
               WHERE phone = ANY($1) AND role = 'customer' AND NOT removed"#,
            &column(phones, |phone| digits_of(*phone)),
        )
        .fetch_all(&self.pool)
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
            r#"SELECT card.number AS "number!", card.user_id
               FROM discount_cards AS card JOIN users ON users.user_id = card.user_id
               WHERE card.number = ANY($1) AND NOT card.removed
                 AND users.role = 'customer' AND NOT users.removed"#,
            &column(numbers, |number| number.as_str().to_owned()),
        )
        .fetch_all(&self.pool)
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
            "SELECT user_id FROM users WHERE role <> 'customer' OR removed ORDER BY user_id",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(USERS.reading())?;
        Ok(users.into_iter().map(UserId::from_uuid).collect())
    }

    async fn customer_count(&self) -> Result<u64, StorageError> {
        let count = sqlx::query_scalar!(
            r#"SELECT COUNT(*) AS "count!" FROM users WHERE role = 'customer' AND NOT removed"#,
        )
        .fetch_one(&self.pool)
        .await
        .map_err(USERS.reading())?;
        u64::try_from(count).map_err(USERS.corrupt("user_id"))
    }
}

#[async_trait]
impl UserWriter for PostgresWork {
    async fn add_missing_users(&mut self, users: &[User]) -> Result<(), StorageError> {
        // Nearly all of them are there, and a whole row costs more than a look.
        let missing = sqlx::query_scalar!(
            r#"SELECT given.user_id AS "user_id!"
               FROM UNNEST($1::uuid[]) AS given (user_id)
               WHERE NOT EXISTS (SELECT FROM users WHERE users.user_id = given.user_id)"#,
            &column(users, |user| *user.id.as_uuid()),
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(USERS.reading())?;
        let users = users_of(users, missing);
        if users.is_empty() {
            return Ok(());
        }
        let users = users.as_slice();
        sqlx::query_file!(
            "queries/postgres/add_missing_users.sql",
            &column(users, |user| *user.id.as_uuid()),
            &column(users, |user| user.role.as_str()) as _,
            &column(users, |user| user
                .customer_id_1c
                .as_ref()
                .map(CounterpartyRef::as_uuid)) as _,
            &column(users, |user| user.full_name.as_ref().map(PlainText::as_str)) as _,
            &column(users, |user| user.phone.map(digits_of)) as _,
            &column(users, |user| user.email.as_ref().map(EmailAddress::as_str)) as _,
            &column(users, |user| user.gender.map(Gender::as_str)) as _,
            &column(users, |user| user.birth_date) as _,
            &column(users, |user| user.city.as_ref().map(PlainText::as_str)) as _,
            &column(users, |user| user
                .discount_card_number
                .as_ref()
                .map(CardNumber::as_str)) as _,
            &column(users, |user| user.removed),
            &column(users, |user| user.created_at),
            &column(users, |user| user.updated_at),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(USERS.writing())?;
        let added: Vec<User> = users.iter().copied().cloned().collect();
        index_users(&mut self.tx, &added).await
    }

    async fn put_users(&mut self, users: &[User]) -> Result<(), StorageError> {
        sqlx::query_file!(
            "queries/postgres/put_users.sql",
            &column(users, |user| *user.id.as_uuid()),
            &column(users, |user| user.role.as_str()) as _,
            &column(users, |user| user
                .customer_id_1c
                .as_ref()
                .map(CounterpartyRef::as_uuid)) as _,
            &column(users, |user| user.full_name.as_ref().map(PlainText::as_str)) as _,
            &column(users, |user| user.phone.map(digits_of)) as _,
            &column(users, |user| user.email.as_ref().map(EmailAddress::as_str)) as _,
            &column(users, |user| user.gender.map(Gender::as_str)) as _,
            &column(users, |user| user.birth_date) as _,
            &column(users, |user| user.city.as_ref().map(PlainText::as_str)) as _,
            &column(users, |user| user
                .discount_card_number
                .as_ref()
                .map(CardNumber::as_str)) as _,
            &column(users, |user| user.removed),
            &column(users, |user| user.created_at),
            &column(users, |user| user.updated_at),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(USERS.writing())?;
        index_users(&mut self.tx, users).await
    }

    async fn put_cards(&mut self, cards: &[DiscountCard]) -> Result<(), StorageError> {
        let refs = column(cards, |card| *card.card.as_uuid());
        let users = column(cards, |card| *card.user.as_uuid());
        let mut touched = sqlx::query_scalar!(
            "DELETE FROM discount_cards AS stored
             USING UNNEST($1::uuid[], $2::uuid[]) AS given (card, user_id)
             WHERE stored.card = given.card AND stored.user_id <> given.user_id
             RETURNING stored.user_id",
            &refs,
            &users,
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(DISCOUNT_CARDS.writing())?;
        sqlx::query!(
            "INSERT INTO discount_cards (user_id, card, number, removed)
             SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::boolean[])
             ON CONFLICT (user_id, card)
             DO UPDATE SET number = EXCLUDED.number, removed = EXCLUDED.removed",
            &users,
            &refs,
            &column(cards, |card| card.number.as_ref().map(CardNumber::as_str)) as _,
            &column(cards, |card| card.removed),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(DISCOUNT_CARDS.writing())?;
        // Asked for afterwards, so that whoever was erased meanwhile is seen.
        sqlx::query!(
            "UPDATE discount_cards SET number = NULL
             FROM users
             WHERE discount_cards.card = ANY($1) AND discount_cards.number IS NOT NULL
               AND users.user_id = discount_cards.user_id AND users.kept_fields & 64 <> 0",
            &refs,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(DISCOUNT_CARDS.writing())?;
        touched.extend(users);
        index_cards(&mut self.tx, &touched).await
    }
}
