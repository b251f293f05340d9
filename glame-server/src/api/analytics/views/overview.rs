use chrono::NaiveDate;
use chrono_tz::Tz;
use glame_core::analytics::{CustomerStatus, ShopAnalysis};
use poem_openapi::Object;

use super::super::super::roubles::Roubles;
use super::GroupView;

/// How customers are spread and what they have brought.
#[derive(Debug, Object)]
pub struct Overview {
    /// Customers that are not removed.
    pub total_customers: u64,
    /// Customers who have bought.
    pub buyers: u64,
    /// What all customers have spent, net of returns.
    pub total_revenue: Roubles,
    /// The day that the figures speak of.
    pub as_of: NaiveDate,
    /// How scores are spread.
    pub rfm_analysis: RfmDistribution,
    /// How all customers are spread over the guide's words: who has bought nothing is new.
    pub segments_stats: Vec<GroupView>,
}

/// How scores are spread.
#[derive(Debug, Object)]
pub struct RfmDistribution {
    /// Customers who are scored.
    pub total_customers: u64,
    /// Customers of each cell that is not empty, by cell.
    pub cells: Vec<GroupView>,
    /// Customers of each segment of the named map, empty ones included.
    pub segments: Vec<GroupView>,
}

impl Overview {
    pub(in super::super) fn of(total_customers: u64, analysis: &ShopAnalysis, zone: Tz) -> Self {
        let ShopAnalysis {
            rfm,
            statuses,
            values,
            ..
        } = analysis;
        let cells = rfm.cells.iter();
        let segments = rfm.segments().into_iter();
        let statuses = CustomerStatus::spread(statuses, total_customers).into_iter();
        Self {
            total_customers,
            buyers: rfm.buyers(),
            total_revenue: values.historic.into(),
            as_of: analysis.as_of.date(zone),
            rfm_analysis: RfmDistribution {
                total_customers: rfm.buyers(),
                cells: cells
                    .map(|(cell, group)| GroupView::of(&cell.to_string(), *group))
                    .collect(),
                segments: segments
                    .map(|(segment, group)| GroupView::of(segment.as_str(), group))
                    .collect(),
            },
            segments_stats: statuses
                .map(|(status, group)| GroupView::of(status.as_str(), group))
                .collect(),
        }
    }
}
