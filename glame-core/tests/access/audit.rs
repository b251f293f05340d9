use chrono::TimeDelta;
use glame_core::access::{
    AuditAction, AuditActor, AuditDetails, AuditFilter, AuditNote, Caller, FirstPassword,
    NewStaffMember, SessionScope,
};
use glame_core::testkit::fixtures::access::{origin, server_secret};
use glame_core::testkit::fixtures::customer;
use glame_core::users::Role;

use crate::desk::{Desk, PASSWORD, card_name, email};

/// Does something and gives what it has added to the audit log.
async fn added(desk: &Desk, deed: impl AsyncFnOnce(&Desk)) -> Vec<AuditAction> {
    let before = desk.logged_in_all().await;
    deed(desk).await;
    let after = desk.logged_in_all().await;
    let newest = u32::try_from(after - before).unwrap();
    let filter = AuditFilter::default();
    let entries = desk.access.audit_entries(&filter, None, newest).await;
    let entries = entries.unwrap();
    entries.iter().map(|entry| entry.action).collect()
}

#[tokio::test]
async fn each_deed_is_written_down_exactly_once() {
    let desk = Desk::open().await;
    let anna = desk.hire("anna", Role::Admin).await;
    let boris = desk.hire("boris", Role::Admin).await;
    let signed_in = desk.login("anna", PASSWORD).await.unwrap();
    let code = desk.code(&card_name(1)).await;
    let tick = || desk.wait(TimeDelta::seconds(1));
    let system = Caller::system();
    let access = &desk.access;
    let mut log = Vec::new();
    macro_rules! deed {
        ($deed:expr) => {{
            tick();
            log.extend(added(&desk, async |_: &Desk| drop($deed.await)).await);
        }};
    }
    deed!(access.verify_card(&card_name(1), &origin(1)));
    deed!(access.request_code(&card_name(2), &origin(1)));
    deed!(access.login_by_card(&card_name(1), "000000", &origin(1)));
    deed!(access.login_by_card(&card_name(1), &code, &origin(1)));
    deed!(access.login("anna@example.org", "another password", &origin(1)));
    deed!(access.login("anna@example.org", PASSWORD, &origin(1)));
    deed!(access.set_role(&system, boris.user, Role::AiMarketer));
    deed!(access.disable(&system, boris.user));
    deed!(access.enable(&system, boris.user));
    deed!(access.reset_password(&system, boris.user));
    deed!(access.revoke_sessions(&system, anna.user, SessionScope::All));
    deed!(access.logout(&signed_in.principal, &origin(1)));
    deed!(access.create_staff(
        &system,
        NewStaffMember {
            email: email("vera"),
            role: Role::ContentManager,
            full_name: None,
            password: FirstPassword::Temporary,
        }
    ));
    let expected = [
        AuditAction::CardChecked,
        AuditAction::CodeRequested,
        AuditAction::SignInRefused,
        AuditAction::SignedIn,
        AuditAction::SignInRefused,
        AuditAction::SignedIn,
        AuditAction::RoleChanged,
        AuditAction::StaffDisabled,
        AuditAction::StaffEnabled,
        AuditAction::PasswordReset,
        AuditAction::SessionsRevoked,
        AuditAction::SignedOut,
        AuditAction::StaffCreated,
    ];
    assert_eq!(log, expected);
}

#[tokio::test]
async fn what_is_refused_by_a_limit_or_a_rule_is_not_written_down() {
    let desk = Desk::open().await;
    let anna = desk.hire("anna", Role::Admin).await;
    desk.request(&card_name(1)).await.unwrap();
    let log = added(&desk, async |desk: &Desk| {
        desk.request(&card_name(1)).await.unwrap_err();
        let last = desk.access.disable(&Caller::system(), anna.user).await;
        last.unwrap_err();
    })
    .await;
    assert_eq!(log, []);
}

#[tokio::test]
async fn an_entry_says_who_what_whom_and_from_where_without_personal_data() {
    let desk = Desk::open().await;
    desk.hire("anna", Role::AiMarketer).await;
    let signed_in = desk.login("anna", PASSWORD).await.unwrap();
    let caller = signed_in.principal.caller(&origin(7));
    let note = AuditNote::new(AuditAction::CustomerRead, Some(customer(1).id))
        .with(AuditDetails::new().word("part", "profile"));
    desk.wait(TimeDelta::seconds(1));
    desk.access.record(&caller, note).await.unwrap();
    let filter = AuditFilter {
        subject: Some(customer(1).id),
        ..AuditFilter::default()
    };
    let entries = desk.access.audit_entries(&filter, None, 9).await.unwrap();
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    let actor = AuditActor::User {
        user: signed_in.principal.user,
        role: Role::AiMarketer,
    };
    assert_eq!(entry.actor, actor);
    assert_eq!(entry.at, desk.now());
    assert_eq!(entry.details.to_string(), r#"{"part":"profile"}"#);
    assert_eq!(entry.request_id, origin(7).request_id);
    assert_eq!(entry.address, origin(7).address_hash(&server_secret()));
    assert_ne!(entry.address, origin(8).address_hash(&server_secret()));
    let shown = format!("{entry:?}");
    assert!(!shown.contains("192.0.2.7"), "{shown}");
}
