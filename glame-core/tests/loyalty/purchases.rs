//! What a purchase history says to the ledger, whatever the order in which it became known.

use chrono::{DateTime, Utc};
use glame_core::loyalty::PurchaseFacts;
use glame_core::purchases::{DocumentKind, PurchaseHistory, PurchaseLine};
use glame_core::testkit::fixtures::{document, loyalty, minute, product_ref, store_ref};
use glame_core::values::{DocumentRef, Money, Quantity};
use proptest::prelude::*;

use crate::book::{Book, anna};

fn line(
    kind: DocumentKind,
    n: u128,
    at: DateTime<Utc>,
    article: u32,
    roubles: i64,
) -> PurchaseLine {
    PurchaseLine {
        document: document(kind, n),
        line_number: article,
        purchased_at: at,
        product: Some(product_ref(u128::from(article))),
        variant: None,
        store: Some(store_ref(1)),
        quantity: Quantity::from_thousandths(roubles.signum() * 1_000),
        amount: Money::from_whole_roubles(roubles).unwrap(),
        returns: None,
    }
}

fn sale(n: u128, minutes: i64, article: u32, roubles: i64) -> PurchaseLine {
    line(DocumentKind::Receipt, n, minute(minutes), article, roubles)
}

fn back(n: u128, minutes: i64, of: Option<u128>, article: u32, roubles: i64) -> PurchaseLine {
    PurchaseLine {
        returns: of.map(|of| document(DocumentKind::Receipt, of).document),
        ..line(
            DocumentKind::ReturnReceipt,
            500 + n,
            minute(minutes),
            article,
            -roubles,
        )
    }
}

fn settle(book: &mut Book, lines: &[PurchaseLine]) -> usize {
    book.on_day(5);
    let facts = PurchaseFacts::of(&PurchaseHistory::new(anna(), lines.to_vec()));
    let authority = loyalty::authority();
    let postings = facts.postings(&book.account, |_| true, false, None, &authority);
    for posting in &postings {
        book.try_posting(posting).unwrap();
    }
    postings.len()
}

fn settled(lines: &[PurchaseLine]) -> Book {
    let mut book = Book::new();
    settle(&mut book, lines);
    book
}

#[test]
fn receipts_earn_once_and_what_has_not_changed_is_left_alone() {
    let lines = [
        sale(1, 0, 1, 10_000),
        sale(1, 0, 2, 5_000),
        sale(2, 60, 1, 3_000),
    ];
    let mut book = settled(&lines);
    assert_eq!(book.net(), 180);
    assert_eq!(settle(&mut book, &lines), 0);
}

#[test]
fn an_edit_a_return_and_an_unposting_compensate() {
    let mut book = settled(&[sale(1, 0, 1, 10_000)]);
    settle(&mut book, &[sale(1, 0, 1, 8_000)]);
    assert_eq!(book.net(), 80);
    settle(
        &mut book,
        &[sale(1, 0, 1, 8_000), back(1, 60, Some(1), 1, 2_000)],
    );
    assert_eq!(book.net(), 60);
    settle(&mut book, &[sale(1, 0, 1, 8_000)]);
    assert_eq!(book.net(), 80);
    settle(&mut book, &[]);
    assert_eq!(book.net(), 0);
}

#[test]
fn a_return_that_names_nothing_is_set_against_the_last_sale_of_the_article() {
    let book = settled(&[
        sale(1, 0, 1, 10_000),
        sale(2, 60, 1, 10_000),
        sale(3, 120, 2, 10_000),
        back(1, 180, None, 1, 15_000),
    ]);
    assert_eq!(book.net(), 150);
}

#[test]
fn an_archived_shift_keeps_the_points_of_its_receipts() {
    let mut book = settled(&[sale(1, 0, 1, 10_000), sale(2, 60, 2, 5_000)]);
    assert_eq!(book.net(), 150);
    let report =
        |article, roubles| line(DocumentKind::ShiftReport, 9, minute(600), article, roubles);
    settle(&mut book, &[report(1, 10_000), report(2, 5_000)]);
    assert_eq!((book.net(), book.debt()), (150, 0));
}

#[test]
fn opening_balances_and_corrections_by_hand_earn_nothing() {
    let book = settled(&[
        line(DocumentKind::OpeningBalance, 1, minute(0), 1, 90_000),
        line(DocumentKind::RegisterCorrection, 2, minute(0), 1, 90_000),
        sale(3, 60, 1, 1_000),
    ]);
    assert_eq!(book.net(), 10);
    let facts = PurchaseFacts::of(&PurchaseHistory::new(
        anna(),
        vec![line(DocumentKind::OpeningBalance, 1, minute(0), 1, 90_000)],
    ));
    let customer = facts.customer_at(minute(60), false, None);
    assert_eq!(
        customer.lifetime_spent,
        Money::from_whole_roubles(90_000).unwrap()
    );
    assert_eq!(customer.earlier_receipts, 0);
}

#[test]
fn e2_the_average_is_that_of_earlier_receipts_after_their_returns() {
    let facts = PurchaseFacts::of(&PurchaseHistory::new(
        anna(),
        vec![
            sale(1, 0, 1, 1_000),
            sale(2, 60, 2, 3_000),
            back(1, 90, Some(2), 2, 1_000),
            sale(3, 120, 3, 500),
            back(2, 130, Some(3), 3, 500),
            sale(4, 240, 4, 9_000),
        ],
    ));
    let customer = facts.customer_at(minute(240), false, None);
    assert_eq!(customer.earlier_receipts, 2);
    assert_eq!(
        customer.earlier_total,
        Money::from_whole_roubles(3_000).unwrap()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was known in between, the points end where the whole history says.
    #[test]
    fn r5_points_do_not_depend_on_what_was_known_when(
        rows in prop::collection::vec((0_u128..6, 0_i64..2_000, 1_u32..4, 1_i64..20_000, 0..4), 1..14),
        known in prop::collection::vec(any::<u16>(), 1..5),
    ) {
        let mut lines: Vec<PurchaseLine> = Vec::new();
        for (place, (n, minutes, article, roubles, kind)) in rows.iter().enumerate() {
            let number = u32::try_from(place).unwrap();
            let of = DocumentRef::from_uuid(*document(DocumentKind::Receipt, *n).document.as_uuid());
            let made = match kind {
                0 => PurchaseLine { returns: Some(of), ..back(u128::from(number), minutes + 3_000, Some(*n), *article, *roubles) },
                1 => back(u128::from(number), minutes + 3_000, None, *article, *roubles),
                _ => sale(*n, i64::try_from(*n).unwrap() * 100, *article, *roubles),
            };
            lines.push(PurchaseLine { line_number: number, ..made });
        }
        let mut book = Book::new();
        // The factor above the average goes by what was known at the time; the base rule does not.
        book.programme.earning.factors.clear();
        for mask in known {
            let part: Vec<PurchaseLine> = lines
                .iter()
                .enumerate()
                .filter(|(place, _)| mask >> (place % 16) & 1 == 1)
                .map(|(_, line)| *line)
                .collect();
            settle(&mut book, &part);
        }
        settle(&mut book, &lines);
        let mut once = Book::new();
        once.programme.earning.factors.clear();
        settle(&mut once, &lines);
        prop_assert_eq!(book.net(), once.net());
        prop_assert_eq!(settle(&mut book, &lines), 0);
    }
}
