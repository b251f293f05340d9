//! What goes wrong with real bases is borne, or reported so that a person can act.

use std::collections::{BTreeMap, BTreeSet};

use glame_core::ports::{CardRecord, SalesSource, SourceError};
use glame_core::purchases::{DocumentKey, DocumentKind};
use glame_core::values::DocumentRef;
use glame_onec::{HiddenRows, OnecSource, SalesRegister};
use glame_onec_simulator::{
    Fault, FaultRule, Pick, Published, Quirks, Rate, Scenario, ScenarioStep, Simulator,
    SimulatorSettings, TimedStep,
};

use crate::log::Log;
use crate::shop::{Reading, assert_complete, open_shop, plan, reader_of, small_shop, source_of};

const SALES: &str = "AccumulationRegister_Продажи_RecordType";

/// Reads everything while a fault strikes, and checks that nothing is lost or doubled.
async fn bears(rule: FaultRule) {
    let shop = open_shop().await;
    for register in [SalesRegister::Sales, SalesRegister::SalesByCards] {
        shop.set_faults(plan([rule.clone()]));
        let reading = Reading::of(&source_of(&shop, register), None).await;
        let reading = reading.unwrap_or_else(|error| panic!("{rule:?} {register:?}: {error}"));
        shop.set_faults(plan([]));
        assert_complete(&reading, &shop, register);
    }
}

/// Reads sales while a fault always strikes, and gives the error.
async fn fails(rule: FaultRule) -> SourceError {
    let shop = open_shop().await;
    shop.set_faults(plan([rule.only_on(SALES)]));
    let source = source_of(&shop, SalesRegister::Sales);
    Reading::of(&source, None).await.unwrap_err()
}

#[tokio::test]
async fn faults_of_the_way_are_borne() {
    for fault in [
        Fault::SlowFirstByte,
        Fault::Reset,
        Fault::TruncatedJson,
        Fault::StaleSession,
        Fault::License,
        Fault::TooMany,
        Fault::BadGateway,
        Fault::Unavailable,
        Fault::Timeout,
        Fault::Maintenance,
        Fault::MissingValue,
        Fault::Business,
        Fault::DuplicateRows,
    ] {
        bears(FaultRule::always(fault).at_rate(Rate::percent(15))).await;
    }
}

#[tokio::test]
async fn a_stall_in_the_body_is_borne() {
    bears(FaultRule::once(Fault::Stall).after(2)).await;
}

#[tokio::test]
async fn a_base_that_orders_no_register_is_read_in_narrower_windows() {
    bears(FaultRule::always(Fault::AutoOrder)).await;
}

#[tokio::test]
async fn a_base_that_lacks_memory_is_read_in_narrower_windows() {
    bears(FaultRule::always(Fault::Memory { lines: 500 })).await;
}

#[tokio::test]
async fn a_base_without_memory_and_without_order_is_read_all_the_same() {
    let settings = SimulatorSettings {
        quirks: Quirks {
            unstable_order: true,
            ..Quirks::default()
        },
        faults: plan([
            FaultRule::always(Fault::AutoOrder),
            FaultRule::always(Fault::Memory { lines: 700 }),
        ]),
        ..small_shop()
    };
    let shop = Simulator::start(settings).await.unwrap();
    let source = source_of(&shop, SalesRegister::Sales);
    let reading = Reading::of(&source, None).await.unwrap();
    assert_complete(&reading, &shop, SalesRegister::Sales);
    assert!(reading.requests() < 150, "{} requests", reading.requests());
}

#[tokio::test]
async fn a_base_that_refuses_filters_is_read_as_a_whole() {
    bears(FaultRule::always(Fault::FilterRefused)).await;
}

#[tokio::test]
async fn rows_that_are_entered_meanwhile_lose_no_others() {
    let shop = open_shop().await;
    let before = crate::shop::expected(&shop, SalesRegister::Sales);
    shop.set_faults(plan([
        FaultRule::always(Fault::InsertedRows).at_rate(Rate::percent(30))
    ]));
    let reading = Reading::of(&source_of(&shop, SalesRegister::Sales), None)
        .await
        .unwrap();
    // What was entered is anonymous, so that the holders must be the same.
    assert_eq!(without_openings(&reading), before.holders);
}

/// Deletes a sale, behind the first window but not far, before each of these requests.
fn deletions(requests: impl IntoIterator<Item = u64>) -> Scenario {
    let steps = requests.into_iter().map(|after_requests| TimedStep {
        after_requests,
        step: ScenarioStep::Delete {
            document: Pick::Nth(120 + usize::try_from(after_requests).unwrap()),
        },
    });
    Scenario {
        steps: steps.collect(),
    }
}

#[tokio::test]
async fn rows_that_are_deleted_between_two_pages_lose_no_others() {
    for after_requests in 10..20 {
        let shop = open_shop().await;
        shop.set_faults(plan([FaultRule::always(Fault::FilterRefused)]));
        shop.run(&deletions([after_requests])).unwrap();
        let source = source_of(&shop, SalesRegister::SalesByCards);
        let reading = Reading::of(&source, None).await.unwrap();
        assert!(u64::from(reading.requests()) > after_requests);
        assert_complete(&reading, &shop, SalesRegister::SalesByCards);
    }
}

#[tokio::test]
async fn rows_that_change_before_every_page_are_not_taken_for_complete() {
    let shop = open_shop().await;
    shop.set_faults(plan([FaultRule::always(Fault::FilterRefused)]));
    shop.run(&deletions(1..100)).unwrap();
    let source = source_of(&shop, SalesRegister::SalesByCards);
    let error = Reading::of(&source, None).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
    assert!(
        error.to_string().contains("when the shop is quiet"),
        "{error}"
    );
}

fn without_openings(reading: &Reading) -> BTreeMap<uuid::Uuid, glame_onec_simulator::Totals> {
    let mut windows = reading.windows.clone();
    windows.retain(|window| {
        window.documents != glame_core::purchases::DocumentScope::OpeningBalancesOnly
    });
    Reading { windows }.by_holder()
}

#[tokio::test]
async fn catalogues_bear_unstable_rows() {
    let settings = SimulatorSettings {
        quirks: Quirks {
            unstable_order: true,
            ..Quirks::default()
        },
        faults: plan([FaultRule::always(Fault::DuplicateRows).at_rate(Rate::percent(50))]),
        ..small_shop()
    };
    let troubled = Simulator::start(settings).await.unwrap();
    let sound = open_shop().await;
    let cards = |shop: &Simulator| {
        let source = source_of(shop, SalesRegister::Sales);
        async move {
            let (mut cards, mut cursor) = (std::collections::BTreeSet::new(), None);
            loop {
                let page = source.cards(cursor.as_ref()).await.unwrap();
                cards.extend(page.items.into_iter().map(|record| record.card));
                cursor = page.next;
                if cursor.is_none() {
                    return cards;
                }
            }
        }
    };
    assert_eq!(cards(&troubled).await, cards(&sound).await);
}

#[tokio::test]
async fn a_set_that_is_suddenly_not_published_is_named() {
    let error = fails(FaultRule::always(Fault::Unpublished).after(3)).await;
    assert!(matches!(&error, SourceError::Refused { .. }), "{error}");
    assert!(
        error.to_string().contains("Регистры накопления → Продажи"),
        "{error}"
    );
}

#[tokio::test]
async fn a_field_that_is_renamed_is_left_out_or_named() {
    let shop = open_shop().await;
    shop.set_faults(plan([FaultRule::once(Fault::RenamedField)]));
    let reading = Reading::of(&source_of(&shop, SalesRegister::Sales), None)
        .await
        .unwrap();
    assert_complete(&reading, &shop, SalesRegister::Sales);
    let error = fails(FaultRule::always(Fault::RenamedField)).await;
    assert!(matches!(&error, SourceError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("has no field Сумма"), "{error}");
}

#[tokio::test]
async fn what_a_person_must_settle_is_refused_at_once() {
    for (fault, hint) in [
        (Fault::Rights, "rights refused"),
        (Fault::Auth, "login refused"),
        (Fault::Redirect, "redirects to http://127.0.0.1"),
    ] {
        let error = fails(FaultRule::always(fault)).await;
        assert!(matches!(&error, SourceError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[tokio::test]
async fn the_login_stays_at_home() {
    let shop = open_shop().await;
    shop.set_faults(plan([FaultRule::always(Fault::Redirect)]));
    let error = source_of(&shop, SalesRegister::Sales)
        .cards(None)
        .await
        .unwrap_err();
    assert!(!error.is_temporary());
    assert!(shop.foreign_requests().is_empty());
    assert!(!shop.seen_credentials_elsewhere());
    assert_eq!(shop.requests(), 1);
}

#[tokio::test]
async fn a_page_without_end_is_cut_off() {
    let shop = open_shop().await;
    shop.set_faults(plan([FaultRule::always(Fault::HugePage)]));
    let mut settings = reader_of(&shop);
    settings.max_page_bytes = 1_000_000;
    let source = OnecSource::open(settings).unwrap();
    let error = source.cards(None).await.unwrap_err();
    assert!(error.to_string().contains("max_page_bytes"), "{error}");
}

#[tokio::test]
async fn a_base_that_stays_away_is_reported_as_temporary() {
    for fault in [
        Fault::Unavailable,
        Fault::Maintenance,
        Fault::License,
        Fault::Reset,
    ] {
        let error = fails(FaultRule::always(fault)).await;
        assert!(error.is_temporary(), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn lines_of_a_document_that_is_not_published_are_set_aside_loudly() {
    let returns = "Document_ЧекККМВозврат";
    let sound = Reading::of(&source_of(&open_shop().await, SalesRegister::Sales), None)
        .await
        .unwrap();
    let of_returns = sound
        .lines()
        .filter(|line| line.document.kind == DocumentKind::ReturnReceipt);
    let of_returns = of_returns.count();
    let unpublished_sets = BTreeSet::from([returns.to_owned()]);
    let published = Published {
        unpublished_sets,
        ..Published::default()
    };
    let shop = Simulator::start(SimulatorSettings {
        published,
        ..small_shop()
    })
    .await
    .unwrap();
    let source = source_of(&shop, SalesRegister::Sales);
    let reading = Reading::of(&source, None).await.unwrap();
    assert!(of_returns > 0);
    assert_eq!(reading.rejected().len(), of_returns);
    assert!(reading.rejected()[0].reason.contains("is not published"));
    assert_eq!(reading.lines().count() + of_returns, sound.lines().count());
    // Nor may such a document look deleted.
    let key = DocumentKey {
        kind: DocumentKind::ReturnReceipt,
        document: document_of(&sound),
    };
    let error = source.sales_of(&[key]).await.unwrap_err();
    assert!(matches!(&error, SourceError::Refused { .. }), "{error}");
}

fn document_of(reading: &Reading) -> DocumentRef {
    let mut lines = reading.lines();
    lines
        .find(|line| line.document.kind == DocumentKind::ReturnReceipt)
        .unwrap()
        .document
        .document
}

#[tokio::test]
async fn a_hidden_row_is_refused_or_left_out_as_the_settings_say() {
    let card = *open_cards().await[0].card.as_uuid();
    let settings = SimulatorSettings {
        hidden: BTreeSet::from([card]),
        ..small_shop()
    };
    let shop = Simulator::start(settings).await.unwrap();
    let error = source_of(&shop, SalesRegister::Sales)
        .cards(None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("rights refused"), "{error}");
    let mut settings = reader_of(&shop);
    settings.hidden_rows = HiddenRows::LeftOut;
    let page = OnecSource::open(settings)
        .unwrap()
        .cards(None)
        .await
        .unwrap();
    assert!(
        page.items
            .iter()
            .all(|record| *record.card.as_uuid() != card)
    );
}

async fn open_cards() -> Vec<CardRecord> {
    let shop = open_shop().await;
    source_of(&shop, SalesRegister::Sales)
        .cards(None)
        .await
        .unwrap()
        .items
}

#[tokio::test]
async fn what_a_base_refused_in_one_reading_is_asked_for_again_in_the_next() {
    let shop = open_shop().await;
    shop.set_faults(plan([FaultRule::always(Fault::AutoOrder)]));
    let source = source_of(&shop, SalesRegister::Sales);
    let troubled = Reading::of(&source, None).await.unwrap();
    shop.set_faults(plan([]));
    let sound = Reading::of(&source, None).await.unwrap();
    assert!(sound.requests() < troubled.requests());
    assert_complete(&sound, &shop, SalesRegister::Sales);
}

#[tokio::test]
async fn a_troubled_reading_logs_no_customer() {
    let shop = open_shop().await;
    let faults = [
        Fault::Business,
        Fault::Unavailable,
        Fault::TruncatedJson,
        Fault::RenamedField,
    ];
    let rules = faults.map(|fault| FaultRule::always(fault).at_rate(Rate::percent(10)));
    shop.set_faults(plan(rules));
    let log = Log::default();
    let guard = log.listen();
    let source = source_of(&shop, SalesRegister::SalesByCards);
    let cards = source.cards(None).await.unwrap().items;
    let profiles = source.profiles(None).await.unwrap().items;
    // A required field may be among those that are renamed: what counts is what is logged.
    let reading = Reading::of(&source, None)
        .await
        .map(|reading| reading.requests());
    drop(guard);
    let text = format!("{} {reading:?} {source:?}", log.text());
    assert!(
        text.contains("1C did not answer"),
        "there was trouble to log"
    );
    for card in cards {
        let number = card.number.unwrap();
        assert!(!text.contains(number.as_str()) && !text.contains(&card.card.to_string()));
    }
    for profile in profiles {
        assert!(!text.contains(profile.full_name.unwrap().as_str()));
        if let Some(phone) = profile.phone {
            assert!(!text.contains(&phone.digits().to_string()));
        }
    }
    assert!(!text.contains("b2RhdGE6b2RhdGE"), "the login");
}
