//! Users and cards.

use chrono::TimeDelta;

use super::with_users;
use crate::ports::Storage;
use crate::testkit::fixtures::{card, card_number, card_ref, counterparty, customer, minute, text};
use crate::users::{Holder, Role, User};

/// A stored user is found as it was, with "ё" and emoji in the name.
pub async fn a_stored_user_is_found_as_it_was(storage: &dyn Storage) {
    let anna = customer(1);
    with_users(storage, &[anna.clone(), customer(2)])
        .await
        .commit()
        .await
        .unwrap();
    assert_eq!(storage.users(&[anna.id]).await.unwrap(), [anna]);
}

/// An unknown user is not found, beside a known one either.
pub async fn an_unknown_user_is_not_found(storage: &dyn Storage) {
    let anna = customer(1);
    with_users(storage, &[anna.clone()])
        .await
        .commit()
        .await
        .unwrap();
    assert_eq!(storage.users(&[customer(9).id]).await.unwrap(), []);
    assert_eq!(storage.users(&[]).await.unwrap(), []);
    assert_eq!(
        storage.users(&[customer(9).id, anna.id]).await.unwrap(),
        [anna]
    );
}

/// A user who is stored again keeps the first `created_at`.
pub async fn a_user_keeps_the_first_created_at(storage: &dyn Storage) {
    let anna = customer(1);
    with_users(storage, &[anna.clone()])
        .await
        .commit()
        .await
        .unwrap();
    let later = minute(5);
    let renamed = User {
        full_name: Some(text("Образцова Анна")),
        created_at: later,
        updated_at: later,
        ..anna.clone()
    };
    with_users(storage, &[renamed.clone()])
        .await
        .commit()
        .await
        .unwrap();
    let expected = User {
        created_at: anna.created_at,
        ..renamed
    };
    assert_eq!(storage.users(&[anna.id]).await.unwrap(), [expected]);
}

/// Missing users are added, known ones stay as they are.
pub async fn missing_users_are_added_and_known_ones_stay(storage: &dyn Storage) {
    let anna = customer(1);
    let mut work = with_users(storage, &[anna.clone()]).await;
    let bare = User::from_holder(Holder::Counterparty(counterparty(1)), minute(9));
    let boris = customer(2);
    work.add_missing_users(&[bare, boris.clone()])
        .await
        .unwrap();
    work.add_missing_users(&[]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(storage.users(&[anna.id]).await.unwrap(), [anna]);
    assert_eq!(storage.users(&[boris.id]).await.unwrap(), [boris]);
}

/// A user of whom nothing is known is kept.
pub async fn users_with_nothing_known_are_kept(storage: &dyn Storage) {
    let nameless = User::from_holder(Holder::Card(card_ref(1)), minute(0));
    with_users(storage, &[nameless.clone()])
        .await
        .commit()
        .await
        .unwrap();
    assert_eq!(storage.users(&[nameless.id]).await.unwrap(), [nameless]);
}

/// Users come in pages by id, each once, staff and removed ones among them.
pub async fn users_come_in_pages_by_id(storage: &dyn Storage) {
    let mut users = [1, 2, 3, 4, 5].map(customer);
    users[1].removed = true;
    users[2].role = Role::Admin;
    with_users(storage, &users).await.commit().await.unwrap();
    users.sort_by_key(|user| user.id);
    let first = storage.users_after(None, 2).await.unwrap();
    assert_eq!(first, users[..2]);
    let rest = storage.users_after(Some(users[1].id), 9).await.unwrap();
    assert_eq!(rest, users[2..]);
    let last = storage.users_after(Some(users[4].id), 9).await.unwrap();
    assert_eq!(last, []);
}

/// Who is removed, and who is no customer, is told from the customers, by id.
pub async fn non_customers_come_by_id(storage: &dyn Storage) {
    let mut users = [1, 2, 3, 4].map(customer);
    users[1].removed = true;
    users[2].role = Role::Admin;
    users[3].role = Role::Admin;
    users[3].removed = true;
    with_users(storage, &users).await.commit().await.unwrap();
    let mut expected: Vec<_> = users[1..].iter().map(|user| user.id).collect();
    expected.sort();
    assert_eq!(storage.non_customers().await.unwrap(), expected);
    assert_eq!(storage.customer_count().await.unwrap(), 1);
}

/// Cards are found by their reference and by their user.
pub async fn cards_are_found_by_reference_and_by_user(storage: &dyn Storage) {
    let (anna, boris) = (customer(1), customer(2));
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    let (first, second) = (card(1, anna.id), card(2, boris.id));
    work.put_cards(&[first.clone(), second.clone()])
        .await
        .unwrap();
    work.commit().await.unwrap();
    assert_eq!(
        storage.cards(&[first.card, card_ref(9)]).await.unwrap(),
        [first]
    );
    assert_eq!(storage.cards_of(&[boris.id]).await.unwrap(), [second]);
    assert_eq!(storage.cards_of(&[]).await.unwrap(), []);
}

/// Customers are found by many phones and cards at once, several by one phone; who is removed, no
/// customer or holds a removed card is nobody.
pub async fn customers_are_found_by_many_phones_and_cards(storage: &dyn Storage) {
    let mut users = [1, 2, 3, 4, 5].map(customer);
    users[1].phone = users[0].phone;
    users[2].removed = true;
    users[3].role = Role::Admin;
    let mut cards = [1, 2, 3, 4, 5].map(|n| card(n, customer(n).id));
    cards[4].removed = true;
    let mut work = with_users(storage, &users).await;
    work.put_cards(&cards).await.unwrap();
    work.commit().await.unwrap();
    let phones = [1, 3, 4, 5, 9].map(|n| customer(n).phone.unwrap());
    let mut found = storage.customers_with_phones(&phones).await.unwrap();
    found.sort();
    let mut expected =
        [(0, 0), (0, 1), (3, 4)].map(|(phone, user)| (phones[phone], users[user].id));
    expected.sort();
    assert_eq!(found, expected);
    let numbers = [1, 2, 3, 4, 5, 9].map(card_number);
    let mut found = storage.customers_with_cards(&numbers).await.unwrap();
    found.sort_by_key(|(_, user)| *user);
    let mut expected = [0, 1].map(|n| (numbers[n].clone(), users[n].id));
    expected.sort_by_key(|(_, user)| *user);
    assert_eq!(found, expected);
    assert_eq!(storage.customers_with_phones(&[]).await.unwrap(), []);
    assert_eq!(storage.customers_with_cards(&[]).await.unwrap(), []);
}

/// A card that is put under another user leaves the first one.
pub async fn a_card_moves_to_another_user(storage: &dyn Storage) {
    let (anna, boris) = (customer(1), customer(2));
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    work.put_cards(&[card(1, anna.id)]).await.unwrap();
    work.put_cards(&[card(1, boris.id)]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(storage.cards_of(&[anna.id]).await.unwrap(), []);
    assert_eq!(
        storage.cards(&[card_ref(1)]).await.unwrap(),
        [card(1, boris.id)]
    );
}

/// A card without a number, and a removed one, are kept so.
pub async fn a_card_without_a_number_is_kept(storage: &dyn Storage) {
    let anna = customer(1);
    let mut blank = card(1, anna.id);
    blank.number = None;
    blank.removed = true;
    let mut work = with_users(storage, &[anna]).await;
    work.put_cards(&[blank.clone()]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(storage.cards(&[blank.card]).await.unwrap(), [blank]);
}

/// Cards come in pages in the order of their references, each once.
pub async fn cards_come_in_pages_by_reference(storage: &dyn Storage) {
    let anna = customer(1);
    let cards: Vec<_> = (1..=5).map(|n| card(n, anna.id)).collect();
    let mut work = with_users(storage, &[anna]).await;
    work.put_cards(&cards).await.unwrap();
    work.commit().await.unwrap();
    let mut seen = Vec::new();
    loop {
        let page = storage.cards_after(seen.last().copied(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        seen.extend(page.into_iter().map(|card| card.card));
    }
    assert_eq!(seen, cards.iter().map(|card| card.card).collect::<Vec<_>>());
}

/// Customers are counted without removed ones and without staff.
pub async fn customers_are_counted_without_removed_ones_and_staff(storage: &dyn Storage) {
    assert_eq!(storage.customer_count().await.unwrap(), 0);
    let removed = User {
        removed: true,
        ..customer(2)
    };
    let admin = User {
        role: Role::Admin,
        created_at: minute(0) - TimeDelta::days(1),
        ..customer(3)
    };
    with_users(storage, &[customer(1), removed, admin])
        .await
        .commit()
        .await
        .unwrap();
    assert_eq!(storage.customer_count().await.unwrap(), 1);
}
