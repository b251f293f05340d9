use glame_core::ports::{CardRecord, Rejected};
use glame_core::values::{CardNumber, CardRef, CounterpartyRef};

use super::{Reason, named, optional_key, required_key};
use crate::records::card::{CARDS, CardRow};

/// Reads a discount card.
///
/// The number is the barcode, or the magnetic code where there is no barcode.
pub(crate) fn card(row: &CardRow<'_>) -> Result<CardRecord, Rejected> {
    read(row).map_err(|reason| reason.reject(&CARDS, named(row.reference.as_ref())))
}

fn read(row: &CardRow<'_>) -> Result<CardRecord, Reason> {
    let marked = row
        .marked_for_deletion
        .ok_or(Reason::Missing("DeletionMark"))?;
    Ok(CardRecord {
        card: CardRef::from_uuid(required_key(row.reference.as_ref(), "Ref_Key")?),
        number: number(row)?,
        owner: optional_key(row.owner.as_ref(), "ВладелецКарты_Key")?
            .map(CounterpartyRef::from_uuid),
        removed: marked || row.invalid == Some(true),
    })
}

fn number(row: &CardRow<'_>) -> Result<Option<CardNumber>, Reason> {
    for (text, field) in [
        (&row.barcode, "КодКартыШтрихкод"),
        (&row.magnetic_code, "КодКартыМагнитный"),
    ] {
        let filled = text
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        if let Some(filled) = filled {
            return CardNumber::parse(filled)
                .map(Some)
                .map_err(|_| Reason::Malformed(field));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_json(json: &str) -> Result<CardRecord, Rejected> {
        card(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_card_is_read() {
        let record = read_json(
            r#"{"Ref_Key":"7a10c001-3f2b-11ef-8a01-0050569a0001","DeletionMark":false,
                "КодКартыШтрихкод":" 29000 ","ВладелецКарты_Key":"7a10a001-3f2b-11ef-8a01-0050569a0001"}"#,
        )
        .unwrap();
        assert_eq!(record.number.unwrap().as_str(), "29000");
        assert!(record.owner.is_some() && !record.removed);
    }

    #[test]
    fn a_nameless_card_has_no_owner_and_may_have_no_number() {
        let record = read_json(
            r#"{"Ref_Key":"7a10c001-3f2b-11ef-8a01-0050569a0001","DeletionMark":true,
                "КодКартыШтрихкод":"","КодКартыМагнитный":"55",
                "ВладелецКарты_Key":"00000000-0000-0000-0000-000000000000"}"#,
        )
        .unwrap();
        assert_eq!(record.number.unwrap().as_str(), "55");
        assert!(record.owner.is_none() && record.removed);
    }

    #[test]
    fn cards_that_cannot_be_understood_are_rejected() {
        for (json, reason) in [
            (r#"{"DeletionMark":false}"#, "Ref_Key is missing or empty"),
            (
                r#"{"Ref_Key":"x","DeletionMark":false}"#,
                "Ref_Key cannot be read",
            ),
            (
                r#"{"Ref_Key":"7a10c001-3f2b-11ef-8a01-0050569a0001"}"#,
                "DeletionMark is missing or empty",
            ),
            (
                r#"{"Ref_Key":"7a10c001-3f2b-11ef-8a01-0050569a0001","DeletionMark":false,
                    "КодКартыШтрихкод":"a\u0007b"}"#,
                "КодКартыШтрихкод cannot be read",
            ),
        ] {
            assert_eq!(read_json(json).unwrap_err().reason, reason);
        }
    }
}
