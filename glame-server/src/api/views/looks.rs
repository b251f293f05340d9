use chrono::{DateTime, Utc};
use glame_core::catalogue::Product;
use glame_core::looks::{Look, LookStatus, SaveType, SavedLookView as Saved};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use super::text_of;

/// An article of the catalogue.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Product", skip_serializing_if_is_none)]
pub struct ProductView {
    /// Its id, as in the shop's base.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its number in the catalogue.
    pub article: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// Its brand.
    pub brand: Option<String>,
}

impl From<&Product> for ProductView {
    fn from(product: &Product) -> Self {
        Self {
            id: *product.product.as_uuid(),
            name: product.name.as_str().to_owned(),
            article: text_of(product.article.as_ref()),
            category: text_of(product.category.as_ref()),
            brand: text_of(product.brand.as_ref()),
        }
    }
}

/// A look: articles that go together.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Look", skip_serializing_if_is_none)]
pub struct LookView {
    /// Its id.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// What there is to say about it.
    pub description: Option<String>,
    /// The articles.
    pub product_ids: Vec<Uuid>,
    /// Style and mood.
    pub tags: Vec<String>,
    /// A picture.
    pub image_url: Option<String>,
    /// `catalogue`, or `generated`.
    pub origin: String,
    /// Whether customers see it.
    pub active: bool,
    /// The version, as in `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl From<&Look> for LookView {
    fn from(look: &Look) -> Self {
        let content = &look.content;
        Self {
            id: *look.id.as_uuid(),
            title: content.title.as_str().to_owned(),
            description: text_of(content.description.as_ref()),
            product_ids: content.products.iter().map(|one| *one.as_uuid()).collect(),
            tags: content
                .tags
                .iter()
                .map(|tag| tag.as_str().to_owned())
                .collect(),
            image_url: content.image_url.as_ref().map(ToString::to_string),
            origin: look.origin.as_str().to_owned(),
            active: look.status == LookStatus::Active,
            version: look.version.get(),
            created_at: look.created_at,
        }
    }
}

/// How a look came among the saved ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum SaveTypeName {
    /// From the catalogue.
    Favorite,
    /// Made for the customer.
    Generated,
}

impl From<SaveTypeName> for SaveType {
    fn from(name: SaveTypeName) -> Self {
        match name {
            SaveTypeName::Favorite => Self::Favorite,
            SaveTypeName::Generated => Self::Generated,
        }
    }
}

impl From<SaveType> for SaveTypeName {
    fn from(save_type: SaveType) -> Self {
        match save_type {
            SaveType::Favorite => Self::Favorite,
            SaveType::Generated => Self::Generated,
        }
    }
}

/// A look that a customer has saved.
#[derive(Debug, Clone, Object)]
#[oai(rename = "SavedLook", skip_serializing_if_is_none)]
pub struct SavedLookView {
    /// Its id.
    pub id: Uuid,
    /// The look.
    pub look_id: Uuid,
    /// Its title.
    pub look_name: String,
    /// A picture.
    pub image_url: Option<String>,
    /// The articles.
    pub product_ids: Vec<Uuid>,
    /// How it came among the saved ones.
    pub save_type: SaveTypeName,
    /// What the customer has noted.
    pub notes: Option<String>,
    /// Whether something of it was bought since.
    pub is_purchased: bool,
    /// When that was.
    pub purchased_at: Option<DateTime<Utc>>,
    /// When it was saved.
    pub created_at: DateTime<Utc>,
}

impl From<&Saved> for SavedLookView {
    fn from(view: &Saved) -> Self {
        let (saved, content) = (&view.saved, &view.content);
        Self {
            id: *saved.id.as_uuid(),
            look_id: *saved.look.as_uuid(),
            look_name: content.title.as_str().to_owned(),
            image_url: content.image_url.as_ref().map(ToString::to_string),
            product_ids: content.products.iter().map(|one| *one.as_uuid()).collect(),
            save_type: saved.save_type.into(),
            notes: text_of(saved.notes.as_ref()),
            is_purchased: view.purchased_at.is_some(),
            purchased_at: view.purchased_at,
            created_at: saved.saved_at,
        }
    }
}
