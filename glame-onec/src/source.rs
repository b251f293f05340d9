mod names;
mod points;
mod sales;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::catalogue::{Product, Store};
use glame_core::ports::{
    CardRecord, CustomerProfile, Rejected, SalesSource, SalesWindow, SourceAnswer, SourceCursor,
    SourceError, SourcePage,
};
use glame_core::purchases::{DocumentKey, SaleLine};
use glame_core::values::CardRef;

use crate::base::{Base, Order, Wanted};
use crate::catalogue::{self, Place, page_after};
use crate::errors::Fault;
use crate::page::for_each_row;
use crate::query::Filter;
use crate::records::card::{CARDS, CardRow};
use crate::records::counterparty::{COUNTERPARTIES, CounterpartyRow};
use crate::records::product::{PRODUCTS, ProductRow};
use crate::records::store::{STORES, StoreRow};
use crate::records::{KeyRecord, Set};
use crate::sales::SalesPlace;
use crate::settings::{HiddenRows, OnecSettings, SettingsError};
use crate::source_error::source_error;
use crate::translate::{self, Names, key_row};
use crate::transport::Meter;

/// A 1C base as a source of customers, sales and points.
#[derive(Debug)]
pub struct OnecSource {
    base: Base,
    /// The names that articles refer to, kept for the pages of one reading.
    names: Mutex<Option<Arc<Names>>>,
}

impl OnecSource {
    /// Checks the settings; makes no call.
    pub fn open(settings: OnecSettings) -> Result<Self, SettingsError> {
        Ok(Self {
            base: Base::new(settings.check()?)?,
            names: Mutex::default(),
        })
    }

    /// Ends the session at 1C, if one was shared.
    pub async fn close(self) {
        self.base.finish_session().await;
    }

    pub(crate) const fn base(&self) -> &Base {
        &self.base
    }

    async fn existing_cards(
        &self,
        cards: &[CardRef],
        meter: &Meter,
    ) -> Result<Vec<CardRef>, Fault> {
        let wanted = Wanted {
            set: &CARDS,
            filter: None,
            order: Order::Any,
            top: None,
            skip: 0,
        };
        let branches = cards
            .iter()
            .map(|card| Filter::reference("Ref_Key", *card.as_uuid()))
            .collect();
        let mut existing = Vec::new();
        for part in self.base.any_of(&wanted, branches) {
            let page = self.base.page(&part, meter).await?;
            for_each_row::<KeyRecord<'_>>(&page.body, |row| {
                let key = row.ok().and_then(|row| key_row(&row));
                existing.extend(key.map(CardRef::from_uuid));
            })?;
        }
        Ok(existing)
    }

    /// Reads a page of a catalogue.
    async fn page<T>(
        &self,
        set: &'static Set,
        rows: u32,
        after: Option<&Place>,
        meter: &Meter,
        read: impl Fn(&[u8], usize) -> Result<(Vec<T>, Vec<Rejected>), Fault> + Send,
    ) -> Result<SourcePage<T>, Fault> {
        if after.is_none() {
            self.base.relearn(set);
        }
        let page = page_after(&self.base, set, None, after, rows, meter).await?;
        let (items, rejected) =
            read(&page.body, page.repeated).map_err(|fault| fault.about(set.name))?;
        let next = page.next.map(|place| place.to_cursor());
        Ok(SourcePage {
            items,
            rejected,
            next,
            requests: meter.requests(),
        })
    }
}

/// Reads a cursor; one of another version or of other settings begins the reading anew.
fn place_of<P>(
    after: Option<&SourceCursor>,
    parse: impl Fn(&SourceCursor) -> Option<P>,
) -> Option<P> {
    let place = after.and_then(parse);
    if after.is_some() && place.is_none() {
        tracing::warn!("a foreign cursor: the reading begins anew");
    }
    place
}

#[async_trait]
impl SalesSource for OnecSource {
    async fn cards<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<CardRecord>, SourceError> {
        let (place, meter) = (place_of(after, Place::parse), Meter::default());
        let rows = self.base.settings().page_sizes.cards;
        let read = |body: &[u8], repeated: usize| {
            catalogue::translate(&CARDS, body, repeated, |row: &CardRow<'_>| {
                translate::card(row).map(Some)
            })
        };
        self.page(&CARDS, rows, place.as_ref(), &meter, read)
            .await
            .map_err(source_error)
    }

    async fn missing_cards(
        &self,
        cards: &[CardRef],
    ) -> Result<SourceAnswer<Vec<CardRef>>, SourceError> {
        let meter = Meter::default();
        // Where hidden rows are left out, a hidden card cannot be told from a deleted one.
        let missing = match self.base.settings().hidden_rows {
            HiddenRows::LeftOut => Vec::new(),
            HiddenRows::Refused => {
                let existing = self
                    .existing_cards(cards, &meter)
                    .await
                    .map_err(source_error)?;
                let existing: HashSet<CardRef> = existing.into_iter().collect();
                cards
                    .iter()
                    .copied()
                    .filter(|card| !existing.contains(card))
                    .collect()
            }
        };
        Ok(SourceAnswer {
            answer: missing,
            rejected: Vec::new(),
            requests: meter.requests(),
        })
    }

    async fn profiles<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<CustomerProfile>, SourceError> {
        let (place, meter) = (place_of(after, Place::parse), Meter::default());
        let rows = self.base.settings().page_sizes.catalogue;
        let read = |body: &[u8], repeated: usize| {
            catalogue::translate(
                &COUNTERPARTIES,
                body,
                repeated,
                |row: &CounterpartyRow<'_>| translate::profile(row),
            )
        };
        self.page(&COUNTERPARTIES, rows, place.as_ref(), &meter, read)
            .await
            .map_err(source_error)
    }

    async fn stores<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<Store>, SourceError> {
        let (place, meter) = (place_of(after, Place::parse), Meter::default());
        let rows = self.base.settings().page_sizes.catalogue;
        let read = |body: &[u8], repeated: usize| {
            catalogue::translate(&STORES, body, repeated, |row: &StoreRow<'_>| {
                translate::store(row).map(Some)
            })
        };
        self.page(&STORES, rows, place.as_ref(), &meter, read)
            .await
            .map_err(source_error)
    }

    async fn products<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<Product>, SourceError> {
        let (place, meter) = (place_of(after, Place::parse), Meter::default());
        let names = self
            .page_of_names(place.as_ref(), &meter)
            .await
            .map_err(source_error)?;
        let settings = self.base.settings();
        let read = |body: &[u8], repeated: usize| {
            catalogue::translate(&PRODUCTS, body, repeated, |row: &ProductRow<'_>| {
                translate::product(row, &names, settings.brand_source)
            })
        };
        self.page(
            &PRODUCTS,
            settings.page_sizes.catalogue,
            place.as_ref(),
            &meter,
            read,
        )
        .await
        .map_err(source_error)
    }

    async fn sales<'a>(
        &'a self,
        since: Option<DateTime<Utc>>,
        after: Option<&'a SourceCursor>,
    ) -> Result<SalesWindow, SourceError> {
        let meter = Meter::default();
        let register = self.base.settings().sales_register;
        let place = place_of(after, |cursor| SalesPlace::parse(cursor, register));
        self.sales_window(since, place, &meter)
            .await
            .map_err(source_error)
    }

    async fn sales_of(
        &self,
        documents: &[DocumentKey],
    ) -> Result<SourceAnswer<Vec<SaleLine>>, SourceError> {
        let meter = Meter::default();
        let finished = self
            .lines_of(documents, &meter)
            .await
            .map_err(source_error)?;
        Ok(SourceAnswer {
            answer: finished.lines,
            rejected: finished.rejected,
            requests: meter.requests(),
        })
    }
}
