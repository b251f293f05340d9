//! Accounts and transactions of the loyalty programme.

pub(super) mod desk;

use chrono::TimeDelta;

use self::desk::{
    account, adjust, bonus, carry_out, change_of, decide_within, earn, give_back, key, keyed,
    points, posting, recalled, recalled_numbers, receipt_ref, reverse, spend, store,
    stored_request,
};
use crate::loyalty::{Command, LoyaltyAccount, LoyaltyTransaction, Refusal, Sequence};
use crate::ports::{
    AccountNeeds, AccountQuery, AccountSnapshot, ReceiptScope, Storage, StorageError, StoredOutcome,
};
use crate::testkit::fixtures::{customer, minute, text};
use crate::values::{PlainText, Points, UserId};

/// A customer who has never had points has an empty account, known or not, locked or not.
pub async fn a_new_customer_has_an_empty_account(storage: &dyn Storage) {
    let [anna, nobody] = [1, 9].map(customer);
    store(storage, &[anna.clone()]).await;
    for user in [anna.id, nobody.id] {
        assert_eq!(account(storage, user).await, AccountSnapshot::empty(user));
    }
    let mut work = storage.begin().await.unwrap();
    let query = AccountQuery::of(anna.id);
    let locked = work.lock_loyalty_accounts(&[query]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(locked, [AccountSnapshot::empty(anna.id)]);
    assert_eq!(account(storage, anna.id).await, locked[0]);
    let pages = storage.loyalty_accounts_after(None, 9).await.unwrap();
    assert_eq!(pages, []);
}

/// Carries out one command of every kind.
async fn a_ledger_of_every_kind(storage: &dyn Storage, user: UserId) -> Vec<LoyaltyTransaction> {
    let postings = [
        (bonus(user, "day", 300, Some(minute(90))), minute(1)),
        (keyed("sale-1", earn(user, 1, 50_000)), minute(2)),
        (
            keyed("pay-2", spend(user, 500, Some(receipt_ref(2)))),
            minute(3),
        ),
        (earn(user, 2, 20_000), minute(4)),
        (give_back(user, 3, 2, 20_000), minute(5)),
        (adjust(user, 77), minute(6)),
        (give_back(user, 4, 1, 10_000), minute(7)),
        (spend(user, 100, None), minute(8)),
        (reverse(user, 9), minute(9)),
        (bonus(user, "night", 40, Some(minute(100))), minute(10)),
        (
            posting(user, Command::Reconcile { balance: -5 }),
            minute(11),
        ),
        (adjust(user, 25), minute(12)),
        (posting(user, Command::Expire), minute(200)),
    ];
    let changes = carry_out(storage, &postings).await;
    let transactions = changes.into_iter().flat_map(|change| change.transactions);
    transactions.collect()
}

/// Header, lots, transactions and draws come back as they were, and every hash still holds.
pub async fn what_was_posted_comes_back_as_it_was(storage: &dyn Storage) {
    let anna = customer(1);
    store(storage, &[anna.clone()]).await;
    let posted = a_ledger_of_every_kind(storage, anna.id).await;
    let read = storage
        .transactions_after(anna.id, Sequence::NONE, 99)
        .await
        .unwrap();
    assert_eq!(read, posted);
    assert!(read.iter().all(|one| one.hash == one.compute_hash()));
    assert!(read.iter().any(|one| one.draws.len() > 1));
    let replayed = LoyaltyAccount::replay(anna.id, &read).unwrap();
    let stored = storage.loyalty_accounts_after(None, 9).await.unwrap();
    assert_eq!(stored[0].header, *replayed.header());
    assert_eq!(stored[0].lots, replayed.lots());
    let open = replayed.lots().iter();
    let open: Vec<_> = open.filter(|lot| lot.remaining > Points::ZERO).collect();
    let found = account(storage, anna.id).await;
    assert_eq!(found.header, stored[0].header);
    assert_eq!(found.lots.iter().collect::<Vec<_>>(), open);
}

/// Changes of several accounts, with several transactions each, are posted at once.
pub async fn changes_of_many_accounts_are_posted_at_once(storage: &dyn Storage) {
    let users: Vec<_> = (1..=50).map(customer).collect();
    store(storage, &users).await;
    let queries: Vec<_> = users.iter().map(|user| AccountQuery::of(user.id)).collect();
    let mut work = storage.begin().await.unwrap();
    let accounts = work.lock_loyalty_accounts(&queries).await.unwrap();
    let first = |account: &AccountSnapshot| {
        let user = account.header.user;
        change_of(account, &adjust(user, 150), minute(1)).unwrap()
    };
    let changes: Vec<_> = accounts.iter().map(first).collect();
    work.post(&changes).await.unwrap();
    let accounts = work.lock_loyalty_accounts(&queries).await.unwrap();
    let second = |account: &AccountSnapshot| {
        let user = account.header.user;
        change_of(account, &keyed("once", spend(user, 120, None)), minute(2)).unwrap()
    };
    let changes: Vec<_> = accounts.iter().map(second).collect();
    work.post(&changes).await.unwrap();
    work.commit().await.unwrap();
    let stored = storage.loyalty_accounts(&queries).await.unwrap();
    let balances: Vec<_> = stored.iter().map(|one| one.header.balance).collect();
    assert_eq!(balances, vec![30; 50]);
    assert!(stored.iter().all(|one| one.lots[0].remaining == points(30)));
}

/// Instants of lots and transactions are exact to the microsecond.
pub async fn terms_of_points_survive_to_the_microsecond(storage: &dyn Storage) {
    let anna = customer(1);
    store(storage, &[anna.clone()]).await;
    let tick = TimeDelta::microseconds(1);
    let mut gift = bonus(anna.id, "day", 10, Some(minute(9) - tick));
    if let Command::Bonus { available_from, .. } = &mut gift.request.command {
        *available_from = Some(minute(5) + tick);
    }
    let [change] = &carry_out(storage, &[(gift, minute(1) + tick)]).await[..] else {
        panic!("one command is one change");
    };
    let stored = account(storage, anna.id).await;
    assert_eq!(stored.lots, change.lots);
    assert_eq!(stored.header.recorded_at, Some(minute(1) + tick));
    let read = storage.transactions_after(anna.id, Sequence::NONE, 9).await;
    assert_eq!(read.unwrap(), change.transactions);
}

/// Reasons, notes and names keep every letter.
pub async fn reasons_keep_every_letter(storage: &dyn Storage) {
    let anna = customer(1);
    store(storage, &[anna.clone()]).await;
    let letters = text("ё Ё 🌷 👩‍👩‍👧 «кавычки» \"quotes\" \\n '; DROP TABLE users; -- \u{301}");
    let longest = PlainText::clean(&"ё".repeat(PlainText::MAX_CHARS)).unwrap();
    let mut first = keyed("a-key", adjust(anna.id, 1));
    first.request.authority.reason = letters.clone();
    let mut second = adjust(anna.id, 1);
    second.request.authority.reason = longest.clone();
    carry_out(storage, &[(first.clone(), minute(1)), (second, minute(2))]).await;
    let read = storage.transactions_after(anna.id, Sequence::NONE, 9).await;
    let reasons: Vec<_> = read.unwrap().into_iter().map(|one| one.reason).collect();
    assert_eq!(reasons, [letters, longest]);
    let needs = AccountNeeds {
        keys: vec![key("a-key")],
        ..AccountNeeds::default()
    };
    let requests = recalled(storage, anna.id, needs).await.requests;
    assert_eq!(requests[0].request, first.request);
}

/// Transactions are recalled by receipt, key, natural key and id, with what reverses them.
pub async fn transactions_are_recalled_with_their_reversals(storage: &dyn Storage) {
    let anna = customer(1);
    store(storage, &[anna.clone()]).await;
    let posted = a_ledger_of_every_kind(storage, anna.id).await;
    let with_receipt = |one: &&LoyaltyTransaction| one.receipt.is_some();
    let by_receipt = |n: u128| AccountNeeds {
        receipts: ReceiptScope::Only(vec![receipt_ref(n), receipt_ref(99)]),
        ..AccountNeeds::default()
    };
    let cases = [
        (AccountNeeds::default(), vec![]),
        (
            by_receipt(1),
            with_reversals(&posted, |one| one.receipt == Some(receipt_ref(1))),
        ),
        (
            by_receipt(2),
            with_reversals(&posted, |one| one.receipt == Some(receipt_ref(2))),
        ),
        (by_receipt(98), vec![]),
        (
            AccountNeeds {
                receipts: ReceiptScope::All,
                ..AccountNeeds::default()
            },
            with_reversals(&posted, |one| with_receipt(&one)),
        ),
        (
            AccountNeeds {
                keys: vec![key("pay-2"), key("unknown")],
                ..AccountNeeds::default()
            },
            with_reversals(&posted, |one| one.idempotency_key == Some(key("pay-2"))),
        ),
        (
            AccountNeeds {
                natural_keys: vec!["bonus/spring/night".to_owned(), "bonus/a/\0".to_owned()],
                ..AccountNeeds::default()
            },
            with_reversals(&posted, |one| one.natural_key == "bonus/spring/night"),
        ),
        (
            AccountNeeds {
                transactions: vec![posted[8].id],
                ..AccountNeeds::default()
            },
            with_reversals(&posted, |one| one.sequence == Sequence::new(9)),
        ),
    ];
    for (needs, expected) in cases {
        let found = recalled_numbers(storage, anna.id, needs.clone()).await;
        assert_eq!(found, expected, "{needs:?}");
    }
}

fn with_reversals(
    posted: &[LoyaltyTransaction],
    asked: impl Fn(&LoyaltyTransaction) -> bool,
) -> Vec<u32> {
    let is_asked = |number| {
        posted
            .iter()
            .any(|one| one.sequence == number && asked(one))
    };
    let found = posted
        .iter()
        .filter(|one| asked(one) || one.reverses.is_some_and(is_asked));
    let numbers: Vec<_> = found.map(|one| one.sequence.get()).collect();
    assert!(!numbers.is_empty(), "the case recalls something");
    numbers
}

/// A lot that a recalled transaction has made or drawn on comes along, even when it is closed.
pub async fn lots_of_recalled_transactions_come_along(storage: &dyn Storage) {
    let anna = customer(1);
    store(storage, &[anna.clone()]).await;
    let postings = [
        (adjust(anna.id, 100), minute(1)),
        (adjust(anna.id, 200), minute(2)),
        (spend(anna.id, 300, Some(receipt_ref(7))), minute(3)),
        (adjust(anna.id, 5), minute(4)),
    ];
    carry_out(storage, &postings).await;
    let lots = |account: AccountSnapshot| -> Vec<u32> {
        account.lots.iter().map(|lot| lot.lot.get()).collect()
    };
    assert_eq!(lots(account(storage, anna.id).await), [4]);
    for (number, expected) in [(3, vec![1, 2, 4]), (2, vec![2, 4]), (4, vec![4])] {
        let needs = AccountNeeds {
            transactions: vec![Sequence::new(number).transaction_of(anna.id)],
            ..AccountNeeds::default()
        };
        let found = recalled(storage, anna.id, needs).await;
        assert_eq!(lots(found), expected, "{number}");
    }
}

/// What was decided is found under its key, also when it was refused, and keys are each user's own.
pub async fn decisions_come_back_under_their_keys(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    store(storage, &[anna.clone(), boris.clone()]).await;
    let gift = keyed("k-1", adjust(anna.id, 50));
    let change = carry_out(storage, &[(gift, minute(1))]).await.remove(0);
    let too_much = keyed("k-2", spend(anna.id, 100, None));
    let mut work = storage.begin().await.unwrap();
    let refusal = decide_within(work.as_mut(), &too_much, minute(2)).await;
    let refused = StoredOutcome::Refused(refusal.unwrap_err());
    let kept = stored_request(&too_much, refused, minute(2)).unwrap();
    let mut nothing = change.clone();
    (nothing.lots, nothing.transactions) = (Vec::new(), Vec::new());
    nothing.requests = vec![kept.clone()];
    work.post(&[nothing]).await.unwrap();
    work.commit().await.unwrap();
    let needs = AccountNeeds {
        keys: vec![key("k-2"), key("k-1"), key("k-3")],
        ..AccountNeeds::default()
    };
    let found = recalled(storage, anna.id, needs.clone()).await;
    assert_eq!(found.requests, [change.requests[0].clone(), kept]);
    assert_eq!(found.header, change.header);
    assert_eq!(recalled(storage, boris.id, needs).await.requests, []);
}

/// Accounts come in the order of the queries, each with what its own query wants.
pub async fn accounts_come_in_the_order_of_the_queries(storage: &dyn Storage) {
    let users = [1, 2, 3].map(customer);
    store(storage, &users).await;
    for user in &users {
        let gift = keyed("k", bonus(user.id, "day", 10, None));
        carry_out(storage, &[(gift, minute(1))]).await;
    }
    let mut queries = [2, 0, 1].map(|place: usize| AccountQuery::of(users[place].id));
    queries[1].needs.keys = vec![key("k")];
    let mut work = storage.begin().await.unwrap();
    let locked = work.lock_loyalty_accounts(&queries).await.unwrap();
    work.commit().await.unwrap();
    let order: Vec<_> = locked.iter().map(|one| one.header.user).collect();
    assert_eq!(order, [2, 0, 1].map(|place: usize| users[place].id));
    let recalled: Vec<_> = locked.iter().map(|one| one.recalled.len()).collect();
    assert_eq!(recalled, [0, 1, 0]);
    assert_eq!(storage.loyalty_accounts(&queries).await.unwrap(), locked);
}

/// A number, a natural key or an idempotency key twice is a conflict, whatever else is posted.
pub async fn the_same_transaction_twice_is_a_conflict_and_nothing_is_stored(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    store(storage, &[anna.clone(), boris.clone()]).await;
    let gift = keyed("k", bonus(anna.id, "day", 10, None));
    let first = carry_out(storage, &[(gift, minute(1))]).await.remove(0);
    let mut work = storage.begin().await.unwrap();
    let next = decide_within(work.as_mut(), &adjust(anna.id, 5), minute(2))
        .await
        .unwrap();
    let other = decide_within(work.as_mut(), &adjust(boris.id, 5), minute(2))
        .await
        .unwrap();
    drop(work);
    let mut same_number = next.clone();
    same_number.transactions[0].sequence = first.header.sequence;
    let mut same_deed = next.clone();
    let known = &first.transactions[0].natural_key;
    same_deed.transactions[0].natural_key.clone_from(known);
    let mut same_key = next.clone();
    same_key.requests.clone_from(&first.requests);
    let mut twice = next.clone();
    twice.transactions.push(twice.transactions[0].clone());
    let queries = [anna.id, boris.id].map(AccountQuery::of);
    for wrong in [same_number, same_deed, same_key, twice] {
        let mut work = storage.begin().await.unwrap();
        work.lock_loyalty_accounts(&queries).await.unwrap();
        let error = work.post(&[other.clone(), wrong]).await.unwrap_err();
        assert!(matches!(error, StorageError::Conflict { .. }), "{error:?}");
    }
    assert_eq!(account(storage, anna.id).await.header, first.header);
    let mut work = storage.begin().await.unwrap();
    work.lock_loyalty_accounts(&queries[..1]).await.unwrap();
    work.post(std::slice::from_ref(&next)).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(account(storage, anna.id).await.header, next.header);
    assert_eq!(
        account(storage, boris.id).await.header.sequence,
        Sequence::NONE
    );
    let read = storage
        .transactions_after(boris.id, Sequence::NONE, 9)
        .await;
    assert_eq!(read.unwrap(), []);
}

/// A work that is dropped leaves no trace of points.
pub async fn dropped_work_leaves_no_points(storage: &dyn Storage) {
    let anna = customer(1);
    store(storage, &[anna.clone()]).await;
    let gift = keyed("k", bonus(anna.id, "day", 10, None));
    let mut work = storage.begin().await.unwrap();
    let change = decide_within(work.as_mut(), &gift, minute(1))
        .await
        .unwrap();
    work.post(&[change]).await.unwrap();
    work.mark_for_settlement(&[anna.id]).await.unwrap();
    drop(work);
    // A new work begins after the dropped one has been undone.
    storage.begin().await.unwrap().commit().await.unwrap();
    let needs = AccountNeeds {
        keys: vec![key("k")],
        ..AccountNeeds::default()
    };
    let found = recalled(storage, anna.id, needs).await;
    assert_eq!(found, AccountSnapshot::empty(anna.id));
    assert_eq!(storage.settlements_due(None, 9).await.unwrap(), []);
}

/// Accounts of users who do not exist are not locked, and their purchases not marked.
pub async fn points_of_an_unknown_user_are_refused(storage: &dyn Storage) {
    let [anna, nobody] = [1, 9].map(customer);
    store(storage, &[anna.clone()]).await;
    let queries = [nobody.id, anna.id].map(AccountQuery::of);
    let mut work = storage.begin().await.unwrap();
    let error = work.lock_loyalty_accounts(&queries).await.unwrap_err();
    assert!(
        matches!(&error, StorageError::Refused { advice, .. }
            if advice.contains(&nobody.id.to_string())),
        "{error:?}"
    );
    drop(work);
    let mut work = storage.begin().await.unwrap();
    let users = [anna.id, nobody.id];
    let error = work.mark_for_settlement(&users).await.unwrap_err();
    assert!(matches!(error, StorageError::Refused { .. }), "{error:?}");
}

/// Of two works that spend the whole balance at once, one does; the other sees what it has done.
pub async fn of_two_spends_of_the_whole_balance_one_succeeds(storage: &dyn Storage) {
    let anna = customer(1);
    store(storage, &[anna.clone()]).await;
    carry_out(storage, &[(adjust(anna.id, 100), minute(1))]).await;
    let spend_all = async |till: &str| {
        let order = keyed(till, spend(anna.id, 100, None));
        let mut work = storage.begin().await.unwrap();
        let change = decide_within(work.as_mut(), &order, minute(2)).await?;
        work.post(&[change]).await.unwrap();
        work.commit().await.unwrap();
        Ok::<(), Refusal>(())
    };
    let (first, second) = tokio::join!(spend_all("till-1"), spend_all("till-2"));
    let refusals: Vec<_> = [first, second]
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert!(
        matches!(&refusals[..], [Refusal::NotEnough { available, .. }] if *available == Points::ZERO),
        "{refusals:?}"
    );
    assert_eq!(account(storage, anna.id).await.header.balance, 0);
}

/// Works that lock the same accounts in another order wait for each other, but not for ever.
pub async fn works_that_lock_in_another_order_do_not_deadlock(storage: &dyn Storage) {
    let users: Vec<_> = (1..=40).map(customer).collect();
    store(storage, &users).await;
    let lock_and_give = async |queries: Vec<AccountQuery>| {
        let mut work = storage.begin().await.unwrap();
        let accounts = work.lock_loyalty_accounts(&queries).await.unwrap();
        let change = |account: &AccountSnapshot| {
            change_of(account, &adjust(account.header.user, 1), minute(1)).unwrap()
        };
        let changes: Vec<_> = accounts.iter().map(change).collect();
        work.post(&changes).await.unwrap();
        work.commit().await.unwrap();
    };
    let forwards: Vec<_> = users.iter().map(|user| AccountQuery::of(user.id)).collect();
    let backwards: Vec<_> = forwards.iter().rev().cloned().collect();
    let odd: Vec<_> = backwards.iter().step_by(2).cloned().collect();
    for _ in 0..3 {
        tokio::join!(
            lock_and_give(odd.clone()),
            lock_and_give(forwards.clone()),
            lock_and_give(backwards.clone()),
        );
    }
    let balances = storage.loyalty_accounts(&odd).await.unwrap();
    assert!(balances.iter().all(|one| one.header.balance == 9));
}
