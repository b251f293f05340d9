use glame_core::catalogue::Store;
use glame_core::ports::Rejected;
use glame_core::values::{PlainText, StoreRef};

use super::{Reason, named, required_key};
use crate::records::store::{STORES, StoreRow};

/// Reads a store.
pub(crate) fn store(row: &StoreRow<'_>) -> Result<Store, Rejected> {
    read(row).map_err(|reason| reason.reject(&STORES, named(row.reference.as_ref())))
}

fn read(row: &StoreRow<'_>) -> Result<Store, Reason> {
    let name = row.name.as_deref().and_then(PlainText::clean);
    Ok(Store {
        store: StoreRef::from_uuid(required_key(row.reference.as_ref(), "Ref_Key")?),
        name: name.ok_or(Reason::Missing("Description"))?,
        removed: row
            .marked_for_deletion
            .ok_or(Reason::Missing("DeletionMark"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_read_and_a_nameless_one_rejected() {
        let json = |name| {
            format!(
                "{{\"Ref_Key\":\"7a10c001-3f2b-11ef-8a01-0050569a0001\",\"DeletionMark\":false,\
                 \"Description\":\"{name}\"}}"
            )
        };
        let read = |json: &str| store(&serde_json::from_str(json).unwrap());
        assert_eq!(
            read(&json("Магазин на Лесной")).unwrap().name.as_str(),
            "Магазин на Лесной"
        );
        assert_eq!(
            read(&json(" ")).unwrap_err().reason,
            "Description is missing or empty"
        );
    }
}
