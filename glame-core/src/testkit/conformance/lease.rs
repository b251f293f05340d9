//! The lease of the synchronisation.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ports::{HeldLease, LeaseState, Storage};
use crate::sync::{PurchaseScope, SyncTarget, SyncTask, SyncTrigger};
use crate::testkit::fixtures::minute;
use crate::values::{LeaseToken, SyncJobId};

const fn token(n: u128) -> LeaseToken {
    LeaseToken::from_uuid(Uuid::from_u128(n))
}

const fn job(n: u128) -> SyncJobId {
    SyncJobId::from_uuid(Uuid::from_u128(n))
}

/// Gives the lease of a job of its own, which a person waits for.
fn lease(n: u128, until: DateTime<Utc>) -> HeldLease {
    HeldLease {
        token: token(n),
        job: job(100 + n),
        task: None,
        owner: format!("server {n}"),
        until,
        cancel_wanted: false,
    }
}

async fn take(
    storage: &dyn Storage,
    n: u128,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> LeaseState {
    let mut work = storage.begin().await.unwrap();
    let state = work.take_lease(&lease(n, until), now).await.unwrap();
    work.commit().await.unwrap();
    state
}

async fn renew(storage: &dyn Storage, n: u128, until: DateTime<Utc>) -> bool {
    let mut work = storage.begin().await.unwrap();
    let renewed = work.renew_lease(token(n), until).await.unwrap();
    work.commit().await.unwrap();
    renewed
}

/// Whoever comes second is told who holds the lease, and until when.
pub async fn the_lease_is_taken_once(storage: &dyn Storage) {
    assert_eq!(
        take(storage, 1, minute(0), minute(5)).await,
        LeaseState::Taken
    );
    let held = LeaseState::Held {
        owner: "server 1".to_owned(),
        until: minute(5),
    };
    assert_eq!(take(storage, 2, minute(4), minute(9)).await, held);
}

/// A lease that has run out goes to whoever asks.
pub async fn the_lease_is_taken_over_when_it_has_run_out(storage: &dyn Storage) {
    take(storage, 1, minute(0), minute(5)).await;
    assert_eq!(
        take(storage, 2, minute(5), minute(9)).await,
        LeaseState::Taken
    );
    let held = LeaseState::Held {
        owner: "server 2".to_owned(),
        until: minute(9),
    };
    assert_eq!(take(storage, 1, minute(6), minute(20)).await, held);
}

/// A prolonged lease stays with its holder.
pub async fn a_prolonged_lease_stays(storage: &dyn Storage) {
    take(storage, 1, minute(0), minute(5)).await;
    assert!(renew(storage, 1, minute(10)).await);
    let held = LeaseState::Held {
        owner: "server 1".to_owned(),
        until: minute(10),
    };
    assert_eq!(take(storage, 2, minute(7), minute(20)).await, held);
}

/// Whoever has lost the lease cannot prolong it, and learns so.
pub async fn a_lost_lease_is_not_prolonged(storage: &dyn Storage) {
    assert!(!renew(storage, 1, minute(5)).await);
    take(storage, 1, minute(0), minute(5)).await;
    take(storage, 2, minute(6), minute(10)).await;
    assert!(!renew(storage, 1, minute(20)).await);
    assert!(renew(storage, 2, minute(20)).await);
}

/// A lease that was given back is free; only its holder can give it back.
pub async fn a_released_lease_is_free(storage: &dyn Storage) {
    take(storage, 1, minute(0), minute(5)).await;
    for (n, expected) in [
        (
            2,
            LeaseState::Held {
                owner: "server 1".to_owned(),
                until: minute(5),
            },
        ),
        (1, LeaseState::Taken),
    ] {
        let mut work = storage.begin().await.unwrap();
        work.release_lease(token(n)).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(take(storage, 3, minute(1), minute(5)).await, expected);
    }
}

/// Of two works that ask at once, one gets the lease.
pub async fn two_works_at_once_never_both_get_the_lease(storage: &dyn Storage) {
    let (first, second) = tokio::join!(
        take(storage, 1, minute(0), minute(5)),
        take(storage, 2, minute(0), minute(5)),
    );
    let taken = [first, second]
        .iter()
        .filter(|state| **state == LeaseState::Taken)
        .count();
    assert_eq!(taken, 1);
}

/// A lease comes back as it was taken, with the job and what is to be done if the holder ends.
pub async fn a_lease_names_its_job_and_its_task(storage: &dyn Storage) {
    let scopes = [
        PurchaseScope::Automatic,
        PurchaseScope::Days(30),
        PurchaseScope::Everything,
    ];
    for (n, scope) in (1..).zip(scopes) {
        let taken = HeldLease {
            task: Some(SyncTask {
                target: SyncTarget::All,
                scope,
                trigger: SyncTrigger::Schedule,
            }),
            job: job(7),
            ..lease(n, minute(0))
        };
        let mut work = storage.begin().await.unwrap();
        let state = work.take_lease(&taken, minute(0)).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(state, LeaseState::Taken);
        assert_eq!(storage.held_lease().await.unwrap(), Some(taken));
    }
}

/// Whoever holds the lease learns that it should stop; the next job is asked anew.
pub async fn the_holder_can_be_asked_to_stop(storage: &dyn Storage) {
    let ask = async |n: u128| {
        let mut work = storage.begin().await.unwrap();
        let asked = work.ask_to_cancel(job(100 + n)).await.unwrap();
        work.commit().await.unwrap();
        asked
    };
    assert_eq!(storage.held_lease().await.unwrap(), None);
    assert!(!ask(1).await);
    take(storage, 1, minute(0), minute(5)).await;
    assert!(!ask(2).await);
    let wanted = async || storage.held_lease().await.unwrap().unwrap().cancel_wanted;
    assert!(!wanted().await);
    assert!(ask(1).await);
    assert!(renew(storage, 1, minute(6)).await);
    assert!(wanted().await);
    take(storage, 2, minute(6), minute(9)).await;
    let held = storage.held_lease().await.unwrap();
    assert_eq!(held, Some(lease(2, minute(9))));
    // A job that was left behind can still be stopped.
    assert!(ask(2).await);
}

/// Of two who go on with a job, one does; a wish to stop that came meanwhile is not lost, and a job
/// that has ended does not come back.
pub async fn a_lease_is_taken_over_once_with_the_wish_to_stop(storage: &dyn Storage) {
    let go_on = async |n: u128, from: u128, now: DateTime<Utc>| {
        let mine = HeldLease {
            job: job(101),
            ..lease(n, minute(20))
        };
        let mut work = storage.begin().await.unwrap();
        let taken = work.take_over_lease(token(from), &mine, now).await.unwrap();
        work.commit().await.unwrap();
        taken
    };
    assert!(!go_on(2, 1, minute(9)).await, "there is nothing yet");
    take(storage, 1, minute(0), minute(5)).await;
    assert!(!go_on(2, 1, minute(4)).await, "it has not run out");
    let mut work = storage.begin().await.unwrap();
    assert!(work.ask_to_cancel(job(101)).await.unwrap());
    work.commit().await.unwrap();
    assert!(go_on(2, 1, minute(5)).await);
    assert!(!go_on(3, 1, minute(5)).await, "another one was quicker");
    let held = storage.held_lease().await.unwrap().unwrap();
    assert_eq!((held.token, held.job), (token(2), job(101)));
    assert!(held.cancel_wanted);
    let mut work = storage.begin().await.unwrap();
    work.release_lease(token(2)).await.unwrap();
    work.commit().await.unwrap();
    assert!(!go_on(3, 2, minute(30)).await, "the job has ended");
    assert_eq!(storage.held_lease().await.unwrap(), None);
}
