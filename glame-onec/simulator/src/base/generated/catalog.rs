//! The catalogs of an invented shop.

use std::ops::Range;

use uuid::Uuid;

use super::guid::Kind;
use super::{Generated, Purpose};
use crate::base::people::{Card, Person, card_kind, folder, own_barcode, programme};
use crate::base::{first_version, fixed, version_text};
use crate::dice::Dice;
use crate::document::company;
use crate::moment::Moment;
use crate::object::{Object, ObjectBuilder};
use crate::schema::{Catalog, Schema};
use crate::value::Value;

pub(super) const COUNTERPARTY_FOLDERS: [&str; 2] = ["Покупатели", "Розничные покупатели"];
pub(super) const STORES: [&str; 3] = ["Магазин на Примерной", "Магазин в парке", "Склад сайта"];
const BRANDS: [&str; 6] = [
    "Ракушка",
    "Янтарный берег",
    "Стеклянный сад",
    "Луна",
    "Иволга",
    "Север",
];
const CATEGORIES: [&str; 9] = [
    "Украшения",
    "Кольца",
    "Серьги",
    "Колье",
    "Браслеты",
    "Броши",
    "Часы",
    "Подарки",
    "Упаковка",
];
const PACKAGING: [(&str, i64); 3] = [
    ("Мешочек подарочный", 0),
    ("Пакет малый", 500),
    ("Коробка картонная", 100),
];
const COLOURS: [&str; 3] = ["Золотистый", "Серебристый", "Розовый"];
const CITIES: [&str; 6] = [
    "",
    "г. Симферополь",
    "Ялта",
    "г. Севастополь",
    "Евпатория",
    "",
];

impl Generated {
    pub(super) fn count(&self, catalog: Catalog) -> usize {
        match catalog {
            Catalog::Cards => self.ownerless_cards().end,
            Catalog::CardKinds | Catalog::BonusProgrammes => 1,
            Catalog::Counterparties => COUNTERPARTY_FOLDERS.len() + self.customers,
            Catalog::Products => BRANDS.len() + self.products,
            Catalog::ProductCategories => CATEGORIES.len(),
            Catalog::Characteristics => self.ordinary_products().div_ceil(5) * COLOURS.len(),
            Catalog::Stores | Catalog::Tills => STORES.len(),
        }
    }

    pub(super) fn item(&self, schema: &Schema, catalog: Catalog, index: usize) -> Object {
        match catalog {
            Catalog::Cards => self.card(index).object(schema),
            Catalog::CardKinds => card_kind(schema),
            Catalog::Counterparties => self.counterparty(schema, index),
            Catalog::Products => self.product(schema, index),
            Catalog::ProductCategories => self.category(schema, index),
            Catalog::Characteristics => self.characteristic(schema, index),
            Catalog::Stores => ObjectBuilder::new(schema.catalog(catalog))
                .link("Ref_Key", self.guids.id(Kind::Store, index))
                .text("DataVersion", version_text(first_version(index)))
                .text("Code", format!("НФ-{:06}", index + 1))
                .word("Description", STORES[index])
                .word("ТипСтруктурнойЕдиницы", "Розница")
                .link("Организация_Key", company())
                .build(),
            Catalog::Tills => ObjectBuilder::new(schema.catalog(catalog))
                .link("Ref_Key", self.guids.id(Kind::Till, index))
                .text("DataVersion", version_text(first_version(index)))
                .link("Owner_Key", company())
                .text("Code", format!("НФ-{:06}", index + 1))
                .text("Description", format!("Касса: {}", STORES[index]))
                .link("СтруктурнаяЕдиница_Key", self.guids.id(Kind::Store, index))
                .build(),
            Catalog::BonusProgrammes => programme(schema),
        }
    }

    pub(super) fn find_item(&self, catalog: Catalog, id: Uuid) -> Option<usize> {
        let kind = match catalog {
            Catalog::Cards => Kind::Card,
            Catalog::CardKinds => return (id == fixed::CARD_KIND).then_some(0),
            Catalog::Counterparties => Kind::Counterparty,
            Catalog::Products => Kind::Product,
            Catalog::ProductCategories => Kind::Category,
            Catalog::Characteristics => Kind::Characteristic,
            Catalog::Stores => Kind::Store,
            Catalog::Tills => Kind::Till,
            Catalog::BonusProgrammes => return (id == fixed::PROGRAMME).then_some(0),
        };
        self.guids
            .find(kind, id)
            .filter(|index| *index < self.count(catalog))
    }

    /// Cards come as the first card of everyone, second cards, and cards without an owner.
    pub(super) fn ownerless_cards(&self) -> Range<usize> {
        let start = self.customers + self.customers / 20;
        start..start + self.customers.div_ceil(50)
    }

    pub(super) fn second_card_of(&self, customer: usize) -> Option<usize> {
        let place = customer / 20;
        (customer % 20 == 3 && place < self.customers / 20).then_some(self.customers + place)
    }

    fn card(&self, index: usize) -> Card {
        let owner = if index < self.customers {
            Some(index)
        } else {
            let place = index - self.customers;
            (index < self.ownerless_cards().start).then_some(place * 20 + 3)
        };
        let dice = self.dice(Purpose::Card, index);
        let barcode = match owner {
            Some(owner) if index < self.customers && dice.percent(40) && !shares_phone(owner) => {
                self.person(owner)
                    .phone_digits
                    .split(' ')
                    .next()
                    .unwrap_or("")
                    .into()
            }
            _ if dice.again().number_below(200) == 0 => String::new(),
            _ => own_barcode(index + 1),
        };
        Card {
            id: self.guids.id(Kind::Card, index),
            code: format!("{:09}", index + 1),
            barcode,
            owner: owner.map_or(Uuid::nil(), |owner| self.customer_id(owner)),
            owner_name: owner.map_or(String::new(), |owner| self.person(owner).description()),
            deleted: index >= self.customers && dice.again().percent(10),
            version: first_version(index),
        }
    }

    fn counterparty(&self, schema: &Schema, index: usize) -> Object {
        let Some(customer) = index.checked_sub(COUNTERPARTY_FOLDERS.len()) else {
            let id = self.guids.id(Kind::Counterparty, index);
            let set = schema.catalog(Catalog::Counterparties);
            let name = COUNTERPARTY_FOLDERS[index].into();
            return folder(set, id, format!("НФ-{:06}", index + 1), name);
        };
        self.person(customer).object(schema)
    }

    fn person(&self, customer: usize) -> Person {
        let dice = self.dice(Purpose::Person, customer);
        let code = format!("НФ-{:06}", customer + COUNTERPARTY_FOLDERS.len() + 1);
        let mut person = Person::invent(self.customer_id(customer), code, dice);
        person.folder = self.guids.id(Kind::Counterparty, customer % 2);
        person.city = CITIES[customer % CITIES.len()];
        person.created = Moment::midnight(2022, 6, 1);
        person.version = first_version(customer);
        if customer.is_multiple_of(3) {
            person.email = format!("client{customer}@example.com");
        }
        (person.phone_typed, person.phone_digits) = phone(customer);
        person
    }

    fn product(&self, schema: &Schema, index: usize) -> Object {
        let set = schema.catalog(Catalog::Products);
        let id = self.guids.id(Kind::Product, index);
        let code = format!("НФ-{:08}", index + 1);
        let Some(place) = index.checked_sub(BRANDS.len()) else {
            return folder(set, id, code, BRANDS[index].into());
        };
        let packaging = place.checked_sub(self.ordinary_products());
        let category = match packaging {
            Some(_) => CATEGORIES.len() - 1,
            None => 1 + place % (CATEGORIES.len() - 2),
        };
        let name = match packaging {
            Some(place) => PACKAGING[place].0.into(),
            None => format!(
                "{} «{}» {}",
                CATEGORIES[category],
                BRANDS[place % BRANDS.len()],
                place
            ),
        };
        let parent = match packaging {
            Some(_) => Uuid::nil(),
            None => self.guids.id(Kind::Product, place % BRANDS.len()),
        };
        ObjectBuilder::new(set)
            .link("Ref_Key", id)
            .text("DataVersion", version_text(first_version(index)))
            .link("Parent_Key", parent)
            .text("Code", code)
            .text("Description", name.clone())
            .text("НаименованиеПолное", name)
            .text(
                "Артикул",
                if place % 9 == 0 {
                    String::new()
                } else {
                    format!("A-{place:05}")
                },
            )
            .word(
                "ТипНоменклатуры",
                if place % 97 == 96 {
                    "Услуга"
                } else {
                    "Запас"
                },
            )
            .link(
                "КатегорияНоменклатуры_Key",
                self.guids.id(Kind::Category, category),
            )
            .flag(
                "ИспользоватьХарактеристики",
                self.has_characteristics(index),
            )
            .set("ДатаИзменения", Value::Moment(Moment::midnight(2022, 6, 1)))
            .build()
    }

    fn category(&self, schema: &Schema, index: usize) -> Object {
        let set = schema.catalog(Catalog::ProductCategories);
        let id = self.guids.id(Kind::Category, index);
        let code = format!("НФ-{:06}", index + 1);
        if index == 0 {
            return folder(set, id, code, CATEGORIES[0].into());
        }
        let parent = if index < 7 {
            self.guids.id(Kind::Category, 0)
        } else {
            Uuid::nil()
        };
        ObjectBuilder::new(set)
            .link("Ref_Key", id)
            .text("DataVersion", version_text(first_version(index)))
            .link("Parent_Key", parent)
            .text("Code", code)
            .word("Description", CATEGORIES[index])
            .word("ТипНоменклатурыПоУмолчанию", "Запас")
            .build()
    }

    fn characteristic(&self, schema: &Schema, index: usize) -> Object {
        let owner = BRANDS.len() + index / COLOURS.len() * 5;
        let id = self.guids.id(Kind::Product, owner);
        ObjectBuilder::new(schema.catalog(Catalog::Characteristics))
            .link("Ref_Key", self.guids.id(Kind::Characteristic, index))
            .text("DataVersion", version_text(first_version(index)))
            .set(
                "Owner",
                Value::Reference {
                    set: Catalog::Products.set_name(),
                    id,
                },
            )
            .text("Code", format!("{:09}", index + 1))
            .word("Description", COLOURS[index % COLOURS.len()])
            .word("НаименованиеДляПечати", COLOURS[index % COLOURS.len()])
            .build()
    }

    /// Products that are not packaging.
    pub(super) const fn ordinary_products(&self) -> usize {
        self.products - PACKAGING.len()
    }

    pub(super) const fn packaging(&self, place: usize) -> usize {
        BRANDS.len() + self.ordinary_products() + place
    }

    const fn has_characteristics(&self, product: usize) -> bool {
        let place = product.saturating_sub(BRANDS.len());
        place.is_multiple_of(5) && place < self.ordinary_products()
    }

    pub(super) fn price_kopecks(&self, product: usize) -> i64 {
        let place = product - BRANDS.len();
        if let Some(packaging) = place.checked_sub(self.ordinary_products()) {
            return PACKAGING[packaging].1;
        }
        let dice = self.dice(Purpose::Product, product);
        let roubles = 300 + i64::from(dice.number_below(40) * dice.again().number_below(600));
        roubles * 100 + dice.again().again().pick(&[0, 0, 50, 90])
    }

    pub(super) fn characteristic_sold(&self, product: usize, dice: Dice) -> Uuid {
        if !self.has_characteristics(product) {
            return Uuid::nil();
        }
        let first = (product - BRANDS.len()) / 5 * COLOURS.len();
        self.guids
            .id(Kind::Characteristic, first + dice.below(COLOURS.len()))
    }
}

pub(super) const fn ordinary_product(place: usize) -> usize {
    BRANDS.len() + place
}

pub(super) const fn sold_by_metre(product: usize) -> bool {
    product % 37 == 11
}

const fn shares_phone(customer: usize) -> bool {
    customer % 50 == 7
}

/// A phone as typed and as digits, in the forms that cashiers find.
fn phone(customer: usize) -> (String, String) {
    let owner = if shares_phone(customer) {
        customer - 1
    } else {
        customer
    };
    let number = owner % 10_000_000;
    let (a, b, c) = (number / 10_000, number / 100 % 100, number % 100);
    let digits = format!("7999{number:07}");
    match customer % 20 {
        11 => (format!("8 (999) {a:03}-{b:02}-{c:02}"), digits),
        12 => (format!("8999{number:07}"), format!("8999{number:07}")),
        13 => (format!("999{number:07}"), format!("999{number:07}")),
        14 => (format!("8-999-{a:03}-{b:02}-{c:02}"), digits),
        15 if customer % 40 == 15 => {
            let second = (number + 5_000_000) % 10_000_000;
            (
                format!("+7 999 {number:07} 8 999 {second:07}"),
                format!("7999{number:07} 8999{second:07}"),
            )
        }
        16 if customer % 100 == 16 => (String::new(), String::new()),
        17 => (format!("+7999{number:07}"), digits),
        _ => (format!("+7 (999) {a:03}-{b:02}-{c:02}"), digits),
    }
}
