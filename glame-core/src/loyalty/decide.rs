use chrono::{DateTime, SubsecRound, Utc};

use super::birthday::is_another_year;
use super::command::Deed;
use super::draft::{Draft, Entry, Reach};
use super::{
    Actor, BIRTHDAY, Command, Explain, LotState, LoyaltyAccount, LoyaltyProgramme,
    LoyaltyTransaction, Posting, ReceiptFact, Refusal, ReturnFact, Sequence, Term, TransactionKind,
};
use crate::values::{DocumentRef, Money, PlainText, Points, TransactionId};

mod merge;
mod receipts;
mod reversals;

pub use merge::decide_merge;

/// Decides what a command does to an account: the transactions to write, or why there are none.
///
/// It is a pure function: the same account, posting, programme and instant give the same
/// transactions, ids and hashes included, so that a preview is the decision itself, not stored. A
/// command that has nothing to do (no lot to write off, no difference to reconcile) gives no
/// transaction and is no refusal.
///
/// Instants are cut to microseconds, which every database keeps; where `now` lies before the last transaction, that one's instant
/// holds.
///
/// ```
/// use glame_core::loyalty::{
///     Authority, Command, CustomerFacts, LoyaltyAccount, LoyaltyProgramme, Posting, Refusal, Request, Source,
///     decide,
/// };
/// use glame_core::testkit::fixtures;
/// use glame_core::values::Points;
///
/// let anna = fixtures::customer(1).id;
/// let spend = Posting {
///     user: anna,
///     key: None,
///     request: Request {
///         command: Command::Spend {
///             points: Points::try_new(100)?,
///             receipt: None,
///             receipt_total: None,
///         },
///         authority: Authority {
///             reason: fixtures::text("скидка"),
///             source: Source::Platform,
///             actor: None,
///         },
///     },
///     customer: CustomerFacts::default(),
/// };
/// let account = LoyaltyAccount::new(anna);
/// let decision = decide(&account, &spend, &LoyaltyProgramme::guide(), fixtures::minute(0));
/// assert!(matches!(decision, Err(Refusal::NotEnough { .. })));
/// # Ok::<(), glame_core::values::PointsError>(())
/// ```
///
/// # Errors
/// A [`Refusal`], which changes nothing.
pub fn decide(
    account: &LoyaltyAccount,
    posting: &Posting,
    programme: &LoyaltyProgramme,
    now: DateTime<Utc>,
) -> Result<Vec<LoyaltyTransaction>, Refusal> {
    let request = &posting.request;
    // Databases keep microseconds; a finer instant would not come back as it was hashed.
    let now = now.trunc_subsecs(6);
    let authority = &request.authority;
    let mut draft = Draft::new(account, authority, posting.key.as_ref(), programme, now);
    match &request.command {
        Command::Receipt(fact) => {
            let fact = ReceiptFact {
                purchased_at: fact.purchased_at.trunc_subsecs(6),
                ..*fact
            };
            receipts::receipt(&mut draft, &fact, &posting.customer)?;
        }
        Command::Return(fact) => {
            let fact = ReturnFact {
                returned_at: fact.returned_at.trunc_subsecs(6),
                ..*fact
            };
            receipts::return_line(&mut draft, &fact)?;
        }
        Command::Spend {
            points,
            receipt,
            receipt_total,
        } => {
            spend(&mut draft, *points, *receipt, *receipt_total)?;
            if let Some(receipt) = receipt {
                receipts::settle_spends_of(&mut draft, *receipt, *points)?;
            }
        }
        Command::Bonus {
            rule,
            occasion,
            points,
            available_from,
            expires_at,
        } => {
            let term = Term {
                available_from: available_from.map_or(draft.now, |at| at.trunc_subsecs(6)),
                expires_at: expires_at.map(|at| at.trunc_subsecs(6)),
                reinstated: false,
            };
            bonus(&mut draft, rule, occasion, *points, term)?;
        }
        Command::Adjust { points, note } => {
            adjust(&mut draft, authority.actor.as_ref(), *points, note)?;
        }
        Command::Expire => expire(&mut draft)?,
        Command::Reverse { transaction } => reversals::reverse(&mut draft, *transaction)?,
        Command::Reconcile { balance } => reconcile(&mut draft, *balance)?,
    }
    Ok(draft.into_transactions())
}

fn spend(
    draft: &mut Draft<'_>,
    points: Points,
    receipt: Option<DocumentRef>,
    receipt_total: Option<Money>,
) -> Result<(), Refusal> {
    if points == Points::ZERO {
        return Err(invalid("spend at least one point"));
    }
    let rules = &draft.programme.redemption;
    if points < rules.minimum {
        return Err(Refusal::BelowMinimum {
            asked: points,
            minimum: rules.minimum,
        });
    }
    if let Some(share) = rules.receipt_share {
        let Some(receipt_total) = receipt_total.filter(|total| *total >= Money::ZERO) else {
            return Err(invalid("tell the sum of the receipt that the points pay"));
        };
        // Whole points for whole roubles of the share, rounded down.
        let most = i128::from(receipt_total.kopecks()) * i128::from(share.parts())
            / (100 * i128::from(super::rate::PARTS));
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let most = Points::try_new(most).unwrap_or(Points::ZERO);
        if points > most {
            return Err(Refusal::AboveShare {
                asked: points,
                most,
                receipt_total,
            });
        }
    }
    let available = require(draft, points)?;
    let movement = draft.draw(points.get(), &[], Reach::Available);
    let deed = Deed::Once("spend", draft.next_sequence()?);
    let entry = Entry {
        kind: TransactionKind::Spend,
        receipt,
        reverses: None,
        effective_at: draft.now,
        natural_key: deed.natural_key(),
        explain: Explain::Spend {
            asked: points.get(),
            available: available.get(),
        },
    };
    draft.write(entry, movement)
}

/// Gives what is available if it is enough.
fn require(draft: &Draft<'_>, points: Points) -> Result<Points, Refusal> {
    let balance = draft.balance();
    if points > balance.available {
        return Err(Refusal::NotEnough {
            asked: points,
            available: balance.available,
            pending: balance.pending,
            debt: balance.debt,
        });
    }
    Ok(balance.available)
}

fn bonus(
    draft: &mut Draft<'_>,
    rule: &str,
    occasion: &str,
    points: Points,
    term: Term,
) -> Result<(), Refusal> {
    if points == Points::ZERO {
        return Err(invalid("give at least one point"));
    }
    if !super::programme::is_name(rule) {
        return Err(invalid(
            "name the rule with 1 to 50 characters of a-z, 0-9, - and _",
        ));
    }
    if !(1..=100).contains(&occasion.len()) || !occasion.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(invalid(
            "name the occasion with 1 to 100 printable characters of ASCII",
        ));
    }
    if term
        .expires_at
        .is_some_and(|expires_at| expires_at <= draft.now.max(term.available_from))
    {
        return Err(invalid(
            "points must expire after now and after they can be spent",
        ));
    }
    let natural_key = Deed::Bonus { rule, occasion }.natural_key();
    if let Some(by) = done_by(draft, &natural_key) {
        return Err(Refusal::AlreadyDone { by });
    }
    if rule == BIRTHDAY {
        let birthday = occasion
            .parse()
            .map_err(|_| invalid("the occasion of a birthday is its date, such as 2026-06-15"))?;
        if !is_another_year(birthday, &draft.account.header.birthdays) {
            return Err(Refusal::BirthdayGranted);
        }
    }
    let movement = draft.credit(points, term)?;
    let entry = Entry {
        kind: TransactionKind::Bonus,
        receipt: None,
        reverses: None,
        effective_at: draft.now,
        natural_key,
        explain: Explain::Bonus {
            rule: rule.to_owned(),
            occasion: occasion.to_owned(),
        },
    };
    draft.write(entry, movement)
}

fn adjust(
    draft: &mut Draft<'_>,
    actor: Option<&Actor>,
    points: i64,
    note: &PlainText,
) -> Result<(), Refusal> {
    match actor {
        None => return Err(Refusal::ActorMissing),
        Some(Actor::User(user)) if *user == draft.account.header.user => {
            return Err(Refusal::SelfAdjustment);
        }
        Some(Actor::User(_) | Actor::Named(_)) => {}
    }
    let size = points
        .checked_abs()
        .and_then(|size| Points::try_new(size).ok())
        .ok_or(Refusal::TooManyPoints)?;
    let available = draft.balance().available;
    let movement = match points {
        0 => return Err(invalid("adjust by at least one point")),
        1.. => draft.credit(size, Term::ordinary(draft.now))?,
        _ => {
            require(draft, size)?;
            draft.draw(size.get(), &[], Reach::Available)
        }
    };
    let deed = Deed::Once("adjust", draft.next_sequence()?);
    let entry = Entry {
        kind: TransactionKind::Manual,
        receipt: None,
        reverses: None,
        effective_at: draft.now,
        natural_key: deed.natural_key(),
        explain: Explain::Adjust {
            note: note.clone(),
            available: available.get(),
        },
    };
    draft.write(entry, movement)
}

/// Writes off what has expired, one transaction for each lot, oldest expiry first.
pub(super) fn expire(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let mut dead: Vec<(DateTime<Utc>, Sequence)> = draft
        .lots()
        .filter(|lot| lot.remaining > Points::ZERO && lot.state(draft.now) == LotState::Expired)
        .filter_map(|lot| Some((lot.term.expires_at?, lot.lot)))
        .collect();
    dead.sort_unstable();
    for (expired_at, lot) in dead {
        let movement = draft.draw_all(lot);
        let entry = Entry {
            kind: TransactionKind::Expire,
            receipt: None,
            reverses: None,
            effective_at: expired_at,
            natural_key: Deed::Expire(lot).natural_key(),
            explain: Explain::Expire { lot, expired_at },
        };
        draft.write(entry, movement)?;
    }
    Ok(())
}

/// Makes up the difference to what the shop's base says.
fn reconcile(draft: &mut Draft<'_>, source_balance: i64) -> Result<(), Refusal> {
    let balance = draft.balance();
    let ledger_balance = balance.available.get() + balance.pending.get() - balance.debt.get();
    let difference = source_balance
        .checked_sub(ledger_balance)
        .ok_or(Refusal::TooManyPoints)?;
    let movement = match difference {
        0 => return Ok(()),
        1.. => {
            let points = Points::try_new(difference).map_err(|_| Refusal::TooManyPoints)?;
            draft.credit(points, Term::ordinary(draft.now))?
        }
        _ => {
            let wanted = difference.checked_neg().ok_or(Refusal::TooManyPoints)?;
            let mut movement = draft.draw(wanted, &[], Reach::Unexpired);
            let drawn = movement.points().map_or(0, i64::abs);
            draft.owe(wanted - drawn, &mut movement)?;
            movement
        }
    };
    let deed = Deed::Once("reconcile", draft.next_sequence()?);
    let entry = Entry {
        kind: TransactionKind::Manual,
        receipt: None,
        reverses: None,
        effective_at: draft.now,
        natural_key: deed.natural_key(),
        explain: Explain::Reconcile {
            source_balance,
            ledger_balance,
        },
    };
    draft.write(entry, movement)
}

fn done_by(draft: &Draft<'_>, natural_key: &str) -> Option<Sequence> {
    draft.account.natural_keys.get(natural_key).copied()
}

fn find(draft: &Draft<'_>, id: TransactionId) -> Option<Sequence> {
    let transactions = draft.account.transactions.iter();
    transactions
        .filter(|(_, recalled)| recalled.id == id)
        .map(|(sequence, _)| *sequence)
        .next()
}

fn invalid(problem: &str) -> Refusal {
    Refusal::Invalid {
        problem: problem.to_owned(),
    }
}
