//! A job of the synchronisation whose process ends is gone on with by another, and by one alone.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

use std::sync::Arc;

use chrono::TimeDelta;
use glame_core::ports::{Clock, Storage, SyncRunReader};
use glame_core::sync::{
    CustomerSyncService, PurchaseScope, SyncCounts, SyncError, SyncKind, SyncLease, SyncRun,
    SyncSettings, SyncStatus, SyncTarget, SyncTask, SyncTrigger, Unobserved,
};
use glame_core::testkit::fixtures::minute;
use glame_core::testkit::{CountingIds, ListSource, ManualClock, MemoryStorage};
use glame_core::values::SyncRunId;
use uuid::Uuid;

const TASK: SyncTask = SyncTask {
    target: SyncTarget::All,
    scope: PurchaseScope::Everything,
    trigger: SyncTrigger::Manual,
};

/// Two servers share what is in here.
struct Shop {
    storage: Arc<MemoryStorage>,
    clock: Arc<ManualClock>,
    service: CustomerSyncService,
}

impl Shop {
    fn open() -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let clock = Arc::new(ManualClock::at(minute(0)));
        let service = CustomerSyncService::new(
            storage.clone(),
            Arc::new(ListSource::default()),
            clock.clone(),
            Arc::new(CountingIds::default()),
            SyncSettings::default(),
        );
        Self {
            storage,
            clock,
            service,
        }
    }

    /// Lets the time pass in which a living process prolongs its lease.
    fn one_lease_passes(&self) {
        self.clock.advance(SyncSettings::default().lease);
    }

    /// Writes the row of a run whose process then ends.
    async fn leave_run(&self, lease: &SyncLease, n: u128) {
        let now = self.clock.now();
        let run = SyncRun {
            id: SyncRunId::from_uuid(Uuid::from_u128(n)),
            job: Some(lease.job()),
            kind: SyncKind::Purchases,
            since: None,
            status: SyncStatus::Running,
            trigger: SyncTrigger::Manual,
            counts: SyncCounts::default(),
            cursor: None,
            error: None,
            queued_at: now,
            started_at: Some(now),
            finished_at: None,
        };
        let mut work = self.storage.begin().await.unwrap();
        work.put_run(&run).await.unwrap();
        work.commit().await.unwrap();
    }

    async fn customers(&self, lease: &SyncLease) -> Result<SyncRun, SyncError> {
        let trigger = SyncTrigger::Manual;
        let run = self
            .service
            .sync_discount_cards(lease, trigger, &Unobserved);
        run.await
    }
}

#[tokio::test]
async fn a_job_is_gone_on_with_when_its_lease_has_run_out_and_not_before() {
    let shop = Shop::open();
    let first = shop.service.acquire_lease_for("one", TASK).await.unwrap();
    shop.leave_run(&first, 900).await;
    assert!(shop.service.take_over("two").await.unwrap().is_none());
    shop.one_lease_passes();

    let (second, task) = shop.service.take_over("two").await.unwrap().unwrap();
    assert_eq!((second.job(), task), (first.job(), TASK));
    assert!(shop.service.take_over("three").await.unwrap().is_none());
    let left = shop.storage.runs_of_job(first.job()).await.unwrap();
    assert_eq!(left[0].status, SyncStatus::Failed);

    // Whoever was only away for long writes nothing more.
    let late = shop.customers(&first).await;
    assert!(matches!(late, Err(SyncError::LeaseLost)), "{late:?}");
    shop.customers(&second).await.unwrap();
    shop.service.release_lease(second).await.unwrap();
    assert!(shop.service.take_over("three").await.unwrap().is_none());
}

#[tokio::test]
async fn whoever_stops_leaves_a_job_to_the_next_at_once() {
    let shop = Shop::open();
    let first = shop.service.acquire_lease_for("one", TASK).await.unwrap();
    let job = first.job();
    shop.service.hand_over(first).await.unwrap();
    let (second, _) = shop.service.take_over("two").await.unwrap().unwrap();
    assert_eq!(second.job(), job);
}

#[tokio::test]
async fn whoever_goes_on_with_a_job_comes_before_whoever_begins_one() {
    let shop = Shop::open();
    shop.service.acquire_lease_for("one", TASK).await.unwrap();
    shop.one_lease_passes();
    let early = shop.service.acquire_lease("two").await;
    assert!(matches!(early, Err(SyncError::Busy { owner, .. }) if owner == "one"));
    // Where nobody goes on, the job is given up.
    shop.one_lease_passes();
    shop.service.acquire_lease("two").await.unwrap();
}

#[tokio::test]
async fn nobody_goes_on_with_what_a_person_waits_for() {
    let shop = Shop::open();
    shop.service.acquire_lease("a command").await.unwrap();
    shop.one_lease_passes();
    assert!(shop.service.take_over("two").await.unwrap().is_none());
    shop.service.acquire_lease("two").await.unwrap();
}

#[tokio::test]
async fn the_wish_to_stop_reaches_whoever_goes_on() {
    let shop = Shop::open();
    let first = shop.service.acquire_lease_for("one", TASK).await.unwrap();
    shop.one_lease_passes();
    let mut work = shop.storage.begin().await.unwrap();
    assert!(work.ask_to_cancel(first.job()).await.unwrap());
    work.commit().await.unwrap();
    shop.service.take_over("two").await.unwrap().unwrap();
    let held = shop.storage.held_lease().await.unwrap().unwrap();
    assert!(held.cancel_wanted);
    assert_eq!(held.until, shop.clock.now() + TimeDelta::seconds(60));
}

#[tokio::test]
async fn a_job_over_which_process_after_process_ends_is_given_up() {
    let shop = Shop::open();
    let mut lease = shop.service.acquire_lease_for("0", TASK).await.unwrap();
    for n in 1..=4 {
        shop.leave_run(&lease, n).await;
        shop.one_lease_passes();
        (lease, _) = shop.service.take_over("next").await.unwrap().unwrap();
    }
    shop.leave_run(&lease, 5).await;
    shop.one_lease_passes();
    assert!(shop.service.take_over("last").await.unwrap().is_none());
    assert_eq!(shop.storage.held_lease().await.unwrap(), None);
}
