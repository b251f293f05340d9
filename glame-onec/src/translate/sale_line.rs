use chrono::NaiveDateTime;
use chrono_tz::Tz;
use glame_core::purchases::{DocumentKey, DocumentKind, SaleLine};
use glame_core::values::{
    DocumentRef, Money, MoneyError, ParseDecimalError, ProductRef, Quantity, StoreRef, VariantRef,
};

use super::{Reason, header, optional_key, required_key};
use crate::local_time;
use crate::numbers::NumberText;
use crate::page::guid_only;
use crate::records::document::{TypeName, type_name};
use crate::records::sale_line::SaleLineRow;

/// A line with what is needed to finish it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DraftLine {
    /// When it took place, in local time.
    pub(crate) at: NaiveDateTime,
    /// The line; its holder may still have to be looked for.
    pub(crate) line: SaleLine,
    /// Whether the line counts, or was switched off by hand.
    pub(crate) active: bool,
    /// The document whose header may tell the holder: the receipt behind a shift report.
    pub(crate) sold_by: Result<DocumentKey, Reason>,
}

/// Gives the local date of a line, if it can be read.
pub(crate) fn period(row: &SaleLineRow<'_>) -> Result<NaiveDateTime, Reason> {
    let text = row.period.as_deref().ok_or(Reason::Missing("Period"))?;
    let date = local_time::parse(text).map_err(|_| Reason::Malformed("Period"))?;
    date.ok_or(Reason::Missing("Period"))
}

/// Reads a line of either register.
pub(crate) fn sale_line(
    row: &SaleLineRow<'_>,
    at: NaiveDateTime,
    zone: Tz,
) -> Result<DraftLine, Reason> {
    let kind = match type_name(row.recorder_type.as_deref().unwrap_or_default()) {
        TypeName::Document(kind) => kind,
        TypeName::Unpublished => return Err(Reason::UnpublishedType),
        TypeName::Other => return Err(Reason::NoDocument),
    };
    let recorder = required_key(row.recorder.as_ref(), "Recorder")?;
    let document = DocumentKey {
        kind,
        document: DocumentRef::from_uuid(recorder),
    };
    let counterparty = optional_key(row.counterparty.as_ref(), "Контрагент_Key")?;
    let card_owner = optional_key(row.card_owner.as_ref(), "ВладелецКарты_Key")?;
    let card = optional_key(row.card.as_ref(), "ДисконтнаяКарта_Key")?;
    let line_number = row.line_number.ok_or(Reason::Missing("LineNumber"))?;
    let line = SaleLine {
        document,
        line_number: line_number
            .integer()
            .ok_or(Reason::Malformed("LineNumber"))?,
        purchased_at: local_time::to_utc(at, zone),
        holder: header::holder(counterparty.or(card_owner), card),
        product: optional_key(row.product.as_ref(), "Номенклатура_Key")?.map(ProductRef::from_uuid),
        variant: optional_key(row.variant.as_ref(), "Характеристика_Key")?
            .map(VariantRef::from_uuid),
        store: optional_key(row.store.as_ref(), "Склад_Key")?.map(StoreRef::from_uuid),
        quantity: quantity(row.quantity)?,
        amount: amount(row.amount)?,
        returns: None,
    };
    let active = row.active.ok_or(Reason::Missing("Active"))?;
    Ok(DraftLine {
        at,
        line,
        active,
        sold_by: sold_by(row, document),
    })
}

/// Names a line in a report.
pub(crate) fn reference(row: &SaleLineRow<'_>) -> String {
    let kind = row.recorder_type.as_deref().unwrap_or_default();
    let kind = kind
        .strip_prefix("StandardODATA.")
        .filter(|name| name.starts_with("Document_"));
    let recorder = row
        .recorder
        .as_deref()
        .map_or_else(|| "unknown".to_owned(), guid_only);
    let number = row.line_number.and_then(NumberText::integer);
    let number = number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    format!("{} {recorder} line {number}", kind.unwrap_or("document"))
}

/// Finds the receipt behind a line: a shift report names it, anything else is its own.
fn sold_by(row: &SaleLineRow<'_>, recorder: DocumentKey) -> Result<DocumentKey, Reason> {
    let Some(document_type) = &row.document_type else {
        // The field is left out where the base does not have it.
        let needed = recorder.kind == DocumentKind::ShiftReport;
        return if needed {
            Err(Reason::Missing("Документ_Type"))
        } else {
            Ok(recorder)
        };
    };
    match type_name(document_type) {
        TypeName::Document(kind @ (DocumentKind::Receipt | DocumentKind::ReturnReceipt)) => {
            let document = optional_key(row.document.as_ref(), "Документ")?;
            let document = document.map(DocumentRef::from_uuid);
            Ok(document.map_or(recorder, |document| DocumentKey { kind, document }))
        }
        TypeName::Unpublished => Err(Reason::ReceiptUnpublished),
        TypeName::Document(_) | TypeName::Other => Ok(recorder),
    }
}

fn amount(number: Option<NumberText<'_>>) -> Result<Money, Reason> {
    const FIELD: &str = "Сумма";
    let text = number.ok_or(Reason::Missing(FIELD))?.text();
    Money::parse_roubles(text).map_err(|error| {
        if error == MoneyError::Parse(ParseDecimalError::Malformed) {
            Reason::Malformed(FIELD)
        } else {
            Reason::Inexact(FIELD)
        }
    })
}

fn quantity(number: Option<NumberText<'_>>) -> Result<Quantity, Reason> {
    const FIELD: &str = "Количество";
    let text = number.ok_or(Reason::Missing(FIELD))?.text();
    Quantity::parse(text).map_err(|_| Reason::Malformed(FIELD))
}

#[cfg(test)]
mod tests {
    use glame_core::users::Holder;

    use super::*;

    const RECEIPT: &str = "7a10e001-3f2b-11ef-8a01-0050569a0001";
    const REPORT: &str = "7a10e002-3f2b-11ef-8a01-0050569a0001";
    const PERSON: &str = "7a10a001-3f2b-11ef-8a01-0050569a0001";
    const ZERO: &str = "00000000-0000-0000-0000-000000000000";

    /// A line of the register of sales, with some fields replaced or added.
    fn row(changes: &[(&str, &str)]) -> String {
        let mut fields = vec![
            ("Recorder", format!("\"{RECEIPT}\"")),
            (
                "Recorder_Type",
                "\"StandardODATA.Document_ЧекККМ\"".to_owned(),
            ),
            ("Period", "\"2024-12-31T23:30:00\"".to_owned()),
            ("LineNumber", "\"3\"".to_owned()),
            ("Active", "true".to_owned()),
            ("Контрагент_Key", format!("\"{PERSON}\"")),
            ("Номенклатура_Key", format!("\"{ZERO}\"")),
            ("Количество", "1.5".to_owned()),
            ("Сумма", "12490.5".to_owned()),
        ];
        for (name, value) in changes {
            fields.retain(|(known, _)| known != name);
            if !value.is_empty() {
                fields.push((name, (*value).to_owned()));
            }
        }
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    }

    fn read(changes: &[(&str, &str)]) -> Result<DraftLine, Reason> {
        let json = row(changes);
        let row: SaleLineRow<'_> = serde_json::from_str(&json).unwrap();
        period(&row).and_then(|at| sale_line(&row, at, Tz::Europe__Moscow))
    }

    #[test]
    fn a_line_is_read_in_the_time_of_the_shop() {
        let draft = read(&[]).unwrap();
        assert!(draft.active);
        assert_eq!(draft.line.line_number, 3);
        assert_eq!(
            draft.line.purchased_at.to_rfc3339(),
            "2024-12-31T20:30:00+00:00"
        );
        assert_eq!(draft.line.amount, Money::from_kopecks(1_249_050));
        assert_eq!(draft.line.quantity, Quantity::from_thousandths(1_500));
        assert_eq!(draft.line.product, None);
        assert!(matches!(draft.line.holder, Some(Holder::Counterparty(_))));
        assert_eq!(draft.sold_by, Ok(draft.line.document));
    }

    #[test]
    fn a_return_is_negative() {
        let draft = read(&[("Количество", "-1"), ("Сумма", "-1.249E2")]).unwrap();
        assert_eq!(draft.line.amount, Money::from_kopecks(-12_490));
        assert_eq!(draft.line.quantity, Quantity::from_thousandths(-1_000));
    }

    #[test]
    fn the_owner_of_the_card_comes_before_the_card() {
        let card = format!("\"{REPORT}\"");
        let owner = format!("\"{PERSON}\"");
        let zero = format!("\"{ZERO}\"");
        let by_card = [
            ("Контрагент_Key", ""),
            ("ДисконтнаяКарта_Key", card.as_str()),
        ];
        let by_owner = read(&[by_card[0], by_card[1], ("ВладелецКарты_Key", &owner)]).unwrap();
        assert!(matches!(
            by_owner.line.holder,
            Some(Holder::Counterparty(_))
        ));
        let nameless = read(&[by_card[0], by_card[1], ("ВладелецКарты_Key", &zero)]).unwrap();
        assert!(matches!(nameless.line.holder, Some(Holder::Card(_))));
        let anonymous = read(&[("Контрагент_Key", &zero)]).unwrap();
        assert_eq!(anonymous.line.holder, None);
    }

    #[test]
    fn a_line_of_a_shift_report_names_its_receipt() {
        let (report, receipt) = (format!("\"{REPORT}\""), format!("\"{RECEIPT}\""));
        let draft = read(&[
            ("Recorder", &report),
            (
                "Recorder_Type",
                "\"StandardODATA.Document_ОтчетОРозничныхПродажах\"",
            ),
            ("Документ", &receipt),
            ("Документ_Type", "\"StandardODATA.Document_ЧекККМ\""),
        ])
        .unwrap();
        assert_eq!(draft.line.document.kind, DocumentKind::ShiftReport);
        let sold_by = draft.sold_by.unwrap();
        assert_eq!(sold_by.kind, DocumentKind::Receipt);
        assert_eq!(sold_by.document.to_string(), RECEIPT);
    }

    #[test]
    fn nothing_is_read_as_zero() {
        let cases = [
            ("Сумма", "", Reason::Missing("Сумма")),
            ("Сумма", "null", Reason::Missing("Сумма")),
            ("Сумма", "\"\"", Reason::Malformed("Сумма")),
            ("Сумма", "0.005", Reason::Inexact("Сумма")),
            ("Количество", "\"пять\"", Reason::Malformed("Количество")),
            ("LineNumber", "", Reason::Missing("LineNumber")),
            ("LineNumber", "-1", Reason::Malformed("LineNumber")),
            (
                "Period",
                "\"0001-01-01T00:00:00\"",
                Reason::Missing("Period"),
            ),
            ("Period", "\"вчера\"", Reason::Malformed("Period")),
            ("Active", "", Reason::Missing("Active")),
            ("Recorder", "\"\"", Reason::Missing("Recorder")),
            (
                "Recorder_Type",
                "\"StandardODATA.Catalog_X\"",
                Reason::NoDocument,
            ),
            (
                "Recorder_Type",
                "\"UnavailableEntities.UnavailableEntity_1\"",
                Reason::UnpublishedType,
            ),
            (
                "Контрагент_Key",
                "\"Анна\"",
                Reason::Malformed("Контрагент_Key"),
            ),
        ];
        for (field, value, reason) in cases {
            assert_eq!(
                read(&[(field, value)]).unwrap_err(),
                reason,
                "{field} {value}"
            );
        }
    }

    #[test]
    fn a_line_is_named_without_its_content() {
        let json = row(&[("Recorder", "\"Примерова Анна\"")]);
        let row: SaleLineRow<'_> = serde_json::from_str(&json).unwrap();
        assert_eq!(reference(&row), "Document_ЧекККМ unknown line 3");
    }
}
