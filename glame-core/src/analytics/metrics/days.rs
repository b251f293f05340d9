use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::{SettledHistory, local_date, saturated};
use crate::analytics::buying::{MoneySoFar, PurchaseDay};
use crate::values::Money;

/// When one customer bought, and what was paid: what the buying models look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerDays {
    /// The days with a receipt of which something was kept and paid for, ascending; the worth of a
    /// day is what was paid for what was kept.
    pub days: Vec<PurchaseDay>,
    /// All lines of every kind, as [`total_spent`](super::PurchaseFigures::total_spent) counts them.
    pub money: MoneySoFar,
    /// Documents dated in the future. They make no day.
    pub future_receipts: usize,
}

impl CustomerDays {
    /// Takes the days from a history; days are numbered by [`day_number`].
    #[must_use]
    pub fn of(history: &SettledHistory<'_>) -> Self {
        let (mut sold, mut returned) = (0_i128, 0_i128);
        let mut future = BTreeSet::new();
        for line in &history.lines {
            let kopecks = i128::from(line.line.amount.kopecks());
            sold += kopecks.max(0);
            returned -= kopecks.min(0);
            if line.is_future {
                future.insert(line.line.document.document);
            }
        }
        let mut worth: BTreeMap<u32, i128> = BTreeMap::new();
        for sale in history.tally.kept() {
            let day = day_number(local_date(sale.purchased_at, history.policy.zone));
            *worth.entry(day).or_default() += sale.kept_kopecks();
        }
        let paid = worth.into_iter().filter(|(_, kopecks)| *kopecks > 0);
        Self {
            days: paid
                .map(|(day, kopecks)| PurchaseDay {
                    day,
                    kopecks: saturated(kopecks),
                })
                .collect(),
            money: MoneySoFar {
                sold: Money::from_kopecks(saturated(sold)),
                returned: Money::from_kopecks(saturated(returned)),
            },
            future_receipts: future.len(),
        }
    }
}

/// Numbers the days of the calendar: 1 January of the year 1 is day 1.
///
/// ```
/// use chrono::NaiveDate;
/// use glame_core::analytics::day_number;
///
/// let day = NaiveDate::from_ymd_opt(1, 1, 31).expect("a day");
/// assert_eq!(day_number(day), 31);
/// ```
#[must_use]
pub fn day_number(date: NaiveDate) -> u32 {
    u32::try_from(date.num_days_from_ce()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analytics::{AsOf, MetricsPolicy, PurchaseFigures};
    use crate::purchases::{DocumentKind, PurchaseHistory, PurchaseLine};
    use crate::testkit::fixtures;
    use crate::users::Holder;
    use crate::values::Quantity;

    fn line(document: u128, days: i64, product: u128, pieces: i64, roubles: i64) -> PurchaseLine {
        let holder = Holder::Counterparty(fixtures::counterparty(1));
        let sale = fixtures::sale_line(document, holder, fixtures::minute(days * 1_440), roubles);
        PurchaseLine {
            document: sale.document,
            line_number: u32::try_from(product).unwrap(),
            purchased_at: sale.purchased_at,
            product: Some(fixtures::product_ref(product)),
            variant: None,
            store: sale.store,
            quantity: Quantity::from_thousandths(pieces * 1_000),
            amount: sale.amount,
            returns: None,
        }
    }

    fn days(lines: Vec<PurchaseLine>, as_of: AsOf) -> (CustomerDays, PurchaseFigures) {
        let user = Holder::Counterparty(fixtures::counterparty(1)).user_id();
        let history = PurchaseHistory::new(user, lines);
        let catalogue = [1, 2, 3]
            .map(|n| (fixtures::product_ref(n), fixtures::product(n)))
            .into();
        let policy = MetricsPolicy::default();
        let settled = SettledHistory::of(&history, &catalogue, &policy, as_of);
        (CustomerDays::of(&settled), PurchaseFigures::of(&settled))
    }

    #[test]
    fn what_came_back_lowers_the_day_of_the_sale() {
        let named = PurchaseLine {
            returns: Some(fixtures::document(DocumentKind::Receipt, 1).document),
            ..line(2, 5, 1, -1, -500)
        };
        let lines = vec![
            line(1, 0, 1, 1, 500),
            line(1, 0, 2, 1, 300),
            named,
            // Half of it comes back without a name.
            line(3, 9, 3, 2, 400),
            line(4, 10, 3, -1, -200),
            // All of it comes back: no day.
            line(5, 20, 3, 1, 100),
            line(6, 21, 3, -1, -100),
        ];
        let (seen, figures) = days(lines, AsOf::Now(fixtures::minute(60 * 1_440)));
        let first = seen.days[0].day;
        let worth: Vec<(u32, i64)> = seen
            .days
            .iter()
            .map(|day| (day.day - first, day.kopecks / 100))
            .collect();
        assert_eq!(worth, [(0, 300), (9, 200)]);
        assert_eq!(seen.money.net(), figures.total_spent);
        assert_eq!(seen.money.returned, Money::from_kopecks(80_000));
    }

    #[test]
    fn the_future_is_money_and_no_day() {
        let lines = || vec![line(1, 0, 1, 1, 500), line(2, 30, 1, 1, 700)];
        let now = AsOf::Now(fixtures::minute(10 * 1_440));
        let (seen, figures) = days(lines(), now);
        assert_eq!((seen.days.len(), seen.future_receipts), (1, 1));
        assert_eq!(seen.money.net(), figures.total_spent);
        let past = AsOf::EndOf(now.date(chrono_tz::Europe::Moscow));
        let (seen, _) = days(lines(), past);
        assert_eq!((seen.days.len(), seen.future_receipts), (1, 0));
        assert_eq!(seen.money.net(), Money::from_kopecks(50_000));
    }

    proptest! {
        #[test]
        fn days_agree_with_the_figures(
            rows in prop::collection::vec(
                (1_u128..9, 0_i64..40, 1_u128..4, -2_i64..4, 1_i64..900), 0..25,
            ),
        ) {
            let lines: Vec<_> = rows
                .iter()
                .enumerate()
                .filter(|(_, (.., pieces, _))| *pieces != 0)
                .map(|(number, (document, day, product, pieces, roubles))| PurchaseLine {
                    line_number: u32::try_from(number).unwrap(),
                    ..line(document * 100 + u128::try_from(*day).unwrap(), *day, *product, *pieces,
                        roubles * pieces.signum())
                })
                .collect();
            let (seen, figures) = days(lines, AsOf::Now(fixtures::minute(60 * 1_440)));
            prop_assert_eq!(seen.money.net(), figures.total_spent);
            prop_assert!(seen.days.len() <= usize::try_from(figures.total_purchases).unwrap());
            prop_assert!(seen.days.windows(2).all(|pair| pair[0].day < pair[1].day));
        }
    }
}
