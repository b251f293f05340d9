use chrono::{DateTime, SubsecRound, Utc};

use crate::loyalty::command::Deed;
use crate::loyalty::draft::{Draft, Entry, Movement, Reach};
use crate::loyalty::{
    Authority, Explain, Lot, LotState, LoyaltyAccount, LoyaltyProgramme, LoyaltyTransaction,
    Refusal, Sequence, TransactionKind,
};
use crate::values::{Points, UserId};

/// Decides how the points of one card move to another card of the same person.
///
/// Every lot moves as it is, with the day it can be spent from and the day it expires, and the debt
/// moves too; what has expired is written off first. The sums of both ledgers together stay what
/// they were. Where nothing is left to move there are no transactions, so that a merge may be
/// repeated. The first list belongs to `from`, the second to `into`.
///
/// # Errors
/// A [`Refusal`], which changes nothing.
pub fn decide_merge(
    from: &LoyaltyAccount,
    into: &LoyaltyAccount,
    authority: &Authority,
    programme: &LoyaltyProgramme,
    now: DateTime<Utc>,
) -> Result<(Vec<LoyaltyTransaction>, Vec<LoyaltyTransaction>), Refusal> {
    let (giver, taker) = (from.header.user, into.header.user);
    if giver == taker {
        return Err(super::invalid("name two different customers"));
    }
    // Both ledgers write the same instant, whichever of them is ahead.
    let last = from.header.recorded_at.max(into.header.recorded_at);
    let now = now.trunc_subsecs(6);
    let now = last.map_or(now, |last| last.max(now));
    let mut source = Draft::new(from, authority, None, programme, now);
    let mut target = Draft::new(into, authority, None, programme, now);
    super::expire(&mut source)?;
    let open: Vec<Lot> = source
        .lots()
        .filter(|lot| lot.remaining > Points::ZERO && lot.state(now) != LotState::Expired)
        .copied()
        .collect();
    for lot in open {
        let leaving = source.draw_all(lot.lot);
        write(&mut source, taker, None, leaving)?;
        let credit = target.credit(lot.remaining, lot.term)?;
        write(&mut target, giver, Some(lot.lot), credit)?;
    }
    let debt = from.header.debt.get();
    if debt > 0 {
        let mut repaid = Movement::default();
        source.owe(-debt, &mut repaid)?;
        write(&mut source, taker, None, repaid)?;
        let mut coming = target.draw(debt, &[], Reach::Unexpired);
        let drawn = coming.points().map_or(0, i64::abs);
        target.owe(debt - drawn, &mut coming)?;
        write(&mut target, giver, None, coming)?;
    }
    Ok((source.into_transactions(), target.into_transactions()))
}

fn write(
    draft: &mut Draft<'_>,
    other: UserId,
    lot: Option<Sequence>,
    movement: Movement,
) -> Result<(), Refusal> {
    let entry = Entry {
        kind: TransactionKind::Manual,
        receipt: None,
        reverses: None,
        effective_at: draft.now,
        natural_key: Deed::Once("merge", draft.next_sequence()?).natural_key(),
        explain: Explain::Merge { other, lot },
    };
    draft.write(entry, movement)
}
