use serde::{Deserialize, Serialize};

use crate::values::DocumentRef;

/// The kinds of documents that write sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A till receipt.
    Receipt,
    /// A till receipt of a return.
    ReturnReceipt,
    /// A shift report, which takes over the lines of its receipts.
    ShiftReport,
    /// A delivery note to a customer.
    Invoice,
    /// A delivery note of goods that a customer returns.
    GoodsReturn,
    /// A correction of an earlier sale, as differences.
    SaleCorrection,
    /// Totals carried over from an older system: money, but never a visit.
    OpeningBalance,
    /// A correction of the register by hand.
    RegisterCorrection,
    /// A customer's order that is sold directly.
    CustomerOrder,
    /// A statement of completed work.
    WorkStatement,
    /// The costs of a closed month.
    MonthClose,
    /// A kind that is not told apart.
    Other,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Receipt,
        Self::ReturnReceipt,
        Self::ShiftReport,
        Self::Invoice,
        Self::GoodsReturn,
        Self::SaleCorrection,
        Self::OpeningBalance,
        Self::RegisterCorrection,
        Self::CustomerOrder,
        Self::WorkStatement,
        Self::MonthClose,
        Self::Other,
    ];

    /// Gives the number that databases keep; numbers are never used again.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Receipt => 1,
            Self::ReturnReceipt => 2,
            Self::ShiftReport => 3,
            Self::Invoice => 4,
            Self::GoodsReturn => 5,
            Self::SaleCorrection => 6,
            Self::OpeningBalance => 7,
            Self::RegisterCorrection => 8,
            Self::CustomerOrder => 9,
            Self::WorkStatement => 10,
            Self::MonthClose => 11,
            Self::Other => 12,
        }
    }

    /// Finds a kind by the number that databases keep.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Names a document: its kind and its reference in the shop's base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DocumentKey {
    /// What the document is.
    pub kind: DocumentKind,
    /// Which document it is.
    pub document: DocumentRef,
}

/// Which documents a window of sales speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentScope {
    /// All documents.
    All,
    /// Opening balances only.
    OpeningBalancesOnly,
    /// All documents but opening balances.
    ExceptOpeningBalances,
}

impl DocumentScope {
    /// Tells whether documents of a kind are spoken of.
    #[must_use]
    pub fn holds(self, kind: DocumentKind) -> bool {
        match self {
            Self::All => true,
            Self::OpeningBalancesOnly => kind == DocumentKind::OpeningBalance,
            Self::ExceptOpeningBalances => kind != DocumentKind::OpeningBalance,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_code() {
        for kind in DocumentKind::ALL {
            assert_eq!(DocumentKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(DocumentKind::from_code(0), None);
    }
}
