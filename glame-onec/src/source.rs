use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::catalogue::{Product, Store};
use glame_core::ports::{
    CardRecord, CustomerProfile, Rejected, SalesSource, SalesWindow, SourceAnswer, SourceCursor,
    SourceError, SourcePage,
};
use glame_core::purchases::{DocumentKey, DocumentKind, DocumentScope, SaleLine};
use glame_core::values::{CardRef, PeriodRange};

use crate::base::{Base, Order, Wanted};
use crate::catalogue::{self, Place, page_after};
use crate::errors::Fault;
use crate::local_time;
use crate::page::for_each_row;
use crate::query::Filter;
use crate::records::card::{CARDS, CardRow};
use crate::records::counterparty::{COUNTERPARTIES, CounterpartyRow};
use crate::records::document::OPENING_BALANCES;
use crate::records::product::{
    CATEGORIES, IS_FOLDER, MANUFACTURERS, MANUFACTURING_COUNTERPARTIES, PRODUCT_FOLDERS, PRODUCTS,
    ProductRow,
};
use crate::records::sale_line::{PERIOD, RECORDER, SALES_BY_CARDS};
use crate::records::store::{STORES, StoreRow};
use crate::records::{KeyRecord, Set};
use crate::sales::{
    Finished, Line, Part, PartPlan, Plan, SalesPlace, lines_of, lines_of_documents,
};
use crate::settings::{BrandSource, HiddenRows, OnecSettings, SettingsError};
use crate::source_error::source_error;
use crate::translate::{self, Names, key_row};
use crate::transport::Meter;
use crate::windows::{Pace, Stretch, Timeline, Window};

/// A 1C base as a source of customers and sales.
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

    async fn page_of_names(
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

    /// Reads the lines of one window of a part.
    async fn window(
        &self,
        plan: &PartPlan,
        stretch: Stretch,
        pace: &mut Pace,
        meter: &Meter,
    ) -> Result<Window<Line>, Fault> {
        let (set, zone) = (plan.set, self.base.settings().zone);
        let read = move |page: &[u8]| lines_of(set, zone, page);
        let whole = Timeline {
            base: &self.base,
            set,
            moment: PERIOD,
            filter: None,
        };
        if plan.scope != DocumentScope::OpeningBalancesOnly || !self.base.sorts_by_type() {
            return whole.first_window(stretch, pace, &read, meter).await;
        }
        let filter = Some(Filter::IsOf(RECORDER, OPENING_BALANCES));
        let narrow = Timeline {
            filter,
            ..whole.clone()
        };
        match narrow.first_window(stretch, pace, &read, meter).await {
            // A base that cannot sort by type is read as a whole and sorted here.
            Err(fault) if fault.asks_for_simpler() => {
                tracing::warn!(
                    set = set.name,
                    "1C refuses isof; the whole register is read"
                );
                self.base.forget_type_filter();
                whole.first_window(stretch, pace, &read, meter).await
            }
            outcome => outcome,
        }
    }

    async fn sales_window(
        &self,
        since: Option<DateTime<Utc>>,
        after: Option<SalesPlace>,
        meter: &Meter,
    ) -> Result<SalesWindow, Fault> {
        let settings = self.base.settings();
        let published = self.base.published(meter).await?;
        let plan = Plan::new(settings.sales_register, &published, since, settings.zone);
        let mut place = after.unwrap_or_else(|| SalesPlace {
            part: plan.first_part(),
            from: None,
            pace: Pace::new(settings.page_sizes.sales),
        });
        let part = plan.part(place.part).unwrap_or_else(|| {
            // It was published when the reading began and is not any more.
            (place.part, place.from) = (Part::Lines, None);
            plan.lines()
        });
        let stretch = Stretch {
            from: place.from.or(part.stretch.from),
            to: part.stretch.to,
        };
        let window = self.window(&part, stretch, &mut place.pace, meter).await?;
        let finished = Finished::from(window.rows, part.set, part.scope, &self.base, meter).await?;

        let instant = |local| local_time::to_utc(local, settings.zone);
        let from = place.from.map(instant).or(part.from);
        let ended = window.to == part.stretch.to;
        let to = if ended {
            part.to
        } else {
            window.to.map(instant)
        };
        let range = PeriodRange::try_new(from, to).unwrap_or(PeriodRange::EVERYTHING);
        place.from = window.to.filter(|_| !ended);
        let next = match (ended, place.part) {
            (true, Part::Lines) => None,
            (true, Part::OpeningBalances) => Some(SalesPlace {
                part: Part::Lines,
                ..place
            }),
            (false, _) => Some(place),
        };
        Ok(SalesWindow {
            range,
            documents: part.scope,
            lines: finished.lines,
            inactive: finished.inactive,
            rejected: finished.rejected,
            next: next.map(|place| place.to_cursor()),
            requests: meter.requests(),
        })
    }

    async fn lines_of(&self, documents: &[DocumentKey], meter: &Meter) -> Result<Finished, Fault> {
        let register = self.base.settings().sales_register;
        let (opening, others): (Vec<DocumentKey>, Vec<DocumentKey>) = documents
            .iter()
            .partition(|key| key.kind == DocumentKind::OpeningBalance);
        let mut all = Finished::default();
        for (set, scope, documents) in [
            (&SALES_BY_CARDS, DocumentScope::OpeningBalancesOnly, opening),
            (
                Plan::main_set(register),
                DocumentScope::ExceptOpeningBalances,
                others,
            ),
        ] {
            if documents.is_empty() {
                continue;
            }
            let lines = lines_of_documents(&self.base, set, &documents, meter).await?;
            let finished = Finished::from(lines, set, scope, &self.base, meter).await?;
            all.lines.extend(finished.lines);
            all.rejected.extend(finished.rejected);
        }
        Ok(all)
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

/// Reads the cursor of a catalogue.
fn place_of(after: Option<&SourceCursor>) -> Result<Option<Place>, SourceError> {
    after
        .map(|cursor| Place::parse(cursor).ok_or_else(foreign_cursor))
        .transpose()
}

fn foreign_cursor() -> SourceError {
    SourceError::Unexpected {
        advice: "the cursor was made by another version; start the synchronisation anew".to_owned(),
        source: None,
    }
}

#[async_trait]
impl SalesSource for OnecSource {
    async fn cards<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<CardRecord>, SourceError> {
        let (place, meter) = (place_of(after)?, Meter::default());
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
        let (place, meter) = (place_of(after)?, Meter::default());
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
        let (place, meter) = (place_of(after)?, Meter::default());
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
        let (place, meter) = (place_of(after)?, Meter::default());
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
        let place = after.map(|cursor| SalesPlace::parse(cursor).ok_or_else(foreign_cursor));
        self.sales_window(since, place.transpose()?, &meter)
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
