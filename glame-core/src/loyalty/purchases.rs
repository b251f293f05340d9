//! What the purchases of a customer say to the ledger.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    Authority, Command, CustomerFacts, LoyaltyAccount, Posting, ReceiptFact, Request, ReturnFact,
};
use crate::purchases::{DocumentKind, PurchaseHistory, PurchaseLine};
use crate::values::{DocumentRef, Money, ProductRef, VariantRef};

/// How long after a return the report of its shift may be dated.
const SHIFT: TimeDelta = TimeDelta::days(1);

/// The reference after all others.
const LAST: DocumentRef = DocumentRef::from_uuid(Uuid::max());

/// The receipts and returns of a customer as the ledger looks at them.
///
/// A receipt is a document that sells; its basis is the money paid for what it gives away. What it
/// or another document takes back is set against receipts:
///
/// 1. a line that names a receipt of the history is set against that;
/// 2. any other, article by article and as far as the money goes, against the last receipts of the
///    article before it, a report of the same shift included;
/// 3. what is left lowers no points: nothing says which receipt had earned them.
///
/// Opening balances, corrections by hand and the costs of a month earn nothing. All of it is a
/// function of the stored history, so that the order in which the shop's base tells it does not
/// matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurchaseFacts {
    receipts: BTreeMap<DocumentRef, Sold>,
    returns: BTreeMap<(DocumentRef, DocumentRef), TakenBack>,
    /// What had come together by each instant at which something did, oldest first.
    sums: Vec<(DateTime<Utc>, Sums)>,
}

/// What a customer had bought by an instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    /// Receipts that were kept, at least in part.
    receipts: u32,
    /// What those come to after their returns.
    net: i128,
    /// All money, opening balances included.
    spent: i128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sold {
    purchased_at: DateTime<Utc>,
    kind: DocumentKind,
    kopecks: i128,
    returned: i128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TakenBack {
    returned_at: DateTime<Utc>,
    kopecks: i128,
}

/// An article in a document, with the money of it that was not taken back yet.
type Remaining = BTreeMap<
    (Option<ProductRef>, Option<VariantRef>),
    BTreeMap<(DateTime<Utc>, DocumentRef), i128>,
>;

impl PurchaseFacts {
    /// Reads a history.
    #[must_use]
    pub fn of(history: &PurchaseHistory) -> Self {
        let mut facts = Self::default();
        let mut remaining = Remaining::new();
        let mut back: Vec<&PurchaseLine> = Vec::new();
        for line in history.lines() {
            let kopecks = i128::from(line.amount.kopecks());
            facts.sums.push((
                line.purchased_at,
                Sums {
                    spent: kopecks,
                    ..Sums::default()
                },
            ));
            if !earns(line.document.kind) {
                continue;
            }
            if kopecks < 0 {
                back.push(line);
                continue;
            }
            // A correction that adds something belongs to the sale that it corrects.
            let corrects = line.document.kind == DocumentKind::SaleCorrection;
            let sale = line.returns.filter(|_| corrects);
            let receipt = sale.unwrap_or(line.document.document);
            facts.add_sale(line, receipt, &mut remaining);
        }
        back.sort_by_key(|line| (line.purchased_at, line.document, line.line_number));
        // What names its receipt is set against that before anything is guessed.
        let (named, unnamed): (Vec<&PurchaseLine>, Vec<&PurchaseLine>) =
            back.into_iter().partition(|line| {
                line.returns
                    .is_some_and(|receipt| facts.receipts.contains_key(&receipt))
            });
        for line in named {
            if let Some(receipt) = line.returns {
                facts.set_against(
                    line,
                    receipt,
                    -i128::from(line.amount.kopecks()),
                    &mut remaining,
                );
            }
        }
        for line in unnamed {
            facts.set_against_last(line, &mut remaining);
        }
        facts.sum_up();
        facts
    }

    /// Turns what came at each instant into what had come by it.
    fn sum_up(&mut self) {
        let kept = self.receipts.values().filter_map(|sold| {
            let net = sold.kopecks - sold.returned;
            let sums = Sums {
                receipts: 1,
                net,
                spent: 0,
            };
            (net > 0).then_some((sold.purchased_at, sums))
        });
        self.sums.extend(kept);
        self.sums.sort_by_key(|(at, _)| *at);
        let mut sum = Sums::default();
        for (_, came) in &mut self.sums {
            sum.receipts = sum.receipts.saturating_add(came.receipts);
            sum.net += came.net;
            sum.spent += came.spent;
            *came = sum;
        }
    }

    fn add_sale(&mut self, line: &PurchaseLine, receipt: DocumentRef, remaining: &mut Remaining) {
        let kopecks = i128::from(line.amount.kopecks());
        let sold = self.receipts.entry(receipt).or_insert(Sold {
            purchased_at: line.purchased_at,
            kind: line.document.kind,
            kopecks: 0,
            returned: 0,
        });
        sold.kopecks += kopecks;
        *remaining
            .entry((line.product, line.variant))
            .or_default()
            .entry((sold.purchased_at, receipt))
            .or_default() += kopecks;
    }

    fn set_against(
        &mut self,
        line: &PurchaseLine,
        receipt: DocumentRef,
        kopecks: i128,
        remaining: &mut Remaining,
    ) {
        if let Some(sold) = self.receipts.get_mut(&receipt) {
            sold.returned += kopecks;
        }
        let taken = self
            .returns
            .entry((line.document.document, receipt))
            .or_insert(TakenBack {
                returned_at: line.purchased_at,
                kopecks: 0,
            });
        taken.kopecks += kopecks;
        if let Some(sold) = self.receipts.get(&receipt)
            && let Some(sales) = remaining.get_mut(&(line.product, line.variant))
            && let Some(left) = sales.get_mut(&(sold.purchased_at, receipt))
        {
            *left -= kopecks.min(*left);
        }
    }

    fn set_against_last(&mut self, line: &PurchaseLine, remaining: &mut Remaining) {
        let mut kopecks = -i128::from(line.amount.kopecks());
        let Some(sales) = remaining.get(&(line.product, line.variant)) else {
            return;
        };
        let report = line.purchased_at + SHIFT;
        let mut parts: Vec<(DocumentRef, i128)> = Vec::new();
        for ((sold_at, receipt), left) in sales.range(..(report, LAST)).rev() {
            let within = *sold_at <= line.purchased_at
                || self
                    .receipts
                    .get(receipt)
                    .is_some_and(|sold| sold.kind == DocumentKind::ShiftReport);
            let part = kopecks.min(*left);
            if within && part > 0 {
                kopecks -= part;
                parts.push((*receipt, part));
            }
            if kopecks == 0 {
                break;
            }
        }
        for (receipt, part) in parts {
            self.set_against(line, receipt, part, remaining);
        }
    }

    /// Gives what the programme must know of the customer at a purchase: what came before it.
    #[must_use]
    pub fn customer_at(
        &self,
        at: DateTime<Utc>,
        vip: bool,
        birth_date: Option<NaiveDate>,
    ) -> CustomerFacts {
        let before = self.sums.partition_point(|(date, _)| *date < at);
        let sums = before
            .checked_sub(1)
            .and_then(|last| self.sums.get(last))
            .map_or_else(Sums::default, |(_, sums)| *sums);
        CustomerFacts {
            vip,
            birth_date,
            earlier_receipts: sums.receipts,
            earlier_total: saturated(sums.net),
            lifetime_spent: saturated(sums.spent),
        }
    }

    /// Gives the postings that make an account agree with the purchases; none if it does.
    ///
    /// The account must have been loaded with all its receipts. What is no more of a return comes
    /// first, then receipts by date, then returns, and last the receipts that are no more, so that
    /// points which only change their document pass through no debt.
    #[must_use]
    pub fn postings(
        &self,
        account: &LoyaltyAccount,
        starts_on: impl Fn(DateTime<Utc>) -> bool,
        vip: bool,
        birth_date: Option<NaiveDate>,
        authority: &Authority,
    ) -> Vec<Posting> {
        let told = account.told_facts();
        let mut commands: Vec<(Command, CustomerFacts)> = Vec::new();
        let nobody = CustomerFacts::default();

        // Each receipt that a document takes something back of is one line of it for the ledger.
        let mut lines: HashMap<DocumentRef, u32> = HashMap::new();
        let mut wanted: BTreeMap<(DocumentRef, DocumentRef), (u32, TakenBack)> = BTreeMap::new();
        for ((document, receipt), taken) in &self.returns {
            let line = lines.entry(*document).or_default();
            *line += 1;
            wanted.insert((*document, *receipt), (*line, *taken));
        }
        for fact in &told.returns {
            let stays = wanted
                .get(&(fact.document, fact.receipt))
                .is_some_and(|(line, _)| *line == fact.line);
            if !stays && fact.amount > Money::ZERO {
                let gone = ReturnFact {
                    amount: Money::ZERO,
                    ..*fact
                };
                commands.push((Command::Return(gone), nobody));
            }
        }

        let mut receipts: Vec<(&DocumentRef, &Sold)> = self.receipts.iter().collect();
        receipts.sort_by_key(|(receipt, sold)| (sold.purchased_at, **receipt));
        let counts = |receipt: &DocumentRef, sold: &Sold| {
            told.receipts.contains_key(receipt)
                || (sold.kopecks > 0 && starts_on(sold.purchased_at))
        };
        for (receipt, sold) in receipts {
            let fact = ReceiptFact {
                receipt: *receipt,
                purchased_at: sold.purchased_at,
                basis: Some(saturated(sold.kopecks)),
            };
            if counts(receipt, sold) && told.receipts.get(receipt) != Some(&fact) {
                let customer = self.customer_at(sold.purchased_at, vip, birth_date);
                commands.push((Command::Receipt(fact), customer));
            }
        }

        let told_amounts: HashMap<(DocumentRef, u32, DocumentRef), Money> = told
            .returns
            .iter()
            .map(|told| ((told.document, told.line, told.receipt), told.amount))
            .collect();
        let mut returns: Vec<_> = wanted
            .into_iter()
            .filter(|((_, receipt), _)| {
                self.receipts
                    .get(receipt)
                    .is_some_and(|sold| counts(receipt, sold))
            })
            .collect();
        returns.sort_by_key(|(key, (_, taken))| (taken.returned_at, *key));
        for ((document, receipt), (line, taken)) in returns {
            let fact = ReturnFact {
                document,
                line,
                receipt,
                returned_at: taken.returned_at,
                amount: saturated(taken.kopecks),
            };
            let known = told_amounts.get(&(document, line, receipt));
            if known != Some(&fact.amount) {
                commands.push((Command::Return(fact), nobody));
            }
        }

        for (receipt, fact) in &told.receipts {
            if fact.basis.is_some() && !self.receipts.contains_key(receipt) {
                let gone = ReceiptFact {
                    basis: None,
                    ..*fact
                };
                commands.push((Command::Receipt(gone), nobody));
            }
        }
        let user = account.header().user;
        commands
            .into_iter()
            .map(|(command, customer)| Posting {
                user,
                key: None,
                request: Request {
                    command,
                    authority: authority.clone(),
                },
                customer,
            })
            .collect()
    }
}

/// Tells whether documents of a kind sell, take back or correct a sale.
const fn earns(kind: DocumentKind) -> bool {
    !matches!(
        kind,
        DocumentKind::OpeningBalance | DocumentKind::RegisterCorrection | DocumentKind::MonthClose
    )
}

fn saturated(kopecks: i128) -> Money {
    Money::from_kopecks(i64::try_from(kopecks).unwrap_or(if kopecks < 0 {
        i64::MIN
    } else {
        i64::MAX
    }))
}
