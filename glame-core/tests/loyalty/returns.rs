//! R: what returns take back, and what they give back.

use glame_core::loyalty::{Command, CustomerFacts, Explain, Refusal, ReturnPolicy};
use glame_core::testkit::fixtures::loyalty::{
    bonus, day, earn, spend, spend_on, take_back, unpost,
};
use glame_core::values::Points;
use proptest::prelude::*;

use crate::book::Book;

fn vip() -> CustomerFacts {
    CustomerFacts {
        vip: true,
        ..CustomerFacts::default()
    }
}

#[test]
fn r1_partial_returns_take_back_the_share_of_the_whole_rounded_once() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    // Three thirds: 33.33 each, but 33, 34 and 33 together are 100.
    for (n, roubles, left) in [(1, 3_333, 67), (2, 3_333, 33), (3, 3_334, 0)] {
        book.post(take_back(n, 1, day(1), roubles));
        assert_eq!(book.net(), left);
    }
}

#[test]
fn r1_a_full_return_takes_back_just_what_was_earned() {
    for roubles in [1, 99, 100, 12_345, 99_999] {
        let mut book = Book::new();
        book.post_for(earn(1, day(0), roubles), vip());
        book.post(take_back(1, 1, day(1), roubles));
        assert_eq!((book.available(), book.debt()), (0, 0), "{roubles} ₽");
    }
}

#[test]
fn r2_a_return_takes_first_from_the_lots_of_its_own_receipt() {
    let mut book = Book::new();
    book.post(bonus(1, 100, Some(day(3))));
    book.post(earn(1, day(0), 10_000));
    book.post(earn(2, day(0), 10_000));
    book.post(take_back(1, 2, day(1), 10_000));
    let left: Vec<i64> = book
        .account
        .lots()
        .iter()
        .map(|lot| lot.remaining.get())
        .collect();
    assert_eq!(left, [100, 100, 0]);
}

#[test]
fn r2_what_was_spent_already_goes_by_the_policy() {
    let cases = [
        // (policy, spent, available and debt after a full return of 20 000 ₽)
        (ReturnPolicy::AllowDebt, 150, (0, 50)),
        (ReturnPolicy::WithinBalance, 150, (0, 0)),
        (ReturnPolicy::OnlyPending, 150, (150, 0)),
    ];
    for (policy, spent, expected) in cases {
        let mut book = Book::new();
        book.programme.returns.policy = policy;
        book.post(earn(1, day(0), 20_000));
        book.post(earn(2, day(0), 10_000));
        book.post(spend(spent));
        let returned = book.post(take_back(1, 1, day(1), 20_000));
        assert_eq!((book.available(), book.debt()), expected, "{policy:?}");
        let Explain::Return {
            settlement: Some(settlement),
            ..
        } = &returned[0].explain
        else {
            panic!("{returned:?}");
        };
        assert_eq!(settlement.target, 0);
    }
}

#[test]
fn r2_only_pending_takes_what_cannot_be_spent_yet() {
    let mut book = Book::new();
    book.programme.returns.policy = ReturnPolicy::OnlyPending;
    book.programme.earning.available_after_days = 14;
    book.post(earn(1, day(0), 20_000));
    book.on_day(3).post(take_back(1, 1, day(3), 20_000));
    assert_eq!(book.balance().pending.get(), 0);
}

#[test]
fn r3_points_spent_on_returned_goods_go_back_to_the_very_lots() {
    let mut book = Book::new();
    book.post(bonus(1, 120, Some(day(10))));
    book.post(earn(1, day(0), 20_000));
    book.post(earn(2, day(1), 10_000));
    book.post(spend_on(2, 200));
    book.on_day(2).post(take_back(1, 2, day(2), 5_000));
    // Half of the 200 came home: the last drawn first, into the lots with their own expiries.
    let left: Vec<(i64, _)> = book
        .account
        .lots()
        .iter()
        .map(|lot| (lot.remaining.get(), lot.term.expires_at))
        .collect();
    assert_eq!(left, [(20, Some(day(10))), (200, None), (50, None)]);
}

#[test]
fn r3_a_lot_that_died_meanwhile_lives_on_for_the_days_of_grace_once() {
    let mut book = Book::new();
    book.post(bonus(1, 200, Some(day(10))));
    book.post(earn(1, day(1), 10_000));
    book.on_day(1).post(spend_on(1, 200));
    book.on_day(20).post(take_back(1, 1, day(20), 10_000));
    assert_eq!(book.available(), 200);
    let reinstated = *book.account.lots().last().unwrap();
    assert!(reinstated.term.reinstated);
    // Thirty days after the return, at midnight of Moscow.
    let expires_at = reinstated.term.expires_at.unwrap();
    assert!(day(50) < expires_at && expires_at < day(51));

    // Spent again and returned after the grace: they are lost for good.
    book.post(earn(2, day(20), 10_000));
    book.post(spend_on(2, 200));
    book.on_day(60).post(take_back(2, 2, day(60), 10_000));
    let forfeited = book.transactions.iter().rev().find_map(|one| {
        let Explain::Restored { forfeited, .. } = &one.explain else {
            return None;
        };
        Some(*forfeited)
    });
    assert_eq!(forfeited, Some(200));
}

#[test]
fn r3_without_grace_dead_points_stay_dead() {
    let mut book = Book::new();
    book.programme.returns.grace_days = 0;
    book.post(bonus(1, 200, Some(day(10))));
    book.post(earn(1, day(0), 10_000));
    book.post(spend_on(1, 200));
    book.on_day(20).post(take_back(1, 1, day(20), 10_000));
    assert_eq!((book.available(), book.debt()), (0, 0));
}

#[test]
fn r4_a_return_goes_by_the_factors_of_the_day_of_the_purchase() {
    let mut book = Book::new();
    book.post_for(earn(1, day(0), 10_000), vip());
    assert_eq!(book.available(), 150);
    // The customer is no VIP any more, and the programme gives less now.
    book.programme.version = 2;
    book.programme.earning.factors.clear();
    book.post(take_back(1, 1, day(1), 5_000));
    assert_eq!(book.available(), 75);
    // An edit of the receipt goes by them too.
    book.post(earn(1, day(0), 20_000));
    assert_eq!(book.available(), 300 - 75);
}

#[test]
fn r5_a_return_before_its_sale_waits_for_it() {
    let mut book = Book::new();
    let waiting = book.post(take_back(1, 1, day(1), 4_000));
    assert_eq!((waiting[0].points, book.net()), (0, 0));
    book.post(earn(1, day(0), 10_000));
    assert_eq!(book.net(), 60);
}

#[test]
fn r5_a_return_for_an_unknown_sale_changes_nothing_and_is_remembered() {
    let mut book = Book::new();
    book.post(take_back(1, 77, day(1), 4_000));
    assert_eq!(book.net(), 0);
    let again = book.try_post(take_back(1, 77, day(1), 4_000));
    assert!(matches!(again, Err(Refusal::AlreadyDone { .. })));
}

#[test]
fn r5_a_return_that_comes_twice_is_edited_or_is_no_more_ends_where_it_should() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    book.post(take_back(1, 1, day(1), 2_000));
    let twice = book.try_post(take_back(1, 1, day(1), 2_000));
    assert!(matches!(twice, Err(Refusal::AlreadyDone { .. })));
    assert_eq!(book.net(), 80);
    book.post(take_back(1, 1, day(1), 5_000));
    assert_eq!(book.net(), 50);
    book.post(take_back(1, 1, day(1), 0));
    assert_eq!(book.net(), 100);
}

#[test]
fn r5_a_line_brings_its_goods_back_once_whatever_receipt_it_names() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    book.post(earn(2, day(0), 10_000));
    book.post(take_back(1, 1, day(1), 2_000));
    let elsewhere = book.try_post(take_back(1, 2, day(1), 2_000));
    assert!(matches!(elsewhere, Err(Refusal::AlreadyDone { .. })));
}

#[test]
fn r5_an_unposted_sale_gives_back_what_it_earned_and_what_paid_for_it() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 20_000));
    book.post(earn(2, day(0), 10_000));
    book.post(spend_on(2, 150));
    assert_eq!(book.net(), 150);
    book.post(unpost(2, day(0)));
    assert_eq!(book.net(), 200);
    // Posted again, it earns again and is paid again.
    book.post(earn(2, day(0), 10_000));
    assert_eq!(book.net(), 150);
}

#[test]
fn r6_buying_and_returning_gains_nothing_and_prolongs_nothing() {
    let mut book = Book::new();
    book.post(bonus(1, 200, Some(day(40))));
    for round in 0..20 {
        let n = 10 + u128::try_from(round).unwrap();
        book.on_day(round);
        book.post_for(earn(n, day(round), 9_999), vip());
        book.post(spend_on(n, 200));
        book.post(take_back(n, n, day(round), 9_999));
        assert_eq!((book.available(), book.debt()), (200, 0));
    }
    // All 200 still expire on day 40.
    book.on_day(40);
    assert_eq!(book.available(), 0);
}

#[test]
fn a_return_of_points_that_had_expired_takes_nothing_a_second_time() {
    let mut book = Book::new();
    book.programme.earning.expires_after_days = Some(5);
    book.post(earn(1, day(0), 10_000));
    for sweep in [false, true] {
        let mut book = Book {
            programme: book.programme.clone(),
            account: book.account.clone(),
            transactions: book.transactions.clone(),
            now: day(10),
        };
        if sweep {
            book.post(Command::Expire);
        }
        book.post(take_back(1, 1, day(10), 10_000));
        assert_eq!((book.available(), book.debt()), (0, 0), "swept: {sweep}");
    }
}

#[test]
fn e6_receipts_before_the_programme_earn_nothing() {
    let mut book = Book::new();
    book.programme.starts_on = "2025-06-15".parse().ok();
    // 15 June begins in Moscow three hours before it does in Greenwich.
    let midnight = "2025-06-14T21:00:00Z".parse().unwrap();
    let before = midnight - chrono::TimeDelta::microseconds(1);
    let refusal = book.try_post(earn(1, before, 10_000));
    assert!(matches!(refusal, Err(Refusal::BeforeProgramme { .. })));
    book.post(earn(1, midnight, 10_000));
    assert_eq!(book.available(), 100);
}

#[test]
fn points_pay_at_most_their_share_of_a_receipt() {
    let mut book = Book::new();
    book.programme.redemption.receipt_share = "0.3".parse().ok();
    book.post(bonus(1, 1_000, None));
    let pay = |points: i64, total: Option<i64>| Command::Spend {
        points: Points::try_new(points).unwrap(),
        receipt: None,
        receipt_total: total.map(glame_core::values::Money::from_kopecks),
    };
    assert!(matches!(
        book.try_post(pay(150, None)),
        Err(Refusal::Invalid { .. })
    ));
    assert!(matches!(
        book.try_post(pay(150, Some(49_999))),
        Err(Refusal::AboveShare { .. })
    ));
    book.post(pay(150, Some(50_000)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r1_and_r5_the_order_of_a_sale_and_its_returns_does_not_matter(
        roubles in 1_i64..50_000,
        parts in prop::collection::vec(0_i64..20_000, 0..5),
        order in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let mut commands: Vec<Command> = vec![earn(1, day(0), roubles)];
        for (n, part) in parts.iter().enumerate() {
            commands.push(take_back(u128::try_from(n).unwrap(), 1, day(1), *part));
        }
        let run = |commands: &[Command]| {
            let mut book = Book::new();
            for command in commands {
                book.post(command.clone());
            }
            book.net()
        };
        let expected = run(&commands);
        let mut turn = seed;
        for place in (1..commands.len()).rev() {
            turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            commands.swap(place, usize::try_from(turn >> 33).unwrap() % (place + 1));
        }
        let _ = order;
        prop_assert_eq!(run(&commands), expected);
    }
}
