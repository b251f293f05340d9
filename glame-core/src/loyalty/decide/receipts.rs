//! Receipts earn, returns take back, and the points that paid for returned goods come home.

use chrono::{DateTime, Utc};

use crate::loyalty::calendar::{end_of_day_after, start_of_day_after};
use crate::loyalty::command::Deed;
use crate::loyalty::draft::{Draft, Entry, Movement, Reach};
use crate::loyalty::explain::share;
use crate::loyalty::records::{Debit, ReceiptRecord, Undone};
use crate::loyalty::{
    CustomerFacts, Earning, Explain, LotState, ReceiptFact, Refusal, ReturnFact, ReturnPolicy,
    Sequence, Settlement, Term, TooManyPoints, TransactionKind,
};
use crate::values::{DocumentRef, Money, Points};

impl From<TooManyPoints> for Refusal {
    fn from(TooManyPoints: TooManyPoints) -> Self {
        Self::TooManyPoints
    }
}

/// Takes note of what a receipt is worth now, and settles its points.
pub(super) fn receipt(
    draft: &mut Draft<'_>,
    fact: &ReceiptFact,
    customer: &CustomerFacts,
) -> Result<(), Refusal> {
    if fact.basis.is_some_and(|basis| basis < Money::ZERO) {
        return Err(super::invalid(
            "a receipt is worth nothing or more; tell a return apart",
        ));
    }
    let known = draft.account.receipts.get(&fact.receipt).cloned();
    let mut record = known.unwrap_or_default();
    if record.versions > 0
        && record.basis == fact.basis
        && record.purchased_at == Some(fact.purchased_at)
    {
        return Err(Refusal::AlreadyDone { by: record.told_by });
    }
    if record.versions == 0 {
        if fact.basis.is_none() {
            return Ok(());
        }
        let day = fact
            .purchased_at
            .with_timezone(&draft.programme.zone)
            .date_naive();
        if let Some(starts_on) = draft.programme.starts_on.filter(|first| day < *first) {
            return Err(Refusal::BeforeProgramme { starts_on });
        }
    }
    let basis = fact.basis.unwrap_or_default();
    // The rate and the factors of the first day hold for ever.
    let earning = if let Some(first) = &record.earning {
        first.with_basis(basis)?
    } else {
        let birthdays = &draft.account.header.birthdays;
        let at = fact.purchased_at;
        Earning::of(basis, at, customer, birthdays, draft.programme)?
    };
    let birthday = (record.versions == 0).then(|| earning.birthday()).flatten();
    let version = record.versions;
    record.basis = fact.basis;
    record.purchased_at = Some(fact.purchased_at);
    let told = Told {
        receipt: fact.receipt,
        reverses: None,
        effective_at: fact.purchased_at,
        natural_key: Deed::Receipt(fact.receipt, version).natural_key(),
    };
    settle(draft, &record, earning, told, |settlement| {
        Explain::Receipt {
            fact: *fact,
            birthday,
            settlement,
        }
    })
}

/// Takes note of what a line of a return takes back now, and settles the points of its receipt.
pub(super) fn return_line(draft: &mut Draft<'_>, fact: &ReturnFact) -> Result<(), Refusal> {
    if fact.amount < Money::ZERO {
        return Err(super::invalid(
            "a return pays nothing or more back; leave the sign out",
        ));
    }
    let known = draft.account.receipts.get(&fact.receipt).cloned();
    let mut record = known.unwrap_or_default();
    let line = record.returns.get(&(fact.document, fact.line)).copied();
    match line {
        Some(line) if line.amount == fact.amount => {
            return Err(Refusal::AlreadyDone { by: line.told_by });
        }
        None if fact.amount == Money::ZERO => return Ok(()),
        Some(_) | None => {}
    }
    // A line brings its goods back once, whatever receipt it names.
    let elsewhere = draft.account.receipts.iter().find_map(|(receipt, other)| {
        let line = other.returns.get(&(fact.document, fact.line))?;
        (*receipt != fact.receipt && line.amount > Money::ZERO).then_some(line.told_by)
    });
    if let Some(by) = elsewhere {
        return Err(Refusal::AlreadyDone { by });
    }
    record.tell_return(fact, Sequence::NONE);
    let told = Told {
        receipt: fact.receipt,
        reverses: (record.versions > 0).then_some(record.first),
        effective_at: fact.returned_at,
        natural_key: Deed::Return(fact, line.map_or(0, |line| line.versions)).natural_key(),
    };
    let explain = |settlement| Explain::Return {
        fact: *fact,
        settlement,
    };
    match record.earning.clone() {
        Some(earning) => settle(draft, &record, earning, told, |settlement| {
            explain(Some(settlement))
        }),
        // The receipt is not known yet: it will be settled net when it comes.
        None => draft.write(told.entry(explain(None)), Movement::default()),
    }
}

/// Gives points back at once that have just paid for goods which were returned before.
pub(super) fn settle_spends_of(
    draft: &mut Draft<'_>,
    receipt: DocumentRef,
    spent: Points,
) -> Result<(), Refusal> {
    let Some(mut record) = draft.account.receipts.get(&receipt).cloned() else {
        return Ok(());
    };
    record.spent += spent.get();
    let restore = restorable(&record) - record.restored;
    if record.versions == 0 || restore <= 0 {
        return Ok(());
    }
    // The spend that was just written is the last to have paid: it comes back first.
    let Some(debit) = draft.last_debit() else {
        return Ok(());
    };
    let sequence = draft.last_sequence();
    restore_from(
        draft,
        receipt,
        vec![(sequence, debit)],
        restore,
        TransactionKind::Spend,
    )?;
    Ok(())
}

/// What a transaction says that takes note of a fact.
struct Told {
    receipt: DocumentRef,
    reverses: Option<Sequence>,
    effective_at: DateTime<Utc>,
    natural_key: String,
}

impl Told {
    fn entry(self, explain: Explain) -> Entry {
        Entry {
            kind: TransactionKind::Earn,
            receipt: Some(self.receipt),
            reverses: self.reverses,
            effective_at: self.effective_at,
            natural_key: self.natural_key,
            explain,
        }
    }
}

/// Writes down what a fact changes of the points of a receipt.
///
/// Points that paid come back first, so that no debt arises which they would repay.
fn settle(
    draft: &mut Draft<'_>,
    record: &ReceiptRecord,
    earning: Earning,
    told: Told,
    explain: impl FnOnce(Settlement) -> Explain,
) -> Result<(), Refusal> {
    let (receipt, effective_at) = (told.receipt, told.effective_at);
    let restore = restorable(record) - record.restored;
    if restore > 0 {
        let spends = debits_of(draft, &record.spends);
        restore_from(draft, receipt, spends, restore, TransactionKind::Spend)?;
    }

    let returned = record.returned();
    let earned = earning.points.get();
    let target = match record.basis {
        Some(basis) => earned - share(earned, returned, basis),
        None => 0,
    };
    let mut settlement = Settlement {
        earning,
        returned,
        target,
        settled_before: record.settled,
        lapsed: 0,
        forgiven: 0,
    };
    let difference = target - record.settled;
    let movement = if difference >= 0 {
        let take_backs = debits_of(draft, &record.take_backs);
        let kind = TransactionKind::Earn;
        let left = restore_from(draft, receipt, take_backs, difference, kind)?;
        let points = Points::try_new(left).map_err(|_| Refusal::TooManyPoints)?;
        draft.credit(points, receipt_term(draft, record))?
    } else {
        take_back(draft, record, -difference, &mut settlement)?
    };
    draft.write(told.entry(explain(settlement)), movement)?;

    if restore < 0 {
        spend_again(draft, record, receipt, -restore, effective_at)?;
    }
    Ok(())
}

/// Gives how many of the points that paid for a receipt belong to goods that came back.
fn restorable(record: &ReceiptRecord) -> i64 {
    match record.basis {
        Some(basis) => share(record.spent, record.returned(), basis),
        None => record.spent,
    }
}

/// Says when the points of a receipt can be spent.
fn receipt_term(draft: &Draft<'_>, record: &ReceiptRecord) -> Term {
    let rules = &draft.programme.earning;
    let zone = draft.programme.zone;
    let purchased_at = record.purchased_at.unwrap_or(draft.now);
    Term {
        available_from: start_of_day_after(purchased_at, rules.available_after_days, zone),
        expires_at: rules
            .expires_after_days
            .and_then(|days| end_of_day_after(purchased_at, days, zone)),
        reinstated: false,
    }
}

/// Takes points of a receipt back: from its own lots first, then as the policy says.
fn take_back(
    draft: &mut Draft<'_>,
    record: &ReceiptRecord,
    points: i64,
    settlement: &mut Settlement,
) -> Result<Movement, Refusal> {
    let policy = draft.programme.returns.policy;
    // What expired in the receipt's own lots is gone already and is not taken a second time.
    let lapsed: i64 = draft
        .lots()
        .filter(|lot| record.lots.contains(&lot.lot))
        .map(|lot| lot.lapsed(draft.now))
        .sum();
    let own: i64 = draft
        .lots()
        .filter(|lot| record.lots.contains(&lot.lot) && lot.state(draft.now) != LotState::Expired)
        .map(|lot| lot.remaining.get())
        .sum();
    settlement.lapsed = (points - own).clamp(0, (lapsed - record.lapsed).max(0));
    let wanted = points - settlement.lapsed;
    let mut movement = match policy {
        ReturnPolicy::OnlyPending => draft.draw_pending(wanted, &record.lots),
        ReturnPolicy::WithinBalance | ReturnPolicy::AllowDebt => {
            draft.draw(wanted, &record.lots, Reach::Unexpired)
        }
    };
    let drawn = movement.points().map_or(0, i64::abs);
    let missing = wanted - drawn;
    match policy {
        ReturnPolicy::OnlyPending | ReturnPolicy::WithinBalance => settlement.forgiven = missing,
        ReturnPolicy::AllowDebt => draft.owe(missing, &mut movement)?,
    }
    Ok(movement)
}

/// Pays a receipt again with points that had come back from a return that is no more.
fn spend_again(
    draft: &mut Draft<'_>,
    record: &ReceiptRecord,
    receipt: DocumentRef,
    points: i64,
    effective_at: DateTime<Utc>,
) -> Result<(), Refusal> {
    let mut movement = draft.draw(points, &[], Reach::Unexpired);
    let drawn = movement.points().map_or(0, i64::abs);
    draft.owe(points - drawn, &mut movement)?;
    let deed = Deed::Once("spend_again", draft.next_sequence()?);
    let entry = Entry {
        kind: TransactionKind::Spend,
        receipt: Some(receipt),
        reverses: None,
        effective_at,
        natural_key: deed.natural_key(),
        explain: Explain::SpentAgain {
            spent: record.spent,
            returned: restorable(record),
        },
    };
    draft.write(entry, movement)
}

fn debits_of(draft: &Draft<'_>, sequences: &[Sequence]) -> Vec<(Sequence, Debit)> {
    let debits = sequences.iter().filter_map(|sequence| {
        let debit = draft.account.debits.get(sequence)?;
        Some((*sequence, debit.clone()))
    });
    debits.collect()
}

/// Undoes up to `points` of debits, the last one first; gives what none of them accounts for.
fn restore_from(
    draft: &mut Draft<'_>,
    receipt: DocumentRef,
    debits: Vec<(Sequence, Debit)>,
    mut points: i64,
    kind: TransactionKind,
) -> Result<i64, Refusal> {
    for (of, mut debit) in debits.into_iter().rev() {
        let part = points.min(debit.left());
        if part == 0 {
            continue;
        }
        points -= part;
        restore(draft, Some(receipt), of, debit.undo(part), kind, false)?;
    }
    Ok(points)
}

/// Writes down that a part of a debit comes back.
pub(super) fn restore(
    draft: &mut Draft<'_>,
    receipt: Option<DocumentRef>,
    of: Sequence,
    undone: Undone,
    kind: TransactionKind,
    by_hand: bool,
) -> Result<(), Refusal> {
    let points = undone.points();
    let back = draft.put_back(undone)?;
    let deed = if by_hand {
        Deed::Reverse(of)
    } else {
        Deed::Once("restore", draft.next_sequence()?)
    };
    let entry = Entry {
        kind,
        receipt,
        reverses: Some(of),
        effective_at: draft.now,
        natural_key: deed.natural_key(),
        explain: Explain::Restored {
            of,
            points,
            waived: back.waived,
            forfeited: back.forfeited,
            by_hand,
        },
    };
    draft.write(entry, back.movement)
}
