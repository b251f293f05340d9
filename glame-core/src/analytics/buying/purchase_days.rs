use std::thread;

use super::PurchaseSummary;
use super::float;
use super::numbering::index;
use crate::analytics::PurchaseColumns;
use crate::values::Money;

/// A day on which a customer bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurchaseDay {
    /// The day of the shop's calendar, counted as in the columns.
    pub day: u32,
    /// What the day brought, net; above zero.
    pub kopecks: i64,
}

/// What a customer has paid and got back, by the rows of the columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MoneySoFar {
    /// The sum of what was paid; it stops at the limits of 64 bits.
    pub sold: Money,
    /// The sum of what was given back, as a positive amount.
    pub returned: Money,
}

/// The purchase days of all customers: what every analysis of buying starts from.
///
/// A row is a receipt, net of what came back of it. All rows of a day are one purchase; a day whose
/// sum is not above zero is none, so that a return never counts as a visit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurchaseDays {
    /// Where the days of each customer end.
    ends: Vec<usize>,
    days: Vec<PurchaseDay>,
    money: Vec<MoneySoFar>,
}

impl MoneySoFar {
    /// Gives what is left of the sales.
    #[must_use]
    pub const fn net(self) -> Money {
        Money::from_kopecks(self.sold.kopecks().saturating_sub(self.returned.kopecks()))
    }

    fn add(&mut self, kopecks: i64) {
        let (side, amount) = if kopecks < 0 {
            (&mut self.returned, kopecks.saturating_neg())
        } else {
            (&mut self.sold, kopecks)
        };
        *side = Money::from_kopecks(side.kopecks().saturating_add(amount));
    }
}

impl PurchaseDays {
    /// Gathers the rows of each customer on `threads` threads; rows may come in any order.
    #[must_use]
    pub fn gather(purchases: PurchaseColumns<'_>, threads: usize) -> Self {
        let customers = index(purchases.customers());
        let share = customers.div_ceil(threads.max(1)).max(1);
        // Each thread owns a range of customers and looks at all rows, as in `RfmColumns`.
        let parts: Vec<Self> = thread::scope(|scope| {
            let workers: Vec<_> = (0..customers)
                .step_by(share)
                .map(|first| {
                    let count = share.min(customers - first);
                    scope.spawn(move || gather_range(purchases, first, count))
                })
                .collect();
            workers
                .into_iter()
                .map(|worker| match worker.join() {
                    Ok(part) => part,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        });
        let mut all = Self::default();
        for part in parts {
            let before = all.days.len();
            all.ends.extend(part.ends.iter().map(|end| before + end));
            all.days.extend(part.days);
            all.money.extend(part.money);
        }
        all
    }

    /// Gives how many customers there are, those without a purchase among them.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.ends.len()
    }

    /// Gives the purchase days of a customer, ascending; none for a number that is not there.
    #[must_use]
    pub fn of(&self, customer: usize) -> &[PurchaseDay] {
        let Some(&end) = self.ends.get(customer) else {
            return &[];
        };
        let start = customer
            .checked_sub(1)
            .map_or(0, |before| self.ends[before]);
        &self.days[start..end]
    }

    /// Gives the purchase days of every customer, by number.
    pub fn iter(&self) -> impl Iterator<Item = &[PurchaseDay]> {
        (0..self.customers()).map(|customer| self.of(customer))
    }

    /// Gives what a customer has paid and got back.
    #[must_use]
    pub fn money(&self, customer: usize) -> MoneySoFar {
        self.money.get(customer).copied().unwrap_or_default()
    }

    /// Sums up every customer as of the end of a day, by number; none for those who had not bought.
    #[must_use]
    pub fn summaries(&self, as_of: u32) -> Vec<Option<PurchaseSummary>> {
        self.iter().map(|days| summarise(days, as_of)).collect()
    }
}

/// Sums up the purchase days of one customer, ascending, as of the end of a day.
///
/// Later days are not looked at. None if there was no purchase until then.
#[must_use]
pub fn summarise(days: &[PurchaseDay], as_of: u32) -> Option<PurchaseSummary> {
    let seen = days.partition_point(|purchase| purchase.day <= as_of);
    let [first, repeats @ ..] = days.get(..seen)? else {
        return None;
    };
    let weeks = |day: u32| f64::from(day.saturating_sub(first.day)) / 7.0;
    let kopecks: i128 = repeats.iter().map(|day| i128::from(day.kopecks)).sum();
    let last = repeats.last().map_or(first.day, |last| last.day);
    let mean = if repeats.is_empty() {
        0.0
    } else {
        let sum = i64::try_from(kopecks).unwrap_or(i64::MAX);
        float::of_kopecks(sum) / float::of_count(repeats.len())
    };
    let count = u32::try_from(repeats.len()).unwrap_or(u32::MAX);
    PurchaseSummary::try_new(count, weeks(last), weeks(as_of), mean).ok()
}

fn gather_range(purchases: PurchaseColumns<'_>, first: usize, count: usize) -> PurchaseDays {
    let mine = |customer: u32| {
        let customer = index(customer).wrapping_sub(first);
        (customer < count).then_some(customer)
    };
    let mut starts = vec![0_usize; count + 1];
    for (customer, _, _) in purchases.rows() {
        if let Some(customer) = mine(customer) {
            starts[customer + 1] += 1;
        }
    }
    for customer in 0..count {
        starts[customer + 1] += starts[customer];
    }
    let empty = PurchaseDay { day: 0, kopecks: 0 };
    let mut rows = vec![empty; starts[count]];
    let mut money = vec![MoneySoFar::default(); count];
    let mut next = starts.clone();
    for (customer, day, kopecks) in purchases.rows() {
        if let Some(customer) = mine(customer) {
            rows[next[customer]] = PurchaseDay { day, kopecks };
            next[customer] += 1;
            money[customer].add(kopecks);
        }
    }
    let mut gathered = PurchaseDays {
        ends: Vec::with_capacity(count),
        days: Vec::with_capacity(rows.len()),
        money,
    };
    for customer in 0..count {
        let rows = &mut rows[starts[customer]..starts[customer + 1]];
        rows.sort_unstable_by_key(|row| row.day);
        for of_day in rows.chunk_by(|one, other| one.day == other.day) {
            let kopecks: i128 = of_day.iter().map(|row| i128::from(row.kopecks)).sum();
            if kopecks > 0 {
                gathered.days.push(PurchaseDay {
                    day: of_day[0].day,
                    kopecks: i64::try_from(kopecks).unwrap_or(i64::MAX),
                });
            }
        }
        gathered.ends.push(gathered.days.len());
    }
    gathered
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gather(rows: &[(u32, u32, i64)], threads: usize) -> PurchaseDays {
        let customer: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let day: Vec<u32> = rows.iter().map(|row| row.1).collect();
        let kopecks: Vec<i64> = rows.iter().map(|row| row.2).collect();
        let columns = PurchaseColumns::try_new(5, &customer, &day, &kopecks).unwrap();
        PurchaseDays::gather(columns, threads)
    }

    #[test]
    fn receipts_of_a_day_are_one_purchase_and_returns_are_none() {
        let days = gather(
            &[
                (1, 10, 500),
                (1, 24, 300),
                (1, 24, 100),
                (1, 31, -200),
                (1, 38, 700),
                (1, 38, -700),
                (3, 5, -100),
            ],
            1,
        );
        let summary = summarise(days.of(1), 45).unwrap();
        assert_eq!(
            summary,
            PurchaseSummary::try_new(1, 2.0, 5.0, 400.0).unwrap()
        );
        assert_eq!(summarise(days.of(3), 45), None, "a return is no purchase");
        assert_eq!(days.money(1).net(), Money::from_kopecks(700));
        assert_eq!(days.money(3).net(), Money::from_kopecks(-100));
        assert_eq!(days.summaries(45).len(), 5);
    }

    #[test]
    fn what_came_later_is_not_there_yet() {
        let days = gather(&[(0, 7, 100), (0, 14, 100), (0, 21, 300)], 1);
        assert_eq!(summarise(days.of(0), 6), None);
        let summary = summarise(days.of(0), 14).unwrap();
        assert_eq!(
            summary,
            PurchaseSummary::try_new(1, 1.0, 1.0, 100.0).unwrap()
        );
    }

    proptest! {
        #[test]
        fn neither_order_nor_threads_change_anything(
            rows in prop::collection::vec((0_u32..5, 0_u32..60, -500_i64..900), 0..80),
            threads in 2_usize..4,
        ) {
            let mut reversed = rows.clone();
            reversed.reverse();
            prop_assert_eq!(gather(&rows, 1), gather(&reversed, threads));
        }
    }
}
