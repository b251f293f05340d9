//! The audit log.

use chrono::TimeDelta;

use crate::access::{AuditAction, AuditActor, AuditDetails, AuditEntry, AuditFilter};
use crate::ports::{Storage, StorageError};
use crate::testkit::fixtures::access::{audit_entry, staff_user};
use crate::testkit::fixtures::{customer, minute};
use crate::values::PeriodRange;

async fn append(storage: &dyn Storage, entries: &[AuditEntry]) {
    let mut work = storage.begin().await.unwrap();
    work.append_audit(entries).await.unwrap();
    work.commit().await.unwrap();
}

async fn read(storage: &dyn Storage, filter: &AuditFilter) -> Vec<AuditEntry> {
    storage.audit_entries(filter, None, 100).await.unwrap()
}

/// Entries 1 to 4: two members read two customers, in minutes 1 to 4.
fn sample() -> [AuditEntry; 4] {
    let entry = |n: u8, actor, subject| {
        let at = minute(i64::from(n));
        audit_entry(n.into(), at, staff_user(actor), customer(subject).id)
    };
    [
        entry(1, 1, 1),
        entry(2, 2, 1),
        entry(3, 1, 2),
        entry(4, 2, 2),
    ]
}

/// An entry comes back as it was, with everything or with nothing in it.
pub async fn an_entry_comes_back_as_it_was(storage: &dyn Storage) {
    let full = audit_entry(1, minute(1), staff_user(1), customer(1).id);
    let tick = TimeDelta::microseconds(1);
    let bare = |n, actor| AuditEntry {
        actor,
        subject: None,
        details: AuditDetails::new(),
        request_id: None,
        address: None,
        ..audit_entry(n, minute(1) - tick, staff_user(1), customer(1).id)
    };
    let (system, anonymous) = (bare(3, AuditActor::System), bare(2, AuditActor::Anonymous));
    append(storage, &[full.clone(), anonymous.clone(), system.clone()]).await;
    append(storage, &[]).await;
    let found = read(storage, &AuditFilter::default()).await;
    assert_eq!(found, [full, system, anonymous]);
}

/// Every action is kept by its name.
pub async fn every_action_is_kept(storage: &dyn Storage) {
    let entries: Vec<AuditEntry> = (1..)
        .zip(AuditAction::ALL)
        .map(|(n, action)| AuditEntry {
            action: *action,
            ..audit_entry(n, minute(0), staff_user(1), customer(1).id)
        })
        .collect();
    append(storage, &entries).await;
    let mut found = read(storage, &AuditFilter::default()).await;
    found.reverse();
    assert_eq!(found, entries);
}

/// Entries are found by who, whom, what and when, and by all of it at once.
pub async fn entries_are_found_by_each_filter(storage: &dyn Storage) {
    let mut entries = sample();
    entries[3].action = AuditAction::CustomerChanged;
    append(storage, &entries).await;
    let all = AuditFilter::default();
    let actor = Some(staff_user(1));
    let subject = Some(customer(2).id);
    let action = Some(AuditAction::CustomerRead);
    let range = PeriodRange::try_new(Some(minute(2)), Some(minute(4))).unwrap();
    let cases: [(AuditFilter, &[usize]); 8] = [
        (all, &[3, 2, 1, 0]),
        (AuditFilter { actor, ..all }, &[2, 0]),
        (AuditFilter { subject, ..all }, &[3, 2]),
        (AuditFilter { action, ..all }, &[2, 1, 0]),
        (AuditFilter { range, ..all }, &[2, 1]),
        (
            AuditFilter {
                actor,
                range,
                ..all
            },
            &[2],
        ),
        (
            AuditFilter {
                subject,
                action,
                ..all
            },
            &[2],
        ),
        (
            AuditFilter {
                actor,
                subject,
                action,
                range,
            },
            &[2],
        ),
    ];
    for (filter, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|n| entries[*n].clone()).collect();
        assert_eq!(read(storage, &filter).await, expected, "{filter:?}");
    }
}

/// Pages go on behind their last entry, also where instants are equal.
pub async fn entries_come_in_pages(storage: &dyn Storage) {
    let entries: Vec<AuditEntry> = (1..=7)
        .map(|n| {
            let at = minute(i64::try_from(n / 3).unwrap());
            audit_entry(n, at, staff_user(1), customer(1).id)
        })
        .collect();
    append(storage, &entries).await;
    for filter in [
        AuditFilter::default(),
        AuditFilter {
            actor: Some(staff_user(1)),
            ..AuditFilter::default()
        },
        AuditFilter {
            subject: Some(customer(1).id),
            ..AuditFilter::default()
        },
        AuditFilter {
            action: Some(AuditAction::CustomerRead),
            ..AuditFilter::default()
        },
    ] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = storage.audit_entries(&filter, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            assert!(page.len() <= 2);
            after = Some((last.at, last.id));
            found.extend(page);
        }
        found.reverse();
        assert_eq!(found, entries);
    }
}

/// An entry that is there already is a conflict, and nothing of the call is stored.
pub async fn an_entry_is_written_once(storage: &dyn Storage) {
    let [first, second, ..] = sample();
    append(storage, &[first.clone()]).await;
    let changed = AuditEntry {
        subject: None,
        ..first.clone()
    };
    let mut work = storage.begin().await.unwrap();
    let refused = work.append_audit(&[second, changed]).await;
    assert!(
        matches!(refused, Err(StorageError::Conflict { .. })),
        "{refused:?}"
    );
    work.commit().await.unwrap();
    assert_eq!(read(storage, &AuditFilter::default()).await, [first]);
}

/// An entry of a work that is dropped was never written.
pub async fn dropped_work_leaves_no_entry(storage: &dyn Storage) {
    let mut work = storage.begin().await.unwrap();
    work.append_audit(&sample()).await.unwrap();
    drop(work);
    storage.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(read(storage, &AuditFilter::default()).await, []);
}
