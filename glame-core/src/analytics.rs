//! What the purchases of customers come to: figures, RFM, status, value, risk, what is to be expected.
//!
//! Everything here is a pure function of purchases, policy and instant, and does not depend on the
//! order of rows. Formulas follow the guide; where they do not say, each function does.

pub mod buying;
mod metrics;
mod outlook;
mod preferences;
mod ranking;
mod rfm;
mod scoring;
mod service;
mod shop;
mod status;

pub use metrics::{
    BoughtLine, CategoryNames, CustomerDays, CustomerMetrics, MetricsPolicy, OccasionPolicy,
    Occasions, PurchaseFigures, SettledHistory, day_number,
};
pub use outlook::{CustomerOutlook, Foresight, MeasuredCustomer, OutlookPolicy, WrongOutlook};
pub use preferences::{Preference, PurchasePreferences};
pub use ranking::Ranking;
pub use rfm::{
    ParseScoreError, PurchaseColumns, PurchaseColumnsError, RfmColumns, RfmCuts, RfmInputs,
    RfmPolicy, RfmScore, RfmSegment, Score, ScorePolicy, UnorderedCuts,
};
pub use scoring::{AsOf, Scoring};
pub use service::{AnalyticsError, CustomerAnalyticsService, Figures, Group, RfmAnalysis};
pub(crate) use service::{Yardstick, whole_catalogue};
pub use shop::{RfmSpread, ShopAnalysis};
pub use status::{CustomerStatus, StatusPolicy};
