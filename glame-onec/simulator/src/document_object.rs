//! Shows a document as the row of its own set.

use uuid::Uuid;

use crate::base::{fixed, version_text};
use crate::document::{Document, DocumentKind, Line, company};
use crate::object::{Object, ObjectBuilder};
use crate::schema::{Schema, TablePart};
use crate::value::Value;

pub(crate) fn document_object(schema: &Schema, document: &Document) -> Object {
    let set = schema.document(document.kind);
    let mut object = ObjectBuilder::new(set)
        .link("Ref_Key", document.id)
        .text("DataVersion", version_text(document.version))
        .flag("DeletionMark", document.deletion_mark)
        .text("Number", document.number.clone())
        .set("Date", Value::Moment(document.date))
        .flag("Posted", document.posted)
        .link("Организация_Key", company())
        .text("Комментарий", document.comment.clone());
    let goods = |part: &TablePart| goods_rows(document, part);
    match document.kind {
        DocumentKind::Receipt | DocumentKind::ReturnReceipt => {
            object = till_slip(buyer(object, document), document)
                .rows("Запасы", goods(set.part("Запасы")))
                .rows(
                    "БезналичнаяОплата",
                    cashless_rows(document, set.part("БезналичнаяОплата")),
                );
            if document.kind == DocumentKind::Receipt {
                object = object.word("Статус", "Пробит");
            }
        }
        DocumentKind::Invoice => {
            object = buyer(object, document)
                .word("ВидОперации", "ПродажаПокупателю")
                .rows("Запасы", goods(set.part("Запасы")));
        }
        DocumentKind::GoodsReceipt => {
            object = buyer(object, document)
                .word("ВидОперации", "ВозвратОтПокупателя")
                .rows("Запасы", goods(set.part("Запасы")));
        }
        DocumentKind::SaleCorrection | DocumentKind::MarketplaceOrder => {
            object = buyer(object, document).rows("Запасы", goods(set.part("Запасы")));
        }
        DocumentKind::ShiftReport => {
            object = object
                .link("КассаККМ_Key", document.till)
                .word("СтатусКассовойСмены", "ЗакрытаЧекиЗаархивированы")
                .set(
                    "НачалоКассовойСмены",
                    Value::Moment(document.date.start_of_day()),
                )
                .set("ОкончаниеКассовойСмены", Value::Moment(document.date))
                .set("СуммаДокумента", Value::kopecks(document.total_kopecks()))
                .link("СтруктурнаяЕдиница_Key", document.store)
                .rows("Запасы", goods(set.part("Запасы")));
        }
        DocumentKind::OpeningBalances => object = object.word("РазделУчета", "ДисконтныеКарты"),
        DocumentKind::RegisterCorrection => {}
        DocumentKind::BonusOrder => {
            object = object
                .link("БонуснаяПрограмма_Key", fixed::PROGRAMME)
                .rows(
                    "НачисленияБонусов",
                    given_rows(document, set.part("НачисленияБонусов")),
                )
                .rows(
                    "СписанияБонусов",
                    taken_rows(document, set.part("СписанияБонусов")),
                );
        }
    }
    basis(object, document).build()
}

fn buyer<'a>(object: ObjectBuilder<'a>, document: &Document) -> ObjectBuilder<'a> {
    let sign = if document.kind.takes_back() { -1 } else { 1 };
    let discount = document
        .lines
        .iter()
        .map(|line| line.discount_percent)
        .max()
        .unwrap_or(0);
    object
        .link("Контрагент_Key", document.customer)
        .link("ДисконтнаяКарта_Key", document.card)
        .set("ПроцентСкидкиПоДисконтнойКарте", percent(discount))
        .link("СтруктурнаяЕдиница_Key", document.store)
        .set(
            "СуммаДокумента",
            Value::kopecks(sign * document.total_kopecks()),
        )
}

fn till_slip<'a>(object: ObjectBuilder<'a>, document: &Document) -> ObjectBuilder<'a> {
    object
        .link("КассаККМ_Key", document.till)
        .link("КассоваяСмена_Key", document.shift)
        .flag("Архивный", document.archived)
}

fn basis<'a>(object: ObjectBuilder<'a>, document: &Document) -> ObjectBuilder<'a> {
    let Some((kind, id)) = document.basis else {
        return object;
    };
    match document.kind {
        DocumentKind::ReturnReceipt => object.link("ЧекККМ_Key", id),
        DocumentKind::GoodsReceipt => object
            .link(
                "ЧекККМ_Key",
                if kind == DocumentKind::Receipt {
                    id
                } else {
                    Uuid::nil()
                },
            )
            .set(
                "ДокументОснование",
                Value::Reference {
                    set: kind.set_name(),
                    id,
                },
            ),
        DocumentKind::SaleCorrection => object.set(
            "ДокументОснование",
            Value::Reference {
                set: kind.set_name(),
                id,
            },
        ),
        DocumentKind::Receipt
        | DocumentKind::ShiftReport
        | DocumentKind::Invoice
        | DocumentKind::RegisterCorrection
        | DocumentKind::OpeningBalances
        | DocumentKind::BonusOrder
        | DocumentKind::MarketplaceOrder => object,
    }
}

fn percent(percent: u8) -> Value<'static> {
    Value::Number {
        units: i64::from(percent),
        scale: 0,
    }
}

fn goods_rows(document: &Document, part: &TablePart) -> Vec<Object> {
    document
        .lines
        .iter()
        .map(|line| goods_row(document, line, part))
        .collect()
}

fn goods_row(document: &Document, line: &Line, part: &TablePart) -> Object {
    let sign = if document.kind.takes_back() { -1 } else { 1 };
    let mut row = Object::table_row(part, document.id, line.number);
    let mut put = |name, value| row.values[part.static_column(name)] = value;
    let before = line.kopecks_before_discount();
    put("Номенклатура_Key", Value::Guid(line.product));
    put("Характеристика_Key", Value::Guid(line.characteristic));
    put(
        "Количество",
        Value::Number {
            units: sign * line.thousandths,
            scale: 3,
        },
    );
    put("Сумма", Value::kopecks(sign * line.kopecks));
    match document.kind {
        DocumentKind::SaleCorrection => {}
        DocumentKind::ShiftReport => {
            put("Всего", Value::kopecks(line.kopecks));
            put("ДисконтнаяКарта_Key", Value::Guid(line.card));
            put("Контрагент_Key", Value::Guid(line.customer));
            put("Цена", price(line, before));
        }
        DocumentKind::Receipt
        | DocumentKind::ReturnReceipt
        | DocumentKind::Invoice
        | DocumentKind::GoodsReceipt
        | DocumentKind::RegisterCorrection
        | DocumentKind::OpeningBalances
        | DocumentKind::BonusOrder
        | DocumentKind::MarketplaceOrder => {
            put("Всего", Value::kopecks(sign * line.kopecks));
            put("Цена", price(line, before));
            put("ПроцентСкидкиНаценки", percent(line.discount_percent));
            put(
                "СуммаСкидкиНаценки",
                Value::kopecks(sign * (before - line.kopecks)),
            );
        }
    }
    row
}

/// The price of one piece before the discount, rounded down to the kopeck.
fn price(line: &Line, kopecks_before: i64) -> Value<'static> {
    let pieces = line.thousandths.abs().max(1);
    Value::kopecks(kopecks_before.abs() * 1_000 / pieces)
}

/// Points that were spent at the till.
fn cashless_rows(document: &Document, part: &TablePart) -> Vec<Object> {
    if document.kind != DocumentKind::Receipt {
        return Vec::new();
    }
    let spent = document
        .bonus
        .iter()
        .filter(|line| !line.receipt && line.accrued > 0);
    (1..)
        .zip(spent)
        .map(|(number, line)| {
            let mut row = Object::table_row(part, document.id, number);
            let mut put = |name, value| row.values[part.static_column(name)] = value;
            put("ВидОплаты", Value::text("Бонусы"));
            put("БонуснаяКарта_Key", Value::Guid(line.card));
            put("Сумма", Value::kopecks(line.accrued));
            put("СуммаБонусов", Value::kopecks(line.accrued));
            row
        })
        .collect()
}

fn given_rows(document: &Document, part: &TablePart) -> Vec<Object> {
    let given = document
        .bonus
        .iter()
        .filter(|line| line.receipt && line.accrued > 0);
    (1..)
        .zip(given)
        .map(|(number, line)| {
            let mut row = Object::table_row(part, document.id, number);
            let mut put = |name, value| row.values[part.static_column(name)] = value;
            let burns = document
                .bonus
                .iter()
                .find(|other| other.to_write_off > 0 && other.card == line.card)
                .map_or(crate::moment::Moment::EMPTY, |other| other.period);
            put("БонуснаяКарта_Key", Value::Guid(line.card));
            put("Количество", Value::kopecks(line.accrued));
            put("ДатаНачисления", Value::Moment(line.period));
            put("ДатаСгорания", Value::Moment(burns));
            row
        })
        .collect()
}

fn taken_rows(document: &Document, part: &TablePart) -> Vec<Object> {
    let taken = document
        .bonus
        .iter()
        .filter(|line| !line.receipt && line.accrued > 0);
    (1..)
        .zip(taken)
        .map(|(number, line)| {
            let mut row = Object::table_row(part, document.id, number);
            let mut put = |name, value| row.values[part.static_column(name)] = value;
            put("БонуснаяКарта_Key", Value::Guid(line.card));
            put("Количество", Value::kopecks(line.accrued));
            row
        })
        .collect()
}
