//! Whom a name may mean, codes and counts of attempts.

use chrono::TimeDelta;

use super::with_users;
use crate::access::{CountedWindow, SignInCandidate};
use crate::ports::{MOST_CANDIDATES, Storage};
use crate::testkit::fixtures::access::{attempt, stored_code};
use crate::testkit::fixtures::{card, card_number, customer, minute};
use crate::users::{Role, User};

/// A customer is found by the number of a card and by the phone.
pub async fn customers_are_found_by_card_and_by_phone(storage: &dyn Storage) {
    let (anna, boris) = (customer(1), customer(2));
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    work.put_cards(&[card(7, anna.id), card(8, boris.id)])
        .await
        .unwrap();
    work.commit().await.unwrap();
    let by_card = storage
        .sign_in_candidates(&[card_number(7), card_number(9)], None)
        .await
        .unwrap();
    let expected = SignInCandidate {
        user: anna.id,
        phone: anna.phone,
        card_number: Some(card_number(7)),
        by_card: true,
        created_at: anna.created_at,
    };
    assert_eq!(by_card, [expected]);
    let by_phone = storage.sign_in_candidates(&[], boris.phone).await.unwrap();
    let expected = SignInCandidate {
        user: boris.id,
        phone: boris.phone,
        card_number: boris.discount_card_number,
        by_card: false,
        created_at: boris.created_at,
    };
    assert_eq!(by_phone, [expected]);
    assert_eq!(storage.sign_in_candidates(&[], None).await.unwrap(), []);
}

/// Removed customers, members of staff and removed cards are nobody.
pub async fn only_customers_with_valid_cards_may_sign_in(storage: &dyn Storage) {
    let mut users = [1, 2, 3].map(customer);
    users[0].removed = true;
    users[1].role = Role::Admin;
    let mut cards = [1, 2, 3].map(|n| card(n, customer(n).id));
    cards[2].removed = true;
    let mut work = with_users(storage, &users).await;
    work.put_cards(&cards).await.unwrap();
    work.commit().await.unwrap();
    let numbers = [1, 2, 3].map(card_number);
    let found = storage.sign_in_candidates(&numbers, None).await.unwrap();
    assert_eq!(found, []);
    for user in &users[..2] {
        let found = storage.sign_in_candidates(&[], user.phone).await.unwrap();
        assert_eq!(found, []);
    }
}

/// Of many who share a phone, those come who have been known longest.
pub async fn a_shared_phone_gives_the_longest_known(storage: &dyn Storage) {
    let phone = customer(1).phone;
    let many: Vec<User> = (1..=u128::from(MOST_CANDIDATES) + 5)
        .map(|n| User {
            phone,
            created_at: minute(0) - TimeDelta::minutes(i64::try_from(n).unwrap()),
            ..customer(n)
        })
        .collect();
    with_users(storage, &many).await.commit().await.unwrap();
    let found = storage.sign_in_candidates(&[], phone).await.unwrap();
    let mut expected: Vec<_> = many[5..].iter().rev().map(|user| user.id).collect();
    let mut users: Vec<_> = found.iter().map(|candidate| candidate.user).collect();
    expected.sort();
    users.sort();
    assert_eq!(users, expected);
}

/// A code comes back as it was, and the next one takes its place.
pub async fn the_last_code_of_a_subject_is_kept(storage: &dyn Storage) {
    let first = stored_code(1);
    let mut work = storage.begin().await.unwrap();
    assert_eq!(work.lock_code(&first.subject).await.unwrap(), None);
    work.put_code(&first).await.unwrap();
    work.put_code(&stored_code(2)).await.unwrap();
    work.commit().await.unwrap();
    let mut work = storage.begin().await.unwrap();
    let found = work.lock_code(&first.subject).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    let mut second = stored_code(3);
    second.subject = first.subject;
    (second.tries, second.used_at) = (4, Some(minute(1) + TimeDelta::microseconds(1)));
    work.put_code(&second).await.unwrap();
    work.commit().await.unwrap();
    let mut work = storage.begin().await.unwrap();
    let found = work.lock_code(&first.subject).await.unwrap();
    assert_eq!(found, Some(second));
}

/// Works that try one code at once do so one after the other.
pub async fn tries_of_one_code_are_all_counted(storage: &dyn Storage) {
    let code = stored_code(1);
    let mut work = storage.begin().await.unwrap();
    work.put_code(&code).await.unwrap();
    work.commit().await.unwrap();
    let subject = &code.subject;
    let fail = async || {
        let mut work = storage.begin().await.unwrap();
        let mut code = work.lock_code(subject).await.unwrap().unwrap();
        code.tries += 1;
        work.put_code(&code).await.unwrap();
        work.commit().await.unwrap();
    };
    tokio::join!(fail(), fail(), fail());
    let mut work = storage.begin().await.unwrap();
    let tries = work.lock_code(subject).await.unwrap().unwrap().tries;
    assert_eq!(tries, 3);
}

/// Attempts are counted in their own buckets, and told in the order of the attempts.
pub async fn attempts_are_counted_by_bucket(storage: &dyn Storage) {
    let (first, second) = (attempt(2), attempt(1));
    let window = |count, ends_in| CountedWindow {
        count,
        ends_at: minute(ends_in),
    };
    let mut work = storage.begin().await.unwrap();
    let windows = work.count_attempts(&[first], minute(0)).await.unwrap();
    assert_eq!(windows, [window(1, 15)]);
    let both = work.count_attempts(&[first, second], minute(3)).await;
    assert_eq!(both.unwrap(), [window(2, 15), window(1, 18)]);
    assert_eq!(work.count_attempts(&[], minute(3)).await.unwrap(), []);
    work.commit().await.unwrap();
    let mut work = storage.begin().await.unwrap();
    let windows = work.count_attempts(&[second], minute(4)).await.unwrap();
    assert_eq!(windows, [window(2, 18)]);
}

/// A window that has ended is replaced by a new one, at its very end.
pub async fn a_window_that_has_ended_begins_anew(storage: &dyn Storage) {
    let mut work = storage.begin().await.unwrap();
    let tick = TimeDelta::microseconds(1);
    for (now, count, ends_at) in [
        (minute(0), 1, minute(15)),
        (minute(15) - tick, 2, minute(15)),
        (minute(15), 1, minute(30)),
        (minute(60), 1, minute(75)),
    ] {
        let windows = work.count_attempts(&[attempt(1)], now).await.unwrap();
        assert_eq!(windows, [CountedWindow { count, ends_at }]);
    }
}

/// Works that count for one bucket at once lose no attempt.
pub async fn no_attempt_is_lost(storage: &dyn Storage) {
    let count = async || {
        let mut work = storage.begin().await.unwrap();
        let attempts = [attempt(1), attempt(2)];
        let windows = work.count_attempts(&attempts, minute(0)).await.unwrap();
        work.commit().await.unwrap();
        windows[0].count
    };
    let (a, b, c, d) = tokio::join!(count(), count(), count(), count());
    let mut counts = [a, b, c, d];
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3, 4]);
}

/// An attempt of a work that is dropped does not count.
pub async fn dropped_work_counts_no_attempt(storage: &dyn Storage) {
    let mut work = storage.begin().await.unwrap();
    work.count_attempts(&[attempt(1)], minute(0)).await.unwrap();
    drop(work);
    let mut work = storage.begin().await.unwrap();
    let windows = work.count_attempts(&[attempt(1)], minute(0)).await.unwrap();
    assert_eq!(windows[0].count, 1);
}
