use serde::Deserialize;

use super::{CATALOGUE_ORDERS, Set, Text};

/// Discount cards.
pub(crate) const CARDS: Set = Set {
    name: "Catalog_ДисконтныеКарты",
    title: "Справочники → Дисконтные карты",
    meaning: "discount cards",
    required: &[
        "Ref_Key",
        "DeletionMark",
        "КодКартыШтрихкод",
        "ВладелецКарты_Key",
    ],
    optional: &["КодКартыМагнитный", "КартаНедействительна"],
    orders: CATALOGUE_ORDERS,
};

/// A discount card.
#[derive(Debug, Deserialize)]
pub(crate) struct CardRow<'a> {
    #[serde(rename = "Ref_Key", borrow)]
    pub(crate) reference: Option<Text<'a>>,
    #[serde(rename = "DeletionMark")]
    pub(crate) marked_for_deletion: Option<bool>,
    #[serde(rename = "КодКартыШтрихкод", borrow)]
    pub(crate) barcode: Option<Text<'a>>,
    #[serde(rename = "КодКартыМагнитный", borrow)]
    pub(crate) magnetic_code: Option<Text<'a>>,
    #[serde(rename = "ВладелецКарты_Key", borrow)]
    pub(crate) owner: Option<Text<'a>>,
    #[serde(rename = "КартаНедействительна")]
    pub(crate) invalid: Option<bool>,
}
