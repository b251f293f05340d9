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
    /// Only the figures.
    Metrics,
}

impl SyncTarget {
    /// Gives the runs that make the job, in their order.
    #[must_use]
    pub const fn kinds(self) -> &'static [SyncKind] {
        match self {
            Self::Customers => &[SyncKind::Customers],
            Self::Purchases => &[SyncKind::Catalogue, SyncKind::Purchases, SyncKind::Metrics],
            Self::All => &SyncKind::ALL,
            Self::Metrics => &[SyncKind::Metrics],
        }
    }

    /// Tells whether points follow: from purchases, and from the status that figures give.
    #[must_use]
    pub const fn moves_points(self) -> bool {
        match self {
            Self::Customers => false,
            Self::Purchases | Self::All | Self::Metrics => true,
        }
    }
}
