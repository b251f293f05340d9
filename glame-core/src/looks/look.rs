use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::catalogue::Product;
use crate::customers::{SearchText, name_key};
use crate::loyalty::Actor;
use crate::values::{ImageUrl, LookId, PlainText, ProductRef};

/// Articles that go together, with a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Look {
    /// Which look.
    pub id: LookId,
    /// What it shows.
    pub content: LookContent,
    /// Who has made it.
    pub origin: LookOrigin,
    /// Whether it is offered.
    pub status: LookStatus,
    /// Changes with every change.
    pub version: LookVersion,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who has changed it last.
    pub changed_by: Actor,
}

/// What a look shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookContent {
    /// What it is called.
    pub title: PlainText,
    /// What is to be said about it.
    pub description: Option<PlainText>,
    /// Its articles, the most important first, each once.
    pub products: Vec<ProductRef>,
    /// Its style and mood.
    pub tags: BTreeSet<LookTag>,
    /// A picture of it.
    pub image_url: Option<ImageUrl>,
}

/// Tells why a look cannot be as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLook {
    /// The title is too long.
    #[error("the title is longer than {} characters", LookContent::TITLE_CHARS)]
    LongTitle,
    /// There are no articles or too many.
    #[error("a look has 1 to {} articles", LookContent::MAX_PRODUCTS)]
    ProductCount,
    /// An article stands twice.
    #[error("an article stands twice in the look")]
    ProductTwice,
    /// There are too many tags.
    #[error("a look has at most {} tags", LookContent::MAX_TAGS)]
    ManyTags,
    /// An article is not in the catalogue.
    #[error("article {0} is not in the catalogue")]
    UnknownProduct(ProductRef),
}

impl LookContent {
    /// The longest title.
    pub const TITLE_CHARS: usize = 200;

    /// The most articles of a look.
    pub const MAX_PRODUCTS: usize = 50;

    /// The most tags of a look.
    pub const MAX_TAGS: usize = 20;

    /// Tells whether a look may show this, as far as that can be told without the catalogue.
    ///
    /// # Errors
    /// [`InvalidLook`], the first reason.
    pub fn check(&self) -> Result<(), InvalidLook> {
        if self.title.as_str().chars().count() > Self::TITLE_CHARS {
            return Err(InvalidLook::LongTitle);
        }
        if self.products.is_empty() || self.products.len() > Self::MAX_PRODUCTS {
            return Err(InvalidLook::ProductCount);
        }
        let different: BTreeSet<_> = self.products.iter().collect();
        if different.len() < self.products.len() {
            return Err(InvalidLook::ProductTwice);
        }
        if self.tags.len() > Self::MAX_TAGS {
            return Err(InvalidLook::ManyTags);
        }
        Ok(())
    }
}

/// A word for a style or a mood: 1 to 50 characters, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LookTag(String);

/// Tells that a text is not a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag has 1 to 50 characters")]
pub struct ParseLookTagError;

impl LookTag {
    /// Reads a tag; case does not matter.
    pub fn parse(text: &str) -> Result<Self, ParseLookTagError> {
        let tag = PlainText::clean(text).ok_or(ParseLookTagError)?;
        let tag = tag.as_str().to_lowercase();
        if tag.chars().count() > 50 {
            return Err(ParseLookTagError);
        }
        Ok(Self(tag))
    }

    /// Gives the tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LookTag {
    type Error = ParseLookTagError;

    fn try_from(text: String) -> Result<Self, ParseLookTagError> {
        Self::parse(&text)
    }
}

impl From<LookTag> for String {
    fn from(tag: LookTag) -> Self {
        tag.0
    }
}

/// Who has made a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookOrigin {
    /// A content manager, for everybody.
    Catalogue,
    /// A model, for one customer.
    Generated,
}

/// Whether a look is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookStatus {
    /// It is.
    Active,
    /// It is no more; whoever has saved it still sees it.
    Archived,
}

macro_rules! names {
    ($name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        impl $name {
            /// Gives the name that the API and the databases use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// Finds one by its name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                [$(Self::$variant),*].into_iter().find(|one| one.as_str() == name)
            }
        }
    };
}

names!(LookOrigin {
    Catalogue = "catalogue",
    Generated = "generated",
});
names!(LookStatus {
    Active = "active",
    Archived = "archived",
});

/// The version of a look, for `ETag` and `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LookVersion(i64);

impl LookVersion {
    /// The version of a look that is new.
    pub const FIRST: Self = Self(1);

    /// Takes a number that storage has kept.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Gives the number to keep.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Gives the version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Asks for looks, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookQuery {
    /// With this tag.
    pub tag: Option<LookTag>,
    /// Made so.
    pub origin: Option<LookOrigin>,
    /// Offered, or archived.
    pub status: Option<LookStatus>,
    /// The look before the first one of the page.
    pub after: Option<LookCursor>,
    /// The most looks.
    pub limit: u32,
}

/// The place of a look in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookCursor {
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Which look.
    pub look: LookId,
}

impl Look {
    /// Gives the place of the look in a list.
    #[must_use]
    pub const fn cursor(&self) -> LookCursor {
        LookCursor {
            created_at: self.created_at,
            look: self.id,
        }
    }
}

/// Asks for articles of the catalogue by name; those marked for deletion are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductQuery {
    /// Found by this text; all, if there is none.
    pub text: Option<SearchText>,
    /// Of this category, exactly.
    pub category: Option<PlainText>,
    /// Of this brand, exactly.
    pub brand: Option<PlainText>,
    /// The article before the first one of the page.
    pub after: Option<ProductCursor>,
    /// The most articles.
    pub limit: u32,
}

/// The place of an article in a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProductCursor {
    /// The key of its name, empty where the name has none.
    pub name_key: String,
    /// Which article.
    pub product: ProductRef,
}

impl ProductCursor {
    /// Gives the place of an article.
    #[must_use]
    pub fn of(product: &Product) -> Self {
        Self {
            name_key: name_key(&product.name).unwrap_or_default(),
            product: product.product,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::{product_ref, text};

    fn content(products: impl IntoIterator<Item = u128>) -> LookContent {
        LookContent {
            title: text("Вечерний"),
            description: None,
            products: products.into_iter().map(product_ref).collect(),
            tags: BTreeSet::new(),
            image_url: None,
        }
    }

    #[test]
    fn a_look_has_one_to_fifty_different_articles() {
        assert_eq!(content(1..=50).check(), Ok(()));
        assert_eq!(content([]).check(), Err(InvalidLook::ProductCount));
        assert_eq!(content(1..=51).check(), Err(InvalidLook::ProductCount));
        assert_eq!(content([1, 2, 1]).check(), Err(InvalidLook::ProductTwice));
    }

    #[test]
    fn tags_are_short_and_in_lower_case() {
        assert_eq!(LookTag::parse(" Нежный ").unwrap().as_str(), "нежный");
        assert_eq!(LookTag::parse(" "), Err(ParseLookTagError));
        assert_eq!(LookTag::parse(&"я".repeat(51)), Err(ParseLookTagError));
    }
}
