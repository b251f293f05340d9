use glame_core::purchases::DocumentKind;
use serde::Deserialize;

use super::{Set, Text};

/// The moment of a document.
pub(crate) const DATE: &str = "Date";

const DOCUMENT_ORDERS: &[&[&str]] = &[&[DATE, "Ref_Key"], &[DATE]];

/// Till receipts: they tell the holder of a sale.
pub(crate) const RECEIPTS: Set = Set {
    name: "Document_ЧекККМ",
    title: "Документы → Чек ККМ",
    required: &["Ref_Key", "Date"],
    optional: &["Контрагент_Key", "ДисконтнаяКарта_Key"],
    orders: DOCUMENT_ORDERS,
};

/// Till receipts of returns: they tell the holder and the receipt that is taken back.
pub(crate) const RETURN_RECEIPTS: Set = Set {
    name: "Document_ЧекККМВозврат",
    title: "Документы → Чек ККМ на возврат",
    required: &["Ref_Key", "Date"],
    optional: &["Контрагент_Key", "ДисконтнаяКарта_Key", "ЧекККМ_Key"],
    orders: DOCUMENT_ORDERS,
};

/// Delivery notes from suppliers and from customers who return goods.
pub(crate) const GOODS_RETURNS: Set = Set {
    name: "Document_ПриходнаяНакладная",
    title: "Документы → Приходная накладная",
    required: &["Ref_Key", "Date"],
    optional: &[
        "Контрагент_Key",
        "ДисконтнаяКарта_Key",
        "ЧекККМ_Key",
        "ДокументОснование",
        "ДокументОснование_Type",
    ],
    orders: DOCUMENT_ORDERS,
};

/// Corrections of earlier sales.
pub(crate) const SALE_CORRECTIONS: Set = Set {
    name: "Document_КорректировкаРеализации",
    title: "Документы → Корректировка реализации",
    required: &["Ref_Key", "Date"],
    optional: &[
        "Контрагент_Key",
        "ДисконтнаяКарта_Key",
        "ДокументОснование",
        "ДокументОснование_Type",
    ],
    orders: DOCUMENT_ORDERS,
};

/// Opening balances: totals carried over from an older system.
pub(crate) const OPENING_BALANCES: &str = "Document_ВводНачальныхОстатков";

/// The header of a document, as far as it concerns sales.
#[derive(Debug, Deserialize)]
pub(crate) struct HeaderRow<'a> {
    #[serde(rename = "Ref_Key", borrow)]
    pub(crate) reference: Option<Text<'a>>,
    #[serde(rename = "Date", borrow)]
    pub(crate) date: Option<Text<'a>>,
    #[serde(rename = "Контрагент_Key", borrow)]
    pub(crate) counterparty: Option<Text<'a>>,
    #[serde(rename = "ДисконтнаяКарта_Key", borrow)]
    pub(crate) card: Option<Text<'a>>,
    #[serde(rename = "ЧекККМ_Key", borrow)]
    pub(crate) receipt: Option<Text<'a>>,
    #[serde(rename = "ДокументОснование", borrow)]
    pub(crate) basis: Option<Text<'a>>,
    #[serde(rename = "ДокументОснование_Type", borrow)]
    pub(crate) basis_type: Option<Text<'a>>,
}

/// The documents that write sales, by the name that 1C gives their type.
const KINDS: &[(&str, DocumentKind)] = &[
    ("Document_ЧекККМ", DocumentKind::Receipt),
    ("Document_ЧекККМВозврат", DocumentKind::ReturnReceipt),
    (
        "Document_ОтчетОРозничныхПродажах",
        DocumentKind::ShiftReport,
    ),
    ("Document_РасходнаяНакладная", DocumentKind::Invoice),
    ("Document_ПриходнаяНакладная", DocumentKind::GoodsReturn),
    (
        "Document_КорректировкаРеализации",
        DocumentKind::SaleCorrection,
    ),
    (OPENING_BALANCES, DocumentKind::OpeningBalance),
    (
        "Document_КорректировкаРегистров",
        DocumentKind::RegisterCorrection,
    ),
    ("Document_ЗаказПокупателя", DocumentKind::CustomerOrder),
    ("Document_АктВыполненныхРабот", DocumentKind::WorkStatement),
    ("Document_ЗакрытиеМесяца", DocumentKind::MonthClose),
    ("Document_ОтчетКомиссионера", DocumentKind::Other),
    ("Document_ОтчетКомитенту", DocumentKind::Other),
    ("Document_ОтчетОПереработке", DocumentKind::Other),
    (
        "Document_ПередачаТоваровМеждуОрганизациями",
        DocumentKind::Other,
    ),
];

/// What the type of a reference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeName {
    /// A document of this kind.
    Document(DocumentKind),
    /// A type that is not published, so that nobody can tell what it is.
    Unpublished,
    /// Something else, such as an empty reference.
    Other,
}

/// Reads the type of a composite reference.
pub(crate) fn type_name(text: &str) -> TypeName {
    if let Some(name) = text.strip_prefix("StandardODATA.") {
        return match KINDS.iter().find(|(known, _)| *known == name) {
            Some((_, kind)) => TypeName::Document(*kind),
            None if name.starts_with("Document_") => TypeName::Document(DocumentKind::Other),
            None => TypeName::Other,
        };
    }
    if text.starts_with("UnavailableEntities.") {
        TypeName::Unpublished
    } else {
        TypeName::Other
    }
}

/// Gives the types that a kind of documents may have in 1C.
pub(crate) fn types_of(kind: DocumentKind) -> impl Iterator<Item = &'static str> {
    KINDS
        .iter()
        .filter(move |(_, known)| *known == kind)
        .map(|(name, _)| *name)
}

/// Gives all types of documents that write sales.
pub(crate) fn all_types() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_recognised() {
        let cases = [
            (
                "StandardODATA.Document_ЧекККМ",
                TypeName::Document(DocumentKind::Receipt),
            ),
            (
                "StandardODATA.Document_ЧекККМВозврат",
                TypeName::Document(DocumentKind::ReturnReceipt),
            ),
            (
                "StandardODATA.Document_Новый",
                TypeName::Document(DocumentKind::Other),
            ),
            ("StandardODATA.Undefined", TypeName::Other),
            (
                "UnavailableEntities.UnavailableEntity_7a10",
                TypeName::Unpublished,
            ),
            ("", TypeName::Other),
        ];
        for (text, expected) in cases {
            assert_eq!(type_name(text), expected, "{text}");
        }
    }

    #[test]
    fn every_kind_leads_back_to_a_type() {
        for name in all_types() {
            let TypeName::Document(kind) = type_name(&format!("StandardODATA.{name}")) else {
                panic!("{name}");
            };
            assert!(types_of(kind).any(|known| known == name));
        }
    }
}
