use chrono::TimeDelta;
use glame_core::access::{
    AccessError, AuditAction, CODE_TRIES, CodeCheck, CustomerCode, OneTimeCode, RESEND_AFTER,
    ServerSecret, SignInName,
};
use glame_core::ports::{CodeMessage, Storage};
use glame_core::testkit::fixtures::access::{origin, server_secret};
use glame_core::testkit::fixtures::customer;
use glame_core::users::{Role, User};

use crate::desk::{Desk, another, card_name, name};

fn is_refused<T: std::fmt::Debug>(outcome: &Result<T, AccessError>) -> bool {
    matches!(outcome, Err(AccessError::SignInRefused))
}

#[tokio::test]
async fn a_customer_signs_in_with_the_card_and_the_code_of_the_message() {
    let desk = Desk::open().await;
    let anna = customer(1);
    let requested = desk.request(&card_name(1)).await.unwrap();
    assert_eq!(requested.expires_at, desk.now() + TimeDelta::minutes(5));
    assert_eq!(requested.resend_after, RESEND_AFTER);
    let message = requested.message.unwrap();
    assert_eq!(Some(message.phone), anna.phone);
    assert_eq!(format!("{message:?}"), "CodeMessage(***)");
    let code: String = message.text.chars().filter(char::is_ascii_digit).collect();
    let signed_in = desk.try_code(&card_name(1), &code).await.unwrap();
    let who = desk.access.authenticate(&signed_in.token.reveal()).await;
    assert_eq!(who.unwrap(), signed_in.principal);
    assert_eq!(signed_in.principal.user, anna.id);
    assert_eq!(signed_in.principal.role, Role::Customer);
}

#[tokio::test]
async fn a_phone_in_any_writing_is_the_same_subject() {
    let desk = Desk::open().await;
    let code = desk.code(&name("+7 (999) 000-00-01")).await;
    let again = desk.request(&name("89990000001")).await;
    assert!(
        matches!(again, Err(AccessError::TooSoon { .. })),
        "{again:?}"
    );
    let signed_in = desk.try_code(&name("9990000001"), &code).await.unwrap();
    assert_eq!(signed_in.principal.user, customer(1).id);
}

#[tokio::test]
async fn a_code_is_used_once_and_ends() {
    let desk = Desk::open().await;
    let who = card_name(1);
    let code = desk.code(&who).await;
    desk.try_code(&who, &code).await.unwrap();
    assert!(is_refused(&desk.try_code(&who, &code).await));
    desk.wait(TimeDelta::minutes(2));
    let code = desk.code(&who).await;
    desk.wait(TimeDelta::minutes(5));
    assert!(is_refused(&desk.try_code(&who, &code).await));
}

#[tokio::test]
async fn after_five_wrong_codes_the_right_one_is_refused_too() {
    let desk = Desk::open().await;
    let who = card_name(1);
    let code = desk.code(&who).await;
    for _ in 0..CODE_TRIES {
        assert!(is_refused(&desk.try_code(&who, &another(&code)).await));
    }
    assert!(is_refused(&desk.try_code(&who, &code).await));
    // A new code begins anew.
    desk.wait(TimeDelta::minutes(1));
    let code = desk.code(&who).await;
    desk.try_code(&who, &code).await.unwrap();
}

#[tokio::test]
async fn the_fifth_try_may_still_be_right() {
    let desk = Desk::open().await;
    let who = card_name(1);
    let code = desk.code(&who).await;
    for _ in 1..CODE_TRIES {
        assert!(is_refused(&desk.try_code(&who, &another(&code)).await));
    }
    desk.try_code(&who, &code).await.unwrap();
}

#[tokio::test]
async fn a_code_of_one_customer_does_not_let_another_in() {
    let desk = Desk::open().await;
    let code = desk.code(&card_name(1)).await;
    desk.code(&card_name(2)).await;
    assert!(is_refused(&desk.try_code(&card_name(2), &code).await));
    assert!(is_refused(&desk.try_code(&card_name(9), &code).await));
}

#[tokio::test]
async fn a_code_is_void_when_the_card_goes_to_somebody_else() {
    let desk = Desk::open().await;
    let code = desk.code(&card_name(1)).await;
    let mut moved = glame_core::testkit::fixtures::card(1, customer(2).id);
    moved.removed = false;
    let mut work = desk.storage.begin().await.unwrap();
    work.put_cards(&[moved]).await.unwrap();
    work.commit().await.unwrap();
    assert!(is_refused(&desk.try_code(&card_name(1), &code).await));
}

#[tokio::test]
async fn another_code_is_made_after_a_minute_and_replaces_the_first() {
    let desk = Desk::open().await;
    let who = card_name(1);
    let first = desk.code(&who).await;
    desk.wait(RESEND_AFTER - TimeDelta::seconds(1));
    let outcome = desk.request(&who).await;
    let Err(AccessError::TooSoon { retry_after }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(retry_after, TimeDelta::seconds(1));
    desk.wait(retry_after);
    let second = desk.code(&who).await;
    assert!(is_refused(&desk.try_code(&who, &first).await));
    desk.try_code(&who, &second).await.unwrap();
}

#[tokio::test]
async fn three_codes_in_a_quarter_of_an_hour_and_ten_a_day() {
    let desk = Desk::open().await;
    let who = card_name(1);
    let mut made = 0;
    for quarter in 0..5 {
        loop {
            match desk.request(&who).await {
                Ok(_) => made += 1,
                Err(AccessError::TooManyAttempts(decision)) => {
                    let name = if quarter < 3 { "codes" } else { "codes-a-day" };
                    assert_eq!(decision.limit.name, name);
                    break;
                }
                outcome => panic!("{outcome:?}"),
            }
            desk.wait(TimeDelta::minutes(1));
        }
        assert_eq!(made, [3, 6, 9, 10, 10][quarter]);
        desk.wait(TimeDelta::minutes(15));
    }
    desk.wait(TimeDelta::days(1));
    desk.request(&who).await.unwrap();
}

#[tokio::test]
async fn one_network_cannot_ask_for_everybody() {
    let desk = Desk::open().await;
    for n in 0..20 {
        desk.request(&card_name(100 + n)).await.unwrap();
    }
    let outcome = desk.request(&card_name(1)).await;
    let Err(AccessError::TooManyAttempts(decision)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(decision.limit.name, "codes-per-address");
    // Somebody else is not held up by it.
    let elsewhere = desk.access.request_code(&card_name(1), &origin(2)).await;
    assert!(elsewhere.unwrap().message.is_some());
}

#[tokio::test]
async fn ten_sign_ins_in_a_quarter_of_an_hour() {
    let desk = Desk::open().await;
    let who = card_name(1);
    for _ in 0..10 {
        assert!(is_refused(&desk.try_code(&who, "000000").await));
    }
    let outcome = desk.try_code(&who, "000000").await;
    assert!(
        matches!(outcome, Err(AccessError::TooManyAttempts(_))),
        "{outcome:?}"
    );
}

/// Gives what a request asks of storage.
async fn calls(desk: &Desk, request: impl AsyncFnOnce(&Desk)) -> Vec<&'static str> {
    desk.storage.take_calls();
    request(desk).await;
    desk.storage.take_calls()
}

/// A customer who has no phone cannot be sent a code, and is told the same as everybody.
async fn silent() -> Desk {
    let desk = Desk::open().await;
    desk.put(User {
        phone: None,
        ..customer(2)
    })
    .await;
    desk
}

#[tokio::test]
async fn known_and_unknown_cards_cost_the_same_reads_and_writes() {
    let names = [
        card_name(1),
        card_name(2),
        card_name(9),
        name("79991112233"),
    ];
    let mut costs: Vec<Vec<Vec<&'static str>>> = Vec::new();
    for who in names {
        let desk = silent().await;
        let who = &who;
        costs.push(vec![
            calls(&desk, async |desk: &Desk| {
                desk.access.verify_card(who, &origin(1)).await.unwrap();
            })
            .await,
            calls(&desk, async |desk: &Desk| {
                assert!(is_refused(&desk.try_code(who, "000000").await));
            })
            .await,
            calls(&desk, async |desk: &Desk| {
                desk.request(who).await.unwrap();
            })
            .await,
            calls(&desk, async |desk: &Desk| {
                assert!(is_refused(&desk.try_code(who, "000000").await));
            })
            .await,
            calls(&desk, async |desk: &Desk| {
                desk.request(who).await.unwrap_err();
            })
            .await,
        ]);
    }
    assert!(costs[0].iter().all(|calls| calls.len() >= 4), "{costs:#?}");
    for cost in &costs[1..] {
        assert_eq!(cost, &costs[0]);
    }
}

#[tokio::test]
async fn known_and_unknown_cards_are_answered_the_same() {
    let desk = silent().await;
    let known = desk.request(&card_name(1)).await.unwrap();
    for who in [card_name(2), card_name(9)] {
        let mut answer = desk.request(&who).await.unwrap();
        assert_eq!(answer.message, None);
        // One request more from this network; else nothing differs but what is not told.
        answer.limit.remaining = known.limit.remaining;
        answer.message.clone_from(&known.message);
        assert_eq!(answer, known);
    }
    let check = async |n| desk.access.verify_card(&card_name(n), &origin(3)).await;
    let (known, unknown) = (check(1).await.unwrap(), check(9).await.unwrap());
    assert_eq!(known, unknown);
}

#[tokio::test]
async fn stolen_rows_let_nobody_in() {
    let desk = Desk::open().await;
    let who = card_name(1);
    let code = desk.code(&who).await;
    let mut work = desk.storage.begin().await.unwrap();
    let row = work.lock_code(&who.key(&server_secret())).await.unwrap();
    let row = row.unwrap();
    drop(work);
    // The thief has the rows, knows how they are made, and tries every code under secrets of his own.
    let user = Some(customer(1).id);
    let right = OneTimeCode::parse(&code).unwrap();
    let guess = ServerSecret::parse(&"0".repeat(64)).unwrap();
    assert_eq!(
        row.check(&server_secret(), user, &right, desk.now()),
        CodeCheck::Right
    );
    assert_eq!(
        row.check(&guess, user, &right, desk.now()),
        CodeCheck::Wrong
    );
    let plain = |text: &str| {
        use sha2::{Digest, Sha256};
        <[u8; 32]>::from(Sha256::digest(text))
    };
    for number in 0..1_000_000 {
        assert_ne!(row.hash.as_bytes(), &plain(&format!("{number:06}")));
    }
    // Whom a row is for is no less hidden: phones are few enough to be tried as well.
    assert_ne!(who.key(&guess), row.subject);
    let session = desk.try_code(&who, &code).await.unwrap();
    let stored = desk.access.sessions(customer(1).id).await.unwrap();
    let bytes = stored[0].token.as_bytes().iter();
    let shown = bytes.fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let token = session.token.reveal();
    assert!(!token.contains(&shown));
    let forged = format!("glame_{}{shown}", customer(1).id.as_uuid().simple());
    let outcome = desk.access.authenticate(&forged).await;
    assert!(
        matches!(outcome, Err(AccessError::NotSignedIn)),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn whoever_is_removed_is_unknown() {
    let desk = Desk::open().await;
    let code = desk.code(&card_name(1)).await;
    desk.put(User {
        removed: true,
        ..customer(1)
    })
    .await;
    assert!(is_refused(&desk.try_code(&card_name(1), &code).await));
    desk.wait(RESEND_AFTER);
    assert_eq!(desk.request(&card_name(1)).await.unwrap().message, None);
}

#[tokio::test]
async fn the_last_four_digits_are_a_code_only_where_it_is_set() {
    let who = card_name(1);
    let strict = Desk::open().await;
    strict.request(&who).await.unwrap();
    assert!(is_refused(&strict.try_code(&who, "0001").await));

    let desk = Desk::with(CustomerCode::CardSuffix).await;
    assert_eq!(desk.request(&who).await.unwrap().message, None);
    assert!(is_refused(&desk.try_code(&who, "0002").await));
    desk.try_code(&who, "0001").await.unwrap();
    // Nobody must have asked before, but who is unknown stays out.
    desk.try_code(&card_name(2), "0002").await.unwrap();
    assert!(is_refused(&desk.try_code(&card_name(9), "0009").await));
    // A locked code stays locked until it ends.
    let by_phone = name("79990000002");
    for _ in 0..CODE_TRIES {
        assert!(is_refused(&desk.try_code(&by_phone, "9999").await));
    }
    assert!(is_refused(&desk.try_code(&by_phone, "0002").await));
}

#[tokio::test]
async fn what_is_no_code_costs_no_attempt() {
    let desk = Desk::open().await;
    for code in [
        "",
        "12345",
        "1234567",
        "абвгде",
        "12 34",
        &"1".repeat(1_000),
    ] {
        let outcome = desk.try_code(&card_name(1), code).await;
        assert!(is_refused(&outcome), "{code}: {outcome:?}");
    }
    assert_eq!(
        desk.logged(AuditAction::SignInRefused).await,
        1,
        "12 34 is a code"
    );
}

#[tokio::test]
async fn a_message_says_what_is_set() {
    let desk = Desk::open().await;
    let message: CodeMessage = desk.request(&card_name(1)).await.unwrap().message.unwrap();
    assert!(
        message.text.starts_with("Код для входа: "),
        "{}",
        message.text
    );
    assert!(SignInName::parse("").is_err());
}
