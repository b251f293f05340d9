//! The points that 1C keeps, by its balances and, where it gives none, by their lines.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use glame_core::ports::{CardPoints, PointsSource, Rejected, SourceAnswer, SourceError};
use glame_core::testkit::fixtures;
use glame_core::values::CardRef;
use glame_onec::{HiddenRows, OnecSource, SalesRegister};
use glame_onec_simulator::{
    Fault, FaultRule, Pick, Published, Quirks, Rate, Scenario, ScenarioStep, Simulator,
    SimulatorSettings, When, random_scenario,
};
use uuid::Uuid;

use crate::pages::{CARD, NOBODY, RECEIPT, RETURN};
use crate::scripted_server::{Reply, ScriptedServer};
use crate::shop::{open_shop, plan, reader_of, small_shop, source_of};

const REGISTER: &str = "AccumulationRegister_БонусныеБаллы";
const LINES: &str = "AccumulationRegister_БонусныеБаллы_RecordType";

/// A base that has no virtual tables.
fn no_balances() -> FaultRule {
    FaultRule::always(Fault::NoMethod)
}

async fn points_of(shop: &Simulator, as_of: DateTime<Utc>) -> SourceAnswer<Vec<CardPoints>> {
    let source = source_of(shop, SalesRegister::Sales);
    source.card_points(as_of).await.unwrap()
}

/// What the documents of a shop come to, in whole points.
fn expected(shop: &Simulator, as_of: DateTime<Utc>) -> Vec<CardPoints> {
    let local = as_of.with_timezone(&Tz::Europe__Moscow).naive_local();
    let balances = shop.oracle().bonus_balances(local).into_iter();
    balances
        .map(|(card, hundredths)| CardPoints {
            card: CardRef::from_uuid(card),
            points: hundredths.div_euclid(100),
        })
        .filter(|points| points.points != 0)
        .collect()
}

/// Checks that both ways give what the documents come to.
async fn assert_same_both_ways(shop: &Simulator, as_of: DateTime<Utc>) {
    let expected = expected(shop, as_of);
    assert!(!expected.is_empty());
    for rules in [vec![], vec![no_balances()]] {
        let by = format!("{as_of} {rules:?}");
        shop.set_faults(plan(rules));
        let answer = points_of(shop, as_of).await;
        assert_eq!(answer.rejected, [], "{by}");
        assert_eq!(answer.answer, expected, "{by}");
    }
    shop.set_faults(plan([]));
}

fn new_card(name: &str) -> ScenarioStep {
    ScenarioStep::NewCard {
        name: name.to_owned(),
        owner: None,
        barcode: format!("2999{name}"),
    }
}

/// Puts the points of a card right in the morning of 2025-03-15, local time.
fn adjusted(card: Pick, hundredths: i32) -> ScenarioStep {
    ScenarioStep::Adjust {
        card,
        at: When::At("2025-03-15T10:00:00".parse().unwrap()),
        hundredths,
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Gives the points of a card both ways.
async fn of_card(shop: &Simulator, zone: Tz, card: Uuid, as_of: &str) -> [Option<i64>; 2] {
    let mut settings = reader_of(shop);
    settings.zone = zone;
    let source = OnecSource::open(settings).unwrap();
    let mut both = [None; 2];
    for (rules, points) in [vec![], vec![no_balances()]].into_iter().zip(&mut both) {
        shop.set_faults(plan(rules));
        let answer = source.card_points(instant(as_of)).await.unwrap().answer;
        let own = answer.iter().find(|own| *own.card.as_uuid() == card);
        *points = own.map(|own| own.points);
    }
    both
}

#[tokio::test]
async fn whatever_happens_in_1c_both_ways_say_what_its_documents_say() {
    for seed in 1..=4 {
        let shop = open_shop().await;
        shop.run(&random_scenario(seed, 60)).unwrap();
        for nth in 0..20 {
            let hundredths = (i32::try_from(nth).unwrap() - 10) * 1_033;
            shop.apply(&adjusted(Pick::Nth(nth), hundredths)).unwrap();
            let document = Pick::Nth(nth * 7);
            shop.apply(&ScenarioStep::Deactivate { document }).unwrap();
        }
        for days in [-200, -92, 0, 90, 300] {
            let as_of = fixtures::minute(0) + TimeDelta::days(days);
            assert_same_both_ways(&shop, as_of).await;
        }
    }
}

#[tokio::test]
async fn balances_take_two_requests_and_lines_as_many_as_there_are_pages() {
    let shop = open_shop().await;
    assert_eq!(points_of(&shop, fixtures::minute(0)).await.requests, 2);
    shop.set_faults(plan([no_balances()]));
    let by_lines = points_of(&shop, fixtures::minute(0)).await.requests;
    assert!((5..40).contains(&by_lines), "{by_lines} requests");
}

#[tokio::test]
async fn fractions_are_rounded_down_once_and_a_card_may_owe() {
    let shop = open_shop().await;
    let names = ["whole", "fraction", "owes", "nothing"];
    let cards = shop
        .run(&Scenario::of(names.map(new_card)))
        .unwrap()
        .objects;
    for (name, hundredths) in [
        ("whole", 1_050),
        ("whole", 50),
        ("fraction", 1_099),
        ("owes", 20),
        ("owes", -570),
        ("nothing", 99),
    ] {
        let card = Pick::Named(name.to_owned());
        shop.apply(&adjusted(card, hundredths)).unwrap();
    }
    for (card, points) in cards.into_iter().zip([Some(11), Some(10), Some(-6), None]) {
        let found = of_card(&shop, Tz::Europe__Moscow, card, "2025-03-16T00:00:00Z").await;
        assert_eq!(found, [points; 2]);
    }
}

#[tokio::test]
async fn what_is_dated_in_the_future_does_not_count_today() {
    let shop = open_shop().await;
    let card = shop.run(&Scenario::of([new_card("card")])).unwrap().objects[0];
    shop.apply(&ScenarioStep::Accrue {
        card: Pick::Named("card".to_owned()),
        at: When::At("2025-03-01T10:00:00".parse().unwrap()),
        points: 500,
        counts_after_days: 14,
        burns_after_days: 100,
    })
    .unwrap();
    // 10:00 in Moscow is 07:00 UTC; 10:00 in Vladivostok was midnight UTC.
    let (moscow, vladivostok) = (Tz::Europe__Moscow, Tz::Asia__Vladivostok);
    for (zone, as_of, points) in [
        (moscow, "2025-03-01T08:00:00Z", None),
        (moscow, "2025-03-15T06:59:59.9Z", None),
        (moscow, "2025-03-15T07:00:00Z", Some(500)),
        (moscow, "2025-06-23T06:59:59Z", Some(500)),
        (moscow, "2025-06-23T07:00:00Z", None),
        (vladivostok, "2025-03-14T23:59:59Z", None),
        (vladivostok, "2025-03-15T00:00:00Z", Some(500)),
    ] {
        let found = of_card(&shop, zone, card, as_of).await;
        assert_eq!(found, [points; 2], "{zone} {as_of}");
    }
}

#[tokio::test]
async fn lines_are_summed_however_1c_refuses_balances() {
    let shop = open_shop().await;
    let expected = expected(&shop, fixtures::minute(0));
    for fault in [
        Fault::NoMethod,
        Fault::Unpublished,
        Fault::Business,
        Fault::Rights,
        Fault::MissingValue,
        Fault::DuplicateRows,
        Fault::Memory { lines: 100 },
    ] {
        shop.set_faults(plan([FaultRule::always(fault).only_on(REGISTER)]));
        let answer = points_of(&shop, fixtures::minute(0)).await;
        assert_eq!(answer.answer, expected, "{fault:?}");
        assert!(answer.requests > 5, "{fault:?}");
    }
}

#[tokio::test]
async fn lines_are_read_through_the_trouble_of_a_base() {
    let unordered = Quirks {
        unstable_order: true,
        ..Quirks::default()
    };
    let settings = SimulatorSettings {
        quirks: unordered,
        ..small_shop()
    };
    let shop = Simulator::start(settings).await.unwrap();
    let expected = expected(&shop, fixtures::minute(0));
    for fault in [
        FaultRule::always(Fault::AutoOrder),
        FaultRule::always(Fault::Memory { lines: 500 }),
        FaultRule::always(Fault::FilterRefused),
        FaultRule::always(Fault::DuplicateRows).at_rate(Rate::percent(20)),
        FaultRule::always(Fault::Reset).at_rate(Rate::percent(15)),
        FaultRule::always(Fault::License).at_rate(Rate::percent(15)),
    ] {
        shop.set_faults(plan([no_balances(), fault.clone()]));
        let answer = points_of(&shop, fixtures::minute(0)).await;
        assert_eq!(answer.answer, expected, "{fault:?}");
        assert_eq!(answer.rejected, [], "{fault:?}");
    }
}

#[tokio::test]
async fn a_register_that_is_not_published_names_its_box() {
    let published = Published {
        unpublished_sets: BTreeSet::from([REGISTER.to_owned()]),
        ..Published::default()
    };
    let shop = Simulator::start(SimulatorSettings {
        published,
        ..small_shop()
    })
    .await
    .unwrap();
    let source = source_of(&shop, SalesRegister::Sales);
    let error = source.card_points(fixtures::minute(0)).await.unwrap_err();
    assert!(matches!(&error, SourceError::Refused { .. }), "{error}");
    let advice = error.to_string();
    assert!(
        advice.ends_with("Регистры накопления → Бонусные баллы"),
        "{advice}"
    );
}

#[tokio::test]
async fn trouble_with_the_way_or_the_login_is_not_asked_round() {
    let shop = open_shop().await;
    for (fault, temporary) in [(Fault::Auth, false), (Fault::Unavailable, true)] {
        shop.set_faults(plan([FaultRule::always(fault).only_on(REGISTER)]));
        let source = source_of(&shop, SalesRegister::Sales);
        let error = source.card_points(fixtures::minute(0)).await.unwrap_err();
        assert_eq!(error.is_temporary(), temporary, "{error}");
    }
    assert_eq!(shop.requests_by_set().get(LINES), None);
}

#[tokio::test]
async fn points_that_may_not_be_seen_are_refused_or_left_out_as_the_settings_say() {
    let sound = open_shop().await;
    let all = points_of(&sound, fixtures::minute(0)).await.answer;
    let scenario = Scenario::of([new_card("card"), adjusted(Pick::Named("card".into()), 900)]);
    let hidden = sound.run(&scenario).unwrap().documents[0];
    let settings = SimulatorSettings {
        hidden: BTreeSet::from([hidden]),
        ..small_shop()
    };
    let shop = Simulator::start(settings).await.unwrap();
    shop.run(&scenario).unwrap();
    let mut settings = reader_of(&shop);
    let source = OnecSource::open(settings.clone()).unwrap();
    let error = source.card_points(fixtures::minute(0)).await.unwrap_err();
    assert!(error.to_string().contains("rights refused"), "{error}");
    settings.hidden_rows = HiddenRows::LeftOut;
    let source = OnecSource::open(settings).unwrap();
    let seen = source.card_points(fixtures::minute(0)).await.unwrap();
    assert_eq!(seen.answer, all);
    assert_eq!(seen.requests, 2);
}

/// Asks a base that answers with these balances, if any, and these lines.
async fn scripted(
    balances: Option<Vec<String>>,
    lines: Vec<String>,
) -> Result<SourceAnswer<Vec<CardPoints>>, SourceError> {
    let page = |rows: &[String]| Reply::json(format!("{{\"value\": [{}]}}", rows.join(",")));
    let server = ScriptedServer::start(move |request, _| {
        let target = percent_encoding::percent_decode_str(&request.target).decode_utf8_lossy();
        if target.ends_with("/?$format=json") {
            page(&[format!("{{\"name\": \"{LINES}\", \"url\": \"{LINES}\"}}")])
        } else if target.contains("/Balance?") {
            balances.as_deref().map_or_else(|| Reply::status(400), page)
        } else {
            page(&lines)
        }
    })
    .await;
    server.source().card_points(fixtures::minute(0)).await
}

fn line(number: u32, card: &str, changes: &[(&str, &str)]) -> String {
    let (recorder, number) = (format!("\"{RECEIPT}\""), format!("\"{number}\""));
    let card = format!("\"{card}\"");
    let mut fields = vec![
        ("Recorder", recorder.as_str()),
        ("LineNumber", &number),
        ("Period", "\"2025-03-01T14:05:09\""),
        ("Active", "true"),
        ("RecordType", "\"Receipt\""),
        ("БонуснаяКарта_Key", &card),
        ("Начислено", "100.5"),
        ("КСписанию", "0"),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

fn balance(card: &str, given: &str) -> String {
    format!(
        "{{\"БонуснаяКарта_Key\": \"{card}\", \"НачисленоBalance\": {given}, \
         \"КСписаниюBalance\": 0.25}}"
    )
}

/// Checks that only the other card is answered, and that this one is named with this reason.
fn assert_unknown(answer: &SourceAnswer<Vec<CardPoints>>, card: &str, reason: &str) {
    assert_eq!(answer.rejected.len(), 1, "{answer:?}");
    let Rejected {
        set,
        reference,
        reason: given,
    } = &answer.rejected[0];
    assert_eq!((set.as_str(), reference.as_str()), (LINES, card));
    assert!(given.contains(reason), "{given}");
    let answered: Vec<String> = answer
        .answer
        .iter()
        .map(|points| format!("{} {}", points.card, points.points))
        .collect();
    assert_eq!(answered, [format!("{RETURN} 100")]);
}

// References are references: those of documents serve as those of other cards.
#[tokio::test]
async fn a_card_with_an_unreadable_line_has_no_balance_and_the_others_do() {
    for (field, value, reason) in [
        ("Начислено", "null", "Начислено is missing"),
        ("Начислено", "\"сто\"", "Начислено cannot be read"),
        ("RecordType", "\"Приход\"", "RecordType cannot be read"),
        ("Active", "\"да\"", "other types"),
        ("Period", "\"\"", "Period cannot be read"),
    ] {
        let lines = vec![
            line(1, CARD, &[]),
            line(2, RETURN, &[]),
            line(3, CARD, &[(field, value)]),
            line(4, CARD, &[]),
        ];
        let answer = scripted(None, lines).await.unwrap();
        assert_unknown(&answer, CARD, reason);
        assert!(answer.rejected[0].reason.contains("line 3"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_card_with_an_unreadable_balance_has_none_and_the_others_do() {
    for (value, reason) in [
        ("null", "НачисленоBalance is missing"),
        ("\"\"", "НачисленоBalance cannot be read"),
        ("[]", "НачисленоBalance cannot be read"),
    ] {
        let balances = vec![balance(CARD, value), balance(RETURN, "100.75")];
        let answer = scripted(Some(balances), vec![]).await.unwrap();
        assert_unknown(&answer, CARD, reason);
        assert_eq!(answer.requests, 2);
    }
}

#[tokio::test]
async fn points_whose_card_cannot_be_read_leave_no_balance_known() {
    let unreadable = vec![line(1, CARD, &[]), line(2, "Анна", &[])];
    let error = scripted(None, unreadable.clone()).await.unwrap_err();
    assert!(matches!(&error, SourceError::Unexpected { .. }), "{error}");
    // A balance whose card cannot be read is asked round by the lines.
    let balances = || Some(vec![balance(RETURN, "7"), balance("Анна", "7")]);
    assert!(scripted(balances(), unreadable).await.is_err());
    let answer = scripted(balances(), vec![line(1, RETURN, &[])])
        .await
        .unwrap();
    assert_eq!(answer.answer[0].points, 100);
}

#[tokio::test]
async fn points_of_nobody_are_told_and_change_no_balance() {
    let lines = vec![
        line(1, NOBODY, &[]),
        line(2, RETURN, &[]),
        line(3, NOBODY, &[]),
    ];
    let answer = scripted(None, lines).await.unwrap();
    assert_eq!(answer.rejected.len(), 1);
    assert!(CardRef::parse(&answer.rejected[0].reference).is_err());
    assert_eq!(answer.answer.len(), 1);
}
