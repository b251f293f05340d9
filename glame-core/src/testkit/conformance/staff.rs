//! Members of staff.

use chrono::TimeDelta;

use super::with_users;
use crate::access::{PasswordHash, StaffMember};
use crate::ports::{Storage, StorageError};
use crate::testkit::fixtures::access::{staff_member, staff_user};
use crate::testkit::fixtures::{customer, minute, text};
use crate::users::Role;
use crate::values::EmailAddress;

async fn with_staff(storage: &dyn Storage, staff: &[StaffMember]) {
    let mut work = storage.begin().await.unwrap();
    for member in staff {
        work.add_staff_member(member).await.unwrap();
    }
    work.commit().await.unwrap();
}

/// A member is found as it was, by the address in any case and by the user.
pub async fn a_member_is_found_as_it_was(storage: &dyn Storage) {
    let mut nameless = staff_member(2);
    nameless.full_name = None;
    nameless.role = Role::ContentManager;
    (nameless.disabled, nameless.must_change_password) = (true, true);
    nameless.password_changed_at = minute(3) + TimeDelta::microseconds(1);
    with_staff(storage, &[staff_member(1), nameless.clone()]).await;
    let shouted = EmailAddress::parse("STAFF1@Example.ORG").unwrap();
    let found = storage.staff_by_email(&shouted).await.unwrap();
    assert_eq!(found, Some(staff_member(1)));
    let found = storage.staff_member(nameless.user).await.unwrap();
    assert_eq!(found, Some(nameless));
    let unknown = EmailAddress::parse("staff9@example.org").unwrap();
    assert_eq!(storage.staff_by_email(&unknown).await.unwrap(), None);
    assert_eq!(storage.staff_member(staff_user(9)).await.unwrap(), None);
}

/// A member is a user with a role, whom synchronisation and counting know.
pub async fn a_member_is_a_user(storage: &dyn Storage) {
    let member = staff_member(1);
    with_staff(storage, &[member.clone()]).await;
    let users = storage.users(&[member.user]).await.unwrap();
    assert_eq!(users.len(), 1);
    assert_eq!(users[0].role, Role::Admin);
    assert_eq!(users[0].email, Some(member.email));
    assert_eq!(users[0].full_name, member.full_name);
    assert_eq!(users[0].created_at, member.created_at);
    assert_eq!(storage.customer_count().await.unwrap(), 0);
}

/// A customer is no member, and stays one customer.
pub async fn a_customer_is_no_member(storage: &dyn Storage) {
    let anna = customer(1);
    let mut work = with_users(storage, &[anna.clone()]).await;
    let usurper = StaffMember {
        user: anna.id,
        ..staff_member(1)
    };
    let refused = work.add_staff_member(&usurper).await;
    assert!(
        matches!(refused, Err(StorageError::Conflict { .. })),
        "{refused:?}"
    );
    work.commit().await.unwrap();
    assert_eq!(storage.staff_member(anna.id).await.unwrap(), None);
    assert_eq!(storage.users(&[anna.id]).await.unwrap(), [anna]);
}

/// Two members never share an address; the refused one leaves nothing, and the work goes on.
pub async fn an_address_belongs_to_one_member(storage: &dyn Storage) {
    with_staff(storage, &[staff_member(1)]).await;
    let second = StaffMember {
        email: staff_member(1).email,
        ..staff_member(2)
    };
    let mut work = storage.begin().await.unwrap();
    let refused = work.add_staff_member(&second).await;
    assert!(
        matches!(refused, Err(StorageError::Conflict { .. })),
        "{refused:?}"
    );
    work.add_staff_member(&staff_member(3)).await.unwrap();
    work.commit().await.unwrap();
    let staff = storage.staff_after(None, 9).await.unwrap();
    assert_eq!(staff, [staff_member(1), staff_member(3)]);
    assert_eq!(storage.users(&[second.user]).await.unwrap(), []);
}

/// Members come in pages by user, disabled ones among them.
pub async fn members_come_in_pages_by_user(storage: &dyn Storage) {
    let mut staff = [3, 1, 2].map(staff_member);
    staff[2].disabled = true;
    with_staff(storage, &staff).await;
    staff.sort_by_key(|member| member.user);
    assert_eq!(storage.staff_after(None, 2).await.unwrap(), staff[..2]);
    let rest = storage.staff_after(Some(staff[1].user), 9).await.unwrap();
    assert_eq!(rest, staff[2..]);
    let mut work = storage.begin().await.unwrap();
    assert_eq!(work.lock_staff().await.unwrap(), staff);
}

/// A change is stored with the role and the name of the user; address and age stay.
pub async fn a_member_is_changed_with_the_user(storage: &dyn Storage) {
    let member = staff_member(1);
    with_staff(storage, &[member.clone(), staff_member(2)]).await;
    let changed = StaffMember {
        role: Role::AiMarketer,
        full_name: Some(text("Другая")),
        password: PasswordHash::from_phc("$another".to_owned()),
        password_changed_at: minute(7),
        must_change_password: true,
        disabled: true,
        version: 2,
        ..member.clone()
    };
    let mut work = storage.begin().await.unwrap();
    work.put_staff_member(&changed, minute(7)).await.unwrap();
    let locked = work.lock_staff_member(member.user).await.unwrap();
    assert_eq!(locked, Some(changed.clone()));
    work.commit().await.unwrap();
    let found = storage.staff_member(member.user).await.unwrap();
    assert_eq!(found, Some(changed));
    let users = storage.users(&[member.user]).await.unwrap();
    assert_eq!(users[0].role, Role::AiMarketer);
    assert_eq!(users[0].full_name, Some(text("Другая")));
    assert_eq!(users[0].updated_at, minute(7));
    let other = storage.staff_member(staff_user(2)).await.unwrap();
    assert_eq!(other, Some(staff_member(2)));
}

/// A change that was decided on what is no longer so is a conflict.
pub async fn a_stale_change_of_a_member_is_a_conflict(storage: &dyn Storage) {
    with_staff(storage, &[staff_member(1)]).await;
    let version = |version| StaffMember {
        version,
        ..staff_member(1)
    };
    let mut work = storage.begin().await.unwrap();
    for stale in [version(1), version(3), staff_member(9)] {
        let refused = work.put_staff_member(&stale, minute(1)).await;
        assert!(
            matches!(refused, Err(StorageError::Conflict { .. })),
            "{refused:?}"
        );
    }
    work.put_staff_member(&version(2), minute(1)).await.unwrap();
    let again = work.put_staff_member(&version(2), minute(1)).await;
    assert!(
        matches!(again, Err(StorageError::Conflict { .. })),
        "{again:?}"
    );
}

/// Two works that change the staff at once do so one after the other, on what the first has left.
pub async fn the_staff_is_changed_by_one_work_at_a_time(storage: &dyn Storage) {
    with_staff(storage, &[1, 2].map(staff_member)).await;
    let demote_unless_last = async |n| {
        let mut work = storage.begin().await.unwrap();
        let staff = work.lock_staff().await.unwrap();
        let admins = staff.iter().filter(|member| member.is_active_admin());
        if admins.count() > 1 {
            let demoted = StaffMember {
                role: Role::AiMarketer,
                version: 2,
                ..staff_member(n)
            };
            work.put_staff_member(&demoted, minute(1)).await.unwrap();
        }
        work.commit().await.unwrap();
    };
    tokio::join!(demote_unless_last(1), demote_unless_last(2));
    let staff = storage.staff_after(None, 9).await.unwrap();
    let admins = staff.iter().filter(|member| member.is_active_admin());
    assert_eq!(admins.count(), 1);
}
