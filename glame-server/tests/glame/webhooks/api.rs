//! Endpoints as administrators keep them over the API.

use glame_core::webhooks::WebhookSecret;
use poem::http::Method;
use serde_json::{Value, json};

use super::*;
use crate::api::client::{Saying, Served};

const ENDPOINTS: &str = "/api/admin/webhooks";

/// Asks until there is an answer.
async fn when<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    panic!("nothing has come in half a minute");
}

/// Waits until so many requests have come in, and gives them.
async fn arrived(receiver: &Receiver, count: usize) -> Vec<Received> {
    when(async || Some(receiver.received()).filter(|requests| requests.len() >= count)).await
}

/// Gives what an event says, if one of the secrets has signed it.
fn told(request: &Received, secret: &str) -> Value {
    let header = |name: &str| request.headers[name].clone();
    let signed = SignedHeaders {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let secret = WebhookSecret::parse(secret).unwrap();
    assert_eq!(
        verify([&secret], &signed, &request.body, SystemClock.now()),
        Ok(())
    );
    serde_json::from_slice(&request.body).unwrap()
}

async fn an_endpoint_is_tried_told_turned_and_removed(database: Database) {
    let shop = Shop::open(small_shop(1), database)
        .await
        .with("GLAME_AUTH_CUSTOMER_CODE", "card_suffix")
        .with("GLAME_WEBHOOKS_ENABLED", "true")
        .with("GLAME_WEBHOOKS_REACH", "also_loopback");
    let served = Served::of(shop).await;
    let admin = served.staff("admin").await;
    let receiver = Receiver::start(Behaviour::status("204 No Content")).await;
    let url = format!("http://127.0.0.1:{}/hook", receiver.port);
    let asked = json!({ "url": url, "events": ["points.bonus"] });
    let made = served.post(&admin, ENDPOINTS, &asked).await;
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let made = made.expect(201);
    let id = made["endpoint"]["id"].as_str().unwrap();
    assert_eq!(path, format!("{ENDPOINTS}/{id}"));
    let first = made["secret"].as_str().unwrap();
    // The secret is shown once.
    let shown = served.get(&admin, &path).await;
    let first_version = shown.headers["etag"].clone();
    assert_eq!(shown.expect(200), made["endpoint"]);

    let test = format!("{path}/test");
    let test = served.post(&admin, &test, &json!({})).await.expect(200);
    let requests = arrived(&receiver, 1).await;
    assert_eq!(requests[0].headers["webhook-id"], test["event_id"]);
    told(&requests[0], first);

    // Both secrets are good after a rotation, so that nothing is lost meanwhile.
    let rotated = served
        .post(&admin, &format!("{path}/rotate-secret"), &json!({}))
        .await
        .expect(200);
    let second = rotated["secret"].as_str().unwrap();
    assert_ne!(first, second);
    let (_, anna) = served.customer(0).await;
    let bonus = json!({ "points": 70, "rule": "gift", "occasion": "1", "reason": "Подарок" });
    let give = format!("/api/admin/customers/{anna}/loyalty/bonus");
    let give = served.request(Method::POST, &give).bearer_auth(&admin);
    let give = give.header("Idempotency-Key", "gift").said(&bonus);
    served.send(give).await.expect(200);
    let requests = arrived(&receiver, 2).await;
    let event = told(&requests[1], first);
    assert_eq!(told(&requests[1], second), event);
    assert_eq!(event["type"], "points.bonus");
    assert_eq!(event["data"]["user_id"], anna.as_str(), "{event}");

    // Every delivery can be looked up, page by page, and sent once more.
    let newest = format!("{path}/deliveries?limit=1&state=delivered");
    let newest = when(async || {
        let page = served.get(&admin, &newest).await.expect(200);
        Some(page).filter(|page| page["page"]["has_more"] == true)
    });
    let newest = newest.await;
    assert_eq!(newest["deliveries"][0]["event_type"], "points.bonus");
    let cursor = newest["page"]["next"].as_str().unwrap();
    let older = format!("{path}/deliveries?limit=1&state=delivered&cursor={cursor}");
    let older = served.get(&admin, &older).await.expect(200);
    assert_eq!(older["deliveries"][0]["event_id"], test["event_id"]);
    assert_eq!(older["page"]["has_more"], false);
    let replay = test["event_id"].as_str().unwrap();
    let replay = format!("{path}/deliveries/{replay}/replay");
    served.post(&admin, &replay, &json!({})).await.expect(204);
    let requests = arrived(&receiver, 3).await;
    assert_eq!(requests[2].headers["webhook-id"], test["event_id"]);

    // It is changed by who has seen it as it is: the rotation was a change, too.
    let seen = served.get(&admin, &path).await.headers["etag"].clone();
    let edit = json!({ "url": url, "description": "Касса" });
    let put = || {
        let request = served.request(Method::PUT, &path).bearer_auth(&admin);
        request.said(&edit)
    };
    served.send(put()).await.expect(428);
    let stale = put().header("If-Match", first_version);
    served.send(stale).await.expect(412);
    let edited = served.send(put().header("If-Match", &seen)).await;
    let version = edited.headers["etag"].clone();
    assert_eq!(edited.expect(200)["description"], "Касса");
    let turn = async |how: &str, version| {
        let request = served.request(Method::POST, &format!("{path}/{how}"));
        let request = request.bearer_auth(&admin).header("If-Match", version);
        served.send(request).await
    };
    turn("disable", seen).await.expect(412);
    let disabled = turn("disable", version).await;
    let version = disabled.headers["etag"].clone();
    assert_eq!(disabled.expect(200)["state"], "disabled");
    let enabled = turn("enable", version).await.expect(200);
    assert_eq!(enabled["state"], "enabled");

    let remove = served.request(Method::DELETE, &path).bearer_auth(&admin);
    served.send(remove).await.expect(204);
    served.get(&admin, &path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_tried_told_turned_and_removed_on_sqlite() {
    an_endpoint_is_tried_told_turned_and_removed(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_tried_told_turned_and_removed_on_postgres() {
    an_endpoint_is_tried_told_turned_and_removed(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_found_among_the_dead_letters() {
    let shop = Shop::open(small_shop(1), Database::Sqlite)
        .await
        .with("GLAME_WEBHOOKS_ENABLED", "true")
        .with("GLAME_WEBHOOKS_REACH", "also_loopback");
    let served = Served::of(shop).await;
    let admin = served.staff("admin").await;
    let receiver = Receiver::start(Behaviour::status("410 Gone")).await;
    let url = format!("http://127.0.0.1:{}/hook", receiver.port);
    let made = served.post(&admin, ENDPOINTS, &json!({ "url": url })).await;
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let test = format!("{path}/test");
    let test = served.post(&admin, &test, &json!({})).await.expect(200);
    let dead_letters = format!("{ENDPOINTS}/dead-letters");
    let dead = when(async || {
        let dead = served.get(&admin, &dead_letters).await.expect(200);
        Some(dead).filter(|dead| dead["deliveries"][0].is_object())
    });
    let dead = dead.await;
    assert_eq!(dead["deliveries"][0]["event_id"], test["event_id"]);
    let gone = served.get(&admin, &path).await.expect(200);
    assert_eq!(gone["state"], "gone");
    let since = json!({ "since": "2020-01-01T00:00:00Z" });
    let replay = format!("{path}/replay-dead");
    // Nobody listens there any more: it has to be enabled first.
    served.post(&admin, &replay, &since).await.expect(409);
    let version = served.get(&admin, &path).await.headers["etag"].clone();
    let enable = served.request(Method::POST, &format!("{path}/enable"));
    let enable = enable.bearer_auth(&admin).header("If-Match", version);
    served.send(enable).await.expect(200);
    let replayed = served.post(&admin, &replay, &since).await.expect(200);
    assert_eq!(replayed["replayed"], 1);
    arrived(&receiver, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_delivered_nothing_is_promised() {
    let shop = Shop::open(small_shop(1), Database::Sqlite).await;
    let served = Served::unsynchronised(shop).await;
    let admin = served.staff("admin").await;
    let asked = json!({ "url": "https://till.example/glame" });
    let refused = served.post(&admin, ENDPOINTS, &asked).await.expect(409);
    assert_eq!(refused["code"], "WEBHOOKS_OFF");
    let none = served.get(&admin, ENDPOINTS).await.expect(200);
    assert_eq!(none["endpoints"], json!([]));
}
