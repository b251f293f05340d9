//! Many servers on one database: one synchronises at a time.

use crate::http::serve;
use crate::shop::{Database, Shop, small_shop};

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_take_one_turn_once() {
    let shop = Shop::open(small_shop(3), Database::Postgres)
        .await
        .with("GLAME_SYNC_SCHEDULE", "*/3 * * * * *");
    let (_first, _) = serve(&shop).await;
    let (_second, _) = serve(&shop).await;
    tokio::time::sleep(std::time::Duration::from_secs(8)).await;
    let status = shop.json(&["sync", "status", "--json"]).await;
    let runs = status["runs"].as_array().unwrap();
    let mut turns: Vec<i64> = runs
        .iter()
        .filter(|run| run["kind"] == "customers")
        .map(|run| {
            let started: chrono::DateTime<chrono::Utc> =
                run["started_at"].as_str().unwrap().parse().unwrap();
            started.timestamp() / 3
        })
        .collect();
    let all = turns.len();
    turns.dedup();
    assert!(all >= 2, "{status}");
    assert_eq!(turns.len(), all, "a turn was taken twice: {status}");
}
