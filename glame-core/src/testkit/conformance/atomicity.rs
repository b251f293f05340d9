//! All of a work happens, or nothing.

use super::with_users;
use crate::ports::Storage;
use crate::sync::{SyncKind, SyncStatus};
use crate::testkit::fixtures::{card, customer, minute, product, receipt, run};

/// A work that is dropped leaves nothing behind.
pub async fn dropped_work_leaves_no_trace(storage: &dyn Storage) {
    let anna = customer(1);
    let sync = run(1, SyncKind::Purchases, SyncStatus::Running);
    let mut work = with_users(storage, &[anna.clone()]).await;
    work.put_cards(&[card(1, anna.id)]).await.unwrap();
    work.add_receipts(&[receipt(1, anna.id, minute(1), 2)])
        .await
        .unwrap();
    work.put_products(&[product(1)]).await.unwrap();
    work.put_run(&sync).await.unwrap();
    drop(work);
    // A new work begins after the dropped one has been undone.
    storage.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(storage.users(&[anna.id]).await.unwrap(), []);
    assert_eq!(storage.cards_of(&[anna.id]).await.unwrap(), []);
    assert_eq!(storage.history(anna.id).await.unwrap().lines(), []);
    assert_eq!(storage.products_after(None, 9).await.unwrap(), []);
    assert_eq!(storage.run(sync.id).await.unwrap(), None);
}

/// What was committed is seen by readers and by the next work.
pub async fn committed_work_is_seen(storage: &dyn Storage) {
    let anna = customer(1);
    with_users(storage, &[anna.clone()])
        .await
        .commit()
        .await
        .unwrap();
    let mut work = storage.begin().await.unwrap();
    work.add_receipts(&[receipt(1, anna.id, minute(1), 2)])
        .await
        .unwrap();
    work.commit().await.unwrap();
    assert_eq!(storage.history(anna.id).await.unwrap().lines().len(), 2);
}

/// What is not committed yet is seen by nobody, and does not hold readers up.
pub async fn uncommitted_work_is_not_seen(storage: &dyn Storage) {
    let anna = customer(1);
    let work = with_users(storage, &[anna.clone()]).await;
    if storage_reads_beside_a_work(storage).await {
        assert_eq!(storage.users(&[anna.id]).await.unwrap(), []);
    }
    work.commit().await.unwrap();
    assert_eq!(storage.users(&[anna.id]).await.unwrap(), [anna]);
}

/// Tells whether readers go on while a work is open; a database with one connection cannot.
async fn storage_reads_beside_a_work(storage: &dyn Storage) -> bool {
    let patience = std::time::Duration::from_millis(200);
    tokio::time::timeout(patience, storage.customer_count())
        .await
        .is_ok()
}

/// After a conflict the work goes on and can be committed.
pub async fn a_conflict_does_not_poison_the_work(storage: &dyn Storage) {
    let anna = customer(1);
    let sold = receipt(1, anna.id, minute(1), 1);
    let mut work = with_users(storage, &[anna.clone()]).await;
    work.add_receipts(std::slice::from_ref(&sold))
        .await
        .unwrap();
    work.add_receipts(&[sold]).await.unwrap_err();
    work.add_receipts(&[receipt(2, anna.id, minute(2), 1)])
        .await
        .unwrap();
    work.commit().await.unwrap();
    assert_eq!(storage.history(anna.id).await.unwrap().lines().len(), 2);
}
