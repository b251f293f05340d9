use glame_core::loyalty::RuleRef;
use glame_core::ports::{LotTotal, RuleTotal, StorageError};

use super::transaction::{kind, rule_version};
use crate::rows::Instant;
use crate::tables::{LOYALTY_ACCOUNTS, LOYALTY_TRANSACTIONS};

/// What all accounts come to; a sum comes in two parts, because it may pass 64 bits.
#[derive(Debug)]
pub(crate) struct AccountTotalsRow {
    pub(crate) accounts: i64,
    pub(crate) debt_high: i64,
    pub(crate) debt_low: i64,
}

impl AccountTotalsRow {
    /// Gives how many accounts have a transaction.
    pub(crate) fn accounts(&self) -> Result<u64, StorageError> {
        u64::try_from(self.accounts).map_err(LOYALTY_ACCOUNTS.corrupt("user_id"))
    }

    /// Gives what is owed together.
    pub(crate) fn debt(&self) -> i128 {
        joined(self.debt_high, self.debt_low)
    }
}

/// What the open lots of one expiry come to.
#[derive(Debug)]
pub(crate) struct LotTotalsRow {
    pub(crate) expires_at: Option<Instant>,
    pub(crate) pending: bool,
    pub(crate) high: i64,
    pub(crate) low: i64,
}

impl From<&LotTotalsRow> for LotTotal {
    fn from(row: &LotTotalsRow) -> Self {
        Self {
            expires_at: row.expires_at.map(|at| at.0),
            points: joined(row.high, row.low),
        }
    }
}

/// What the transactions of one rule and kind come to.
#[derive(Debug)]
pub(crate) struct RuleTotalsRow {
    pub(crate) rule: String,
    pub(crate) rule_version: i64,
    pub(crate) kind: String,
    pub(crate) transactions: i64,
    pub(crate) credited_high: i64,
    pub(crate) credited_low: i64,
    /// Negative, as the points of debits are.
    pub(crate) debited_high: i64,
    pub(crate) debited_low: i64,
}

impl TryFrom<RuleTotalsRow> for RuleTotal {
    type Error = StorageError;

    fn try_from(row: RuleTotalsRow) -> Result<Self, StorageError> {
        Ok(Self {
            rule: RuleRef {
                id: row.rule,
                version: rule_version(row.rule_version)?,
            },
            kind: kind(&row.kind)?,
            transactions: u64::try_from(row.transactions)
                .map_err(LOYALTY_TRANSACTIONS.corrupt("sequence"))?,
            credited: joined(row.credited_high, row.credited_low),
            debited: -joined(row.debited_high, row.debited_low),
        })
    }
}

/// Joins the sums of the quotients and of the remainders by 2^32.
fn joined(high: i64, low: i64) -> i128 {
    (i128::from(high) << 32) + i128::from(low)
}
