use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::Step;
use super::step::Asked;
use crate::loyalty::{
    Authority, Command, CustomerFacts, Earning, Explain, LoyaltyAccount, LoyaltyBalance,
    LoyaltyProgramme, LoyaltyTransaction, Posting, Refusal, Request, Source, TransactionKind,
    decide,
};
use crate::testkit::fixtures;
use crate::values::{DocumentRef, Money, Points, TransactionId, UserId};

/// A property that does not hold, by its name in the documentation of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The property, such as `L1`.
    pub property: &'static str,
    /// What was seen.
    pub seen: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not hold: {}", self.property, self.seen)
    }
}

impl std::error::Error for Violation {}

/// A ledger that is run step by step, beside a twin that is swept after each step and beside what
/// the facts alone say.
#[derive(Debug)]
pub struct LedgerRun {
    programme: LoyaltyProgramme,
    now: DateTime<Utc>,
    ledger: Ledger,
    /// Sees the same commands, and writes off expired lots at every step.
    swept: Ledger,
    receipts: BTreeMap<DocumentRef, Facts>,
    /// The last answer at each instant.
    answers: BTreeMap<DateTime<Utc>, LoyaltyBalance>,
}

#[derive(Debug)]
struct Ledger {
    account: LoyaltyAccount,
    transactions: Vec<LoyaltyTransaction>,
}

/// What was told of a receipt, kept apart from the ledger.
#[derive(Debug, Default)]
struct Facts {
    told: bool,
    basis: Option<Money>,
    earning: Option<Earning>,
    returns: BTreeMap<(DocumentRef, u32), i128>,
    spent: i64,
}

fn violated(property: &'static str, seen: String) -> Violation {
    Violation { property, seen }
}

fn require(
    holds: bool,
    property: &'static str,
    seen: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(violated(property, seen()))
    }
}

impl Ledger {
    fn new(user: UserId) -> Self {
        Self {
            account: LoyaltyAccount::new(user),
            transactions: Vec::new(),
        }
    }

    fn nth(&self, nth: u16) -> Option<TransactionId> {
        let own: Vec<&LoyaltyTransaction> = self.deeds().collect();
        let place = usize::from(nth).checked_rem(own.len())?;
        own.get(place).map(|transaction| transaction.id)
    }

    /// Gives the transactions that are no write-offs.
    fn deeds(&self) -> impl Iterator<Item = &LoyaltyTransaction> {
        let transactions = self.transactions.iter();
        transactions.filter(|transaction| transaction.kind != TransactionKind::Expire)
    }

    fn post(
        &mut self,
        asked: Asked,
        programme: &LoyaltyProgramme,
        now: DateTime<Utc>,
    ) -> Result<Result<usize, Refusal>, Violation> {
        let posting = Posting {
            user: self.account.header().user,
            key: None,
            request: asked.request,
            customer: asked.customer,
        };
        let transactions = match decide(&self.account, &posting, programme, now) {
            Ok(transactions) => transactions,
            Err(refusal) => return Ok(Err(refusal)),
        };
        for transaction in &transactions {
            self.account.apply(transaction).map_err(|fault| {
                violated(
                    "L8",
                    format!("a decision does not apply: {fault}; {transaction:?}"),
                )
            })?;
        }
        let count = transactions.len();
        self.transactions.extend(transactions);
        Ok(Ok(count))
    }
}

impl LedgerRun {
    /// Begins with an account that has never had points.
    #[must_use]
    pub fn new(programme: LoyaltyProgramme) -> Self {
        let user = fixtures::customer(1).id;
        Self {
            programme,
            now: fixtures::minute(0),
            ledger: Ledger::new(user),
            swept: Ledger::new(user),
            receipts: BTreeMap::new(),
            answers: BTreeMap::new(),
        }
    }

    /// Gives the account as it is.
    #[must_use]
    pub const fn account(&self) -> &LoyaltyAccount {
        &self.ledger.account
    }

    /// Gives the transactions from the first on.
    #[must_use]
    pub fn transactions(&self) -> &[LoyaltyTransaction] {
        &self.ledger.transactions
    }

    /// Gives what a step would ask of the ledger as it is; none where only time passes.
    #[must_use]
    pub fn asked(&self, step: &Step) -> Option<(Request, CustomerFacts)> {
        let available = self.ledger.account.balance(self.now).available;
        let asked = step.asked(self.now, available, |nth| self.ledger.nth(nth))?;
        Some((asked.request, asked.customer))
    }

    /// Takes a step, and checks everything that must hold after it.
    ///
    /// # Errors
    /// The first property that does not hold.
    pub fn step(&mut self, step: &Step) -> Result<(), Violation> {
        if let Step::Wait { minutes } = step {
            self.now += TimeDelta::minutes(i64::from(*minutes));
        }
        let now = self.now;
        let before = self.ledger.account.balance(now);
        let asked = |ledger: &Ledger| step.asked(now, before.available, |nth| ledger.nth(nth));
        let (ours, twins) = (asked(&self.ledger), asked(&self.swept));
        if let (Some(ours), Some(twins)) = (ours, twins) {
            let command = ours.request.command.clone();
            let earlier = self.ledger.transactions.len();
            let outcome = self.ledger.post(ours, &self.programme, now)?;
            let twin = self.swept.post(twins, &self.programme, now)?;
            require(outcome.is_ok() == twin.is_ok(), "L3", || {
                format!("sweeping changes an answer: {outcome:?} or {twin:?}")
            })?;
            self.check_answer(&command, &before, &outcome)?;
            if outcome.is_ok() {
                self.note(&command, earlier);
            }
        }
        self.swept
            .post(sweep(), &self.programme, now)?
            .map_err(|refusal| violated("L3", format!("a sweep is refused: {refusal}")))?;
        self.check()?;
        self.answers.insert(now, self.ledger.account.balance(now));
        Ok(())
    }

    /// Checks what can only be told of the whole: replays, and answers of the past.
    ///
    /// # Errors
    /// The first property that does not hold.
    pub fn finish(&self) -> Result<(), Violation> {
        let user = self.ledger.account.header().user;
        let replayed = LoyaltyAccount::replay(user, &self.ledger.transactions)
            .map_err(|(id, fault)| violated("L8", format!("{id}: {fault}")))?;
        require(replayed == self.ledger.account, "L8", || {
            "a replay gives another account".to_owned()
        })?;
        for transaction in &self.ledger.transactions {
            check_explanation(transaction)?;
        }
        // A few instants stand for all: each replays the ledger up to it.
        let stride = (self.answers.len() / 4).max(1);
        for (instant, answer) in self.answers.iter().step_by(stride) {
            let known = self.ledger.transactions.iter();
            let then = known.filter(|transaction| transaction.recorded_at <= *instant);
            let account = LoyaltyAccount::replay(user, then)
                .map_err(|(id, fault)| violated("T1", format!("{id}: {fault}")))?;
            let balance = account.balance(*instant);
            require(balance == *answer, "T1", || {
                format!("answered {answer:?}, and now {balance:?} for the same instant")
            })?;
        }
        Ok(())
    }

    /// Checks that a spend of what there is succeeds, and of one more is refused.
    fn check_answer(
        &self,
        command: &Command,
        before: &LoyaltyBalance,
        outcome: &Result<usize, Refusal>,
    ) -> Result<(), Violation> {
        let Command::Spend { points, .. } = command else {
            return Ok(());
        };
        let allowed = *points >= self.programme.redemption.minimum
            && *points > Points::ZERO
            && *points <= before.available;
        let capped = matches!(outcome, Err(Refusal::AboveShare { .. }));
        require(outcome.is_ok() == allowed || capped, "L5", || {
            format!("{points} of {} points: {outcome:?}", before.available)
        })
    }

    /// Keeps the facts of a command that was carried out.
    fn note(&mut self, command: &Command, earlier: usize) {
        match command {
            Command::Receipt(fact) => {
                let new = &self.ledger.transactions[earlier..];
                let earning = new.iter().find_map(|transaction| {
                    let Explain::Receipt { settlement, .. } = &transaction.explain else {
                        return None;
                    };
                    Some(settlement.earning.clone())
                });
                let facts = self.receipts.entry(fact.receipt).or_default();
                facts.told |= earning.is_some();
                facts.basis = fact.basis;
                // The rate and the factors are those of the first time.
                facts.earning = facts.earning.take().or(earning);
            }
            Command::Return(fact) => {
                let facts = self.receipts.entry(fact.receipt).or_default();
                let kopecks = i128::from(fact.amount.kopecks());
                facts.returns.insert((fact.document, fact.line), kopecks);
            }
            Command::Spend {
                points,
                receipt: Some(receipt),
                ..
            } => self.receipts.entry(*receipt).or_default().spent += points.get(),
            Command::Reverse { transaction } => {
                let transactions = &self.ledger.transactions;
                let reversed = transactions.iter().find(|known| known.id == *transaction);
                if let Some((TransactionKind::Spend, Some(receipt), points)) =
                    reversed.map(|known| (known.kind, known.receipt, known.points))
                {
                    self.receipts.entry(receipt).or_default().spent += points;
                }
            }
            Command::Spend { receipt: None, .. }
            | Command::Bonus { .. }
            | Command::Adjust { .. }
            | Command::Expire
            | Command::Reconcile { .. } => {}
        }
    }

    fn check(&self) -> Result<(), Violation> {
        let account = &self.ledger.account;
        let header = account.header();
        let folded: i64 = self.ledger.transactions.iter().map(|one| one.points).sum();
        let open: i64 = account.lots().iter().map(|lot| lot.remaining.get()).sum();
        let held = open - header.debt.get();
        require(folded == held && folded == header.balance, "L1", || {
            format!(
                "transactions come to {folded}, lots and debt to {held}, the header says {}",
                header.balance
            )
        })?;
        for lot in account.lots() {
            let within = lot.remaining.get() + lot.expired.get() <= lot.original.get();
            require(within, "L2", || format!("{lot:?}"))?;
        }
        let balance = account.balance(self.now);
        let live = balance.available.get() + balance.pending.get();
        require(balance.debt == Points::ZERO || live == 0, "L3", || {
            format!("there is a debt beside points: {balance:?}")
        })?;
        for ahead in [0, 1_440, 30 * 1_440, 400 * 1_440] {
            let instant = self.now + TimeDelta::minutes(ahead);
            let (ours, twin) = (
                account.balance(instant),
                self.swept.account.balance(instant),
            );
            require(ours == twin, "L3", || {
                format!("sweeping changes a balance: {ours:?} or {twin:?}")
            })?;
        }
        self.receipts
            .iter()
            .try_for_each(|(receipt, facts)| self.check_receipt(*receipt, facts))
    }

    /// Compares what a receipt has come to with what its facts alone say.
    fn check_receipt(&self, receipt: DocumentRef, facts: &Facts) -> Result<(), Violation> {
        if !facts.told {
            return Ok(());
        }
        let (mut earned, mut restored, mut spent) = (0, 0, 0);
        let of_receipt = self
            .ledger
            .transactions
            .iter()
            .filter(|one| one.receipt == Some(receipt));
        for transaction in of_receipt {
            let explain = &transaction.explain;
            let points = transaction.points + untouched(explain);
            if transaction.kind == TransactionKind::Earn {
                earned += points;
            } else if matches!(
                explain,
                Explain::Spend { .. } | Explain::Restored { by_hand: true, .. }
            ) {
                spent -= points;
            } else {
                restored += points;
            }
        }
        let full = match (facts.basis, &facts.earning) {
            (Some(basis), Some(earning)) => earning.points_for(basis).map_or(0, Points::get),
            _ => 0,
        };
        let basis = facts.basis.map_or(0, |basis| i128::from(basis.kopecks()));
        let returned: i128 = facts.returns.values().sum::<i128>().min(basis);
        let target = full - rounded_share(full, returned, basis);
        require(earned == target, "R1", || {
            format!(
                "{receipt:?} has come to {earned} instead of {target}, {full} less the share {returned}/{basis}"
            )
        })?;
        require(spent == facts.spent, "R3", || {
            format!(
                "{receipt:?} was paid with {spent} points instead of {}",
                facts.spent
            )
        })?;
        let home = match facts.basis {
            Some(_) => rounded_share(spent, returned, basis),
            None => spent,
        };
        require(restored == home, "R3", || {
            format!("{restored} of {spent} points have come home from {receipt:?}, not {home}")
        })
    }
}

/// Gives what an explanation counts beside the points: what was waived counts as taken, what was
/// forfeited as given.
const fn untouched(explain: &Explain) -> i64 {
    if let Explain::Receipt { settlement, .. }
    | Explain::Return {
        settlement: Some(settlement),
        ..
    } = explain
    {
        return -settlement.lapsed - settlement.forgiven;
    }
    if let Explain::Restored {
        waived, forfeited, ..
    } = explain
    {
        return *waived + *forfeited;
    }
    0
}

/// Counts a share by another way than the ledger does: by the remainder of a division.
fn rounded_share(points: i64, part: i128, whole: i128) -> i64 {
    if part <= 0 {
        return 0;
    }
    let product = i128::from(points) * part;
    let (down, rest) = (product / whole, product % whole);
    i64::try_from(down + i128::from(rest * 2 >= whole)).unwrap()
}

/// Checks that a transaction survives its own JSON, and that its explanation counts the same again.
fn check_explanation(transaction: &LoyaltyTransaction) -> Result<(), Violation> {
    let json =
        serde_json::to_string(transaction).map_err(|error| violated("E5", error.to_string()))?;
    let read: LoyaltyTransaction =
        serde_json::from_str(&json).map_err(|error| violated("E5", error.to_string()))?;
    require(&read == transaction, "E5", || {
        format!("read back otherwise: {json}")
    })?;
    if let Explain::Receipt { settlement, .. }
    | Explain::Return {
        settlement: Some(settlement),
        ..
    } = &transaction.explain
    {
        let earning = &settlement.earning;
        let again = earning.points_for(earning.basis);
        require(again == Ok(earning.points), "E5", || {
            format!("{} points are explained, {again:?} counted", earning.points)
        })?;
    }
    Ok(())
}

fn sweep() -> Asked {
    Asked {
        request: Request {
            command: Command::Expire,
            authority: Authority {
                reason: fixtures::text("a sweep"),
                source: Source::Platform,
                actor: None,
            },
        },
        customer: CustomerFacts::default(),
    }
}
