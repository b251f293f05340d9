//! An invented shop of any size: each document and each item is a pure function of its index.
//!
//! Eight documents form a block with twenty lines, so the document of a line, the first line of
//! a document and the document of a moment are found by arithmetic, and nothing is stored.

mod catalog;
mod guid;
mod receipts;

use uuid::Uuid;

use super::bonus;
use super::{Base, first_version};
use crate::dice::Dice;
use crate::document::{Document, DocumentKind, Line};
use crate::moment::{DAY, Moment};
use crate::object::Object;
use crate::schema::{Catalog, Schema};
use guid::{GuidSpace, Kind};

const LINES_OF_SLOT: [usize; 8] = [3, 2, 4, 2, 1, 5, 2, 1];
const LINES_BEFORE_SLOT: [usize; 8] = [0, 3, 5, 9, 11, 12, 17, 19];
const BLOCK_DOCUMENTS: usize = 8;
const BLOCK_LINES: usize = 20;
/// The receipt whose points are spent in a later block.
const EARNING_SLOT: usize = 2;
const SPENDING_SLOT: usize = 3;
/// One line long, so that a return fits it.
const RETURN_SLOT: usize = 7;

const OPENING_LINES: usize = 100;
const DAYS: i64 = 1_096;
const OPENS: i64 = 10 * 3_600;
const OPEN_SECONDS: i64 = 11 * 3_600;

/// How large the shop is, and which of the endless shops it is.
#[derive(Debug)]
pub(crate) struct Generated {
    customers: usize,
    lines: usize,
    seed: u64,
    /// Documents that open the card register; they come before all sales.
    openings: usize,
    sales: usize,
    products: usize,
    guids: GuidSpace,
}

impl Generated {
    pub(crate) fn new(customers: usize, lines: usize, seed: u64) -> Self {
        let rest = lines % BLOCK_LINES;
        let slots = LINES_BEFORE_SLOT
            .iter()
            .filter(|before| **before < rest)
            .count();
        Self {
            customers,
            lines,
            seed,
            openings: customers.div_ceil(10).div_ceil(OPENING_LINES),
            sales: lines / BLOCK_LINES * BLOCK_DOCUMENTS + slots,
            products: (lines / 500).clamp(60, 5_000),
            guids: GuidSpace::new(seed),
        }
    }

    fn dice(&self, purpose: Purpose, index: usize) -> Dice {
        Dice::roll(self.seed, purpose.number(), index)
    }

    fn first_line_of(&self, sale: usize) -> usize {
        let before =
            sale / BLOCK_DOCUMENTS * BLOCK_LINES + LINES_BEFORE_SLOT[sale % BLOCK_DOCUMENTS];
        before.min(self.lines)
    }

    fn date_of_sale(&self, sale: usize) -> Moment {
        let as_seconds = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let (place, sales) = (as_seconds(sale), as_seconds(self.sales.max(1)));
        let total = DAYS * OPEN_SECONDS;
        let spacing = u32::try_from(total / sales).unwrap_or(u32::MAX);
        let jitter = self.dice(Purpose::Jitter, sale).number_below(spacing);
        let open = place * total / sales + i64::from(jitter);
        Moment::midnight(2023, 1, 1).plus(open / OPEN_SECONDS * DAY + OPENS + open % OPEN_SECONDS)
    }

    /// How many blocks lie in so many days of trade; at least one.
    fn blocks_in_days(&self, days: usize) -> usize {
        (self.sales / BLOCK_DOCUMENTS * days / 1_096).max(1)
    }

    fn opening(&self, index: usize) -> Document {
        let date = Moment::midnight(2020, 1, 1).plus(i64::try_from(index).unwrap_or(0) * 60);
        let id = self.guids.id(Kind::Document, index);
        let first = index * OPENING_LINES;
        let lines = (first..(first + OPENING_LINES).min(self.customers.div_ceil(10)))
            .zip(1..)
            .map(|(place, number)| {
                let customer = place * 10;
                let dice = self.dice(Purpose::Opening, customer);
                Line {
                    number,
                    product: Uuid::nil(),
                    characteristic: Uuid::nil(),
                    thousandths: 1_000,
                    kopecks: 100_000 + i64::from(dice.number_below(30_000_000)),
                    discount_percent: 0,
                    customer: self.customer_id(customer),
                    card: self.guids.id(Kind::Card, customer),
                    owner: self.customer_id(customer),
                    basis: None,
                }
            })
            .collect();
        Document {
            number: format!("НФНО-{:06}", index + 1),
            version: first_version(index),
            lines,
            ..Document::posted(DocumentKind::OpeningBalances, id, date)
        }
    }

    fn customer_id(&self, customer: usize) -> Uuid {
        self.guids.id(
            Kind::Counterparty,
            catalog::COUNTERPARTY_FOLDERS.len() + customer,
        )
    }
}

/// What a draw is for, so that no two decisions share one.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Jitter,
    Opening,
    Buyer,
    Goods,
    Return,
    Spending,
    Person,
    Card,
    Product,
    Store,
}

impl Purpose {
    const fn number(self) -> u64 {
        match self {
            Self::Jitter => 1,
            Self::Opening => 2,
            Self::Buyer => 3,
            Self::Goods => 4,
            Self::Return => 5,
            Self::Spending => 6,
            Self::Person => 7,
            Self::Card => 8,
            Self::Product => 9,
            Self::Store => 10,
        }
    }
}

impl Base for Generated {
    fn documents(&self) -> usize {
        self.openings + self.sales
    }

    fn document(&self, index: usize) -> Document {
        match index.checked_sub(self.openings) {
            None => self.opening(index),
            Some(sale) => self.sale(sale),
        }
    }

    fn date_of(&self, index: usize) -> Moment {
        match index.checked_sub(self.openings) {
            None => Moment::midnight(2020, 1, 1).plus(i64::try_from(index).unwrap_or(0) * 60),
            Some(sale) => self.date_of_sale(sale),
        }
    }

    fn first_sale(&self) -> usize {
        self.openings.min(self.documents().saturating_sub(1))
    }

    fn find_document(&self, id: Uuid) -> Option<usize> {
        self.guids
            .find(Kind::Document, id)
            .filter(|index| *index < self.documents())
    }

    fn lines_before(&self, index: usize) -> usize {
        match index.checked_sub(self.openings) {
            None => 0,
            Some(sale) => self.first_line_of(sale),
        }
    }

    fn bonus_documents(&self, from: Moment, to: Moment) -> Vec<usize> {
        let mut found = Vec::new();
        for sale in self.sales_between(from, to) {
            found.push(sale + self.openings);
        }
        for sale in self.sales_between(from.plus(-bonus::LIFE), to.plus(-bonus::LIFE)) {
            found.push(sale + self.openings);
            let later = [self.return_of(sale), self.spending_of(sale)];
            found.extend(later.into_iter().flatten().map(|sale| sale + self.openings));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn bonus_span(&self) -> (Moment, Moment) {
        let last = self.date_of_sale(self.sales.saturating_sub(1));
        (self.date_of_sale(0), last.plus(bonus::LIFE + 1))
    }

    fn objects(&self, catalog: Catalog) -> usize {
        self.count(catalog)
    }

    fn object(&self, schema: &Schema, catalog: Catalog, index: usize) -> Object {
        self.item(schema, catalog, index)
    }

    fn find_object(&self, catalog: Catalog, id: Uuid) -> Option<usize> {
        self.find_item(catalog, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_has_exactly_the_lines_it_was_asked_for() {
        for lines in [0, 1, 3, 4, 19, 20, 21, 137, 1_000] {
            let base = Generated::new(50, lines, 7);
            let counted: usize = (base.openings..base.documents())
                .map(|index| base.document(index).lines.len())
                .sum();
            assert_eq!(counted, lines, "asked for {lines}");
        }
    }

    #[test]
    fn documents_are_in_the_order_of_time_and_found_by_id() {
        let base = Generated::new(200, 4_000, 7);
        let mut before = Moment::MIN;
        let mut lines = 0;
        for index in 0..base.documents() {
            let document = base.document(index);
            assert_eq!(document.date, base.date_of(index));
            assert!(document.date >= before);
            assert_eq!(base.find_document(document.id), Some(index));
            assert_eq!(base.lines_before(index), lines);
            if index >= base.openings {
                lines += document.lines.len();
            }
            before = document.date;
        }
    }

    #[test]
    fn a_return_never_takes_back_more_than_was_sold() {
        let base = Generated::new(200, 8_000, 3);
        let mut returns = 0;
        for index in 0..base.documents() {
            let back = base.document(index);
            if back.kind != DocumentKind::ReturnReceipt {
                continue;
            }
            returns += 1;
            let Some((_, sale)) = back.basis else {
                continue;
            };
            let sale = base.document(base.find_document(sale).unwrap());
            assert!(sale.date <= back.date && sale.customer == back.customer);
            let line = sale
                .lines
                .iter()
                .find(|line| line.product == back.lines[0].product)
                .unwrap();
            assert!(-back.lines[0].thousandths <= line.thousandths);
            assert!(-back.lines[0].kopecks <= line.kopecks);
        }
        let share = returns * 1_000 / base.sales;
        assert!(
            (30..70).contains(&share),
            "about five returns of a hundred, not {share}/1000"
        );
    }

    #[test]
    fn points_are_found_through_the_range_of_their_period() {
        let base = Generated::new(100, 4_000, 3);
        let mut expected = 0;
        let (from, to) = (Moment::midnight(2024, 3, 1), Moment::midnight(2024, 6, 1));
        let inside = |document: &Document| {
            document
                .bonus
                .iter()
                .filter(|line| line.period >= from && line.period < to)
                .count()
        };
        for index in 0..base.documents() {
            expected += inside(&base.document(index));
        }
        let found: usize = base
            .bonus_documents(from, to)
            .into_iter()
            .map(|index| inside(&base.document(index)))
            .sum();
        assert!(expected > 100);
        assert_eq!(found, expected);
    }
}
