//! What is asked of all accounts together: pages, sums, and who waits to be settled.

use super::loyalty::desk::{account, adjust, bonus, carry_out, points, posting, spend, store};
use crate::loyalty::{
    Command, Difference, LoyaltyAccount, LoyaltyProgramme, Reconciliation, RuleRef, Sequence,
    TransactionKind,
};
use crate::ports::{
    LotTotal, PointsOutstanding, Rejected, RuleTotal, SettlementMark, Storage, TransactionQuery,
};
use crate::testkit::fixtures::{customer, minute};
use crate::values::{Points, UserId};

/// Transactions come in pages, by number.
pub async fn transactions_come_in_pages_by_number(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    store(storage, &[anna.clone(), boris.clone()]).await;
    let gifts: Vec<_> = (1..=5).map(|n| (adjust(anna.id, n), minute(n))).collect();
    carry_out(storage, &gifts).await;
    carry_out(storage, &[(adjust(boris.id, 9), minute(1))]).await;
    for (after, limit, expected) in [(0, 2, vec![1, 2]), (2, 9, vec![3, 4, 5]), (5, 9, vec![])] {
        let page = storage
            .transactions_after(anna.id, Sequence::new(after), limit)
            .await
            .unwrap();
        let points: Vec<_> = page.iter().map(|one| one.points).collect();
        assert_eq!(points, expected);
    }
}

/// Transactions come from the last one backwards, page by page.
pub async fn transactions_come_in_pages_from_the_last_one_backwards(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    store(storage, &[anna.clone(), boris.clone()]).await;
    let gifts: Vec<_> = (1..=5).map(|n| (adjust(anna.id, n), minute(n))).collect();
    carry_out(storage, &gifts).await;
    carry_out(storage, &[(adjust(boris.id, 9), minute(1))]).await;
    let query = |user, before: Option<u32>, limit| TransactionQuery {
        user,
        before: before.map(Sequence::new),
        limit,
    };
    let queries = [
        query(anna.id, None, 2),
        query(boris.id, None, 9),
        query(anna.id, Some(4), 9),
        query(anna.id, Some(4), 1),
        query(anna.id, Some(1), 9),
        query(anna.id, Some(9), 9),
        query(customer(3).id, None, 9),
        query(anna.id, Some(2), 9),
    ];
    let pages = storage.transaction_pages(&queries).await.unwrap();
    let points: Vec<Vec<i64>> = pages
        .iter()
        .map(|page| page.iter().map(|one| one.points).collect())
        .collect();
    let expected: [&[i64]; 8] = [
        &[5, 4],
        &[9],
        &[3, 2, 1],
        &[3],
        &[],
        &[5, 4, 3, 2, 1],
        &[],
        &[1],
    ];
    assert_eq!(points, expected);
    assert_eq!(storage.transaction_pages(&[]).await.unwrap(), [[]; 0]);
}

/// What can be spent at an instant is what the balance of that instant says.
pub async fn available_points_are_those_of_the_balance(storage: &dyn Storage) {
    let users = [1, 2, 3].map(customer);
    store(storage, &users).await;
    let [anna, boris, vera] = users.map(|user| user.id);
    let postings = [
        (adjust(anna, 300), minute(1)),
        (spend(anna, 100, None), minute(2)),
        (bonus(anna, "day", 20, Some(minute(5))), minute(3)),
        (adjust(boris, 7), minute(1)),
        (bonus(boris, "day", 30, Some(minute(3))), minute(2)),
    ];
    carry_out(storage, &postings).await;
    let asked = [vera, anna, customer(4).id, boris];
    let by_minute = [
        (0, [0, 0, 0, 0]),
        (2, [0, 200, 0, 37]),
        (4, [0, 220, 0, 7]),
        (5, [0, 200, 0, 7]),
    ];
    for (n, expected) in by_minute {
        let found = storage.available_points(&asked, minute(n)).await.unwrap();
        let mut balances = Vec::new();
        for user in asked {
            let account = account(storage, user).await;
            let account = LoyaltyAccount::restore(account.header, account.lots);
            balances.push(account.balance(minute(n)).available);
        }
        assert_eq!(found, balances, "at minute {n}");
        assert_eq!(found, expected.map(points), "at minute {n}");
    }
    assert_eq!(storage.available_points(&[], minute(4)).await.unwrap(), []);
}

/// Accounts come in pages, by user, with their closed lots; those without a transaction do not.
pub async fn accounts_come_in_pages_by_user_with_closed_lots(storage: &dyn Storage) {
    let mut users = [1, 2, 3, 4].map(|n| customer(n).id);
    store(storage, &[1, 2, 3, 4].map(customer)).await;
    users.sort_unstable();
    for user in &users[..3] {
        let postings = [
            (adjust(*user, 100), minute(1)),
            (spend(*user, 100, None), minute(2)),
        ];
        carry_out(storage, &postings).await;
    }
    let page = storage.loyalty_accounts_after(None, 2).await.unwrap();
    let found: Vec<_> = page.iter().map(|one| one.header.user).collect();
    assert_eq!(found, users[..2]);
    assert!(page.iter().all(|one| one.lots[0].remaining == Points::ZERO));
    let rest = storage.loyalty_accounts_after(Some(users[1]), 2).await;
    let rest: Vec<_> = rest.unwrap().iter().map(|one| one.header.user).collect();
    assert_eq!(rest, users[2..3]);
    let max = UserId::from_uuid(uuid::Uuid::max());
    assert_eq!(
        storage.loyalty_accounts_after(Some(max), 2).await.unwrap(),
        []
    );
}

/// Users with points left in a lot that has expired are found from that very instant on.
pub async fn users_with_expired_points_come_in_pages(storage: &dyn Storage) {
    let mut users = [1, 2, 3, 4, 5].map(|n| customer(n).id);
    store(storage, &[1, 2, 3, 4, 5].map(customer)).await;
    users.sort_unstable();
    for user in &users[..3] {
        let gifts = [1, 2].map(|n| {
            (
                bonus(*user, &format!("{n}"), 10, Some(minute(50))),
                minute(n),
            )
        });
        carry_out(storage, &gifts).await;
    }
    carry_out(storage, &[(adjust(users[3], 10), minute(1))]).await;
    let all_spent = [
        (bonus(users[4], "day", 100, Some(minute(50))), minute(1)),
        (spend(users[4], 100, None), minute(2)),
    ];
    carry_out(storage, &all_spent).await;
    let cases = [
        (49, None, 9, &users[..0]),
        (50, None, 9, &users[..3]),
        (51, None, 2, &users[..2]),
        (51, Some(users[1]), 2, &users[2..3]),
    ];
    for (now, after, limit, expected) in cases {
        let found = storage
            .users_with_expired_points(minute(now), after, limit)
            .await;
        assert_eq!(found.unwrap(), expected, "{now} {limit}");
    }
    carry_out(storage, &[(posting(users[0], Command::Expire), minute(60))]).await;
    let found = storage.users_with_expired_points(minute(60), None, 9).await;
    assert_eq!(found.unwrap(), users[1..3]);
}

async fn mark(storage: &dyn Storage, users: &[UserId]) {
    let mut work = storage.begin().await.unwrap();
    work.mark_for_settlement(users).await.unwrap();
    work.commit().await.unwrap();
}

async fn clear(storage: &dyn Storage, marks: &[SettlementMark]) {
    let mut work = storage.begin().await.unwrap();
    work.clear_settlements(marks).await.unwrap();
    work.commit().await.unwrap();
}

/// Marks come in pages, by user.
pub async fn marks_come_in_pages_by_user(storage: &dyn Storage) {
    let mut users = [1, 2, 3].map(|n| customer(n).id);
    store(storage, &[1, 2, 3].map(customer)).await;
    mark(storage, &users).await;
    users.sort_unstable();
    for (after, limit, expected) in [(None, 2, &users[..2]), (Some(users[1]), 2, &users[2..])] {
        let page = storage.settlements_due(after, limit).await.unwrap();
        let found: Vec<_> = page.iter().map(|mark| mark.user).collect();
        assert_eq!(found, expected);
    }
    mark(storage, &[]).await;
    assert_eq!(storage.settlements_due(None, 9).await.unwrap().len(), 3);
}

/// A mark is taken away only as it was read: one that was raised since stays.
pub async fn a_mark_that_was_raised_since_stays(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    store(storage, &[anna.clone(), boris.clone()]).await;
    mark(storage, &[anna.id, boris.id]).await;
    let read = storage.settlements_due(None, 9).await.unwrap();
    mark(storage, &[anna.id]).await;
    clear(storage, &read).await;
    let left = storage.settlements_due(None, 9).await.unwrap();
    let users: Vec<_> = left.iter().map(|mark| mark.user).collect();
    assert_eq!(users, [anna.id]);
    clear(storage, &left).await;
    assert_eq!(storage.settlements_due(None, 9).await.unwrap(), []);
    mark(storage, &[boris.id]).await;
    let again = storage.settlements_due(None, 9).await.unwrap();
    assert_eq!(again[0].user, boris.id);
    clear(storage, &[]).await;
    assert_eq!(storage.settlements_due(None, 9).await.unwrap(), again);
}

/// A mark that was taken away and raised again is not taken for the one before it.
pub async fn a_mark_never_comes_back(storage: &dyn Storage) {
    let anna = customer(1);
    store(storage, &[anna.clone()]).await;
    mark(storage, &[anna.id]).await;
    let read = storage.settlements_due(None, 9).await.unwrap();
    clear(storage, &read).await;
    mark(storage, &[anna.id]).await;
    clear(storage, &read).await;
    assert_eq!(storage.settlements_due(None, 9).await.unwrap().len(), 1);
}

fn sorted(mut outstanding: PointsOutstanding) -> PointsOutstanding {
    outstanding.available.sort_by_key(|lots| lots.expires_at);
    outstanding.pending.sort_by_key(|lots| lots.expires_at);
    outstanding.rules.sort_unstable();
    outstanding
}

fn lots(expires_at: Option<i64>, points: i128) -> LotTotal {
    LotTotal {
        expires_at: expires_at.map(minute),
        points,
    }
}

/// What is available, pending and owed adds up, and what each rule has given and taken.
pub async fn points_outstanding_add_up(storage: &dyn Storage) {
    let users = [1, 2, 3, 4].map(customer);
    store(storage, &users).await;
    let nothing = storage.points_outstanding(minute(9)).await.unwrap();
    assert_eq!(nothing, PointsOutstanding::default());
    let [anna, boris, clara, _] = users.map(|user| user.id);
    let mut later = bonus(boris, "later", 70, Some(minute(80)));
    if let Command::Bonus { available_from, .. } = &mut later.request.command {
        *available_from = Some(minute(30));
    }
    let postings = [
        (bonus(anna, "day", 300, Some(minute(50))), minute(1)),
        (bonus(boris, "day", 30, Some(minute(50))), minute(1)),
        (bonus(anna, "short", 5, Some(minute(9))), minute(1)),
        (adjust(anna, 50), minute(2)),
        (spend(anna, 100, None), minute(3)),
        (later, minute(3)),
        (
            posting(clara, Command::Reconcile { balance: -40 }),
            minute(4),
        ),
    ];
    carry_out(storage, &postings).await;
    let rule = |id: &str, kind, transactions, credited, debited| RuleTotal {
        rule: RuleRef {
            id: id.to_owned(),
            version: 1,
        },
        kind,
        transactions,
        credited,
        debited,
    };
    let programme = LoyaltyProgramme::guide().id;
    let expected = PointsOutstanding {
        available: vec![lots(None, 50), lots(Some(50), 235)],
        pending: vec![lots(Some(80), 70)],
        debt: 40,
        accounts: 3,
        rules: vec![
            rule("spring", TransactionKind::Bonus, 4, 405, 0),
            rule(&programme, TransactionKind::Manual, 2, 50, 40),
            rule(&programme, TransactionKind::Spend, 1, 0, 100),
        ],
    };
    let found = storage.points_outstanding(minute(9)).await.unwrap();
    assert_eq!(sorted(found), sorted(expected));
    let later = storage.points_outstanding(minute(50)).await.unwrap();
    assert_eq!(
        sorted(later).available,
        [lots(None, 50), lots(Some(80), 70)]
    );
}

/// Sums over all customers may pass 64 bits.
pub async fn the_largest_points_survive_and_add_up(storage: &dyn Storage) {
    let users: Vec<_> = (1..=9).map(customer).collect();
    store(storage, &users).await;
    let most = i64::MAX / 4;
    for user in &users {
        carry_out(storage, &[(adjust(user.id, most), minute(1))]).await;
    }
    let first = account(storage, users[0].id).await;
    assert_eq!(first.lots[0].original, points(most));
    assert_eq!(first.header.balance, most);
    let found = storage.points_outstanding(minute(9)).await.unwrap();
    let sum = 9 * i128::from(most);
    assert_eq!(found.available, [lots(None, sum)]);
    assert_eq!(found.rules[0].credited, sum);
}

/// There is one comparison with the source, the last, and sums beyond 64 bits survive.
pub async fn the_last_comparison_is_kept(storage: &dyn Storage) {
    assert_eq!(storage.reconciliation().await.unwrap(), None);
    for n in 1..=2 {
        let found = Reconciliation {
            compared_at: minute(n),
            customers: 3,
            different: 1,
            differences: vec![Difference {
                user: customer(1).id,
                source_points: -n,
                ledger_points: i64::MAX,
            }],
            source_points: i128::from(i64::MIN) * 2,
            ledger_points: i128::from(i64::MAX) * 2,
            unknown_cards: 4,
            rejected: 5,
            rejects: vec![Rejected {
                set: "Catalog_ДисконтныеКарты".to_owned(),
                reference: "a card".to_owned(),
                reason: "a balance that is no number".to_owned(),
            }],
            corrected: n == 2,
        };
        let mut work = storage.begin().await.unwrap();
        work.put_reconciliation(&found).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(storage.reconciliation().await.unwrap(), Some(found));
    }
}
