//! The columns of the catalogs.

use super::ColumnKind::{
    Enumeration, Flag, Guid, Link, Long, LongText, Moment, Number, Short, Text,
};
use super::{ColumnKind, ColumnSpec, ObjectTable, column};

/// The catalogs that a client of customers and loyalty reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Catalog {
    Cards,
    CardKinds,
    Counterparties,
    Products,
    ProductCategories,
    Characteristics,
    Stores,
    Tills,
    BonusProgrammes,
}

const CARD_KINDS: &str = "Catalog_ВидыДисконтныхКарт";
pub(super) const CARDS: &str = "Catalog_ДисконтныеКарты";
pub(super) const COUNTERPARTIES: &str = "Catalog_Контрагенты";
pub(super) const PRODUCTS: &str = "Catalog_Номенклатура";
const CATEGORIES: &str = "Catalog_КатегорииНоменклатуры";
pub(super) const CHARACTERISTICS: &str = "Catalog_ХарактеристикиНоменклатуры";
pub(super) const STORES: &str = "Catalog_СтруктурныеЕдиницы";
pub(super) const TILLS: &str = "Catalog_КассыККМ";
pub(super) const PROGRAMMES: &str = "Catalog_БонусныеПрограммы";
pub(super) const COMPANIES: &str = "Catalog_Организации";

impl Catalog {
    pub(crate) const ALL: [Self; 9] = [
        Self::Cards,
        Self::CardKinds,
        Self::Counterparties,
        Self::Products,
        Self::ProductCategories,
        Self::Characteristics,
        Self::Stores,
        Self::Tills,
        Self::BonusProgrammes,
    ];

    pub(crate) const fn set_name(self) -> &'static str {
        match self {
            Self::Cards => CARDS,
            Self::CardKinds => CARD_KINDS,
            Self::Counterparties => COUNTERPARTIES,
            Self::Products => PRODUCTS,
            Self::ProductCategories => CATEGORIES,
            Self::Characteristics => CHARACTERISTICS,
            Self::Stores => STORES,
            Self::Tills => TILLS,
            Self::BonusProgrammes => PROGRAMMES,
        }
    }

    pub(crate) fn from_set(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|catalog| catalog.set_name() == name)
    }

    /// The place of this catalog in arrays that hold one entry for each.
    pub(crate) fn place(self) -> usize {
        Self::ALL
            .iter()
            .position(|catalog| *catalog == self)
            .unwrap_or(0)
    }

    pub(super) fn table(self) -> ObjectTable {
        let (before, own, parts): (&[ColumnSpec], &[ColumnSpec], _) = match self {
            Self::Cards => (&[column("Owner_Key", Link(CARD_KINDS))], CARD, vec![]),
            Self::CardKinds => (
                &[],
                CARD_KIND,
                vec![("ПорогиНакопительныхСкидок", THRESHOLD)],
            ),
            Self::Counterparties => (HIERARCHY[0], COUNTERPARTY, counterparty_parts()),
            Self::Products => (HIERARCHY[1], PRODUCT, vec![(PROPERTIES, PROPERTY)]),
            Self::ProductCategories => (HIERARCHY[2], CATEGORY, vec![]),
            Self::Characteristics => (
                CHARACTERISTIC_OWNER,
                CHARACTERISTIC,
                vec![(PROPERTIES, PROPERTY)],
            ),
            Self::Stores => (&[column("Parent_Key", Link(STORES))], STORE, vec![]),
            Self::Tills => (&[column("Owner_Key", Link(COMPANIES))], TILL, vec![]),
            Self::BonusProgrammes => (&[], PROGRAMME, vec![]),
        };
        let mut columns = HEAD.to_vec();
        columns.extend_from_slice(before);
        columns.extend_from_slice(&NAMES);
        columns.extend_from_slice(own);
        columns.extend_from_slice(&TAIL);
        ObjectTable { columns, parts }
    }
}

const HEAD: [ColumnSpec; 3] = [
    column("Ref_Key", Guid),
    column("DataVersion", Text),
    column("DeletionMark", Flag),
];
const NAMES: [ColumnSpec; 2] = [column("Code", Text), column("Description", Text)];
const TAIL: [ColumnSpec; 2] = [
    column("Predefined", Flag),
    column("PredefinedDataName", Text),
];

const HIERARCHY: [&[ColumnSpec]; 3] = [
    &[
        column("Parent_Key", Link(COUNTERPARTIES)),
        column("IsFolder", Flag),
    ],
    &[
        column("Parent_Key", Link(PRODUCTS)),
        column("IsFolder", Flag),
    ],
    &[
        column("Parent_Key", Link(CATEGORIES)),
        column("IsFolder", Flag),
    ],
];

const CARD: &[ColumnSpec] = &[
    column("КодКартыШтрихкод", Text),
    column("КодКартыМагнитный", Text),
    column("ВладелецКарты_Key", Link(COUNTERPARTIES)),
    column("Комментарий", LongText),
    column("КартаНедействительна", Flag),
];

const CARD_KIND: &[ColumnSpec] = &[
    column("Скидка", Number),
    column(
        "ВидСкидкиВДисконтныхКартах",
        Enumeration("ВидыСкидокПоДисконтнымКартам"),
    ),
    column("ТипКарты", Enumeration("ТипыКарт")),
    column("ЭтоИменнаяКарта", Flag),
    column("ВидПериода", Enumeration("ВидыПериодовНакопительныхСкидок")),
    column("Периодичность", Enumeration("Периодичность")),
    column("БонуснаяПрограмма_Key", Link(PROGRAMMES)),
    column("КраткийСоставСкидок", Text),
    column("СтарыйМеханизмСкидок", Flag),
    column(
        "ШаблонДисконтнойКарты_Key",
        Link("Catalog_ШаблоныДисконтныхКарт"),
    ),
    column("Комментарий", LongText),
];

const THRESHOLD: &[ColumnSpec] = &[column("НижняяГраница", Number), column("Скидка", Number)];

const COUNTERPARTY: &[ColumnSpec] = &[
    column("НаименованиеПолное", LongText),
    column("ВидКонтрагента", Enumeration("ВидыКонтрагентов")),
    column(
        "ЮридическоеФизическоеЛицо",
        Enumeration("ЮридическоеФизическоеЛицо"),
    ),
    column("Пол", Enumeration("ПолФизическогоЛица")),
    column("ДатаРождения", Moment),
    column("ДатаСоздания", Moment),
    column("ИНН", Text),
    column("КПП", Text),
    column("НомерТелефонаДляПоиска", Text),
    column("АдресЭПДляПоиска", Text),
    column("ОсновныеСведения", Text),
    column("ФИО", Text),
    column("Покупатель", Flag),
    column("Поставщик", Flag),
    column("ПрочиеОтношения", Flag),
    column("Недействителен", Flag),
    column("Ответственный_Key", Link("Catalog_Сотрудники")),
    column(
        "ИсточникПривлеченияПокупателя_Key",
        Link("Catalog_ИсточникиПривлеченияПокупателей"),
    ),
    column(
        "ГруппаДоступа_Key",
        Link("Catalog_ГруппыДоступаКонтрагентов"),
    ),
    column("ГоловнойКонтрагент_Key", Link(COUNTERPARTIES)),
    column("Комментарий", LongText),
    column("СтранаРегистрации_Key", Link("Catalog_СтраныМира")),
];

const PROPERTIES: &str = "ДополнительныеРеквизиты";

fn counterparty_parts() -> Vec<(&'static str, &'static [ColumnSpec])> {
    vec![
        ("КонтактнаяИнформация", CONTACT),
        (PROPERTIES, PROPERTY),
        ("Теги", TAG),
        ("ИсторияКПП", KPP_HISTORY),
        ("ИсторияНаименований", NAME_HISTORY),
    ]
}

const CONTACT: &[ColumnSpec] = &[
    column("Тип", Enumeration("ТипыКонтактнойИнформации")),
    column("Вид_Key", Link("Catalog_ВидыКонтактнойИнформации")),
    column("Представление", Text),
    column("ЗначенияПолей", LongText),
    column("Страна", Text),
    column("Регион", Text),
    column("Город", Text),
    column("АдресЭП", Text),
    column("ДоменноеИмяСервера", Text),
    column("НомерТелефона", Text),
    column("НомерТелефонаБезКодов", Text),
    column("Значение", LongText),
    column("ДействуетС", Moment),
    column("ОбратныйНомерТелефона", Text),
];

const PROPERTY: &[ColumnSpec] = &[
    column(
        "Свойство_Key",
        Link("ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения"),
    ),
    column(
        "Значение",
        ColumnKind::Composite(&["Catalog_ЗначенияСвойствОбъектов"]),
    ),
    column("ТекстоваяСтрока", LongText),
];
const TAG: &[ColumnSpec] = &[column("Тег_Key", Link("Catalog_Теги"))];
const KPP_HISTORY: &[ColumnSpec] = &[column("Период", Moment), column("КПП", Text)];
const NAME_HISTORY: &[ColumnSpec] = &[column("Период", Moment), column("НаименованиеПолное", Text)];

const PRODUCT: &[ColumnSpec] = &[
    column("НаименованиеПолное", LongText),
    column("Артикул", Text),
    column("Штрихкод", Text),
    column("ТипНоменклатуры", Enumeration("ТипыНоменклатуры")),
    column("КатегорияНоменклатуры_Key", Link(CATEGORIES)),
    column("ЦеноваяГруппа_Key", Link("Catalog_ЦеновыеГруппы")),
    column(
        "ЕдиницаИзмерения_Key",
        Link("Catalog_КлассификаторЕдиницИзмерения"),
    ),
    column("Поставщик_Key", Link(COUNTERPARTIES)),
    column("Производитель_Key", Link(COUNTERPARTIES)),
    column("СтранаПроисхождения_Key", Link("Catalog_СтраныМира")),
    column(
        "ФайлКартинки_Key",
        Link("Catalog_НоменклатураПрисоединенныеФайлы"),
    ),
    column("ИспользоватьХарактеристики", Flag),
    column("Недействителен", Flag),
    column("ДатаИзменения", Moment),
    column("ЭтоНабор", Flag),
    column("Вес", Number),
    column("СрокГодности", Long),
    column("СрокИсполненияЗаказа", Long),
    column("РеквизитДопУпорядочиванияУНФ", Long),
    column("Комментарий", LongText),
];

const CATEGORY: &[ColumnSpec] = &[
    column(
        "ТипНоменклатурыПоУмолчанию",
        Enumeration("ТипыНоменклатуры"),
    ),
    column(
        "НаправлениеДеятельности_Key",
        Link("Catalog_НаправленияДеятельности"),
    ),
    column("ЦеноваяГруппа_Key", Link("Catalog_ЦеновыеГруппы")),
    column("РеквизитДопУпорядочивания", Long),
];

const CHARACTERISTIC_OWNER: &[ColumnSpec] = &[column(
    "Owner",
    ColumnKind::Composite(&[PRODUCTS, CATEGORIES]),
)];
const CHARACTERISTIC: &[ColumnSpec] = &[
    column("НаименованиеДляПечати", Text),
    column("Недействителен", Flag),
];

const STORE: &[ColumnSpec] = &[
    column(
        "ТипСтруктурнойЕдиницы",
        Enumeration("ТипыСтруктурныхЕдиниц"),
    ),
    column("Организация_Key", Link(COMPANIES)),
    column("Недействителен", Flag),
];

const TILL: &[ColumnSpec] = &[
    column("СтруктурнаяЕдиница_Key", Link(STORES)),
    column("Подразделение_Key", Link(STORES)),
    column("ТипКассы", Enumeration("ТипыКассККМ")),
];

const PROGRAMME: &[ColumnSpec] = &[
    column("МаксимальныйПроцентОплаты", Short),
    column("КурсБонусов", Number),
    column("ОтсрочкаНачисления", Flag),
    column("ПериодичностьОтсрочки", Enumeration("Периодичность")),
    column("КоличествоПериодовОтсрочки", Short),
    column("СписаниеНеиспользованных", Flag),
    column("ПериодичностьСписания", Enumeration("Периодичность")),
    column("КоличествоПериодовСписания", Short),
    column("НачислятьБонусыНаДеньРождения", Flag),
    column("ДнейПередДнемРождения", Short),
    column("ДнейПослеДняРождения", Short),
    column("КоличествоБонусовНаДеньРождения", Long),
    column("НеНачислятьПриОплатеБонусами", Flag),
    column("НачислятьБонусыПриВозврате", Flag),
    column("НачислятьБонусыДоСкидок", Flag),
    column("НачислятьДатойЗаказа", Flag),
];
