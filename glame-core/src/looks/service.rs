use std::collections::BTreeSet;
use std::sync::Arc;

use super::{
    InvalidLook, Look, LookContent, LookCursor, LookError, LookOrigin, LookQuery, LookStatus,
    LookVersion, ProductCursor, ProductQuery, SaveType, SavedLook, SavedLookCursor, SavedLookView,
    bought_after,
};
use crate::catalogue::Product;
use crate::customers::lock_customer;
use crate::loyalty::Actor;
use crate::ports::{Clock, IdSource, Storage, StorageError};
use crate::values::{LookId, PlainText, ProductRef, SavedLookId, UserId};

/// Keeps looks, and those that customers have saved.
#[derive(Debug, Clone)]
pub struct LookService {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

/// A page of looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookPage {
    /// The looks, newest first.
    pub looks: Vec<Look>,
    /// Where the next page begins; none after the last look.
    pub next: Option<LookCursor>,
}

/// A page of articles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductPage {
    /// The articles by name.
    pub products: Vec<Product>,
    /// Where the next page begins; none after the last article.
    pub next: Option<ProductCursor>,
}

/// A page of saved looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedLookPage {
    /// The saved looks, newest first.
    pub looks: Vec<SavedLookView>,
    /// Where the next page begins; none after the last one.
    pub next: Option<SavedLookCursor>,
}

impl LookService {
    /// The most rows of a page.
    pub const MAX_LIMIT: u32 = 200;

    /// Keeps looks in a storage.
    #[must_use]
    pub const fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self {
            storage,
            clock,
            ids,
        }
    }

    /// Gives a look, archived or not.
    ///
    /// # Errors
    /// [`LookError::Unknown`], and those of storage.
    pub async fn look(&self, id: LookId) -> Result<Look, LookError> {
        let look = self.storage.looks(&[id]).await?.pop();
        look.ok_or(LookError::Unknown(id))
    }

    /// Gives a page of looks.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn looks(&self, query: &LookQuery) -> Result<LookPage, LookError> {
        let limit = query.limit.clamp(1, Self::MAX_LIMIT);
        let one_more = LookQuery {
            limit: limit + 1,
            ..query.clone()
        };
        let found = self.storage.find_looks(&one_more).await?;
        let (looks, has_more) = cut(found, limit);
        let next = looks.last().filter(|_| has_more).map(Look::cursor);
        Ok(LookPage { looks, next })
    }

    /// Gives a page of articles of the catalogue.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn products(&self, query: &ProductQuery) -> Result<ProductPage, LookError> {
        let limit = query.limit.clamp(1, Self::MAX_LIMIT);
        let one_more = ProductQuery {
            limit: limit + 1,
            ..query.clone()
        };
        let found = self.storage.find_products(&one_more).await?;
        let (products, has_more) = cut(found, limit);
        let next = products.last().filter(|_| has_more).map(ProductCursor::of);
        Ok(ProductPage { products, next })
    }

    /// Makes a look.
    ///
    /// # Errors
    /// [`LookError::Invalid`], and those of storage.
    pub async fn create(
        &self,
        content: LookContent,
        origin: LookOrigin,
        by: &Actor,
    ) -> Result<Look, LookError> {
        self.check(&content).await?;
        let now = self.clock.now();
        let look = Look {
            id: LookId::from_uuid(self.ids.next()),
            content,
            origin,
            status: LookStatus::Active,
            version: LookVersion::FIRST,
            created_at: now,
            updated_at: now,
            changed_by: by.clone(),
        };
        let mut work = self.storage.begin().await?;
        work.put_look(&look).await?;
        work.commit().await?;
        Ok(look)
    }

    /// Shows something else in a look, or offers it again, or no more.
    ///
    /// `expected` is the version that was seen; none changes whatever there is.
    ///
    /// # Errors
    /// [`LookError::Unknown`], [`LookError::Stale`], [`LookError::Invalid`], and those of storage.
    pub async fn change(
        &self,
        id: LookId,
        expected: Option<LookVersion>,
        content: LookContent,
        status: LookStatus,
        by: &Actor,
    ) -> Result<Look, LookError> {
        self.check(&content).await?;
        let before = self.look(id).await?;
        if expected.is_some_and(|expected| expected != before.version) {
            return Err(LookError::Stale);
        }
        if (&before.content, before.status) == (&content, status) {
            return Ok(before);
        }
        let look = Look {
            content,
            status,
            version: before.version.next(),
            updated_at: self.clock.now(),
            changed_by: by.clone(),
            ..before
        };
        let mut work = self.storage.begin().await?;
        match work.put_look(&look).await {
            Err(StorageError::Conflict { .. }) => return Err(LookError::Stale),
            other => other?,
        }
        work.commit().await?;
        Ok(look)
    }

    /// Archives a look: it is offered no more.
    ///
    /// # Errors
    /// Those of [`change`](Self::change).
    pub async fn archive(
        &self,
        id: LookId,
        expected: Option<LookVersion>,
        by: &Actor,
    ) -> Result<Look, LookError> {
        let before = self.look(id).await?;
        let expected = expected.or(Some(before.version));
        self.change(id, expected, before.content, LookStatus::Archived, by)
            .await
    }

    /// Gives a page of the looks that a customer has saved, of one type or of all.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn saved_looks(
        &self,
        user: UserId,
        save_type: Option<SaveType>,
        after: Option<SavedLookCursor>,
        limit: u32,
    ) -> Result<SavedLookPage, LookError> {
        let limit = limit.clamp(1, Self::MAX_LIMIT);
        let found = self
            .storage
            .saved_looks_before(user, save_type, after, limit + 1)
            .await?;
        let (found, has_more) = cut(found, limit);
        let next = found.last().filter(|_| has_more);
        let next = next.map(|(saved, _)| saved.cursor());
        let history = self.storage.history(user).await?;
        let view = |(saved, content): (SavedLook, LookContent)| SavedLookView {
            purchased_at: saved
                .purchased_at
                .or_else(|| bought_after(&content, saved.saved_at, &history)),
            saved,
            content,
        };
        Ok(SavedLookPage {
            looks: found.into_iter().map(view).collect(),
            next,
        })
    }

    /// Saves a look for a customer.
    ///
    /// # Errors
    /// [`LookError::Unknown`] (an archived look too), [`LookError::AlreadySaved`],
    /// [`LookError::TooMany`], [`LookError::Customer`], and those of storage.
    pub async fn save(
        &self,
        user: UserId,
        look: LookId,
        save_type: SaveType,
        notes: Option<PlainText>,
    ) -> Result<SavedLook, LookError> {
        if self.look(look).await?.status == LookStatus::Archived {
            return Err(LookError::Unknown(look));
        }
        let saved = SavedLook {
            id: SavedLookId::from_uuid(self.ids.next()),
            user,
            look,
            save_type,
            notes,
            purchased_at: None,
            saved_at: self.clock.now(),
        };
        let mut work = self.storage.begin().await?;
        // The lock is what makes the count hold.
        lock_customer(work.as_mut(), user).await?;
        if work.saved_look_count(user).await? >= SavedLook::MAX_A_CUSTOMER {
            return Err(LookError::TooMany);
        }
        match work.add_saved_look(&saved).await {
            Err(StorageError::Conflict { .. }) => return Err(LookError::AlreadySaved(look)),
            other => other?,
        }
        work.commit().await?;
        Ok(saved)
    }

    /// Forgets a saved look.
    ///
    /// # Errors
    /// [`LookError::NotSaved`], and those of storage.
    pub async fn remove_saved(&self, user: UserId, id: SavedLookId) -> Result<(), LookError> {
        let mut work = self.storage.begin().await?;
        if !work.remove_saved_look(user, id).await? {
            return Err(LookError::NotSaved(id));
        }
        work.commit().await?;
        Ok(())
    }

    /// Marks a saved look as bought now; one that is marked already keeps its instant.
    ///
    /// # Errors
    /// [`LookError::NotSaved`], and those of storage.
    pub async fn mark_purchased(&self, user: UserId, id: SavedLookId) -> Result<(), LookError> {
        let now = self.clock.now();
        let mut work = self.storage.begin().await?;
        if !work.mark_saved_look_purchased(user, id, now).await? {
            return Err(LookError::NotSaved(id));
        }
        work.commit().await?;
        Ok(())
    }

    async fn check(&self, content: &LookContent) -> Result<(), LookError> {
        content.check()?;
        let known = self.storage.products(&content.products).await?;
        let known: BTreeSet<ProductRef> = known.iter().map(|product| product.product).collect();
        match content.products.iter().find(|one| !known.contains(one)) {
            Some(unknown) => Err(InvalidLook::UnknownProduct(*unknown).into()),
            None => Ok(()),
        }
    }
}

/// Cuts a page that was read with one row more, and tells whether there was one.
fn cut<T>(mut rows: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > size;
    rows.truncate(size);
    (rows, has_more)
}
