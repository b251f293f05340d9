use serde::Deserialize;

use super::{CATALOGUE_ORDERS, Set, Text};

/// Stores, warehouses and departments.
pub(crate) const STORES: Set = Set {
    name: "Catalog_СтруктурныеЕдиницы",
    title: "Справочники → Структурные единицы",
    meaning: "stores",
    required: &["Ref_Key", "DeletionMark", "Description"],
    optional: &[],
    orders: CATALOGUE_ORDERS,
};

/// A store, a warehouse or a department.
#[derive(Debug, Deserialize)]
pub(crate) struct StoreRow<'a> {
    #[serde(rename = "Ref_Key", borrow)]
    pub(crate) reference: Option<Text<'a>>,
    #[serde(rename = "DeletionMark")]
    pub(crate) marked_for_deletion: Option<bool>,
    #[serde(rename = "Description", borrow)]
    pub(crate) name: Option<Text<'a>>,
}
