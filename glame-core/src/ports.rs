//! The contracts between the rules and the world.
//!
//! | Port | What it is | Adapters |
//! | --- | --- | --- |
//! | [`Storage`], [`UnitOfWork`] | where customers, purchases, points and figures are kept | PostgreSQL, SQLite, [`MemoryStorage` |
//! | [`SalesSource`] | the shop's base | 1C OData |
//! | [`PointsSource`] | the points that the shop's base keeps | 1C OData |
//! | [`Clock`], [`IdSource`] | time and chance | the server's, the testkit's |
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

mod catalogue;
mod clock;
mod errors;
mod loyalty;
mod metrics;
mod points_source;
mod purchases;
#[cfg_attr(
    any(test, feature = "testkit"),
    expect(
        clippy::ref_option_ref,
        reason = "the mock repeats the signatures of the port"
    )
)]
mod sales_source;
mod segments;
mod storage;
mod sync_runs;
mod users;

pub use catalogue::{CatalogueReader, CatalogueWriter};
pub use clock::{Clock, IdSource};
pub use errors::{BoxError, SourceError, StorageError};
pub use loyalty::{
    AccountChange, AccountNeeds, AccountQuery, AccountSnapshot, LotTotal, LoyaltyReader,
    LoyaltyWriter, PointsOutstanding, ReceiptScope, RuleTotal, SettlementMark, StoredOutcome,
    StoredRequest,
};
pub use metrics::{MetricsReader, MetricsWriter};
pub use points_source::{CardPoints, PointsSource};
pub use purchases::{PurchaseReader, PurchaseTotals, PurchaseWriter};
pub use sales_source::{
    CardRecord, CustomerProfile, Rejected, SalesSource, SalesWindow, SourceAnswer, SourceCursor,
    SourcePage,
};
pub use segments::{
    LockedMemberships, SegmentOverride, SegmentReader, SegmentRefresh, SegmentTransition,
    SegmentWriter, StoredSegment, Transition, TransitionPlace,
};
pub use storage::{Storage, UnitOfWork};
pub use sync_runs::{LeaseState, SyncRunReader, SyncRunWriter};
pub use users::{UserReader, UserWriter};

#[cfg(any(test, feature = "testkit"))]
pub use {
    catalogue::{MockCatalogueReader, MockCatalogueWriter},
    clock::{MockClock, MockIdSource},
    loyalty::{MockLoyaltyReader, MockLoyaltyWriter},
    metrics::{MockMetricsReader, MockMetricsWriter},
    points_source::MockPointsSource,
    purchases::{MockPurchaseReader, MockPurchaseWriter},
    sales_source::MockSalesSource,
    segments::{MockSegmentReader, MockSegmentWriter},
    sync_runs::{MockSyncRunReader, MockSyncRunWriter},
    users::{MockUserReader, MockUserWriter},
};
