//! The Online Retail data set, served as a 1C base of one Russian shop.
//!
//! Every CSV line is one line of the register of sales; amounts are pounds times 100, as roubles.
//! `Code` of a counterparty carries the customer number of the data set: 17850 is `НФ-017850`.

mod packed;

use std::collections::HashMap;

use uuid::Uuid;

use super::bonus;
use super::people::{Card, Person, card_kind, folder, programme};
use super::{Base, first_version, fixed, version_text};
use crate::dice::Dice;
use crate::document::{BonusLine, Document, DocumentKind, Line, company};
use crate::moment::Moment;
use crate::object::{Object, ObjectBuilder};
use crate::schema::{Catalog, Schema};
use crate::value::Value;
use packed::{Invoice, Packed};

const NAMESPACE: Uuid = Uuid::from_u128(0x2b3c_9d6e_51f7_5c0a_9f0e_4d1d_8a7b_6c21);

/// The base and the look-ups made when it is loaded.
#[derive(Debug)]
pub(crate) struct OnlineRetail {
    packed: Packed,
    documents: Vec<Uuid>,
    by_document: HashMap<Uuid, usize>,
    /// Customer numbers of the data set, in rising order, with their country.
    customers: Vec<(usize, usize)>,
    /// For each article.
    products: Vec<Uuid>,
    objects: [HashMap<Uuid, usize>; Catalog::ALL.len()],
    /// The moments of the lines of points, in order, each with its document.
    points: Vec<(Moment, usize)>,
    store: Uuid,
    till: Uuid,
}

fn id(kind: &str, name: impl std::fmt::Display) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{kind}/{name}").as_bytes())
}

fn customer_id(number: usize) -> Uuid {
    if number == 0 {
        Uuid::nil()
    } else {
        id("customer", number)
    }
}

fn card_id(number: usize) -> Uuid {
    if number == 0 {
        Uuid::nil()
    } else {
        id("card", number)
    }
}

impl OnlineRetail {
    pub(crate) fn load() -> Self {
        let packed = Packed::unpack();
        let documents: Vec<Uuid> = packed
            .invoices
            .iter()
            .map(|invoice| id("document", &invoice.number))
            .collect();
        let mut countries: HashMap<usize, usize> = HashMap::new();
        for invoice in packed
            .invoices
            .iter()
            .filter(|invoice| invoice.customer > 0)
        {
            countries.entry(invoice.customer).or_insert(invoice.country);
        }
        let mut customers: Vec<(usize, usize)> = countries.into_iter().collect();
        customers.sort_unstable();
        let products: Vec<Uuid> = packed
            .articles
            .iter()
            .map(|article| id("product", &article.code))
            .collect();
        let mut base = Self {
            by_document: documents
                .iter()
                .enumerate()
                .map(|(at, id)| (*id, at))
                .collect(),
            documents,
            customers,
            products,
            objects: Default::default(),
            points: Vec::new(),
            store: id("store", "online"),
            till: id("till", "online"),
            packed,
        };
        base.objects = Catalog::ALL.map(|catalog| {
            (0..base.objects(catalog))
                .map(|at| (base.object_id(catalog, at), at))
                .collect()
        });
        base.points = base.points_in_order();
        base
    }

    fn points_in_order(&self) -> Vec<(Moment, usize)> {
        let mut points: Vec<(Moment, usize)> = (0..self.documents.len())
            .flat_map(|index| {
                self.document(index)
                    .bonus
                    .into_iter()
                    .map(move |line| (line.period, index))
            })
            .collect();
        points.sort_unstable();
        points
    }

    fn kind_of(&self, invoice: &Invoice) -> DocumentKind {
        if invoice.number.starts_with('C') {
            DocumentKind::ReturnReceipt
        } else if invoice.number.starts_with('A') || self.packed.lines[invoice.first_line].1 < 0 {
            DocumentKind::RegisterCorrection
        } else {
            DocumentKind::Receipt
        }
    }

    fn lines_of(&self, invoice: &Invoice) -> Vec<Line> {
        let lines = &self.packed.lines[invoice.first_line..invoice.first_line + invoice.lines];
        let (customer, card) = (customer_id(invoice.customer), card_id(invoice.customer));
        (1..)
            .zip(lines)
            .map(|(number, (article, pieces, thousandths))| Line {
                number,
                product: usize::try_from(*article).map_or(Uuid::nil(), |at| self.products[at]),
                characteristic: Uuid::nil(),
                thousandths: i64::from(*pieces) * 1_000,
                kopecks: i64::from(*pieces) * i64::from(*thousandths) * 10,
                discount_percent: 0,
                customer,
                card,
                owner: customer,
                basis: None,
            })
            .collect()
    }

    fn bonus_of(&self, kind: DocumentKind, invoice: &Invoice, lines: &[Line]) -> Vec<BonusLine> {
        let (card, at) = (card_id(invoice.customer), date(invoice));
        match (kind, invoice.basis) {
            (DocumentKind::Receipt, _) => bonus::give(card, bonus::earned(lines), at),
            (DocumentKind::ReturnReceipt, Some(sale)) => {
                let sale = &self.packed.invoices[sale];
                let returned: i64 = lines.iter().map(|line| -line.kopecks).sum();
                let points = bonus::earned(&self.lines_of(sale)).min(returned.max(0) / 2_000 * 100);
                bonus::take(card, points, at, date(sale).plus(bonus::LIFE))
            }
            _ => Vec::new(),
        }
    }

    fn object_id(&self, catalog: Catalog, index: usize) -> Uuid {
        match catalog {
            Catalog::Cards => card_id(self.customers[index].0),
            Catalog::CardKinds => fixed::CARD_KIND,
            Catalog::Counterparties => match index.checked_sub(1) {
                None => id("folder", "customers"),
                Some(index) => customer_id(self.customers[index].0),
            },
            Catalog::Products => match index.checked_sub(self.packed.folders.len()) {
                None => id("folder", &self.packed.folders[index]),
                Some(article) => self.products[article],
            },
            Catalog::ProductCategories => id("category", &self.packed.categories[index]),
            Catalog::Characteristics => Uuid::nil(),
            Catalog::Stores => self.store,
            Catalog::Tills => self.till,
            Catalog::BonusProgrammes => fixed::PROGRAMME,
        }
    }

    fn person(&self, index: usize) -> Person {
        let (number, country) = self.customers[index];
        let dice = Dice::roll(1, 1, number);
        let mut person = Person::invent(customer_id(number), format!("НФ-{number:06}"), dice);
        person.folder = id("folder", "customers");
        person.phone_digits = format!("7999{number:07}");
        person.phone_typed = format!("+{}", person.phone_digits);
        person.country.clone_from(&self.packed.countries[country]);
        person.created = Moment::midnight(2010, 11, 1);
        person.version = first_version(index);
        person
    }

    fn card(&self, index: usize) -> Card {
        let (number, _) = self.customers[index];
        Card {
            id: card_id(number),
            code: format!("{number:09}"),
            barcode: super::people::own_barcode(number),
            owner: customer_id(number),
            owner_name: self.person(index).description(),
            deleted: false,
            version: first_version(index),
        }
    }

    fn product(&self, schema: &Schema, index: usize) -> Object {
        let set = schema.catalog(Catalog::Products);
        let Some(at) = index.checked_sub(self.packed.folders.len()) else {
            let name = self.packed.folders[index].clone();
            return folder(
                set,
                id("folder", &name),
                format!("НФ-{:08}", index + 1),
                name,
            );
        };
        let article = &self.packed.articles[at];
        let parent = article.folder.map_or(Uuid::nil(), |folder| {
            id("folder", &self.packed.folders[folder])
        });
        let category = &self.packed.categories[article.category];
        ObjectBuilder::new(set)
            .link("Ref_Key", self.products[at])
            .text("DataVersion", version_text(first_version(index)))
            .link("Parent_Key", parent)
            .text("Code", format!("НФ-{:08}", index + 1))
            .text("Description", article.description.clone())
            .text("НаименованиеПолное", article.description.clone())
            .text("Артикул", article.code.clone())
            .word(
                "ТипНоменклатуры",
                if article.service {
                    "Услуга"
                } else {
                    "Запас"
                },
            )
            .link("КатегорияНоменклатуры_Key", id("category", category))
            .set(
                "ДатаИзменения",
                Value::Moment(Moment::midnight(2010, 12, 1)),
            )
            .build()
    }
}

fn date(invoice: &Invoice) -> Moment {
    Moment::midnight(2010, 12, 1).plus(invoice.minute * 60)
}

impl Base for OnlineRetail {
    fn documents(&self) -> usize {
        self.documents.len()
    }

    fn document(&self, index: usize) -> Document {
        let invoice = &self.packed.invoices[index];
        let kind = self.kind_of(invoice);
        let lines = self.lines_of(invoice);
        Document {
            number: format!("НФОР-{}", invoice.number),
            version: first_version(index),
            customer: customer_id(invoice.customer),
            card: card_id(invoice.customer),
            store: self.store,
            till: self.till,
            basis: invoice
                .basis
                .map(|sale| (DocumentKind::Receipt, self.documents[sale])),
            bonus: self.bonus_of(kind, invoice, &lines),
            lines,
            ..Document::posted(kind, self.documents[index], date(invoice))
        }
    }

    fn date_of(&self, index: usize) -> Moment {
        date(&self.packed.invoices[index])
    }

    fn find_document(&self, id: Uuid) -> Option<usize> {
        self.by_document.get(&id).copied()
    }

    fn lines_before(&self, index: usize) -> usize {
        self.packed
            .invoices
            .get(index)
            .map_or(self.packed.lines.len(), |invoice| invoice.first_line)
    }

    fn bonus_documents(&self, from: Moment, to: Moment) -> Vec<usize> {
        let start = self.points.partition_point(|(at, _)| *at < from);
        let mut documents: Vec<usize> = self.points[start..]
            .iter()
            .take_while(|(at, _)| *at < to)
            .map(|(_, of)| *of)
            .collect();
        documents.sort_unstable();
        documents.dedup();
        documents
    }

    fn bonus_span(&self) -> (Moment, Moment) {
        match (self.points.first(), self.points.last()) {
            (Some((first, _)), Some((last, _))) => (*first, last.plus(1)),
            _ => (Moment::EMPTY, Moment::EMPTY),
        }
    }

    fn objects(&self, catalog: Catalog) -> usize {
        match catalog {
            Catalog::Cards => self.customers.len(),
            Catalog::Counterparties => self.customers.len() + 1,
            Catalog::Products => self.packed.folders.len() + self.packed.articles.len(),
            Catalog::ProductCategories => self.packed.categories.len(),
            Catalog::Characteristics => 0,
            Catalog::CardKinds | Catalog::Stores | Catalog::Tills | Catalog::BonusProgrammes => 1,
        }
    }

    fn object(&self, schema: &Schema, catalog: Catalog, index: usize) -> Object {
        let named = |code: &'static str, name: &str| {
            ObjectBuilder::new(schema.catalog(catalog))
                .link("Ref_Key", self.object_id(catalog, index))
                .text("DataVersion", version_text(first_version(index)))
                .word("Code", code)
                .text("Description", name)
        };
        match catalog {
            Catalog::Cards => self.card(index).object(schema),
            Catalog::CardKinds => card_kind(schema),
            Catalog::Counterparties => match index.checked_sub(1) {
                None => folder(
                    schema.catalog(catalog),
                    id("folder", "customers"),
                    "НФ-000001".into(),
                    "Покупатели".into(),
                ),
                Some(index) => self.person(index).object(schema),
            },
            Catalog::Products => self.product(schema, index),
            Catalog::ProductCategories => named("", &self.packed.categories[index])
                .text("Code", format!("НФ-{:06}", index + 1))
                .build(),
            Catalog::Characteristics => Object::empty(schema.catalog(catalog)),
            Catalog::Stores => named("НФ-000001", "Онлайн-магазин")
                .word("ТипСтруктурнойЕдиницы", "Розница")
                .link("Организация_Key", company())
                .build(),
            Catalog::Tills => named("НФ-000001", "Касса сайта")
                .link("Owner_Key", company())
                .link("СтруктурнаяЕдиница_Key", self.store)
                .build(),
            Catalog::BonusProgrammes => programme(schema),
        }
    }

    fn find_object(&self, catalog: Catalog, id: Uuid) -> Option<usize> {
        self.objects[catalog.place()].get(&id).copied()
    }
}
