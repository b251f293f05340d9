//! What the purchases of customers come to: basic figures, RFM, status.
//!
//! Everything here is a pure function of purchases, policy and instant, and does not depend on the
//! order of rows. Formulas follow the guide; where they do not say, each function does.

pub mod buying;
mod metrics;
mod preferences;
mod rfm;
mod scoring;
mod service;
mod status;

pub use metrics::{BoughtLine, CustomerMetrics, MetricsPolicy, OccasionPolicy, PurchaseFigures};
pub use preferences::{Preference, PurchasePreferences};
pub use rfm::{
    ParseScoreError, PurchaseColumns, PurchaseColumnsError, RfmColumns, RfmCuts, RfmInputs,
    RfmPolicy, RfmScore, RfmSegment, Score, ScorePolicy, UnorderedCuts,
};
pub use scoring::{AsOf, Scoring};
pub(crate) use service::Yardstick;
pub use service::{AnalyticsError, CustomerAnalyticsService, Figures, Group, RfmAnalysis};
pub use status::{CustomerStatus, StatusPolicy};
