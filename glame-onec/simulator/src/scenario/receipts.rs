//! Sales, returns and corrections that a scenario enters.

use uuid::Uuid;

use super::apply::Stage;
use super::{Good, Pick, ScenarioError, Share, When};
use crate::base::bonus;
use crate::document::{Document, DocumentKind, Line};
use crate::moment::DAY;
use crate::schema::Catalog;
use crate::world::World;

impl Stage<'_> {
    pub(super) fn receipt(
        &mut self,
        name: Option<&str>,
        at: When,
        card: Option<&Pick>,
        goods: &[Good],
        shift: Option<&str>,
    ) -> Result<(), ScenarioError> {
        let at = self.moment(at);
        let (card, owner) = self.card_or_nobody(card)?;
        let lines = self.goods(goods, card, owner, 1)?;
        let id = self.world.new_id("receipt");
        let (store, till) = self.first_till();
        let document = Document {
            number: format!("НФСЦ-{:06}", self.world.version() % 1_000_000),
            customer: owner,
            card,
            store,
            till,
            bonus: bonus::give(card, bonus::earned(&lines), at),
            lines,
            ..Document::posted(DocumentKind::Receipt, id, at)
        };
        self.enter(name, shift, document);
        Ok(())
    }

    pub(super) fn take_back(
        &mut self,
        name: Option<&str>,
        of: &Pick,
        days_later: u16,
        share: Share,
        shift: Option<&str>,
    ) -> Result<(), ScenarioError> {
        let sale = self.document(of)?;
        let at = sale.date.plus(i64::from(days_later) * DAY + 60);
        let taken = match share {
            Share::Full => sale.lines.len(),
            Share::FirstLine | Share::HalfOfFirstLine => 1,
        };
        let divisor = if share == Share::HalfOfFirstLine {
            2
        } else {
            1
        };
        let lines: Vec<Line> = sale
            .lines
            .iter()
            .take(taken)
            .zip(1..)
            .map(|(line, number)| Line {
                number,
                thousandths: -line.thousandths / divisor,
                kopecks: -line.kopecks / divisor,
                ..line.clone()
            })
            .collect();
        let returned: Vec<Line> = lines
            .iter()
            .map(|line| Line {
                kopecks: -line.kopecks,
                ..line.clone()
            })
            .collect();
        let burns = sale.date.plus(bonus::LIFE);
        let id = self.world.new_id("return");
        let document = Document {
            number: format!("НФВЗ-{:06}", self.world.version() % 1_000_000),
            customer: sale.customer,
            card: sale.card,
            store: sale.store,
            till: sale.till,
            basis: Some((sale.kind, sale.id)),
            bonus: bonus::take(sale.card, bonus::earned(&returned), at, burns),
            lines,
            ..Document::posted(
                if sale.kind == DocumentKind::Receipt {
                    DocumentKind::ReturnReceipt
                } else {
                    DocumentKind::GoodsReceipt
                },
                id,
                at,
            )
        };
        self.enter(name, shift, document);
        Ok(())
    }

    pub(super) fn take_back_without_receipt(
        &mut self,
        at: When,
        card: Option<&Pick>,
        goods: &[Good],
    ) -> Result<(), ScenarioError> {
        let at = self.moment(at);
        let (card, owner) = self.card_or_nobody(card)?;
        let lines = self.goods(goods, card, owner, -1)?;
        let id = self.world.new_id("return");
        let (store, till) = self.first_till();
        self.put(Document {
            number: format!("НФВЗ-{:06}", self.world.version() % 1_000_000),
            customer: owner,
            card,
            store,
            till,
            lines,
            ..Document::posted(DocumentKind::ReturnReceipt, id, at)
        });
        Ok(())
    }

    pub(super) fn sell_on_marketplace(
        &mut self,
        name: Option<&str>,
        at: When,
        card: Option<&Pick>,
        goods: &[Good],
    ) -> Result<(), ScenarioError> {
        let at = self.moment(at);
        let (card, owner) = self.card_or_nobody(card)?;
        let lines = self.goods(goods, card, owner, 1)?;
        let id = self.world.new_id("marketplace");
        let (store, _) = self.first_till();
        let document = Document {
            number: format!("НФМП-{:06}", self.world.version() % 1_000_000),
            customer: owner,
            card,
            store,
            lines,
            ..Document::posted(DocumentKind::MarketplaceOrder, id, at)
        };
        self.enter(name, None, document);
        Ok(())
    }

    pub(super) fn correct(
        &mut self,
        sale: &Pick,
        days_later: u16,
        thousandths: i64,
        kopecks: i64,
    ) -> Result<(), ScenarioError> {
        let sale = self.document(sale)?;
        let at = sale.date.plus(i64::from(days_later) * DAY + 120);
        let id = self.world.new_id("correction");
        let lines = sale
            .lines
            .iter()
            .take(1)
            .map(|line| Line {
                number: 1,
                thousandths,
                kopecks,
                ..line.clone()
            })
            .collect();
        self.put(Document {
            number: format!("НФКР-{:06}", self.world.version() % 1_000_000),
            customer: sale.customer,
            card: sale.card,
            store: sale.store,
            basis: Some((sale.kind, sale.id)),
            lines,
            ..Document::posted(DocumentKind::SaleCorrection, id, at)
        });
        Ok(())
    }

    fn card_or_nobody(&self, card: Option<&Pick>) -> Result<(Uuid, Uuid), ScenarioError> {
        card.map_or(Ok((Uuid::nil(), Uuid::nil())), |card| self.card(card))
    }

    fn goods(
        &self,
        goods: &[Good],
        card: Uuid,
        owner: Uuid,
        sign: i64,
    ) -> Result<Vec<Line>, ScenarioError> {
        goods
            .iter()
            .zip(1..)
            .map(|(good, number)| {
                let (product, _) = self.object(Catalog::Products, "product", &good.product)?;
                Ok(Line {
                    number,
                    product,
                    characteristic: Uuid::nil(),
                    thousandths: sign * good.thousandths,
                    kopecks: sign * good.kopecks,
                    discount_percent: 0,
                    customer: owner,
                    card,
                    owner,
                    basis: None,
                })
            })
            .collect()
    }

    fn first_till(&self) -> (Uuid, Uuid) {
        let first = |catalog| {
            self.world
                .item(catalog, 0)
                .and_then(|item| item.values[0].id())
                .unwrap_or_default()
        };
        (first(Catalog::Stores), first(Catalog::Tills))
    }

    /// Writes a document of the till, into an open shift where one is named.
    fn enter(&mut self, name: Option<&str>, shift: Option<&str>, mut document: Document) {
        if let Some(name) = name {
            self.world.name(name, document.id);
        }
        if let Some(shift) = shift {
            document.open_shift = true;
            document.shift = self.world.join_shift(shift, document.id);
        }
        self.put(document);
    }
}

/// Enters one anonymous receipt in the middle of the past.
pub(crate) fn insert_a_receipt(world: &mut World) {
    let documents = world.base.documents();
    if documents == 0 {
        return;
    }
    let (middle, id) = (world.base.document(documents / 2), world.new_id("inserted"));
    let lines = middle
        .lines
        .into_iter()
        .take(1)
        .map(|line| Line {
            number: 1,
            thousandths: line.thousandths.abs(),
            kopecks: line.kopecks.abs(),
            customer: Uuid::nil(),
            card: Uuid::nil(),
            owner: Uuid::nil(),
            basis: None,
            ..line
        })
        .collect();
    world.put_document(Document {
        number: format!("НФВС-{:06}", world.version() % 1_000_000),
        store: middle.store,
        till: middle.till,
        lines,
        ..Document::posted(DocumentKind::Receipt, id, middle.date)
    });
}
