//! Postings that are carried out together come out as one by one.

use std::sync::Arc;

use futures_util::future::join_all;
use glame_core::loyalty::{
    GroupCommit, LoyaltyError, LoyaltyProgramme, LoyaltyService, NotPosted, PointsLedger, Refusal,
};
use glame_core::ports::Storage;
use glame_core::testkit::fixtures::customer;
use glame_core::testkit::fixtures::loyalty::{adjust, bonus, day, posting, spend};
use glame_core::testkit::{ManualClock, MemoryStorage};
use glame_core::values::UserId;

/// Gives a service whose customers, one to three, have 2,350 points each.
async fn service() -> (LoyaltyService, GroupCommit) {
    let storage = Arc::new(MemoryStorage::default());
    let mut work = storage.begin().await.unwrap();
    work.put_users(&[customer(1), customer(2), customer(3)])
        .await
        .unwrap();
    work.commit().await.unwrap();
    let service = LoyaltyService::new(
        storage,
        Arc::new(ManualClock::at(day(0))),
        LoyaltyProgramme::guide(),
        PointsLedger::Glame,
    )
    .unwrap();
    for n in 1..=3 {
        let gift = posting(customer(n).id, adjust(2_350), None);
        service.post(gift).await.unwrap();
    }
    service.with_group_commit()
}

fn anna() -> UserId {
    customer(1).id
}

#[tokio::test]
async fn spenders_at_once_spend_exactly_the_balance() {
    let (service, groups) = service().await;
    tokio::spawn(groups.run());
    let spends = (0..120_u128).map(|n| {
        let user = customer(n % 3 + 1).id;
        service.post(posting(user, spend(100), Some(&n.to_string())))
    });
    let outcomes = join_all(spends).await;
    let posted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(posted, 3 * 23);
    for outcome in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(
            outcome,
            LoyaltyError::NotPosted(NotPosted::Refused {
                refusal: Refusal::NotEnough { .. }
            })
        ));
    }
    for n in 1..=3 {
        let balance = service.get_loyalty_balance(customer(n).id).await.unwrap();
        assert_eq!(balance.available.get(), 50);
    }
}

#[tokio::test]
async fn the_same_key_at_once_is_carried_out_once() {
    let (service, groups) = service().await;
    tokio::spawn(groups.run());
    let again = || service.post(posting(anna(), spend(100), Some("once")));
    let outcomes = join_all((0..50).map(|_| again())).await;
    let posted: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(posted.iter().filter(|one| !one.replayed).count(), 1);
    assert!(
        posted
            .iter()
            .all(|one| one.transactions == posted[0].transactions)
    );
}

#[tokio::test]
async fn a_customer_whom_nobody_knows_hinders_nobody_else() {
    let (service, groups) = service().await;
    tokio::spawn(groups.run());
    let stranger = customer(99).id;
    let posts = (0..10_u32).map(|n| {
        let user = if n == 4 { stranger } else { anna() };
        service.post(posting(user, bonus(n, 10, None), Some(&n.to_string())))
    });
    let outcomes = join_all(posts).await;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        if n == 4 {
            let unknown =
                matches!(outcome, Err(LoyaltyError::UnknownUser(user)) if user == stranger);
            assert!(unknown);
        } else {
            assert!(!outcome.unwrap().replayed);
        }
    }
}

#[tokio::test]
async fn where_nobody_carries_out_groups_everybody_goes_alone() {
    let (service, groups) = service().await;
    drop(groups);
    let posted = service.post(posting(anna(), spend(100), Some("alone")));
    assert_eq!(posted.await.unwrap().transactions[0].balance_after, 2_250);
}

#[tokio::test]
async fn a_group_that_vanishes_loses_and_doubles_nothing() {
    let (service, groups) = service().await;
    let waits = service.post(posting(anna(), spend(100), Some("first")));
    let vanishes = async { drop(groups) };
    let (posted, ()) = tokio::join!(waits, vanishes);
    assert!(!posted.unwrap().replayed);
    let again = posting(anna(), spend(100), Some("first"));
    assert!(service.post(again).await.unwrap().replayed);
    let balance = service.get_loyalty_balance(anna()).await.unwrap();
    assert_eq!(balance.available.get(), 2_250);
}

#[tokio::test]
async fn the_work_ends_with_the_service() {
    let (service, groups) = service().await;
    let clone = service.clone();
    drop(service);
    drop(clone);
    groups.run().await;
}
