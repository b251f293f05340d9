use chrono::TimeDelta;
use glame_core::access::{
    AccessError, AuditAction, Caller, Session, SessionScope, SessionToken, SignedIn,
};
use glame_core::testkit::fixtures::access::origin;
use glame_core::testkit::fixtures::customer;
use glame_core::users::{Role, User};

use crate::desk::{Desk, PASSWORD};

async fn is_active(desk: &Desk, signed_in: &SignedIn) -> bool {
    match desk.access.authenticate(&signed_in.token.reveal()).await {
        Ok(principal) => {
            assert_eq!(principal, signed_in.principal);
            true
        }
        Err(AccessError::NotSignedIn) => false,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_session_that_is_used_lasts_to_its_absolute_end() {
    let desk = Desk::open().await;
    desk.hire("anna", Role::Admin).await;
    let signed_in = desk.login("anna", PASSWORD).await.unwrap();
    let end = signed_in.session.expires_at;
    assert_eq!(end, desk.now() + TimeDelta::days(7));
    while desk.now() + TimeDelta::hours(11) < end {
        desk.wait(TimeDelta::hours(11));
        assert!(is_active(&desk, &signed_in).await, "{}", desk.now());
    }
    desk.wait(end - desk.now() - TimeDelta::microseconds(1));
    assert!(is_active(&desk, &signed_in).await);
    desk.wait(TimeDelta::microseconds(1));
    assert!(!is_active(&desk, &signed_in).await);
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends() {
    let desk = Desk::open().await;
    let signed_in = desk.sign_in(1).await;
    desk.wait(TimeDelta::days(30) - TimeDelta::microseconds(1));
    assert!(is_active(&desk, &signed_in).await);
    desk.wait(TimeDelta::days(30));
    assert!(!is_active(&desk, &signed_in).await);
    assert_eq!(desk.access.sessions(customer(1).id).await.unwrap(), []);
}

#[tokio::test]
async fn a_use_is_written_down_at_most_once_a_minute() {
    let desk = Desk::open().await;
    let signed_in = desk.sign_in(1).await;
    let mut written = 0;
    for _ in 0..12 {
        desk.wait(TimeDelta::seconds(10));
        drop(desk.storage.take_calls());
        assert!(is_active(&desk, &signed_in).await);
        let calls = desk.storage.take_calls();
        written += calls
            .iter()
            .filter(|call| **call == "touch_session")
            .count();
    }
    assert_eq!(written, 2);
    let seen = desk.access.sessions(customer(1).id).await.unwrap()[0].last_seen_at;
    assert!(desk.now() - seen < Session::SEEN_EVERY);
}

#[tokio::test]
async fn whoever_signs_out_is_out_and_others_stay() {
    let desk = Desk::open().await;
    let (phone, laptop) = (desk.sign_in(1).await, {
        desk.wait(TimeDelta::minutes(1));
        desk.sign_in(1).await
    });
    desk.access
        .logout(&phone.principal, &origin(1))
        .await
        .unwrap();
    assert!(!is_active(&desk, &phone).await);
    assert!(is_active(&desk, &laptop).await);
    let sessions = desk.access.sessions(customer(1).id).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].id, laptop.session.id);
    assert_eq!(desk.logged(AuditAction::SignedOut).await, 1);
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_or_all_at_once() {
    let desk = Desk::open().await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(desk.sign_in(1).await);
        desk.wait(TimeDelta::minutes(1));
    }
    let other = desk.sign_in(2).await;
    let caller = all[0].principal.caller(&origin(1));
    let end = async |scope| {
        desk.access
            .revoke_sessions(&caller, customer(1).id, scope)
            .await
    };
    let one = SessionScope::One(all[1].session.id);
    assert_eq!(end(one).await.unwrap(), 1);
    for unknown in [one, SessionScope::One(other.session.id)] {
        let outcome = end(unknown).await;
        assert!(
            matches!(outcome, Err(AccessError::UnknownSession)),
            "{outcome:?}"
        );
    }
    let rest = SessionScope::AllBut(all[0].session.id);
    assert_eq!(end(rest).await.unwrap(), 1);
    assert!(is_active(&desk, &all[0]).await);
    assert!(!is_active(&desk, &all[2]).await);
    assert!(is_active(&desk, &other).await);
    assert_eq!(desk.logged(AuditAction::SessionsRevoked).await, 2);
}

#[tokio::test]
async fn a_removed_customer_is_out_at_once() {
    let desk = Desk::open().await;
    let signed_in = desk.sign_in(1).await;
    desk.put(User {
        removed: true,
        ..customer(1)
    })
    .await;
    assert!(!is_active(&desk, &signed_in).await);
}

#[tokio::test]
async fn what_is_no_token_is_nobody() {
    let desk = Desk::open().await;
    let signed_in = desk.sign_in(1).await;
    let token = signed_in.token.reveal();
    let mut tampered = token.clone();
    tampered.pop();
    let cases = [
        String::new(),
        "glame_".to_owned(),
        tampered.clone(),
        format!("{tampered}g"),
        format!("{token}0"),
        token.replace("glame_", "other_"),
        "я".repeat(96),
    ];
    for text in cases {
        let outcome = desk.access.authenticate(&text).await;
        assert!(matches!(outcome, Err(AccessError::NotSignedIn)), "{text}");
    }
    assert_eq!(SessionToken::parse(&token), Some(signed_in.token));
}

#[tokio::test]
async fn the_csrf_token_follows_from_the_session_and_from_nothing_else() {
    let desk = Desk::open().await;
    let (one, other) = (desk.sign_in(1).await.token, desk.sign_in(2).await.token);
    assert!(one.has_csrf(&one.csrf().reveal()));
    assert!(!one.has_csrf(&other.csrf().reveal()));
    assert!(!one.has_csrf(""));
    assert!(!one.reveal().contains(&one.csrf().reveal()));
    assert_eq!(
        format!("{one:?} {:?}", one.csrf()),
        "SessionToken(***) CsrfToken(***)"
    );
}

#[tokio::test]
async fn what_has_ended_is_swept_a_day_later() {
    let desk = Desk::open().await;
    let signed_in = desk.sign_in(1).await;
    assert_eq!(desk.access.sweep().await.unwrap(), 0);
    // The code, and the windows of the card and of the network.
    desk.wait(TimeDelta::days(2) + TimeDelta::minutes(15));
    assert_eq!(desk.access.sweep().await.unwrap(), 6);
    assert!(is_active(&desk, &signed_in).await);
    desk.wait(TimeDelta::days(181));
    assert_eq!(desk.access.sweep().await.unwrap(), 1);
    let (system, user) = (Caller::system(), customer(1).id);
    let left = desk
        .access
        .revoke_sessions(&system, user, SessionScope::All);
    assert_eq!(left.await.unwrap(), 0);
}
