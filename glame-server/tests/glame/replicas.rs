//! Many servers on one database: one synchronises at a time, another goes on where one has ended, and
//! none is missed while it is exchanged.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use glame_core::ports::RunQuery;
use glame_core::sync::{SyncKind, SyncRun, SyncStatus};
use glame_core::values::SyncJobId;
use glame_onec_simulator::{SalesRegister, SimulatorSettings};
use serde_json::{Value, json};
use tokio::process::Child;

use crate::api::client::Served;
use crate::balancer::{Asking, Balancer, POLLS_EVERY, Traffic};
use crate::http::{serve, terminate};
use crate::shop::{Database, Shop, small_shop};

/// A job lasts longer than a replica waits before it asks again for the same turn, and less than the
/// time between two turns.
#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_take_one_turn_once_and_never_work_together() {
    let settings = SimulatorSettings {
        base: small_shop(3),
        page_latency: Duration::from_millis(600),
        ..SimulatorSettings::default()
    };
    let shop = Shop::of(settings, Database::Postgres)
        .await
        .with("GLAME_SYNC_SCHEDULE", "*/15 * * * * *");
    shop.done(&["migrate"]).await;
    let (_first, _) = serve(&shop).await;
    let (_second, _) = serve(&shop).await;
    tokio::time::sleep(Duration::from_secs(45)).await;
    let runs = shop
        .storage()
        .await
        .runs(RunQuery::newest(200))
        .await
        .unwrap();
    let mut jobs: BTreeMap<SyncJobId, Vec<&SyncRun>> = BTreeMap::new();
    for run in &runs {
        jobs.entry(run.job.unwrap()).or_default().push(run);
    }
    let mut spans: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)> = jobs
        .values()
        .map(|runs| {
            let begun = runs.iter().filter_map(|run| run.started_at).min().unwrap();
            // Of a job that is under way the end is not known yet.
            let ends = runs.iter().map(|run| run.finished_at).min().flatten();
            let last = runs.iter().filter_map(|run| run.finished_at).max();
            (begun, ends.and(last))
        })
        .collect();
    spans.sort_unstable();
    let lasted = |span: &(DateTime<Utc>, Option<DateTime<Utc>>)| Some(span.1? - span.0);
    let is_long = |length: TimeDelta| length > TimeDelta::seconds(5);
    assert!(spans.len() >= 2, "{spans:?}");
    assert!(spans.iter().filter_map(lasted).any(is_long), "{spans:?}");
    for pair in spans.windows(2) {
        assert!(
            pair[0].1.is_some_and(|ended| ended <= pair[1].0),
            "{spans:?}"
        );
    }
    let mut turns: Vec<i64> = spans.iter().map(|span| span.0.timestamp() / 15).collect();
    turns.dedup();
    assert_eq!(
        turns.len(),
        spans.len(),
        "a turn was taken twice: {spans:?}"
    );
}

/// A shop whose base answers nothing for minutes.
async fn silent_shop() -> Shop {
    let settings = SimulatorSettings {
        base: small_shop(1),
        page_latency: Duration::from_mins(5),
        ..SimulatorSettings::default()
    };
    let shop = Shop::of(settings, Database::Sqlite).await;
    shop.done(&["migrate"]).await;
    shop
}

/// A server with a job that waits for its base.
async fn waiting_for_the_base() -> (Served, String, Value) {
    let shop = silent_shop().await;
    let served = Served::unsynchronised(shop).await;
    let admin = served.staff("admin").await;
    let begun = served
        .post(&admin, "/api/admin/1c/sync/full", &json!({}))
        .await;
    let begun = begun.expect(202);
    let path = begun["status_url"].as_str().unwrap();
    job_when(&served, &admin, path, |job| {
        runs_of(job, "customers").len() == 1
    })
    .await;
    (served, admin, begun)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_for_the_base_is_cancelled_within_seconds() {
    let (served, admin, begun) = waiting_for_the_base().await;
    let path = begun["status_url"].as_str().unwrap();
    let cancel = format!("{path}/cancel");
    served.post(&admin, &cancel, &json!({})).await.expect(204);
    let is_over = |job: &Value| !["running", "queued"].contains(&job["status"].as_str().unwrap());
    let over = job_when(&served, &admin, path, is_over).await;
    assert_eq!(over["status"], "cancelled", "{over}");
    assert_eq!(runs_of(&over, "customers"), [("cancelled", 0)]);
    served.post(&admin, &cancel, &json!({})).await.expect(404);
    // Nobody holds the lease any more.
    let figures = "/api/admin/1c/sync/metrics";
    served.post(&admin, figures, &json!({})).await.expect(202);
}

/// It ends long before its patience does, and leaves the job to others.
async fn stops_in_time(mut server: Child, shop: &Shop) {
    terminate(&server);
    let ended = tokio::time::timeout(Duration::from_secs(15), server.wait()).await;
    assert!(ended.expect("it ends in time").unwrap().success());
    let storage = shop.storage().await;
    assert_eq!(storage.running().await.unwrap(), []);
    let last = storage.last_run(SyncKind::Customers).await.unwrap();
    assert_eq!(last.unwrap().status, SyncStatus::Cancelled);
    let left = storage.held_lease().await.unwrap().unwrap();
    assert!(left.task.is_some() && !left.cancel_wanted, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_job_waits_for_the_base_stops_in_time() {
    let (served, _, _) = waiting_for_the_base().await;
    stops_in_time(served.server, &served.shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_turn_waits_for_the_base_stops_in_time() {
    let shop = silent_shop()
        .await
        .with("GLAME_SYNC_SCHEDULE", "* * * * * *");
    let (server, _) = serve(&shop).await;
    let storage = shop.storage().await;
    let begins = async {
        while storage.running().await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    let begun = tokio::time::timeout(Duration::from_secs(30), begins).await;
    begun.expect("the turn comes");
    stops_in_time(server, &shop).await;
}

/// How a replica ends that works at a job.
#[derive(Debug, Clone, Copy)]
enum End {
    /// Without a word.
    Killed,
    /// As it is asked to.
    Stopped,
}

/// Two replicas of a shop whose base is slow, so that a job lasts for seconds.
async fn two_slow_replicas() -> (Served, Served) {
    let settings = SimulatorSettings {
        base: small_shop(7),
        page_latency: Duration::from_millis(60),
        ..SimulatorSettings::default()
    };
    let shop = Shop::of(settings, Database::Postgres)
        .await
        .with("ONEC_LINES_PER_CALL", "100");
    shop.done(&["migrate"]).await;
    let one = Served::unsynchronised(shop).await;
    let other = one.replica().await;
    (one, other)
}

/// Asks for a job until it is as it should be.
async fn job_when(
    served: &Served,
    token: &str,
    path: &str,
    fits: impl Fn(&Value) -> bool,
) -> Value {
    for _ in 0..1_200 {
        let job = served.get(token, path).await.expect(200);
        if fits(&job) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the job at {path} is not as it should be within 30 seconds");
}

/// Gives the runs of a kind: how each ended and how much it had read.
fn runs_of<'a>(job: &'a Value, kind: &str) -> Vec<(&'a str, u64)> {
    let runs = job["runs"].as_array().unwrap().iter();
    runs.filter(|run| run["kind"] == kind)
        .map(|run| {
            (
                run["status"].as_str().unwrap(),
                run["read"].as_u64().unwrap(),
            )
        })
        .collect()
}

async fn another_replica_goes_on_with_a_job(end: End) {
    let (mut one, other) = two_slow_replicas().await;
    let admin = one.staff("admin").await;
    let begun = one
        .post(&admin, "/api/admin/1c/sync/full", &json!({}))
        .await;
    let begun = begun.expect(202);
    let path = begun["status_url"].as_str().unwrap();

    // Either replica shows how far the job is.
    let has_read = |job: &Value| {
        let purchases = runs_of(job, "purchases");
        purchases.first().is_some_and(|(_, read)| *read > 500)
    };
    let half_done = job_when(&other, &admin, path, has_read).await;
    assert_eq!(half_done["status"], "running");
    match end {
        End::Killed => one.server.kill().await.unwrap(),
        End::Stopped => {
            one.terminate();
            assert!(one.server.wait().await.unwrap().success());
        }
    }

    let is_over = |job: &Value| !["running", "queued"].contains(&job["status"].as_str().unwrap());
    let done = job_when(&other, &admin, path, is_over).await;
    assert_eq!(done["status"], "succeeded", "{done}");
    assert_eq!(done["id"], begun["task_id"]);
    assert_eq!(runs_of(&done, "customers").len(), 1, "{done}");
    assert_eq!(runs_of(&done, "metrics").len(), 1, "{done}");
    let broken_off = match end {
        End::Killed => "failed",
        End::Stopped => "cancelled",
    };
    let [(first, before), (second, after)] = runs_of(&done, "purchases")[..] else {
        panic!("two replicas have read purchases: {done}");
    };
    assert_eq!((first, second), (broken_off, "succeeded"));
    // What the first had stored is not read again.
    assert!(before > 500 && after < 3_000, "{done}");
    assert_eq!(
        other.shop.stored_sums().await,
        other.shop.expected_sums(SalesRegister::Sales).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_goes_on_with_the_job_of_one_that_was_killed() {
    another_replica_goes_on_with_a_job(End::Killed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_goes_on_with_the_job_of_one_that_was_stopped() {
    another_replica_goes_on_with_a_job(End::Stopped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_left_behind_can_be_cancelled() {
    let (mut one, other) = two_slow_replicas().await;
    let admin = one.staff("admin").await;
    let begun = one
        .post(&admin, "/api/admin/1c/sync/full", &json!({}))
        .await;
    let begun = begun.expect(202);
    let path = begun["status_url"].as_str().unwrap();
    one.server.kill().await.unwrap();
    let cancel = format!("{path}/cancel");
    let marketer = other.staff("ai_marketer").await;
    let forbidden = other.post(&marketer, &cancel, &json!({})).await;
    assert_eq!(forbidden.expect(403)["code"], "AUTH_FORBIDDEN");
    other.post(&admin, &cancel, &json!({})).await.expect(204);
    let is_over = |job: &Value| !["running", "queued"].contains(&job["status"].as_str().unwrap());
    let over = job_when(&other, &admin, path, is_over).await;
    assert_eq!(over["status"], "cancelled", "{over}");
}

/// Asks for figures and gives points, in turns.
struct ReadingAndGiving {
    token: String,
    user: String,
}

impl Asking for ReadingAndGiving {
    fn request(&self, n: usize) -> (String, String, String) {
        let user = &self.user;
        let headers = format!("Authorization: Bearer {}\r\n", self.token);
        if n.is_multiple_of(2) {
            let first = format!("GET /api/admin/customers/{user}/loyalty HTTP/1.1");
            return (first, headers, String::new());
        }
        let headers =
            format!("{headers}Idempotency-Key: gift-{n}\r\nContent-Type: application/json\r\n");
        let first = format!("POST /api/admin/customers/{user}/loyalty/adjust HTTP/1.1");
        let body = json!({ "points": 1, "reason": "gift", "description": "a test" });
        (first, headers, body.to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_drops_no_request() {
    let shop = Shop::open(small_shop(1), Database::Postgres)
        .await
        .with("GLAME_DRAIN_SECONDS", "2")
        .with("GLAME_AUTH_CUSTOMER_CODE", "card_suffix");
    let one = Served::of(shop).await;
    let other = one.replica().await;
    let (customer, user) = one.customer(0).await;
    let token = one.staff("admin").await;
    let loyalty = one
        .get(&customer, "/api/customer/loyalty")
        .await
        .expect(200);
    let before = loyalty["balance"].as_u64().unwrap();

    let balancer = Balancer::open();
    balancer.add(one.address).await;
    balancer.add(other.address).await;
    let asking = ReadingAndGiving { token, user };
    let traffic = Traffic::begin(&balancer, 6, asking);
    let mut new_ones = Vec::new();
    for mut old in [one, other] {
        let answered = traffic.answered();
        tokio::time::sleep(2 * POLLS_EVERY).await;
        assert!(traffic.answered() > answered, "nobody asks any more");
        old.terminate();
        assert!(old.server.wait().await.unwrap().success());
        let new = old.replica().await;
        balancer.add(new.address).await;
        new_ones.push(new);
    }
    let answered = traffic.end().await;
    assert!(answered > 500, "only {answered} requests were made");

    // Every gift was given once: what was answered is stored, and nothing else is.
    let loyalty = new_ones[0].get(&customer, "/api/customer/loyalty").await;
    let balance = loyalty.expect(200)["balance"].as_u64().unwrap();
    let gifts = u64::try_from(answered / 2).unwrap();
    assert_eq!(balance, before + gifts);
}
