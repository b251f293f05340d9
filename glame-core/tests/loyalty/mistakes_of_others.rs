//! What other engines got wrong, each by the name of the mistake; sources are issues of open
//! projects.

use glame_core::loyalty::{Command, Explain, LoyaltyAccount, Refusal};
use glame_core::testkit::fixtures::loyalty::{
    bonus, day, earn, posting, spend, spend_on, take_back, unpost,
};
use glame_core::values::Points;

use crate::book::{Book, anna};

/// odoo/odoo#257854, frappe/erpnext#32951.
#[test]
fn earn_refund_keep_the_points_and_repeat() {
    let mut book = Book::new();
    for n in 0..10 {
        book.post(earn(n, day(0), 10_000));
        book.post(take_back(n, n, day(0), 10_000));
    }
    assert_eq!(book.net(), 0);
}

/// odoo/odoo#212922.
#[test]
fn points_deducted_a_second_time_on_refund() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 20_000));
    book.post(spend(200));
    book.post(take_back(1, 1, day(1), 20_000));
    assert_eq!(book.net(), -200);
    let again = book.try_post(take_back(1, 1, day(1), 20_000));
    assert!(matches!(again, Err(Refusal::AlreadyDone { .. })));
    assert_eq!(book.net(), -200);
}

/// frappe/erpnext#30242.
#[test]
fn wrong_points_after_a_partial_return() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    book.post(take_back(1, 1, day(1), 2_500));
    assert_eq!(book.net(), 75);
}

/// FreeOpenSourcePOS/FloCafe#78: credits filtered by expiry, all debits still subtracted.
#[test]
fn balance_collapse_when_spent_points_expire() {
    let mut book = Book::new();
    book.post(bonus(1, 100, Some(day(10))));
    book.post(spend(100));
    book.post(earn(1, day(0), 5_000));
    book.on_day(11);
    assert_eq!(book.available(), 50);
}

/// FreeOpenSourcePOS/FloCafe#62.
#[test]
fn only_the_nearest_expiry_is_shown() {
    let mut book = Book::new();
    for n in 1..=3 {
        book.post(bonus(n, 100, Some(day(i64::from(n) * 10))));
    }
    let shown: Vec<_> = book
        .balance()
        .expiring
        .iter()
        .map(|one| (one.at, one.points.get()))
        .collect();
    assert_eq!(shown, [(day(10), 100), (day(20), 100), (day(30), 100)]);
}

/// FreeOpenSourcePOS/FloCafe#720.
#[test]
fn points_on_voided_receipts() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    book.post(unpost(1, day(0)));
    assert_eq!(book.net(), 0);
}

/// liberusoftware/ecommerce-laravel#1056: lots were found by a free-text label.
#[test]
fn lots_with_another_label_never_expire() {
    let mut book = Book::new();
    for (n, rule) in ["spring", "birthday-2", "x"].into_iter().enumerate() {
        book.post(Command::Bonus {
            rule: rule.to_owned(),
            occasion: n.to_string(),
            points: Points::try_new(100).unwrap(),
            available_from: None,
            expires_at: Some(day(10)),
        });
    }
    book.on_day(10);
    assert_eq!(book.available(), 0);
    assert_eq!(book.post(Command::Expire).len(), 3);
}

/// odoo/odoo#206048: expiring points needed a rewrite of what was stored.
#[test]
fn expiry_retrofitted_onto_a_stored_balance() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    book.programme.version = 2;
    book.programme.earning.expires_after_days = Some(30);
    book.post(earn(2, day(0), 10_000));
    book.on_day(60);
    // The old points are as they were; the new ones have expired.
    assert_eq!(book.available(), 100);
    let replayed = LoyaltyAccount::replay(anna(), &book.transactions).unwrap();
    assert_eq!(replayed, book.account);
    let versions: Vec<u32> = book
        .transactions
        .iter()
        .map(|one| one.rule.version)
        .collect();
    assert_eq!(versions, [1, 2]);
}

/// blnkfinance/blnk#152.
#[test]
fn the_same_refund_is_accepted_repeatedly() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    let spent = book.post(spend(100)).remove(0);
    let reverse = Command::Reverse {
        transaction: spent.id,
    };
    book.post(reverse.clone());
    assert!(matches!(
        book.try_post(reverse),
        Err(Refusal::AlreadyDone { .. })
    ));
    assert_eq!(book.net(), 100);
}

/// formancehq/wallets#109: ids made by the server inside the hashed body broke retries.
#[test]
fn ids_of_the_server_differ_between_two_tries() {
    let book = Book::new();
    let gift = posting(anna(), bonus(1, 100, None), Some("k"));
    let decide = || glame_core::loyalty::decide(&book.account, &gift, &book.programme, book.now);
    assert_eq!(decide(), decide());
}

/// Pointz: amounts in floats, compared with an epsilon.
#[test]
fn a_hundred_thousand_small_receipts_drift() {
    let mut book = Book::new();
    let mut expected = 0;
    for n in 0..300 {
        book.post(earn(n, day(0), 1_099));
        expected += 10;
    }
    assert_eq!(book.available(), expected);
}

/// Pointz and `SyliusLoyalty`: points could be spent after their expiry until a job had run.
#[test]
fn expired_points_are_spent_before_the_sweep() {
    let mut book = Book::new();
    book.post(bonus(1, 100, Some(day(10))));
    book.on_day(10);
    assert!(matches!(
        book.try_post(spend(100)),
        Err(Refusal::NotEnough { .. })
    ));
}

/// `SyliusLoyalty`: an order that is cancelled gave points back that never expire.
#[test]
fn a_cancelled_redemption_yields_points_that_never_expire() {
    let mut book = Book::new();
    book.post(bonus(1, 100, Some(day(10))));
    book.post(earn(1, day(0), 5_000));
    book.post(spend_on(1, 100));
    book.on_day(5).post(unpost(1, day(0)));
    assert_eq!(book.available(), 100);
    book.on_day(10);
    assert_eq!(book.available(), 0);
}

/// `SyliusLoyalty`: a claw-back took any lots, first in first out.
#[test]
fn a_claw_back_takes_any_lots() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    book.post(earn(2, day(0), 10_000));
    book.post(take_back(1, 2, day(1), 10_000));
    let left: Vec<i64> = book
        .account
        .lots()
        .iter()
        .map(|lot| lot.remaining.get())
        .collect();
    assert_eq!(left, [100, 0]);
}

/// Pointz: a row was marked as reversed after a part of it had come back.
#[test]
fn a_row_is_changed_when_it_is_reversed_in_part() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    let before = book.transactions.clone();
    book.post(take_back(1, 1, day(1), 1_000));
    book.post(take_back(2, 1, day(1), 1_000));
    assert_eq!(book.transactions[..1], before[..]);
    assert_eq!(book.net(), 80);
}

/// Pointz: what was missing was forgiven without a word.
#[test]
fn a_shortfall_is_forgiven_silently() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 20_000));
    book.post(spend(200));
    book.post(take_back(1, 1, day(1), 20_000));
    assert_eq!(book.debt(), 200);
    let mut lenient = Book::new();
    lenient.programme.returns.policy = glame_core::loyalty::ReturnPolicy::WithinBalance;
    lenient.post(earn(1, day(0), 20_000));
    lenient.post(spend(200));
    let told = lenient.post(take_back(1, 1, day(1), 20_000)).remove(0);
    let Explain::Return {
        settlement: Some(settlement),
        ..
    } = told.explain
    else {
        panic!("a return is explained");
    };
    assert_eq!(settlement.forgiven, 200);
}
