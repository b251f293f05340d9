//! What an account remembers of earlier transactions, so that returns and reversals are exact.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::lot::Lot;
use super::{
    Earning, Explain, LoyaltyAccount, LoyaltyTransaction, NewLot, ReceiptFact, ReturnFact,
    Sequence, Settlement, Term, TransactionKind,
};
use crate::values::{DocumentRef, Money, Points, TransactionId};

/// What is known of a receipt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReceiptRecord {
    /// How the receipt earned when it became known; none before.
    pub(super) earning: Option<Earning>,
    /// The money paid; none while the receipt is unknown or once it is no more.
    pub(super) basis: Option<Money>,
    pub(super) purchased_at: Option<DateTime<Utc>>,
    /// The lines of returns, with what each takes back now.
    pub(super) returns: BTreeMap<(DocumentRef, u32), ReturnLine>,
    /// How many versions of the receipt have been told.
    pub(super) versions: u32,
    /// The transaction that told the first version.
    pub(super) first: Sequence,
    /// The transaction that told the last version.
    pub(super) told_by: Sequence,
    /// What the receipt has come to.
    pub(super) settled: i64,
    /// How many points of its lots had expired and were not taken back.
    pub(super) lapsed: i64,
    /// The lots that it made.
    pub(super) lots: Vec<Sequence>,
    /// The debits that took its points back.
    pub(super) take_backs: Vec<Sequence>,
    /// The points that paid for it.
    pub(super) spent: i64,
    /// How many of these have come back.
    pub(super) restored: i64,
    /// The debits that paid for it.
    pub(super) spends: Vec<Sequence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReturnLine {
    pub(super) amount: Money,
    pub(super) returned_at: DateTime<Utc>,
    pub(super) versions: u32,
    pub(super) told_by: Sequence,
}

/// A debit, and what of it may still come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Debit {
    pub(super) receipt: Option<DocumentRef>,
    /// What it took from lots, in the order of drawing.
    draws: Vec<(Sequence, i64)>,
    /// What it added to the debt.
    debt: i64,
    /// What it should have taken and did not.
    waived: i64,
}

/// The part of a debit that comes back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Undone {
    /// Lots and points, the last drawn first.
    pub(super) draws: Vec<(Sequence, i64)>,
    pub(super) debt: i64,
    pub(super) waived: i64,
}

/// What a reversal must know of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recalled {
    pub(super) id: TransactionId,
    pub(super) kind: TransactionKind,
    pub(super) points: i64,
    pub(super) receipt: Option<DocumentRef>,
    /// The lot that it made.
    pub(super) credit: Option<NewLot>,
    /// Whether it takes something back itself, or follows from other facts.
    pub(super) derived: bool,
}

impl Debit {
    /// Gives how many points may still come back.
    pub(super) fn left(&self) -> i64 {
        self.draws.iter().map(|(_, points)| points).sum::<i64>() + self.debt + self.waived
    }

    /// Takes back the last `points` of the debit: what was never taken first, then what became a
    /// debt, then the draws from the last to the first, as if less had been taken to begin with.
    pub(super) fn undo(&mut self, points: i64) -> Undone {
        let mut left = points;
        let mut part = |whole: &mut i64| {
            let part = left.min(*whole);
            *whole -= part;
            left -= part;
            part
        };
        let mut undone = Undone {
            waived: part(&mut self.waived),
            debt: part(&mut self.debt),
            draws: Vec::new(),
        };
        for (lot, points) in self.draws.iter_mut().rev() {
            let back = part(points);
            if back > 0 {
                undone.draws.push((*lot, back));
            }
        }
        self.draws.retain(|(_, points)| *points > 0);
        undone
    }
}

impl Undone {
    /// Gives how many points come back together.
    pub(super) fn points(&self) -> i64 {
        self.waived + self.debt + self.draws.iter().map(|(_, points)| points).sum::<i64>()
    }
}

impl ReceiptRecord {
    /// Gives the money that has been returned, at most what was paid.
    pub(super) fn returned(&self) -> Money {
        let basis = i128::from(self.basis.unwrap_or_default().kopecks());
        let sum: i128 = self
            .returns
            .values()
            .map(|line| i128::from(line.amount.kopecks()))
            .sum();
        Money::from_kopecks(i64::try_from(sum.clamp(0, basis.max(0))).unwrap_or_default())
    }
}

impl NewLot {
    /// Gives the lot before anything was drawn from it.
    pub(super) const fn open(&self, lot: Sequence) -> Lot {
        Lot {
            lot,
            original: self.points,
            remaining: self.points,
            expired: Points::ZERO,
            term: self.term,
        }
    }
}

impl Lot {
    /// Takes from the lot (negative) or puts back; none if it does not hold so much.
    pub(super) fn draw(&mut self, points: i64, expires: bool) -> Option<()> {
        let remaining = self.remaining.get().checked_add(points)?;
        if remaining > self.original.get() {
            return None;
        }
        self.remaining = Points::try_new(remaining).ok()?;
        if expires {
            self.expired = Points::try_new(self.expired.get().checked_sub(points)?).ok()?;
        }
        Some(())
    }
}

impl Term {
    /// Gives the term of points that are there at once and for ever.
    pub(super) const fn ordinary(available_from: DateTime<Utc>) -> Self {
        Self {
            available_from,
            expires_at: None,
            reinstated: false,
        }
    }
}

/// The facts that were told to an account.
#[derive(Debug, Default)]
pub(super) struct ToldFacts {
    pub(super) receipts: BTreeMap<DocumentRef, ReceiptFact>,
    pub(super) returns: Vec<ReturnFact>,
}

impl LoyaltyAccount {
    /// Gives the facts that were told of receipts, as far as they are recalled.
    pub(super) fn told_facts(&self) -> ToldFacts {
        let mut told = ToldFacts::default();
        for (receipt, record) in &self.receipts {
            if let Some(purchased_at) = record.purchased_at {
                let fact = ReceiptFact {
                    receipt: *receipt,
                    purchased_at,
                    basis: record.basis,
                };
                told.receipts.insert(*receipt, fact);
            }
            told.returns.extend(
                record
                    .returns
                    .iter()
                    .map(|((document, line), told)| ReturnFact {
                        document: *document,
                        line: *line,
                        receipt: *receipt,
                        returned_at: told.returned_at,
                        amount: told.amount,
                    }),
            );
        }
        told
    }

    /// Remembers a transaction that is part of the account already, for returns and reversals.
    ///
    /// Transactions are recalled in the order of their numbers.
    pub fn recall(&mut self, transaction: &LoyaltyTransaction) {
        let sequence = transaction.sequence;
        self.natural_keys
            .insert(transaction.natural_key.clone(), sequence);
        self.transactions.insert(
            sequence,
            Recalled {
                id: transaction.id,
                kind: transaction.kind,
                points: transaction.points,
                receipt: transaction.receipt,
                credit: transaction.lot,
                derived: is_derived(&transaction.explain),
            },
        );
        if let Some(debit) = debit_of(transaction) {
            self.debits.insert(sequence, debit);
        }
        match &transaction.explain {
            Explain::Receipt {
                fact, settlement, ..
            } => {
                let record = self.receipts.entry(fact.receipt).or_default();
                record.basis = fact.basis;
                record.purchased_at = Some(fact.purchased_at);
                if record.versions == 0 {
                    record.first = sequence;
                }
                record.versions += 1;
                record.told_by = sequence;
                record.settle(transaction, settlement);
            }
            Explain::Return { fact, settlement } => {
                let record = self.receipts.entry(fact.receipt).or_default();
                record.tell_return(fact, sequence);
                if let Some(settlement) = settlement {
                    record.settle(transaction, settlement);
                }
            }
            Explain::Restored {
                of,
                points,
                by_hand,
                ..
            } => self.recall_restored(*of, *points, *by_hand),
            Explain::SpentAgain { .. } => {
                if let Some(record) = self.record_of(transaction) {
                    record.restored += transaction.points;
                    record.spends.push(sequence);
                }
            }
            Explain::Spend { asked, .. } => {
                if let Some(record) = self.record_of(transaction) {
                    record.spent += asked;
                    record.spends.push(sequence);
                }
            }
            Explain::Bonus { .. }
            | Explain::Adjust { .. }
            | Explain::Expire { .. }
            | Explain::Reversed { .. }
            | Explain::Reconcile { .. }
            | Explain::Merge { .. } => {}
        }
    }

    fn record_of(&mut self, transaction: &LoyaltyTransaction) -> Option<&mut ReceiptRecord> {
        let receipt = transaction.receipt?;
        Some(self.receipts.entry(receipt).or_default())
    }

    fn recall_restored(&mut self, of: Sequence, points: i64, by_hand: bool) {
        let Some(debit) = self.debits.get_mut(&of) else {
            return;
        };
        let undone = debit.undo(points);
        let Some(record) = debit
            .receipt
            .and_then(|receipt| self.receipts.get_mut(&receipt))
        else {
            return;
        };
        if record.spends.contains(&of) {
            if by_hand {
                record.spent -= points;
            } else {
                record.restored += points;
            }
        } else {
            record.lapsed -= undone.waived.min(record.lapsed);
        }
    }
}

impl ReceiptRecord {
    pub(super) fn tell_return(&mut self, fact: &ReturnFact, told_by: Sequence) {
        let key = (fact.document, fact.line);
        let versions = self.returns.get(&key).map_or(0, |line| line.versions);
        let line = ReturnLine {
            amount: fact.amount,
            returned_at: fact.returned_at,
            versions: versions + 1,
            told_by,
        };
        self.returns.insert(key, line);
    }

    fn settle(&mut self, transaction: &LoyaltyTransaction, settlement: &Settlement) {
        self.earning = Some(settlement.earning.clone());
        self.settled = settlement.target;
        self.lapsed += settlement.lapsed;
        if transaction.lot.is_some() {
            self.lots.push(transaction.sequence);
        }
        if settlement.target < settlement.settled_before {
            self.take_backs.push(transaction.sequence);
        }
    }
}

/// Gives what of a transaction may come back later.
pub(super) fn debit_of(transaction: &LoyaltyTransaction) -> Option<Debit> {
    let waived = match &transaction.explain {
        Explain::Receipt { settlement, .. }
        | Explain::Return {
            settlement: Some(settlement),
            ..
        } => settlement.lapsed + settlement.forgiven,
        Explain::Spend { .. } | Explain::SpentAgain { .. } | Explain::Adjust { .. } => 0,
        Explain::Return {
            settlement: None, ..
        }
        | Explain::Restored { .. }
        | Explain::Bonus { .. }
        | Explain::Expire { .. }
        | Explain::Reversed { .. }
        | Explain::Reconcile { .. }
        | Explain::Merge { .. } => return None,
    };
    let own = transaction.sequence;
    let draws: Vec<(Sequence, i64)> = transaction
        .draws
        .iter()
        .filter(|draw| draw.points < 0 && draw.lot != own)
        .map(|draw| (draw.lot, -draw.points))
        .collect();
    let debit = Debit {
        receipt: transaction.receipt,
        draws,
        debt: transaction.debt_change.max(0),
        waived,
    };
    (debit.left() > 0).then_some(debit)
}

fn is_derived(explain: &Explain) -> bool {
    match explain {
        Explain::Spend { .. } | Explain::Bonus { .. } | Explain::Adjust { .. } => false,
        Explain::Receipt { .. }
        | Explain::Return { .. }
        | Explain::Restored { .. }
        | Explain::SpentAgain { .. }
        | Explain::Expire { .. }
        | Explain::Reversed { .. }
        | Explain::Reconcile { .. }
        | Explain::Merge { .. } => true,
    }
}
