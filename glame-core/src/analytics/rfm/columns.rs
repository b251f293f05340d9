use std::thread;

use super::{RfmCuts, RfmInputs, RfmScore};
use crate::values::Money;

/// Purchases of a whole shop as columns, one row a purchase, in no fixed order.
///
/// Customers are numbered from zero without gaps; days are days of the shop's calendar counted
/// from any first day.
#[derive(Debug, Clone, Copy)]
pub struct PurchaseColumns<'a> {
    customers: u32,
    customer: &'a [u32],
    day: &'a [u32],
    kopecks: &'a [i64],
}

/// Tells why columns do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PurchaseColumnsError {
    /// The columns are not of one length.
    #[error("the columns differ in length")]
    Lengths,
    /// A row names a customer beyond the last.
    #[error("row {row} names a customer that is not there")]
    UnknownCustomer {
        /// The first such row.
        row: usize,
    },
}

impl<'a> PurchaseColumns<'a> {
    /// Takes columns of equal length whose customers are below `customers`.
    pub fn try_new(
        customers: u32,
        customer: &'a [u32],
        day: &'a [u32],
        kopecks: &'a [i64],
    ) -> Result<Self, PurchaseColumnsError> {
        if customer.len() != day.len() || customer.len() != kopecks.len() {
            return Err(PurchaseColumnsError::Lengths);
        }
        // The maximum is found without a branch per row; the row is looked for only on failure.
        if customer
            .iter()
            .copied()
            .max()
            .is_some_and(|largest| largest >= customers)
        {
            let row = customer
                .iter()
                .position(|number| *number >= customers)
                .unwrap_or_default();
            return Err(PurchaseColumnsError::UnknownCustomer { row });
        }
        Ok(Self {
            customers,
            customer,
            day,
            kopecks,
        })
    }

    /// Gives how many customers there are.
    #[must_use]
    pub const fn customers(&self) -> u32 {
        self.customers
    }

    /// Gives the rows: customer, day, kopecks.
    pub fn rows(self) -> impl Iterator<Item = (u32, u32, i64)> + 'a {
        self.customer
            .iter()
            .zip(self.day)
            .zip(self.kopecks)
            .map(|((customer, day), kopecks)| (*customer, *day, *kopecks))
    }
}

/// What scores are made of, for a whole shop; the row is the customer's number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RfmColumns {
    rows: Vec<Aggregate>,
}

/// One customer while rows are added up; kept together, because rows come in no order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Aggregate {
    kopecks: i64,
    purchases: u32,
    /// The last day plus one; zero before the first purchase.
    last_day: u32,
}

impl RfmColumns {
    /// Adds up all purchases per customer on `threads` threads; the result does not depend on them.
    ///
    /// Sums beyond 64 bits of kopecks stop at the limit.
    #[must_use]
    pub fn aggregate(purchases: PurchaseColumns<'_>, threads: usize) -> Self {
        let customers = usize::try_from(purchases.customers).unwrap_or(usize::MAX);
        let mut rows = vec![Aggregate::default(); customers];
        if threads <= 1 || customers < 2 {
            add_rows(&mut rows, 0, purchases);
            return Self { rows };
        }
        // Each thread owns a range of customers and looks at all rows: reading a column in order
        // is cheap, and no two threads ever write to one place.
        let share = customers.div_ceil(threads);
        thread::scope(|scope| {
            for (index, part) in rows.chunks_mut(share).enumerate() {
                scope.spawn(move || add_rows(part, index * share, purchases));
            }
        });
        Self { rows }
    }

    /// Gives what the scores of one customer are made of; none for one who has not bought.
    #[must_use]
    pub fn inputs(&self, customer: u32, today: u32) -> Option<RfmInputs> {
        let row = self.rows.get(usize::try_from(customer).ok()?)?;
        row.inputs(today)
    }

    /// Scores every customer; none for those who have not bought.
    #[must_use]
    pub fn score(&self, cuts: &RfmCuts, today: u32) -> Vec<Option<RfmScore>> {
        self.rows
            .iter()
            .map(|row| row.inputs(today).map(|inputs| cuts.score(inputs)))
            .collect()
    }

    /// Gives what the scores are made of, of all who have bought: the population of quantiles.
    #[must_use]
    pub fn population(&self, today: u32) -> Vec<RfmInputs> {
        self.rows
            .iter()
            .filter_map(|row| row.inputs(today))
            .collect()
    }
}

impl Aggregate {
    fn inputs(&self, today: u32) -> Option<RfmInputs> {
        let last_day = self.last_day.checked_sub(1)?;
        Some(RfmInputs {
            recency_days: today.saturating_sub(last_day),
            frequency: self.purchases,
            monetary: Money::from_kopecks(self.kopecks),
        })
    }
}

fn add_rows(part: &mut [Aggregate], first: usize, purchases: PurchaseColumns<'_>) {
    for (customer, day, kopecks) in purchases.rows() {
        let Ok(customer) = usize::try_from(customer) else {
            continue;
        };
        if let Some(row) = part.get_mut(customer.wrapping_sub(first)) {
            row.kopecks = row.kopecks.saturating_add(kopecks);
            row.purchases = row.purchases.saturating_add(1);
            row.last_day = row.last_day.max(day.saturating_add(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::analytics::RfmPolicy;

    #[test]
    fn columns_must_fit_together() {
        assert_eq!(
            PurchaseColumns::try_new(2, &[0, 1], &[1], &[1, 1]).unwrap_err(),
            PurchaseColumnsError::Lengths
        );
        assert_eq!(
            PurchaseColumns::try_new(2, &[0, 2], &[1, 1], &[1, 1]).unwrap_err(),
            PurchaseColumnsError::UnknownCustomer { row: 1 }
        );
    }

    #[test]
    fn who_has_not_bought_is_not_scored() {
        let purchases = PurchaseColumns::try_new(2, &[1], &[7], &[500]).unwrap();
        let columns = RfmColumns::aggregate(purchases, 1);
        let scores = columns.score(&RfmPolicy::default().cuts(&[]).unwrap(), 10);
        assert_eq!(scores[0], None);
        assert_eq!(scores[1].unwrap().to_string(), "R5F1M1");
        assert_eq!(columns.inputs(1, 10).unwrap().recency_days, 3);
        assert_eq!(columns.inputs(9, 10), None);
        assert_eq!(columns.population(10).len(), 1);
    }

    proptest! {
        #[test]
        fn columns_add_up_as_one_by_one_whatever_the_threads(
            rows in prop::collection::vec((0_u32..40, 0_u32..900, -90_000_i64..900_000), 0..300),
            threads in 1_usize..5,
        ) {
            let customer: Vec<u32> = rows.iter().map(|row| row.0).collect();
            let day: Vec<u32> = rows.iter().map(|row| row.1).collect();
            let kopecks: Vec<i64> = rows.iter().map(|row| row.2).collect();
            let purchases = PurchaseColumns::try_new(40, &customer, &day, &kopecks).unwrap();
            let columns = RfmColumns::aggregate(purchases, threads);

            let mut expected: BTreeMap<u32, (u32, u32, i64)> = BTreeMap::new();
            for (customer, day, kopecks) in rows {
                let row = expected.entry(customer).or_default();
                *row = (row.0.max(day), row.1 + 1, row.2 + kopecks);
            }
            for customer in 0..40 {
                let found = columns.inputs(customer, 900).map(|inputs| {
                    (900 - inputs.recency_days, inputs.frequency, inputs.monetary.kopecks())
                });
                prop_assert_eq!(found, expected.get(&customer).copied());
            }
        }
    }
}
