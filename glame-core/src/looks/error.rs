use super::{InvalidLook, SavedLook};
use crate::customers::CustomerError;
use crate::ports::StorageError;
use crate::values::{LookId, SavedLookId};

/// Tells why something could not be done with a look, by what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookError {
    /// There is no such look, or it is not offered any more.
    #[error("look {0} is not known")]
    Unknown(LookId),
    /// The customer has saved no such look.
    #[error("the customer has no saved look {0}")]
    NotSaved(SavedLookId),
    /// The customer has saved it already.
    #[error("the customer has saved look {0} already")]
    AlreadySaved(LookId),
    /// The customer has saved as many looks as are kept.
    #[error("a customer saves at most {} looks", SavedLook::MAX_A_CUSTOMER)]
    TooMany,
    /// The look has been changed since it was read: read again and decide again.
    #[error("the look has been changed since it was read")]
    Stale,
    /// The look cannot be so.
    #[error(transparent)]
    Invalid(#[from] InvalidLook),
    /// Nothing can be saved for this customer.
    #[error(transparent)]
    Customer(#[from] CustomerError),
    /// Storage has failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
