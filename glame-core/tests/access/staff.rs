use glame_core::access::{
    AccessError, AuditAction, Caller, FirstPassword, NewStaffMember, RoleRefusal, StaffMember,
    WeakPassword,
};
use glame_core::ports::{AccessReader, Storage};
use glame_core::testkit::QuickHasher;
use glame_core::testkit::fixtures::access::origin;
use glame_core::users::Role;

use crate::desk::{Desk, PASSWORD, email};

fn is_refused<T: std::fmt::Debug>(outcome: &Result<T, AccessError>) -> bool {
    matches!(outcome, Err(AccessError::SignInRefused))
}

#[tokio::test]
async fn a_member_signs_in_with_the_address_in_any_case() {
    let desk = Desk::open().await;
    let anna = desk.hire("anna", Role::AiMarketer).await;
    let signed_in = desk
        .access
        .login(" Anna@Example.ORG ", PASSWORD, &origin(1))
        .await
        .unwrap();
    let principal = desk
        .access
        .authenticate(&signed_in.token.reveal())
        .await
        .unwrap();
    assert_eq!(
        (principal.user, principal.role),
        (anna.user, Role::AiMarketer)
    );
    assert!(!principal.must_change_password);
}

#[tokio::test]
async fn unknown_wrong_and_disabled_cost_and_are_told_the_same() {
    let desk = Desk::open().await;
    let admin = desk.hire("admin", Role::Admin).await;
    let boris = desk.hire("boris", Role::AiMarketer).await;
    let as_admin = Caller {
        actor: glame_core::access::AuditActor::User {
            user: admin.user,
            role: Role::Admin,
        },
        origin: origin(1),
    };
    desk.access.disable(&as_admin, boris.user).await.unwrap();
    let mut costs = Vec::new();
    for (name, password) in [
        ("nobody", PASSWORD),
        ("admin", "another password"),
        ("boris", PASSWORD),
    ] {
        let compared = desk.hasher.compared();
        drop(desk.storage.take_calls());
        assert!(is_refused(&desk.login(name, password).await), "{name}");
        let calls = desk.storage.take_calls();
        costs.push((desk.hasher.compared() - compared, calls));
    }
    assert_eq!(costs[0].0, 1);
    assert_eq!(costs[1], costs[0]);
    assert_eq!(costs[2], costs[0]);
    assert_eq!(desk.logged(AuditAction::SignInRefused).await, 3);
}

#[tokio::test]
async fn ten_passwords_in_a_quarter_of_an_hour() {
    let desk = Desk::open().await;
    desk.hire("anna", Role::Admin).await;
    for _ in 0..10 {
        assert!(is_refused(&desk.login("anna", "another password").await));
    }
    let compared = desk.hasher.compared();
    let outcome = desk.login("anna", PASSWORD).await;
    assert!(
        matches!(outcome, Err(AccessError::TooManyAttempts(_))),
        "{outcome:?}"
    );
    assert_eq!(desk.hasher.compared(), compared);
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let desk = Desk::open().await;
    desk.hire("anna", Role::Admin).await;
    let here = desk.login("anna", PASSWORD).await.unwrap();
    let there = desk.login("anna", PASSWORD).await.unwrap();
    let change = async |current, new| {
        desk.access
            .change_password(&here.principal, current, new, &origin(1))
            .await
    };
    let wrong = change("another password", "четыре чёрненьких").await;
    assert!(
        matches!(wrong, Err(AccessError::WrongPassword)),
        "{wrong:?}"
    );
    let weak = change(PASSWORD, "password1234").await;
    assert!(
        matches!(weak, Err(AccessError::WeakPassword(WeakPassword::Common))),
        "{weak:?}"
    );
    assert_eq!(change(PASSWORD, "четыре чёрненьких").await.unwrap(), 1);
    let is_out = desk.access.authenticate(&there.token.reveal()).await;
    assert!(matches!(is_out, Err(AccessError::NotSignedIn)));
    desk.access
        .authenticate(&here.token.reveal())
        .await
        .unwrap();
    assert!(is_refused(&desk.login("anna", PASSWORD).await));
    desk.login("anna", "четыре чёрненьких").await.unwrap();
    assert_eq!(desk.logged(AuditAction::PasswordChanged).await, 1);
    assert_eq!(desk.logged(AuditAction::PasswordChangeRefused).await, 1);
}

#[tokio::test]
async fn a_temporary_password_ends_all_sessions_and_must_be_changed() {
    let desk = Desk::open().await;
    let anna = desk.hire("anna", Role::Admin).await;
    let before = desk.login("anna", PASSWORD).await.unwrap();
    let reset = desk
        .access
        .reset_password(&Caller::system(), anna.user)
        .await;
    let temporary = reset.unwrap();
    assert_eq!(temporary.as_str().len(), 23);
    let is_out = desk.access.authenticate(&before.token.reveal()).await;
    assert!(matches!(is_out, Err(AccessError::NotSignedIn)));
    let signed_in = desk.login("anna", temporary.as_str()).await.unwrap();
    assert!(signed_in.principal.must_change_password);
    desk.access
        .change_password(
            &signed_in.principal,
            temporary.as_str(),
            PASSWORD,
            &origin(1),
        )
        .await
        .unwrap();
    let token = signed_in.token.reveal();
    let principal = desk.access.authenticate(&token).await.unwrap();
    assert!(!principal.must_change_password);
}

#[tokio::test]
async fn an_outdated_hash_is_renewed_at_the_next_sign_in() {
    let desk = Desk::open().await;
    let anna = desk.hire("anna", Role::Admin).await;
    let outdated = StaffMember {
        password: QuickHasher::outdated(PASSWORD),
        version: 2,
        ..anna.clone()
    };
    let mut work = desk.storage.begin().await.unwrap();
    work.put_staff_member(&outdated, desk.now()).await.unwrap();
    work.commit().await.unwrap();
    assert!(is_refused(&desk.login("anna", "another password").await));
    desk.login("anna", PASSWORD).await.unwrap();
    let member = desk.storage.staff_member(anna.user).await.unwrap().unwrap();
    assert_eq!(member.password, anna.password);
    desk.login("anna", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_address_is_taken_in_whatever_case() {
    let desk = Desk::open().await;
    desk.hire("anna", Role::Admin).await;
    let new = |password, role| NewStaffMember {
        email: email("ANNA"),
        role,
        full_name: None,
        password,
    };
    let create = async |new| desk.access.create_staff(&Caller::system(), new).await;
    let taken = create(new(FirstPassword::Temporary, Role::Admin)).await;
    assert!(matches!(taken, Err(AccessError::EmailTaken)), "{taken:?}");
    let customer = create(new(FirstPassword::Temporary, Role::Customer)).await;
    assert!(
        matches!(customer, Err(AccessError::Role(RoleRefusal::NotForStaff))),
        "{customer:?}"
    );
    let short = create(new(FirstPassword::Chosen("short".to_owned()), Role::Admin)).await;
    assert!(
        matches!(
            short,
            Err(AccessError::WeakPassword(WeakPassword::TooShort))
        ),
        "{short:?}"
    );
    assert_eq!(desk.logged(AuditAction::StaffCreated).await, 1);
}

#[tokio::test]
async fn another_role_ends_all_sessions_and_holds_from_then_on() {
    let desk = Desk::open().await;
    let anna = desk.hire("anna", Role::Admin).await;
    let boris = desk.hire("boris", Role::AiMarketer).await;
    let admin = desk.login("anna", PASSWORD).await.unwrap();
    let marketer = desk.login("boris", PASSWORD).await.unwrap();
    let caller = admin.principal.caller(&origin(1));
    let own = desk.access.set_role(&caller, anna.user, Role::AiMarketer);
    let own = own.await;
    assert!(
        matches!(own, Err(AccessError::Role(RoleRefusal::OwnRole))),
        "{own:?}"
    );
    let changed = desk.access.set_role(&caller, boris.user, Role::Admin);
    assert_eq!(changed.await.unwrap().role, Role::Admin);
    let is_out = desk.access.authenticate(&marketer.token.reveal()).await;
    assert!(matches!(is_out, Err(AccessError::NotSignedIn)));
    let again = desk.login("boris", PASSWORD).await.unwrap();
    assert_eq!(again.principal.role, Role::Admin);
    // What changes nothing is not written down.
    let same = desk.access.set_role(&caller, boris.user, Role::Admin);
    same.await.unwrap();
    assert_eq!(desk.logged(AuditAction::RoleChanged).await, 1);
}

#[tokio::test]
async fn of_two_administrators_who_disable_each_other_one_stays() {
    let desk = Desk::open().await;
    let anna = desk.hire("anna", Role::Admin).await;
    let boris = desk.hire("boris", Role::Admin).await;
    let system = Caller::system();
    let (first, second) = tokio::join!(
        desk.access.disable(&system, anna.user),
        desk.access.disable(&system, boris.user),
    );
    let refused = [first, second]
        .iter()
        .filter(|outcome| matches!(outcome, Err(AccessError::Role(RoleRefusal::LastAdmin))))
        .count();
    assert_eq!(refused, 1);
}
