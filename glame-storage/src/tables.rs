//! The tables by name, for errors that tell what was being done and where it went wrong.

use glame_core::ports::{BoxError, StorageError};

use crate::driver_error::{Doing, storage_error};

/// A table as errors speak of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    name: &'static str,
    reading: &'static str,
    writing: &'static str,
    row: &'static str,
}

macro_rules! tables {
    ($($constant:ident = $name:literal of $row:literal;)*) => { $(
        pub(crate) const $constant: Table = Table {
            name: $name,
            reading: concat!("reading ", $name),
            writing: concat!("writing ", $name),
            row: $row,
        };
    )* };
}

tables! {
    USERS = "users" of "a user";
    DISCOUNT_CARDS = "discount_cards" of "a discount card";
    RECEIPTS = "receipts" of "a receipt";
    PURCHASE_HISTORY = "purchase_history" of "a receipt";
    PRODUCTS = "products" of "an article";
    STORES = "stores" of "a store";
    CUSTOMER_METRICS = "customer_metrics" of "a customer";
    SCORINGS = "scorings" of "the scoring";
    SHOP_ANALYSES = "shop_analyses" of "the analysis of the shop";
    RECONCILIATIONS = "reconciliations" of "the comparison of points";
    LOYALTY_ACCOUNTS = "loyalty_accounts" of "an account with points";
    LOYALTY_LOTS = "loyalty_lots" of "a lot of points";
    LOYALTY_TRANSACTIONS = "loyalty_transactions" of "a transaction with points";
    LOYALTY_DRAWS = "loyalty_draws" of "a transaction with points";
    LOYALTY_REQUESTS = "loyalty_requests" of "an idempotency key";
    LOYALTY_SETTLEMENTS = "loyalty_settlements" of "a mark of a customer";
    STAFF_MEMBERS = "staff_members" of "a member of staff";
    SESSIONS = "sessions" of "a session";
    ONE_TIME_CODES = "one_time_codes" of "a code";
    ATTEMPT_WINDOWS = "attempt_windows" of "a count of attempts";
    AUDIT_LOG = "audit_log" of "an entry of the audit log";
    CUSTOMER_PROFILES = "customer_profiles" of "a profile";
    CUSTOMER_SEARCH = "customer_search" of "a customer";
    PRODUCT_SEARCH = "product_search" of "an article";
    CONSENTS = "consents" of "a consent";
    LOOKS = "looks" of "a look";
    SAVED_LOOKS = "saved_looks" of "a saved look";
    CUSTOMER_SEGMENTS = "customer_segments" of "a segment";
    USER_SEGMENTS = "user_segments" of "a membership";
    SEGMENT_OVERRIDES = "segment_overrides" of "a decision about a member";
    SEGMENT_TRANSITIONS = "segment_transitions" of "a transition of a customer";
    SYNC_RUNS = "sync_runs" of "a run";
    SYNC_REJECTS = "sync_rejects" of "a run";
    SYNC_LEASE = "sync_lease" of "the lease";
    WEBHOOK_ENDPOINTS = "webhook_endpoints" of "a webhook endpoint";
    WEBHOOK_EVENTS = "webhook_events" of "an event";
    WEBHOOK_DELIVERIES = "webhook_deliveries" of "a delivery";
}

impl Table {
    /// Translates what the driver says while rows are read.
    pub(crate) fn reading(self) -> impl FnOnce(sqlx::Error) -> StorageError {
        self.doing(self.reading)
    }

    /// Translates what the driver says while rows are written.
    pub(crate) fn writing(self) -> impl FnOnce(sqlx::Error) -> StorageError {
        self.doing(self.writing)
    }

    /// Tells that a stored value breaks a rule.
    pub(crate) fn corrupt<E: Into<BoxError>>(
        self,
        column: &'static str,
    ) -> impl FnOnce(E) -> StorageError {
        move |source| StorageError::Corrupt {
            table: self.name,
            column,
            source: source.into(),
        }
    }

    /// Tells that a row is not as the writer supposed: there already, or without its owner.
    pub(crate) fn conflict(self) -> StorageError {
        StorageError::Conflict { what: self.row }
    }

    fn doing(self, during: &'static str) -> impl FnOnce(sqlx::Error) -> StorageError {
        let doing = Doing {
            during,
            table: self.name,
            row: self.row,
        };
        move |source| storage_error(doing, source)
    }
}
