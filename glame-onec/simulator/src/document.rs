//! A document and the movements it writes, in the form that all bases share.

use uuid::Uuid;

use crate::moment::Moment;

/// The kinds of document that write the registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum DocumentKind {
    Receipt,
    ReturnReceipt,
    ShiftReport,
    Invoice,
    GoodsReceipt,
    SaleCorrection,
    RegisterCorrection,
    OpeningBalances,
    BonusOrder,
    /// A document of an extension, of which no client can know.
    MarketplaceOrder,
}

impl DocumentKind {
    pub(crate) const ALL: [Self; 10] = [
        Self::Receipt,
        Self::ReturnReceipt,
        Self::ShiftReport,
        Self::Invoice,
        Self::GoodsReceipt,
        Self::SaleCorrection,
        Self::RegisterCorrection,
        Self::OpeningBalances,
        Self::BonusOrder,
        Self::MarketplaceOrder,
    ];

    pub(crate) const fn set_name(self) -> &'static str {
        match self {
            Self::Receipt => "Document_ЧекККМ",
            Self::ReturnReceipt => "Document_ЧекККМВозврат",
            Self::ShiftReport => "Document_ОтчетОРозничныхПродажах",
            Self::Invoice => "Document_РасходнаяНакладная",
            Self::GoodsReceipt => "Document_ПриходнаяНакладная",
            Self::SaleCorrection => "Document_КорректировкаРеализации",
            Self::RegisterCorrection => "Document_КорректировкаРегистров",
            Self::OpeningBalances => "Document_ВводНачальныхОстатков",
            Self::BonusOrder => "Document_НачислениеСписаниеБонусныхБаллов",
            Self::MarketplaceOrder => "Document_ЗаказМаркетплейса",
        }
    }

    pub(crate) fn from_set(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.set_name() == name)
    }

    /// What 1C writes before the number when it shows the document.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Receipt => "Чек ККМ",
            Self::ReturnReceipt => "Чек ККМ на возврат",
            Self::ShiftReport => "Отчет о розничных продажах",
            Self::Invoice => "Расходная накладная",
            Self::GoodsReceipt => "Приходная накладная",
            Self::SaleCorrection => "Корректировка реализации",
            Self::RegisterCorrection => "Корректировка регистров",
            Self::OpeningBalances => "Ввод начальных остатков",
            Self::BonusOrder => "Начисление (списание) бонусных баллов",
            Self::MarketplaceOrder => "Заказ маркетплейса",
        }
    }

    /// Whether the document shows positive quantities where the register has negative ones.
    pub(crate) const fn takes_back(self) -> bool {
        matches!(self, Self::ReturnReceipt | Self::GoodsReceipt)
    }
}

/// The only company of every simulated base.
pub(crate) const fn company() -> Uuid {
    Uuid::from_u128(0x6f1d_2f50_3f2b_11ef_8a01_0050_569a_0001)
}

/// A document with its lines.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "1C keeps these marks independently"
)]
pub(crate) struct Document {
    pub(crate) id: Uuid,
    pub(crate) kind: DocumentKind,
    pub(crate) number: String,
    pub(crate) date: Moment,
    pub(crate) posted: bool,
    pub(crate) deletion_mark: bool,
    /// Lines switched off by hand stay in the register with `Active` false.
    pub(crate) active: bool,
    /// An archived receipt keeps its goods but writes no lines; its shift report does.
    pub(crate) archived: bool,
    pub(crate) open_shift: bool,
    pub(crate) version: u64,
    pub(crate) customer: Uuid,
    pub(crate) card: Uuid,
    pub(crate) store: Uuid,
    pub(crate) till: Uuid,
    /// The shift report of a receipt.
    pub(crate) shift: Uuid,
    /// The sale that a return or a correction refers to.
    pub(crate) basis: Option<(DocumentKind, Uuid)>,
    pub(crate) comment: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) bonus: Vec<BonusLine>,
}

/// One line of goods, signed as the register has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: i64,
    pub(crate) product: Uuid,
    pub(crate) characteristic: Uuid,
    pub(crate) thousandths: i64,
    pub(crate) kopecks: i64,
    pub(crate) discount_percent: u8,
    pub(crate) customer: Uuid,
    pub(crate) card: Uuid,
    /// The card's owner when the document was posted.
    pub(crate) owner: Uuid,
    /// The sale this line belongs to, when it is not the recorder itself.
    pub(crate) basis: Option<(DocumentKind, Uuid)>,
}

impl Line {
    pub(crate) fn kopecks_before_discount(&self) -> i64 {
        let paid = 100 - i64::from(self.discount_percent.min(99));
        (self.kopecks * 100 + paid.signum() * paid / 2 * self.kopecks.signum()) / paid
    }
}

/// One line of the register of points; amounts in hundredths of a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BonusLine {
    pub(crate) period: Moment,
    pub(crate) receipt: bool,
    pub(crate) card: Uuid,
    pub(crate) accrued: i64,
    pub(crate) to_write_off: i64,
    pub(crate) first_accrued: Moment,
}

impl Document {
    /// An empty posted document, to be filled by struct update.
    pub(crate) fn posted(kind: DocumentKind, id: Uuid, date: Moment) -> Self {
        Self {
            id,
            kind,
            number: String::new(),
            date,
            posted: true,
            deletion_mark: false,
            active: true,
            archived: false,
            open_shift: false,
            version: 1,
            customer: Uuid::nil(),
            card: Uuid::nil(),
            store: Uuid::nil(),
            till: Uuid::nil(),
            shift: Uuid::nil(),
            basis: None,
            comment: String::new(),
            lines: Vec::new(),
            bonus: Vec::new(),
        }
    }

    /// Whether the document writes lines of sales now.
    pub(crate) const fn writes_sales(&self) -> bool {
        self.posted && !self.archived
    }

    pub(crate) fn total_kopecks(&self) -> i64 {
        self.lines.iter().map(|line| line.kopecks).sum()
    }
}
