use super::InvalidProfile;
use crate::ports::{BoxError, StorageError};
use crate::values::UserId;

/// Tells why something could not be done for a customer, by what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CustomerError {
    /// There is no such customer; staff are none.
    #[error("customer {0} is not known")]
    Unknown(UserId),
    /// The person was forgotten, and nothing may be written about them any more.
    #[error("customer {0} was erased, and nothing is kept of the person")]
    Erased(UserId),
    /// The profile has been changed since it was read: read again and decide again.
    #[error("the profile has been changed since it was read")]
    Stale,
    /// A value cannot be accepted.
    #[error(transparent)]
    Invalid(#[from] InvalidProfile),
    /// The cursor belongs to another order: begin with the first page.
    #[error("the cursor belongs to another order of the list")]
    ForeignCursor,
    /// The person is forgotten here, but not everywhere yet: do it again.
    #[error("customer {user} is erased here, but {forgetter} has not forgotten them yet")]
    NotForgotten {
        /// Whom.
        user: UserId,
        /// Who has not.
        forgetter: &'static str,
        /// Why.
        source: BoxError,
    },
    /// Storage has failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
