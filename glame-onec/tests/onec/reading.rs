//! What a sound base gives: everything once, in few requests, in the time of the shop.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use glame_core::ports::{SalesSource, SourceCursor};
use glame_core::purchases::{DocumentKind, DocumentScope};
use glame_core::users::Holder;
use glame_onec::{OnecSource, ReceiptHolders, SalesRegister};
use glame_onec_simulator::{BaseSettings, Fault, FaultRule, Quirks, Simulator, SimulatorSettings};
use uuid::Uuid;

use crate::shop::{
    LINES, Reading, assert_complete, expected, key_of, open_shop, plan, reader_of, small_shop,
    source_of,
};

const BOTH: [SalesRegister; 2] = [SalesRegister::Sales, SalesRegister::SalesByCards];

#[tokio::test]
async fn every_line_of_either_register_comes_once() {
    let shop = open_shop().await;
    for register in BOTH {
        let reading = Reading::of(&source_of(&shop, register), None)
            .await
            .unwrap();
        assert_complete(&reading, &shop, register);
    }
}

#[tokio::test]
async fn a_reading_takes_as_many_requests_as_there_are_pages() {
    let shop = open_shop().await;
    let reading = Reading::of(&source_of(&shop, SalesRegister::Sales), None)
        .await
        .unwrap();
    let pages = u32::try_from(LINES / 200).unwrap();
    // One for the lines of a window and one for the headers of its returns; the list of sets and
    // the opening balances come on top.
    assert!(
        reading.requests() <= 2 * pages + 6,
        "{} requests",
        reading.requests()
    );
    assert_eq!(u64::from(reading.requests()), shop.requests());
}

#[tokio::test]
async fn a_shop_that_fits_a_page_is_read_at_once() {
    let shop = open_shop().await;
    let mut settings = reader_of(&shop);
    settings.page_sizes.sales = 20_000;
    settings.sales_register = SalesRegister::SalesByCards;
    let reading = Reading::of(&OnecSource::open(settings).unwrap(), None)
        .await
        .unwrap();
    // The list of sets, the lines, the headers of returns.
    assert_eq!((reading.windows.len(), reading.requests()), (1, 3));
    assert_complete(&reading, &shop, SalesRegister::SalesByCards);
}

#[tokio::test]
async fn a_server_with_odd_habits_is_read_all_the_same() {
    let habits = [
        Quirks {
            unstable_order: true,
            ..Quirks::default()
        },
        Quirks {
            bom: true,
            gzip: true,
            ..Quirks::default()
        },
        Quirks {
            chunked: true,
            pretty_json: false,
            iis_segment_limit: true,
            ..Quirks::default()
        },
    ];
    for quirks in habits {
        let settings = SimulatorSettings {
            quirks,
            user: "Обмен".to_owned(),
            ..small_shop()
        };
        let shop = Simulator::start(settings).await.unwrap();
        for register in BOTH {
            let reading = Reading::of(&source_of(&shop, register), None)
                .await
                .unwrap();
            assert_complete(&reading, &shop, register);
        }
    }
}

#[tokio::test]
async fn opening_balances_come_once_whatever_the_period() {
    let shop = open_shop().await;
    let since = Utc.with_ymd_and_hms(2025, 1, 1, 0, 0, 0).unwrap();
    let opening = expected(&shop, SalesRegister::SalesByCards).opening;
    assert!(opening.kopecks > 0);
    for register in BOTH {
        for since in [None, Some(since)] {
            let reading = Reading::of(&source_of(&shop, register), since)
                .await
                .unwrap();
            assert_eq!(
                reading.opening_kopecks(),
                opening.kopecks,
                "{register:?} {since:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_period_holds_what_the_shop_sold_in_it() {
    let shop = open_shop().await;
    // Midnight in Moscow.
    let since = Utc.with_ymd_and_hms(2024, 6, 30, 21, 0, 0).unwrap();
    let from = NaiveDate::from_ymd_opt(2024, 7, 1)
        .unwrap()
        .and_hms_opt(0, 0, 0)
        .unwrap();
    let to = NaiveDate::from_ymd_opt(3999, 1, 1)
        .unwrap()
        .and_hms_opt(0, 0, 0)
        .unwrap();
    let simulated = glame_onec_simulator::SalesRegister::Sales;
    let expected = shop.oracle().totals_between(simulated, from, to);
    let reading = Reading::of(&source_of(&shop, SalesRegister::Sales), Some(since))
        .await
        .unwrap();
    assert_eq!(reading.sales_lines(), expected.all.lines);
    let first = reading
        .windows
        .iter()
        .find(|window| window.documents == DocumentScope::ExceptOpeningBalances);
    assert_eq!(first.unwrap().range.from(), Some(since));
}

#[tokio::test]
async fn each_day_has_the_money_of_the_shops_own_calendar() {
    let shop = open_shop().await;
    let reading = Reading::of(&source_of(&shop, SalesRegister::Sales), None)
        .await
        .unwrap();
    let mut days: BTreeMap<(Uuid, NaiveDate), i64> = BTreeMap::new();
    let sales = reading
        .lines()
        .filter(|line| line.document.kind != DocumentKind::OpeningBalance);
    for line in sales {
        let day = line
            .purchased_at
            .with_timezone(&Tz::Europe__Moscow)
            .date_naive();
        if let Some(holder) = line.holder {
            *days.entry((key_of(holder), day)).or_default() += line.amount.kopecks();
        }
    }
    let simulated = glame_onec_simulator::SalesRegister::Sales;
    assert_eq!(days, shop.oracle().daily_kopecks(simulated));
}

#[tokio::test]
async fn returns_are_negative_and_name_their_receipt() {
    let shop = open_shop().await;
    let reading = Reading::of(&source_of(&shop, SalesRegister::Sales), None)
        .await
        .unwrap();
    let receipts: BTreeSet<_> = reading
        .lines()
        .filter(|line| line.document.kind == DocumentKind::Receipt)
        .map(|line| line.document.document)
        .collect();
    let returns: Vec<_> = reading
        .lines()
        .filter(|line| line.document.kind == DocumentKind::ReturnReceipt)
        .collect();
    assert!(!returns.is_empty(), "the shop has returns");
    for line in &returns {
        assert!(
            line.amount.kopecks() < 0 && line.quantity.thousandths() < 0,
            "{line:?}"
        );
    }
    let linked = returns.iter().filter(|line| {
        line.returns
            .is_some_and(|receipt| receipts.contains(&receipt))
    });
    assert!(linked.count() > 0, "returns name their receipts");
    let others = reading
        .lines()
        .filter(|line| line.document.kind == DocumentKind::Receipt);
    assert_eq!(others.filter(|line| line.returns.is_some()).count(), 0);
}

#[tokio::test]
async fn headers_of_receipts_are_read_in_bulk() {
    let shop = open_shop().await;
    let mut settings = reader_of(&shop);
    settings.receipt_holders = ReceiptHolders::FromReceiptHeaders;
    settings.page_sizes.sales = 2_000;
    let reading = Reading::of(&OnecSource::open(settings).unwrap(), None)
        .await
        .unwrap();
    assert!(reading.requests() <= 30, "{} requests", reading.requests());
    let known = expected(&shop, SalesRegister::Sales).holders;
    let found = reading.by_holder();
    for (holder, totals) in known {
        assert!(found[&holder].lines >= totals.lines);
    }
}

#[tokio::test]
async fn a_card_stands_for_the_holder_whom_nobody_named() {
    let shop = open_shop().await;
    let source = source_of(&shop, SalesRegister::SalesByCards);
    let reading = Reading::of(&source, None).await.unwrap();
    assert!(reading.lines().all(|line| line.holder.is_some()));
    let of_persons = reading
        .lines()
        .filter(|line| matches!(line.holder, Some(Holder::Counterparty(_))))
        .count();
    assert!(of_persons > 0);
}

#[tokio::test]
async fn a_second_with_more_lines_than_a_page_is_read_completely() {
    for rules in [vec![], vec![FaultRule::always(Fault::AutoOrder)]] {
        let base = BaseSettings::Generated {
            customers: 3_000,
            lines: 400,
            seed: 3,
        };
        let settings = SimulatorSettings {
            base,
            faults: plan(rules),
            ..small_shop()
        };
        let shop = Simulator::start(settings).await.unwrap();
        let mut settings = reader_of(&shop);
        // An opening balance writes a hundred lines in one second.
        settings.page_sizes.sales = 40;
        settings.sales_register = SalesRegister::SalesByCards;
        let reading = Reading::of(&OnecSource::open(settings).unwrap(), None)
            .await
            .unwrap();
        assert!(expected(&shop, SalesRegister::SalesByCards).opening.lines >= 300);
        assert_complete(&reading, &shop, SalesRegister::SalesByCards);
    }
}

#[tokio::test]
async fn the_demonstration_shop_is_read_completely() {
    let settings = SimulatorSettings {
        base: BaseSettings::OnlineRetail,
        ..SimulatorSettings::default()
    };
    let shop = Simulator::start(settings).await.unwrap();
    let mut settings = reader_of(&shop);
    settings.page_sizes.sales = 20_000;
    settings.timeouts.idle_read = std::time::Duration::from_secs(20);
    let reading = Reading::of(&OnecSource::open(settings).unwrap(), None)
        .await
        .unwrap();
    assert_complete(&reading, &shop, SalesRegister::Sales);
}

#[tokio::test]
async fn a_cursor_of_another_version_or_register_begins_anew() {
    let shop = open_shop().await;
    let by_cards = source_of(&shop, SalesRegister::SalesByCards)
        .sales(None, None)
        .await
        .unwrap();
    let source = source_of(&shop, SalesRegister::Sales);
    let first = source.sales(None, None).await.unwrap();
    for foreign in [
        SourceCursor::new("{\"page\": 5}".to_owned()),
        by_cards.next.unwrap(),
    ] {
        let again = source.sales(None, Some(&foreign)).await.unwrap();
        assert_eq!(
            (again.range, again.documents),
            (first.range, first.documents)
        );
        let first_page = source.cards(None).await.unwrap();
        assert_eq!(
            source.cards(Some(&foreign)).await.unwrap().items,
            first_page.items
        );
    }
}

#[tokio::test]
async fn catalogues_are_read_with_their_names() {
    let shop = open_shop().await;
    let source = source_of(&shop, SalesRegister::Sales);
    let (mut products, mut cursor) = (Vec::new(), None);
    loop {
        let page = source.products(cursor.as_ref()).await.unwrap();
        assert_eq!(page.rejected, []);
        products.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert!(products.iter().any(|product| product.category.is_some()));
    assert!(products.iter().any(|product| product.brand.is_some()));
    let profiles = source.profiles(None).await.unwrap();
    assert!(profiles.items.iter().any(|profile| profile.phone.is_some()));
    assert!(
        profiles
            .items
            .iter()
            .any(|profile| profile.full_name.is_some())
    );
    assert!(!source.stores(None).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn many_documents_are_looked_up_in_few_requests() {
    let shop = open_shop().await;
    let source = source_of(&shop, SalesRegister::Sales);
    let reading = Reading::of(&source, None).await.unwrap();
    let documents: BTreeSet<_> = reading.lines().map(|line| line.document).collect();
    let some: Vec<_> = documents.into_iter().take(60).collect();
    let answer = source.sales_of(&some).await.unwrap();
    let wanted = reading
        .lines()
        .filter(|line| some.contains(&line.document))
        .count();
    assert_eq!(answer.answer.len(), wanted);
    assert!(answer.requests <= 20, "{} requests", answer.requests);
}
