use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStorage, MemoryWork, purchase_lines, size};
use crate::catalogue::Product;
use crate::customers::product_text;
use crate::looks::{
    Look, LookContent, LookQuery, LookVersion, ProductCursor, ProductQuery, SaveType, SavedLook,
    SavedLookCursor,
};
use crate::ports::{LookReader, LookWriter, PurchaseRecordReader, StorageError};
use crate::purchases::{PurchaseQuery, PurchaseRecord, Receipt, ReceiptQuery};
use crate::values::{LookId, PeriodRange, SavedLookId, UserId};

#[async_trait]
impl LookReader for MemoryStorage {
    async fn looks(&self, looks: &[LookId]) -> Result<Vec<Look>, StorageError> {
        let state = self.state();
        let looks: BTreeSet<_> = looks.iter().collect();
        Ok(looks
            .into_iter()
            .filter_map(|look| state.looks.get(look).cloned())
            .collect())
    }

    async fn find_looks(&self, query: &LookQuery) -> Result<Vec<Look>, StorageError> {
        let state = self.state();
        let after = query.after.map(|after| (after.created_at, after.look));
        let wanted = |look: &&Look| {
            let tag = query.tag.as_ref();
            tag.is_none_or(|tag| look.content.tags.contains(tag))
                && query.origin.is_none_or(|origin| look.origin == origin)
                && query.status.is_none_or(|status| look.status == status)
                && after.is_none_or(|after| (look.created_at, look.id) < after)
        };
        let mut looks: Vec<Look> = state.looks.values().filter(wanted).cloned().collect();
        looks.sort_by_key(|look| Reverse((look.created_at, look.id)));
        looks.truncate(size(query.limit));
        Ok(looks)
    }

    async fn find_products(&self, query: &ProductQuery) -> Result<Vec<Product>, StorageError> {
        let state = self.state();
        let wanted = |product: &&Product| {
            let text = query.text.as_ref();
            let after = query.after.as_ref();
            !product.removed
                && text.is_none_or(|text| text.matches(&product_text(product)))
                && (query.category.is_none() || query.category == product.category)
                && (query.brand.is_none() || query.brand == product.brand)
                && after.is_none_or(|after| *after < ProductCursor::of(product))
        };
        let mut products: Vec<Product> = state.products.values().filter(wanted).cloned().collect();
        products.sort_by_key(ProductCursor::of);
        products.truncate(size(query.limit));
        Ok(products)
    }

    async fn saved_looks_before(
        &self,
        user: UserId,
        save_type: Option<SaveType>,
        after: Option<SavedLookCursor>,
        limit: u32,
    ) -> Result<Vec<(SavedLook, LookContent)>, StorageError> {
        let state = self.state();
        let after = after.map(|after| (after.saved_at, after.saved_look));
        let wanted = |saved: &&SavedLook| {
            saved.user == user
                && save_type.is_none_or(|save_type| saved.save_type == save_type)
                && after.is_none_or(|after| (saved.saved_at, saved.id) < after)
        };
        let mut saved: Vec<&SavedLook> = state.saved_looks.values().filter(wanted).collect();
        saved.sort_by_key(|saved| Reverse((saved.saved_at, saved.id)));
        saved.truncate(size(limit));
        let shown = |saved: &SavedLook| {
            let look = state.looks.get(&saved.look).unwrap();
            (saved.clone(), look.content.clone())
        };
        Ok(saved.into_iter().map(shown).collect())
    }
}

#[async_trait]
impl LookWriter for MemoryWork {
    async fn put_look(&mut self, look: &Look) -> Result<(), StorageError> {
        let expected = match self.state.looks.get(&look.id) {
            Some(known) => known.version.next(),
            None => LookVersion::FIRST,
        };
        if look.version != expected {
            return Err(StorageError::Conflict { what: "a look" });
        }
        self.state().looks.insert(look.id, look.clone());
        Ok(())
    }

    async fn saved_look_count(&mut self, user: UserId) -> Result<u32, StorageError> {
        let saved = self.state.saved_looks.values();
        let count = saved.filter(|saved| saved.user == user).count();
        Ok(u32::try_from(count).unwrap())
    }

    async fn add_saved_look(&mut self, saved: &SavedLook) -> Result<(), StorageError> {
        self.require_user(saved.user)?;
        if !self.state.looks.contains_key(&saved.look) {
            return Err(StorageError::Refused {
                during: "writing a saved look",
                advice: format!("store look {} first", saved.look),
                source: "the look does not exist".into(),
            });
        }
        let mut known = self.state.saved_looks.values();
        if known.any(|known| (known.user, known.look) == (saved.user, saved.look)) {
            return Err(StorageError::Conflict {
                what: "a saved look",
            });
        }
        self.state().saved_looks.insert(saved.id, saved.clone());
        Ok(())
    }

    async fn remove_saved_look(
        &mut self,
        user: UserId,
        id: SavedLookId,
    ) -> Result<bool, StorageError> {
        let known = self.state.saved_looks.get(&id);
        if known.is_none_or(|saved| saved.user != user) {
            return Ok(false);
        }
        Ok(self.state().saved_looks.remove(&id).is_some())
    }

    async fn mark_saved_look_purchased(
        &mut self,
        user: UserId,
        id: SavedLookId,
        at: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        let saved = self.state().saved_looks.get_mut(&id);
        let Some(saved) = saved.filter(|saved| saved.user == user) else {
            return Ok(false);
        };
        saved.purchased_at = saved.purchased_at.or(Some(at));
        Ok(true)
    }
}

impl MemoryStorage {
    /// Gives the receipts of a user in a stretch of time, newest first.
    fn newest_receipts(&self, user: UserId, range: PeriodRange) -> Vec<Receipt> {
        let state = self.state();
        let receipts = state
            .receipts
            .values()
            .filter(|receipt| receipt.key.user == user && range.contains(receipt.key.purchased_at));
        let mut receipts: Vec<Receipt> = receipts.cloned().collect();
        receipts.sort_by_key(|receipt| Reverse(receipt.key));
        receipts
    }

    fn records(&self, receipt: &Receipt) -> Vec<PurchaseRecord> {
        let state = self.state();
        purchase_lines(receipt)
            .map(|line| PurchaseRecord {
                line,
                product: line
                    .product
                    .and_then(|product| state.products.get(&product).cloned()),
                store: line
                    .store
                    .and_then(|store| state.stores.get(&store).cloned()),
            })
            .collect()
    }
}

#[async_trait]
impl PurchaseRecordReader for MemoryStorage {
    async fn purchases_before(
        &self,
        query: &PurchaseQuery,
    ) -> Result<Vec<PurchaseRecord>, StorageError> {
        let receipts = self.newest_receipts(query.user, query.range);
        let records = receipts.iter().flat_map(|receipt| self.records(receipt));
        let place = |record: &PurchaseRecord| {
            let line = &record.line;
            (
                Reverse((line.purchased_at, line.document)),
                line.line_number,
            )
        };
        let after = query.after.map(|after| {
            let receipt = Reverse((after.purchased_at, after.document));
            (receipt, after.line_number)
        });
        Ok(records
            .filter(|record| after.is_none_or(|after| place(record) > after))
            .take(size(query.limit))
            .collect())
    }

    async fn receipts_before(
        &self,
        query: &ReceiptQuery,
    ) -> Result<Vec<PurchaseRecord>, StorageError> {
        let receipts = self.newest_receipts(query.user, query.range);
        let after = query
            .after
            .map(|after| (after.purchased_at, after.document));
        let receipts = receipts.iter().filter(|receipt| {
            after.is_none_or(|after| (receipt.key.purchased_at, receipt.key.document) < after)
        });
        Ok(receipts
            .take(size(query.limit))
            .flat_map(|receipt| self.records(receipt))
            .collect())
    }
}
