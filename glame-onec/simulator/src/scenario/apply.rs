//! Carries out the steps that change what is there.

use uuid::Uuid;

use super::pick::owner_of;
use super::{Applied, Pick, ScenarioError, ScenarioStep, When};
use crate::base::{bonus, fixed};
use crate::document::{BonusLine, Document, DocumentKind};
use crate::moment::{DAY, Moment};
use crate::object::{Object, ObjectBuilder};
use crate::schema::Catalog;
use crate::value::Value;
use crate::world::{Direction, World};

/// The base in the hands of one step.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    pub(super) world: &'a mut World,
    pub(super) applied: &'a mut Applied,
}

impl Stage<'_> {
    pub(super) fn apply(&mut self, step: &ScenarioStep) -> Result<(), ScenarioError> {
        match step {
            ScenarioStep::Receipt {
                name,
                at,
                card,
                goods,
                shift,
            } => self.receipt(name.as_deref(), *at, card.as_ref(), goods, shift.as_deref()),
            ScenarioStep::CloseShift { shift, at, closing } => {
                self.close_shift(shift, *at, *closing)
            }
            ScenarioStep::Return {
                name,
                of,
                days_later,
                share,
                shift,
            } => self.take_back(name.as_deref(), of, *days_later, *share, shift.as_deref()),
            ScenarioStep::ReturnWithoutReceipt { at, card, goods } => {
                self.take_back_without_receipt(*at, card.as_ref(), goods)
            }
            ScenarioStep::MarketplaceSale {
                name,
                at,
                card,
                goods,
            } => self.sell_on_marketplace(name.as_deref(), *at, card.as_ref(), goods),
            ScenarioStep::Correct {
                sale,
                days_later,
                thousandths,
                kopecks,
            } => self.correct(sale, *days_later, *thousandths, *kopecks),
            ScenarioStep::Renumber { document } => self.change(document, renumber),
            ScenarioStep::DropLine { document } => self.change(document, drop_line),
            ScenarioStep::Reprice { document, kopecks } => {
                self.change(document, |document| reprice(document, *kopecks))
            }
            ScenarioStep::Redate { document, days } => {
                self.change(document, |document| redate(document, *days))
            }
            ScenarioStep::Repost { document } => self.repost(document),
            ScenarioStep::Unpost { document } => {
                self.change(document, |document| document.posted = false)
            }
            ScenarioStep::MarkDeleted { document } => self.change(document, |document| {
                document.posted = false;
                document.deletion_mark = true;
            }),
            ScenarioStep::Delete { document } => self.delete(document),
            ScenarioStep::Deactivate { document } => {
                self.change(document, |document| document.active = false)
            }
            ScenarioStep::Accrue {
                card,
                at,
                points,
                counts_after_days,
                burns_after_days,
            } => self.accrue(card, *at, *points, *counts_after_days, *burns_after_days),
            ScenarioStep::Burn { card, at, points } => self.burn(card, *at, *points),
            ScenarioStep::Adjust {
                card,
                at,
                hundredths,
            } => self.adjust(card, *at, *hundredths),
            ScenarioStep::AssignCard { card, owner } => self.assign_card(card, owner.as_ref()),
            ScenarioStep::Merge { duplicate, into } => self.merge(duplicate, into),
            ScenarioStep::NewCustomer {
                name,
                description,
                phone,
                barcode,
            } => {
                self.new_customer(name, description, phone, barcode);
                Ok(())
            }
            ScenarioStep::NewCard {
                name,
                owner,
                barcode,
            } => {
                let owner = self.customer_or_nobody(owner.as_ref())?;
                self.new_card(name, owner, barcode);
                Ok(())
            }
            ScenarioStep::RenameProduct {
                product,
                description,
            } => self.rename_product(product, description),
        }
    }

    pub(super) fn put(&mut self, document: Document) {
        self.applied.documents.push(document.id);
        self.world.put_document(document);
    }

    fn put_object(&mut self, catalog: Catalog, object: Object) {
        self.applied.objects.extend(object.values[0].id());
        self.world.put_object(catalog, object);
    }

    fn change(
        &mut self,
        pick: &Pick,
        change: impl FnOnce(&mut Document),
    ) -> Result<(), ScenarioError> {
        let mut document = self.document(pick)?.as_ref().clone();
        change(&mut document);
        self.put(document);
        Ok(())
    }

    fn repost(&mut self, pick: &Pick) -> Result<(), ScenarioError> {
        let mut document = self.document(pick)?.as_ref().clone();
        document.posted = true;
        document.active = true;
        for line in document.lines.iter_mut().filter(|line| !line.card.is_nil()) {
            line.owner = owner_of(self.world, line.card);
        }
        self.put(document);
        Ok(())
    }

    fn delete(&mut self, pick: &Pick) -> Result<(), ScenarioError> {
        let id = self.document(pick)?.id;
        self.world.delete_document(id);
        self.applied.documents.push(id);
        Ok(())
    }

    fn accrue(
        &mut self,
        card: &Pick,
        at: When,
        points: u32,
        counts_after_days: u16,
        burns_after_days: u16,
    ) -> Result<(), ScenarioError> {
        let at = self.moment(at);
        let counts = at.plus(i64::from(counts_after_days) * DAY);
        let burns = counts.plus(i64::from(burns_after_days) * DAY);
        let (card, _) = self.card(card)?;
        let now = BonusLine {
            period: counts,
            receipt: true,
            card,
            accrued: i64::from(points) * 100,
            to_write_off: 0,
            first_accrued: counts,
        };
        let later = BonusLine {
            period: burns,
            accrued: 0,
            to_write_off: now.accrued,
            ..now.clone()
        };
        self.bonus_order(at, vec![now, later]);
        Ok(())
    }

    fn burn(&mut self, card: &Pick, at: When, points: u32) -> Result<(), ScenarioError> {
        let at = self.moment(at);
        let (card, _) = self.card(card)?;
        let burns = at.plus(bonus::LIFE);
        let lines = bonus::take(card, i64::from(points) * 100, at, burns);
        self.bonus_order(at, lines);
        Ok(())
    }

    fn adjust(&mut self, card: &Pick, at: When, hundredths: i32) -> Result<(), ScenarioError> {
        let at = self.moment(at);
        let (card, _) = self.card(card)?;
        let line = BonusLine {
            period: at,
            receipt: hundredths > 0,
            card,
            accrued: i64::from(hundredths).abs(),
            to_write_off: 0,
            first_accrued: at,
        };
        self.bonus_order(at, vec![line]);
        Ok(())
    }

    fn customer_or_nobody(&self, pick: Option<&Pick>) -> Result<Uuid, ScenarioError> {
        pick.map_or(Ok(Uuid::nil()), |pick| {
            self.object(Catalog::Counterparties, "customer", pick)
                .map(|(id, _)| id)
        })
    }

    fn rename_product(&mut self, product: &Pick, name: &str) -> Result<(), ScenarioError> {
        let (_, object) = self.object(Catalog::Products, "product", product)?;
        let set = self.world.schema.catalog(Catalog::Products);
        let renamed = ObjectBuilder::edit(set, object.as_ref().clone())
            .text("Description", name)
            .build();
        self.put_object(Catalog::Products, renamed);
        Ok(())
    }

    fn bonus_order(&mut self, at: Moment, lines: Vec<BonusLine>) {
        let id = self.world.new_id("bonus");
        self.put(Document {
            number: format!("НФБО-{:06}", self.world.version()),
            bonus: lines,
            ..Document::posted(DocumentKind::BonusOrder, id, at)
        });
    }

    fn assign_card(&mut self, card: &Pick, owner: Option<&Pick>) -> Result<(), ScenarioError> {
        let (_, object) = self.object(Catalog::Cards, "card", card)?;
        let owner = self.customer_or_nobody(owner)?;
        let set = self.world.schema.catalog(Catalog::Cards);
        let changed = ObjectBuilder::edit(set, object.as_ref().clone())
            .link("ВладелецКарты_Key", owner)
            .build();
        self.put_object(Catalog::Cards, changed);
        Ok(())
    }

    /// Marks the duplicate, and gives its cards and its lines to the other.
    fn merge(&mut self, duplicate: &Pick, into: &Pick) -> Result<(), ScenarioError> {
        let (gone, object) = self.object(Catalog::Counterparties, "customer", duplicate)?;
        let (stays, _) = self.object(Catalog::Counterparties, "customer", into)?;
        if gone == stays {
            return Ok(());
        }
        let set = self.world.schema.catalog(Catalog::Counterparties);
        let marked = ObjectBuilder::edit(set, object.as_ref().clone())
            .flag("DeletionMark", true)
            .build();
        self.put_object(Catalog::Counterparties, marked);
        for place in 0..self.world.places(Catalog::Cards) {
            let Some(card) = self.world.item(Catalog::Cards, place) else {
                continue;
            };
            let set = self.world.schema.catalog(Catalog::Cards);
            if card.value(set.static_column("ВладелецКарты_Key")) == Value::Guid(gone)
            {
                let moved = ObjectBuilder::edit(set, card.as_ref().clone())
                    .link("ВладелецКарты_Key", stays)
                    .build();
                self.put_object(Catalog::Cards, moved);
            }
        }
        let documents: Vec<_> = self
            .world
            .documents_between(Moment::MIN, Moment::MAX, Direction::Forward)
            .filter(|document| {
                document.customer == gone
                    || document
                        .lines
                        .iter()
                        .any(|line| line.customer == gone || line.owner == gone)
            })
            .collect();
        for document in documents {
            let mut document = document.as_ref().clone();
            let point = |id: &mut Uuid| {
                if *id == gone {
                    *id = stays;
                }
            };
            point(&mut document.customer);
            for line in &mut document.lines {
                point(&mut line.customer);
                point(&mut line.owner);
            }
            self.put(document);
        }
        Ok(())
    }

    fn new_customer(&mut self, name: &str, description: &str, phone: &str, barcode: &str) {
        let id = self.world.new_id("customer");
        let set = self.world.schema.catalog(Catalog::Counterparties);
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let part = set.part("КонтактнаяИнформация");
        let mut contact = Object::table_row(part, id, 1);
        for (column, value) in [
            ("Тип", Value::text("Телефон")),
            ("Вид_Key", Value::Guid(fixed::PHONE_KIND)),
            ("Представление", Value::Text(phone.to_owned().into())),
            ("НомерТелефона", Value::Text(digits.clone().into())),
        ] {
            contact.values[part.static_column(column)] = value;
        }
        let customer = ObjectBuilder::new(set)
            .link("Ref_Key", id)
            .text(
                "Code",
                format!("НС-{:06}", self.world.version() % 1_000_000),
            )
            .text("Description", description)
            .text("НаименованиеПолное", description)
            .text("ФИО", description)
            .word("ВидКонтрагента", "ФизическоеЛицо")
            .text("НомерТелефонаДляПоиска", digits)
            .flag("Покупатель", true)
            .rows("КонтактнаяИнформация", vec![contact])
            .build();
        self.put_object(Catalog::Counterparties, customer);
        self.world.name(name, id);
        self.new_card(&format!("{name}/card"), id, barcode);
    }

    fn new_card(&mut self, name: &str, owner: Uuid, barcode: &str) {
        let id = self.world.new_id("card");
        let card = ObjectBuilder::new(self.world.schema.catalog(Catalog::Cards))
            .link("Ref_Key", id)
            .link("Owner_Key", fixed::CARD_KIND)
            .text(
                "Code",
                format!("{:09}", 900_000_000 + self.world.version() % 99_999_999),
            )
            .text("Description", format!("{barcode} - Бонусная"))
            .text("КодКартыШтрихкод", barcode)
            .link("ВладелецКарты_Key", owner)
            .build();
        self.put_object(Catalog::Cards, card);
        self.world.name(name, id);
    }
}

/// The last line becomes the first, and numbering begins one higher.
fn renumber(document: &mut Document) {
    let last = document.lines.len().min(1);
    document.lines.rotate_right(last);
    for (line, number) in document.lines.iter_mut().zip(2..) {
        line.number = number;
    }
}

fn drop_line(document: &mut Document) {
    if document.lines.len() > 1 {
        document.lines.pop();
    }
}

fn reprice(document: &mut Document, kopecks: i64) {
    if let Some(line) = document.lines.first_mut() {
        line.kopecks = kopecks;
    }
}

fn redate(document: &mut Document, days: i32) {
    let shift = i64::from(days) * DAY;
    document.date = document.date.plus(shift);
    for line in &mut document.bonus {
        line.period = line.period.plus(shift);
        line.first_accrued = line.first_accrued.plus(shift);
    }
}
