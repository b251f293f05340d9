use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::catalogue::Product;
use glame_core::looks::{
    Look, LookContent, LookOrigin, LookQuery, LookStatus, ProductQuery, SaveType, SavedLook,
    SavedLookCursor,
};
use glame_core::ports::{LookReader, LookWriter, StorageError};
use glame_core::values::{ImageUrl, LookId, PeriodRange, PlainText, SavedLookId, UserId};
use sqlx::Sqlite;
use uuid::Uuid;

use super::customers::prepared;
use super::lists::{hex, json_rows};
use super::{SqliteStorage, SqliteWork};
use crate::rows::{
    Dialect, LookRow, ProductRow, SavedLookRow, bounds_of, look_json, product_statement,
};
use crate::tables::{LOOKS, PRODUCT_SEARCH, SAVED_LOOKS};

/// Gives the instant and the id behind every look that there is.
fn beyond_all() -> (DateTime<Utc>, Uuid) {
    (bounds_of(PeriodRange::EVERYTHING).1, Uuid::max())
}

#[async_trait]
impl LookReader for SqliteStorage {
    async fn looks(&self, looks: &[LookId]) -> Result<Vec<Look>, StorageError> {
        let rows = sqlx::query_as!(
            LookRow,
            "SELECT look, title, description, products, tags, image_url, origin, status, version,
                    created_at, updated_at, changed_by
             FROM looks WHERE look IN (SELECT unhex(value) FROM json_each(?1))",
            json_rows(looks, |look| hex(look.as_uuid()))?,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(LOOKS.reading())?;
        rows.into_iter().map(Look::try_from).collect()
    }

    async fn find_looks(&self, query: &LookQuery) -> Result<Vec<Look>, StorageError> {
        let (created_at, look) = query.after.map_or_else(beyond_all, |after| {
            (after.created_at, *after.look.as_uuid())
        });
        let tag = query.tag.as_ref();
        let tag = tag.map(|tag| look_json("tags", tag)).transpose()?;
        let rows = sqlx::query_file_as!(
            LookRow,
            "queries/sqlite/find_looks.sql",
            created_at.timestamp_micros(),
            look,
            tag,
            query.origin.map(LookOrigin::as_str),
            query.status.map(LookStatus::as_str),
            i64::from(query.limit),
        )
        .fetch_all(&self.readers)
        .await
        .map_err(LOOKS.reading())?;
        rows.into_iter().map(Look::try_from).collect()
    }

    async fn find_products(&self, query: &ProductQuery) -> Result<Vec<Product>, StorageError> {
        let (sql, arguments) = prepared(product_statement(query, Dialect::Sqlite))?;
        let rows = sqlx::query_as_with::<Sqlite, ProductRow, _>(sql, arguments)
            .fetch_all(&self.readers)
            .await
            .map_err(PRODUCT_SEARCH.reading())?;
        rows.into_iter().map(Product::try_from).collect()
    }

    async fn saved_looks_before(
        &self,
        user: UserId,
        save_type: Option<SaveType>,
        after: Option<SavedLookCursor>,
        limit: u32,
    ) -> Result<Vec<(SavedLook, LookContent)>, StorageError> {
        let (saved_at, saved_look) = after.map_or_else(beyond_all, |after| {
            (after.saved_at, *after.saved_look.as_uuid())
        });
        let rows = sqlx::query_file_as!(
            SavedLookRow,
            "queries/sqlite/saved_looks_before.sql",
            user.as_uuid(),
            saved_at.timestamp_micros(),
            saved_look,
            save_type.map(SaveType::as_str),
            i64::from(limit),
        )
        .fetch_all(&self.readers)
        .await
        .map_err(SAVED_LOOKS.reading())?;
        rows.into_iter().map(SavedLookRow::try_into).collect()
    }
}

#[async_trait]
impl LookWriter for SqliteWork {
    async fn put_look(&mut self, look: &Look) -> Result<(), StorageError> {
        let content = &look.content;
        let written = sqlx::query_file!(
            "queries/sqlite/put_look.sql",
            look.id.as_uuid(),
            content.title.as_str(),
            content.description.as_ref().map(PlainText::as_str),
            look_json("products", &content.products)?,
            look_json("tags", &content.tags)?,
            content.image_url.as_ref().map(ImageUrl::as_str),
            look.origin.as_str(),
            look.status.as_str(),
            look.version.get(),
            look.created_at.timestamp_micros(),
            look.updated_at.timestamp_micros(),
            look.changed_by.to_string(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(LOOKS.writing())?;
        if written.rows_affected() == 0 {
            return Err(LOOKS.conflict());
        }
        Ok(())
    }

    async fn saved_look_count(&mut self, user: UserId) -> Result<u32, StorageError> {
        let count = sqlx::query_scalar!(
            "SELECT COUNT(*) FROM saved_looks WHERE user_id = ?1",
            user.as_uuid(),
        )
        .fetch_one(&mut *self.tx)
        .await
        .map_err(SAVED_LOOKS.reading())?;
        u32::try_from(count).map_err(SAVED_LOOKS.corrupt("user_id"))
    }

    async fn add_saved_look(&mut self, saved: &SavedLook) -> Result<(), StorageError> {
        let added = sqlx::query!(
            "INSERT INTO saved_looks
                 (user_id, saved_look, look, save_type, notes, purchased_at, saved_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO NOTHING",
            saved.user.as_uuid(),
            saved.id.as_uuid(),
            saved.look.as_uuid(),
            saved.save_type.as_str(),
            saved.notes.as_ref().map(PlainText::as_str),
            saved.purchased_at.map(|at| at.timestamp_micros()),
            saved.saved_at.timestamp_micros(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SAVED_LOOKS.writing())?;
        if added.rows_affected() == 0 {
            return Err(SAVED_LOOKS.conflict());
        }
        Ok(())
    }

    async fn remove_saved_look(
        &mut self,
        user: UserId,
        id: SavedLookId,
    ) -> Result<bool, StorageError> {
        let removed = sqlx::query!(
            "DELETE FROM saved_looks WHERE user_id = ?1 AND saved_look = ?2",
            user.as_uuid(),
            id.as_uuid(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SAVED_LOOKS.writing())?;
        Ok(removed.rows_affected() > 0)
    }

    async fn mark_saved_look_purchased(
        &mut self,
        user: UserId,
        id: SavedLookId,
        at: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        let marked = sqlx::query!(
            "UPDATE saved_looks SET purchased_at = COALESCE(purchased_at, ?3)
             WHERE user_id = ?1 AND saved_look = ?2",
            user.as_uuid(),
            id.as_uuid(),
            at.timestamp_micros(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SAVED_LOOKS.writing())?;
        Ok(marked.rows_affected() > 0)
    }
}
