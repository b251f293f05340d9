use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::customers::{
    ConsentRecord, CustomerQuery, CustomerRow, CustomerSelection, Profile,
};
use glame_core::ports::{CustomerReader, CustomerWriter, StorageError};
use glame_core::users::Gender;
use glame_core::values::{EmailAddress, PlainText, UserId};
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::{Arguments, AssertSqlSafe};

use super::search_index::index_customers;
use super::{PostgresStorage, PostgresWork, column};
use crate::rows::{
    ConsentRow, CustomerListRow, Dialect, EVERY_FIELD, Parameter, ProfileRow, SearchCells,
    Statement, count_statement, digits_of, edits_of, kept_fields, page_statements,
};
use crate::tables::{
    CONSENTS, CUSTOMER_PROFILES, CUSTOMER_SEARCH, DISCOUNT_CARDS, SAVED_LOOKS, USERS,
};

#[async_trait]
impl CustomerReader for PostgresStorage {
    async fn find_customers(
        &self,
        query: &CustomerQuery,
    ) -> Result<Vec<CustomerRow>, StorageError> {
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let mut found: Vec<CustomerRow> = Vec::new();
        for statement in page_statements(query, Dialect::Postgres) {
            let (sql, arguments) = prepared(statement)?;
            let rows = sqlx::query_as_with::<Postgres, CustomerListRow, _>(sql, arguments)
                .fetch_all(&self.pool)
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
        let (sql, arguments) = prepared(count_statement(selection, Dialect::Postgres))?;
        let count = sqlx::query_scalar_with::<Postgres, i64, _>(sql, arguments)
            .fetch_one(&self.pool)
            .await
            .map_err(CUSTOMER_SEARCH.reading())?;
        u64::try_from(count).map_err(CUSTOMER_SEARCH.corrupt("user_id"))
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let rows = sqlx::query_file_as!(
            ProfileRow,
            "queries/postgres/profiles.sql",
            &column(users, |user| *user.as_uuid()),
            false,
        )
        .fetch_all(&self.pool)
        .await
        .map_err(USERS.reading())?;
        rows.into_iter().map(Profile::try_from).collect()
    }

    async fn kept_profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let rows = sqlx::query_file_as!(
            ProfileRow,
            "queries/postgres/profiles.sql",
            &column(users, |user| *user.as_uuid()),
            true,
        )
        .fetch_all(&self.pool)
        .await
        .map_err(USERS.reading())?;
        rows.into_iter().map(Profile::try_from).collect()
    }

    async fn consents(&self, users: &[UserId]) -> Result<Vec<ConsentRecord>, StorageError> {
        let rows = sqlx::query_as!(
            ConsentRow,
            "SELECT user_id, sequence, topic, decision, text_version, source, actor, decided_at
             FROM consents WHERE user_id = ANY($1) ORDER BY user_id, sequence",
            &column(users, |user| *user.as_uuid()),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(CONSENTS.reading())?;
        rows.into_iter().map(ConsentRecord::try_from).collect()
    }
}

/// Gives a statement and its parameters to the driver.
pub(super) fn prepared(
    statement: Statement,
) -> Result<(AssertSqlSafe<String>, PgArguments), StorageError> {
    let mut arguments = PgArguments::default();
    for parameter in statement.parameters {
        let added = match parameter {
            Parameter::Text(text) => arguments.add(text),
            Parameter::Texts(texts) => arguments.add(texts),
            Parameter::Number(number) => arguments.add(number),
            Parameter::Instant(at) => arguments.add(at),
            Parameter::Id(id) => arguments.add(id),
        };
        added
            .map_err(sqlx::Error::Encode)
            .map_err(CUSTOMER_SEARCH.reading())?;
    }
    // Values are parameters; everything else is written in `rows/customer_list.rs`.
    Ok((AssertSqlSafe(statement.sql), arguments))
}

#[async_trait]
impl CustomerWriter for PostgresWork {
    async fn lock_profiles(&mut self, users: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let rows = sqlx::query_file_as!(
            ProfileRow,
            "queries/postgres/lock_profiles.sql",
            &column(users, |user| *user.as_uuid()),
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(USERS.reading())?;
        rows.into_iter().map(Profile::try_from).collect()
    }

    async fn put_profiles(&mut self, profiles: &[Profile]) -> Result<(), StorageError> {
        let ids = column(profiles, |profile| *profile.user.id.as_uuid());
        sqlx::query_file!(
            "queries/postgres/put_profiles.sql",
            &ids,
            &column(profiles, |it| it
                .user
                .full_name
                .as_ref()
                .map(PlainText::as_str)) as _,
            &column(profiles, |it| it.user.phone.map(digits_of)) as _,
            &column(profiles, |it| it
                .user
                .email
                .as_ref()
                .map(EmailAddress::as_str)) as _,
            &column(profiles, |it| it.user.gender.map(Gender::as_str)) as _,
            &column(profiles, |it| it.user.birth_date) as _,
            &column(profiles, |it| it.user.city.as_ref().map(PlainText::as_str)) as _,
            &column(profiles, |it| it.user.removed),
            &column(profiles, |it| it.user.updated_at),
            &column(profiles, |it| it.version.get()),
            &column(profiles, kept_fields),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(USERS.writing())?;
        let edits: Result<Vec<String>, _> = profiles
            .iter()
            .map(|profile| edits_of(&profile.edits))
            .collect();
        sqlx::query!(
            "INSERT INTO customer_profiles (user_id, edits, erased_at)
             SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::timestamptz[])
             ON CONFLICT (user_id)
             DO UPDATE SET edits = EXCLUDED.edits, erased_at = EXCLUDED.erased_at",
            &ids,
            &edits?,
            &column(profiles, |profile| profile.erased_at) as _,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CUSTOMER_PROFILES.writing())?;
        let users = column(profiles, |profile| profile.user.clone());
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
                 city = NULL, discount_card_number = NULL, kept_fields = $3, updated_at = $2,
                 version = version + 1
             WHERE user_id = $1 AND kept_fields <> $3",
            user.as_uuid(),
            at,
            EVERY_FIELD,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(USERS.writing())?;
        if erased.rows_affected() == 0 {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO customer_profiles (user_id, edits, erased_at) VALUES ($1, '{}', $2)
             ON CONFLICT (user_id)
             DO UPDATE SET edits = EXCLUDED.edits, erased_at = EXCLUDED.erased_at",
            user.as_uuid(),
            at,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CUSTOMER_PROFILES.writing())?;
        sqlx::query!(
            "UPDATE discount_cards SET number = NULL WHERE user_id = $1",
            user.as_uuid(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(DISCOUNT_CARDS.writing())?;
        sqlx::query!(
            "UPDATE saved_looks SET notes = NULL WHERE user_id = $1",
            user.as_uuid(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SAVED_LOOKS.writing())?;
        sqlx::query!(
            "UPDATE customer_search
             SET name_key = NULL, city_key = NULL, person_text = '', card_text = '',
                 search_text = ''
             WHERE user_id = $1",
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
             FROM consents WHERE user_id = $1 ORDER BY sequence",
            user.as_uuid(),
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(CONSENTS.reading())?;
        rows.into_iter().map(ConsentRecord::try_from).collect()
    }

    async fn add_consents(&mut self, records: &[ConsentRecord]) -> Result<(), StorageError> {
        let added = sqlx::query!(
            "INSERT INTO consents
                 (user_id, sequence, topic, decision, text_version, source, actor, decided_at)
             SELECT * FROM UNNEST(
                 $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
                 $7::text[], $8::timestamptz[]
             )
             ON CONFLICT DO NOTHING",
            &column(records, |record| *record.user.as_uuid()),
            &column(records, |record| i64::from(record.sequence)),
            &column(records, |record| record.topic.as_str()) as _,
            &column(records, |record| record.decision.as_str()) as _,
            &column(records, |record| record.text_version.as_str()) as _,
            &column(records, |record| record.source.as_str()) as _,
            &column(records, |record| record.actor.to_string()),
            &column(records, |record| record.at),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(CONSENTS.writing())?;
        if usize::try_from(added.rows_affected()).ok() == Some(records.len()) {
            Ok(())
        } else {
            Err(CONSENTS.conflict())
        }
    }
}
