//! The columns of the accumulation registers, each with where its value comes from.

use std::borrow::Cow;

use uuid::Uuid;

use super::ColumnKind::{Composite, Flag, Link, Long, Moment, Number, Text};
use super::catalogs::{CARDS, CHARACTERISTICS, COMPANIES, COUNTERPARTIES, PRODUCTS, STORES};
use super::{Column, ColumnKind, ColumnSpec, EntitySet, Shape, column, with_type_columns};
use crate::document::{BonusLine, Document, DocumentKind, Line, company};
use crate::value::Value;

/// The registers that record sales and points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Register {
    Sales,
    CardSales,
    BonusPoints,
}

/// One line of a register, still attached to its document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineView<'a> {
    pub(crate) document: &'a Document,
    pub(crate) entry: Entry<'a>,
    /// The line's number among the lines of its recorder.
    pub(crate) number: i64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry<'a> {
    Sale(&'a Line),
    Bonus(&'a BonusLine),
}

type Get = for<'a> fn(&LineView<'a>) -> Value<'a>;

impl Register {
    pub(crate) const ALL: [Self; 3] = [Self::Sales, Self::CardSales, Self::BonusPoints];

    pub(crate) const fn set_name(self) -> &'static str {
        match self {
            Self::Sales => "AccumulationRegister_Продажи",
            Self::CardSales => "AccumulationRegister_ПродажиПоДисконтнымКартам",
            Self::BonusPoints => "AccumulationRegister_БонусныеБаллы",
        }
    }

    pub(crate) const fn lines_name(self) -> &'static str {
        match self {
            Self::Sales => "AccumulationRegister_Продажи_RecordType",
            Self::CardSales => "AccumulationRegister_ПродажиПоДисконтнымКартам_RecordType",
            Self::BonusPoints => "AccumulationRegister_БонусныеБаллы_RecordType",
        }
    }

    pub(crate) const fn has_balance(self) -> bool {
        matches!(self, Self::BonusPoints)
    }

    pub(crate) const fn table(self) -> &'static [(ColumnSpec, Get)] {
        match self {
            Self::Sales => SALES,
            Self::CardSales => CARD_SALES,
            Self::BonusPoints => BONUS_POINTS,
        }
    }

    pub(crate) const fn dimensions(self) -> &'static [&'static str] {
        match self {
            Self::Sales => &[
                "Номенклатура_Key",
                "Характеристика_Key",
                "Документ",
                "Контрагент_Key",
                "Организация_Key",
                "Склад_Key",
                "ДвижениеЧекаВОткрытойСмене",
            ],
            Self::CardSales => &[
                "ДисконтнаяКарта_Key",
                "Номенклатура_Key",
                "Характеристика_Key",
                "ВладелецКарты_Key",
            ],
            Self::BonusPoints => &["БонуснаяКарта_Key"],
        }
    }

    pub(crate) const fn resources(self) -> &'static [&'static str] {
        match self {
            Self::Sales => &[
                "Количество",
                "Сумма",
                "СуммаНДС",
                "СуммаБезСкидки",
                "Себестоимость",
            ],
            Self::CardSales => &["Количество", "Сумма"],
            Self::BonusPoints => &["Начислено", "КСписанию"],
        }
    }
}

const RECORDERS: &[&str] = &[
    DocumentKind::Receipt.set_name(),
    DocumentKind::ReturnReceipt.set_name(),
    DocumentKind::ShiftReport.set_name(),
    DocumentKind::Invoice.set_name(),
    DocumentKind::GoodsReceipt.set_name(),
    DocumentKind::SaleCorrection.set_name(),
    DocumentKind::RegisterCorrection.set_name(),
    DocumentKind::OpeningBalances.set_name(),
    DocumentKind::BonusOrder.set_name(),
    DocumentKind::MarketplaceOrder.set_name(),
];

/// The place of `Period` in each register's columns.
pub(crate) const PERIOD: usize = 1;
pub(crate) const RECORDER: usize = 0;

pub(super) fn sets(register: Register) -> [EntitySet; 2] {
    let lines: Vec<Column> = register
        .table()
        .iter()
        .map(|(spec, _)| Column::from(*spec))
        .collect();
    let record_set = [
        column("Recorder", Composite(RECORDERS)),
        column("RecordSet", ColumnKind::Lines(register)),
    ];
    [
        EntitySet {
            name: register.set_name().into(),
            shape: Shape::RecordSets(register),
            columns: with_type_columns(record_set.into_iter()),
            parts: Vec::new(),
            key: &["Recorder", "Recorder_Type"],
        },
        EntitySet {
            name: register.lines_name().into(),
            shape: Shape::Lines(register),
            columns: lines,
            parts: Vec::new(),
            key: &["Recorder", "LineNumber", "Recorder_Type"],
        },
    ]
}

impl<'a> LineView<'a> {
    fn sale(&self) -> &'a Line {
        match self.entry {
            Entry::Sale(line) => line,
            Entry::Bonus(_) => panic!("a line of points has no goods"),
        }
    }

    fn bonus(&self) -> &'a BonusLine {
        match self.entry {
            Entry::Bonus(line) => line,
            Entry::Sale(_) => panic!("a line of sales has no points"),
        }
    }

    fn basis(&self) -> (DocumentKind, Uuid) {
        self.sale()
            .basis
            .unwrap_or((self.document.kind, self.document.id))
    }
}

const fn nothing(_: &LineView<'_>) -> Value<'static> {
    Value::Guid(Uuid::nil())
}

const fn zero(_: &LineView<'_>) -> Value<'static> {
    Value::Number { units: 0, scale: 2 }
}

fn amount(view: &LineView<'_>) -> Value<'static> {
    Value::kopecks(view.sale().kopecks)
}

fn amount_before_discount(view: &LineView<'_>) -> Value<'static> {
    Value::kopecks(view.sale().kopecks_before_discount())
}

fn quantity(view: &LineView<'_>) -> Value<'static> {
    Value::Number {
        units: view.sale().thousandths,
        scale: 3,
    }
}

const RECORDER_COLUMN: (ColumnSpec, Get) = (column("Recorder", Composite(RECORDERS)), |view| {
    Value::Reference {
        set: view.document.kind.set_name(),
        id: view.document.id,
    }
});
const PERIOD_COLUMN: (ColumnSpec, Get) = (column("Period", Moment), |view| {
    Value::Moment(match view.entry {
        Entry::Sale(_) => view.document.date,
        Entry::Bonus(line) => line.period,
    })
});
const NUMBER_COLUMN: (ColumnSpec, Get) =
    (column("LineNumber", Long), |view| Value::Long(view.number));
const ACTIVE_COLUMN: (ColumnSpec, Get) = (column("Active", Flag), |view| {
    Value::Flag(view.document.active)
});
const RECORDER_TYPE_COLUMN: (ColumnSpec, Get) = (
    column("Recorder_Type", ColumnKind::TypeOf("Recorder")),
    |view| Value::TypeName(view.document.kind.set_name()),
);
const PRODUCT_COLUMN: (ColumnSpec, Get) = (
    column("Номенклатура_Key", Link(PRODUCTS)),
    |view| Value::Guid(view.sale().product),
);
const CHARACTERISTIC_COLUMN: (ColumnSpec, Get) = (
    column("Характеристика_Key", Link(CHARACTERISTICS)),
    |view| Value::Guid(view.sale().characteristic),
);
const QUANTITY_COLUMN: (ColumnSpec, Get) = (column("Количество", Number), quantity);
const AMOUNT_COLUMN: (ColumnSpec, Get) = (column("Сумма", Number), amount);

const SALES: &[(ColumnSpec, Get)] = &[
    RECORDER_COLUMN,
    PERIOD_COLUMN,
    NUMBER_COLUMN,
    ACTIVE_COLUMN,
    PRODUCT_COLUMN,
    CHARACTERISTIC_COLUMN,
    (
        column("Партия_Key", Link("Catalog_ПартииНоменклатуры")),
        nothing,
    ),
    (column("Документ", Composite(RECORDERS)), |view| {
        let (kind, id) = view.basis();
        Value::Reference {
            set: kind.set_name(),
            id,
        }
    }),
    (
        column("Контрагент_Key", Link(COUNTERPARTIES)),
        |view| Value::Guid(view.sale().customer),
    ),
    (column("СтавкаНДС_Key", Link("Catalog_СтавкиНДС")), nothing),
    (
        column("Организация_Key", Link(COMPANIES)),
        |_| Value::Guid(company()),
    ),
    (
        column("ЗаказПокупателя_Key", Link("Document_ЗаказПокупателя")),
        nothing,
    ),
    (column("Подразделение_Key", Link(STORES)), nothing),
    (column("Склад_Key", Link(STORES)), |view| {
        Value::Guid(view.document.store)
    }),
    (
        column("Ответственный_Key", Link("Catalog_Сотрудники")),
        nothing,
    ),
    (column("НоменклатураНабора_Key", Link(PRODUCTS)), nothing),
    (
        column("ХарактеристикаНабора_Key", Link(CHARACTERISTICS)),
        nothing,
    ),
    (column("Проект_Key", Link("Catalog_Проекты")), nothing),
    (
        column("ДвижениеЧекаВОткрытойСмене", Flag),
        |view| Value::Flag(view.document.open_shift),
    ),
    QUANTITY_COLUMN,
    AMOUNT_COLUMN,
    (column("СуммаНДС", Number), zero),
    (column("СуммаБезСкидки", Number), amount_before_discount),
    (column("Себестоимость", Number), zero),
    (column("СебестоимостьБезНДС", Number), zero),
    (column("КоличествоИнт", Number), quantity),
    (column("СуммаИнт", Number), amount),
    (column("СуммаНДСИнт", Number), zero),
    (column("СуммаБезСкидкиИнт", Number), amount_before_discount),
    (column("СебестоимостьИнт", Number), zero),
    (column("СебестоимостьБезНДСИнт", Number), zero),
    (
        column(
            "ХозяйственнаяОперация_Key",
            Link("Catalog_ХозяйственныеОперации"),
        ),
        nothing,
    ),
    RECORDER_TYPE_COLUMN,
    (
        column("Документ_Type", ColumnKind::TypeOf("Документ")),
        |view| Value::TypeName(view.basis().0.set_name()),
    ),
];

const CARD_SALES: &[(ColumnSpec, Get)] = &[
    RECORDER_COLUMN,
    PERIOD_COLUMN,
    NUMBER_COLUMN,
    ACTIVE_COLUMN,
    (
        column("ДисконтнаяКарта_Key", Link(CARDS)),
        |view| Value::Guid(view.sale().card),
    ),
    PRODUCT_COLUMN,
    CHARACTERISTIC_COLUMN,
    (
        column("ВладелецКарты_Key", Link(COUNTERPARTIES)),
        |view| Value::Guid(view.sale().owner),
    ),
    QUANTITY_COLUMN,
    AMOUNT_COLUMN,
    (column("Скидка", Number), |view| Value::Number {
        units: i64::from(view.sale().discount_percent),
        scale: 0,
    }),
    RECORDER_TYPE_COLUMN,
];

const BONUS_POINTS: &[(ColumnSpec, Get)] = &[
    RECORDER_COLUMN,
    PERIOD_COLUMN,
    NUMBER_COLUMN,
    ACTIVE_COLUMN,
    (column("RecordType", Text), |view| {
        Value::Text(Cow::Borrowed(if view.bonus().receipt {
            "Receipt"
        } else {
            "Expense"
        }))
    }),
    (
        column("БонуснаяКарта_Key", Link(CARDS)),
        |view| Value::Guid(view.bonus().card),
    ),
    (column("Начислено", Number), |view| {
        Value::kopecks(view.bonus().accrued)
    }),
    (column("КСписанию", Number), |view| {
        Value::kopecks(view.bonus().to_write_off)
    }),
    (
        column("ДатаПервоначальногоНачисления", Moment),
        |view| Value::Moment(view.bonus().first_accrued),
    ),
    RECORDER_TYPE_COLUMN,
];
