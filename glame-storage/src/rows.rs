//! Rows as both databases give them, and how they become what the core knows.
//!
//! Not here: SQL, which each driver has for itself.

mod access;
mod audit;
mod card;
mod catalogue;
mod customer;
mod customer_list;
mod instant;
mod keys;
mod look;
mod loyalty;
mod metrics;
mod purchase;
mod purchase_record;
mod segment;
mod sync_run;
mod user;
mod webhooks;

pub(crate) use access::{
    CandidateRow, CodeRow, SessionRow, StaffRow, StoredSessionRow, WindowRow, in_order_of,
    sessions_meant,
};
pub(crate) use audit::{AuditBounds, AuditRow};
pub(crate) use card::CardRow;
pub(crate) use catalogue::{ProductRow, StoreRow};
pub(crate) use customer::{
    ConsentRow, CustomerListRow, EVERY_FIELD, ProfileRow, SearchCells, edits_of, kept_fields,
};
pub(crate) use customer_list::{
    Dialect, Parameter, Statement, count_statement, page_statements, product_statement,
};
pub(crate) use instant::Instant;
pub(crate) use keys::{first_after, kinds_of};
pub(crate) use look::{LookRow, SavedLookRow, look_json, product_cells};
pub(crate) use loyalty::{
    AccountRow, AccountTotalsRow, Accounts, LotRow, LotTotalsRow, PostCells, RecallNeeds,
    RequestRow, RuleTotalsRow, SettlementRow, TransactionRow, available_points, not_locked,
    pages_of, reconciliation_document, reconciliation_from, sequence_bound, unknown_user,
};
pub(crate) use metrics::{
    MetricsCells, MetricsRow, ScoringCells, ScoringRow, shop_analysis_document, shop_analysis_from,
};
pub(crate) use purchase::{
    PurchaseRow, RECEIPTS_A_STATEMENT, StoredReceiptRow, TotalsRow, amount_of, bounds_of,
    histories_of, in_order,
};
pub(crate) use purchase_record::PurchaseRecordRow;
pub(crate) use segment::{
    MemberRow, OverrideRow, SegmentRow, TransitionRow, beginning_of_time, confidence_of, rule_of,
};
pub(crate) use sync_run::{
    LeaseRow, RejectRow, SyncRunRow, counts_of, reject_id, storable, task_of,
};
pub(crate) use user::{UserRow, digits_of, phone_number, users_of};
pub(crate) use webhooks::{
    ClaimedRow, DeliveryRow, EndpointRow, EventRow, NewEventRow, mark_before, names_of,
};
