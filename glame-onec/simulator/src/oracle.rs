//! What a client must arrive at: sums over the documents, without the query engine.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use uuid::Uuid;

use crate::document::{Document, DocumentKind, Line};
use crate::moment::Moment;
use crate::world::{Direction, World};

/// Which register of sales is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SalesRegister {
    /// `AccumulationRegister_Продажи`: the holder is the counterparty of the line.
    Sales,
    /// `AccumulationRegister_ПродажиПоДисконтнымКартам`: the owner of the card, else the card.
    CardSales,
}

/// Lines, money and documents of one holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Lines of the register.
    pub lines: u64,
    /// The sum of `Сумма`, in kopecks.
    pub kopecks: i64,
    /// Distinct recorders with at least one of these lines.
    pub documents: u64,
}

/// One line that a register has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterLine {
    /// The document that wrote it.
    pub recorder: Uuid,
    /// The set of that document, like `Document_ЧекККМ`.
    pub recorder_set: &'static str,
    /// The counterparty, where the register of sales names one.
    pub customer: Option<Uuid>,
    /// The card that was shown.
    pub card: Option<Uuid>,
    /// The owner of the card when the document was posted.
    pub owner: Option<Uuid>,
    /// Its `Сумма`.
    pub kopecks: i64,
}

/// The totals of one register.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterTotals {
    /// By counterparty or, for a card without an owner, by card.
    pub holders: BTreeMap<Uuid, Totals>,
    /// By card, where the line names one.
    pub cards: BTreeMap<Uuid, Totals>,
    /// Lines that name no holder.
    pub anonymous: Totals,
    /// All lines.
    pub all: Totals,
    /// Lines whose recorder opened balances: money, but no visit.
    pub opening: Totals,
}

/// The truth about a base at one moment; later changes do not reach it.
#[derive(Clone, Debug)]
pub struct Oracle {
    world: World,
}

impl Oracle {
    pub(crate) const fn new(world: World) -> Self {
        Self { world }
    }

    /// Sums one register over all time.
    #[must_use]
    pub fn totals(&self, register: SalesRegister) -> RegisterTotals {
        self.totals_where(register, |_| true)
    }

    /// Sums one register over the half-open range of local time.
    #[must_use]
    pub fn totals_between(
        &self,
        register: SalesRegister,
        from: NaiveDateTime,
        to: NaiveDateTime,
    ) -> RegisterTotals {
        let (from, to) = (Moment::from(from), Moment::from(to));
        self.totals_where(register, |document| {
            document.date >= from && document.date < to
        })
    }

    /// Gives every line of one register, document by document.
    pub fn each_line(&self, register: SalesRegister, mut visit: impl FnMut(RegisterLine)) {
        let filled = |id: Uuid| (!id.is_nil()).then_some(id);
        self.each_document(|document| {
            for line in register.lines_of(document) {
                visit(RegisterLine {
                    recorder: document.id,
                    recorder_set: document.kind.set_name(),
                    customer: filled(line.customer),
                    card: filled(line.card),
                    owner: filled(line.owner),
                    kopecks: line.kopecks,
                });
            }
        });
    }

    /// Kopecks of each holder on each local day.
    #[must_use]
    pub fn daily_kopecks(&self, register: SalesRegister) -> BTreeMap<(Uuid, NaiveDate), i64> {
        let mut days = BTreeMap::new();
        self.each_document(|document| {
            for line in register.lines_of(document) {
                if let Some(holder) = register.holder_of(line) {
                    *days.entry((holder, document.date.date())).or_default() += line.kopecks;
                }
            }
        });
        days
    }

    /// Hundredths of a point on each card at an instant, that instant included.
    #[must_use]
    pub fn bonus_balances(&self, as_of: NaiveDateTime) -> BTreeMap<Uuid, i64> {
        let as_of = Moment::from(as_of);
        let mut balances = BTreeMap::new();
        self.each_document(|document| {
            if !document.posted || !document.active {
                return;
            }
            for line in document.bonus.iter().filter(|line| line.period <= as_of) {
                let sign = if line.receipt { 1 } else { -1 };
                *balances.entry(line.card).or_default() +=
                    sign * (line.accrued - line.to_write_off);
            }
        });
        balances.retain(|_, balance| *balance != 0);
        balances
    }

    fn totals_where(
        &self,
        register: SalesRegister,
        counts: impl Fn(&Document) -> bool,
    ) -> RegisterTotals {
        let mut totals = RegisterTotals::default();
        self.each_document(|document| {
            if counts(document) {
                totals.add(register, document);
            }
        });
        totals
    }

    fn each_document(&self, mut visit: impl FnMut(&Document)) {
        for document in self
            .world
            .documents_between(Moment::MIN, Moment::MAX, Direction::Forward)
        {
            visit(&document);
        }
    }
}

impl SalesRegister {
    /// The lines that count now; written apart from the engine, so that one can check the other.
    fn lines_of(self, document: &Document) -> impl Iterator<Item = &Line> {
        let writes = document.posted
            && document.active
            && !document.archived
            && (self == Self::CardSales || document.kind != DocumentKind::OpeningBalances);
        document
            .lines
            .iter()
            .filter(move |line| writes && (self == Self::Sales || !line.card.is_nil()))
    }

    fn holder_of(self, line: &Line) -> Option<Uuid> {
        let named = match self {
            Self::Sales => [line.customer, Uuid::nil()],
            Self::CardSales => [line.owner, line.card],
        };
        named.into_iter().find(|id| !id.is_nil())
    }
}

impl RegisterTotals {
    fn add(&mut self, register: SalesRegister, document: &Document) {
        let mut seen_holders = Vec::new();
        let mut seen_cards = Vec::new();
        let (mut any, mut any_anonymous) = (false, false);
        for line in register.lines_of(document) {
            let holder = register.holder_of(line);
            let totals = if let Some(holder) = holder {
                let totals = self.holders.entry(holder).or_default();
                totals.documents += first_time(&mut seen_holders, holder);
                totals
            } else {
                self.anonymous.documents += u64::from(!any_anonymous);
                any_anonymous = true;
                &mut self.anonymous
            };
            totals.add(line);
            if !line.card.is_nil() {
                let card = self.cards.entry(line.card).or_default();
                card.documents += first_time(&mut seen_cards, line.card);
                card.add(line);
            }
            self.all.add(line);
            if document.kind == DocumentKind::OpeningBalances {
                self.opening.documents += u64::from(!any);
                self.opening.add(line);
            }
            any = true;
        }
        self.all.documents += u64::from(any);
    }
}

impl Totals {
    const fn add(&mut self, line: &Line) {
        self.lines += 1;
        self.kopecks += line.kopecks;
    }
}

/// 1 when the id was not seen in this document before.
fn first_time(seen: &mut Vec<Uuid>, id: Uuid) -> u64 {
    if seen.contains(&id) {
        return 0;
    }
    seen.push(id);
    1
}
