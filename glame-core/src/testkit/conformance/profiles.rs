//! Edits of profiles, consents and erasure.

use chrono::TimeDelta;

use super::customers::found;
use super::with_users;
use crate::customers::{
    Channel, ConsentDecision, ConsentRecord, ConsentSource, ConsentTopic, CustomerQuery,
    FieldChange, Profile, ProfileChange, ProfileVersion,
};
use crate::loyalty::Actor;
use crate::ports::{Storage, StorageError};
use crate::testkit::fixtures::{card, customer, metrics, minute, receipt, text};
use crate::users::{Gender, User};
use crate::values::UserId;

async fn profile_of(storage: &dyn Storage, user: UserId) -> Profile {
    storage.profiles(&[user]).await.unwrap().pop().unwrap()
}

/// Edits the profile of a customer as the service does.
async fn edit(storage: &dyn Storage, user: UserId, change: &ProfileChange) -> Profile {
    let mut work = storage.begin().await.unwrap();
    let mut profile = work.lock_profiles(&[user]).await.unwrap().pop().unwrap();
    let operator = Actor::Named(text("оператор"));
    assert!(profile.change(change, &operator, minute(7)));
    work.put_profiles(&[profile.clone()]).await.unwrap();
    work.commit().await.unwrap();
    profile
}

fn every_field() -> ProfileChange {
    ProfileChange {
        full_name: FieldChange::Set(Some(text("Исправленная Анна"))),
        email: FieldChange::Set(None),
        gender: FieldChange::Set(Some(Gender::Male)),
        birth_date: FieldChange::Set(Some(minute(0).date_naive() - TimeDelta::days(9_000))),
        city: FieldChange::Set(Some(text("Керчь"))),
    }
}

/// A profile that nobody has edited has the first version, and one more with each change.
pub async fn a_profile_has_a_version(storage: &dyn Storage) {
    let anna = customer(1);
    assert_eq!(storage.profiles(&[anna.id]).await.unwrap(), []);
    for version in 1..=3 {
        with_users(storage, &[anna.clone()])
            .await
            .commit()
            .await
            .unwrap();
        let profile = profile_of(storage, anna.id).await;
        assert_eq!(
            (profile.version, profile.user),
            (ProfileVersion::new(version), anna.clone())
        );
        assert!(profile.edits.is_empty() && profile.erased_at.is_none());
    }
    let mut work = storage.begin().await.unwrap();
    assert_eq!(work.lock_profiles(&[customer(9).id]).await.unwrap(), []);
}

/// What was edited outlasts every `put_users`, and is found.
pub async fn an_edit_outlasts_what_the_base_says(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    with_users(storage, &[anna.clone(), boris.clone()])
        .await
        .commit()
        .await
        .unwrap();
    let edited = edit(storage, anna.id, &every_field()).await;
    assert_eq!(profile_of(storage, anna.id).await, edited);
    let later = User {
        full_name: Some(text("Из базы")),
        phone: customer(3).phone,
        discount_card_number: customer(3).discount_card_number,
        removed: true,
        updated_at: minute(9),
        ..anna.clone()
    };
    with_users(storage, &[later.clone(), boris.clone()])
        .await
        .commit()
        .await
        .unwrap();
    let after = profile_of(storage, anna.id).await;
    let expected = edited.edits.over(later.clone());
    assert_eq!((&after.user, &after.edits), (&expected, &edited.edits));
    assert_eq!(after.version, edited.version.next());
    assert_eq!(storage.users(&[anna.id]).await.unwrap(), [expected]);
    assert_eq!(
        storage.kept_profiles(&[anna.id, boris.id]).await.unwrap(),
        [after]
    );
    let back = User {
        removed: false,
        ..later
    };
    with_users(storage, &[back]).await.commit().await.unwrap();
    assert_eq!(found(storage, "исправленная керчь").await, [anna.id]);
    assert_eq!(found(storage, "из базы").await, []);
}

/// An edit that is taken back leaves nothing: what the base says holds again.
pub async fn an_edit_is_taken_back(storage: &dyn Storage) {
    let anna = customer(1);
    with_users(storage, &[anna.clone()])
        .await
        .commit()
        .await
        .unwrap();
    edit(storage, anna.id, &every_field()).await;
    let take_back = ProfileChange {
        full_name: FieldChange::TakeBack,
        email: FieldChange::TakeBack,
        gender: FieldChange::TakeBack,
        birth_date: FieldChange::TakeBack,
        city: FieldChange::TakeBack,
    };
    let after = edit(storage, anna.id, &take_back).await;
    assert_eq!(
        after.user,
        User {
            updated_at: minute(7),
            ..anna.clone()
        }
    );
    assert_eq!(storage.kept_profiles(&[anna.id]).await.unwrap(), []);
    let renamed = User {
        full_name: Some(text("Новая")),
        ..anna
    };
    with_users(storage, &[renamed.clone()])
        .await
        .commit()
        .await
        .unwrap();
    assert_eq!(storage.users(&[renamed.id]).await.unwrap(), [renamed]);
}

/// Of a person who was erased nothing personal is left, nor does it ever come back; purchases stay.
pub async fn an_erased_person_never_comes_back(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    work.put_cards(&[card(1, anna.id), card(2, boris.id)])
        .await
        .unwrap();
    work.add_receipts(&[receipt(1, anna.id, minute(1), 2)])
        .await
        .unwrap();
    work.put_metrics(&[metrics(anna.id)]).await.unwrap();
    work.commit().await.unwrap();
    edit(storage, anna.id, &every_field()).await;
    for at in [minute(30), minute(31)] {
        let mut work = storage.begin().await.unwrap();
        work.erase_customer(anna.id, at).await.unwrap();
        work.commit().await.unwrap();
    }
    for _ in 0..2 {
        let profile = profile_of(storage, anna.id).await;
        let user = &profile.user;
        assert_eq!(
            (&user.full_name, user.phone, &user.email),
            (&None, None, &None)
        );
        assert_eq!(
            (user.gender, user.birth_date, &user.city),
            (None, None, &None)
        );
        assert_eq!(user.discount_card_number, None);
        assert_eq!(
            (profile.erased_at, profile.edits.is_empty()),
            (Some(minute(30)), true)
        );
        let cards = storage.cards_of(&[anna.id]).await.unwrap();
        assert!(cards.iter().all(|card| card.number.is_none()), "{cards:?}");
        for typed in [
            "исправленная",
            "алена 1",
            "79990000001",
            "2900000000001",
            "керчь",
        ] {
            assert!(!found(storage, typed).await.contains(&anna.id), "{typed}");
        }
        // The base still knows the person.
        let mut work = with_users(storage, &[anna.clone()]).await;
        work.put_cards(&[card(1, anna.id), card(2, anna.id)])
            .await
            .unwrap();
        work.put_cards(&[card(2, boris.id)]).await.unwrap();
        work.commit().await.unwrap();
    }
    let history = storage.history(anna.id).await.unwrap();
    assert_eq!(history.lines().len(), 2);
    assert_eq!(
        storage.metrics(&[anna.id]).await.unwrap(),
        [metrics(anna.id)]
    );
    let query = CustomerQuery {
        limit: 9,
        ..CustomerQuery::default()
    };
    let rows = storage.find_customers(&query).await.unwrap();
    let erased: Vec<_> = rows.iter().filter_map(|row| row.erased_at).collect();
    assert_eq!((rows.len(), erased), (2, vec![minute(30)]));
    // Others keep what is theirs.
    assert_eq!(storage.users(&[boris.id]).await.unwrap(), [boris.clone()]);
    assert_eq!(
        storage.cards_of(&[boris.id]).await.unwrap(),
        [card(2, boris.id)]
    );
}

fn consent(user: UserId, sequence: u32, topic: ConsentTopic) -> ConsentRecord {
    ConsentRecord {
        user,
        sequence,
        topic,
        decision: ConsentDecision::Granted,
        text_version: text("2026-03"),
        source: ConsentSource::Cabinet,
        actor: Actor::User(user),
        at: minute(sequence.into()),
    }
}

/// Decisions come back as they were written, oldest first; a number is never written twice.
pub async fn consents_are_only_added_to(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    let history: Vec<ConsentRecord> = (1..)
        .zip(ConsentTopic::ALL)
        .map(|(sequence, topic)| consent(anna.id, sequence, topic))
        .collect();
    let sms = ConsentTopic::Marketing(Channel::Sms);
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    work.add_consents(&history).await.unwrap();
    work.add_consents(&[consent(boris.id, 1, sms)])
        .await
        .unwrap();
    work.add_consents(&[]).await.unwrap();
    assert_eq!(work.locked_consents(anna.id).await.unwrap(), history);
    work.commit().await.unwrap();
    assert_eq!(storage.consents(&[anna.id]).await.unwrap(), history);
    let mut work = storage.begin().await.unwrap();
    let again = work.add_consents(&[consent(anna.id, 2, sms)]).await;
    assert!(matches!(again, Err(StorageError::Conflict { .. })));
    drop(work);
    assert_eq!(storage.consents(&[anna.id]).await.unwrap(), history);
    assert_eq!(storage.consents(&[customer(9).id]).await.unwrap(), []);
    let mut of_both = [history, vec![consent(boris.id, 1, sms)]];
    of_both.sort_by_key(|decisions| decisions[0].user);
    let both = [boris.id, customer(9).id, anna.id];
    assert_eq!(storage.consents(&both).await.unwrap(), of_both.concat());
}
