use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes a UUID that is known to name this kind of thing.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Gives the UUID for storage and for the wire.
            #[must_use]
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )* };
}

ids! {
    /// Names a customer or a member of staff.
    ///
    /// The id of a customer that comes from the shop's base is derived from its reference there
    /// ([`Holder::user_id`](crate::users::Holder::user_id)), so that whoever reads the base first,
    /// in whatever order, gives the same customer the same id.
    UserId,
    /// Names one run of a synchronisation.
    SyncRunId,
    /// Names one job of a synchronisation: the runs that somebody has asked for together.
    SyncJobId,
    /// Names one transaction with points.
    ///
    /// It is derived from the user and the number of the transaction in the user's ledger
    /// ([`Sequence::transaction_of`](crate::loyalty::Sequence::transaction_of)).
    TransactionId,
    /// Names a look.
    LookId,
    /// Names a look that a customer has saved.
    SavedLookId,
    /// Names a segment of customers.
    SegmentId,
    /// Proves that its owner holds the lease of the synchronisation.
    LeaseToken,
    /// Names a place that integrators want events sent to.
    WebhookEndpointId,
    /// Names an event that integrators are told of.
    ///
    /// It is derived from the change itself, so that one change is one event, however often it is
    /// written down.
    WebhookEventId,
    /// Proves that its owner has claimed deliveries of events.
    ClaimToken,
    /// Names one session of a user; it is no secret, the token is.
    SessionId,
    /// Names one entry of the audit log.
    AuditEntryId,
}
