//! Receipts and purchase histories.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::with_users;
use crate::ports::{PurchaseTotals, Storage, StorageError};
use crate::purchases::{
    DocumentKind, DocumentScope, PurchaseHistory, PurchaseLine, Receipt, StoredReceipt,
};
use crate::testkit::fixtures::{customer, document, minute, receipt};
use crate::users::User;
use crate::values::{DocumentRef, Money, PeriodRange, Quantity, UserId};

async fn store(storage: &dyn Storage, users: &[User], receipts: &[Receipt]) {
    let mut work = with_users(storage, users).await;
    work.add_receipts(receipts).await.unwrap();
    work.commit().await.unwrap();
}

fn lines(receipt: &Receipt) -> Vec<PurchaseLine> {
    let line = |line: &crate::purchases::ReceiptLine| PurchaseLine {
        document: receipt.key.document,
        line_number: line.line_number,
        purchased_at: receipt.key.purchased_at,
        product: line.product,
        variant: line.variant,
        store: receipt.store,
        quantity: line.quantity,
        amount: line.amount,
        returns: receipt.returns,
    };
    receipt.lines.iter().map(line).collect()
}

fn described(receipts: &[&Receipt]) -> Vec<StoredReceipt> {
    sorted(receipts.iter().map(|receipt| receipt.stored()).collect())
}

fn sorted(mut receipts: Vec<StoredReceipt>) -> Vec<StoredReceipt> {
    receipts.sort();
    receipts
}

/// A history comes back line by line as it was stored, in the order of time.
pub async fn a_history_comes_back_as_it_was_stored(storage: &dyn Storage) {
    let anna = customer(1);
    let mut sold = receipt(1, anna.id, minute(5), 3);
    sold.lines[1].product = None;
    sold.lines[2].quantity = Quantity::from_thousandths(500);
    let mut returned = receipt(2, anna.id, minute(9), 1);
    returned.key.document = document(DocumentKind::ReturnReceipt, 2);
    returned.returns = Some(sold.key.document.document);
    returned.store = None;
    returned.lines[0].quantity = Quantity::from_thousandths(-1_000);
    returned.lines[0].amount = Money::from_kopecks(-10_000);
    store(storage, &[anna.clone()], &[returned.clone(), sold.clone()]).await;
    let history = storage.history(anna.id).await.unwrap();
    assert_eq!(history.user(), anna.id);
    assert_eq!(history.lines(), [lines(&sold), lines(&returned)].concat());
}

/// A customer whom nobody knows has an empty history.
pub async fn an_unknown_customer_has_bought_nothing(storage: &dyn Storage) {
    let nobody = customer(9).id;
    let history = storage.history(nobody).await.unwrap();
    assert_eq!(history, PurchaseHistory::new(nobody, Vec::new()));
}

/// Receipts are found from the start of a range to just before its end.
pub async fn receipts_are_found_by_time_half_open(storage: &dyn Storage) {
    let anna = customer(1);
    let [first, second, third] = [1, 2, 3].map(|n| {
        receipt(
            u128::try_from(n).unwrap(),
            anna.id,
            minute(n),
            u32::try_from(n).unwrap(),
        )
    });
    store(
        storage,
        &[anna],
        &[first.clone(), second.clone(), third.clone()],
    )
    .await;
    let cases = [
        (Some(minute(1)), Some(minute(3)), vec![&first, &second]),
        (None, Some(minute(2)), vec![&first]),
        (Some(minute(2)), None, vec![&second, &third]),
        (None, None, vec![&first, &second, &third]),
        (Some(minute(4)), None, vec![]),
    ];
    for (from, to, expected) in cases {
        let range = PeriodRange::try_new(from, to).unwrap();
        let found = storage
            .receipts_between(range, DocumentScope::All)
            .await
            .unwrap();
        assert_eq!(sorted(found), described(&expected), "{range:?}");
    }
}

/// Receipts are found with opening balances, without them, or only they.
pub async fn receipts_are_found_by_scope(storage: &dyn Storage) {
    let anna = customer(1);
    let sold = receipt(1, anna.id, minute(1), 1);
    let mut opening = receipt(2, anna.id, minute(2), 1);
    opening.key.document = document(DocumentKind::OpeningBalance, 2);
    store(storage, &[anna], &[sold.clone(), opening.clone()]).await;
    let cases = [
        (DocumentScope::All, vec![&sold, &opening]),
        (DocumentScope::OpeningBalancesOnly, vec![&opening]),
        (DocumentScope::ExceptOpeningBalances, vec![&sold]),
    ];
    for (scope, expected) in cases {
        let found = storage
            .receipts_between(PeriodRange::EVERYTHING, scope)
            .await
            .unwrap();
        assert_eq!(sorted(found), described(&expected), "{scope:?}");
    }
}

/// Receipts are found by the kind and reference of their document.
pub async fn receipts_are_found_by_document(storage: &dyn Storage) {
    let anna = customer(1);
    let [first, second] = [1, 2].map(|n| receipt(n, anna.id, minute(1), 1));
    store(storage, &[anna], &[first.clone(), second]).await;
    let same_reference = document(DocumentKind::ShiftReport, 1);
    let asked = [
        first.key.document,
        document(DocumentKind::Receipt, 9),
        same_reference,
    ];
    let found = storage.receipts_of_documents(&asked).await.unwrap();
    assert_eq!(found, described(&[&first]));
    assert_eq!(storage.receipts_of_documents(&[]).await.unwrap(), []);
}

/// A correction may write lines of two dates.
pub async fn the_same_document_may_have_receipts_of_two_instants(storage: &dyn Storage) {
    let anna = customer(1);
    let early = receipt(1, anna.id, minute(1), 2);
    let late = receipt(1, anna.id, minute(2), 2);
    store(storage, &[anna.clone()], &[early.clone(), late.clone()]).await;
    let found = storage
        .receipts_of_documents(&[early.key.document])
        .await
        .unwrap();
    assert_eq!(sorted(found), described(&[&early, &late]));
    let history = storage.history(anna.id).await.unwrap();
    assert_eq!(history.lines(), [lines(&early), lines(&late)].concat());
}

/// A shift report writes lines of many customers.
pub async fn the_same_document_may_have_receipts_of_two_customers(storage: &dyn Storage) {
    let (anna, boris) = (customer(1), customer(2));
    let hers = receipt(1, anna.id, minute(1), 2);
    let his = receipt(1, boris.id, minute(1), 3);
    store(
        storage,
        &[anna.clone(), boris],
        &[hers.clone(), his.clone()],
    )
    .await;
    let found = storage
        .receipts_of_documents(&[hers.key.document])
        .await
        .unwrap();
    assert_eq!(sorted(found), described(&[&hers, &his]));
    assert_eq!(
        storage.history(anna.id).await.unwrap().lines(),
        lines(&hers)
    );
}

/// A removed receipt is gone with all its lines, and may be added again.
pub async fn removed_receipts_take_their_lines_along(storage: &dyn Storage) {
    let anna = customer(1);
    let [first, second] = [1, 2].map(|n| receipt(n, anna.id, minute(1), 2));
    store(storage, &[anna.clone()], &[first.clone(), second.clone()]).await;
    let mut work = storage.begin().await.unwrap();
    work.remove_receipts(&[first.key]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(
        storage.history(anna.id).await.unwrap().lines(),
        lines(&second)
    );
    store(storage, &[anna.clone()], &[first.clone()]).await;
    let history = storage.history(anna.id).await.unwrap();
    assert_eq!(history.lines(), [lines(&first), lines(&second)].concat());
}

/// Removing a receipt that is not there, or none, changes nothing.
pub async fn removing_what_is_not_there_is_no_error(storage: &dyn Storage) {
    let mut work = storage.begin().await.unwrap();
    work.remove_receipts(&[receipt(1, customer(1).id, minute(1), 1).key])
        .await
        .unwrap();
    work.remove_receipts(&[]).await.unwrap();
    work.add_receipts(&[]).await.unwrap();
    work.commit().await.unwrap();
}

/// A receipt that is there already is a conflict, and no receipt of that call is stored.
pub async fn a_receipt_twice_is_a_conflict_and_nothing_of_the_call_is_stored(
    storage: &dyn Storage,
) {
    let anna = customer(1);
    let [first, second] = [1, 2].map(|n| receipt(n, anna.id, minute(1), 2));
    store(storage, &[anna.clone()], &[first.clone()]).await;
    let mut work = storage.begin().await.unwrap();
    let error = work
        .add_receipts(&[second, first.clone()])
        .await
        .unwrap_err();
    assert!(matches!(error, StorageError::Conflict { .. }), "{error:?}");
    work.commit().await.unwrap();
    assert_eq!(
        storage.history(anna.id).await.unwrap().lines(),
        lines(&first)
    );
}

/// Histories are found by user, whoever has none left out.
pub async fn histories_are_found_by_user(storage: &dyn Storage) {
    let users = [1, 2, 3].map(customer);
    let mut work = with_users(storage, &users).await;
    for (n, user) in (1..).zip(&users[..2]) {
        work.add_receipts(&[receipt(n, user.id, minute(1), 2)])
            .await
            .unwrap();
    }
    work.commit().await.unwrap();
    let asked = [users[2].id, users[1].id, customer(9).id];
    let found = storage.histories(&asked).await.unwrap();
    assert_eq!(found, [storage.history(users[1].id).await.unwrap()]);
    assert_eq!(storage.histories(&[]).await.unwrap(), []);
}

/// Histories come in pages in the order of user ids, without customers who bought nothing.
pub async fn histories_come_in_pages_by_user(storage: &dyn Storage) {
    let users: Vec<User> = (1..=6).map(customer).collect();
    let mut buyers: Vec<UserId> = users.iter().skip(1).map(|user| user.id).collect();
    let receipts: Vec<Receipt> = buyers
        .iter()
        .zip(1..)
        .map(|(user, n)| receipt(n, *user, minute(1), 2))
        .collect();
    store(storage, &users, &receipts).await;
    buyers.sort();
    let mut seen: Vec<UserId> = Vec::new();
    loop {
        let page = storage
            .histories_after(seen.last().copied(), 2)
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        for history in page {
            assert_eq!(history.lines().len(), 2);
            seen.push(history.user());
        }
    }
    assert_eq!(seen, buyers);
}

/// Totals count customers, receipts and lines, and sum all money.
pub async fn totals_are_the_sum_of_all_lines(storage: &dyn Storage) {
    let (anna, boris) = (customer(1), customer(2));
    let receipts = [
        receipt(1, anna.id, minute(1), 1),
        receipt(2, anna.id, minute(2), 2),
        receipt(3, boris.id, minute(3), 3),
    ];
    store(storage, &[anna, boris, customer(3)], &receipts).await;
    let expected = PurchaseTotals {
        customers: 2,
        receipts: 3,
        lines: 6,
        amount: Money::from_whole_roubles(100 + 300 + 600).unwrap(),
    };
    assert_eq!(storage.purchase_totals().await.unwrap(), expected);
}

/// Instants survive to the microsecond, and stay in order from the year 209 to 3999.
pub async fn instants_survive_to_the_microsecond_and_in_stray_years(storage: &dyn Storage) {
    let anna = customer(1);
    let new_year = |year: i32| -> DateTime<Utc> {
        NaiveDate::from_ymd_opt(year, 1, 1)
            .unwrap()
            .and_hms_opt(0, 0, 0)
            .unwrap()
            .and_utc()
    };
    let instants = [
        new_year(209),
        new_year(1969) + TimeDelta::microseconds(1),
        minute(0) - TimeDelta::microseconds(1),
        minute(0),
        minute(0) + TimeDelta::microseconds(123_456),
        minute(0) + TimeDelta::milliseconds(500),
        new_year(3999),
    ];
    let receipts: Vec<Receipt> = instants
        .into_iter()
        .zip(1..)
        .map(|(at, n)| receipt(n, anna.id, at, 1))
        .collect();
    store(storage, &[anna.clone()], &receipts).await;
    let history = storage.history(anna.id).await.unwrap();
    let found: Vec<DateTime<Utc>> = history
        .lines()
        .iter()
        .map(|line| line.purchased_at)
        .collect();
    assert_eq!(found, instants);
    let middle = PeriodRange::try_new(Some(instants[3]), Some(instants[5])).unwrap();
    let found = storage
        .receipts_between(middle, DocumentScope::All)
        .await
        .unwrap();
    assert_eq!(sorted(found), described(&[&receipts[3], &receipts[4]]));
}

/// The largest and the smallest amounts and quantities survive.
pub async fn the_largest_amounts_survive(storage: &dyn Storage) {
    let anna = customer(1);
    let mut extreme = receipt(1, anna.id, minute(1), 2);
    extreme.lines[0].amount = Money::from_kopecks(i64::MAX);
    extreme.lines[0].quantity = Quantity::from_thousandths(i64::MIN);
    extreme.lines[1].amount = Money::from_kopecks(i64::MIN);
    extreme.lines[1].quantity = Quantity::from_thousandths(i64::MAX);
    store(storage, &[anna.clone()], &[extreme.clone()]).await;
    assert_eq!(
        storage.history(anna.id).await.unwrap().lines(),
        lines(&extreme)
    );
    let totals = storage.purchase_totals().await.unwrap();
    assert_eq!(totals.amount, Money::from_kopecks(-1));
}

/// A receipt needs its user.
pub async fn a_receipt_of_an_unknown_user_is_refused(storage: &dyn Storage) {
    let mut work = storage.begin().await.unwrap();
    let orphan = receipt(1, customer(9).id, minute(1), 1);
    assert!(work.add_receipts(&[orphan]).await.is_err());
}

/// A batch of many receipts is stored and removed whole.
pub async fn many_receipts_are_written_at_once(storage: &dyn Storage) {
    let users: Vec<User> = (0..20).map(customer).collect();
    let receipts: Vec<Receipt> = (0..3_000_u128)
        .map(|n| {
            let user = &users[usize::try_from(n % 20).unwrap()];
            let at = minute(i64::try_from(n).unwrap());
            receipt(n, user.id, at, 1 + u32::try_from(n % 4).unwrap())
        })
        .collect();
    store(storage, &users, &receipts).await;
    let totals = storage.purchase_totals().await.unwrap();
    assert_eq!((totals.receipts, totals.lines), (3_000, 7_500));

    let described: Vec<DocumentRef> = storage
        .receipts_of_documents(
            &receipts
                .iter()
                .map(|one| one.key.document)
                .collect::<Vec<_>>(),
        )
        .await
        .unwrap()
        .iter()
        .map(|stored| stored.key.document.document)
        .collect();
    assert_eq!(described.len(), 3_000);

    let mut work = storage.begin().await.unwrap();
    let keys: Vec<_> = receipts.iter().skip(1).map(|receipt| receipt.key).collect();
    work.remove_receipts(&keys).await.unwrap();
    work.commit().await.unwrap();
    let totals = storage.purchase_totals().await.unwrap();
    assert_eq!((totals.customers, totals.receipts, totals.lines), (1, 1, 1));
}
