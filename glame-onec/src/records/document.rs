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
    meaning: "till receipts: holders of sales",
    required: &["Ref_Key", "Date"],
    optional: &["Контрагент_Key", "ДисконтнаяКарта_Key"],
    orders: DOCUMENT_ORDERS,
};

/// Till receipts of returns: they tell the holder and the receipt that is taken back.
pub(crate) const RETURN_RECEIPTS: Set = Set {
    name: "Document_ЧекККМВозврат",
    title: "Документы → Чек ККМ на возврат",
    meaning: "till receipts of returns",
    required: &["Ref_Key", "Date"],
    optional: &["Контрагент_Key", "ДисконтнаяКарта_Key", "ЧекККМ_Key"],
    orders: DOCUMENT_ORDERS,
};

/// Delivery notes from suppliers and from customers who return goods.
pub(crate) const GOODS_RETURNS: Set = Set {
    name: "Document_ПриходнаяНакладная",
    title: "Документы → Приходная накладная",
    meaning: "goods returned by delivery note",
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
    meaning: "corrections of sales",
    required: &["Ref_Key", "Date"],
    optional: &[
        "Контрагент_Key",
        "ДисконтнаяКарта_Key",
        "ДокументОснование",
        "ДокументОснование_Type",
    ],
    orders: DOCUMENT_ORDERS,
};

/// The sets whose headers add to the lines of their documents.
pub(crate) const HEADER_SETS: [&Set; 4] = [
    &RECEIPTS,
    &RETURN_RECEIPTS,
    &GOODS_RETURNS,
    &SALE_CORRECTIONS,
];

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

/// A type of documents that write sales.
#[derive(Debug)]
pub(crate) struct DocumentType {
    /// The name that 1C gives the type and its set.
    pub(crate) name: &'static str,
    /// Its place in the list of the REST service settings.
    pub(crate) title: &'static str,
    /// What it is to the domain.
    pub(crate) kind: DocumentKind,
}

/// All of them.
pub(crate) const DOCUMENT_TYPES: &[DocumentType] = &[
    document_type("Document_ЧекККМ", "Чек ККМ", DocumentKind::Receipt),
    document_type(
        "Document_ЧекККМВозврат",
        "Чек ККМ на возврат",
        DocumentKind::ReturnReceipt,
    ),
    document_type(
        "Document_ОтчетОРозничныхПродажах",
        "Отчет о розничных продажах",
        DocumentKind::ShiftReport,
    ),
    document_type(
        "Document_РасходнаяНакладная",
        "Расходная накладная",
        DocumentKind::Invoice,
    ),
    document_type(
        "Document_ПриходнаяНакладная",
        "Приходная накладная",
        DocumentKind::GoodsReturn,
    ),
    document_type(
        "Document_КорректировкаРеализации",
        "Корректировка реализации",
        DocumentKind::SaleCorrection,
    ),
    document_type(
        OPENING_BALANCES,
        "Ввод начальных остатков",
        DocumentKind::OpeningBalance,
    ),
    document_type(
        "Document_КорректировкаРегистров",
        "Корректировка регистров",
        DocumentKind::RegisterCorrection,
    ),
    document_type(
        "Document_ЗаказПокупателя",
        "Заказ покупателя",
        DocumentKind::CustomerOrder,
    ),
    document_type(
        "Document_АктВыполненныхРабот",
        "Акт выполненных работ",
        DocumentKind::WorkStatement,
    ),
    document_type(
        "Document_ЗакрытиеМесяца",
        "Закрытие месяца",
        DocumentKind::MonthClose,
    ),
    document_type(
        "Document_ОтчетКомиссионера",
        "Отчет комиссионера",
        DocumentKind::Other,
    ),
    document_type(
        "Document_ОтчетКомитенту",
        "Отчет комитенту",
        DocumentKind::Other,
    ),
    document_type(
        "Document_ОтчетОПереработке",
        "Отчет о переработке",
        DocumentKind::Other,
    ),
    document_type(
        "Document_ПередачаТоваровМеждуОрганизациями",
        "Передача товаров между организациями",
        DocumentKind::Other,
    ),
];

const fn document_type(
    name: &'static str,
    title: &'static str,
    kind: DocumentKind,
) -> DocumentType {
    DocumentType { name, title, kind }
}

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
        return match DOCUMENT_TYPES.iter().find(|known| known.name == name) {
            Some(known) => TypeName::Document(known.kind),
            // A document of an extension or of a later version: it sells like any other, but it
            // cannot be asked for by a type that only its lines name.
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

/// Gives the types that a kind of documents may have in 1C; other kinds may have more.
pub(crate) fn types_of(kind: DocumentKind) -> impl Iterator<Item = &'static str> {
    DOCUMENT_TYPES
        .iter()
        .filter(move |known| known.kind == kind)
        .map(|known| known.name)
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
        for known in DOCUMENT_TYPES {
            let text = format!("StandardODATA.{}", known.name);
            assert_eq!(type_name(&text), TypeName::Document(known.kind));
            assert!(types_of(known.kind).any(|name| name == known.name));
        }
    }
}
