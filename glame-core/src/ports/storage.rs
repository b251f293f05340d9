use async_trait::async_trait;

use super::{
    AccessReader, AccessWriter, AuditReader, AuditWriter, CatalogueReader, CatalogueWriter,
    CustomerReader, CustomerWriter, LookReader, LookWriter, LoyaltyReader, LoyaltyWriter,
    MetricsReader, MetricsWriter, PurchaseReader, PurchaseRecordReader, PurchaseWriter,
    SegmentReader, SegmentWriter, StorageError, SyncRunReader, SyncRunWriter, UserReader,
    UserWriter, WebhookReader, WebhookWriter,
};

/// Where everything is kept.
///
/// Readers see what is committed. Functions take the narrow port that they need; a
/// `&dyn Storage` passes for each of them.
#[async_trait]
pub trait Storage:
    UserReader
    + PurchaseReader
    + CatalogueReader
    + MetricsReader
    + LoyaltyReader
    + SegmentReader
    + SyncRunReader
    + WebhookReader
    + AccessReader
    + AuditReader
    + CustomerReader
    + PurchaseRecordReader
    + LookReader
    + std::fmt::Debug
{
    /// Begins a piece of work.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError>;

    /// Tells whether the database answers and its schema is the one that this version needs.
    async fn check(&self) -> Result<(), StorageError>;
}

/// One atomic piece of work: all of it happens at `commit`, or, if it is dropped, nothing.
///
/// A [`StorageError::Conflict`] leaves the work usable, except that of [`post`](LoyaltyWriter::post);
/// after any other error it must be dropped.
#[async_trait]
pub trait UnitOfWork:
    UserWriter
    + PurchaseWriter
    + CatalogueWriter
    + MetricsWriter
    + LoyaltyWriter
    + SegmentWriter
    + SyncRunWriter
    + WebhookWriter
    + AccessWriter
    + AuditWriter
    + CustomerWriter
    + LookWriter
{
    /// Makes everything that was written permanent and visible.
    async fn commit(self: Box<Self>) -> Result<(), StorageError>;
}
