use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use glame_core::users::Holder;
use glame_core::values::CounterpartyRef;
use glame_onec_simulator::{Good, Pick, SalesRegister, ScenarioStep, Share, When};
use serde_json::Value;

use crate::shop::{Database, Shop, small_shop};

/// One point for each whole hundred roubles of a receipt, and nothing else.
const PLAIN: &str = "id = \"plain\"\nversion = 1\nstarts_on = 2000-01-01\n\
                     [earning]\nfactors = []\n[earning.base.flat]\nrate = \"0.01\"\n";

async fn plain_shop(seed: u64, database: Database) -> Shop {
    let shop = Shop::open(small_shop(seed), database).await;
    std::fs::write(shop.directory.path().join("plain.toml"), PLAIN).unwrap();
    shop.with("GLAME_LOYALTY_PROGRAMME", "plain.toml")
}

/// Counts the points of each receipt of the base whose customer is known.
fn points_of_the_base(shop: &Shop) -> BTreeMap<String, i64> {
    let mut sold: BTreeMap<String, i64> = BTreeMap::new();
    shop.simulator
        .oracle()
        .each_line(SalesRegister::Sales, |line| {
            let is_sale =
                ["Document_ЧекККМ", "Document_РасходнаяНакладная"].contains(&line.recorder_set);
            if is_sale && (line.customer.is_some() || line.card.is_some()) && line.kopecks > 0 {
                *sold.entry(line.recorder.to_string()).or_default() += line.kopecks;
            }
        });
    let points = sold
        .into_iter()
        .map(|(receipt, kopecks)| (receipt, kopecks / 10_000));
    points.filter(|(_, points)| *points > 0).collect()
}

/// Gathers the points that each receipt has earned, before returns.
async fn points_of_the_ledger(shop: &Shop) -> BTreeMap<String, i64> {
    let storage = shop.storage().await;
    let mut earned = BTreeMap::new();
    let mut after = None;
    loop {
        let page = storage.loyalty_accounts_after(after, 500).await.unwrap();
        let Some(last) = page.last() else {
            return earned;
        };
        after = Some(last.header.user);
        for account in &page {
            let user = account.header.user.to_string();
            let history = shop.loyalty(&["history", &user, "--limit", "100000"]).await;
            for one in history["transactions"].as_array().unwrap() {
                if one["explain"]["because"] == "receipt" {
                    let receipt = one["receipt"].as_str().unwrap().to_owned();
                    *earned.entry(receipt).or_default() += one["points"].as_i64().unwrap();
                }
            }
        }
    }
}

async fn every_receipt_earns_one_percent_once(database: Database) {
    let shop = plain_shop(5, database).await;
    let first = shop.json(&["sync", "all", "--json"]).await;
    assert!(
        first["loyalty"]["customers"].as_u64().unwrap() > 10,
        "{first}"
    );
    let expected = points_of_the_base(&shop);
    assert!(expected.len() > 100, "{}", expected.len());
    let earned = points_of_the_ledger(&shop).await;
    let earned: BTreeMap<String, i64> = earned
        .into_iter()
        .filter(|(_, points)| *points > 0)
        .collect();
    let differing: Vec<_> = earned
        .keys()
        .chain(expected.keys())
        .filter(|receipt| earned.get(*receipt) != expected.get(*receipt))
        .map(|receipt| (receipt, earned.get(receipt), expected.get(receipt)))
        .collect();
    assert!(
        differing.is_empty(),
        "receipt, earned, expected: {differing:?}"
    );
    let written = shop.verified().await;

    for arguments in [
        &["sync", "all", "--full", "--json"][..],
        &["sync", "purchases", "--json"],
        &["metrics", "recompute", "--json"],
    ] {
        let again = shop.json(arguments).await;
        assert_eq!(
            again["loyalty"]["transactions"], 0,
            "{arguments:?}: {again}"
        );
        assert_eq!(shop.verified().await, written);
    }
    let customers = shop.json(&["sync", "customers", "--json"]).await;
    assert!(customers.get("loyalty").is_none(), "{customers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_every_receipt_earns_one_percent_once() {
    every_receipt_earns_one_percent_once(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_every_receipt_earns_one_percent_once() {
    every_receipt_earns_one_percent_once(Database::Postgres).await;
}

/// Enters a customer who buys for 1 250 ₽ and for 999 ₽, and gives the user.
fn a_customer_buys(shop: &Shop, at: NaiveDateTime) -> String {
    let step = |step| shop.simulator.apply(&step).unwrap();
    let entered = step(ScenarioStep::NewCustomer {
        name: "vera".to_owned(),
        description: "Примерова Вера".to_owned(),
        phone: "+7 999 000-00-00".to_owned(),
        barcode: "2900000009991".to_owned(),
    });
    step(ScenarioStep::Receipt {
        name: Some("sale".to_owned()),
        at: When::At(at),
        card: Some(Pick::Named("vera/card".to_owned())),
        goods: [125_000, 99_900]
            .map(|kopecks| Good {
                product: Pick::Nth(usize::from(kopecks == 99_900)),
                thousandths: 1_000,
                kopecks,
            })
            .to_vec(),
        shift: None,
    });
    let counterparty = CounterpartyRef::from_uuid(entered.objects[0]);
    Holder::Counterparty(counterparty).user_id().to_string()
}

async fn a_return_takes_back_what_its_goods_have_earned(database: Database) {
    let shop = plain_shop(6, database).await;
    let at = "2025-06-15T12:00:00".parse().unwrap();
    let vera = a_customer_buys(&shop, at);
    let sync = ["sync", "all", "--full", "--json"];
    shop.json(&sync).await;
    assert_eq!(shop.available(&vera).await, 22);

    let take_back = |share| ScenarioStep::Return {
        name: None,
        of: Pick::Named("sale".to_owned()),
        days_later: 2,
        share,
        shift: None,
    };
    shop.simulator.apply(&take_back(Share::FirstLine)).unwrap();
    let synced = shop.json(&sync).await;
    assert_eq!(synced["loyalty"]["taken_back"], 12, "{synced}");
    // Of the 22 that 2 249 ₽ had earned, those go that 1 250 ₽ earn: 1 % rounded down.
    assert_eq!(shop.available(&vera).await, 10);
    let history = shop.loyalty(&["history", &vera]).await;
    let kinds: Vec<&Value> = history["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["type"])
        .collect();
    assert_eq!(kinds, ["earn", "earn"]);

    let sale = ScenarioStep::Delete {
        document: Pick::Named("sale".to_owned()),
    };
    shop.simulator.apply(&sale).unwrap();
    shop.json(&sync).await;
    assert_eq!(shop.available(&vera).await, 0);
    shop.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_return_takes_back_what_its_goods_have_earned() {
    a_return_takes_back_what_its_goods_have_earned(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_return_takes_back_what_its_goods_have_earned() {
    a_return_takes_back_what_its_goods_have_earned(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_base_keeps_the_points_receipts_earn_nothing() {
    let shop = plain_shop(5, Database::Sqlite)
        .await
        .with("GLAME_LOYALTY_LEDGER", "onec");
    let synced = shop.json(&["sync", "all", "--json"]).await;
    assert_eq!(synced["loyalty"]["transactions"], 0, "{synced}");
    // Only the balances of the base are taken over.
    assert_eq!(points_of_the_ledger(&shop).await, BTreeMap::new());
    assert!(shop.verified().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programme_without_a_first_day_is_warned_of() {
    let shop = Shop::open(small_shop(5), Database::Sqlite).await;
    let synced = shop.call(&["sync", "customers"]).await;
    assert!(
        synced.stderr.contains("GLAME_LOYALTY_STARTS_ON"),
        "{synced:?}"
    );
    let shop = shop.with("GLAME_LOYALTY_STARTS_ON", "2026-01-01");
    let synced = shop.call(&["sync", "customers"]).await;
    assert!(
        !synced.stderr.contains("GLAME_LOYALTY_STARTS_ON"),
        "{synced:?}"
    );
}
