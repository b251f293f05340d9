use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use chrono::{DateTime, Utc};

use super::IdempotencyKey;
use super::account::{balance_of, moved};
use super::records::{Debit, Undone, debit_of};
use super::{
    AccountHeader, Authority, Draw, Explain, Lot, LotState, LoyaltyAccount, LoyaltyBalance,
    LoyaltyProgramme, LoyaltyTransaction, NewLot, Refusal, RuleRef, Sequence, Term,
    TransactionKind,
};
use crate::values::{DocumentRef, Points};

/// The transactions of a decision while they are drawn up, on a copy of lots and header.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) account: &'a LoyaltyAccount,
    pub(super) programme: &'a LoyaltyProgramme,
    pub(super) now: DateTime<Utc>,
    authority: &'a Authority,
    key: Option<&'a IdempotencyKey>,
    header: AccountHeader,
    lots: Lots<'a>,
    transactions: Vec<LoyaltyTransaction>,
}

/// The lots of an account, with what a draft has changed of them.
#[derive(Debug)]
struct Lots<'a> {
    stored: &'a [Lot],
    changed: BTreeMap<Sequence, Lot>,
}

/// What a transaction does to lots and debt.
#[derive(Debug, Clone, Default)]
pub(super) struct Movement {
    lot: Option<NewLot>,
    draws: Vec<Draw>,
    debt_change: i64,
}

/// What a transaction is about.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: TransactionKind,
    pub(super) receipt: Option<DocumentRef>,
    pub(super) reverses: Option<Sequence>,
    pub(super) effective_at: DateTime<Utc>,
    pub(super) natural_key: String,
    pub(super) explain: Explain,
}

/// Which lots a debit may draw on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// What can be spent now.
    Available,
    /// What can be spent now or later.
    Unexpired,
}

/// What came of putting points back.
#[derive(Debug, Default)]
pub(super) struct PutBack {
    pub(super) movement: Movement,
    pub(super) waived: i64,
    pub(super) forfeited: i64,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        account: &'a LoyaltyAccount,
        authority: &'a Authority,
        key: Option<&'a IdempotencyKey>,
        programme: &'a LoyaltyProgramme,
        now: DateTime<Utc>,
    ) -> Self {
        let header = account.header.clone();
        Self {
            account,
            programme,
            // The clocks of two replicas may differ; a ledger never goes back in time.
            now: header.recorded_at.map_or(now, |last| last.max(now)),
            authority,
            key,
            lots: Lots {
                stored: &account.lots,
                changed: BTreeMap::new(),
            },
            header,
            transactions: Vec::new(),
        }
    }

    /// Gives the number of the transaction that was written last.
    pub(super) const fn last_sequence(&self) -> Sequence {
        self.header.sequence
    }

    /// Gives what of the transaction that was written last may come back.
    pub(super) fn last_debit(&self) -> Option<Debit> {
        self.transactions.last().and_then(debit_of)
    }

    pub(super) fn into_transactions(self) -> Vec<LoyaltyTransaction> {
        self.transactions
    }

    pub(super) fn balance(&self) -> LoyaltyBalance {
        balance_of(&self.header, self.lots.iter(), self.now)
    }

    pub(super) fn lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.iter()
    }

    /// Gives the number of the transaction that is written next.
    pub(super) fn next_sequence(&self) -> Result<Sequence, Refusal> {
        self.header.sequence.next().ok_or(Refusal::TooManyPoints)
    }

    /// Draws up to `most` points, `first` from these lots and then from all within reach.
    pub(super) fn draw(&mut self, most: i64, first: &[Sequence], reach: Reach) -> Movement {
        let within = self.lots.iter().filter(|lot| {
            let reached = match lot.state(self.now) {
                LotState::Available => true,
                LotState::Pending => reach == Reach::Unexpired,
                LotState::Expired => false,
            };
            reached && lot.remaining > Points::ZERO
        });
        let keys = within.map(|lot| Reverse((!first.contains(&lot.lot), lot.draw_key())));
        // Most debits draw on few lots of many: a heap gives these without sorting all.
        let mut order: BinaryHeap<_> = keys.collect::<Vec<_>>().into();
        let mut movement = Movement::default();
        let mut left = most;
        while left > 0
            && let Some(Reverse((_, key))) = order.pop()
        {
            left -= self.take(key.lot(), left, &mut movement);
        }
        movement
    }

    /// Draws up to `most` points from just these lots, if they cannot be spent yet.
    pub(super) fn draw_pending(&mut self, most: i64, from: &[Sequence]) -> Movement {
        let mut movement = Movement::default();
        let mut left = most;
        for lot in from {
            let pending = self
                .lots
                .get(*lot)
                .is_some_and(|lot| lot.state(self.now) == LotState::Pending);
            if pending {
                left -= self.take(*lot, left, &mut movement);
            }
        }
        movement
    }

    /// Draws all that is left of a lot.
    pub(super) fn draw_all(&mut self, lot: Sequence) -> Movement {
        let mut movement = Movement::default();
        self.take(lot, i64::MAX, &mut movement);
        movement
    }

    /// Adds to the debt what a debit could not draw.
    pub(super) fn owe(&mut self, points: i64, movement: &mut Movement) -> Result<(), Refusal> {
        self.change_debt(points, movement)
            .ok_or(Refusal::TooManyPoints)
    }

    /// Makes a lot of new points; a debt is repaid out of them.
    pub(super) fn credit(&mut self, points: Points, term: Term) -> Result<Movement, Refusal> {
        let mut movement = Movement::default();
        if points == Points::ZERO {
            return Ok(movement);
        }
        // What lots hold together must fit, so that every balance can be told.
        let held = i128::from(self.header.balance) + i128::from(self.header.debt.get());
        if held + i128::from(points.get()) > i128::from(i64::MAX / 4) {
            return Err(Refusal::TooManyPoints);
        }
        let new = NewLot { points, term };
        movement.lot = Some(new);
        let lot = self.next_sequence()?;
        self.lots.changed.insert(lot, new.open(lot));
        let repaid = points.get().min(self.header.debt.get());
        if repaid > 0 {
            self.move_lot(lot, -repaid, &mut movement);
            self.owe(-repaid, &mut movement)?;
        }
        Ok(movement)
    }

    /// Puts a part of a debit back: into the debt first, then into the very lots it came from.
    ///
    /// Points of a lot that has died since live on for the programme's days of grace, once.
    pub(super) fn put_back(&mut self, undone: Undone) -> Result<PutBack, Refusal> {
        let mut back = PutBack {
            waived: undone.waived,
            ..PutBack::default()
        };
        // What had become a debt and was repaid since comes back as ordinary points.
        let mut anew = self.repay(undone.debt, &mut back.movement)?;
        let mut grace = 0;
        for (lot, points) in undone.draws {
            let points = self.repay(points, &mut back.movement)?;
            if points == 0 {
                continue;
            }
            let Some(term) = self.lots.get(lot).map(|lot| lot.term) else {
                continue;
            };
            if term.state(self.now) != LotState::Expired {
                self.move_lot(lot, points, &mut back.movement);
            } else if term.reinstated || self.programme.returns.grace_days == 0 {
                back.forfeited += points;
            } else {
                grace += points;
            }
        }
        let term = if grace > 0 {
            Term {
                available_from: self.now,
                expires_at: self.days_from_now(self.programme.returns.grace_days),
                reinstated: true,
            }
        } else {
            Term::ordinary(self.now)
        };
        anew += grace;
        if anew > 0 {
            let points = Points::try_new(anew).map_err(|_| Refusal::TooManyPoints)?;
            let new = self.credit(points, term)?;
            back.movement.lot = new.lot;
            back.movement.draws.extend(new.draws);
            back.movement.debt_change += new.debt_change;
        }
        Ok(back)
    }

    /// Repays as much of the debt as there is, and gives what is left of the points.
    fn repay(&mut self, points: i64, movement: &mut Movement) -> Result<i64, Refusal> {
        let repaid = points.min(self.header.debt.get());
        self.owe(-repaid, movement)?;
        Ok(points - repaid)
    }

    /// Gives the instant that lies so many days of the programme's calendar ahead.
    pub(super) fn days_from_now(&self, days: u32) -> Option<DateTime<Utc>> {
        super::calendar::end_of_day_after(self.now, days, self.programme.zone)
    }

    /// Writes a transaction down.
    pub(super) fn write(&mut self, entry: Entry, movement: Movement) -> Result<(), Refusal> {
        let points = movement.points().ok_or(Refusal::TooManyPoints)?;
        let sequence = self.next_sequence()?;
        let balance = self
            .header
            .balance
            .checked_add(points)
            .ok_or(Refusal::TooManyPoints)?;
        let mut transaction = LoyaltyTransaction {
            id: sequence.transaction_of(self.header.user),
            user: self.header.user,
            sequence,
            kind: entry.kind,
            points,
            balance_after: balance,
            lot: movement.lot,
            draws: movement.draws,
            debt_change: movement.debt_change,
            reason: self.authority.reason.clone(),
            source: self.authority.source,
            actor: self.authority.actor.clone(),
            receipt: entry.receipt,
            reverses: entry.reverses,
            effective_at: entry.effective_at,
            recorded_at: self.now,
            rule: self.rule_of(&entry.explain),
            idempotency_key: self.key.cloned(),
            natural_key: entry.natural_key,
            explain: entry.explain,
            previous_hash: self.header.hash,
            hash: super::ChainHash::ZERO,
        };
        transaction.hash = transaction.compute_hash();
        self.header.sequence = sequence;
        self.header.balance = balance;
        self.header.recorded_at = Some(self.now);
        self.header.hash = transaction.hash;
        self.transactions.push(transaction);
        Ok(())
    }

    fn rule_of(&self, explain: &Explain) -> RuleRef {
        match explain {
            Explain::Bonus { rule, .. } => RuleRef {
                id: rule.clone(),
                version: self.programme.version,
            },
            Explain::Receipt { .. }
            | Explain::Return { .. }
            | Explain::Restored { .. }
            | Explain::SpentAgain { .. }
            | Explain::Spend { .. }
            | Explain::Adjust { .. }
            | Explain::Expire { .. }
            | Explain::Reversed { .. }
            | Explain::Reconcile { .. }
            | Explain::Merge { .. } => self.programme.rule(),
        }
    }

    /// Takes up to `most` points from a lot, and gives how many there were.
    fn take(&mut self, lot: Sequence, most: i64, movement: &mut Movement) -> i64 {
        let remaining = self.lots.get(lot).map_or(0, |lot| lot.remaining.get());
        let taken = remaining.min(most);
        self.move_lot(lot, -taken, movement);
        taken
    }

    fn move_lot(&mut self, lot: Sequence, points: i64, movement: &mut Movement) {
        let Some(mut moved) = self.lots.get(lot).copied() else {
            return;
        };
        // Callers take no more than remains and put back no more than was taken.
        if points != 0 && moved.draw(points, false).is_some() {
            self.lots.changed.insert(lot, moved);
            movement.draws.push(Draw { lot, points });
        }
    }

    fn change_debt(&mut self, points: i64, movement: &mut Movement) -> Option<()> {
        let debt = self.header.debt.get().checked_add(points)?;
        self.header.debt = Points::try_new(debt).ok()?;
        movement.debt_change = movement.debt_change.checked_add(points)?;
        Some(())
    }
}

impl Lots<'_> {
    fn get(&self, lot: Sequence) -> Option<&Lot> {
        self.changed.get(&lot).or_else(|| {
            let place = self.stored.binary_search_by_key(&lot, |stored| stored.lot);
            place.ok().and_then(|place| self.stored.get(place))
        })
    }

    fn iter(&self) -> impl Iterator<Item = &Lot> {
        let newest = self.stored.last().map_or(Sequence::NONE, |lot| lot.lot);
        let known = self
            .stored
            .iter()
            .map(|lot| self.changed.get(&lot.lot).unwrap_or(lot));
        known.chain(
            self.changed
                .range(newest..)
                .map(|(_, lot)| lot)
                .filter(move |lot| lot.lot > newest),
        )
    }
}

impl Movement {
    /// Gives what it changes of the balance.
    pub(super) fn points(&self) -> Option<i64> {
        moved(self.lot, &self.draws, self.debt_change)
    }
}
