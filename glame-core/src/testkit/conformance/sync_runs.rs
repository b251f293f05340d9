//! Runs of the synchronisation.

use uuid::Uuid;

use crate::ports::{RunPlace, RunQuery, SourceCursor, Storage, StoredReject};
use crate::sync::{SyncCounts, SyncKind, SyncRun, SyncStatus, SyncTrigger};
use crate::testkit::fixtures::{minute, rejected, run};
use crate::values::SyncJobId;

async fn put(storage: &dyn Storage, runs: &[SyncRun]) {
    let mut work = storage.begin().await.unwrap();
    for run in runs {
        work.put_run(run).await.unwrap();
    }
    work.commit().await.unwrap();
}

/// A run comes back as it was stored, of every kind and status.
pub async fn a_run_comes_back_as_it_was_stored(storage: &dyn Storage) {
    let mut n = 0;
    for kind in SyncKind::ALL {
        for status in SyncStatus::ALL {
            n += 1;
            let stored = SyncRun {
                since: Some(minute(-9)),
                trigger: SyncTrigger::Schedule,
                counts: SyncCounts {
                    read: u64::from(u32::MAX),
                    moved: 3,
                    ..SyncCounts::default()
                },
                cursor: Some(SourceCursor::new("{\"window\": 7}".to_owned())),
                error: Some("нет доступа".to_owned()),
                finished_at: Some(minute(99)),
                ..run(n, kind, status)
            };
            put(storage, &[stored.clone()]).await;
            assert_eq!(storage.run(stored.id).await.unwrap(), Some(stored));
        }
    }
    assert_eq!(
        storage
            .run(run(99, SyncKind::Customers, SyncStatus::Queued).id)
            .await
            .unwrap(),
        None
    );
}

/// A run that is stored again is replaced.
pub async fn a_run_is_replaced(storage: &dyn Storage) {
    let running = run(1, SyncKind::Purchases, SyncStatus::Running);
    let done = SyncRun {
        status: SyncStatus::Succeeded,
        finished_at: Some(minute(9)),
        ..running.clone()
    };
    put(storage, &[running, done.clone()]).await;
    assert_eq!(storage.run(done.id).await.unwrap(), Some(done));
}

/// The newest runs come first, as many as are asked for.
pub async fn the_newest_runs_come_first(storage: &dyn Storage) {
    let runs = [2, 3, 1].map(|n| run(n, SyncKind::Customers, SyncStatus::Succeeded));
    put(storage, &runs).await;
    let [second, newest, _] = runs;
    let found = storage.runs(RunQuery::newest(2)).await.unwrap();
    assert_eq!(found, [newest, second]);
}

/// Runs that are under way come in the order in which they were asked for, and no others.
pub async fn running_runs_are_found_however_old(storage: &dyn Storage) {
    let mut expected = Vec::new();
    for (n, status) in (1..).zip(SyncStatus::ALL.into_iter().cycle().take(12)) {
        let stored = run(n, SyncKind::Purchases, status);
        put(storage, std::slice::from_ref(&stored)).await;
        if status == SyncStatus::Running {
            expected.push(stored);
        }
    }
    expected.sort_by_key(|run| (run.queued_at, run.id));
    assert!(expected.len() > 1);
    assert_eq!(storage.running().await.unwrap(), expected);
}

/// Pages of runs meet, where runs were asked for at the same instant too, and a kind can be chosen.
pub async fn pages_of_runs_meet(storage: &dyn Storage) {
    let kinds = [
        SyncKind::Customers,
        SyncKind::Points,
        SyncKind::Customers,
        SyncKind::Segments,
        SyncKind::Customers,
    ];
    let mut runs: Vec<SyncRun> = (1..)
        .zip(kinds)
        .map(|(n, kind)| SyncRun {
            queued_at: minute(i64::from(n / 2)),
            ..run(n, kind, SyncStatus::Succeeded)
        })
        .collect();
    put(storage, &runs).await;
    runs.reverse();
    for kind in [None, Some(SyncKind::Customers)] {
        let mut query = RunQuery {
            kind,
            ..RunQuery::newest(2)
        };
        let mut found = Vec::new();
        loop {
            let page = storage.runs(query).await.unwrap();
            let Some(last) = page.last() else { break };
            query.before = Some(RunPlace {
                queued_at: last.queued_at,
                run: last.id,
            });
            found.extend(page);
        }
        let chosen = runs
            .iter()
            .filter(|run| kind.is_none_or(|kind| run.kind == kind));
        assert_eq!(found, chosen.cloned().collect::<Vec<_>>());
    }
}

/// The runs of a job come in the order in which they were begun, and no others.
pub async fn the_runs_of_a_job_come_in_order(storage: &dyn Storage) {
    let job = |n| SyncJobId::from_uuid(Uuid::from_u128(n));
    let of = |n, owner| SyncRun {
        job: owner,
        ..run(n, SyncKind::Customers, SyncStatus::Succeeded)
    };
    let [late, early] = [of(3, Some(job(1))), of(1, Some(job(1)))];
    put(storage, &[late.clone(), early.clone()]).await;
    put(storage, &[of(2, Some(job(2))), of(4, None)]).await;
    assert_eq!(storage.runs_of_job(job(1)).await.unwrap(), [early, late]);
    assert_eq!(storage.runs_of_job(job(9)).await.unwrap(), []);
}

/// The last run, the last success and the last complete success of a kind are told apart.
pub async fn the_last_success_and_the_last_complete_run_are_told_apart(storage: &dyn Storage) {
    let kind = SyncKind::Purchases;
    assert_eq!(storage.last_run(kind).await.unwrap(), None);
    let complete = run(1, kind, SyncStatus::Succeeded);
    let partial = SyncRun {
        since: Some(minute(0)),
        ..run(2, kind, SyncStatus::Succeeded)
    };
    let failed = run(3, kind, SyncStatus::Failed);
    let other = run(4, SyncKind::Customers, SyncStatus::Succeeded);
    put(
        storage,
        &[complete.clone(), partial.clone(), failed.clone(), other],
    )
    .await;
    assert_eq!(storage.last_complete(kind).await.unwrap(), Some(complete));
    assert_eq!(storage.last_succeeded(kind).await.unwrap(), Some(partial));
    assert_eq!(storage.last_run(kind).await.unwrap(), Some(failed));
}

/// Whether cards have moved is known by the time of the run.
pub async fn moved_cards_are_remembered_by_time(storage: &dyn Storage) {
    assert!(!storage.cards_moved_since(minute(0)).await.unwrap());
    let mut moved = run(5, SyncKind::Customers, SyncStatus::Failed);
    moved.counts.moved = 1;
    put(
        storage,
        &[moved, run(6, SyncKind::Customers, SyncStatus::Succeeded)],
    )
    .await;
    assert!(storage.cards_moved_since(minute(5)).await.unwrap());
    assert!(!storage.cards_moved_since(minute(6)).await.unwrap());
}

/// A reject is kept once, in the order of arrival, as many as are asked for.
pub async fn a_reject_is_kept_once_and_in_order(storage: &dyn Storage) {
    let run = run(1, SyncKind::Purchases, SyncStatus::Running);
    put(storage, std::slice::from_ref(&run)).await;
    let mut work = storage.begin().await.unwrap();
    work.add_rejects(run.id, &[rejected(2), rejected(1)])
        .await
        .unwrap();
    work.add_rejects(run.id, &[rejected(1), rejected(3)])
        .await
        .unwrap();
    work.add_rejects(run.id, &[]).await.unwrap();
    work.commit().await.unwrap();
    let all = [rejected(2), rejected(1), rejected(3)];
    let found = storage.rejects(run.id, None, 10).await.unwrap();
    let (places, found): (Vec<_>, Vec<_>) = found
        .into_iter()
        .map(|stored| (stored.place, stored.rejected))
        .unzip();
    assert_eq!(found, all);
    let next = storage.rejects(run.id, Some(places[0]), 1).await.unwrap();
    assert_eq!(
        next,
        [StoredReject {
            place: places[1],
            rejected: rejected(1)
        }]
    );
    let last = places.last().copied();
    assert_eq!(storage.rejects(run.id, last, 10).await.unwrap(), []);
}
