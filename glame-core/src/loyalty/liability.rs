use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::ports::{PointsOutstanding, RuleTotal};

/// What the shop owes its customers in points.
///
/// `outstanding + pending − debt`, and what has expired without being written off yet, is what all
/// transactions come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiabilityReport {
    /// The instant that it speaks of.
    pub as_of: DateTime<Utc>,
    /// Accounts that have a transaction.
    pub accounts: u64,
    /// Points that can be spent.
    pub outstanding: i128,
    /// Points that can be spent later.
    pub pending: i128,
    /// Points that customers owe.
    pub debt: i128,
    /// Outstanding and pending points that expire if nobody spends them, by the month in which they
    /// do so in the programme's zone, such as `2026-11`.
    pub expected_to_expire: BTreeMap<String, i128>,
    /// Outstanding and pending points that never expire.
    pub never_expire: i128,
    /// What was given and taken under each rule.
    pub rules: Vec<RuleTotal>,
}

impl LiabilityReport {
    /// Sorts the sums of storage by month.
    #[must_use]
    pub fn of(totals: PointsOutstanding, as_of: DateTime<Utc>, zone: Tz) -> Self {
        let sum = |lots: &[crate::ports::LotTotal]| lots.iter().map(|lot| lot.points).sum();
        let mut expected_to_expire: BTreeMap<String, i128> = BTreeMap::new();
        let mut never_expire = 0;
        for lot in totals.available.iter().chain(&totals.pending) {
            // The last instant of a lot lies before its expiry: the end of May is midnight of 1 June.
            let last = lot
                .expires_at
                .map(|at| (at - chrono::TimeDelta::microseconds(1)).with_timezone(&zone));
            match last {
                Some(last) => {
                    let month = format!("{:04}-{:02}", last.year(), last.month());
                    *expected_to_expire.entry(month).or_default() += lot.points;
                }
                None => never_expire += lot.points,
            }
        }
        let mut rules = totals.rules;
        rules.sort();
        Self {
            as_of,
            accounts: totals.accounts,
            outstanding: sum(&totals.available),
            pending: sum(&totals.pending),
            debt: totals.debt,
            expected_to_expire,
            never_expire,
            rules,
        }
    }
}
