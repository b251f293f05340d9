use std::collections::HashMap;

use chrono::TimeDelta;

use super::*;
use crate::catalogue::Product;
use crate::purchases::{
    DocumentKind, PurchaseHistory, PurchaseLine, Receipt, SaleLine, receipts_of,
};
use crate::testkit::fixtures::{
    counterparty, document, minute, product, product_ref, sale_line, store_ref, text,
};
use crate::users::Holder;
use crate::values::{ProductRef, Quantity};

const DAY: i64 = 24 * 60;

fn anna() -> Holder {
    Holder::Counterparty(counterparty(1))
}

/// A sale of the n-th receipt, `day` days after the first, of so many pieces at 1 000 ₽.
fn sale(n: u128, day: i64, article: u128, pieces: i64) -> SaleLine {
    SaleLine {
        line_number: u32::try_from(article).unwrap(),
        product: Some(product_ref(article)),
        quantity: Quantity::from_thousandths(pieces * 1_000),
        ..sale_line(n, anna(), minute(day * DAY), pieces * 1_000)
    }
}

/// The n-th document takes so many pieces of a sale back.
fn back(n: u128, day: i64, of: Option<u128>, article: u128, pieces: i64) -> SaleLine {
    SaleLine {
        document: document(DocumentKind::ReturnReceipt, n),
        returns: of.map(|sale| document(DocumentKind::Receipt, sale).document),
        ..sale(n, day, article, -pieces)
    }
}

fn history(lines: Vec<SaleLine>) -> PurchaseHistory {
    let line = |receipt: &Receipt, n: usize| PurchaseLine {
        document: receipt.key.document,
        line_number: receipt.lines[n].line_number,
        purchased_at: receipt.key.purchased_at,
        product: receipt.lines[n].product,
        variant: receipt.lines[n].variant,
        store: receipt.store,
        quantity: receipt.lines[n].quantity,
        amount: receipt.lines[n].amount,
        returns: receipt.returns,
    };
    let receipts = receipts_of(lines, Holder::user_id);
    let lines = receipts
        .iter()
        .flat_map(|receipt| (0..receipt.lines.len()).map(|n| line(receipt, n)))
        .collect();
    PurchaseHistory::new(anna().user_id(), lines)
}

fn figures(lines: Vec<SaleLine>) -> PurchaseFigures {
    figures_by(
        lines,
        &MetricsPolicy::default(),
        AsOf::Now(minute(100 * DAY)),
    )
}

fn figures_by(lines: Vec<SaleLine>, policy: &MetricsPolicy, as_of: AsOf) -> PurchaseFigures {
    let catalogue = (1..10).map(|n| (product_ref(n), product(n))).collect();
    let history = history(lines);
    PurchaseFigures::of(&SettledHistory::of(&history, &catalogue, policy, as_of))
}

fn roubles(roubles: i64) -> Money {
    Money::from_whole_roubles(roubles).unwrap()
}

/// Purchases, receipts, returns, occasions, and the day of the last purchase.
type Counts = (u32, u32, u32, u32, Option<i64>);

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn purchases_are_counted_by_what_was_kept() {
    let cases: Vec<(&str, Vec<SaleLine>, i64, Counts)> = vec![
        ("nothing", vec![], 0, (0, 0, 0, 0, None)),
        (
            "two lines, one receipt",
            vec![sale(1, 0, 1, 1), sale(1, 0, 2, 1)],
            2_000,
            (1, 1, 0, 1, Some(0)),
        ),
        (
            "two receipts of one day",
            vec![sale(1, 0, 1, 1), sale(2, 0, 1, 1)],
            2_000,
            (2, 2, 0, 1, Some(0)),
        ),
        (
            "two days",
            vec![sale(1, 0, 1, 1), sale(2, 5, 1, 1)],
            2_000,
            (2, 2, 0, 2, Some(5)),
        ),
        (
            "returned in full",
            vec![
                sale(1, 0, 1, 1),
                sale(2, 5, 1, 2),
                back(3, 6, Some(2), 1, 2),
            ],
            1_000,
            (1, 2, 1, 1, Some(0)),
        ),
        (
            "returned in part",
            vec![sale(2, 5, 1, 2), back(3, 6, Some(2), 1, 1)],
            1_000,
            (1, 1, 1, 1, Some(5)),
        ),
        (
            "returned in two parts",
            vec![
                sale(2, 5, 1, 2),
                back(3, 6, Some(2), 1, 1),
                back(4, 7, Some(2), 1, 1),
            ],
            0,
            (0, 1, 2, 0, None),
        ),
        (
            "one of two articles returned",
            vec![
                sale(2, 5, 1, 1),
                sale(2, 5, 2, 1),
                back(3, 6, Some(2), 1, 1),
            ],
            1_000,
            (1, 1, 1, 1, Some(5)),
        ),
        (
            "a return that names no sale takes back the last one that it can",
            vec![
                sale(1, 0, 1, 1),
                sale(2, 5, 1, 1),
                back(3, 6, None, 1, 1),
                sale(4, 7, 1, 1),
            ],
            2_000,
            (2, 3, 1, 2, Some(7)),
        ),
        (
            "a return of what was never sold lowers money only",
            vec![sale(1, 0, 1, 1), back(2, 5, None, 2, 1)],
            0,
            (1, 1, 1, 1, Some(0)),
        ),
        (
            "a return of more than was sold takes back nothing else",
            vec![
                sale(1, 0, 1, 1),
                sale(2, 5, 1, 1),
                back(3, 6, Some(2), 1, 2),
            ],
            0,
            (1, 2, 1, 1, Some(0)),
        ),
        (
            "a return before its sale has arrived",
            vec![back(3, 6, Some(2), 1, 1)],
            -1_000,
            (0, 0, 1, 0, None),
        ),
        (
            "a return beside a sale on one shift report",
            vec![
                sale(1, 0, 1, 2),
                sale(2, 5, 2, 1),
                SaleLine {
                    returns: Some(document(DocumentKind::Receipt, 1).document),
                    line_number: 9,
                    ..sale(2, 5, 1, -1)
                },
            ],
            2_000,
            (2, 2, 0, 2, Some(5)),
        ),
        (
            "sold and taken back on one shift report",
            vec![
                sale(1, 0, 1, 1),
                SaleLine {
                    line_number: 9,
                    ..sale(1, 0, 1, -1)
                },
            ],
            0,
            (0, 1, 0, 0, None),
        ),
    ];
    for (name, lines, spent, counts) in cases {
        let figures = figures(lines);
        let last = figures
            .last_purchase_at
            .map(|at| (at - minute(0)).num_days());
        let found = (
            figures.total_purchases,
            figures.receipts,
            figures.returns,
            figures.occasions,
            last,
        );
        assert_eq!(found, counts, "{name}");
        assert_eq!(figures.total_spent, roubles(spent), "{name}");
    }
}

#[test]
fn opening_balances_packaging_and_zero_lines_are_money_only() {
    let opening = SaleLine {
        document: document(DocumentKind::OpeningBalance, 1),
        ..sale(1, -900, 1, 232)
    };
    let pouch = SaleLine {
        amount: Money::from_kopecks(300),
        ..sale(2, 1, 1, 1)
    };
    let gift = SaleLine {
        amount: Money::ZERO,
        ..sale(3, 2, 1, 1)
    };
    let figures = figures(vec![opening, pouch, gift]);
    assert_eq!(figures.total_spent, Money::from_kopecks(23_200_300));
    assert_eq!((figures.total_purchases, figures.lines), (0, 3));
    assert_eq!(figures.average_receipt, None);
    assert_eq!(figures.preferences, PurchasePreferences::default());
    assert_eq!(
        figures.rfm_inputs(&MetricsPolicy::default(), AsOf::Now(minute(0))),
        None
    );
}

#[test]
fn the_average_is_of_receipts_not_of_lines() {
    let figures = figures(vec![sale(1, 0, 1, 1), sale(1, 0, 2, 3), sale(2, 9, 1, 1)]);
    assert_eq!(figures.average_receipt, Some(roubles(2_500)));
}

#[test]
fn receipts_of_two_stores_are_two_occasions_and_by_setting_every_receipt_is() {
    let elsewhere = SaleLine {
        store: Some(store_ref(2)),
        ..sale(3, 0, 1, 1)
    };
    let lines = vec![sale(1, 0, 1, 1), sale(2, 0, 1, 1), elsewhere];
    assert_eq!(figures(lines.clone()).occasions, 2);
    let policy = MetricsPolicy {
        occasions: OccasionPolicy::Receipt,
        ..MetricsPolicy::default()
    };
    assert_eq!(
        figures_by(lines, &policy, AsOf::Now(minute(DAY))).occasions,
        3
    );
}

#[test]
fn a_purchase_of_the_future_is_money_and_a_finding() {
    let lines = vec![sale(1, 0, 1, 1), sale(2, 900, 1, 5)];
    let now = AsOf::Now(minute(DAY));
    let figures = figures_by(lines, &MetricsPolicy::default(), now);
    assert_eq!(figures.total_spent, roubles(6_000));
    assert_eq!((figures.total_purchases, figures.future_lines), (1, 1));
    let inputs = figures.rfm_inputs(&MetricsPolicy::default(), now).unwrap();
    assert_eq!(inputs.recency_days, 1);
}

#[test]
fn a_day_of_the_past_knows_nothing_of_what_came_later() {
    let lines = vec![
        sale(1, 0, 1, 1),
        sale(2, 3, 1, 5),
        back(3, 9, Some(1), 1, 1),
    ];
    let date = (minute(0) + TimeDelta::days(2)).date_naive();
    let figures = figures_by(lines, &MetricsPolicy::default(), AsOf::EndOf(date));
    assert_eq!(
        (figures.total_spent, figures.total_purchases),
        (roubles(1_000), 1)
    );
    assert_eq!((figures.lines, figures.future_lines), (1, 0));
}

#[test]
fn a_sale_just_before_midnight_belongs_to_its_own_day_of_the_shop() {
    // 23:30 on 31 December in Moscow is 20:30 in Greenwich.
    let evening = "2025-12-31T20:30:00Z".parse().unwrap();
    let line = SaleLine {
        purchased_at: evening,
        ..sale(1, 0, 1, 1)
    };
    let new_year = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let policy = MetricsPolicy::default();
    let as_of = AsOf::EndOf(new_year);
    let figures = figures_by(vec![line.clone()], &policy, as_of);
    assert_eq!(figures.rfm_inputs(&policy, as_of).unwrap().recency_days, 1);
    let before = AsOf::EndOf(new_year.pred_opt().unwrap());
    assert_eq!(figures_by(vec![line], &policy, before).total_purchases, 1);
}

#[test]
fn preferences_are_ranked_by_money_and_then_by_name() {
    let mut catalogue: HashMap<ProductRef, Product> = HashMap::new();
    for (n, category) in [(1, "Серьги"), (2, "Кольца"), (3, "Броши"), (4, "Колье")]
    {
        let article = Product {
            category: Some(text(category)),
            ..product(n)
        };
        catalogue.insert(article.product, article);
    }
    let lines = vec![
        sale(1, 0, 1, 2),
        sale(1, 0, 2, 2),
        sale(1, 0, 3, 5),
        sale(1, 0, 4, 1),
        back(2, 1, Some(1), 4, 1),
    ];
    let as_of = AsOf::Now(minute(9 * DAY));
    let (history, policy) = (history(lines), MetricsPolicy::default());
    let settled = SettledHistory::of(&history, &catalogue, &policy, as_of);
    let figures = PurchaseFigures::of(&settled);
    let ranked: Vec<(&str, Money)> = figures
        .preferences
        .favorite_categories
        .iter()
        .map(|preference| (preference.name.as_str(), preference.amount))
        .collect();
    let expected = [
        ("Броши", roubles(5_000)),
        ("Кольца", roubles(2_000)),
        ("Серьги", roubles(2_000)),
    ];
    assert_eq!(ranked, expected);
}

/// The same line after its shift was closed and archived: the n-th report has it, and no receipt.
fn archived(line: &SaleLine, report: u128) -> SaleLine {
    SaleLine {
        document: document(DocumentKind::ShiftReport, report),
        purchased_at: line.purchased_at + TimeDelta::hours(9),
        returns: None,
        ..line.clone()
    }
}

/// What must be the same whether shifts are archived or not.
fn visits(lines: Vec<SaleLine>) -> (u32, u32, Option<NaiveDate>, Money) {
    let figures = figures(lines);
    (
        figures.total_purchases,
        figures.occasions,
        figures
            .last_purchase_at
            .map(|at| local_date(at, MetricsPolicy::default().zone)),
        figures.total_spent,
    )
}

#[test]
fn a_return_takes_its_sale_back_whichever_shift_is_archived() {
    let (kept, sold, returned) = (
        sale(1, 0, 1, 1),
        [sale(2, 5, 1, 2), sale(2, 5, 2, 1)],
        [back(3, 9, Some(2), 1, 2), back(3, 9, Some(2), 2, 1)],
    );
    let archive =
        |lines: &[SaleLine; 2], report| lines.each_ref().map(|line| archived(line, report));
    let sales = [sold.clone(), archive(&sold, 102)];
    let returns = [returned.clone(), archive(&returned, 103)];
    for sold in &sales {
        for returned in &returns {
            let lines = [std::slice::from_ref(&kept), sold, returned].concat();
            let (purchases, occasions, last, spent) = visits(lines);
            assert_eq!((purchases, occasions), (1, 1), "{sold:?} {returned:?}");
            assert_eq!(last, NaiveDate::from_ymd_opt(2025, 6, 15));
            assert_eq!(spent, roubles(1_000));
        }
    }
}

#[test]
fn a_return_within_one_archived_shift_takes_back_only_its_own_receipt() {
    let lines = vec![
        archived(&sale(1, 0, 1, 1), 101),
        archived(&sale(2, 5, 1, 1), 102),
        SaleLine {
            line_number: 9,
            ..archived(&back(3, 5, Some(2), 1, 1), 102)
        },
    ];
    let (purchases, occasions, last, _) = visits(lines);
    assert_eq!((purchases, occasions), (1, 1));
    assert_eq!(last, NaiveDate::from_ymd_opt(2025, 6, 15));
}

#[test]
fn a_return_of_an_archived_receipt_takes_back_one_report_that_holds_all_of_it() {
    let lines = vec![
        archived(&sale(1, 0, 1, 1), 101),
        archived(&sale(1, 0, 2, 1), 101),
        // A later report has only one of the two articles, and an even later one is too late.
        archived(&sale(2, 5, 1, 1), 102),
        back(4, 9, Some(1), 1, 1),
        back(4, 9, Some(1), 2, 1),
        archived(&sale(3, 20, 1, 1), 103),
        archived(&sale(3, 20, 2, 1), 103),
    ];
    let figures = figures(lines);
    assert_eq!(figures.total_purchases, 2);
    assert_eq!(
        figures.first_purchase_at,
        Some(minute(5 * DAY) + TimeDelta::hours(9))
    );
}

#[test]
fn a_return_of_an_archived_receipt_leaves_other_receipts_and_dearer_sales_alone() {
    let cheap = |line: SaleLine| SaleLine {
        amount: Money::from_kopecks(line.amount.kopecks() / 2),
        ..line
    };
    let lines = vec![
        archived(&sale(1, 0, 1, 1), 101),
        cheap(archived(&sale(2, 3, 1, 1), 102)),
        sale(3, 5, 1, 1),
        back(4, 9, Some(99), 1, 1),
    ];
    let figures = figures(lines);
    assert_eq!(figures.total_purchases, 2);
    assert_eq!(
        figures.first_purchase_at,
        Some(minute(3 * DAY) + TimeDelta::hours(9))
    );
}

#[test]
fn a_return_at_another_till_may_come_before_the_report_of_its_sale() {
    let lines = vec![
        archived(&sale(1, 0, 1, 1), 101),
        SaleLine {
            purchased_at: minute(60),
            ..back(2, 0, Some(1), 1, 1)
        },
    ];
    assert_eq!(figures(lines).total_purchases, 0);
}
