use serde::Deserialize;

use super::sale_line::{PERIOD, REGISTER_ORDERS};
use super::{Set, Text};
use crate::numbers::NumberText;

/// The dimension of balances.
pub(crate) const CARD: &str = "БонуснаяКарта";
/// The card of a line or of a balance.
pub(crate) const CARD_KEY: &str = "БонуснаяКарта_Key";

/// Points on bonus cards: given, taken, and written ahead to burn.
pub(crate) const BONUS_POINTS: Set = Set {
    name: "AccumulationRegister_БонусныеБаллы_RecordType",
    title: "Регистры накопления → Бонусные баллы",
    meaning: "bonus points",
    required: &[
        "Recorder",
        "LineNumber",
        PERIOD,
        "Active",
        "RecordType",
        CARD_KEY,
        "Начислено",
        "КСписанию",
    ],
    optional: &[],
    orders: REGISTER_ORDERS,
};

/// A line of the register.
#[derive(Debug, Deserialize)]
pub(crate) struct PointsRow<'a> {
    #[serde(rename = "Recorder", borrow)]
    pub(crate) recorder: Option<Text<'a>>,
    #[serde(rename = "LineNumber", borrow)]
    pub(crate) line_number: Option<NumberText<'a>>,
    #[serde(rename = "Period", borrow)]
    pub(crate) period: Option<Text<'a>>,
    #[serde(rename = "Active")]
    pub(crate) active: Option<bool>,
    /// Whether the line adds or takes away.
    #[serde(rename = "RecordType", borrow)]
    pub(crate) direction: Option<Text<'a>>,
    #[serde(rename = "БонуснаяКарта_Key", borrow)]
    pub(crate) card: Option<Text<'a>>,
    #[serde(rename = "Начислено", borrow)]
    pub(crate) given: Option<NumberText<'a>>,
    #[serde(rename = "КСписанию", borrow)]
    pub(crate) burnt: Option<NumberText<'a>>,
}

/// The balance of a card.
#[derive(Debug, Deserialize)]
pub(crate) struct BalanceRow<'a> {
    #[serde(rename = "БонуснаяКарта_Key", borrow)]
    pub(crate) card: Option<Text<'a>>,
    #[serde(rename = "НачисленоBalance", borrow)]
    pub(crate) given: Option<NumberText<'a>>,
    #[serde(rename = "КСписаниюBalance", borrow)]
    pub(crate) burnt: Option<NumberText<'a>>,
}
