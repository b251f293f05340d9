use serde::{Deserialize, Serialize};

use super::{PurchaseScope, SyncKind, SyncTrigger};

/// What a job is to do, in words that another process understands if the first one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncTask {
    /// What is brought over.
    pub target: SyncTarget,
    /// Which purchases are read.
    pub scope: PurchaseScope,
    /// Who asked for it.
    pub trigger: SyncTrigger,
}

/// What a job brings over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncTarget {
    /// Cards and customers.
    Customers,
    /// Catalogue, purchases and the figures that follow.
    Purchases,
    /// Everything.
    All,
    /// Only the figures, and what follows from them.
    Metrics,
    /// Only the members of segments.
    Segments,
    /// Only points: those of purchases, and the source's where it keeps them.
    Points,
    /// Nothing: the points of the source are compared with the ledger.
    Comparison,
}

impl SyncTarget {
    /// Gives the runs that make the job, in their order.
    #[must_use]
    pub const fn kinds(self) -> &'static [SyncKind] {
        match self {
            Self::Customers => &[SyncKind::Customers],
            Self::Purchases => &[
                SyncKind::Catalogue,
                SyncKind::Purchases,
                SyncKind::Metrics,
                SyncKind::Points,
                SyncKind::Segments,
            ],
            Self::All => &[
                SyncKind::Customers,
                SyncKind::Catalogue,
                SyncKind::Purchases,
                SyncKind::Metrics,
                SyncKind::Points,
                SyncKind::Segments,
            ],
            // Points follow from the status that figures give, and segments ask about points.
            Self::Metrics => &[SyncKind::Metrics, SyncKind::Points, SyncKind::Segments],
            Self::Segments => &[SyncKind::Segments],
            Self::Points => &[SyncKind::Points],
            Self::Comparison => &[SyncKind::Comparison],
        }
    }

    /// Tells whether the source is asked.
    #[must_use]
    pub const fn asks_source(self) -> bool {
        match self {
            Self::Customers | Self::Purchases | Self::All | Self::Points | Self::Comparison => true,
            Self::Metrics | Self::Segments => false,
        }
    }
}
