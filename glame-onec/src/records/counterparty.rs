use serde::Deserialize;

use super::{CATALOGUE_ORDERS, Set, Text};

/// Counterparties: the people behind cards, among others.
pub(crate) const COUNTERPARTIES: Set = Set {
    name: "Catalog_Контрагенты",
    title: "Справочники → Контрагенты",
    meaning: "counterparties: names and contacts of customers",
    required: &["Ref_Key", "DeletionMark", "IsFolder", "Description"],
    optional: &[
        "Пол",
        "ДатаРождения",
        "НомерТелефонаДляПоиска",
        "АдресЭПДляПоиска",
        "КонтактнаяИнформация/Тип",
        "КонтактнаяИнформация/Представление",
        "КонтактнаяИнформация/НомерТелефона",
        "КонтактнаяИнформация/АдресЭП",
        "КонтактнаяИнформация/Город",
    ],
    orders: CATALOGUE_ORDERS,
};

/// A counterparty or a folder of them.
#[derive(Debug, Deserialize)]
pub(crate) struct CounterpartyRow<'a> {
    #[serde(rename = "Ref_Key", borrow)]
    pub(crate) reference: Option<Text<'a>>,
    #[serde(rename = "DeletionMark")]
    pub(crate) marked_for_deletion: Option<bool>,
    #[serde(rename = "IsFolder")]
    pub(crate) is_folder: Option<bool>,
    #[serde(rename = "Description", borrow)]
    pub(crate) name: Option<Text<'a>>,
    #[serde(rename = "Пол", borrow)]
    pub(crate) gender: Option<Text<'a>>,
    #[serde(rename = "ДатаРождения", borrow)]
    pub(crate) birth_date: Option<Text<'a>>,
    #[serde(rename = "НомерТелефонаДляПоиска", borrow)]
    pub(crate) phone_for_search: Option<Text<'a>>,
    #[serde(rename = "АдресЭПДляПоиска", borrow)]
    pub(crate) email_for_search: Option<Text<'a>>,
    #[serde(rename = "КонтактнаяИнформация", borrow)]
    pub(crate) contacts: Option<Vec<ContactRow<'a>>>,
}

/// A way to reach a counterparty.
#[derive(Debug, Deserialize)]
pub(crate) struct ContactRow<'a> {
    #[serde(rename = "Тип", borrow)]
    pub(crate) kind: Option<Text<'a>>,
    #[serde(rename = "Представление", borrow)]
    pub(crate) shown: Option<Text<'a>>,
    #[serde(rename = "НомерТелефона", borrow)]
    pub(crate) phone: Option<Text<'a>>,
    #[serde(rename = "АдресЭП", borrow)]
    pub(crate) email: Option<Text<'a>>,
    #[serde(rename = "Город", borrow)]
    pub(crate) city: Option<Text<'a>>,
}

/// The kinds of contacts that are read.
pub(crate) mod contact_kind {
    pub(crate) const PHONE: &str = "Телефон";
    pub(crate) const EMAIL: &str = "АдресЭлектроннойПочты";
    pub(crate) const ADDRESS: &str = "Адрес";
}

/// The genders as 1C names them.
pub(crate) mod gender {
    pub(crate) const FEMALE: &str = "Женский";
    pub(crate) const MALE: &str = "Мужской";
}
