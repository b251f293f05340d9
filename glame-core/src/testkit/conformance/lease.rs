//! The lease of the synchronisation.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ports::{LeaseState, Storage};
use crate::testkit::fixtures::minute;
use crate::values::LeaseToken;

const fn token(n: u128) -> LeaseToken {
    LeaseToken::from_uuid(Uuid::from_u128(n))
}

async fn take(
    storage: &dyn Storage,
    n: u128,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> LeaseState {
    let mut work = storage.begin().await.unwrap();
    let state = work
        .take_lease(token(n), &format!("server {n}"), now, until)
        .await
        .unwrap();
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

/// Whoever holds the lease learns that it should stop; the next holder is asked anew.
pub async fn the_holder_can_be_asked_to_stop(storage: &dyn Storage) {
    let ask = async |n| {
        let mut work = storage.begin().await.unwrap();
        let asked = work.ask_to_cancel(token(n)).await.unwrap();
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
    let held = storage.held_lease().await.unwrap().unwrap();
    assert_eq!((held.token, held.cancel_wanted), (token(2), false));
    assert_eq!((held.owner.as_str(), held.until), ("server 2", minute(9)));
}
