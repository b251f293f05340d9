use std::collections::BTreeMap;

use chrono::Utc;
use glame_core::values::CardRef;
use serde_json::json;

use crate::api::client::Served;
use crate::shop::{Database, Shop, small_shop};

/// Gives the points of each customer as the base has them, over all cards.
async fn points_of_the_base(shop: &Shop) -> BTreeMap<String, i64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the binary looks at the same clock"
    )]
    let now = Utc::now()
        .with_timezone(&chrono_tz::Europe::Moscow)
        .naive_local();
    let cards = shop.simulator.oracle().bonus_balances(now);
    let names: Vec<CardRef> = cards.keys().copied().map(CardRef::from_uuid).collect();
    let holders = shop.storage().await.cards(&names).await.unwrap();
    let mut points: BTreeMap<String, i64> = BTreeMap::new();
    for card in holders {
        // Whole points of each card, rounded down.
        let whole = cards[card.card.as_uuid()].div_euclid(100);
        *points.entry(card.user.to_string()).or_default() += whole;
    }
    points.retain(|_, points| *points != 0);
    points
}

async fn the_points_of_the_base_are_taken_over(database: Database) {
    let shop = Shop::open(small_shop(6), database).await;
    shop.json(&["sync", "all", "--json"]).await;
    let compared = shop.loyalty(&["reconcile"]).await;
    assert_eq!(compared["corrected"], false, "{compared}");

    let shop = Shop::open(small_shop(6), database)
        .await
        .with("GLAME_LOYALTY_LEDGER", "onec");
    shop.json(&["sync", "all", "--json"]).await;
    let expected = points_of_the_base(&shop).await;
    assert!(expected.len() > 5, "{expected:?}");
    for (user, points) in &expected {
        let balance = shop.loyalty(&["balance", user]).await;
        let net = balance["available"].as_i64().unwrap() - balance["debt"].as_i64().unwrap();
        assert_eq!(net, *points, "{user}");
    }
    let again = shop.loyalty(&["reconcile"]).await;
    assert_eq!(
        (&again["different"], &again["corrected"]),
        (&0.into(), &true.into())
    );
    let written = shop.verified().await;
    shop.json(&["sync", "all", "--json"]).await;
    assert_eq!(shop.verified().await, written);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_the_points_of_the_base_are_taken_over() {
    the_points_of_the_base_are_taken_over(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_the_points_of_the_base_are_taken_over() {
    the_points_of_the_base_are_taken_over(Database::Postgres).await;
}

/// What the API says of the base is what the command says, and a difference is told with its customer.
async fn the_api_compares_as_the_command_does(database: Database) {
    let shop = Shop::open(small_shop(6), database)
        .await
        .with("GLAME_LOYALTY_LEDGER", "onec")
        .with("GLAME_AUTH_CUSTOMER_CODE", "card_suffix");
    let served = Served::of(shop).await;
    let admin = served.staff("admin").await;
    let path = "/api/admin/1c/sync/points";
    // The synchronisation has taken them over, and that was a comparison, too.
    let taken_over = served.get(&admin, path).await.expect(200);
    assert_eq!(taken_over["corrected"], true, "{taken_over}");
    let job = served.job(&admin, path).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    let same = served.get(&admin, path).await.expect(200);
    assert_eq!(same["corrected"], false, "{same}");
    let run = &job["runs"][0];
    assert_eq!(run["kind"], "comparison", "{job}");
    assert_eq!(
        (&run["read"], &run["updated"]),
        (&same["customers"], &json!(0))
    );
    let told = served.shop.loyalty(&["reconcile", "--dry-run"]).await;
    assert!(same["customers"].as_u64().unwrap() > 5, "{same}");
    assert_eq!(same["different"], 0, "{same}");
    for name in [
        "customers",
        "source_points",
        "ledger_points",
        "unknown_cards",
    ] {
        assert_eq!(same[name], told[name], "{name}");
    }

    let (_, user) = served.customer(0).await;
    let gift = ["adjust", &user, "--points", "250", "--note", "проверка"];
    let by = ["--actor", "Кассир 3", "--idempotency-key", "gift"];
    let gift = [&gift[..], &by].concat();
    served.shop.loyalty(&gift).await;
    let job = served.job(&admin, path).await;
    assert_eq!(job["runs"][0]["updated"], 1, "{job}");
    let different = served.get(&admin, path).await.expect(200);
    assert_eq!(different["different"], 1, "{different}");
    let difference = &different["differences"][0];
    assert_eq!(difference["customer_id"], user.as_str());
    let more = |name: &str| difference[name].as_i64().unwrap();
    assert_eq!(more("ledger_points"), more("source_points") + 250);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_compares_as_the_command_does_on_sqlite() {
    the_api_compares_as_the_command_does(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_compares_as_the_command_does_on_postgres() {
    the_api_compares_as_the_command_does(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_base_figures_are_made_and_nothing_is_compared() {
    let mut shop = Shop::open(small_shop(6), Database::Sqlite).await;
    shop.json(&["sync", "all", "--json"]).await;
    shop.environment.remove("ONEC_API_URL");
    let served = Served::unsynchronised(shop).await;
    let admin = served.staff("admin").await;
    let path = "/api/admin/1c/sync/points";
    served.get(&admin, path).await.expect(404);
    let ask_for = async |what: &str| {
        let path = format!("/api/admin/1c/sync/{what}");
        served.post(&admin, &path, &json!({})).await
    };
    for what in ["customers", "purchases", "full", "points"] {
        let refused = ask_for(what).await.expect(409);
        assert_eq!(refused["code"], "SYNC_SOURCE_MISSING", "{what}");
    }
    let job = served.job(&admin, "/api/admin/1c/sync/metrics").await;
    assert_eq!(job["status"], "succeeded", "{job}");
    assert_eq!(job["runs"][0]["kind"], "metrics");
    assert!(job["runs"][0]["read"].as_u64().unwrap() > 5, "{job}");
    // What follows from figures are runs as well.
    assert_eq!(job["runs"][1]["kind"], "points");
    assert_eq!(job["runs"][2]["kind"], "segments");
    assert_eq!(job["runs"][2]["read"], job["runs"][0]["read"]);
}
