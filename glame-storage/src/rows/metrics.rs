use glame_core::analytics::{
    CustomerMetrics, CustomerStatus, PurchaseFigures, RfmScore, Score, Scoring, ShopAnalysis,
};
use glame_core::ports::StorageError;
use glame_core::values::{Money, UserId};
use uuid::Uuid;

use super::Instant;
use crate::tables::{CUSTOMER_METRICS, SCORINGS, SHOP_ANALYSES};

/// A row of `customer_metrics`.
#[derive(Debug)]
pub(crate) struct MetricsRow {
    pub(crate) user_id: Uuid,
    pub(crate) total_purchases: i64,
    pub(crate) total_spent: i64,
    pub(crate) average_receipt: Option<i64>,
    pub(crate) receipts: i64,
    pub(crate) returns: i64,
    pub(crate) lines: i64,
    pub(crate) occasions: i64,
    pub(crate) first_purchase_at: Option<Instant>,
    pub(crate) last_purchase_at: Option<Instant>,
    pub(crate) future_lines: i64,
    pub(crate) preferences: String,
    pub(crate) recency_score: Option<i16>,
    pub(crate) frequency_score: Option<i16>,
    pub(crate) monetary_score: Option<i16>,
    pub(crate) status: String,
}

impl TryFrom<MetricsRow> for CustomerMetrics {
    type Error = StorageError;

    fn try_from(row: MetricsRow) -> Result<Self, StorageError> {
        Ok(Self {
            figures: PurchaseFigures {
                user: UserId::from_uuid(row.user_id),
                total_purchases: count("total_purchases", row.total_purchases)?,
                total_spent: Money::from_kopecks(row.total_spent),
                average_receipt: row.average_receipt.map(Money::from_kopecks),
                receipts: count("receipts", row.receipts)?,
                returns: count("returns", row.returns)?,
                lines: count("lines", row.lines)?,
                occasions: count("occasions", row.occasions)?,
                first_purchase_at: row.first_purchase_at.map(|at| at.0),
                last_purchase_at: row.last_purchase_at.map(|at| at.0),
                future_lines: count("future_lines", row.future_lines)?,
                preferences: serde_json::from_str(&row.preferences)
                    .map_err(CUSTOMER_METRICS.corrupt("preferences"))?,
            },
            rfm_score: rfm_score(row.recency_score, row.frequency_score, row.monetary_score)?,
            status: customer_status(&row.status)?,
        })
    }
}

pub(super) fn count(column: &'static str, number: i64) -> Result<u32, StorageError> {
    u32::try_from(number).map_err(CUSTOMER_METRICS.corrupt(column))
}

pub(super) fn customer_status(name: &str) -> Result<CustomerStatus, StorageError> {
    CustomerStatus::from_name(name)
        .ok_or("not a status")
        .map_err(CUSTOMER_METRICS.corrupt("status"))
}

/// Reads the three scores, of which all are there or none.
pub(super) fn rfm_score(
    recency: Option<i16>,
    frequency: Option<i16>,
    monetary: Option<i16>,
) -> Result<Option<RfmScore>, StorageError> {
    if (recency, frequency, monetary) == (None, None, None) {
        return Ok(None);
    }
    Ok(Some(RfmScore {
        recency: score("recency_score", recency)?,
        frequency: score("frequency_score", frequency)?,
        monetary: score("monetary_score", monetary)?,
    }))
}

fn score(column: &'static str, number: Option<i16>) -> Result<Score, StorageError> {
    let number = number.ok_or("one of three scores is missing");
    let number = number.map_err(CUSTOMER_METRICS.corrupt(column))?;
    let number = u8::try_from(number).map_err(CUSTOMER_METRICS.corrupt(column))?;
    Score::try_new(number).map_err(CUSTOMER_METRICS.corrupt(column))
}

/// The row of `scorings`.
#[derive(Debug)]
pub(crate) struct ScoringRow {
    pub(crate) as_of: String,
    pub(crate) policy: String,
    pub(crate) cuts: String,
    pub(crate) computed_at: Instant,
    pub(crate) customers: i64,
    pub(crate) scored: i64,
}

impl TryFrom<ScoringRow> for Scoring {
    type Error = StorageError;

    fn try_from(row: ScoringRow) -> Result<Self, StorageError> {
        Ok(Self {
            as_of: serde_json::from_str(&row.as_of).map_err(SCORINGS.corrupt("as_of"))?,
            policy: serde_json::from_str(&row.policy).map_err(SCORINGS.corrupt("policy"))?,
            cuts: serde_json::from_str(&row.cuts).map_err(SCORINGS.corrupt("cuts"))?,
            computed_at: row.computed_at.0,
            customers: u64::try_from(row.customers).map_err(SCORINGS.corrupt("customers"))?,
            scored: u64::try_from(row.scored).map_err(SCORINGS.corrupt("scored"))?,
        })
    }
}

/// What `customer_metrics` keeps of figures that is not in them word for word.
#[derive(Debug)]
pub(crate) struct MetricsCells<'a> {
    pub(crate) user_id: Uuid,
    pub(crate) figures: &'a PurchaseFigures,
    pub(crate) average_receipt: Option<i64>,
    pub(crate) preferences: String,
    pub(crate) recency_score: Option<i16>,
    pub(crate) frequency_score: Option<i16>,
    pub(crate) monetary_score: Option<i16>,
    pub(crate) status: &'static str,
}

impl<'a> TryFrom<&'a CustomerMetrics> for MetricsCells<'a> {
    type Error = StorageError;

    fn try_from(metrics: &'a CustomerMetrics) -> Result<Self, StorageError> {
        let figures = &metrics.figures;
        let score = |pick: fn(RfmScore) -> Score| {
            metrics.rfm_score.map(|score| i16::from(pick(score).get()))
        };
        Ok(Self {
            user_id: *figures.user.as_uuid(),
            figures,
            average_receipt: figures.average_receipt.map(Money::kopecks),
            preferences: serde_json::to_string(&figures.preferences)
                .map_err(CUSTOMER_METRICS.corrupt("preferences"))?,
            recency_score: score(|score| score.recency),
            frequency_score: score(|score| score.frequency),
            monetary_score: score(|score| score.monetary),
            status: metrics.status.as_str(),
        })
    }
}

/// What `scorings` keeps of a scoring that is not in it word for word.
#[derive(Debug)]
pub(crate) struct ScoringCells {
    pub(crate) as_of: String,
    pub(crate) policy: String,
    pub(crate) cuts: String,
    pub(crate) customers: i64,
    pub(crate) scored: i64,
}

impl TryFrom<&Scoring> for ScoringCells {
    type Error = StorageError;

    fn try_from(scoring: &Scoring) -> Result<Self, StorageError> {
        Ok(Self {
            as_of: json_of("as_of", &scoring.as_of)?,
            policy: json_of("policy", &scoring.policy)?,
            cuts: json_of("cuts", &scoring.cuts)?,
            customers: i64::try_from(scoring.customers).map_err(SCORINGS.corrupt("customers"))?,
            scored: i64::try_from(scoring.scored).map_err(SCORINGS.corrupt("scored"))?,
        })
    }
}

fn json_of(column: &'static str, value: &impl serde::Serialize) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(SCORINGS.corrupt(column))
}

/// Writes the document of `shop_analyses`.
pub(crate) fn shop_analysis_document(analysis: &ShopAnalysis) -> Result<String, StorageError> {
    serde_json::to_string(analysis).map_err(SHOP_ANALYSES.corrupt("document"))
}

/// Reads the document of `shop_analyses`.
pub(crate) fn shop_analysis_from(document: &str) -> Result<ShopAnalysis, StorageError> {
    serde_json::from_str(document).map_err(SHOP_ANALYSES.corrupt("document"))
}
