use std::sync::{Arc, PoisonError};

use super::OnecSource;
use crate::catalogue::{self, Place};
use crate::errors::Fault;
use crate::query::Filter;
use crate::records::Set;
use crate::records::product::{
    CATEGORIES, IS_FOLDER, MANUFACTURERS, MANUFACTURING_COUNTERPARTIES, PRODUCT_FOLDERS,
};
use crate::settings::BrandSource;
use crate::translate::Names;
use crate::transport::Meter;

impl OnecSource {
    /// Gives the names that a page of articles refers to; read anew for the first page.
    pub(super) async fn page_of_names(
        &self,
        after: Option<&Place>,
        meter: &Meter,
    ) -> Result<Arc<Names>, Fault> {
        let known = self
            .names
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(names) = known.filter(|_| after.is_some()) {
            return Ok(names);
        }
        let names = Arc::new(self.read_names(meter).await?);
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&names));
        Ok(names)
    }

    async fn read_names(&self, meter: &Meter) -> Result<Names, Fault> {
        let base = &self.base;
        base.forget_published().await;
        let published = base.published(meter).await?;
        let mut names = Names::default();
        if published.contains(CATEGORIES.name) {
            names
                .categories
                .extend(catalogue::names(base, &CATEGORIES, None, meter).await?);
        }
        let (set, filter): (&'static Set, _) = match base.settings().brand_source {
            BrandSource::Folder => (&PRODUCT_FOLDERS, Some(Filter::flag(IS_FOLDER, true))),
            BrandSource::Manufacturer if published.contains(MANUFACTURERS.name) => {
                (&MANUFACTURERS, None)
            }
            BrandSource::Manufacturer => (&MANUFACTURING_COUNTERPARTIES, None),
        };
        if published.contains(set.name) {
            names
                .brands
                .extend(catalogue::names(base, set, filter, meter).await?);
        }
        Ok(names)
    }
}
