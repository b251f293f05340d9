use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::catalogue::{Product, Store};
use glame_core::ports::{
    CardPoints, CardRecord, CustomerProfile, PointsSource, SalesSource, SalesWindow, SourceAnswer,
    SourceCursor, SourceError, SourcePage,
};
use glame_core::purchases::{DocumentKey, SaleLine};
use glame_core::values::CardRef;

/// The shop's base where none is set: whoever asks it is told to set one.
///
/// Figures are made without asking any base.
#[derive(Debug, Clone, Copy)]
pub struct AbsentSource;

fn absent<T>() -> Result<T, SourceError> {
    Err(SourceError::Refused {
        advice: "no 1C base is set; set onec.url (ONEC_API_URL)".to_owned(),
        source: None,
    })
}

#[async_trait]
impl SalesSource for AbsentSource {
    async fn cards<'a>(
        &'a self,
        _after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<CardRecord>, SourceError> {
        absent()
    }

    async fn missing_cards(
        &self,
        _cards: &[CardRef],
    ) -> Result<SourceAnswer<Vec<CardRef>>, SourceError> {
        absent()
    }

    async fn profiles<'a>(
        &'a self,
        _after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<CustomerProfile>, SourceError> {
        absent()
    }

    async fn stores<'a>(
        &'a self,
        _after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<Store>, SourceError> {
        absent()
    }

    async fn products<'a>(
        &'a self,
        _after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<Product>, SourceError> {
        absent()
    }

    async fn sales<'a>(
        &'a self,
        _since: Option<DateTime<Utc>>,
        _after: Option<&'a SourceCursor>,
    ) -> Result<SalesWindow, SourceError> {
        absent()
    }

    async fn sales_of(
        &self,
        _documents: &[DocumentKey],
    ) -> Result<SourceAnswer<Vec<SaleLine>>, SourceError> {
        absent()
    }
}

#[async_trait]
impl PointsSource for AbsentSource {
    async fn card_points(
        &self,
        _as_of: DateTime<Utc>,
    ) -> Result<SourceAnswer<Vec<CardPoints>>, SourceError> {
        absent()
    }
}
