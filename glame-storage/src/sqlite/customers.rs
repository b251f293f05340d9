use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::customers::{
    ConsentRecord, CustomerQuery, CustomerRow, CustomerSelection, Profile,
};
use glame_core::ports::{CustomerReader, CustomerWriter, StorageError};
use glame_core::users::{Gender, User};
use glame_core::values::{EmailAddress, PlainText, UserId};
use sqlx::sqlite::{Sqlite, SqliteArguments};
use sqlx::{Arguments, AssertSqlSafe};

use super::lists::{hex, json_rows};
use super::search_index::index_customers;
use super::{SqliteStorage, SqliteWork};
use crate::rows::{
    ConsentRow, CustomerListRow, Dialect, EVERY_FIELD, Parameter, ProfileRow, SearchCells,
    Statement, count_statement, digits_of, edits_of, kept_fields, page_statements,
};
use crate::tables::{
    CONSENTS, CUSTOMER_PROFILES, CUSTOMER_SEARCH, DISCOUNT_CARDS, SAVED_LOOKS, USERS,
};

#[async_trait]
impl CustomerReader for SqliteStorage {
    async fn find_customers(
        &self,
        query: &CustomerQuery,
    ) -> Result<Vec<CustomerRow>, StorageError> {
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let mut found: Vec<CustomerRow> = Vec::new();
        for statement in page_statements(query, Dialect::Sqlite) {
            let (sql, arguments) = prepared(statement)?;
            let rows = sqlx::query_as_with::<Sqlite, CustomerListRow, _>(sql, arguments)
                .fetch_all(&self.readers)
                .await
                .map_err(CUSTOMER_SEARCH.reading())?;
            for row in rows {
                found.push(row.try_into()?);
            }
            if found.len() >= limit {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn count_customers(&self, selection: &CustomerSelection) -> Result<u64, StorageError> {
        let (sql, arguments) = prepared(count_statement(selection, Dialect::Sqlite))?;
        let count = sqlx::query_scalar_with::<Sqlite, i64, _>(sql, arguments)
            .fetch_one(&self.readers)
            .await
            .map_err(CUSTOMER_SEARCH.reading())?;
        u64::try_from(count).map_err(CUSTOMER_SEARCH.corrupt("user_id"))
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let rows = sqlx::query_file_as!(
            ProfileRow,
            "queries/sqlite/profiles.sql",
            json_rows(users, |user| hex(user.as_uuid()))?,
            false,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(USERS.reading())?;
        rows.into_iter().map(Profile::try_from).collect()
    }

    async fn kept_profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let rows = sqlx::query_file_as!(
            ProfileRow,
            "queries/sqlite/profiles.sql",
            json_rows(users, |user| hex(user.as_uuid()))?,
            true,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(USERS.reading())?;
        rows.into_iter().map(Profile::try_from).collect()
    }

    async fn consents(&self, users: &[UserId]) -> Result<Vec<ConsentRecord>, StorageError> {
        let rows = sqlx::query_as!(
            ConsentRow,
            "SELECT user_id, sequence, topic, decision, text_version, source, actor, decided_at
             FROM consents WHERE user_id IN (SELECT unhex(value) FROM json_each(?1))
             ORDER BY user_id, sequence",
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(CONSENTS.reading())?;
        rows.into_iter().map(ConsentRecord::try_from).collect()
    }
}

/// Gives a statement and its parameters to the driver.
pub(super) fn prepared(
    statement: Statement,
) -> Result<(AssertSqlSafe<String>, SqliteArguments), StorageError> {
    let mut arguments = SqliteArguments::default();
    for parameter in statement.parameters {
        let added = match parameter {
            Parameter::Text(text) => arguments.add(text),
            Parameter::Number(number) => arguments.add(number),
            Parameter::Instant(at) => arguments.add(at.timestamp_micros()),
            Parameter::Id(id) => arguments.add(id),
            #[cfg(feature = "postgres")]
            Parameter::Texts(_) => {
                let advice = "report this as a defect of glame";
                return Err(crate::driver_error::refused(
                    "searching",
                    advice,
                    "no lists in SQLite",
                ));
            }
        };
        added
            .map_err(sqlx::Error::Encode)
            .map_err(CUSTOMER_SEARCH.reading())?;
    }
    // Values are parameters; everything else is written in `rows/customer_list.rs`.
    Ok((AssertSqlSafe(statement.sql), arguments))
}

#[async_trait]
impl CustomerWriter for SqliteWork {
    async fn lock_profiles(&mut self, users: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        // Whoever writes is alone.
        let rows = sqlx::query_file_as!(
            ProfileRow,
            "queries/sqlite/profiles.sql",
            json_rows(users, |user| hex(user.as_uuid()))?,
            false,
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(USERS.reading())?;
        rows.into_iter().map(Profile::try_from).collect()
    }

    async fn put_profiles(&mut self, profiles: &[Profile]) -> Result<(), StorageError> {
        let rows = json_rows(profiles, |profile| {
            let user = &profile.user;
            (
                hex(user.id.as_uuid()),
                user.full_name.as_ref().map(PlainText::as_str),
                user.phone.map(digits_of),
                user.email.as_ref().map(EmailAddress::as_str),
                user.gender.map(Gender::as_str),
                user.birth_date,
                user.city.as_ref().map(PlainText::as_str),
                user.removed,
                user.updated_at.timestamp_micros(),
                profile.version.get(),
                kept_fields(profile),
            )
        })?;
        sqlx::query_file!("queries/sqlite/put_profiles.sql", rows)
            .execute(&mut *self.tx)
            .await
            .map_err(USERS.writing())?;
        for profile in profiles {
            sqlx::query!(
                "INSERT INTO customer_profiles (user_id, edits, erased_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (user_id)
                 DO UPDATE SET edits = EXCLUDED.edits, erased_at = EXCLUDED.erased_at",
                profile.user.id.as_uuid(),
                edits_of(&profile.edits)?,
                profile.erased_at.map(|at| at.timestamp_micros()),
            )
            .execute(&mut *self.tx)
            .await
            .map_err(CUSTOMER_PROFILES.writing())?;
        }
        let users: Vec<User> = profiles
            .iter()
            .map(|profile| profile.user.clone())
            .collect();
        index_customers(&mut self.tx, &SearchCells::of(&users, &[])).await
    }

    async fn erase_customer(
        &mut self,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let erased = sqlx::query!(
            "UPDATE users
             SET full_name = NULL, phone = NULL, email = NULL, gender = NULL, birth_date = NULL,
                 city = NULL, discount_card_number = NULL, kept_fields = ?3, updated_at = ?2,
                 version = version + 1
             WHERE user_id = ?1 AND kept_fields <> ?3",
            user.as_uuid(),
            at.timestamp_micros(),
            EVERY_FIELD,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(USERS.writing())?;
        if erased.rows_affected() == 0 {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO customer_profiles (user_id, edits, erased_at) VALUES (?1, '{}', ?2)
             ON CONFLICT (user_id)
             DO UPDATE SET edits = EXCLUDED.edits, erased_at = EXCLUDED.erased_at",
            user.as_uuid(),
            at.timestamp_micros(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CUSTOMER_PROFILES.writing())?;
        sqlx::query!(
            "UPDATE discount_cards SET number = NULL WHERE user_id = ?1",
            user.as_uuid(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(DISCOUNT_CARDS.writing())?;
        sqlx::query!(
            "UPDATE saved_looks SET notes = NULL WHERE user_id = ?1",
            user.as_uuid(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SAVED_LOOKS.writing())?;
        sqlx::query!(
            "UPDATE customer_search
             SET name_key = NULL, city_key = NULL, person_text = '', card_text = '',
                 search_text = ''
             WHERE user_id = ?1",
            user.as_uuid(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CUSTOMER_SEARCH.writing())?;
        Ok(())
    }

    async fn locked_consents(&mut self, user: UserId) -> Result<Vec<ConsentRecord>, StorageError> {
        let rows = sqlx::query_as!(
            ConsentRow,
            "SELECT user_id, sequence, topic, decision, text_version, source, actor, decided_at
             FROM consents WHERE user_id = ?1 ORDER BY sequence",
            user.as_uuid(),
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(CONSENTS.reading())?;
        rows.into_iter().map(ConsentRecord::try_from).collect()
    }

    async fn add_consents(&mut self, records: &[ConsentRecord]) -> Result<(), StorageError> {
        let rows = json_rows(records, |record| {
            (
                hex(record.user.as_uuid()),
                record.sequence,
                record.topic.as_str(),
                record.decision.as_str(),
                record.text_version.as_str(),
                record.source.as_str(),
                record.actor.to_string(),
                record.at.timestamp_micros(),
            )
        })?;
        // The trigger that guards what is written would end the statement, so that they are looked
        // for first; whoever writes is alone.
        let known = sqlx::query_scalar!(
            "SELECT COUNT(*) FROM json_each(?1) AS given JOIN consents
             ON user_id = unhex(given.value ->> 0) AND sequence = given.value ->> 1",
            rows,
        )
        .fetch_one(&mut *self.tx)
        .await
        .map_err(CONSENTS.reading())?;
        if known > 0 {
            return Err(CONSENTS.conflict());
        }
        sqlx::query!(
            "INSERT INTO consents
                 (user_id, sequence, topic, decision, text_version, source, actor, decided_at)
             SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4,
                    value ->> 5, value ->> 6, value ->> 7
             FROM json_each(?1)",
            rows,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CONSENTS.writing())?;
        Ok(())
    }
}
