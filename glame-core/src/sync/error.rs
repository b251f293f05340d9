use chrono::{DateTime, Utc};

use crate::analytics::AnalyticsError;
use crate::loyalty::LoyaltyError;
use crate::ports::{SourceError, StorageError};
use crate::segments::SegmentError;

/// Tells why a run of the synchronisation could not begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// Another run is in progress.
    #[error(
        "another synchronisation is running ({owner}, lease until {until}); try again when it ends"
    )]
    Busy {
        /// Who runs it.
        owner: String,
        /// When its lease runs out unless it is prolonged.
        until: DateTime<Utc>,
    },
    /// This run was away for so long that another one has taken over.
    #[error("the lease of this synchronisation has passed to another run, which goes on from here")]
    LeaseLost,
    /// A person has stopped the run.
    #[error("the synchronisation was cancelled; what it had stored stays")]
    Cancelled,
    /// The shop's base could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The database could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The figures, or the analysis of the shop, could not be made.
    #[error(transparent)]
    Analytics(#[from] AnalyticsError),
    /// The points of purchases could not be settled or compared; the next run goes on with them.
    #[error(transparent)]
    Loyalty(#[from] LoyaltyError),
    /// The members of segments could not be made; the next run begins anew.
    #[error(transparent)]
    Segments(#[from] SegmentError),
}

impl SyncError {
    /// Tells whether the database was away or busy, so that the same may work in a moment.
    #[must_use]
    pub const fn is_of_a_database_away(&self) -> bool {
        match self {
            Self::Storage(error)
            | Self::Analytics(AnalyticsError::Storage(error))
            | Self::Loyalty(LoyaltyError::Storage(error))
            | Self::Segments(SegmentError::Storage(error)) => error.is_temporary(),
            Self::Busy { .. }
            | Self::LeaseLost
            | Self::Cancelled
            | Self::Source(_)
            | Self::Analytics(_)
            | Self::Loyalty(_)
            | Self::Segments(_) => false,
        }
    }

    /// Tells whether the same may work later without anybody's help.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::LeaseLost => true,
            Self::Source(error) | Self::Loyalty(LoyaltyError::Source(error)) => {
                error.is_temporary()
            }
            Self::Storage(_)
            | Self::Cancelled
            | Self::Analytics(_)
            | Self::Loyalty(_)
            | Self::Segments(_) => self.is_of_a_database_away(),
        }
    }
}
