//! Rows as both databases give them, and how they become what the core knows.
//!
//! Not here: SQL, which each driver has for itself.

mod card;
mod catalogue;
mod instant;
mod keys;
mod loyalty;
mod metrics;
mod purchase;
mod segment;
mod sync_run;
mod user;

pub(crate) use card::CardRow;
pub(crate) use catalogue::{ProductRow, StoreRow};
pub(crate) use instant::Instant;
pub(crate) use keys::{first_after, kinds_of};
pub(crate) use loyalty::{
    AccountRow, AccountTotalsRow, Accounts, LotRow, LotTotalsRow, PostCells, RecallNeeds,
    RequestRow, RuleTotalsRow, SettlementRow, TransactionRow, not_locked, unknown_user,
};
pub(crate) use metrics::{MetricsCells, MetricsRow, ScoringCells, ScoringRow};
pub(crate) use purchase::{
    PurchaseRow, RECEIPTS_A_STATEMENT, StoredReceiptRow, TotalsRow, amount_of, bounds_of,
    histories_of, in_order,
};
pub(crate) use segment::{
    MemberRow, OverrideRow, SegmentRow, TransitionRow, beginning_of_time, confidence_of, rule_of,
    version_of,
};
pub(crate) use sync_run::{RejectRow, SyncRunRow, counts_of, reject_id, storable};
pub(crate) use user::{UserRow, digits_of, users_of};
