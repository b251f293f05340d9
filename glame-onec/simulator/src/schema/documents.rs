//! The columns of the documents.

use super::ColumnKind::{
    Composite, Enumeration, Flag, Guid, Link, Long, LongText, Moment, Number, Text,
};
use super::catalogs::{
    CARDS, CHARACTERISTICS, COMPANIES, COUNTERPARTIES, PRODUCTS, PROGRAMMES, STORES, TILLS,
};
use super::{ColumnSpec, ObjectTable, column};
use crate::document::DocumentKind;

const RECEIPT: &str = "Document_ЧекККМ";
const REPORT: &str = "Document_ОтчетОРозничныхПродажах";

const HEAD: [ColumnSpec; 8] = [
    column("Ref_Key", Guid),
    column("DataVersion", Text),
    column("DeletionMark", Flag),
    column("Number", Text),
    column("Date", Moment),
    column("Posted", Flag),
    column("Организация_Key", Link(COMPANIES)),
    column("Комментарий", LongText),
];

pub(super) fn table(kind: DocumentKind) -> ObjectTable {
    let mut columns = HEAD.to_vec();
    let (own, parts): (&[&[ColumnSpec]], _) = match kind {
        DocumentKind::Receipt => (
            &[BUYER, TILL_SLIP, PUNCHED],
            vec![
                ("Запасы", GOODS),
                ("БезналичнаяОплата", CASHLESS),
                (ACCRUALS, ACCRUAL),
            ],
        ),
        DocumentKind::ReturnReceipt => (
            &[BUYER, TILL_SLIP, RETURNED],
            vec![("Запасы", GOODS), ("БезналичнаяОплата", CASHLESS)],
        ),
        DocumentKind::ShiftReport => (
            &[SHIFT],
            vec![
                ("Запасы", REPORT_GOODS),
                ("БезналичнаяОплата", REPORT_CASHLESS),
            ],
        ),
        DocumentKind::Invoice => (
            &[BUYER, TRADE, ORDER],
            vec![
                ("Запасы", GOODS),
                ("Предоплата", PREPAYMENT),
                (ACCRUALS, ACCRUAL),
            ],
        ),
        DocumentKind::GoodsReceipt => (&[BUYER, TRADE, RETURNED], vec![("Запасы", GOODS)]),
        DocumentKind::SaleCorrection => (&[BUYER, CORRECTED], vec![("Запасы", CORRECTED_GOODS)]),
        DocumentKind::MarketplaceOrder => (&[BUYER], vec![("Запасы", GOODS)]),
        DocumentKind::RegisterCorrection => (&[], vec![]),
        DocumentKind::OpeningBalances => (&[OPENING], vec![]),
        DocumentKind::BonusOrder => (
            &[BONUS],
            vec![
                ("НачисленияБонусов", BONUS_GIVEN),
                ("СписанияБонусов", BONUS_TAKEN),
            ],
        ),
    };
    for group in own {
        columns.extend_from_slice(group);
    }
    ObjectTable { columns, parts }
}

const BUYER: &[ColumnSpec] = &[
    column("Контрагент_Key", Link(COUNTERPARTIES)),
    column("ДисконтнаяКарта_Key", Link(CARDS)),
    column("ПроцентСкидкиПоДисконтнойКарте", Number),
    column("СтруктурнаяЕдиница_Key", Link(STORES)),
    column("Подразделение_Key", Link(STORES)),
    column("Ответственный_Key", Link("Catalog_Сотрудники")),
    column("ВалютаДокумента_Key", Link("Catalog_Валюты")),
    column("СуммаДокумента", Number),
    column("Телефон", Text),
    column("АдресЭП", Text),
];

const TILL_SLIP: &[ColumnSpec] = &[
    column("КассаККМ_Key", Link(TILLS)),
    column("КассоваяСмена_Key", Link(REPORT)),
    column("Архивный", Flag),
    column("НомерЧекаККМ", Long),
    column("НомерСменыККМ", Long),
    column("Заказ_Key", Link("Document_ЗаказПокупателя")),
    column("ПолученоНаличными", Number),
    column("ОперацияСДенежнымиСредствами", Flag),
];

const PUNCHED: &[ColumnSpec] = &[column("Статус", Enumeration("СтатусыЧековККМ"))];
const RETURNED: &[ColumnSpec] = &[column("ЧекККМ_Key", Link(RECEIPT))];

const SHIFT: &[ColumnSpec] = &[
    column("КассаККМ_Key", Link(TILLS)),
    column(
        "СтатусКассовойСмены",
        Enumeration("СтатусыОтчетаОРозничныхПродажах"),
    ),
    column("НачалоКассовойСмены", Moment),
    column("ОкончаниеКассовойСмены", Moment),
    column("КассоваяСмена_Key", Link("Document_КассоваяСмена")),
    column("СуммаДокумента", Number),
    column("СтруктурнаяЕдиница_Key", Link(STORES)),
];

const TRADE: &[ColumnSpec] = &[
    column("ВидОперации", Enumeration("ВидыОпераций")),
    column(
        "ДокументОснование",
        Composite(&[RECEIPT, "Document_РасходнаяНакладная"]),
    ),
];
const ORDER: &[ColumnSpec] = &[column("Заказ", Composite(&["Document_ЗаказПокупателя"]))];
const CORRECTED: &[ColumnSpec] = &[column(
    "ДокументОснование",
    Composite(&[RECEIPT, "Document_РасходнаяНакладная"]),
)];
const OPENING: &[ColumnSpec] = &[column("РазделУчета", Enumeration("РазделыУчета"))];
const BONUS: &[ColumnSpec] = &[
    column("БонуснаяПрограмма_Key", Link(PROGRAMMES)),
    column("СлужебныйДокумент", Flag),
];

const GOODS: &[ColumnSpec] = &[
    column("Номенклатура_Key", Link(PRODUCTS)),
    column("Характеристика_Key", Link(CHARACTERISTICS)),
    column("Партия_Key", Link("Catalog_ПартииНоменклатуры")),
    column("Количество", Number),
    column(
        "ЕдиницаИзмерения",
        Composite(&["Catalog_КлассификаторЕдиницИзмерения"]),
    ),
    column("Цена", Number),
    column("ПроцентСкидкиНаценки", Number),
    column("СуммаСкидкиНаценки", Number),
    column("ПроцентАвтоматическойСкидки", Number),
    column("СуммаАвтоматическойСкидки", Number),
    column("СуммаСкидкиОплатыБонусом", Number),
    column("Сумма", Number),
    column("СтавкаНДС_Key", Link("Catalog_СтавкиНДС")),
    column("СуммаНДС", Number),
    column("Всего", Number),
    column("КлючСвязи", Long),
    column("Ответственный_Key", Link("Catalog_Сотрудники")),
    column("Штрихкод", Text),
    column("ПродажаПодарка", Flag),
    column("СтруктурнаяЕдиница_Key", Link(STORES)),
];

const REPORT_GOODS: &[ColumnSpec] = &[
    column("Номенклатура_Key", Link(PRODUCTS)),
    column("Характеристика_Key", Link(CHARACTERISTICS)),
    column("Количество", Number),
    column("Цена", Number),
    column("Сумма", Number),
    column("Всего", Number),
    column("Возврат", Number),
    column("ВозвратБезОснования", Flag),
    column("ДисконтнаяКарта_Key", Link(CARDS)),
    column("Контрагент_Key", Link(COUNTERPARTIES)),
    column("ДокументПродажи_Key", Link(RECEIPT)),
    column("Ответственный_Key", Link("Catalog_Сотрудники")),
];

const CORRECTED_GOODS: &[ColumnSpec] = &[
    column("Номенклатура_Key", Link(PRODUCTS)),
    column("Характеристика_Key", Link(CHARACTERISTICS)),
    column("Количество", Number),
    column("КоличествоДоКорректировки", Number),
    column("Сумма", Number),
    column("СуммаДоКорректировки", Number),
];

const CASHLESS: &[ColumnSpec] = &[
    column("ВидОплаты", Enumeration("ВидыБезналичныхОплат")),
    column("БонуснаяКарта_Key", Link(CARDS)),
    column("Сумма", Number),
    column("СуммаБонусов", Number),
];
const REPORT_CASHLESS: &[ColumnSpec] = &[
    column("ВидОплаты", Enumeration("ВидыБезналичныхОплат")),
    column("БонуснаяКарта_Key", Link(CARDS)),
    column("Сумма", Number),
    column("СуммаБонусов", Number),
    column("ЭтоОтмена", Flag),
];
const PREPAYMENT: &[ColumnSpec] = &[
    column("ОплатаБонусами", Flag),
    column("ОплатаСертификатом", Flag),
    column("СуммаПлатежа", Number),
];

const ACCRUALS: &str = "БонусныеБаллыКНачислению";
const ACCRUAL: &[ColumnSpec] = &[
    column("КлючСвязи", Long),
    column("СкидкаНаценка_Key", Link("Catalog_АвтоматическиеСкидки")),
    column("ДатаНачисления", Moment),
    column("ДатаСписания", Moment),
    column("КоличествоБонусныхБаллов", Number),
];

const BONUS_GIVEN: &[ColumnSpec] = &[
    column("БонуснаяКарта_Key", Link(CARDS)),
    column(
        "АналитикаНачисленияБонусов_Key",
        Link("Catalog_АналитикаНачисленияБонусов"),
    ),
    column("Количество", Number),
    column("ДатаНачисления", Moment),
    column("ДатаСгорания", Moment),
];
const BONUS_TAKEN: &[ColumnSpec] = &[
    column("БонуснаяКарта_Key", Link(CARDS)),
    column("Количество", Number),
    column("КорректировкаКСписанию", Number),
];
