use glame_core::catalogue::Product;
use glame_core::customers::{name_key, product_text};
use glame_core::looks::{
    Look, LookContent, LookOrigin, LookStatus, LookVersion, SaveType, SavedLook,
};
use glame_core::ports::StorageError;
use glame_core::values::{ImageUrl, LookId, PlainText, SavedLookId, UserId};
use serde::Serialize;
use uuid::Uuid;

use super::Instant;
use super::catalogue::plain_text;
use crate::tables::{LOOKS, SAVED_LOOKS};

/// A row of `looks`.
#[derive(Debug)]
pub(crate) struct LookRow {
    pub(crate) look: Uuid,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) products: String,
    pub(crate) tags: String,
    pub(crate) image_url: Option<String>,
    pub(crate) origin: String,
    pub(crate) status: String,
    pub(crate) version: i64,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
    pub(crate) changed_by: String,
}

impl TryFrom<LookRow> for Look {
    type Error = StorageError;

    fn try_from(row: LookRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: LookId::from_uuid(row.look),
            content: content(
                row.title,
                row.description,
                &row.products,
                &row.tags,
                row.image_url,
            )?,
            origin: LookOrigin::from_name(&row.origin)
                .ok_or("not an origin")
                .map_err(LOOKS.corrupt("origin"))?,
            status: LookStatus::from_name(&row.status)
                .ok_or("not a status")
                .map_err(LOOKS.corrupt("status"))?,
            version: LookVersion::new(row.version),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            changed_by: row
                .changed_by
                .parse()
                .map_err(LOOKS.corrupt("changed_by"))?,
        })
    }
}

fn content(
    title: String,
    description: Option<String>,
    products: &str,
    tags: &str,
    image_url: Option<String>,
) -> Result<LookContent, StorageError> {
    Ok(LookContent {
        title: PlainText::try_from(title).map_err(LOOKS.corrupt("title"))?,
        description: plain_text(description).map_err(LOOKS.corrupt("description"))?,
        products: serde_json::from_str(products).map_err(LOOKS.corrupt("products"))?,
        tags: serde_json::from_str(tags).map_err(LOOKS.corrupt("tags"))?,
        image_url: image_url
            .map(ImageUrl::try_from)
            .transpose()
            .map_err(LOOKS.corrupt("image_url"))?,
    })
}

/// A row of `saved_looks` with what the look shows.
#[derive(Debug)]
pub(crate) struct SavedLookRow {
    pub(crate) user_id: Uuid,
    pub(crate) saved_look: Uuid,
    pub(crate) look: Uuid,
    pub(crate) save_type: String,
    pub(crate) notes: Option<String>,
    pub(crate) purchased_at: Option<Instant>,
    pub(crate) saved_at: Instant,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) products: String,
    pub(crate) tags: String,
    pub(crate) image_url: Option<String>,
}

impl TryFrom<SavedLookRow> for (SavedLook, LookContent) {
    type Error = StorageError;

    fn try_from(row: SavedLookRow) -> Result<Self, StorageError> {
        let saved = SavedLook {
            id: SavedLookId::from_uuid(row.saved_look),
            user: UserId::from_uuid(row.user_id),
            look: LookId::from_uuid(row.look),
            save_type: SaveType::from_name(&row.save_type)
                .ok_or("not a type")
                .map_err(SAVED_LOOKS.corrupt("save_type"))?,
            notes: plain_text(row.notes).map_err(SAVED_LOOKS.corrupt("notes"))?,
            purchased_at: row.purchased_at.map(|at| at.0),
            saved_at: row.saved_at.0,
        };
        let shown = content(
            row.title,
            row.description,
            &row.products,
            &row.tags,
            row.image_url,
        )?;
        Ok((saved, shown))
    }
}

/// Writes the articles or the tags of a look as they are kept, or one of them as it stands there.
pub(crate) fn look_json(
    column: &'static str,
    value: &impl Serialize,
) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(LOOKS.corrupt(column))
}

/// Gives the key and the text by which an article is found.
pub(crate) fn product_cells(product: &Product) -> (String, String) {
    let key = name_key(&product.name).unwrap_or_default();
    (key, product_text(product))
}
