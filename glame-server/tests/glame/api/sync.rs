use glame_core::ports::{HeldLease, Rejected};
use glame_core::sync::{
    PurchaseScope, SyncKind, SyncRun, SyncStatus, SyncTarget, SyncTask, SyncTrigger,
};
use glame_core::testkit::fixtures::run;
use glame_core::values::{LeaseToken, SyncJobId, SyncRunId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::Served;
use crate::shop::Database;

impl Served {
    /// Follows the pages of a list to its end.
    async fn pages(&self, token: &str, path: &str, rows: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.get(token, &next).await.expect(200);
            found.extend(page[rows].as_array().unwrap().iter().cloned());
            let Some(cursor) = page["page"]["next"].as_str() else {
                return found;
            };
            next = format!("{path}&cursor={cursor}");
        }
    }
}

async fn every_run_and_every_reject_can_be_read(database: Database) {
    let served = Served::open(database).await;
    let admin = served.staff("admin").await;
    for _ in 0..2 {
        let job = served.job(&admin, "/api/admin/1c/sync/metrics").await;
        assert_eq!(job["status"], "succeeded", "{job}");
    }
    let path = "/api/admin/1c/sync/runs";
    let by_four = format!("{path}?limit=4");
    let pages = served.pages(&admin, &by_four, "runs").await;
    let kinds: Vec<&str> = pages
        .iter()
        .map(|run| run["kind"].as_str().unwrap())
        .collect();
    let figures = ["segments", "points", "metrics"];
    let everything = ["purchases", "catalogue", "customers"];
    assert_eq!(
        kinds,
        [&figures[..], &figures, &figures, &everything].concat()
    );
    let one_by_one = format!("{path}?kind=points&limit=1");
    let points = served.pages(&admin, &one_by_one, "runs").await;
    assert_eq!(points, [1, 4, 7].map(|n| pages[n].clone()));
    let unknown = format!("{path}?kind=points_of_1c");
    served.get(&admin, &unknown).await.expect(400);

    // The cursor of all kinds is none of one kind.
    let first = served.get(&admin, &format!("{path}?limit=1")).await;
    let first = first.expect(200);
    let cursor = first["page"]["next"].as_str().unwrap();
    let other = format!("{path}?kind=points&limit=1&cursor={cursor}");
    let refused = served.get(&admin, &other).await.expect(400);
    assert_eq!(refused["code"], "REQUEST_CURSOR_INVALID");

    let run = pages[0]["id"].as_str().unwrap();
    let rejects = [1, 2, 3].map(|n| Rejected {
        set: "InformationRegister_Показатели".to_owned(),
        reference: n.to_string(),
        reason: "нет даты".to_owned(),
    });
    let storage = served.shop.storage().await;
    let mut work = storage.begin().await.unwrap();
    let id = SyncRunId::from_uuid(run.parse().unwrap());
    work.add_rejects(id, &rejects).await.unwrap();
    work.commit().await.unwrap();
    let path = format!("{path}/{run}/rejects?limit=2");
    let found = served.pages(&admin, &path, "rejects").await;
    let told = rejects
        .map(|one| json!({ "set": one.set, "reference": one.reference, "reason": one.reason }));
    assert_eq!(found, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_and_every_reject_can_be_read_on_sqlite() {
    every_run_and_every_reject_can_be_read(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_and_every_reject_can_be_read_on_postgres() {
    every_run_and_every_reject_can_be_read(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marketers_stop_what_fills_segments_and_nobody_stops_what_is_over() {
    let served = Served::open(Database::Sqlite).await;
    let storage = served.shop.storage().await;
    let (admin, marketer) = (
        served.staff("admin").await,
        served.staff("ai_marketer").await,
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "the server looks at the same clock"
    )]
    let now = chrono::Utc::now();
    let held = |n: u32, target: Option<SyncTarget>, minutes| HeldLease {
        token: LeaseToken::from_uuid(Uuid::from_u128(n.into())),
        job: SyncJobId::from_uuid(Uuid::from_u128(100 + u128::from(n))),
        task: target.map(|target| SyncTask {
            target,
            scope: PurchaseScope::Automatic,
            trigger: SyncTrigger::Manual,
        }),
        owner: "another replica".to_owned(),
        until: now + chrono::TimeDelta::minutes(minutes),
        cancel_wanted: false,
    };
    let cases = [
        (held(1, Some(SyncTarget::Segments), 5), 204, 204),
        (held(2, Some(SyncTarget::All), 5), 403, 204),
        (held(3, None, 5), 403, 204),
        (held(4, None, -5), 404, 404),
    ];
    for (n, (lease, by_marketer, by_admin)) in (1..).zip(cases) {
        let mut work = storage.begin().await.unwrap();
        let before = storage.held_lease().await.unwrap();
        if let Some(before) = before {
            work.release_lease(before.token).await.unwrap();
        }
        work.take_lease(&lease, now).await.unwrap();
        // A job is known by its lease or its runs.
        let run = SyncRun {
            job: Some(lease.job),
            ..run(n, SyncKind::Segments, SyncStatus::Failed)
        };
        work.put_run(&run).await.unwrap();
        work.commit().await.unwrap();
        let path = format!("/api/admin/1c/sync/task/{}/cancel", lease.job);
        for (token, status) in [(&marketer, by_marketer), (&admin, by_admin)] {
            served.post(token, &path, &json!({})).await.expect(status);
            let wanted = storage.held_lease().await.unwrap().unwrap().cancel_wanted;
            assert!(wanted || status != 204, "{lease:?}");
        }
    }
}
