use std::collections::BTreeMap;

use chrono::Utc;
use glame_core::values::CardRef;

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
