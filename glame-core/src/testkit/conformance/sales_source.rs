//! A shop's base.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::ports::{SalesSource, SalesWindow, SourceCursor, SourcePage};
use crate::purchases::{DocumentKey, DocumentKind, DocumentScope, SaleLine};
use crate::values::{CardRef, DocumentRef};

/// Reads all pages of a catalogue by calling `$next` with each cursor.
macro_rules! all_pages {
    ($source:expr, $method:ident) => {{
        let mut items = Vec::new();
        let mut cursor: Option<SourceCursor> = None;
        loop {
            let page: SourcePage<_> = $source.$method(cursor.as_ref()).await.unwrap();
            assert!(
                page.requests > 0 || page.items.is_empty(),
                "records come from requests"
            );
            items.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break items;
            }
        }
    }};
}

async fn all_windows(source: &dyn SalesSource, since: Option<DateTime<Utc>>) -> Vec<SalesWindow> {
    let mut windows: Vec<SalesWindow> = Vec::new();
    loop {
        let after = windows.last().and_then(|window| window.next.clone());
        if after.is_none() && !windows.is_empty() {
            return windows;
        }
        windows.push(source.sales(since, after.as_ref()).await.unwrap());
    }
}

fn all_lines(windows: &[SalesWindow]) -> Vec<SaleLine> {
    sorted(
        windows
            .iter()
            .flat_map(|window| window.lines.clone())
            .collect(),
    )
}

fn sorted(mut lines: Vec<SaleLine>) -> Vec<SaleLine> {
    lines.sort_by_key(|line| (line.document, line.line_number, line.purchased_at));
    lines
}

/// Every card comes once.
pub async fn every_card_comes_once(source: &dyn SalesSource) {
    let cards = all_pages!(source, cards);
    assert!(!cards.is_empty(), "the suite needs a shop with cards");
    let different: BTreeSet<_> = cards.iter().map(|record| record.card).collect();
    assert_eq!(different.len(), cards.len());
}

/// Every counterparty comes once.
pub async fn every_profile_comes_once(source: &dyn SalesSource) {
    let profiles = all_pages!(source, profiles);
    let different: BTreeSet<_> = profiles
        .iter()
        .map(|profile| profile.counterparty)
        .collect();
    assert_eq!(different.len(), profiles.len());
}

/// Every article and every store comes once.
pub async fn every_article_and_store_comes_once(source: &dyn SalesSource) {
    let products = all_pages!(source, products);
    let different: BTreeSet<_> = products.iter().map(|product| product.product).collect();
    assert_eq!(different.len(), products.len());
    let stores = all_pages!(source, stores);
    let different: BTreeSet<_> = stores.iter().map(|store| store.store).collect();
    assert_eq!(different.len(), stores.len());
}

/// The windows of a reading follow one another without gap or overlap, over all time.
pub async fn windows_do_not_overlap_and_cover_all_time(source: &dyn SalesSource) {
    let windows = all_windows(source, None).await;
    let sales: Vec<_> = windows
        .iter()
        .filter(|window| window.documents != DocumentScope::OpeningBalancesOnly)
        .map(|window| window.range)
        .collect();
    assert_eq!(sales.first().unwrap().from(), None);
    assert_eq!(sales.last().unwrap().to(), None);
    for pair in sales.windows(2) {
        assert!(pair[0].to().is_some());
        assert_eq!(pair[0].to(), pair[1].from());
    }
}

/// Every line lies in its window, and no line comes in two windows.
pub async fn every_line_lies_in_its_window_and_comes_once(source: &dyn SalesSource) {
    let windows = all_windows(source, None).await;
    let mut seen = BTreeSet::new();
    for window in &windows {
        for line in &window.lines {
            assert!(window.range.contains(line.purchased_at), "{line:?}");
            assert!(window.documents.holds(line.document.kind), "{line:?}");
            assert!(
                seen.insert((line.document, line.line_number, line.purchased_at)),
                "{line:?}"
            );
        }
    }
    assert!(!seen.is_empty(), "the suite needs a shop with sales");
}

/// A reading that is broken off goes on from its cursor and misses nothing.
pub async fn a_reading_goes_on_from_any_cursor(source: &dyn SalesSource) {
    let windows = all_windows(source, None).await;
    for (index, window) in windows.iter().enumerate() {
        let Some(cursor) = &window.next else { continue };
        let again = source
            .sales(None, Some(&SourceCursor::new(cursor.to_string())))
            .await
            .unwrap();
        let expected = &windows[index + 1];
        assert_eq!(again.range, expected.range);
        assert_eq!(again.documents, expected.documents);
        assert_eq!(sorted(again.lines), sorted(expected.lines.clone()));
    }
}

/// A reading since an instant holds what came from then on, and every opening balance.
pub async fn a_reading_since_an_instant_holds_the_rest_and_all_opening_balances(
    source: &dyn SalesSource,
) {
    let all = all_lines(&all_windows(source, None).await);
    let mut instants: Vec<DateTime<Utc>> = all.iter().map(|line| line.purchased_at).collect();
    instants.sort();
    let middle = instants[instants.len() / 2];
    for since in [middle, middle + TimeDelta::seconds(1), instants[0]] {
        let expected: Vec<SaleLine> = all
            .iter()
            .filter(|line| {
                line.purchased_at >= since || line.document.kind == DocumentKind::OpeningBalance
            })
            .cloned()
            .collect();
        assert_eq!(
            all_lines(&all_windows(source, Some(since)).await),
            expected,
            "{since}"
        );
    }
}

/// The lines of a document are found whatever its date is.
pub async fn documents_are_found_wherever_they_lie(source: &dyn SalesSource) {
    let all = all_lines(&all_windows(source, None).await);
    let documents: BTreeSet<DocumentKey> = all.iter().map(|line| line.document).collect();
    let some: Vec<DocumentKey> = documents
        .iter()
        .take(2)
        .chain(documents.iter().rev().take(2))
        .copied()
        .collect();
    let expected: Vec<SaleLine> = all
        .iter()
        .filter(|line| some.contains(&line.document))
        .cloned()
        .collect();
    let found = source.sales_of(&some).await.unwrap().answer;
    assert_eq!(sorted(found), expected);
}

/// A document that is not there gives no lines and no error.
pub async fn an_unknown_document_gives_no_lines(source: &dyn SalesSource) {
    let unknown = DocumentKey {
        kind: DocumentKind::Receipt,
        document: DocumentRef::from_uuid(Uuid::from_u128(0xDEAD)),
    };
    assert_eq!(source.sales_of(&[unknown]).await.unwrap().answer, []);
    assert_eq!(source.sales_of(&[]).await.unwrap().answer, []);
}

/// Cards that exist are not missing; one that never was is.
pub async fn known_cards_are_not_missing_and_unknown_ones_are(source: &dyn SalesSource) {
    let page = source.cards(None).await.unwrap();
    let mut cards: Vec<CardRef> = page.items.iter().map(|record| record.card).collect();
    let unknown = CardRef::from_uuid(Uuid::from_u128(0xDEAD));
    cards.push(unknown);
    assert_eq!(
        source.missing_cards(&cards).await.unwrap().answer,
        [unknown]
    );
    assert_eq!(source.missing_cards(&[]).await.unwrap().answer, []);
}
