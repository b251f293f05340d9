//! The contracts between the rules and the world.
//!
//! | Port | What it is | Adapters |
//! | --- | --- | --- |
//! | [`Storage`], [`UnitOfWork`] | where customers, purchases, points and figures are kept | PostgreSQL, SQLite, [`MemoryStorage` |
//! | [`SalesSource`] | the shop's base | 1C OData |
//! | [`PointsSource`] | the points that the shop's base keeps | 1C OData |
//! | [`Clock`], [`IdSource`], [`SecretSource`] | time and chance | the server's, the testkit's |
//! | [`PasswordHasher`] | passwords | argon2id in the server, the testkit's |
//! | [`CodeSender`] | messages to customers | providers of SMS, the log |
//!
//! Every port is `async_trait` and meant for `dyn`: which adapter it is, is known at run time by an
//! address in the settings, and a boxed future costs nothing beside a query. Readers take `&self`
//! and belong to the storage; writers take `&mut self` and belong to a [`UnitOfWork`], so that
//! nothing can be written outside a transaction and dropping the work undoes it.
//!
//! # Adding a method to a port
//!
//! 1. Say in its doc comment what must be true afterwards, in the words of the shop.
//! 2. Add it to [`MemoryStorage`.
//! 3. Add the cases that could differ between adapters to [`conformance`](crate::testkit::conformance).
//! 4. Add it to the adapters, in twin files at the same place.

mod access;
mod audit;
mod catalogue;
mod clock;
mod code_sender;
mod customers;
mod errors;
mod looks;
mod loyalty;
mod metrics;
mod points_source;
mod purchase_records;
mod purchases;
#[cfg_attr(
    any(test, feature = "testkit"),
    expect(
        clippy::ref_option_ref,
        reason = "the mock repeats the signatures of the port"
    )
)]
mod sales_source;
mod secrets;
mod segments;
mod storage;
mod sync_runs;
mod users;
mod webhooks;

pub use access::{AccessReader, AccessWriter, MOST_CANDIDATES};
pub use audit::{AuditReader, AuditWriter};
pub use catalogue::{CatalogueReader, CatalogueWriter};
pub use clock::{Clock, IdSource};
pub use code_sender::{CodeMessage, CodeSender, CodeSenderError};
pub use customers::{CustomerReader, CustomerWriter};
pub use errors::{BoxError, SourceError, StorageError};
pub use looks::{LookReader, LookWriter};
pub use loyalty::{
    AccountChange, AccountNeeds, AccountQuery, AccountSnapshot, LotTotal, LoyaltyReader,
    LoyaltyWriter, PointsOutstanding, ReceiptScope, RuleTotal, SettlementMark, StoredOutcome,
    StoredRequest, TransactionQuery,
};
pub use metrics::{MetricsReader, MetricsWriter};
pub use points_source::{CardPoints, PointsSource};
pub use purchase_records::PurchaseRecordReader;
pub use purchases::{PurchaseReader, PurchaseTotals, PurchaseWriter};
pub use sales_source::{
    CardRecord, CustomerProfile, Rejected, SalesSource, SalesWindow, SourceAnswer, SourceCursor,
    SourcePage,
};
pub use secrets::{HashingError, NoRandomness, PasswordCheck, PasswordHasher, SecretSource};
pub use segments::{
    LockedMemberships, SegmentOverride, SegmentReader, SegmentRefresh, SegmentTransition,
    SegmentWriter, StoredSegment, Transition, TransitionPlace,
};
pub use storage::{Storage, UnitOfWork};
pub use sync_runs::{
    HeldLease, LeaseState, RejectPlace, RunPlace, RunQuery, StoredReject, SyncRunReader,
    SyncRunWriter,
};
pub use users::{UserReader, UserWriter};
pub use webhooks::{
    ClaimedDelivery, DeliveryClaim, DeliveryMark, ReplayScope, WebhookReader, WebhookWriter,
};

#[cfg(any(test, feature = "testkit"))]
pub use {
    access::{MockAccessReader, MockAccessWriter},
    audit::{MockAuditReader, MockAuditWriter},
    catalogue::{MockCatalogueReader, MockCatalogueWriter},
    clock::{MockClock, MockIdSource},
    code_sender::MockCodeSender,
    customers::{MockCustomerReader, MockCustomerWriter},
    looks::{MockLookReader, MockLookWriter},
    loyalty::{MockLoyaltyReader, MockLoyaltyWriter},
    metrics::{MockMetricsReader, MockMetricsWriter},
    points_source::MockPointsSource,
    purchase_records::MockPurchaseRecordReader,
    purchases::{MockPurchaseReader, MockPurchaseWriter},
    sales_source::MockSalesSource,
    secrets::{MockPasswordHasher, MockSecretSource},
    segments::{MockSegmentReader, MockSegmentWriter},
    sync_runs::{MockSyncRunReader, MockSyncRunWriter},
    users::{MockUserReader, MockUserWriter},
    webhooks::{MockWebhookReader, MockWebhookWriter},
};
