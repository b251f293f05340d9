use std::collections::{BTreeMap, BTreeSet};

use glame_onec_simulator::{
    BaseSettings, Closing, Good, Oracle, Pick, SalesRegister, Scenario, ScenarioStep, Share,
    Simulator, TimedStep, When, random_scenario,
};
use proptest::prelude::{ProptestConfig, any, proptest};
use serde_json::Value;
use uuid::Uuid;

use crate::client::{CARD_SALES, POINTS, SALES, get, kopecks, small, start, text};

fn named(name: &str) -> Pick {
    Pick::Named(name.to_owned())
}

fn good(product: usize, kopecks: i64) -> Good {
    Good {
        product: Pick::Nth(product),
        thousandths: 1_000,
        kopecks,
    }
}

fn receipt(name: &str, card: usize, goods: Vec<Good>, shift: Option<&str>) -> ScenarioStep {
    ScenarioStep::Receipt {
        name: Some(name.to_owned()),
        at: When::Share(500),
        card: Some(Pick::Nth(card)),
        goods,
        shift: shift.map(str::to_owned),
    }
}

fn sales(base: &Simulator) -> i64 {
    base.oracle().totals(SalesRegister::Sales).all.kopecks
}

async fn lines_of(base: &Simulator, document: Uuid, set: &str) -> Vec<Value> {
    let rows = get(base, SALES).await.rows();
    let document = document.to_string();
    rows.into_iter()
        .filter(|row| {
            text(row, "Recorder") == document && text(row, "Recorder_Type").ends_with(set)
        })
        .collect()
}

#[tokio::test]
async fn a_marketplace_sells_with_a_document_of_its_own() {
    let base = small().await;
    let before = sales(&base);
    let step = ScenarioStep::MarketplaceSale {
        name: Some("order".to_owned()),
        at: When::Share(500),
        card: Some(Pick::Nth(3)),
        goods: vec![good(1, 10_000), good(2, 500)],
    };
    let applied = base.apply(&step).unwrap();
    assert_eq!(sales(&base), before + 10_500);
    let set = "Document_ЗаказМаркетплейса";
    let lines = lines_of(&base, applied.documents[0], set).await;
    assert_eq!(lines.len(), 2);
    let header = get(&base, set).await.rows();
    assert_eq!(
        text(&header[0], "Контрагент_Key"),
        text(&lines[0], "Контрагент_Key")
    );
    let redate = ScenarioStep::Redate {
        document: named("order"),
        days: -30,
    };
    base.apply(&redate).unwrap();
    let moved = lines_of(&base, applied.documents[0], set).await;
    assert!(text(&moved[0], "Period") < text(&lines[0], "Period"));
}

#[tokio::test]
async fn archiving_a_shift_moves_its_sales_under_the_report() {
    let base = small().await;
    let before = base.oracle().totals(SalesRegister::Sales);
    let opened = base
        .run(&Scenario::of([
            receipt("one", 3, vec![good(1, 10_000), good(2, 500)], Some("shift")),
            receipt("two", 3, vec![good(1, 20_000)], Some("shift")),
            receipt("three", 4, vec![good(1, 30_000)], Some("shift")),
        ]))
        .unwrap();
    let open = base.oracle().totals(SalesRegister::Sales);
    assert_eq!(open.all.kopecks, before.all.kopecks + 60_500);
    let line = &lines_of(&base, opened.documents[0], "ЧекККМ").await[0];
    assert_eq!(line["ДвижениеЧекаВОткрытойСмене"], true);
    let closing = ScenarioStep::CloseShift {
        shift: "shift".into(),
        at: When::Share(501),
        closing: Closing::Archive,
    };
    let closed = base.apply(&closing).unwrap();
    let report = *closed.documents.last().unwrap();
    let archived = base.oracle().totals(SalesRegister::Sales);
    assert_eq!(
        archived.all.kopecks, open.all.kopecks,
        "no sale is lost and none counts twice"
    );
    let sums = |oracle: &glame_onec_simulator::RegisterTotals| -> BTreeMap<Uuid, i64> {
        oracle
            .holders
            .iter()
            .map(|(holder, totals)| (*holder, totals.kopecks))
            .collect()
    };
    assert_eq!(sums(&archived), sums(&open));
    assert!(
        lines_of(&base, opened.documents[0], "ЧекККМ")
            .await
            .is_empty()
    );
    let lines = lines_of(&base, report, "ОтчетОРозничныхПродажах").await;
    assert_eq!(lines.len(), 3, "one line for each customer and product");
    let document = get(
        &base,
        &format!("Document_ЧекККМ(guid'{}')", opened.documents[0]),
    )
    .await
    .json();
    assert_eq!(
        (&document["Архивный"], &document["Posted"]),
        (&true.into(), &true.into())
    );
    assert_eq!(document["КассоваяСмена_Key"], report.to_string());
    assert_eq!(document["Запасы"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn closing_without_archiving_keeps_the_receipts() {
    let base = small().await;
    let opened = base
        .apply(&receipt("one", 3, vec![good(1, 10_000)], Some("shift")))
        .unwrap();
    let closing = ScenarioStep::CloseShift {
        shift: "shift".into(),
        at: When::Share(501),
        closing: Closing::Keep,
    };
    let before = sales(&base);
    base.apply(&closing).unwrap();
    assert_eq!(sales(&base), before);
    let line = &lines_of(&base, opened.documents[0], "ЧекККМ").await[0];
    assert_eq!(line["ДвижениеЧекаВОткрытойСмене"], false);
    assert!(base.apply(&closing).is_err(), "it is no longer open");
}

#[tokio::test]
async fn posting_again_changes_lines_amounts_and_dates() {
    let base = small().await;
    let goods = vec![good(1, 10_000), good(2, 500), good(3, 700)];
    let id = base
        .apply(&receipt("sale", 3, goods, None))
        .unwrap()
        .documents[0];
    let document = || named("sale");
    let total = sales(&base);
    base.apply(&ScenarioStep::Renumber {
        document: document(),
    })
    .unwrap();
    let numbers: BTreeSet<String> = lines_of(&base, id, "ЧекККМ")
        .await
        .iter()
        .map(|line| text(line, "LineNumber").to_owned())
        .collect();
    assert_eq!(numbers, ["2", "3", "4"].map(str::to_owned).into());
    assert_eq!(sales(&base), total);
    base.apply(&ScenarioStep::DropLine {
        document: document(),
    })
    .unwrap();
    assert_eq!(
        sales(&base),
        total - 500,
        "the last line after renumbering was the second good"
    );
    base.apply(&ScenarioStep::Reprice {
        document: document(),
        kopecks: 1_700,
    })
    .unwrap();
    assert_eq!(sales(&base), total - 500 + 1_000);
    let period = lines_of(&base, id, "ЧекККМ").await[0]["Period"].clone();
    base.apply(&ScenarioStep::Redate {
        document: document(),
        days: -30,
    })
    .unwrap();
    let moved = lines_of(&base, id, "ЧекККМ").await[0]["Period"].clone();
    assert!(moved.as_str() < period.as_str());
    let window = format!("$filter=Period eq datetime'{}'", moved.as_str().unwrap());
    let found = get(&base, &format!("{SALES}?{window}")).await.rows();
    assert!(
        found
            .iter()
            .any(|row| text(row, "Recorder") == id.to_string())
    );
    assert_eq!(sales(&base), total + 500);
}

#[tokio::test]
async fn documents_of_the_base_can_be_taken_out_of_it() {
    let base = small().await;
    let untouched = base.oracle();
    for step in [
        ScenarioStep::Unpost {
            document: Pick::Nth(100),
        },
        ScenarioStep::Delete {
            document: Pick::Nth(110),
        },
        ScenarioStep::MarkDeleted {
            document: Pick::Nth(120),
        },
        ScenarioStep::Deactivate {
            document: Pick::Nth(130),
        },
    ] {
        let before = base.oracle().totals(SalesRegister::Sales);
        let id = base.apply(&step).unwrap().documents[0];
        let after = base.oracle().totals(SalesRegister::Sales);
        assert_eq!(after.all.documents, before.all.documents - 1, "{step:?}");
        let lines = get(&base, SALES).await.rows();
        let mut own = lines
            .iter()
            .filter(|row| text(row, "Recorder") == id.to_string());
        let inactive = own.all(|row| row["Active"] == false);
        assert!(inactive, "no active line is left: {step:?}");
    }
    let counted = untouched.totals(SalesRegister::Sales).all.lines;
    assert_eq!(counted, 1_000, "an oracle keeps the moment it was taken at");
}

#[tokio::test]
async fn returns_and_corrections_are_signed_lines_of_their_own() {
    let base = small().await;
    base.apply(&receipt(
        "sale",
        3,
        vec![good(1, 10_000), good(2, 500)],
        None,
    ))
    .unwrap();
    let before = sales(&base);
    let back = |name: &str, share| ScenarioStep::Return {
        name: Some(name.to_owned()),
        of: named("sale"),
        days_later: 2,
        share,
        shift: None,
    };
    let id = base
        .apply(&back("half", Share::HalfOfFirstLine))
        .unwrap()
        .documents[0];
    assert_eq!(sales(&base), before - 5_000);
    let document = get(&base, &format!("Document_ЧекККМВозврат(guid'{id}')"))
        .await
        .json();
    assert_eq!(
        (
            &document["СуммаДокумента"],
            &document["Запасы"][0]["Количество"]
        ),
        (&50.into(), &0.5.into())
    );
    base.apply(&back("full", Share::Full)).unwrap();
    assert_eq!(sales(&base), before - 15_500);
    let stray = ScenarioStep::ReturnWithoutReceipt {
        at: When::Share(600),
        card: Some(Pick::Nth(3)),
        goods: vec![good(1, 100)],
    };
    let id = base.apply(&stray).unwrap().documents[0];
    let document = get(&base, &format!("Document_ЧекККМВозврат(guid'{id}')"))
        .await
        .json();
    assert!(text(&document, "ЧекККМ_Key").starts_with("00000000"));
    let correction = ScenarioStep::Correct {
        sale: named("sale"),
        days_later: 3,
        thousandths: 0,
        kopecks: -700,
    };
    let id = base.apply(&correction).unwrap().documents[0];
    let line = &lines_of(&base, id, "КорректировкаРеализации").await[0];
    assert_eq!(kopecks(&line["Сумма"]), -700);
    assert_eq!(sales(&base), before - 15_500 - 100 - 700);
}

#[tokio::test]
async fn points_are_given_ahead_and_burnt() {
    let base = small().await;
    let card = base
        .run(&Scenario::of([ScenarioStep::NewCard {
            name: "card".into(),
            owner: None,
            barcode: "299".into(),
        }]))
        .unwrap()
        .objects[0];
    let at = |text: &str| When::At(text.parse().unwrap());
    base.apply(&ScenarioStep::Accrue {
        card: named("card"),
        at: at("2025-03-01T10:00:00"),
        points: 500,
        counts_after_days: 14,
        burns_after_days: 100,
    })
    .unwrap();
    base.apply(&ScenarioStep::Burn {
        card: named("card"),
        at: at("2025-03-20T10:00:00"),
        points: 120,
    })
    .unwrap();
    for (moment, points) in [
        ("2025-03-14T10:00:00", None),
        ("2025-03-15T10:00:00", Some(50_000)),
        ("2025-03-21T10:00:00", Some(38_000)),
    ] {
        let balances = base.oracle().bonus_balances(moment.parse().unwrap());
        assert_eq!(balances.get(&card).copied(), points, "{moment}");
        let path = format!(
            "AccumulationRegister_БонусныеБаллы/Balance?Period=datetime'{moment}'&Condition='БонуснаяКарта_Key eq guid''{card}'''"
        );
        let shown = get(&base, &path).await.rows();
        assert_eq!(
            shown.first().map(|row| kopecks(&row["НачисленоBalance"])),
            points,
            "{moment}"
        );
    }
    let ahead = format!(
        "{POINTS}?$filter=БонуснаяКарта_Key eq guid'{card}' and Period gt datetime'2025-04-01T00:00:00'"
    );
    assert_eq!(get(&base, &ahead).await.rows().len(), 2);
}

#[tokio::test]
async fn points_are_put_right_in_fractions_and_below_nothing() {
    let base = small().await;
    let card = ScenarioStep::NewCard {
        name: "card".into(),
        owner: None,
        barcode: "299".into(),
    };
    let card = base.run(&Scenario::of([card])).unwrap().objects[0];
    let at = "2025-03-01T10:00:00".parse().unwrap();
    for (hundredths, sum) in [(1_050, 1_050), (-2_025, -975)] {
        base.apply(&ScenarioStep::Adjust {
            card: named("card"),
            at: When::At(at),
            hundredths,
        })
        .unwrap();
        assert_eq!(base.oracle().bonus_balances(at).get(&card), Some(&sum));
        let balances = get(
            &base,
            "AccumulationRegister_БонусныеБаллы/Balance?Period=datetime'2025-03-01T10:00:00'",
        )
        .await
        .rows();
        let card = card.to_string();
        let own = balances
            .iter()
            .find(|row| text(row, "БонуснаяКарта_Key") == card);
        assert_eq!(kopecks(&own.unwrap()["НачисленоBalance"]), sum);
    }
}

#[tokio::test]
async fn cards_change_hands_and_customers_become_one() {
    let base = small().await;
    base.run(&Scenario::of([
        ScenarioStep::NewCustomer {
            name: "a".into(),
            description: "Первая Анна".into(),
            phone: "+7 (999) 000-00-91".into(),
            barcode: "2991".into(),
        },
        ScenarioStep::NewCustomer {
            name: "b".into(),
            description: "Вторая Анна".into(),
            phone: "8 999 000 00 91".into(),
            barcode: "2992".into(),
        },
        ScenarioStep::Receipt {
            name: Some("sale".into()),
            at: When::Share(500),
            card: Some(named("b/card")),
            goods: vec![good(1, 10_000)],
            shift: None,
        },
    ]))
    .unwrap();
    let people = get(&base, "Catalog_Контрагенты?$filter=substringof('Анна',Description) and substringof('ая ',Description)").await.rows();
    let id = |name: &str| -> Uuid {
        let row = people
            .iter()
            .find(|row| row["Description"] == name)
            .unwrap();
        text(row, "Ref_Key").parse().unwrap()
    };
    let (a, b) = (id("Первая Анна"), id("Вторая Анна"));
    assert_eq!(
        base.oracle().totals(SalesRegister::CardSales).holders[&b].kopecks,
        10_000
    );
    base.apply(&ScenarioStep::AssignCard {
        card: named("b/card"),
        owner: Some(named("a")),
    })
    .unwrap();
    let owners = base.oracle().totals(SalesRegister::CardSales).holders;
    assert_eq!(
        owners[&b].kopecks, 10_000,
        "old lines keep the owner of their time"
    );
    base.apply(&ScenarioStep::Repost {
        document: named("sale"),
    })
    .unwrap();
    assert_eq!(
        base.oracle().totals(SalesRegister::CardSales).holders[&a].kopecks,
        10_000
    );
    base.apply(&ScenarioStep::Merge {
        duplicate: named("b"),
        into: named("a"),
    })
    .unwrap();
    let sales = base.oracle().totals(SalesRegister::Sales).holders;
    assert_eq!((sales.get(&b), sales[&a].kopecks), (None, 10_000));
    let gone = get(&base, &format!("Catalog_Контрагенты(guid'{b}')"))
        .await
        .json();
    assert_eq!(gone["DeletionMark"], true);
    let cards = get(
        &base,
        &format!("Catalog_ДисконтныеКарты?$filter=ВладелецКарты_Key eq guid'{a}'"),
    )
    .await;
    assert_eq!(cards.rows().len(), 2);
}

#[tokio::test]
async fn products_are_renamed_and_get_a_new_version() {
    let base = small().await;
    let step = ScenarioStep::RenameProduct {
        product: Pick::Nth(5),
        description: "Новое имя".into(),
    };
    let before = get(&base, "Catalog_Номенклатура?$select=Ref_Key,DataVersion")
        .await
        .rows();
    let id = base.apply(&step).unwrap().objects[0];
    let after = get(&base, "Catalog_Номенклатура?$select=Ref_Key,DataVersion")
        .await
        .rows();
    let changed: Vec<&Value> = after.iter().filter(|row| !before.contains(row)).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(text(changed[0], "Ref_Key"), id.to_string());
}

#[tokio::test]
async fn steps_may_wait_for_requests_and_unknown_names_are_refused() {
    let base = small().await;
    let step = TimedStep {
        after_requests: 2,
        step: ScenarioStep::Delete {
            document: Pick::Nth(100),
        },
    };
    base.run(&Scenario { steps: vec![step] }).unwrap();
    for documents in [400, 400, 399] {
        let counted = get(&base, "AccumulationRegister_Продажи/$count").await;
        assert_eq!(counted.text(), format!("\u{feff}{documents}"));
    }
    let unknown = ScenarioStep::Delete {
        document: named("nobody"),
    };
    let error = base.apply(&unknown).unwrap_err().to_string();
    assert!(
        error.contains("nobody") && error.contains("name one that exists"),
        "{error}"
    );
}

#[test]
fn the_json_of_the_readme_is_a_scenario() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```json\n").unwrap();
    let scenario = Scenario::from_json(rest.split_once("```").unwrap().0).unwrap();
    assert!(scenario.steps.len() > 5);
    let again = Scenario::from_json(&serde_json::to_string(&scenario).unwrap()).unwrap();
    assert_eq!(again, scenario);
    assert!(Scenario::from_json("{\"steps\": [{\"do\": \"nothing\"}]}").is_err());
}

/// Sums what a client reads, holder by holder.
async fn read(base: &Simulator, set: &str) -> BTreeMap<Uuid, (u64, i64)> {
    let mut totals: BTreeMap<Uuid, (u64, i64)> = BTreeMap::new();
    for row in get(base, set)
        .await
        .rows()
        .iter()
        .filter(|row| row["Active"] == true)
    {
        let holders: &[&str] = if set == SALES {
            &["Контрагент_Key"]
        } else {
            &["ВладелецКарты_Key", "ДисконтнаяКарта_Key"]
        };
        let holder: Uuid = holders
            .iter()
            .map(|name| text(row, name).parse().unwrap())
            .find(|id: &Uuid| !id.is_nil())
            .unwrap_or_default();
        let (lines, sum) = totals.entry(holder).or_default();
        *lines += 1;
        *sum += kopecks(&row["Сумма"]);
    }
    totals
}

fn expected(oracle: &Oracle, register: SalesRegister) -> BTreeMap<Uuid, (u64, i64)> {
    let totals = oracle.totals(register);
    let anonymous = (Uuid::nil(), totals.anonymous);
    totals
        .holders
        .into_iter()
        .chain(Some(anonymous))
        .filter(|(_, totals)| totals.lines > 0)
        .map(|(holder, totals)| (holder, (totals.lines, totals.kopecks)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_served_equals_the_oracle_after_any_scenario(seed in any::<u64>(), kind in 0..3_u8) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let settings = match kind {
                0 => BaseSettings::Empty,
                1 => BaseSettings::Generated { customers: 30, lines: 400, seed },
                _ => BaseSettings::Generated { customers: 5, lines: 60, seed },
            };
            let base = start(settings).await;
            let steps = random_scenario(seed, 40).steps;
            for TimedStep { step, .. } in &steps {
                // An empty base may not have a document to change yet.
                let applied = base.apply(step);
                assert!(applied.is_ok() || kind == 0, "{step:?}: {applied:?}");
            }
            let oracle = base.oracle();
            for (set, register) in [(SALES, SalesRegister::Sales), (CARD_SALES, SalesRegister::CardSales)] {
                assert_eq!(read(&base, set).await, expected(&oracle, register));
                let daily: i64 = oracle.daily_kopecks(register).values().sum();
                let totals = oracle.totals(register);
                assert_eq!(daily + totals.anonymous.kopecks, totals.all.kopecks);
            }
        });
    }
}
