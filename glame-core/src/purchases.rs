//! What customers bought: lines, receipts, returns, opening balances.
//!
//! A *line* is one position of a document, the *receipt* is the lines of one document for one
//! customer, and a [`PurchaseHistory`] is all lines of one customer in the order of time.
//! Frequency, average and recency count receipts; money counts lines.

mod digest;
mod document;
mod history;
mod line_policy;
mod log;
mod receipt;
mod record;
mod window;

pub use digest::ReceiptDigest;
pub use document::{DocumentKey, DocumentKind, DocumentScope};
pub use history::{PurchaseHistory, PurchaseLine};
pub use line_policy::{LineKind, LinePolicy};
pub use log::{Packaging, PurchaseLog, PurchasePage, ReceiptPage};
pub use receipt::{Receipt, ReceiptKey, ReceiptLine, SaleLine, StoredReceipt, receipts_of};
pub use record::{
    PurchaseCursor, PurchaseKind, PurchaseQuery, PurchaseRecord, ReceiptCursor, ReceiptQuery,
    ReceiptRecord,
};
pub use window::WindowChanges;
