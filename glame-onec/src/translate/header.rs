use chrono::NaiveDateTime;
use glame_core::users::Holder;
use glame_core::values::{CardRef, CounterpartyRef, DocumentRef};
use uuid::Uuid;

use super::{Reason, optional_key, required_key};
use crate::local_time;
use crate::records::document::{HeaderRow, TypeName, type_name};

/// What the header of a document adds to its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// Which document it is.
    pub(crate) document: DocumentRef,
    /// Who bought or returned, if the header tells; nobody is an answer too.
    pub(crate) holder: Result<Option<Holder>, Reason>,
    /// The document whose goods it takes back or corrects.
    pub(crate) returns: Option<DocumentRef>,
}

/// Reads the header of a document with its local date.
pub(crate) fn header(row: &HeaderRow<'_>) -> Result<(Option<NaiveDateTime>, Header), Reason> {
    let date = row.date.as_deref().ok_or(Reason::Missing("Date"))?;
    let date = local_time::parse(date).map_err(|_| Reason::Malformed("Date"))?;
    let header = Header {
        document: DocumentRef::from_uuid(required_key(row.reference.as_ref(), "Ref_Key")?),
        holder: told_holder(row),
        returns: basis(row)?.map(DocumentRef::from_uuid),
    };
    Ok((date, header))
}

/// Reads who bought. A field that did not come does not say that it was nobody.
fn told_holder(row: &HeaderRow<'_>) -> Result<Option<Holder>, Reason> {
    const FIELDS: [&str; 2] = ["Контрагент_Key", "ДисконтнаяКарта_Key"];
    let counterparty = optional_key(row.counterparty.as_ref(), FIELDS[0])?;
    let card = optional_key(row.card.as_ref(), FIELDS[1])?;
    match holder(counterparty, card) {
        None if row.counterparty.is_none() => Err(Reason::Missing(FIELDS[0])),
        None if row.card.is_none() => Err(Reason::Missing(FIELDS[1])),
        told => Ok(told),
    }
}

/// Prefers the person to the card.
pub(super) fn holder(counterparty: Option<Uuid>, card: Option<Uuid>) -> Option<Holder> {
    let person = counterparty
        .map(CounterpartyRef::from_uuid)
        .map(Holder::Counterparty);
    person.or_else(|| card.map(CardRef::from_uuid).map(Holder::Card))
}

fn basis(row: &HeaderRow<'_>) -> Result<Option<Uuid>, Reason> {
    if let Some(receipt) = optional_key(row.receipt.as_ref(), "ЧекККМ_Key")? {
        return Ok(Some(receipt));
    }
    match type_name(row.basis_type.as_deref().unwrap_or_default()) {
        TypeName::Document(_) => optional_key(row.basis.as_ref(), "ДокументОснование"),
        TypeName::Unpublished | TypeName::Other => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "7a10e002-3f2b-11ef-8a01-0050569a0001";
    const BASIS: &str = "7a10e001-3f2b-11ef-8a01-0050569a0001";

    fn read_json(fields: &str) -> Header {
        let json = format!("{{\"Ref_Key\":\"{KEY}\",\"Date\":\"2025-03-01T18:40:00\"{fields}}}");
        header(&serde_json::from_str(&json).unwrap()).unwrap().1
    }

    #[test]
    fn a_return_names_its_receipt() {
        let by_receipt = read_json(&format!(",\"ЧекККМ_Key\":\"{BASIS}\""));
        assert_eq!(by_receipt.returns.unwrap().to_string(), BASIS);
        let by_basis = read_json(&format!(
            ",\"ЧекККМ_Key\":\"00000000-0000-0000-0000-000000000000\",\"ДокументОснование\":\"{BASIS}\",\
             \"ДокументОснование_Type\":\"StandardODATA.Document_РасходнаяНакладная\""
        ));
        assert_eq!(by_basis.returns.unwrap().to_string(), BASIS);
        let undefined = read_json(
            ",\"ДокументОснование\":\"\",\"ДокументОснование_Type\":\"StandardODATA.Undefined\"",
        );
        assert_eq!(undefined.returns, None);
    }

    #[test]
    fn the_person_comes_before_the_card() {
        let both = read_json(&format!(
            ",\"Контрагент_Key\":\"{KEY}\",\"ДисконтнаяКарта_Key\":\"{BASIS}\""
        ));
        assert!(matches!(both.holder, Ok(Some(Holder::Counterparty(_)))));
        let card = read_json(&format!(",\"ДисконтнаяКарта_Key\":\"{BASIS}\""));
        assert!(matches!(card.holder, Ok(Some(Holder::Card(_)))));
    }

    #[test]
    fn only_a_header_that_names_nobody_is_anonymous() {
        const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
        let holder = |counterparty: Option<&str>, card: Option<&str>| {
            let field = |name: &str, value: Option<&str>| {
                value.map_or_else(String::new, |value| format!(",\"{name}\":\"{value}\""))
            };
            let counterparty = field("Контрагент_Key", counterparty);
            let card = field("ДисконтнаяКарта_Key", card);
            read_json(&format!("{counterparty}{card}")).holder
        };
        let missing = |field| Err(Reason::Missing(field));
        assert_eq!(holder(Some(NOBODY), Some(NOBODY)), Ok(None));
        assert_eq!(holder(None, Some(NOBODY)), missing("Контрагент_Key"));
        assert_eq!(holder(Some(NOBODY), None), missing("ДисконтнаяКарта_Key"));
        let malformed = Err(Reason::Malformed("Контрагент_Key"));
        assert_eq!(holder(Some("?"), Some(NOBODY)), malformed);
    }
}
