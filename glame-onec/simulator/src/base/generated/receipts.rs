//! The sales of an invented shop: receipts, invoices, returns, and the points they move.

use std::ops::Range;

use uuid::Uuid;

use super::catalog::{STORES, ordinary_product, sold_by_metre};
use super::guid::Kind;
use super::{
    BLOCK_DOCUMENTS, EARNING_SLOT, Generated, LINES_OF_SLOT, Purpose, RETURN_SLOT, SPENDING_SLOT,
};
use crate::base::{Base, bonus, first_version};
use crate::document::{BonusLine, Document, DocumentKind, Line};
use crate::moment::Moment;

/// Who stood at the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Buyer {
    customer: Uuid,
    card: Uuid,
    discount_percent: u8,
}

impl Buyer {
    const ANONYMOUS: Self = Self {
        customer: Uuid::nil(),
        card: Uuid::nil(),
        discount_percent: 0,
    };
}

impl Generated {
    pub(super) fn sale(&self, sale: usize) -> Document {
        match self.returned_by(sale) {
            Some(origin) => self.return_receipt(sale, origin),
            None => self.purchase(sale),
        }
    }

    fn purchase(&self, sale: usize) -> Document {
        let buyer = self.buyer(sale);
        let by_invoice = sale % BLOCK_DOCUMENTS == 5
            && !buyer.customer.is_nil()
            && self.dice(Purpose::Buyer, sale).again().percent(15);
        let kind = if by_invoice {
            DocumentKind::Invoice
        } else {
            DocumentKind::Receipt
        };
        let lines = self.goods(sale, buyer);
        let date = self.date_of_sale(sale);
        let mut bonus = bonus::give(buyer.card, bonus::earned(&lines), date);
        bonus.extend(self.spent_by(sale, buyer.card, date));
        Document {
            lines,
            bonus,
            ..self.header(sale, kind, buyer)
        }
    }

    fn return_receipt(&self, sale: usize, origin: usize) -> Document {
        let buyer = self.buyer(origin);
        let sold = self.goods(origin, buyer).swap_remove(0);
        let dice = self.dice(Purpose::Return, sale).again();
        let share = if sold.thousandths >= 2_000 && dice.percent(30) {
            2
        } else {
            1
        };
        let line = Line {
            number: 1,
            thousandths: -(sold.thousandths / share),
            kopecks: -(sold.kopecks / share),
            ..sold
        };
        let with_receipt = !dice.again().percent(10);
        let points = bonus::earned(&[Line {
            kopecks: -line.kopecks,
            ..line.clone()
        }]);
        let burns = self.date_of_sale(origin).plus(bonus::LIFE);
        let document = self.header(sale, DocumentKind::ReturnReceipt, buyer);
        let basis = (
            DocumentKind::Receipt,
            self.guids.id(Kind::Document, self.openings + origin),
        );
        Document {
            basis: with_receipt.then_some(basis),
            bonus: bonus::take(buyer.card, points, document.date, burns),
            lines: vec![line],
            ..document
        }
    }

    fn header(&self, sale: usize, kind: DocumentKind, buyer: Buyer) -> Document {
        let index = self.openings + sale;
        let store = self.dice(Purpose::Store, sale).below(STORES.len());
        Document {
            number: format!("НФ00-{:06}", (sale + 1) % 1_000_000),
            version: first_version(index),
            customer: buyer.customer,
            card: buyer.card,
            store: self.guids.id(Kind::Store, store),
            till: self.guids.id(Kind::Till, store),
            ..Document::posted(
                kind,
                self.guids.id(Kind::Document, index),
                self.date_of_sale(sale),
            )
        }
    }

    /// The sale that this document takes back, when it is a return.
    fn returned_by(&self, sale: usize) -> Option<usize> {
        if sale % BLOCK_DOCUMENTS != RETURN_SLOT || !self.dice(Purpose::Return, sale).percent(40) {
            return None;
        }
        let block = (sale / BLOCK_DOCUMENTS).checked_sub(self.blocks_in_days(7))?;
        // Not the earning slot: its points may be spent already.
        let slot = self
            .dice(Purpose::Return, sale)
            .again()
            .again()
            .pick(&[0, 1, 4, 6]);
        Some(block * BLOCK_DOCUMENTS + slot)
    }

    /// The document that takes this sale back, when there is one.
    pub(super) fn return_of(&self, sale: usize) -> Option<usize> {
        let block = sale / BLOCK_DOCUMENTS + self.blocks_in_days(7);
        let candidate = block * BLOCK_DOCUMENTS + RETURN_SLOT;
        (candidate < self.sales && self.returned_by(candidate) == Some(sale)).then_some(candidate)
    }

    /// The sale whose points are spent in this one.
    fn spends_of(&self, sale: usize) -> Option<usize> {
        if sale % BLOCK_DOCUMENTS != SPENDING_SLOT
            || !self.dice(Purpose::Spending, sale).percent(30)
        {
            return None;
        }
        let block = (sale / BLOCK_DOCUMENTS).checked_sub(self.blocks_in_days(30))?;
        Some(block * BLOCK_DOCUMENTS + EARNING_SLOT)
    }

    /// The sale that spends the points of this one.
    pub(super) fn spending_of(&self, sale: usize) -> Option<usize> {
        let block = sale / BLOCK_DOCUMENTS + self.blocks_in_days(30);
        let candidate = block * BLOCK_DOCUMENTS + SPENDING_SLOT;
        (candidate < self.sales && self.spends_of(candidate) == Some(sale)).then_some(candidate)
    }

    fn spent_by(&self, sale: usize, card: Uuid, at: Moment) -> Vec<BonusLine> {
        let Some(origin) = self.spends_of(sale) else {
            return Vec::new();
        };
        let earned = bonus::earned(&self.goods(origin, self.buyer(origin)));
        let burns = self.date_of_sale(origin).plus(bonus::LIFE);
        bonus::take(card, earned / 200 * 100, at, burns)
    }

    fn buyer(&self, sale: usize) -> Buyer {
        // Who spends points is who earned them; an earning receipt depends on no other.
        let sale = self.spends_of(sale).unwrap_or(sale);
        let dice = self.dice(Purpose::Buyer, sale);
        if self.customers == 0 || dice.percent(15) {
            return Buyer::ANONYMOUS;
        }
        let ownerless = self.ownerless_cards();
        let dice = dice.again();
        if dice.percent(1) && !ownerless.is_empty() {
            let card = ownerless.start + dice.again().below(ownerless.len());
            return Buyer {
                customer: Uuid::nil(),
                card: self.guids.id(Kind::Card, card),
                discount_percent: 0,
            };
        }
        let customer = dice.again().skewed_below(self.customers);
        let card = self
            .second_card_of(customer)
            .filter(|_| dice.again().again().percent(30))
            .unwrap_or(customer);
        Buyer {
            customer: self.customer_id(customer),
            card: self.guids.id(Kind::Card, card),
            discount_percent: [0, 5, 5, 10][customer % 4],
        }
    }

    fn goods(&self, sale: usize, buyer: Buyer) -> Vec<Line> {
        let first = self.first_line_of(sale);
        let count = LINES_OF_SLOT[sale % BLOCK_DOCUMENTS].min(self.lines - first);
        (0..count)
            .map(|place| self.line(first + place, place, buyer))
            .collect()
    }

    fn line(&self, line: usize, place: usize, buyer: Buyer) -> Line {
        let dice = self.dice(Purpose::Goods, line);
        let packaging = place > 0 && dice.percent(8);
        let product = if packaging {
            self.packaging(dice.again().below(3))
        } else {
            ordinary_product(dice.again().skewed_below(self.ordinary_products()))
        };
        let amount = dice.again().again();
        let thousandths = match amount.number_below(100) {
            _ if packaging => 1_000,
            _ if sold_by_metre(product) => 250 * i64::from(1 + amount.again().number_below(12)),
            0..90 => 1_000,
            90..97 => 2_000,
            _ => 3_000,
        };
        let discount_percent = if packaging { 0 } else { buyer.discount_percent };
        let price = self.price_kopecks(product);
        let paid = i64::from(100 - discount_percent);
        Line {
            number: i64::try_from(place + 1).unwrap_or(1),
            product: self.guids.id(Kind::Product, product),
            characteristic: self.characteristic_sold(product, amount.again().again()),
            thousandths,
            kopecks: (price * thousandths * paid + 50_000) / 100_000,
            discount_percent,
            customer: buyer.customer,
            card: buyer.card,
            owner: buyer.customer,
            basis: None,
        }
    }

    pub(super) fn sales_between(&self, from: Moment, to: Moment) -> Range<usize> {
        let start = self.first_not_before(from).saturating_sub(self.openings);
        let end = self.first_not_before(to).saturating_sub(self.openings);
        start..end.max(start)
    }
}
