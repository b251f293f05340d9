use serde::Serialize;

use super::{LoyaltyTransaction, TransactionKind};
use crate::values::{PeriodRange, UserId};

/// The transactions of a stretch of time, with what there was before and after.
///
/// It goes by when transactions were written down: `opening + Σ points = closing`, and the closing
/// of one statement is the opening of the next. Points that have expired count until they are
/// written off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Whose points these are.
    pub user: UserId,
    /// The stretch of time, half-open.
    pub range: PeriodRange,
    /// What all transactions before it come to.
    pub opening: i64,
    /// The transactions, in the order in which they were written down.
    pub lines: Vec<LoyaltyTransaction>,
    /// What all transactions up to its end come to.
    pub closing: i64,
}

impl Statement {
    /// Takes the transactions of a ledger, from the first on.
    #[must_use]
    pub fn of(
        user: UserId,
        range: PeriodRange,
        transactions: impl IntoIterator<Item = LoyaltyTransaction>,
    ) -> Self {
        let mut statement = Self {
            user,
            range,
            opening: 0,
            lines: Vec::new(),
            closing: 0,
        };
        for transaction in transactions {
            let at = transaction.recorded_at;
            if range.from().is_some_and(|from| at < from) {
                statement.opening = transaction.balance_after;
                statement.closing = transaction.balance_after;
            } else if range.contains(at) {
                statement.closing = transaction.balance_after;
                statement.lines.push(transaction);
            }
        }
        statement
    }

    /// Adds up the points of one kind.
    #[must_use]
    pub fn total(&self, kind: TransactionKind) -> i64 {
        let of_kind = self.lines.iter().filter(|line| line.kind == kind);
        of_kind.map(|line| line.points).sum()
    }
}
