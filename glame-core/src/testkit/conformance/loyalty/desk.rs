//! What the cases do with points: lock, decide, post, as the service does.

use chrono::{DateTime, Utc};

use crate::loyalty::{
    Actor, Authority, Command, CustomerFacts, IdempotencyKey, LoyaltyAccount, LoyaltyProgramme,
    Posting, ReceiptFact, Refusal, Request, ReturnFact, Sequence, Source, decide,
};
use crate::ports::{
    AccountChange, AccountNeeds, AccountQuery, AccountSnapshot, LoyaltyReader, ReceiptScope,
    Storage, StoredOutcome, StoredRequest, UnitOfWork,
};
use crate::purchases::DocumentKind;
use crate::testkit::conformance::with_users;
use crate::testkit::fixtures::{document, minute, text};
use crate::users::User;
use crate::values::{DocumentRef, Money, Points, UserId};

/// Stores customers.
pub(in crate::testkit::conformance) async fn store(storage: &dyn Storage, users: &[User]) {
    with_users(storage, users).await.commit().await.unwrap();
}

/// Carries commands out one by one, each in a work of its own, and gives what was posted.
pub(in crate::testkit::conformance) async fn carry_out(
    storage: &dyn Storage,
    postings: &[(Posting, DateTime<Utc>)],
) -> Vec<AccountChange> {
    let mut changes = Vec::new();
    for (posting, now) in postings {
        let mut work = storage.begin().await.unwrap();
        let change = decide_within(work.as_mut(), posting, *now).await.unwrap();
        work.post(std::slice::from_ref(&change)).await.unwrap();
        work.commit().await.unwrap();
        changes.push(change);
    }
    changes
}

/// Locks the account of a command and decides it.
pub(in crate::testkit::conformance) async fn decide_within(
    work: &mut dyn UnitOfWork,
    posting: &Posting,
    now: DateTime<Utc>,
) -> Result<AccountChange, Refusal> {
    let query = AccountQuery {
        user: posting.user,
        needs: needs_of(posting),
    };
    let snapshots = work.lock_loyalty_accounts(&[query]).await.unwrap();
    change_of(&snapshots[0], posting, now)
}

/// Decides a command on what storage gives, and checks that the transactions hold.
pub(in crate::testkit::conformance) fn change_of(
    snapshot: &AccountSnapshot,
    posting: &Posting,
    now: DateTime<Utc>,
) -> Result<AccountChange, Refusal> {
    let mut account = LoyaltyAccount::restore(snapshot.header.clone(), snapshot.lots.clone());
    for transaction in &snapshot.recalled {
        account.recall(transaction);
    }
    let transactions = decide(&account, posting, &LoyaltyProgramme::guide(), now)?;
    for transaction in &transactions {
        account.apply(transaction).unwrap();
    }
    let sequences = transactions.iter().map(|transaction| transaction.sequence);
    let outcome = StoredOutcome::Posted(sequences.collect());
    let changed = account.lots().iter();
    Ok(AccountChange {
        header: account.header().clone(),
        lots: changed
            .filter(|lot| !snapshot.lots.contains(lot))
            .copied()
            .collect(),
        requests: stored_request(posting, outcome, now).into_iter().collect(),
        transactions,
    })
}

/// Gives what is kept under the key of a command.
pub(in crate::testkit::conformance) fn stored_request(
    posting: &Posting,
    outcome: StoredOutcome,
    now: DateTime<Utc>,
) -> Option<StoredRequest> {
    posting.key.clone().map(|key| StoredRequest {
        key,
        request: posting.request.clone(),
        outcome,
        decided_at: now,
    })
}

fn needs_of(posting: &Posting) -> AccountNeeds {
    let command = &posting.request.command;
    AccountNeeds {
        keys: posting.key.iter().cloned().collect(),
        receipts: ReceiptScope::Only(command.receipt().into_iter().collect()),
        transactions: command.transaction().into_iter().collect(),
        natural_keys: command.natural_key().into_iter().collect(),
    }
}

/// Reads one account with nothing recalled.
pub(in crate::testkit::conformance) async fn account(
    storage: &dyn Storage,
    user: UserId,
) -> AccountSnapshot {
    recalled(storage, user, AccountNeeds::default()).await
}

/// Reads one account with what is wanted of it.
pub(in crate::testkit::conformance) async fn recalled(
    storage: &(impl LoyaltyReader + ?Sized),
    user: UserId,
    needs: AccountNeeds,
) -> AccountSnapshot {
    let query = AccountQuery { user, needs };
    let mut accounts = storage.loyalty_accounts(&[query]).await.unwrap();
    assert_eq!(accounts.len(), 1);
    accounts.remove(0)
}

/// Gives the numbers of transactions that are recalled.
pub(in crate::testkit::conformance) async fn recalled_numbers(
    storage: &dyn Storage,
    user: UserId,
    needs: AccountNeeds,
) -> Vec<u32> {
    let found = recalled(storage, user, needs).await.recalled;
    found.iter().map(|one| one.sequence.get()).collect()
}

/// Gives a command of somebody at the till.
pub(in crate::testkit::conformance) fn posting(user: UserId, command: Command) -> Posting {
    Posting {
        user,
        key: None,
        request: Request {
            command,
            authority: Authority {
                reason: text("Подарок 🌷 к чаю, ещё один"),
                source: Source::Manual,
                actor: Some(Actor::Named(text("Кассир Пётр"))),
            },
        },
        customer: CustomerFacts::default(),
    }
}

/// Gives a command with an idempotency key.
pub(in crate::testkit::conformance) fn keyed(key_text: &str, posting: Posting) -> Posting {
    Posting {
        key: Some(key(key_text)),
        ..posting
    }
}

pub(in crate::testkit::conformance) fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).unwrap()
}

pub(in crate::testkit::conformance) fn points(number: i64) -> Points {
    Points::try_new(number).unwrap()
}

pub(in crate::testkit::conformance) fn receipt_ref(n: u128) -> DocumentRef {
    document(DocumentKind::Receipt, n).document
}

pub(in crate::testkit::conformance) fn bonus(
    user: UserId,
    occasion: &str,
    number: i64,
    expires_at: Option<DateTime<Utc>>,
) -> Posting {
    let command = Command::Bonus {
        rule: "spring".to_owned(),
        occasion: occasion.to_owned(),
        points: points(number),
        available_from: None,
        expires_at,
    };
    posting(user, command)
}

pub(in crate::testkit::conformance) fn spend(
    user: UserId,
    number: i64,
    receipt: Option<DocumentRef>,
) -> Posting {
    let command = Command::Spend {
        points: points(number),
        receipt,
        receipt_total: None,
    };
    posting(user, command)
}

pub(in crate::testkit::conformance) fn earn(user: UserId, receipt: u128, roubles: i64) -> Posting {
    let command = Command::Receipt(ReceiptFact {
        receipt: receipt_ref(receipt),
        purchased_at: minute(0),
        basis: Some(Money::from_whole_roubles(roubles).unwrap()),
    });
    posting(user, command)
}

pub(in crate::testkit::conformance) fn give_back(
    user: UserId,
    document: u128,
    receipt: u128,
    roubles: i64,
) -> Posting {
    let command = Command::Return(ReturnFact {
        document: receipt_ref(document),
        line: 1,
        receipt: receipt_ref(receipt),
        returned_at: minute(1),
        amount: Money::from_whole_roubles(roubles).unwrap(),
    });
    posting(user, command)
}

pub(in crate::testkit::conformance) fn adjust(user: UserId, number: i64) -> Posting {
    let command = Command::Adjust {
        points: number,
        note: text("пересчёт ⚖️"),
    };
    posting(user, command)
}

pub(in crate::testkit::conformance) fn reverse(user: UserId, number: u32) -> Posting {
    let transaction = Sequence::new(number).transaction_of(user);
    posting(user, Command::Reverse { transaction })
}
