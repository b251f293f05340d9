use serde::Deserialize;

use super::{CATALOGUE_ORDERS, Set, Text};

/// Articles and their folders.
pub(crate) const PRODUCTS: Set = Set {
    name: "Catalog_Номенклатура",
    title: "Справочники → Номенклатура",
    meaning: "articles",
    required: &["Ref_Key", "DeletionMark", "IsFolder", "Description"],
    optional: &[
        "Parent_Key",
        "Артикул",
        "НаименованиеПолное",
        "ТипНоменклатуры",
        "КатегорияНоменклатуры_Key",
        "Производитель_Key",
    ],
    orders: CATALOGUE_ORDERS,
};

/// The folders of articles, which often stand for brands or collections.
pub(crate) const PRODUCT_FOLDERS: Set = Set {
    name: PRODUCTS.name,
    title: PRODUCTS.title,
    meaning: PRODUCTS.meaning,
    required: &["Ref_Key", "Description"],
    optional: &[],
    orders: CATALOGUE_ORDERS,
};

/// The flag of a folder.
pub(crate) const IS_FOLDER: &str = "IsFolder";

/// Categories of articles.
pub(crate) const CATEGORIES: Set = Set {
    name: "Catalog_КатегорииНоменклатуры",
    title: "Справочники → Категории номенклатуры",
    meaning: "categories of articles",
    required: &["Ref_Key", "Description"],
    optional: &[],
    orders: CATALOGUE_ORDERS,
};

/// Manufacturers, where the base keeps them apart from counterparties.
pub(crate) const MANUFACTURERS: Set = Set {
    name: "Catalog_Производители",
    title: "Справочники → Производители",
    meaning: "manufacturers",
    required: &["Ref_Key", "Description"],
    optional: &[],
    orders: CATALOGUE_ORDERS,
};

/// Manufacturers, where they are counterparties.
pub(crate) const MANUFACTURING_COUNTERPARTIES: Set = Set {
    name: super::counterparty::COUNTERPARTIES.name,
    title: super::counterparty::COUNTERPARTIES.title,
    meaning: super::counterparty::COUNTERPARTIES.meaning,
    required: &["Ref_Key", "Description"],
    optional: &[],
    orders: CATALOGUE_ORDERS,
};

/// An article or a folder of them.
#[derive(Debug, Deserialize)]
pub(crate) struct ProductRow<'a> {
    #[serde(rename = "Ref_Key", borrow)]
    pub(crate) reference: Option<Text<'a>>,
    #[serde(rename = "DeletionMark")]
    pub(crate) marked_for_deletion: Option<bool>,
    #[serde(rename = "IsFolder")]
    pub(crate) is_folder: Option<bool>,
    #[serde(rename = "Parent_Key", borrow)]
    pub(crate) folder: Option<Text<'a>>,
    #[serde(rename = "Description", borrow)]
    pub(crate) name: Option<Text<'a>>,
    #[serde(rename = "НаименованиеПолное", borrow)]
    pub(crate) full_name: Option<Text<'a>>,
    #[serde(rename = "Артикул", borrow)]
    pub(crate) article: Option<Text<'a>>,
    #[serde(rename = "ТипНоменклатуры", borrow)]
    pub(crate) kind: Option<Text<'a>>,
    #[serde(rename = "КатегорияНоменклатуры_Key", borrow)]
    pub(crate) category: Option<Text<'a>>,
    #[serde(rename = "Производитель_Key", borrow)]
    pub(crate) manufacturer: Option<Text<'a>>,
}

/// The kinds of articles that are not goods.
pub(crate) mod product_kind {
    pub(crate) const SERVICES: &[&str] = &["Услуга", "Работа", "Операция", "ВидРабот"];
    pub(crate) const GIFT_CERTIFICATE: &str = "ПодарочныйСертификат";
}
