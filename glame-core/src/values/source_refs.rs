use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Tells that a text is not a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reference: expected a GUID of 36 characters")]
pub struct ParseRefError;

macro_rules! source_refs {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes a GUID that is known to be a filled reference of this kind.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Reads a GUID as the source writes it; the zero GUID is an empty reference.
            pub fn parse(text: &str) -> Result<Option<Self>, ParseRefError> {
                let uuid = Uuid::try_parse(text).map_err(|_| ParseRefError)?;
                Ok((!uuid.is_nil()).then_some(Self(uuid)))
            }

            /// Gives the GUID for storage and for the wire.
            #[must_use]
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )* };
}

source_refs! {
    /// References a discount card in the shop's base.
    CardRef,
    /// References a counterparty (the person behind a card) in the shop's base.
    CounterpartyRef,
    /// References an article of the shop's catalogue.
    ProductRef,
    /// References a variant of an article: size, coating, insert.
    VariantRef,
    /// References a shop or a warehouse.
    StoreRef,
    /// References a document that wrote sales: a receipt, a return, a shift report.
    DocumentRef,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zero_guid_is_an_empty_reference() {
        assert_eq!(
            CardRef::parse("00000000-0000-0000-0000-000000000000"),
            Ok(None)
        );
    }

    #[test]
    fn a_guid_is_read_and_shown_alike() {
        let text = "7a10c001-3f2b-11ef-8a01-0050569a0001";
        assert_eq!(CardRef::parse(text).unwrap().unwrap().to_string(), text);
    }

    #[test]
    fn other_text_is_refused() {
        assert_eq!(CardRef::parse("7a10c001"), Err(ParseRefError));
    }
}
