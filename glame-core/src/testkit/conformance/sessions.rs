//! Sessions of customers and staff.

use chrono::TimeDelta;

use super::with_users;
use crate::access::{Session, SessionKind, SessionScope, StaffMember, StoredSession, TokenHash};
use crate::ports::{Storage, StorageError};
use crate::testkit::fixtures::access::{
    attempt, bytes, session, staff_member, staff_user, stored_code,
};
use crate::testkit::fixtures::{customer, minute};
use crate::users::{Role, User};

/// Stores customers 1 and 2 with sessions 1 to 3 of the first and session 4 of the second.
async fn with_sessions(storage: &dyn Storage) {
    let (anna, boris) = (customer(1), customer(2));
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    for n in 1..=3 {
        work.add_session(&session(n, anna.id)).await.unwrap();
    }
    work.add_session(&session(4, boris.id)).await.unwrap();
    work.commit().await.unwrap();
}

/// A session is found by its user and its token, as it was.
pub async fn a_session_is_found_by_user_and_token(storage: &dyn Storage) {
    with_sessions(storage).await;
    let (anna, boris) = (customer(1).id, customer(2).id);
    let second = session(2, anna);
    let expected = StoredSession {
        role: Role::Customer,
        barred: false,
        must_change_password: false,
        session: second.clone(),
    };
    let found = storage.session(anna, &second.token).await.unwrap();
    assert_eq!(found, Some(expected));
    assert_eq!(storage.session(boris, &second.token).await.unwrap(), None);
    let unknown = TokenHash::from_bytes(bytes(9));
    assert_eq!(storage.session(anna, &unknown).await.unwrap(), None);
}

/// A session tells the present role of its user, and whether the user is removed.
pub async fn a_session_knows_its_user_of_now(storage: &dyn Storage) {
    with_sessions(storage).await;
    let anna = customer(1);
    let removed = User {
        removed: true,
        role: Role::ContentManager,
        ..anna.clone()
    };
    with_users(storage, &[removed])
        .await
        .commit()
        .await
        .unwrap();
    let token = session(1, anna.id).token;
    let found = storage.session(anna.id, &token).await.unwrap().unwrap();
    assert_eq!(found.session.role, Role::Customer);
    assert_eq!((found.role, found.barred), (Role::ContentManager, true));
}

/// A session of a member of staff tells whether the member is disabled or must change the password.
pub async fn a_session_of_staff_knows_its_member(storage: &dyn Storage) {
    let member = staff_member(1);
    let of_staff = Session {
        role: Role::Admin,
        kind: SessionKind::Staff,
        user_agent: None,
        ..session(1, member.user)
    };
    let mut work = storage.begin().await.unwrap();
    work.add_staff_member(&member).await.unwrap();
    work.add_session(&of_staff).await.unwrap();
    work.commit().await.unwrap();
    let find = async || storage.session(member.user, &of_staff.token).await;
    let found = find().await.unwrap().unwrap();
    assert_eq!(found.session, of_staff);
    assert_eq!((found.barred, found.must_change_password), (false, false));
    let member = StaffMember {
        disabled: true,
        must_change_password: true,
        version: 2,
        ..staff_member(1)
    };
    let mut work = storage.begin().await.unwrap();
    work.put_staff_member(&member, minute(1)).await.unwrap();
    work.commit().await.unwrap();
    let found = storage.session(staff_user(1), &of_staff.token).await;
    let found = found.unwrap().unwrap();
    assert_eq!((found.barred, found.must_change_password), (true, true));
}

/// Sessions come newest first, those of one user only.
pub async fn sessions_come_newest_first(storage: &dyn Storage) {
    with_sessions(storage).await;
    let anna = customer(1).id;
    let sessions = storage.sessions_of(anna, 2).await.unwrap();
    assert_eq!(sessions, [session(3, anna), session(2, anna)]);
    assert_eq!(storage.sessions_of(anna, 9).await.unwrap().len(), 3);
    assert_eq!(storage.sessions_of(staff_user(9), 9).await.unwrap(), []);
}

/// A session of an unknown user is refused, one that is there already is a conflict.
pub async fn a_session_belongs_to_a_user_and_comes_once(storage: &dyn Storage) {
    with_sessions(storage).await;
    let mut work = storage.begin().await.unwrap();
    let again = work.add_session(&session(1, customer(1).id)).await;
    assert!(
        matches!(again, Err(StorageError::Conflict { .. })),
        "{again:?}"
    );
    let stray = work.add_session(&session(9, customer(9).id)).await;
    assert!(
        matches!(stray, Err(StorageError::Refused { .. })),
        "{stray:?}"
    );
}

/// A use is noted to the microsecond; an earlier one changes nothing.
pub async fn the_last_use_of_a_session_is_noted(storage: &dyn Storage) {
    with_sessions(storage).await;
    let anna = customer(1).id;
    let third = session(3, anna);
    let seen_at = minute(9) + TimeDelta::microseconds(1);
    let mut work = storage.begin().await.unwrap();
    for at in [seen_at, minute(8)] {
        work.touch_session(anna, third.id, at).await.unwrap();
    }
    let nobody = customer(2).id;
    work.touch_session(nobody, third.id, minute(20))
        .await
        .unwrap();
    work.commit().await.unwrap();
    let sessions = storage.sessions_of(anna, 1).await.unwrap();
    assert_eq!(sessions[0].last_seen_at, seen_at);
}

/// One session, all but one, or all of a user are ended, each once.
pub async fn sessions_are_ended_by_scope(storage: &dyn Storage) {
    with_sessions(storage).await;
    let (anna, boris) = (customer(1).id, customer(2).id);
    let (first, third) = (session(1, anna).id, session(3, anna).id);
    let mut work = storage.begin().await.unwrap();
    for (user, scope, expected) in [
        (boris, SessionScope::One(first), 0),
        (anna, SessionScope::One(first), 1),
        (anna, SessionScope::One(first), 0),
        (anna, SessionScope::AllBut(third), 1),
        (anna, SessionScope::All, 1),
        (anna, SessionScope::All, 0),
    ] {
        let ended = work.revoke_sessions(user, scope, minute(9)).await.unwrap();
        assert_eq!(ended, expected, "{scope:?}");
    }
    work.commit().await.unwrap();
    let sessions = storage.sessions_of(anna, 9).await.unwrap();
    assert!(sessions.iter().all(|one| one.revoked_at == Some(minute(9))));
    let other = storage.sessions_of(boris, 9).await.unwrap();
    assert_eq!(other, [session(4, boris)]);
}

/// What has ended is removed with the years, and nothing else.
pub async fn what_has_ended_is_removed(storage: &dyn Storage) {
    with_sessions(storage).await;
    let anna = customer(1).id;
    let mut work = storage.begin().await.unwrap();
    work.put_code(&stored_code(1)).await.unwrap();
    work.count_attempts(&[attempt(1), attempt(2)], minute(0))
        .await
        .unwrap();
    let removed = work.remove_ended_access(minute(5) - TimeDelta::microseconds(1), 9);
    assert_eq!(removed.await.unwrap(), 0);
    // The code, and one of two windows.
    assert_eq!(work.remove_ended_access(minute(15), 1).await.unwrap(), 2);
    assert_eq!(work.remove_ended_access(minute(15), 1).await.unwrap(), 1);
    let first_ends = session(1, anna).expires_at;
    assert_eq!(work.remove_ended_access(first_ends, 9).await.unwrap(), 1);
    work.commit().await.unwrap();
    assert_eq!(storage.sessions_of(anna, 9).await.unwrap().len(), 2);
}
