use std::time::Duration;

use chrono::{TimeDelta, Utc};

use super::{shop_of, user};
use crate::http::serve;
use crate::shop::Database;

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_write_a_lot_off_once_by_themselves() {
    let shop = shop_of(1, Database::Postgres)
        .await
        .with("GLAME_SYNC_SCHEDULE", "off")
        .with("GLAME_LOYALTY_EXPIRE_SCHEDULE", "* * * * * *");
    let anna = user(1);
    #[expect(
        clippy::disallowed_methods,
        reason = "the processes live in the real time"
    )]
    let soon = (Utc::now() + TimeDelta::seconds(2)).to_rfc3339();
    let bonus = [
        "bonus",
        &anna,
        "--rule",
        "spring",
        "--occasion",
        "day",
        "--points",
        "70",
    ];
    let options = ["--expires-at", &soon, "--idempotency-key", "k"];
    let given = shop.loyalty(&[&bonus[..], &options].concat()).await;
    assert_eq!(given["balance"]["expiring"][0]["points"], 70);
    let (_first, _) = serve(&shop).await;
    let (_second, _) = serve(&shop).await;
    for _ in 0..300 {
        let history = shop.loyalty(&["history", &anna]).await;
        if history["transactions"][0]["type"] == "expire" {
            // Both have had their turns since.
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            assert_eq!(shop.verified().await, 2);
            assert_eq!(shop.available(&anna).await, 0);
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing was written off within 30 seconds");
}
