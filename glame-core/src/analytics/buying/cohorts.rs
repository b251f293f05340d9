use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::numbering::index;
use super::{PurchaseDay, PurchaseDays};
use crate::values::Money;

/// Customers by the month of their first purchase, and how many of them came back month by month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CohortTable {
    /// The last day that counts. The month it lies in may be incomplete.
    pub as_of: NaiveDate,
    /// The cohorts, the earliest first; months in which nobody began are left out.
    pub cohorts: Vec<Cohort>,
}

/// The customers whose first purchase fell into one month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// The first day of the month.
    pub month: NaiveDate,
    /// How many customers began.
    pub customers: u32,
    /// What they did in that month, in the next one, and so on up to the month of the last day.
    pub months: Vec<CohortMonth>,
}

/// What a cohort did in one month of its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CohortMonth {
    /// Customers who bought.
    pub buyers: u32,
    /// Purchase days of all of them.
    pub purchases: u32,
    /// What these days brought; it stops at the limits of 64 bits of kopecks.
    pub revenue: Money,
}

impl Cohort {
    /// Gives the share of customers who bought in a month of their life; none for one to come.
    #[must_use]
    pub fn retention(&self, month: usize) -> Option<f64> {
        let buyers = self.months.get(month)?.buyers;
        (self.customers > 0).then(|| f64::from(buyers) / f64::from(self.customers))
    }
}

impl CohortTable {
    /// Tabulates all customers as of the end of a day.
    ///
    /// `first_date` is the day zero of the columns. None if the calendar does not reach so far.
    #[must_use]
    pub fn of(days: &PurchaseDays, first_date: NaiveDate, as_of: u32) -> Option<Self> {
        let mut collector = CohortCollector::until(first_date, as_of)?;
        for purchases in days.iter() {
            collector.add(purchases);
        }
        Some(collector.finish())
    }
}

/// Tabulates customer by customer, so that the shop need not be held.
#[derive(Debug, Clone)]
pub struct CohortCollector {
    as_of: u32,
    last_date: NaiveDate,
    /// The month of each day from zero on, counted from the year zero.
    months: Vec<i32>,
    cohorts: BTreeMap<i32, Cohort>,
}

impl CohortCollector {
    /// Begins with no customers; `as_of` is the last day that counts, `first_date` the day zero.
    ///
    /// None if the calendar does not reach so far.
    #[must_use]
    pub fn until(first_date: NaiveDate, as_of: u32) -> Option<Self> {
        Some(Self {
            as_of,
            last_date: first_date.checked_add_signed(TimeDelta::try_days(i64::from(as_of))?)?,
            months: months_of_days(first_date, as_of)?,
            cohorts: BTreeMap::new(),
        })
    }

    /// Adds the purchase days of a customer, ascending.
    pub fn add(&mut self, purchases: &[PurchaseDay]) {
        let Some(last_month) = self.months.last().copied() else {
            return;
        };
        let month_of = |day: u32| self.months.get(index(day)).copied().unwrap_or(last_month);
        let seen = purchases.partition_point(|purchase| purchase.day <= self.as_of);
        let Some(first) = purchases[..seen].first().map(|first| month_of(first.day)) else {
            return;
        };
        let cohort = self
            .cohorts
            .entry(first)
            .or_insert_with(|| Cohort::empty(first, last_month));
        cohort.customers = cohort.customers.saturating_add(1);
        let by_month =
            purchases[..seen].chunk_by(|one, other| month_of(one.day) == month_of(other.day));
        for of_month in by_month {
            let age = usize::try_from(month_of(of_month[0].day) - first).unwrap_or_default();
            if let Some(cell) = cohort.months.get_mut(age) {
                cell.add(of_month);
            }
        }
    }

    /// Gives the table.
    #[must_use]
    pub fn finish(self) -> CohortTable {
        CohortTable {
            as_of: self.last_date,
            cohorts: self.cohorts.into_values().collect(),
        }
    }
}

impl CohortMonth {
    fn add(&mut self, purchases: &[PurchaseDay]) {
        self.buyers = self.buyers.saturating_add(1);
        for purchase in purchases {
            self.purchases = self.purchases.saturating_add(1);
            let sum = self.revenue.kopecks().saturating_add(purchase.kopecks);
            self.revenue = Money::from_kopecks(sum);
        }
    }
}

impl Cohort {
    fn empty(month: i32, last_month: i32) -> Self {
        let life = usize::try_from(last_month - month).unwrap_or_default() + 1;
        let (year, month0) = (month.div_euclid(12), month.rem_euclid(12));
        let first = u32::try_from(month0)
            .ok()
            .and_then(|month0| NaiveDate::from_ymd_opt(year, month0 + 1, 1));
        Self {
            month: first.unwrap_or(NaiveDate::MIN),
            customers: 0,
            months: vec![CohortMonth::default(); life],
        }
    }
}

/// Gives the month of each day from the first on, counted from the year zero.
fn months_of_days(first_date: NaiveDate, as_of: u32) -> Option<Vec<i32>> {
    let last = first_date.checked_add_signed(TimeDelta::try_days(i64::from(as_of))?)?;
    Some(
        first_date
            .iter_days()
            .take_while(|date| *date <= last)
            .map(|date| {
                let month0 = i32::try_from(date.month0()).unwrap_or_default();
                date.year() * 12 + month0
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::PurchaseColumns;

    fn table(rows: &[(u32, u32, i64)], as_of: u32) -> CohortTable {
        let customer: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let day: Vec<u32> = rows.iter().map(|row| row.1).collect();
        let kopecks: Vec<i64> = rows.iter().map(|row| row.2).collect();
        let columns = PurchaseColumns::try_new(9, &customer, &day, &kopecks).unwrap();
        let first = NaiveDate::from_ymd_opt(2024, 11, 15).unwrap();
        CohortTable::of(&PurchaseDays::gather(columns, 1), first, as_of).unwrap()
    }

    #[test]
    fn cohorts_are_followed_month_by_month_over_the_turn_of_the_year() {
        // Day 0 is 15 November, 16 is 1 December, 47 is 1 January, 78 is 1 February.
        let rows = [
            (0, 0, 100),
            (0, 10, 50),
            (0, 47, 30),
            (1, 15, 200),
            (2, 16, 300),
            (2, 90, 70),
            (3, 95, 1),
        ];
        let table = table(&rows, 85);
        assert_eq!(table.as_of.to_string(), "2025-02-08");
        assert_eq!(table.cohorts.len(), 2, "the fourth customer comes later");
        let november = &table.cohorts[0];
        assert_eq!(november.month.to_string(), "2024-11-01");
        assert_eq!((november.customers, november.months.len()), (2, 4));
        let figures: Vec<(u32, u32, i64)> = november
            .months
            .iter()
            .map(|month| (month.buyers, month.purchases, month.revenue.kopecks()))
            .collect();
        assert_eq!(figures, [(2, 3, 350), (0, 0, 0), (1, 1, 30), (0, 0, 0)]);
        assert_eq!(november.retention(2), Some(0.5));
        assert_eq!(november.retention(4), None);
        assert_eq!(table.cohorts[1].months[0].buyers, 1);
    }

    #[test]
    fn nobody_makes_an_empty_table() {
        assert!(table(&[], 40).cohorts.is_empty());
    }
}
