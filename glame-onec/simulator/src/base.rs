//! The contents of a base before anything happens to it: a pure function of an index.

pub(crate) mod bonus;
pub(crate) mod fixture;
pub(crate) mod generated;
mod names;
pub(crate) mod online_retail;
mod people;

use std::fmt::Debug;

use uuid::Uuid;

use crate::document::Document;
use crate::moment::Moment;
use crate::object::Object;
use crate::schema::{Catalog, Schema};

/// Documents in the order of time and catalog items, each made when it is asked for.
pub(crate) trait Base: Debug + Send + Sync {
    fn documents(&self) -> usize;

    /// The document at a place below [`Self::documents`].
    fn document(&self, index: usize) -> Document;

    /// The date of that document, which never falls as the index grows.
    fn date_of(&self, index: usize) -> Moment;

    /// The place of the first document that sells something.
    fn first_sale(&self) -> usize {
        0
    }

    fn find_document(&self, id: Uuid) -> Option<usize>;

    /// How many lines of goods the documents before this one have.
    fn lines_before(&self, index: usize) -> usize;

    /// The documents, each once, that may have lines of points in the half-open range.
    ///
    /// Such a line may lie far from its document: points burn a year after they were given.
    fn bonus_documents(&self, from: Moment, to: Moment) -> Vec<usize>;

    /// The first moment with lines of points, and the first one after all of them.
    fn bonus_span(&self) -> (Moment, Moment);

    fn objects(&self, catalog: Catalog) -> usize;

    fn object(&self, schema: &Schema, catalog: Catalog, index: usize) -> Object;

    fn find_object(&self, catalog: Catalog, id: Uuid) -> Option<usize>;

    /// The first document that is not earlier than the moment.
    fn first_not_before(&self, moment: Moment) -> usize {
        let (mut low, mut high) = (0, self.documents());
        while low < high {
            let middle = low.midpoint(high);
            if self.date_of(middle) < moment {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// The fixed items that every base has.
pub(crate) mod fixed {
    use uuid::Uuid;

    pub(crate) const CARD_KIND: Uuid = Uuid::from_u128(0x7a10_b001_3f2b_11ef_8a01_0050_569a_0001);
    pub(crate) const PROGRAMME: Uuid = Uuid::from_u128(0x7a10_b0f1_3f2b_11ef_8a01_0050_569a_0001);
    pub(crate) const PHONE_KIND: Uuid = Uuid::from_u128(0x7a10_d001_3f2b_11ef_8a01_0050_569a_0001);
    pub(crate) const EMAIL_KIND: Uuid = Uuid::from_u128(0x7a10_d002_3f2b_11ef_8a01_0050_569a_0001);
    pub(crate) const ADDRESS_KIND: Uuid =
        Uuid::from_u128(0x7a10_d003_3f2b_11ef_8a01_0050_569a_0001);
}

/// The version that 1C would show for an object nobody has touched since the base was made.
pub(crate) fn first_version(index: usize) -> u64 {
    0x0001_df00 + u64::try_from(index).unwrap_or(0)
}

/// Writes a version as 1C does: eight bytes in base64.
pub(crate) fn version_text(version: u64) -> String {
    crate::base64::encode(&version.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_eight_bytes_in_base64() {
        assert_eq!(version_text(0), "AAAAAAAAAAA=");
        assert_eq!(version_text(0x0001_df16), "AAAAAAAB3xY=");
        assert_eq!(version_text(u64::MAX), "//////////8=");
    }
}
