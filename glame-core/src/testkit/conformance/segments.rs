//! Segments, their members, and decisions by hand.

use chrono::TimeDelta;

use super::with_users;
use crate::ports::{
    LockedMemberships, SegmentOverride, SegmentRefresh, SegmentTransition, Storage, StorageError,
    StoredSegment, Transition, TransitionPlace, UnitOfWork,
};
use crate::segments::{
    AssignmentSource, Confidence, CustomerSegment, Decision, SegmentKind, SegmentOrigin,
    SegmentState, SegmentVersion, UserSegment,
};
use crate::testkit::fixtures::{customer, minute, segment, text};
use crate::users::User;
use crate::values::{SegmentId, UserId};

fn is_conflict(result: &Result<(), StorageError>) -> bool {
    matches!(result, Err(StorageError::Conflict { .. }))
}

fn member(user: UserId, segment: &CustomerSegment) -> UserSegment {
    UserSegment {
        user,
        segment: segment.id,
        source: AssignmentSource::Auto,
        assigned_at: minute(3),
        confidence: None,
    }
}

/// Stores users and segments.
async fn given(storage: &dyn Storage, users: &[User], segments: &[CustomerSegment]) {
    let mut work = with_users(storage, users).await;
    for segment in segments {
        work.add_segment(segment).await.unwrap();
    }
    work.commit().await.unwrap();
}

fn ids(users: &[User]) -> Vec<UserId> {
    let mut ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    ids.sort();
    ids
}

/// A segment comes back as it was stored, be it a rule or a list, in whatever state.
pub async fn a_segment_comes_back_as_it_was_stored(storage: &dyn Storage) {
    let list = CustomerSegment {
        description: None,
        kind: SegmentKind::List,
        origin: SegmentOrigin::Ai,
        state: SegmentState::Archived,
        version: SegmentVersion::from_number(u32::MAX),
        ..segment(2)
    };
    given(storage, &[], &[segment(1), list.clone()]).await;
    let expected = [segment(1), list].map(|segment| StoredSegment {
        segment,
        customer_count: 0,
        refresh: None,
    });
    assert_eq!(storage.segments().await.unwrap(), expected);
    assert_eq!(
        storage.segment(segment(1).id).await.unwrap(),
        Some(expected[0].clone())
    );
    assert_eq!(storage.segment(segment(9).id).await.unwrap(), None);
}

/// No two segments have one name, and none is added twice.
pub async fn a_name_is_taken_once(storage: &dyn Storage) {
    given(storage, &[], &[segment(1), segment(2)]).await;
    let mut work = storage.begin().await.unwrap();
    assert!(is_conflict(&work.add_segment(&segment(1)).await));
    let namesake = CustomerSegment {
        name: segment(1).name,
        ..segment(3)
    };
    assert!(is_conflict(&work.add_segment(&namesake).await));
    let renamed = CustomerSegment {
        name: segment(1).name,
        ..segment(2)
    };
    assert!(is_conflict(
        &work.put_segment(&renamed, SegmentVersion::FIRST).await
    ));
}

/// Whoever has not seen the stored version does not replace it.
pub async fn a_segment_is_replaced_only_by_who_has_seen_it(storage: &dyn Storage) {
    given(storage, &[], &[segment(1)]).await;
    let changed = CustomerSegment {
        name: text("Другое имя"),
        kind: SegmentKind::List,
        state: SegmentState::Draft,
        version: SegmentVersion::from_number(2),
        updated_at: minute(9),
        ..segment(1)
    };
    let mut work = storage.begin().await.unwrap();
    let later = CustomerSegment {
        created_at: minute(8),
        ..changed.clone()
    };
    work.put_segment(&later, SegmentVersion::FIRST)
        .await
        .unwrap();
    assert!(is_conflict(
        &work.put_segment(&changed, SegmentVersion::FIRST).await
    ));
    assert!(is_conflict(
        &work.put_segment(&segment(7), SegmentVersion::FIRST).await
    ));
    work.commit().await.unwrap();
    let stored = storage.segment(changed.id).await.unwrap().unwrap();
    assert_eq!(stored.segment, changed);
}

/// A conflict is an answer, not an end: the work goes on.
pub async fn a_conflict_of_segments_leaves_the_work_usable(storage: &dyn Storage) {
    let mut work = storage.begin().await.unwrap();
    work.add_segment(&segment(1)).await.unwrap();
    assert!(is_conflict(&work.add_segment(&segment(1)).await));
    work.add_segment(&segment(2)).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(storage.segments().await.unwrap().len(), 2);
}

/// Members come in pages in the order of user ids, those of other segments left out.
pub async fn members_come_in_pages_by_user(storage: &dyn Storage) {
    let users: Vec<User> = (1..=5).map(customer).collect();
    given(storage, &users, &[segment(1), segment(2)]).await;
    let mut work = storage.begin().await.unwrap();
    let members: Vec<_> = users
        .iter()
        .map(|user| member(user.id, &segment(1)))
        .collect();
    work.put_members(&members).await.unwrap();
    work.put_members(&[member(users[0].id, &segment(2))])
        .await
        .unwrap();
    work.commit().await.unwrap();
    let mut seen: Vec<UserId> = Vec::new();
    loop {
        let after = seen.last().copied();
        let page = storage
            .members_after(segment(1).id, after, 2)
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        seen.extend(page.iter().map(|member| member.user));
    }
    assert_eq!(seen, ids(&users));
    let mut of_first = storage
        .segments_of(&[users[0].id, customer(9).id])
        .await
        .unwrap();
    of_first.sort_by_key(|member| member.segment);
    assert_eq!(of_first, [members[0], member(users[0].id, &segment(2))]);
    assert_eq!(storage.segments_of(&[]).await.unwrap(), []);
}

/// Members are replaced as a whole, removed, and counted when that is asked for.
pub async fn members_are_replaced_removed_and_counted(storage: &dyn Storage) {
    let users: Vec<User> = (1..=3).map(customer).collect();
    let ids = ids(&users);
    given(storage, &users, &[segment(1)]).await;
    let mut work = storage.begin().await.unwrap();
    let members: Vec<_> = ids.iter().map(|user| member(*user, &segment(1))).collect();
    work.put_members(&members).await.unwrap();
    let changed = UserSegment {
        source: AssignmentSource::Manual,
        assigned_at: minute(4) + TimeDelta::microseconds(1),
        confidence: Some(Confidence::try_new(10_000).unwrap()),
        ..members[0]
    };
    work.put_members(&[changed]).await.unwrap();
    work.put_members(&[]).await.unwrap();
    work.remove_members(segment(1).id, &[ids[2], customer(9).id])
        .await
        .unwrap();
    assert_eq!(work.recount_members(segment(1).id).await.unwrap(), 2);
    assert_eq!(work.recount_members(segment(9).id).await.unwrap(), 0);
    work.commit().await.unwrap();
    let stored = storage
        .members_after(segment(1).id, None, 10)
        .await
        .unwrap();
    assert_eq!(stored, [changed, members[1]]);
    assert_eq!(
        storage
            .segment(segment(1).id)
            .await
            .unwrap()
            .unwrap()
            .customer_count,
        2
    );
}

/// Whoever locks gets the version of the segment, those of the users who are members and what was
/// decided about any of them.
pub async fn memberships_are_locked_with_the_version(storage: &dyn Storage) {
    let users: Vec<User> = (1..=4).map(customer).collect();
    let ids = ids(&users);
    given(storage, &users, &[segment(1)]).await;
    let mut work = storage.begin().await.unwrap();
    let members: Vec<_> = ids[..3]
        .iter()
        .map(|user| member(*user, &segment(1)))
        .collect();
    work.put_members(&members).await.unwrap();
    let overrides: Vec<_> = ids[1..]
        .iter()
        .map(|user| SegmentOverride {
            segment: segment(1).id,
            user: *user,
            decision: Decision::Exclude,
            decided_at: minute(5),
        })
        .collect();
    work.put_overrides(&overrides).await.unwrap();
    work.commit().await.unwrap();
    let mut work = storage.begin().await.unwrap();
    let asked = [ids[3], ids[2], ids[0]];
    let locked = work.lock_memberships(segment(1).id, &asked).await.unwrap();
    let expected = LockedMemberships {
        segment: segment(1),
        members: vec![members[0], members[2]],
        overrides: overrides[1..].to_vec(),
    };
    assert_eq!(locked, Some(expected));
    assert_eq!(
        work.lock_memberships(segment(9).id, &asked).await.unwrap(),
        None
    );
}

/// Of two who change segments at the same time, be it by adding one, the second sees what the first
/// has stored.
pub async fn segments_are_changed_by_one_at_a_time(storage: &dyn Storage) {
    let known = async |work: &mut dyn UnitOfWork| {
        let known = work.lock_segments().await.unwrap();
        assert!(known.is_sorted_by_key(|stored| stored.segment.id));
        known
    };
    // Each tells how many segments it saw, and whether the first of them was archived.
    let seen = |known: &[StoredSegment]| {
        let first = known.first().map(|stored| stored.segment.state);
        (known.len(), first == Some(SegmentState::Archived))
    };
    let add = async |n| {
        let mut work = storage.begin().await.unwrap();
        let before = seen(&known(work.as_mut()).await);
        work.add_segment(&segment(n)).await.unwrap();
        work.commit().await.unwrap();
        before
    };
    let archive_the_first = async || {
        let mut work = storage.begin().await.unwrap();
        let before = seen(&known(work.as_mut()).await);
        let archived = CustomerSegment {
            state: SegmentState::Archived,
            version: SegmentVersion::FIRST.next(),
            ..segment(1)
        };
        work.put_segment(&archived, SegmentVersion::FIRST)
            .await
            .unwrap();
        work.commit().await.unwrap();
        before
    };
    let (one, other) = tokio::join!(add(1), add(2));
    assert_eq!(one.0 + other.0, 1, "{one:?} {other:?}");
    let (added, archived) = tokio::join!(add(3), archive_the_first());
    let add_came_second = added == (2, true) && archived == (2, false);
    let archiving_came_second = added == (2, false) && archived == (3, false);
    assert!(
        add_came_second || archiving_came_second,
        "{added:?} {archived:?}"
    );
}

/// A membership is of a user and a segment that exist.
pub async fn an_unknown_segment_or_user_has_no_members(storage: &dyn Storage) {
    let anna = customer(1);
    given(storage, &[anna.clone()], &[segment(1)]).await;
    for stray in [
        member(anna.id, &segment(9)),
        member(customer(9).id, &segment(1)),
    ] {
        let mut work = storage.begin().await.unwrap();
        let refused = work.put_members(&[stray]).await;
        assert!(
            matches!(refused, Err(StorageError::Refused { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(
        storage
            .members_after(segment(9).id, None, 10)
            .await
            .unwrap(),
        []
    );
}

/// Decisions by hand come in pages, are replaced, and go.
pub async fn decisions_by_hand_come_in_pages_and_go(storage: &dyn Storage) {
    let users: Vec<User> = (1..=3).map(customer).collect();
    let ids = ids(&users);
    given(storage, &users, &[segment(1), segment(2)]).await;
    let decided = |user, decision| SegmentOverride {
        segment: segment(1).id,
        user,
        decision,
        decided_at: minute(5),
    };
    let mut work = storage.begin().await.unwrap();
    let included: Vec<_> = ids
        .iter()
        .map(|user| decided(*user, Decision::Include))
        .collect();
    work.put_overrides(&included).await.unwrap();
    work.put_overrides(&[decided(ids[1], Decision::Exclude)])
        .await
        .unwrap();
    work.remove_overrides(segment(1).id, &[ids[0], customer(9).id])
        .await
        .unwrap();
    work.commit().await.unwrap();
    let page = storage
        .overrides_after(segment(1).id, None, 1)
        .await
        .unwrap();
    assert_eq!(page, [decided(ids[1], Decision::Exclude)]);
    let page = storage
        .overrides_after(segment(1).id, Some(ids[1]), 10)
        .await
        .unwrap();
    assert_eq!(page, [decided(ids[2], Decision::Include)]);
    assert_eq!(
        storage
            .overrides_after(segment(2).id, None, 10)
            .await
            .unwrap(),
        []
    );
}

/// Transitions of a customer come newest first, those of a segment in the order of time.
pub async fn transitions_are_kept_once_in_the_order_of_time(storage: &dyn Storage) {
    let users: Vec<User> = (1..=2).map(customer).collect();
    let ids = ids(&users);
    given(storage, &users, &[segment(1), segment(2)]).await;
    let row = |segment: SegmentId, user, at, transition| SegmentTransition {
        segment,
        user,
        happened_at: minute(at),
        transition,
    };
    let (one, two) = (segment(1).id, segment(2).id);
    let rows = [
        row(one, ids[0], 1, Transition::Entered),
        row(one, ids[1], 1, Transition::Entered),
        row(one, ids[0], 2, Transition::Left),
        row(two, ids[0], 2, Transition::Entered),
    ];
    let mut work = storage.begin().await.unwrap();
    work.add_transitions(&rows).await.unwrap();
    work.add_transitions(&rows[..2]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(
        storage.transitions_of(ids[0], 10).await.unwrap(),
        [rows[2], rows[3], rows[0]]
    );
    assert_eq!(storage.transitions_of(ids[0], 1).await.unwrap(), [rows[2]]);
    assert_eq!(
        storage.transitions_after(one, None, 2).await.unwrap(),
        rows[..2]
    );
    let place = TransitionPlace {
        happened_at: minute(1),
        user: ids[0],
    };
    let rest = storage
        .transitions_after(one, Some(place), 10)
        .await
        .unwrap();
    assert_eq!(rest, rows[1..3]);
}

/// The watermark of the last refresh is replaced; a change of the segment leaves it.
pub async fn the_watermark_is_replaced_and_survives_a_change(storage: &dyn Storage) {
    given(storage, &[], &[segment(1)]).await;
    for (at, figures_at) in [(5, None), (6, Some(minute(4)))] {
        let refresh = SegmentRefresh {
            refreshed_at: minute(at),
            version: SegmentVersion::FIRST,
            figures_at,
        };
        let mut work = storage.begin().await.unwrap();
        work.put_refresh(segment(1).id, &refresh).await.unwrap();
        work.commit().await.unwrap();
        let stored = storage.segment(segment(1).id).await.unwrap().unwrap();
        assert_eq!(stored.refresh, Some(refresh));
    }
    let mut work = storage.begin().await.unwrap();
    work.put_segment(&segment(1), SegmentVersion::FIRST)
        .await
        .unwrap();
    work.commit().await.unwrap();
    let stored = storage.segment(segment(1).id).await.unwrap().unwrap();
    assert_eq!(
        stored.refresh.map(|refresh| refresh.refreshed_at),
        Some(minute(6))
    );
}

/// Two refreshes at once see each other's members, because each of them locks first.
pub async fn of_two_refreshes_at_once_one_lets_a_customer_enter(storage: &dyn Storage) {
    let anna = customer(1);
    given(storage, &[anna.clone()], &[segment(1)]).await;
    let refresh = async || {
        let mut work = storage.begin().await.unwrap();
        let locked = work
            .lock_memberships(segment(1).id, &[anna.id])
            .await
            .unwrap();
        let enters = locked.unwrap().members.is_empty();
        if enters {
            work.put_members(&[member(anna.id, &segment(1))])
                .await
                .unwrap();
        }
        work.commit().await.unwrap();
        enters
    };
    let (first, second) = tokio::join!(refresh(), refresh());
    assert!(first != second, "{first} {second}");
}
