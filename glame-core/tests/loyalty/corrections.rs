//! T3, T4 and reversals: what people do to points.

use chrono::NaiveDate;
use glame_core::loyalty::{
    Actor, BIRTHDAY, Command, CustomerFacts, LoyaltyAccount, Posting, Refusal, ReturnPolicy,
    decide_merge,
};
use glame_core::testkit::fixtures::loyalty::{
    adjust, authority, bonus, day, earn, posting, spend, spend_on, take_back,
};
use glame_core::testkit::fixtures::{customer, text};
use glame_core::values::{PlainText, Points, TransactionId};

use crate::book::{Book, anna};

fn reverse(transaction: TransactionId) -> Command {
    Command::Reverse { transaction }
}

fn adjustment_by(actor: Option<Actor>) -> Posting {
    let mut posting = posting(anna(), adjust(100), None);
    posting.request.authority.actor = actor;
    posting
}

#[test]
fn t3_a_manual_adjustment_needs_an_actor_who_is_someone_else() {
    let mut book = Book::new();
    let nobody = book.try_posting(&adjustment_by(None));
    assert_eq!(nobody, Err(Refusal::ActorMissing));
    let herself = book.try_posting(&adjustment_by(Some(Actor::User(anna()))));
    assert_eq!(herself, Err(Refusal::SelfAdjustment));
    let colleague = Actor::User(customer(2).id);
    let done = book
        .try_posting(&adjustment_by(Some(colleague.clone())))
        .unwrap();
    assert_eq!(done[0].actor, Some(colleague));
}

#[test]
fn t3_a_reason_and_a_note_cannot_be_empty() {
    assert_eq!(PlainText::clean(" \n"), None);
    let json =
        r#"{"command": "adjust", "points": 5, "note": " ", "reason": "x", "source": "manual"}"#;
    assert!(serde_json::from_str::<glame_core::loyalty::Request>(json).is_err());
}

#[test]
fn t4_a_merge_keeps_sums_lots_and_expiries_and_may_be_repeated() {
    let mut giver = Book::new();
    giver.post(earn(1, day(0), 10_000));
    giver.post(bonus(1, 300, Some(day(10))));
    giver.post(Command::Bonus {
        rule: "summer".to_owned(),
        occasion: "1".to_owned(),
        points: Points::try_new(40).unwrap(),
        available_from: Some(day(5)),
        expires_at: None,
    });
    let mut taker = LoyaltyAccount::new(customer(2).id);
    let before = giver.balance();

    let programme = giver.programme.clone();
    let merge = |from: &LoyaltyAccount, into: &LoyaltyAccount| {
        decide_merge(from, into, &authority(), &programme, day(1)).unwrap()
    };
    let (leaving, coming) = merge(&giver.account, &taker);
    for one in &leaving {
        giver.account.apply(one).unwrap();
    }
    for one in &coming {
        taker.apply(one).unwrap();
    }
    for days in [1, 5, 9, 10, 11] {
        let after = taker.balance(day(days));
        let (available, pending) = match days {
            1 => (400, 40),
            5 | 9 => (440, 0),
            _ => (140, 0),
        };
        assert_eq!(
            (after.available.get(), after.pending.get()),
            (available, pending)
        );
        assert_eq!(giver.account.balance(day(days)).available.get(), 0);
    }
    assert_eq!(before.available.get() + before.pending.get(), 440);
    assert_eq!(merge(&giver.account, &taker), (vec![], vec![]));
}

#[test]
fn t4_a_merge_moves_a_debt_and_repays_it_out_of_the_other_card() {
    let mut debtor = Book::new();
    debtor.post(earn(1, day(0), 20_000));
    debtor.post(spend(200));
    debtor.post(take_back(1, 1, day(0), 20_000));
    let mut rich = LoyaltyAccount::new(customer(2).id);
    let gift = glame_core::loyalty::decide(
        &rich,
        &posting(customer(2).id, bonus(1, 150, None), None),
        &debtor.programme,
        day(0),
    );
    rich.apply(&gift.unwrap()[0]).unwrap();
    let (leaving, coming) = decide_merge(
        &debtor.account,
        &rich,
        &authority(),
        &debtor.programme,
        day(1),
    )
    .unwrap();
    for one in &leaving {
        debtor.account.apply(one).unwrap();
    }
    for one in &coming {
        rich.apply(one).unwrap();
    }
    assert_eq!(debtor.net(), 0);
    let balance = rich.balance(day(1));
    assert_eq!((balance.available.get(), balance.debt.get()), (0, 50));
}

#[test]
fn t4_nobody_is_merged_with_themselves() {
    let book = Book::new();
    let outcome = decide_merge(
        &book.account,
        &book.account,
        &authority(),
        &book.programme,
        day(0),
    );
    assert!(matches!(outcome, Err(Refusal::Invalid { .. })));
}

#[test]
fn a_spend_that_is_reversed_refills_its_lots_once() {
    let mut book = Book::new();
    book.post(bonus(1, 150, Some(day(10))));
    book.post(earn(1, day(0), 10_000));
    let spent = book.post(spend(200)).remove(0);
    book.on_day(2).post(reverse(spent.id));
    let left: Vec<i64> = book
        .account
        .lots()
        .iter()
        .map(|lot| lot.remaining.get())
        .collect();
    assert_eq!(left, [150, 100]);
    let again = book.try_post(reverse(spent.id));
    assert!(matches!(again, Err(Refusal::AlreadyDone { .. })));
}

#[test]
fn a_bonus_that_is_reversed_takes_its_own_lot_and_owes_the_rest() {
    let mut book = Book::new();
    let given = book.post(bonus(1, 300, Some(day(10)))).remove(0);
    book.post(spend(200));
    book.post(reverse(given.id));
    assert_eq!((book.available(), book.debt()), (0, 200));
    let unknown = reverse(TransactionId::from_uuid(uuid::Uuid::nil()));
    assert_eq!(book.try_post(unknown), Err(Refusal::UnknownTransaction));
}

#[test]
fn a_bonus_that_is_reversed_within_the_balance_forgives_the_rest() {
    let mut book = Book::new();
    book.programme.returns.policy = ReturnPolicy::WithinBalance;
    let given = book.post(bonus(1, 300, None)).remove(0);
    book.post(spend(200));
    book.post(reverse(given.id));
    assert_eq!((book.available(), book.debt()), (0, 0));
}

#[test]
fn points_of_a_receipt_are_not_reversed_by_hand() {
    let mut book = Book::new();
    let earned = book.post(earn(1, day(0), 10_000)).remove(0);
    let refusal = book.try_post(reverse(earned.id));
    assert!(matches!(refusal, Err(Refusal::NotReversible { .. })));
    let spent = book.post(spend_on(1, 100)).remove(0);
    book.post(take_back(1, 1, day(1), 5_000));
    let refusal = book.try_post(reverse(spent.id));
    assert!(matches!(refusal, Err(Refusal::NotReversible { .. })));
}

#[test]
fn an_occasion_is_rewarded_once() {
    let mut book = Book::new();
    let first = book.post(bonus(1, 100, None)).remove(0);
    let again = book.on_day(40).try_post(bonus(1, 500, None));
    assert_eq!(again, Err(Refusal::AlreadyDone { by: first.sequence }));
    book.post(bonus(2, 100, None));
}

#[test]
fn e3_one_birthday_a_year_is_granted_be_it_a_bonus_or_a_factor() {
    let born = |date: &str| CustomerFacts {
        birth_date: date.parse().ok(),
        ..CustomerFacts::default()
    };
    let present = |date: &str| Command::Bonus {
        rule: BIRTHDAY.to_owned(),
        occasion: date.to_owned(),
        points: Points::try_new(500).unwrap(),
        available_from: None,
        expires_at: Some(day(900)),
    };
    let mut book = Book::new();
    let earned = book.post_for(earn(1, day(0), 10_000), born("1990-06-15"));
    assert_eq!(earned[0].points, 200);
    // The present for the same birthday is another thing; for an edited date it is too much.
    book.post(present("2025-06-15"));
    assert_eq!(
        book.try_post(present("2025-08-01")),
        Err(Refusal::BirthdayGranted)
    );
    let earned = book
        .on_day(47)
        .post_for(earn(2, day(47), 10_000), born("1990-08-01"));
    assert_eq!(earned[0].points, 100);
    let next = NaiveDate::from_ymd_opt(2026, 6, 15).unwrap();
    book.on_day(365).post(present(&next.to_string()));
}

#[test]
fn a_bonus_that_makes_no_sense_is_refused() {
    let mut book = Book::new();
    let with = |rule: &str, occasion: &str, points: i64, expires| Command::Bonus {
        rule: rule.to_owned(),
        occasion: occasion.to_owned(),
        points: Points::try_new(points).unwrap(),
        available_from: Some(day(5)),
        expires_at: expires,
    };
    for command in [
        with("spring", "1", 0, None),
        with("Весна", "1", 5, None),
        with("", "1", 5, None),
        with("spring", "", 5, None),
        with("spring", "a b", 5, None),
        with("spring", "1", 5, Some(day(5))),
        with("spring", "1", 5, Some(day(-1))),
        with(BIRTHDAY, "soon", 5, None),
    ] {
        let refusal = book.try_post(command.clone()).unwrap_err();
        assert!(!refusal.is_sticky(), "{command:?}");
    }
    assert_eq!(book.transactions.len(), 0);
}

#[test]
fn the_shops_balance_is_taken_over_by_one_transaction_for_each_difference() {
    let mut book = Book::new();
    for (told, count) in [
        (0, 0),
        (150, 1),
        (150, 0),
        (90, 1),
        (-20, 1),
        (-20, 0),
        (35, 1),
    ] {
        let written = book.post(Command::Reconcile { balance: told });
        assert_eq!(written.len(), count, "{told}");
        assert_eq!(book.net(), told);
    }
    assert_eq!(
        book.post(Command::Reconcile { balance: 36 })[0].reason,
        text("пример ё 🌷")
    );
}
