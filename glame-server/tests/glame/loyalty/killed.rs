use std::time::{Duration, Instant};

use serde_json::Value;

use super::{bonus_line, file_of, shop_of, spend_line, user};
use crate::shop::{Database, Outcome, Shop};

/// How often a process is killed on each database.
const KILLS: u32 = 100;

/// Two customers get a present each and spend some of it.
fn lines(round: u32) -> Vec<Value> {
    let (anna, boris) = (user(1), user(2));
    let key = |what: &str| format!("{what}-{round}");
    vec![
        bonus_line(&anna, &key("a"), 300),
        bonus_line(&boris, &key("b"), 300),
        spend_line(&anna, &key("c"), 100),
        spend_line(&boris, &key("d"), 200),
    ]
}

/// Starts a process, kills it after a while, and gives what it has printed until then.
async fn killed_after(shop: &Shop, lines: &[Value], time: Duration) -> Vec<Value> {
    let mut call = shop.glame(&["loyalty", "post"]);
    let mut process = call.stdin(file_of(lines)).spawn().unwrap();
    tokio::time::sleep(time).await;
    process.start_kill().unwrap();
    let output = process.wait_with_output().await.unwrap();
    // The last line may have been cut.
    let printed = String::from_utf8_lossy(&output.stdout);
    let whole = printed
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    whole.collect()
}

fn replayed(answers: &[Value]) -> usize {
    answers
        .iter()
        .filter(|answer| answer["replayed"] == true)
        .count()
}

/// Sends lines to their end; each must have been carried out, now or before.
async fn sent(shop: &Shop, lines: &[Value]) -> Vec<Value> {
    let outcome: Outcome = shop.post(lines, &[]).await;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome.lines()
}

async fn what_is_sent_again_is_done_exactly_once(database: Database) {
    let shop = shop_of(2, database).await;
    let begun = Instant::now();
    sent(&shop, &lines(0)).await;
    let whole = begun.elapsed();
    let (mut before, mut within, mut after) = (0, 0, 0);
    for round in 1..=KILLS {
        let lines = lines(round);
        // From the start of the process to some time after its end.
        let time = whole * round / KILLS * 5 / 4;
        let printed = killed_after(&shop, &lines, time).await;
        let answers = sent(&shop, &lines).await;
        let done = replayed(&answers);
        assert!(done >= printed.len(), "what was answered had been written");
        for (printed, answer) in printed.iter().zip(&answers) {
            assert_eq!(printed["transactions"], answer["transactions"]);
        }
        let counter = match done {
            0 => &mut before,
            4 => &mut after,
            _ => &mut within,
        };
        *counter += 1;
    }
    assert!(
        before > 0 && after > 0,
        "the kills must be spread: {before} before, {within} within, {after} after the writes"
    );
    let rounds = i64::from(KILLS) + 1;
    assert_eq!(shop.available(&user(1)).await, 200 * rounds);
    assert_eq!(shop.available(&user(2)).await, 100 * rounds);
    assert_eq!(shop.verified().await, u64::from(KILLS + 1) * 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_what_is_sent_again_after_a_kill_is_done_exactly_once() {
    what_is_sent_again_is_done_exactly_once(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_what_is_sent_again_after_a_kill_is_done_exactly_once() {
    what_is_sent_again_is_done_exactly_once(Database::Postgres).await;
}
