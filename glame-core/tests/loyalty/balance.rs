//! L and T: what an account holds, now and then.

use chrono::TimeDelta;
use glame_core::loyalty::{
    Command, LedgerFault, LotState, LoyaltyAccount, Refusal, Statement, TransactionKind,
};
use glame_core::testkit::fixtures::loyalty::{adjust, bonus, day, earn, spend, take_back};
use glame_core::values::{PeriodRange, Points};

use crate::book::{Book, anna};

fn points(points: i64) -> Points {
    Points::try_new(points).unwrap()
}

#[test]
fn l2_the_draws_of_a_debit_sum_to_its_amount() {
    let mut book = Book::new();
    book.post(bonus(1, 60, Some(day(10))));
    book.post(earn(1, day(0), 10_000));
    let spent = book.post(spend(130)).remove(0);
    let drawn: i64 = spent.draws.iter().map(|draw| draw.points).sum();
    assert_eq!((spent.points, drawn), (-130, -130));
    // The lot that expires gave all, the other the rest.
    let left: Vec<i64> = book
        .account
        .lots()
        .iter()
        .map(|lot| lot.remaining.get())
        .collect();
    assert_eq!(left, [0, 30]);
}

#[test]
fn l3_points_can_be_spent_from_their_first_instant_until_before_their_last() {
    let mut book = Book::new();
    book.post(Command::Bonus {
        rule: "spring".to_owned(),
        occasion: "1".to_owned(),
        points: points(200),
        available_from: Some(day(5)),
        expires_at: Some(day(10)),
    });
    let tick = TimeDelta::microseconds(1);
    for (instant, available, pending) in [
        (day(5) - tick, 0, 200),
        (day(5), 200, 0),
        (day(10) - tick, 200, 0),
        (day(10), 0, 0),
    ] {
        let balance = book.account.balance(instant);
        assert_eq!(
            (balance.available.get(), balance.pending.get()),
            (available, pending)
        );
    }
    // Expiry acts at the spend too, although nobody has swept.
    book.on_day(10);
    assert!(matches!(
        book.try_post(spend(100)),
        Err(Refusal::NotEnough { .. })
    ));
}

#[test]
fn l3_sweeps_never_late_daily_and_twice_give_the_same_balances() {
    let mut balances = Vec::new();
    for sweeps in [vec![], vec![30], (1..30).collect(), vec![11, 11, 12, 12]] {
        let mut book = Book::new();
        book.post(bonus(1, 300, Some(day(10))));
        book.post(earn(1, day(0), 10_000));
        for date in 1..=30 {
            book.on_day(date);
            for _ in sweeps.iter().filter(|sweep| **sweep == date) {
                book.post(Command::Expire);
            }
            if date == 5 {
                book.post(spend(120));
            }
        }
        let seen: Vec<_> = (0..60)
            .map(|date| book.account.balance(day(date)))
            .collect();
        balances.push(seen[30..].to_vec());
    }
    assert!(balances.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn l3_a_sweep_writes_a_lot_off_once() {
    let mut book = Book::new();
    book.post(bonus(1, 300, Some(day(10))));
    book.on_day(12);
    let swept = book.post(Command::Expire);
    assert_eq!(
        (swept[0].kind, swept[0].points),
        (TransactionKind::Expire, -300)
    );
    assert_eq!(swept[0].effective_at, day(10));
    assert_eq!(book.post(Command::Expire), []);
}

#[test]
fn l4_the_lot_that_expires_first_is_drawn_first() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    book.post(bonus(1, 100, Some(day(20))));
    book.post(bonus(2, 100, Some(day(10))));
    let spent = book.post(spend(250)).remove(0);
    let order: Vec<(u32, i64)> = spent
        .draws
        .iter()
        .map(|draw| (draw.lot.get(), draw.points))
        .collect();
    assert_eq!(order, [(3, -100), (2, -100), (1, -50)]);
}

#[test]
fn l5_spending_just_the_balance_succeeds_and_one_more_is_refused() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 20_000));
    let refusal = book.try_post(spend(201)).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::NotEnough {
            asked: points(201),
            available: points(200),
            pending: points(0),
            debt: points(0),
        }
    );
    book.post(spend(200));
    assert_eq!(book.available(), 0);
}

#[test]
fn l5_the_minimum_is_checked_on_the_request() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 50_000));
    let refusal = book.try_post(spend(99)).unwrap_err();
    assert!(matches!(refusal, Refusal::BelowMinimum { .. }));
    book.post(spend(100));
}

#[test]
fn l6_a_point_that_was_spent_does_not_expire_again() {
    let mut book = Book::new();
    book.programme.redemption.minimum = points(1);
    book.post(bonus(1, 100, Some(day(10))));
    book.post(spend(80));
    book.post(earn(1, day(0), 5_000));
    assert_eq!(book.available(), 70);
    book.on_day(11);
    assert_eq!(book.available(), 50);
    book.post(Command::Expire);
    assert_eq!(book.available(), 50);
}

#[test]
fn l7_a_refused_command_changes_nothing() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    let before = book.account.clone();
    for command in [
        spend(101),
        spend(99),
        spend(0),
        adjust(0),
        adjust(-101),
        earn(1, day(0), 10_000),
    ] {
        book.try_post(command).unwrap_err();
        assert_eq!(book.account, before);
    }
}

#[test]
fn l8_a_row_that_is_altered_left_out_or_put_in_between_is_found() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 10_000));
    book.post(earn(2, day(0), 20_000));
    book.post(spend(150));
    let replay = |transactions: &[_]| LoyaltyAccount::replay(anna(), transactions);
    assert_eq!(replay(&book.transactions), Ok(book.account.clone()));

    let mut altered = book.transactions.clone();
    altered[1].reason = altered[1]
        .reason
        .to_string()
        .to_uppercase()
        .try_into()
        .unwrap();
    let (id, fault) = replay(&altered).unwrap_err();
    assert_eq!((id, fault), (altered[1].id, LedgerFault::Altered));

    // Whoever alters a row and makes its hash anew breaks the row after it.
    altered[1].hash = altered[1].compute_hash();
    let (id, fault) = replay(&altered).unwrap_err();
    assert_eq!((id, fault), (altered[2].id, LedgerFault::BrokenChain));

    let mut shortened = book.transactions.clone();
    shortened.remove(1);
    assert!(matches!(
        replay(&shortened),
        Err((_, LedgerFault::OutOfSequence { .. }))
    ));
    let mut doubled = book.transactions.clone();
    doubled.insert(1, doubled[0].clone());
    assert!(matches!(
        replay(&doubled),
        Err((_, LedgerFault::OutOfSequence { .. }))
    ));
}

#[test]
fn l1_a_transaction_whose_points_are_not_its_movements_does_not_apply() {
    let mut book = Book::new();
    let mut forged = book.post(earn(1, day(0), 10_000)).remove(0);
    forged.points = 1_000;
    forged.balance_after = 1_000;
    forged.hash = forged.compute_hash();
    let mut account = LoyaltyAccount::new(anna());
    assert_eq!(account.apply(&forged), Err(LedgerFault::Unbalanced));
    assert_eq!(account, LoyaltyAccount::new(anna()));
}

#[test]
fn a_debt_is_shown_apart_and_the_next_credit_repays_it_first() {
    let mut book = Book::new();
    book.post(earn(1, day(0), 20_000));
    book.post(spend(200));
    book.post(take_back(1, 1, day(1), 20_000));
    assert_eq!((book.available(), book.debt()), (0, 200));
    book.post(bonus(1, 250, Some(day(30))));
    assert_eq!((book.available(), book.debt()), (50, 0));
}

#[test]
fn t1_a_balance_of_the_past_is_what_was_answered_then() {
    let mut book = Book::new();
    let mut answers = Vec::new();
    for (date, command) in [
        (0, earn(1, day(0), 10_000)),
        (1, bonus(1, 500, Some(day(4)))),
        // A receipt of day 0 that comes late.
        (2, earn(2, day(0), 30_000)),
        (3, spend(550)),
        (5, take_back(1, 1, day(5), 10_000)),
    ] {
        book.on_day(date).post(command);
        answers.push((book.now, book.balance()));
    }
    for (instant, answer) in answers {
        let known = book
            .transactions
            .iter()
            .filter(|one| one.recorded_at <= instant);
        let then = LoyaltyAccount::replay(anna(), known).unwrap();
        assert_eq!(then.balance(instant), answer);
    }
}

#[test]
fn t2_statements_join_and_their_lines_lead_from_the_opening_to_the_closing() {
    let mut book = Book::new();
    for date in 0..6 {
        book.on_day(date)
            .post(earn(1 + u128::try_from(date).unwrap(), day(date), 10_000));
    }
    book.post(spend(250));
    let statement = |from, to| {
        let range = PeriodRange::try_new(from, to).unwrap();
        Statement::of(anna(), range, book.transactions.clone())
    };
    let (first, second) = (statement(None, Some(day(3))), statement(Some(day(3)), None));
    let whole = statement(None, None);
    assert_eq!(
        (first.opening, first.lines.len(), first.closing),
        (0, 3, 300)
    );
    assert_eq!(
        (second.opening, second.lines.len(), second.closing),
        (300, 4, 350)
    );
    assert_eq!(
        whole.lines,
        [first.lines.clone(), second.lines.clone()].concat()
    );
    for part in [first, second, whole] {
        let sum: i64 = part.lines.iter().map(|line| line.points).sum();
        assert_eq!(part.opening + sum, part.closing);
        let mut balance = part.opening;
        for line in &part.lines {
            balance += line.points;
            assert_eq!(line.balance_after, balance);
        }
    }
}

#[test]
fn a_clock_that_goes_back_does_not_turn_the_ledger_back() {
    let mut book = Book::new();
    book.on_day(3).post(earn(1, day(0), 20_000));
    let spent = book.on_day(2).post(spend(100)).remove(0);
    assert_eq!(spent.recorded_at, day(3));
}

#[test]
fn arithmetic_that_would_overflow_is_refused() {
    let mut book = Book::new();
    for n in 0..2 {
        let most = bonus(n, i64::MAX / 4, None);
        let outcome = book.try_post(most);
        assert_eq!(outcome.is_err(), n == 1, "{outcome:?}");
    }
    assert_eq!(book.try_post(adjust(i64::MAX)), Err(Refusal::TooManyPoints));
    assert_eq!(book.try_post(adjust(i64::MIN)), Err(Refusal::TooManyPoints));
    for balance in [i64::MIN, i64::MAX] {
        let outcome = book.try_post(Command::Reconcile { balance });
        assert_eq!(outcome, Err(Refusal::TooManyPoints), "{balance}");
    }
}

#[test]
fn a_lot_tells_its_state() {
    let mut book = Book::new();
    book.post(bonus(1, 100, Some(day(1))));
    let lot = book.account.lots()[0];
    assert_eq!(lot.state(day(0)), LotState::Available);
    assert_eq!(lot.state(day(1)), LotState::Expired);
    assert_eq!(lot.lapsed(day(1)), 100);
}

#[test]
fn instants_finer_than_a_database_keeps_are_cut() {
    let mut book = Book::new();
    let fine = day(0) + TimeDelta::nanoseconds(1_999);
    let cut = day(0) + TimeDelta::microseconds(1);
    book.now = fine;
    let earned = book.post(earn(1, fine, 10_000)).remove(0);
    assert_eq!((earned.effective_at, earned.recorded_at), (cut, cut));
    let given = book
        .post(bonus(1, 100, Some(fine + TimeDelta::days(1))))
        .remove(0);
    let term = given.lot.unwrap().term;
    assert_eq!(
        (term.available_from, term.expires_at),
        (cut, Some(cut + TimeDelta::days(1)))
    );
    // Told again as the database has it, nothing is new.
    assert!(matches!(
        book.try_post(earn(1, cut, 10_000)),
        Err(Refusal::AlreadyDone { .. })
    ));
}
