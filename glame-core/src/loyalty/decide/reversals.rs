//! A person takes a spend, a bonus or an adjustment back.

use super::receipts::restore;
use crate::loyalty::command::Deed;
use crate::loyalty::draft::{Draft, Entry, Reach};
use crate::loyalty::{Explain, LotState, Refusal, ReturnPolicy, TransactionKind};
use crate::values::TransactionId;

pub(super) fn reverse(draft: &mut Draft<'_>, id: TransactionId) -> Result<(), Refusal> {
    let sequence = super::find(draft, id).ok_or(Refusal::UnknownTransaction)?;
    let Some(target) = draft.account.transactions.get(&sequence).copied() else {
        return Err(Refusal::UnknownTransaction);
    };
    if let Some(by) = super::done_by(draft, &Deed::Reverse(sequence).natural_key()) {
        return Err(Refusal::AlreadyDone { by });
    }
    if target.derived {
        return Err(not_reversible(
            "points of a receipt follow the receipt and its returns; change those, or adjust by hand",
        ));
    }
    if let Some(credit) = target.credit {
        return take_credit_back(draft, sequence, target.kind, credit.points.get());
    }
    let came_home = target
        .receipt
        .and_then(|receipt| draft.account.receipts.get(&receipt))
        .is_some_and(|record| record.restored != 0);
    let debit = draft.account.debits.get(&sequence).cloned();
    let Some(mut debit) = debit.filter(|debit| !came_home && debit.left() == -target.points) else {
        return Err(not_reversible(
            "goods of its receipt came back, and its points with them; adjust the rest by hand",
        ));
    };
    let undone = debit.undo(debit.left());
    restore(draft, target.receipt, sequence, undone, target.kind, true)
}

/// Takes the points of a credit back: from its own lot first, then as the policy of returns says.
fn take_credit_back(
    draft: &mut Draft<'_>,
    sequence: crate::loyalty::Sequence,
    kind: TransactionKind,
    points: i64,
) -> Result<(), Refusal> {
    let own = draft.account.lot(sequence).copied();
    let lapsed = own.map_or(0, |lot| lot.lapsed(draft.now)).min(points);
    let pending = own.is_some_and(|lot| lot.state(draft.now) == LotState::Pending);
    let wanted = points - lapsed;
    let policy = draft.programme.returns.policy;
    let mut movement = match policy {
        ReturnPolicy::OnlyPending if !pending => {
            return Err(not_reversible(
                "its points can be spent already, and the programme takes back only those that cannot",
            ));
        }
        ReturnPolicy::OnlyPending => draft.draw_pending(wanted, &[sequence]),
        ReturnPolicy::WithinBalance | ReturnPolicy::AllowDebt => {
            draft.draw(wanted, &[sequence], Reach::Unexpired)
        }
    };
    let missing = wanted - movement.points().map_or(0, i64::abs);
    let mut waived = lapsed;
    match policy {
        ReturnPolicy::OnlyPending | ReturnPolicy::WithinBalance => waived += missing,
        ReturnPolicy::AllowDebt => draft.owe(missing, &mut movement)?,
    }
    let entry = Entry {
        kind,
        receipt: None,
        reverses: Some(sequence),
        effective_at: draft.now,
        natural_key: Deed::Reverse(sequence).natural_key(),
        explain: Explain::Reversed {
            of: sequence,
            waived,
        },
    };
    draft.write(entry, movement)
}

fn not_reversible(advice: &str) -> Refusal {
    Refusal::NotReversible {
        advice: advice.to_owned(),
    }
}
