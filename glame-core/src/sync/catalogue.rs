use std::collections::{BTreeMap, HashSet};

use super::service::ActiveRun;
use super::{
    CustomerSyncService, SyncCounts, SyncError, SyncKind, SyncLease, SyncObserver, SyncRun,
    SyncTrigger,
};
use crate::values::{ProductRef, StoreRef};

impl CustomerSyncService {
    /// Brings over the articles and the stores that purchases refer to.
    ///
    /// An article that the shop's base has no more stays: old purchases still name it.
    pub async fn sync_catalogue(
        &self,
        lease: &SyncLease,
        trigger: SyncTrigger,
        observer: &dyn SyncObserver,
    ) -> Result<SyncRun, SyncError> {
        let mut active = self
            .start(SyncKind::Catalogue, None, trigger, lease, observer)
            .await?;
        let outcome = self.read_catalogue(&mut active).await;
        self.finish(active, outcome).await
    }

    async fn read_catalogue(&self, active: &mut ActiveRun<'_>) -> Result<(), SyncError> {
        self.read_stores(active).await?;
        self.read_products(active).await
    }

    async fn read_stores(&self, active: &mut ActiveRun<'_>) -> Result<(), SyncError> {
        let known: BTreeMap<StoreRef, _> = self
            .storage
            .stores()
            .await?
            .into_iter()
            .map(|store| (store.store, store))
            .collect();
        let mut seen = HashSet::new();
        let mut cursor = None;
        loop {
            active.check_cancelled()?;
            let page = self.source.stores(cursor.as_ref()).await?;
            active.run.counts.requests += u64::from(page.requests);
            let mut changed = page.items;
            changed.retain(|store| {
                seen.insert(store.store)
                    && is_changed(known.get(&store.store), store, &mut active.run.counts)
            });
            let mut work = self.storage.begin().await?;
            work.put_stores(&changed).await?;
            active.set_aside(work.as_mut(), &page.rejected).await?;
            self.commit_step(active, work).await?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    async fn read_products(&self, active: &mut ActiveRun<'_>) -> Result<(), SyncError> {
        let mut seen = HashSet::new();
        let mut cursor = None;
        loop {
            active.check_cancelled()?;
            let page = self.source.products(cursor.as_ref()).await?;
            active.run.counts.requests += u64::from(page.requests);
            let mut changed = page.items;
            changed.retain(|product| seen.insert(product.product));
            let refs: Vec<ProductRef> = changed.iter().map(|product| product.product).collect();
            let known: BTreeMap<ProductRef, _> = self
                .storage
                .products(&refs)
                .await?
                .into_iter()
                .map(|product| (product.product, product))
                .collect();
            changed.retain(|product| {
                is_changed(known.get(&product.product), product, &mut active.run.counts)
            });
            let mut work = self.storage.begin().await?;
            work.put_products(&changed).await?;
            active.set_aside(work.as_mut(), &page.rejected).await?;
            self.commit_step(active, work).await?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }
}

/// Compares a record with what is known of it, and counts it.
fn is_changed<T: PartialEq>(known: Option<&T>, record: &T, counts: &mut SyncCounts) -> bool {
    counts.read += 1;
    let changed = known != Some(record);
    match known {
        _ if !changed => counts.unchanged += 1,
        Some(_) => counts.updated += 1,
        None => counts.created += 1,
    }
    changed
}
