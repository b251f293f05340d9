//! Counterparties and their cards, with the disorder of real card files.

use uuid::Uuid;

use super::fixed;
use super::names::{Name, name};
use crate::dice::Dice;
use crate::moment::Moment;
use crate::object::{Object, ObjectBuilder};
use crate::schema::{Catalog, EntitySet, Schema};
use crate::value::Value;

/// What a base decides about one person; the rest follows from it.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) name: Name,
    pub(super) folder: Uuid,
    /// The phone as a cashier typed it; may be empty, or two phones in one.
    pub(super) phone_typed: String,
    /// The digits that 1C derived from it.
    pub(super) phone_digits: String,
    pub(super) email: String,
    pub(super) city: &'static str,
    pub(super) country: String,
    pub(super) born: Moment,
    pub(super) created: Moment,
    pub(super) deleted: bool,
    pub(super) version: u64,
}

impl Person {
    /// Invents the name and the birth date; phone, e-mail and address are left to the caller.
    pub(super) fn invent(id: Uuid, code: String, dice: Dice) -> Self {
        Self {
            id,
            code,
            name: name(dice),
            folder: Uuid::nil(),
            phone_typed: String::new(),
            phone_digits: String::new(),
            email: String::new(),
            city: "",
            country: String::new(),
            born: birth_date(dice.again().again()),
            created: Moment::midnight(2024, 7, 11),
            deleted: false,
            version: 1,
        }
    }

    pub(super) fn description(&self) -> String {
        format!("{} {}", self.name.surname, self.name.first)
    }

    pub(super) fn object(&self, schema: &Schema) -> Object {
        let set = schema.catalog(Catalog::Counterparties);
        let full = format!("{} {}", self.description(), self.name.patronymic);
        let facts = format!(
            "{}\n{}\n{}",
            self.description(),
            self.phone_typed,
            self.city
        );
        ObjectBuilder::new(set)
            .link("Ref_Key", self.id)
            .text("DataVersion", super::version_text(self.version))
            .flag("DeletionMark", self.deleted)
            .link("Parent_Key", self.folder)
            .text("Code", self.code.clone())
            .text("Description", self.description())
            .text("НаименованиеПолное", full.clone())
            .text("ФИО", full)
            .word("ВидКонтрагента", "ФизическоеЛицо")
            .word("ЮридическоеФизическоеЛицо", "ФизическоеЛицо")
            .word(
                "Пол",
                if self.name.woman {
                    "Женский"
                } else {
                    "Мужской"
                },
            )
            .set("ДатаРождения", Value::Moment(self.born))
            .set("ДатаСоздания", Value::Moment(self.created))
            .text("НомерТелефонаДляПоиска", self.phone_digits.clone())
            .text("АдресЭПДляПоиска", self.email.clone())
            .text("ОсновныеСведения", facts)
            .flag("Покупатель", true)
            .rows("КонтактнаяИнформация", self.contacts(set))
            .build()
    }

    fn contacts(&self, set: &EntitySet) -> Vec<Object> {
        let mut contacts = Vec::new();
        if !self.phone_typed.is_empty() {
            contacts.push(Contact {
                kind: fixed::PHONE_KIND,
                word: "Телефон",
                shown: self.phone_typed.clone(),
                extra: ("НомерТелефона", self.phone_digits.clone()),
            });
        }
        if !self.email.is_empty() {
            let extra = ("АдресЭП", self.email.clone());
            let (kind, shown) = (fixed::EMAIL_KIND, self.email.clone());
            contacts.push(Contact {
                kind,
                word: "АдресЭлектроннойПочты",
                shown,
                extra,
            });
        }
        if !self.city.is_empty() {
            let (kind, shown) = (
                fixed::ADDRESS_KIND,
                format!("{}, ул. Примерная, 1", self.city),
            );
            let extra = ("Город", self.city.into());
            contacts.push(Contact {
                kind,
                word: "Адрес",
                shown,
                extra,
            });
        }
        if !self.country.is_empty() {
            let (kind, shown) = (fixed::ADDRESS_KIND, self.country.clone());
            let extra = ("Страна", self.country.clone());
            contacts.push(Contact {
                kind,
                word: "Адрес",
                shown,
                extra,
            });
        }
        (1..)
            .zip(contacts)
            .map(|(number, contact)| contact.row(set, self.id, number))
            .collect()
    }
}

struct Contact {
    kind: Uuid,
    word: &'static str,
    shown: String,
    extra: (&'static str, String),
}

impl Contact {
    fn row(self, set: &EntitySet, owner: Uuid, number: i64) -> Object {
        let part = set.part("КонтактнаяИнформация");
        let mut row = Object::table_row(part, owner, number);
        let mut put = |column, value| row.values[part.static_column(column)] = value;
        let json = format!(
            "{{\"version\":4,\"value\":\"{}\",\"type\":\"{}\"}}",
            self.shown, self.word
        );
        put("Тип", Value::text(self.word));
        put("Вид_Key", Value::Guid(self.kind));
        put("Представление", Value::Text(self.shown.into()));
        put("Значение", Value::Text(json.into()));
        if self.extra.0 == "НомерТелефона" {
            let digits = &self.extra.1;
            let local: String = digits
                .chars()
                .skip(digits.chars().count().saturating_sub(7))
                .collect();
            let reversed: String = local.chars().rev().collect();
            put("НомерТелефонаБезКодов", Value::Text(local.into()));
            put("ОбратныйНомерТелефона", Value::Text(reversed.into()));
        }
        put(self.extra.0, Value::Text(self.extra.1.into()));
        row
    }
}

/// Most dates are sound, a quarter is empty, a few have a year that nobody was born in.
fn birth_date(dice: Dice) -> Moment {
    let (month, day) = (1 + dice.number_below(12), 1 + dice.again().number_below(28));
    let year = match dice.again().again().number_below(200) {
        0..50 => return Moment::EMPTY,
        50 => 209,
        51 => 3999,
        drawn => 1950 + i32::try_from(drawn % 55).unwrap_or(0),
    };
    Moment::midnight(year, month, day)
}

/// A folder in a hierarchical catalog; its attributes stay empty, as in 1C.
pub(super) fn folder(set: &EntitySet, id: Uuid, code: String, name: String) -> Object {
    ObjectBuilder::new(set)
        .link("Ref_Key", id)
        .text("DataVersion", super::version_text(1))
        .flag("IsFolder", true)
        .text("Code", code)
        .text("Description", name)
        .build()
}

/// A discount card.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) barcode: String,
    pub(super) owner: Uuid,
    pub(super) owner_name: String,
    pub(super) deleted: bool,
    pub(super) version: u64,
}

impl Card {
    pub(super) fn object(&self, schema: &Schema) -> Object {
        let description = format!("{} - Бонусная - {}", self.barcode, self.owner_name);
        ObjectBuilder::new(schema.catalog(Catalog::Cards))
            .link("Ref_Key", self.id)
            .text("DataVersion", super::version_text(self.version))
            .flag("DeletionMark", self.deleted)
            .link("Owner_Key", fixed::CARD_KIND)
            .text("Code", self.code.clone())
            .text("Description", description)
            .text("КодКартыШтрихкод", self.barcode.clone())
            .link("ВладелецКарты_Key", self.owner)
            .build()
    }
}

/// An EAN-13 of the range 29, which shops keep for their own use.
pub(super) fn own_barcode(number: usize) -> String {
    let digits = format!("29{number:010}");
    let sum: u32 = digits
        .bytes()
        .enumerate()
        .map(|(at, digit)| u32::from(digit - b'0') * if at % 2 == 0 { 1 } else { 3 })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The single kind of card and the single bonus programme.
pub(super) fn card_kind(schema: &Schema) -> Object {
    ObjectBuilder::new(schema.catalog(Catalog::CardKinds))
        .link("Ref_Key", fixed::CARD_KIND)
        .text("DataVersion", super::version_text(1))
        .word("Code", "000000001")
        .word("Description", "Бонусная")
        .word("ВидСкидкиВДисконтныхКартах", "ФиксированнаяСкидка")
        .word("ТипКарты", "Штриховая")
        .flag("ЭтоИменнаяКарта", true)
        .link("БонуснаяПрограмма_Key", fixed::PROGRAMME)
        .build()
}

pub(super) fn programme(schema: &Schema) -> Object {
    ObjectBuilder::new(schema.catalog(Catalog::BonusProgrammes))
        .link("Ref_Key", fixed::PROGRAMME)
        .text("DataVersion", super::version_text(1))
        .word("Code", "000000001")
        .word("Description", "Бонусы магазина")
        .set("МаксимальныйПроцентОплаты", Value::Short(50))
        .set("КурсБонусов", Value::kopecks(100))
        .flag("СписаниеНеиспользованных", true)
        .word("ПериодичностьСписания", "День")
        .set("КоличествоПериодовСписания", Value::Short(365))
        .build()
}
