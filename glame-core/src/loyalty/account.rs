use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::records::{Debit, Recalled, ReceiptRecord};
use super::{
    ChainHash, Draw, Explain, Lot, LotState, LoyaltyTransaction, NewLot, Sequence, Spendable,
};
use crate::values::{DocumentRef, Points, TransactionId, UserId};

/// The points of one customer, as far as they are needed to decide.
///
/// It is what [`apply`](Self::apply) makes of the transactions from the first on; storage keeps
/// the [`AccountHeader`] and the [`Lot`]s so that not every decision reads them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoyaltyAccount {
    pub(super) header: AccountHeader,
    /// By number; closed lots are among them where a decision may need them.
    pub(super) lots: Vec<Lot>,
    pub(super) receipts: BTreeMap<DocumentRef, ReceiptRecord>,
    pub(super) debits: BTreeMap<Sequence, Debit>,
    pub(super) transactions: BTreeMap<Sequence, Recalled>,
    pub(super) natural_keys: BTreeMap<String, Sequence>,
}

/// What storage keeps of an account beside its lots and transactions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountHeader {
    /// Whose points these are.
    pub user: UserId,
    /// The number of the last transaction.
    pub sequence: Sequence,
    /// What all transactions come to.
    pub balance: i64,
    /// What the customer owes.
    pub debt: Points,
    /// What can be spent, as it was when the last transaction was written down; none where it is not
    /// kept. It follows from the lots, and is not among what a person is given of the account.
    #[serde(skip)]
    pub spendable: Option<Spendable>,
    /// When the last transaction was written down.
    pub recorded_at: Option<DateTime<Utc>>,
    /// The hash of the last transaction.
    pub hash: ChainHash,
    /// The birthdays that were granted.
    pub birthdays: Vec<NaiveDate>,
}

/// What a customer has at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoyaltyBalance {
    /// Whose points these are.
    pub user: UserId,
    /// The instant that it speaks of.
    pub as_of: DateTime<Utc>,
    /// What can be spent.
    pub available: Points,
    /// What can be spent later.
    pub pending: Points,
    /// What is owed; the next credits repay it. Above zero only while nothing is available.
    pub debt: Points,
    /// The available points that expire, soonest first.
    pub expiring: Vec<Expiring>,
}

/// So many points expire at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Expiring {
    /// The first instant at which they cannot be spent any more.
    pub at: DateTime<Utc>,
    /// How many.
    pub points: Points,
}

/// Tells how a transaction contradicts the ledger before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerFault {
    /// A transaction is missing, stands there twice, or belongs to someone else.
    #[error("it is not the one after transaction {after} of this user")]
    OutOfSequence {
        /// The transaction before it.
        after: Sequence,
    },
    /// It is tied to another transaction than the one before it.
    #[error("it is not tied to the transaction before it")]
    BrokenChain,
    /// What it says is not what was hashed when it was written.
    #[error("it was altered after it was written")]
    Altered,
    /// It was written down before the one before it.
    #[error("it is dated before the transaction before it")]
    BackInTime,
    /// Its points are not what it does to lots and debt.
    #[error("its points are not the sum of what it does to lots and debt")]
    Unbalanced,
    /// The balance that it tells is not the sum of all points.
    #[error("the balance it tells is {told}, the points come to {sum}")]
    WrongBalance {
        /// What it tells.
        told: i64,
        /// What the points come to.
        sum: i64,
    },
    /// It takes more from a lot than is there, puts back more than was taken, or names no lot.
    #[error("lot {0} does not hold what it takes or puts back")]
    Lot(Sequence),
    /// It repays more than is owed.
    #[error("it repays more than is owed")]
    Debt,
    /// The deed was done before.
    #[error("transaction {0} has done the same")]
    SameDeed(Sequence),
}

impl AccountHeader {
    /// Gives the header of a customer who has never had points.
    #[must_use]
    pub const fn new(user: UserId) -> Self {
        Self {
            user,
            sequence: Sequence::NONE,
            balance: 0,
            debt: Points::ZERO,
            spendable: None,
            recorded_at: None,
            hash: ChainHash::ZERO,
            birthdays: Vec::new(),
        }
    }
}

impl LoyaltyAccount {
    /// Gives the account of a customer who has never had points.
    #[must_use]
    pub const fn new(user: UserId) -> Self {
        Self::restore(AccountHeader::new(user), Vec::new())
    }

    /// Takes an account up where storage has kept it.
    ///
    /// `lots` holds at least the open ones, by number; what else a decision may need is told by
    /// [`recall`](Self::recall).
    #[must_use]
    pub const fn restore(header: AccountHeader, lots: Vec<Lot>) -> Self {
        Self {
            header,
            lots,
            receipts: BTreeMap::new(),
            debits: BTreeMap::new(),
            transactions: BTreeMap::new(),
            natural_keys: BTreeMap::new(),
        }
    }

    /// Makes an account of all its transactions, from the first on.
    ///
    /// # Errors
    /// The first transaction that contradicts those before it.
    pub fn replay<'a>(
        user: UserId,
        transactions: impl IntoIterator<Item = &'a LoyaltyTransaction>,
    ) -> Result<Self, (TransactionId, LedgerFault)> {
        let mut account = Self::new(user);
        for transaction in transactions {
            account
                .apply(transaction)
                .map_err(|fault| (transaction.id, fault))?;
        }
        Ok(account)
    }

    /// Gives what storage keeps.
    #[must_use]
    pub const fn header(&self) -> &AccountHeader {
        &self.header
    }

    /// Gives the lots, by number.
    #[must_use]
    pub fn lots(&self) -> &[Lot] {
        &self.lots
    }

    /// Gives what the customer has at an instant.
    #[must_use]
    pub fn balance(&self, now: DateTime<Utc>) -> LoyaltyBalance {
        balance_of(&self.header, &self.lots, now)
    }

    /// Adds a transaction to the account, after checking that it holds.
    ///
    /// # Errors
    /// How it contradicts the account; the account is then as it was.
    pub fn apply(&mut self, transaction: &LoyaltyTransaction) -> Result<(), LedgerFault> {
        let header = &self.header;
        let follows = header.sequence.next() == Some(transaction.sequence)
            && transaction.user == header.user
            && transaction.id == transaction.sequence.transaction_of(header.user);
        if !follows {
            return Err(LedgerFault::OutOfSequence {
                after: header.sequence,
            });
        }
        if transaction.previous_hash != header.hash {
            return Err(LedgerFault::BrokenChain);
        }
        if transaction.hash != transaction.compute_hash() {
            return Err(LedgerFault::Altered);
        }
        if header
            .recorded_at
            .is_some_and(|last| transaction.recorded_at < last)
        {
            return Err(LedgerFault::BackInTime);
        }
        if let Some(by) = self.natural_keys.get(&transaction.natural_key) {
            return Err(LedgerFault::SameDeed(*by));
        }
        let moved = moved(transaction.lot, &transaction.draws, transaction.debt_change)
            .ok_or(LedgerFault::Unbalanced)?;
        if moved != transaction.points {
            return Err(LedgerFault::Unbalanced);
        }
        let sum = header
            .balance
            .checked_add(transaction.points)
            .ok_or(LedgerFault::Unbalanced)?;
        if sum != transaction.balance_after {
            return Err(LedgerFault::WrongBalance {
                told: transaction.balance_after,
                sum,
            });
        }
        let debt = header
            .debt
            .get()
            .checked_add(transaction.debt_change)
            .and_then(|debt| Points::try_new(debt).ok())
            .ok_or(LedgerFault::Debt)?;
        self.move_lots(transaction)?;

        let header = &mut self.header;
        header.sequence = transaction.sequence;
        header.balance = sum;
        header.debt = debt;
        header.spendable = Some(Spendable::around(transaction.recorded_at, &self.lots));
        header.recorded_at = Some(transaction.recorded_at);
        header.hash = transaction.hash;
        header
            .birthdays
            .extend(new_birthday(&header.birthdays, &transaction.explain));
        self.recall(transaction);
        Ok(())
    }

    /// Makes up the lots after a transaction; all of them or none.
    fn move_lots(&mut self, transaction: &LoyaltyTransaction) -> Result<(), LedgerFault> {
        let expires = matches!(transaction.explain, Explain::Expire { .. });
        let mut touched: Vec<Lot> = Vec::with_capacity(transaction.draws.len() + 1);
        if let Some(new) = &transaction.lot {
            touched.push(new.open(transaction.sequence));
        }
        for draw in &transaction.draws {
            let place = touched.iter().position(|lot| lot.lot == draw.lot);
            let place = if let Some(place) = place {
                place
            } else {
                let lot = self.lot(draw.lot).ok_or(LedgerFault::Lot(draw.lot))?;
                touched.push(*lot);
                touched.len() - 1
            };
            let lot = &mut touched[place];
            lot.draw(draw.points, expires)
                .ok_or(LedgerFault::Lot(draw.lot))?;
        }
        for lot in touched {
            match self.lots.binary_search_by_key(&lot.lot, |known| known.lot) {
                Ok(place) => self.lots[place] = lot,
                Err(place) => self.lots.insert(place, lot),
            }
        }
        Ok(())
    }

    /// Finds a lot by its number.
    #[must_use]
    pub fn lot(&self, lot: Sequence) -> Option<&Lot> {
        let place = self.lots.binary_search_by_key(&lot, |known| known.lot);
        place.ok().and_then(|place| self.lots.get(place))
    }
}

/// Gives what a customer has, from the parts of an account.
pub(super) fn balance_of<'a>(
    header: &AccountHeader,
    lots: impl IntoIterator<Item = &'a Lot>,
    now: DateTime<Utc>,
) -> LoyaltyBalance {
    let (mut available, mut pending) = (0_i64, 0_i64);
    let mut expiring: BTreeMap<DateTime<Utc>, i64> = BTreeMap::new();
    for lot in lots {
        let points = lot.remaining.get();
        match lot.state(now) {
            LotState::Available => {
                available += points;
                if let Some(at) = lot.term.expires_at.filter(|_| points > 0) {
                    *expiring.entry(at).or_default() += points;
                }
            }
            LotState::Pending => pending += points,
            LotState::Expired => {}
        }
    }
    // Remainders of lots are never negative and their sum is checked when a credit is decided.
    let points = |points: i64| Points::try_new(points).unwrap_or(Points::ZERO);
    LoyaltyBalance {
        user: header.user,
        as_of: now,
        available: points(available),
        pending: points(pending),
        debt: header.debt,
        expiring: expiring
            .into_iter()
            .map(|(at, sum)| Expiring {
                at,
                points: points(sum),
            })
            .collect(),
    }
}

/// Gives what a lot, draws and a change of the debt do to the balance together.
pub(super) fn moved(lot: Option<NewLot>, draws: &[Draw], debt_change: i64) -> Option<i64> {
    let made = lot.map_or(0, |lot| lot.points.get());
    draws
        .iter()
        .try_fold(made, |sum, draw| sum.checked_add(draw.points))?
        .checked_sub(debt_change)
}

fn new_birthday(granted: &[NaiveDate], explain: &Explain) -> Option<NaiveDate> {
    let birthday = match explain {
        Explain::Receipt { birthday, .. } => *birthday,
        Explain::Bonus { rule, occasion } if rule == super::BIRTHDAY => occasion.parse().ok(),
        Explain::Bonus { .. }
        | Explain::Return { .. }
        | Explain::Restored { .. }
        | Explain::SpentAgain { .. }
        | Explain::Spend { .. }
        | Explain::Adjust { .. }
        | Explain::Expire { .. }
        | Explain::Reversed { .. }
        | Explain::Reconcile { .. }
        | Explain::Merge { .. } => None,
    };
    birthday.filter(|birthday| !granted.contains(birthday))
}
