use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::catalogue::{Product, Store};
use crate::ports::{
    CardRecord, CustomerProfile, Rejected, SalesSource, SalesWindow, SourceAnswer, SourceCursor,
    SourceError, SourcePage,
};
use crate::purchases::{DocumentKey, DocumentScope, SaleLine};
use crate::values::{CardRef, DocumentRef, PeriodRange};

/// A shop's base made of lists: a real adapter of [`SalesSource`] for tests and small programs.
///
/// Change the lists between two readings to play what happens in a shop.
#[derive(Debug, Default)]
pub struct ListSource {
    /// The discount cards.
    pub cards: Mutex<Vec<CardRecord>>,
    /// The counterparties.
    pub profiles: Mutex<Vec<CustomerProfile>>,
    /// The stores.
    pub stores: Mutex<Vec<Store>>,
    /// The articles.
    pub products: Mutex<Vec<Product>>,
    /// The sales.
    pub sales: Mutex<Vec<SaleLine>>,
    /// What cannot be understood among the sales.
    pub rejected: Mutex<Vec<Rejected>>,
    /// Documents of which a line cannot be understood.
    pub unreadable: Mutex<Vec<DocumentRef>>,
}

/// The instants at which the windows of a reading end: the sample year in quarters.
fn borders() -> [DateTime<Utc>; 4] {
    [0, 90, 180, 270].map(|days| super::fixtures::minute(days * 24 * 60))
}

fn page<T: Clone>(list: &Mutex<Vec<T>>, after: Option<&SourceCursor>) -> SourcePage<T> {
    let list = list.lock().unwrap();
    let start: usize = after.map_or(0, |cursor| cursor.as_str().parse().unwrap());
    let end = list.len().min(start + 2);
    SourcePage {
        items: list.get(start..end).unwrap_or_default().to_vec(),
        rejected: Vec::new(),
        next: (end < list.len()).then(|| SourceCursor::new(end.to_string())),
        requests: 1,
    }
}

#[async_trait]
impl SalesSource for ListSource {
    async fn cards<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<CardRecord>, SourceError> {
        Ok(page(&self.cards, after))
    }

    async fn missing_cards(
        &self,
        cards: &[CardRef],
    ) -> Result<SourceAnswer<Vec<CardRef>>, SourceError> {
        let known: BTreeSet<CardRef> = self
            .cards
            .lock()
            .unwrap()
            .iter()
            .map(|record| record.card)
            .collect();
        let missing = cards
            .iter()
            .copied()
            .filter(|card| !known.contains(card))
            .collect();
        Ok(SourceAnswer {
            answer: missing,
            rejected: Vec::new(),
            requests: 1,
        })
    }

    async fn profiles<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<CustomerProfile>, SourceError> {
        Ok(page(&self.profiles, after))
    }

    async fn stores<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<Store>, SourceError> {
        Ok(page(&self.stores, after))
    }

    async fn products<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<Product>, SourceError> {
        Ok(page(&self.products, after))
    }

    async fn sales<'a>(
        &'a self,
        since: Option<DateTime<Utc>>,
        after: Option<&'a SourceCursor>,
    ) -> Result<SalesWindow, SourceError> {
        // Opening balances come first, as a window of their own over all time.
        let mut windows = vec![(PeriodRange::EVERYTHING, DocumentScope::OpeningBalancesOnly)];
        let mut from = since;
        for border in borders() {
            if from.is_none_or(|from| from < border) {
                let range = PeriodRange::try_new(from, Some(border)).unwrap();
                windows.push((range, DocumentScope::ExceptOpeningBalances));
                from = Some(border);
            }
        }
        let last = PeriodRange::try_new(from, None).unwrap();
        windows.push((last, DocumentScope::ExceptOpeningBalances));

        let index: usize = after.map_or(0, |cursor| cursor.as_str().parse().unwrap());
        let (range, documents) = windows[index];
        let sales = self.sales.lock().unwrap();
        let lines = sales
            .iter()
            .filter(|line| range.contains(line.purchased_at) && documents.holds(line.document.kind))
            .cloned()
            .collect();
        let rejected = if index == 0 {
            self.rejected.lock().unwrap().clone()
        } else {
            Vec::new()
        };
        Ok(SalesWindow {
            range,
            documents,
            unreadable: self.unreadable.lock().unwrap().clone(),
            lines,
            inactive: 0,
            rejected,
            next: (index + 1 < windows.len()).then(|| SourceCursor::new((index + 1).to_string())),
            requests: 1,
        })
    }

    async fn sales_of(
        &self,
        documents: &[DocumentKey],
    ) -> Result<SourceAnswer<Vec<SaleLine>>, SourceError> {
        let sales = self.sales.lock().unwrap();
        let lines = sales
            .iter()
            .filter(|line| documents.contains(&line.document));
        Ok(SourceAnswer {
            answer: lines.cloned().collect(),
            rejected: Vec::new(),
            requests: 1,
        })
    }
}
