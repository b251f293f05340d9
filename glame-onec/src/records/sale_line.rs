use serde::Deserialize;

use super::{Set, Text};
use crate::numbers::NumberText;

/// The moment of a line.
pub(crate) const PERIOD: &str = "Period";
/// The document that wrote a line.
pub(crate) const RECORDER: &str = "Recorder";

/// The orders of a register; the first is its complete key behind the moment.
pub(super) const REGISTER_ORDERS: &[&[&str]] = &[&[PERIOD, RECORDER, "LineNumber"], &[PERIOD]];

/// All sales, anonymous ones too.
pub(crate) const SALES: Set = Set {
    name: "AccumulationRegister_Продажи_RecordType",
    title: "Регистры накопления → Продажи",
    meaning: "sales",
    required: &[
        "Recorder",
        "Recorder_Type",
        "Period",
        "LineNumber",
        "Active",
        "Номенклатура_Key",
        "Контрагент_Key",
        "Количество",
        "Сумма",
    ],
    optional: &[
        "Характеристика_Key",
        "Склад_Key",
        "Документ",
        "Документ_Type",
    ],
    orders: REGISTER_ORDERS,
};

/// Sales by discount cards, opening balances among them.
pub(crate) const SALES_BY_CARDS: Set = Set {
    name: "AccumulationRegister_ПродажиПоДисконтнымКартам_RecordType",
    title: "Регистры накопления → Продажи по дисконтным картам",
    meaning: "sales by cards, opening balances among them",
    required: &[
        "Recorder",
        "Recorder_Type",
        "Period",
        "LineNumber",
        "Active",
        "ДисконтнаяКарта_Key",
        // Without it a sale would go to the card instead of its owner.
        "ВладелецКарты_Key",
        "Номенклатура_Key",
        "Количество",
        "Сумма",
    ],
    optional: &["Характеристика_Key"],
    orders: REGISTER_ORDERS,
};

/// A line of either register; the fields of the other one stay empty.
#[derive(Debug, Deserialize)]
pub(crate) struct SaleLineRow<'a> {
    #[serde(rename = "Recorder", borrow)]
    pub(crate) recorder: Option<Text<'a>>,
    #[serde(rename = "Recorder_Type", borrow)]
    pub(crate) recorder_type: Option<Text<'a>>,
    #[serde(rename = "Period", borrow)]
    pub(crate) period: Option<Text<'a>>,
    #[serde(rename = "LineNumber", borrow)]
    pub(crate) line_number: Option<NumberText<'a>>,
    #[serde(rename = "Active")]
    pub(crate) active: Option<bool>,
    #[serde(rename = "Номенклатура_Key", borrow)]
    pub(crate) product: Option<Text<'a>>,
    #[serde(rename = "Характеристика_Key", borrow)]
    pub(crate) variant: Option<Text<'a>>,
    #[serde(rename = "Склад_Key", borrow)]
    pub(crate) store: Option<Text<'a>>,
    #[serde(rename = "Контрагент_Key", borrow)]
    pub(crate) counterparty: Option<Text<'a>>,
    #[serde(rename = "ВладелецКарты_Key", borrow)]
    pub(crate) card_owner: Option<Text<'a>>,
    #[serde(rename = "ДисконтнаяКарта_Key", borrow)]
    pub(crate) card: Option<Text<'a>>,
    #[serde(rename = "Документ", borrow)]
    pub(crate) document: Option<Text<'a>>,
    #[serde(rename = "Документ_Type", borrow)]
    pub(crate) document_type: Option<Text<'a>>,
    #[serde(rename = "Количество", borrow)]
    pub(crate) quantity: Option<NumberText<'a>>,
    #[serde(rename = "Сумма", borrow)]
    pub(crate) amount: Option<NumberText<'a>>,
}
