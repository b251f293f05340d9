//! From the JSON of a write to values, with the leniency of 1C.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::document::{BonusLine, Document, DocumentKind, Line};
use crate::errors::ODataError;
use crate::filter::lexer::{decimal, parse_guid};
use crate::moment::Moment;
use crate::object::Object;
use crate::schema::{Column, ColumnKind, EntitySet, TablePart};
use crate::value::Value;

/// Puts the properties of a body into an object; unknown ones are ignored.
pub(super) fn edit(
    set: &EntitySet,
    object: &mut Object,
    body: &Map<String, Json>,
) -> Result<(), ODataError> {
    for (name, json) in body {
        if let Some(link) = name.strip_suffix("@odata.bind") {
            bind(set, object, link, json)?;
            continue;
        }
        let Some(place) = set.find(name) else {
            continue;
        };
        if let ColumnKind::Part(part) = set.columns[place].kind {
            let owner = object.values[0].id().unwrap_or_default();
            object.values[place] = Value::Rows(rows(&set.parts[part], owner, json)?.into());
        } else if let Some(value) = value(&set.columns[place], json)? {
            object.values[place] = value;
        }
    }
    Ok(())
}

/// `"Контрагент@odata.bind": "Catalog_Контрагенты(guid'…')"`.
fn bind(set: &EntitySet, object: &mut Object, link: &str, json: &Json) -> Result<(), ODataError> {
    let place = set
        .columns
        .iter()
        .position(|column| column.link_name() == Some(link))
        .ok_or_else(|| ODataError::no_segment(link))?;
    let text = json.as_str().unwrap_or("");
    let id = text
        .split_once("guid'")
        .and_then(|(_, rest)| parse_guid(rest.split('\'').next()?))
        .ok_or_else(|| ODataError::bad_value(text, "Edm.Guid"))?;
    object.values[place] = Value::Guid(id);
    Ok(())
}

/// The value of one column; `None` where 1C silently keeps the old one.
fn value(column: &Column, json: &Json) -> Result<Option<Value<'static>>, ODataError> {
    let text = || {
        json.as_str()
            .map_or_else(|| json.to_string(), str::to_owned)
    };
    let bad = || ODataError::bad_value(&text(), column.kind.edm());
    Ok(match column.kind {
        ColumnKind::Text | ColumnKind::Enumeration(_) => {
            let limit = text_limit(column.original);
            Some(Value::Text(
                text().chars().take(limit).collect::<String>().into(),
            ))
        }
        ColumnKind::LongText => Some(Value::Text(text().into())),
        ColumnKind::Guid | ColumnKind::Link(_) => {
            Some(Value::Guid(parse_guid(&text()).ok_or_else(bad)?))
        }
        ColumnKind::Moment => Some(Value::Moment(Moment::parse(&text()).ok_or_else(bad)?)),
        ColumnKind::Flag => Some(Value::Flag(json.as_bool().ok_or_else(bad)?)),
        ColumnKind::Number => {
            let (units, scale) = signed_decimal(&text()).ok_or_else(bad)?;
            Some(Value::Number { units, scale })
        }
        ColumnKind::Long => text().parse().ok().map(Value::Long),
        ColumnKind::Short => text().parse().ok().map(Value::Short),
        ColumnKind::Composite(targets) => parse_guid(&text()).map(|id| Value::Reference {
            set: targets.first().copied().unwrap_or(""),
            id,
        }),
        ColumnKind::TypeOf(_) | ColumnKind::Part(_) | ColumnKind::Lines(_) => None,
    })
}

fn signed_decimal(text: &str) -> Option<(i64, u8)> {
    match text.strip_prefix('-') {
        Some(magnitude) => decimal(magnitude).map(|(units, scale)| (-units, scale)),
        None => decimal(text),
    }
}

/// Longer text is cut without a word.
fn text_limit(column: &str) -> usize {
    match column {
        "Code" => 11,
        "Description" | "КодКартыШтрихкод" | "КодКартыМагнитный" | "НомерТелефонаДляПоиска" => {
            100
        }
        "Телефон" => 16,
        "НомерТелефона" => 20,
        _ => 1_024,
    }
}

fn rows(part: &TablePart, owner: Uuid, json: &Json) -> Result<Vec<Object>, ODataError> {
    let items = json
        .as_array()
        .ok_or_else(|| ODataError::business("Ожидается массив строк"))?;
    (1..)
        .zip(items)
        .map(|(number, item)| {
            let given = item
                .get("LineNumber")
                .ok_or_else(|| ODataError::business("Не указан номер строки"))?;
            let given = given
                .as_str()
                .map_or_else(|| given.to_string(), str::to_owned);
            if given != number.to_string() {
                return Err(ODataError::bad_value(&given, "Edm.Int64"));
            }
            let mut row = Object::table_row(part, owner, number);
            for (name, json) in item.as_object().into_iter().flatten() {
                let place = part.columns.iter().position(|column| column.name == *name);
                if let Some(place) = place.filter(|place| *place > 1)
                    && let Some(value) = value(&part.columns[place], json)?
                {
                    row.values[place] = value;
                }
            }
            Ok(row)
        })
        .collect()
}

/// The document that an edited object stands for; untouched tabular parts stay as they were.
pub(super) fn document_from(
    set: &EntitySet,
    object: &Object,
    body: &Map<String, Json>,
    known: Document,
) -> Document {
    let get = |name| {
        let place = set
            .columns
            .iter()
            .position(|column| column.original == name)?;
        Some(object.value(place))
    };
    let id = |name, otherwise| get(name).and_then(|value| value.id()).unwrap_or(otherwise);
    let text = |name, otherwise: &String| {
        let given = get(name).and_then(|value| value.as_text().map(str::to_owned));
        given
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| otherwise.clone())
    };
    let mut document = Document {
        number: text("Number", &known.number),
        comment: text("Комментарий", &known.comment),
        customer: id("Контрагент_Key", known.customer),
        card: id("ДисконтнаяКарта_Key", known.card),
        store: id("СтруктурнаяЕдиница_Key", known.store),
        till: id("КассаККМ_Key", known.till),
        ..known
    };
    if let Some(Value::Moment(date)) = get("Date") {
        document.date = date;
    }
    if let Some(Value::Flag(mark)) = get("DeletionMark") {
        document.deletion_mark = mark;
        document.posted &= !mark;
    }
    let part = |name| {
        let place = set
            .columns
            .iter()
            .position(|column| column.original == name)?;
        match (&object.values[place], set.columns[place].kind) {
            (Value::Rows(rows), ColumnKind::Part(part)) if body.contains_key(name) => {
                Some((rows.as_ref(), &set.parts[part]))
            }
            _ => None,
        }
    };
    if let Some((rows, columns)) = part("Запасы") {
        document.lines = rows
            .iter()
            .map(|row| line(&document, row, columns))
            .collect();
    }
    let (given, taken) = (part("НачисленияБонусов"), part("СписанияБонусов"));
    if document.kind == DocumentKind::BonusOrder && (given.is_some() || taken.is_some()) {
        document.bonus.clear();
        if let Some((rows, columns)) = given {
            document
                .bonus
                .extend(rows.iter().flat_map(|row| given_lines(row, columns)));
        }
        if let Some((rows, columns)) = taken {
            let date = document.date;
            document
                .bonus
                .extend(rows.iter().map(|row| taken_line(row, columns, date)));
        }
    }
    document
}

fn field<'a>(row: &'a Object, part: &TablePart, name: &'static str) -> Value<'a> {
    row.value(part.static_column(name))
}

/// A number in units of the given scale; what is finer is cut.
fn scaled(value: &Value<'_>, scale: u8) -> i64 {
    let (units, own) = value.as_number().unwrap_or((0, scale));
    if own <= scale {
        units * 10_i64.pow(u32::from(scale - own))
    } else {
        units / 10_i64.pow(u32::from(own - scale))
    }
}

fn line(document: &Document, row: &Object, part: &TablePart) -> Line {
    let sign = if document.kind.takes_back() { -1 } else { 1 };
    let number = row.value(1).as_whole().unwrap_or(1);
    Line {
        number,
        product: field(row, part, "Номенклатура_Key")
            .id()
            .unwrap_or_default(),
        characteristic: field(row, part, "Характеристика_Key")
            .id()
            .unwrap_or_default(),
        thousandths: sign * scaled(&field(row, part, "Количество"), 3),
        kopecks: sign * scaled(&field(row, part, "Сумма"), 2),
        discount_percent: 0,
        customer: document.customer,
        card: document.card,
        owner: document.customer,
        basis: None,
    }
}

fn given_lines(row: &Object, part: &TablePart) -> Vec<BonusLine> {
    let moment = |name| field(row, part, name).as_moment().unwrap_or(Moment::EMPTY);
    let (counts, burns) = (moment("ДатаНачисления"), moment("ДатаСгорания"));
    let now = BonusLine {
        period: counts,
        receipt: true,
        card: field(row, part, "БонуснаяКарта_Key")
            .id()
            .unwrap_or_default(),
        accrued: scaled(&field(row, part, "Количество"), 2),
        to_write_off: 0,
        first_accrued: counts,
    };
    let mut lines = vec![now.clone()];
    if burns != Moment::EMPTY {
        lines.push(BonusLine {
            period: burns,
            accrued: 0,
            to_write_off: now.accrued,
            ..now
        });
    }
    lines
}

fn taken_line(row: &Object, part: &TablePart, date: Moment) -> BonusLine {
    BonusLine {
        period: date,
        receipt: false,
        card: field(row, part, "БонуснаяКарта_Key")
            .id()
            .unwrap_or_default(),
        accrued: scaled(&field(row, part, "Количество"), 2),
        to_write_off: scaled(&field(row, part, "КорректировкаКСписанию"), 2),
        first_accrued: date,
    }
}
