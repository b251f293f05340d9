//! When customers buy, when they stop, and what they will be worth.
//!
//! Purchase counts are modelled by MBG/NBD, BG/NBD or Pareto/NBD, the worth of purchases by
//! Gamma-Gamma, all fitted by maximum likelihood; from them follow P(alive), expected purchases,
//! value and the date of the next purchase. Where a fit cannot be trusted its [`Verdict`] says so
//! and plain rules answer instead, marked as such. Time is in weeks, money in kopecks.
#![expect(clippy::float_arithmetic, reason = "these are statistics")]
#![expect(
    clippy::many_single_char_names,
    reason = "parameters have their names in the formulas"
)]

mod beta_geometric;
mod calendar_index;
mod calibration;
mod chunks;
mod churn;
mod co_purchase;
mod cohorts;
mod collapsed;
mod data_quality;
mod discounting;
mod fit;
mod float;
mod forecast;
mod gamma_gamma;
mod lifetime_value;
mod model;
mod nbd;
mod newton;
mod next_category;
mod next_purchase;
mod numbering;
mod pareto_nbd;
mod purchase_days;
mod rhythm;
#[cfg(test)]
mod sample;
mod special;
mod summary;
mod verdict;

pub use beta_geometric::{BetaGeometric, DropOut};
pub use calendar_index::{CalendarIndex, Season, SeasonCollector, SeasonalForecast, ShopSeason};
pub use calibration::{CalibrationGroup, CalibrationReport, ChanceScore, CountScore, Outcome};
pub use churn::{
    ChurnBasis, ChurnEvidence, ChurnFactor, ChurnLevel, ChurnPolicy, ChurnRisk, Language,
};
pub use co_purchase::{CategoryPair, CoPurchases};
pub use cohorts::{Cohort, CohortCollector, CohortMonth, CohortTable};
pub use collapsed::{CollapsedSummaries, SummaryCollector};
pub use data_quality::{DataFinding, FindingCollector};
pub use discounting::Discounting;
pub use fit::{BuyingFit, SpendFit};
pub(super) use float::whole_days;
pub use forecast::{
    CustomerForecast, FittedModels, ForecastBasis, ForecastPolicy, ModelCollector, ModelForecast,
    forecast_shop,
};
pub use gamma_gamma::{CollapsedSpend, ExpectedSpend, GammaGamma};
pub use lifetime_value::{LifetimeValue, ValueEvidence, ValueMeasure, ValueTotals, most_valuable};
pub use model::{BuyingModel, ModelKind, Prediction, UnknownModel};
pub use next_category::{CategoryGuess, NextCategory, NextCategoryCollector};
pub use next_purchase::{NextPurchase, WaitingBand, date_after, next_purchase_by_mean_gap};
pub use pareto_nbd::ParetoNbd;
pub use purchase_days::{MoneySoFar, PurchaseDay, PurchaseDays, summarise};
pub use rhythm::{Rhythm, ShopRhythm};
pub use summary::{PurchaseSummary, SummaryError};
pub use verdict::{FittedParameter, Verdict};
