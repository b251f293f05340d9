use std::collections::HashMap;

use chrono::NaiveDate;

use super::tally::Tally;
use super::{MetricsPolicy, local_date};
use crate::analytics::AsOf;
use crate::catalogue::Product;
use crate::purchases::{LineKind, PurchaseHistory, PurchaseLine};
use crate::values::{ProductRef, UserId};

/// A customer's purchases up to a day, read by the rules, with returns set against their sales.
///
/// All that is said of purchases is taken from it: [`PurchaseFigures`](super::PurchaseFigures),
/// [`CustomerDays`](super::CustomerDays), [`BoughtLine`](super::BoughtLine),
/// [`Occasions`](super::Occasions).
///
/// Money is the sum of all lines. Receipts and recency look at goods and services, preferences at
/// goods alone. A receipt counts as long as something of it was not brought back, article by
/// article. A return is set against the sale that it names; if that was archived into a shift
/// report, against the last report that holds as much; if it names none, or its name was archived
/// with it, against the last earlier sales of the article. A return that no sale covers lowers money
/// only. Receipts that were archived into one report are one receipt.
#[derive(Debug)]
pub struct SettledHistory<'a> {
    pub(super) user: UserId,
    pub(super) policy: &'a MetricsPolicy,
    /// Every line that counts as money, in the order of the history.
    pub(super) lines: Vec<SettledLine<'a>>,
    pub(super) tally: Tally<'a>,
}

/// A line with what the rules and the catalogue say of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SettledLine<'a> {
    pub(super) line: &'a PurchaseLine,
    /// The day of the shop's calendar.
    pub(super) day: NaiveDate,
    pub(super) product: Option<&'a Product>,
    pub(super) kind: LineKind,
    /// Whether it is dated after the day of the question: money, and nothing else.
    pub(super) is_future: bool,
}

impl<'a> SettledHistory<'a> {
    /// Reads a history as of an instant; lines after a day that is over do not count at all.
    #[must_use]
    pub fn of(
        history: &'a PurchaseHistory,
        catalogue: &'a HashMap<ProductRef, Product>,
        policy: &'a MetricsPolicy,
        as_of: AsOf,
    ) -> Self {
        let today = as_of.date(policy.zone);
        let mut tally = Tally::default();
        let mut lines = Vec::with_capacity(history.lines().len());
        for line in history.lines() {
            let day = local_date(line.purchased_at, policy.zone);
            let is_future = day > today;
            if is_future && matches!(as_of, AsOf::EndOf(_)) {
                continue;
            }
            let product = line.product.and_then(|product| catalogue.get(&product));
            let kind = policy.lines.kind_of(line, product);
            if !is_future {
                tally.add(line, kind, product);
            }
            lines.push(SettledLine {
                line,
                day,
                product,
                kind,
                is_future,
            });
        }
        tally.take_back();
        Self {
            user: history.user(),
            policy,
            lines,
            tally,
        }
    }

    /// Gives the lines that make purchases, or take them back.
    pub(super) fn purchases(&self) -> impl Iterator<Item = &SettledLine<'a>> {
        let makes = |line: &&SettledLine<'_>| !line.is_future && line.kind.makes_a_purchase();
        self.lines.iter().filter(makes)
    }
}
