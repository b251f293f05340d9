//! Points over the API: once for a key, the same answer again, never below zero.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Served};
use crate::shop::Database;

async fn adjust(served: &Served, token: &str, user: &str, key: &str, points: i64) -> Answer {
    let body = json!({ "points": points, "reason": "Подарок", "description": "проверка" });
    let path = format!("/api/admin/customers/{user}/loyalty/adjust");
    let request = served
        .request(Method::POST, &path)
        .bearer_auth(token)
        .header("Idempotency-Key", key)
        .json(&body);
    served.send(request).await
}

async fn spend(served: &Served, token: &str, user: &str, key: &str, points: i64) -> Answer {
    let body = json!({ "points": points, "reason": "Оплата баллами" });
    let path = format!("/api/admin/customers/{user}/loyalty/spend");
    let request = served
        .request(Method::POST, &path)
        .bearer_auth(token)
        .header("Idempotency-Key", key)
        .json(&body);
    served.send(request).await
}

async fn balance(served: &Served, customer: &str) -> i64 {
    let loyalty = served
        .get(customer, "/api/customer/loyalty")
        .await
        .expect(200);
    loyalty["balance"].as_i64().unwrap()
}

async fn points_move_once_for_a_key(database: Database) {
    let served = Served::open(database).await;
    let admin = served.staff("admin").await;
    let (anna, id) = served.customer(0).await;
    let before = balance(&served, &anna).await;

    let first = adjust(&served, &admin, &id, "gift-1", 500).await;
    let second = adjust(&served, &admin, &id, "gift-1", 500).await;
    assert_eq!(first.text, second.text);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    assert_eq!(second.headers["idempotency-replayed"], "true");
    first.expect(200);
    assert_eq!(balance(&served, &anna).await, before + 500);

    let other = adjust(&served, &admin, &id, "gift-1", 700)
        .await
        .expect(422);
    assert_eq!(other["code"], "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(other["errors"][0]["pointer"], "/points");
    let few = spend(&served, &admin, &id, "few", 99).await.expect(422);
    assert_eq!(few["code"], "LOYALTY_BELOW_MINIMUM");
    let many = spend(&served, &admin, &id, "many", before + 501)
        .await
        .expect(422);
    assert_eq!(many["code"], "LOYALTY_NOT_ENOUGH");
    assert_eq!(balance(&served, &anna).await, before + 500);
    spend(&served, &admin, &id, "all", before + 500)
        .await
        .expect(200);
    assert_eq!(balance(&served, &anna).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn points_move_once_for_a_key_on_sqlite() {
    points_move_once_for_a_key(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn points_move_once_for_a_key_on_postgres() {
    points_move_once_for_a_key(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_would_be_and_stores_nothing() {
    let served = Served::open(Database::Sqlite).await;
    let admin = served.staff("admin").await;
    let (anna, id) = served.customer(0).await;
    let before = balance(&served, &anna).await;
    let body = json!({ "points": 500, "reason": "Подарок", "description": "проверка" });
    let path = format!("/api/admin/customers/{id}/loyalty/adjust?dry_run=true");
    let request = served
        .request(Method::POST, &path)
        .bearer_auth(&admin)
        .header("Idempotency-Key", "tried")
        .json(&body);
    let tried = served.send(request).await.expect(200);
    assert_eq!(tried["dry_run"], true);
    assert_eq!(balance(&served, &anna).await, before);

    // The key is still free, and the posting comes to just what was told.
    let done = adjust(&served, &admin, &id, "tried", 500).await.expect(200);
    let essence = |answer: &Value| {
        let one = &answer["transactions"][0];
        (
            one["id"].clone(),
            one["points"].clone(),
            one["balance_after"].clone(),
        )
    };
    assert_eq!(essence(&tried), essence(&done));
}
