//! Reports as tables for people and as JSON and CSV for programs, with the names of the API.

mod outlook;
mod points;
mod shop;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use glame_core::analytics::{AsOf, CustomerMetrics, Group, RfmAnalysis, RfmSegment};
use glame_core::users::User;
use glame_core::values::UserId;
use serde::Serialize;

pub use outlook::{
    OutlookRow, SegmentRow, outlook_report, outlooks_csv, risks_table, segments_csv,
    segments_table, values_table,
};
pub use points::{
    BalanceView, StatementView, TransactionView, liability_csv, liability_table, transactions_table,
};
pub use shop::{cohorts_table, forecasting_text};

use crate::output::{grouped, table};

/// A report: the day that it speaks of, and its rows.
#[derive(Debug, Serialize)]
pub struct Report<T> {
    /// The day of the shop's calendar.
    pub as_of: NaiveDate,
    /// The rows.
    pub rows: Vec<T>,
}

/// The report of RFM: how customers are spread, and each of them.
#[derive(Debug, Serialize)]
pub struct RfmReport {
    /// The day of the shop's calendar.
    pub as_of: NaiveDate,
    /// Customers who have bought and are scored.
    pub customers: u64,
    /// The cut points of the scores.
    pub cuts: CutsView,
    /// The named map, best first.
    pub segments: Vec<GroupView>,
    /// The guide's statuses, best first.
    pub statuses: Vec<GroupView>,
    /// The cells that are not empty.
    pub cells: Vec<GroupView>,
    /// The customers, by user id.
    pub rows: Vec<CustomerView>,
}

/// The cut points of the scores.
#[derive(Debug, Serialize)]
pub struct CutsView {
    /// Days up to which recency scores 5, 4, 3 and 2.
    pub recency_days: [u32; 4],
    /// Purchases from which frequency scores 2, 3, 4 and 5.
    pub frequency: [u32; 4],
    /// Roubles from which monetary scores 2, 3, 4 and 5.
    pub monetary: [String; 4],
}

/// So many customers, who have spent so much.
#[derive(Debug, Serialize)]
pub struct GroupView {
    /// What they have in common.
    pub name: String,
    /// How many.
    pub customers: u64,
    /// Roubles.
    pub total_spent: String,
}

/// The scores of a customer.
#[derive(Debug, Serialize)]
pub struct RfmScoreView {
    /// 1 to 5.
    pub r_score: u8,
    /// 1 to 5.
    pub f_score: u8,
    /// 1 to 5.
    pub m_score: u8,
    /// 3 to 15.
    pub total_score: u8,
    /// The cell, like `R5F1M3`.
    pub cell: String,
    /// The name of the cell's segment.
    pub segment: &'static str,
}

/// A customer with figures.
#[derive(Debug, Serialize)]
pub struct CustomerView {
    /// Our id.
    pub user_id: UserId,
    /// The counterparty in the shop's base.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id_1c: Option<String>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Roubles, net of returns.
    pub total_spent: String,
    /// Receipts that were not returned in full.
    pub total_purchases: u32,
    /// Roubles.
    pub average_receipt: Option<String>,
    /// Receipts, returned ones among them.
    pub receipts: u32,
    /// Documents that only take goods back.
    pub returns: u32,
    /// Lines of every kind.
    pub lines: u32,
    /// Purchase occasions.
    pub frequency: u32,
    /// Whole days since the last purchase.
    pub recency_days: Option<i64>,
    /// When the first purchase was.
    pub first_purchase_date: Option<DateTime<Utc>>,
    /// When the last purchase was.
    pub last_purchase_date: Option<DateTime<Utc>>,
    /// The scores; none for a customer who has not bought.
    pub rfm_score: Option<RfmScoreView>,
    /// The guide's status.
    pub customer_segment: &'static str,
}

impl CustomerView {
    /// Shows a customer; what `user` adds is shown where it is given.
    #[must_use]
    pub fn new(row: &CustomerMetrics, user: Option<&User>, as_of: AsOf, zone: Tz) -> Self {
        let figures = &row.figures;
        let silent = figures.last_purchase_at.map(|last| {
            let last_day = last.with_timezone(&zone).date_naive();
            as_of.date(zone).signed_duration_since(last_day).num_days()
        });
        Self {
            user_id: figures.user,
            customer_id_1c: user.and_then(|user| user.customer_id_1c.map(|id| id.to_string())),
            full_name: user.and_then(|user| user.full_name.as_ref().map(ToString::to_string)),
            total_spent: figures.total_spent.to_string(),
            total_purchases: figures.total_purchases,
            average_receipt: figures.average_receipt.map(|money| money.to_string()),
            receipts: figures.receipts,
            returns: figures.returns,
            lines: figures.lines,
            frequency: figures.occasions,
            recency_days: silent,
            first_purchase_date: figures.first_purchase_at,
            last_purchase_date: figures.last_purchase_at,
            rfm_score: row.rfm_score.map(|score| RfmScoreView {
                r_score: score.recency.get(),
                f_score: score.frequency.get(),
                m_score: score.monetary.get(),
                total_score: score.total(),
                cell: score.to_string(),
                segment: score.segment().as_str(),
            }),
            customer_segment: row.status.as_str(),
        }
    }
}

impl RfmReport {
    /// Shows an analysis with the customers that it was made of.
    #[must_use]
    pub fn new(analysis: &RfmAnalysis, zone: Tz, rows: Vec<CustomerView>) -> Self {
        let group = |name: String, group: Group| GroupView {
            name,
            customers: group.customers,
            total_spent: group.total_spent.to_string(),
        };
        let segments = analysis.segments.iter();
        let statuses = analysis.statuses.iter();
        let cells = analysis.cells.iter();
        Self {
            as_of: analysis.as_of.date(zone),
            customers: analysis.customers,
            cuts: CutsView {
                recency_days: analysis.cuts.recency(),
                frequency: analysis.cuts.frequency(),
                monetary: analysis.cuts.monetary().map(|money| money.to_string()),
            },
            segments: segments
                .map(|(name, of)| group(name.as_str().to_owned(), *of))
                .collect(),
            statuses: statuses
                .map(|(name, of)| group(name.as_str().to_owned(), *of))
                .collect(),
            cells: cells
                .map(|(name, of)| group(name.to_string(), *of))
                .collect(),
            rows,
        }
    }

    /// Lays the segments out as a table.
    #[must_use]
    pub fn to_table(&self) -> String {
        let titles: BTreeMap<&str, &str> = RfmSegment::ALL
            .iter()
            .map(|segment| (segment.as_str(), title(*segment)))
            .collect();
        let rows: Vec<Vec<String>> = self
            .segments
            .iter()
            .map(|segment| {
                let name = titles
                    .get(segment.name.as_str())
                    .copied()
                    .unwrap_or_default();
                vec![
                    name.to_owned(),
                    segment.name.clone(),
                    grouped(&segment.customers.to_string()),
                    share(segment.customers, self.customers),
                    grouped(&segment.total_spent),
                ]
            })
            .collect();
        let header = ["Сегмент", "segment", "customers", "share", "total spent, ₽"];
        format!(
            "RFM as of {}: {} customers who have bought\n\n{}",
            self.as_of,
            grouped(&self.customers.to_string()),
            table(&header, &rows)
        )
    }
}

/// Lays customers out as a table.
#[must_use]
pub fn customers_table(report: &Report<CustomerView>) -> String {
    let rows: Vec<Vec<String>> = report
        .rows
        .iter()
        .map(|row| {
            let day = row.last_purchase_date.map(|at| at.date_naive().to_string());
            vec![
                row.full_name
                    .clone()
                    .unwrap_or_else(|| row.user_id.to_string()),
                grouped(&row.total_spent),
                row.total_purchases.to_string(),
                grouped(row.average_receipt.as_deref().unwrap_or("—")),
                day.unwrap_or_else(|| "—".to_owned()),
                row.rfm_score
                    .as_ref()
                    .map_or_else(|| "—".to_owned(), |score| score.cell.clone()),
                row.customer_segment.to_owned(),
            ]
        })
        .collect();
    let header = [
        "customer",
        "total spent, ₽",
        "purchases",
        "average, ₽",
        "last",
        "RFM",
        "status",
    ];
    format!(
        "Top customers as of {}\n\n{}",
        report.as_of,
        table(&header, &rows)
    )
}

/// Writes customers as CSV; texts that a spreadsheet would run as formulas are defused.
#[must_use]
pub fn customers_csv(rows: &[CustomerView]) -> String {
    let mut csv = String::from(
        "user_id,customer_id_1c,full_name,total_spent,total_purchases,average_receipt,receipts,\
         returns,lines,frequency,recency_days,first_purchase_date,last_purchase_date,r_score,\
         f_score,m_score,total_score,rfm_segment,customer_segment",
    );
    for row in rows {
        let score = row.rfm_score.as_ref();
        let cells = [
            row.user_id.to_string(),
            row.customer_id_1c.clone().unwrap_or_default(),
            csv_text(row.full_name.as_deref().unwrap_or_default()),
            row.total_spent.clone(),
            row.total_purchases.to_string(),
            row.average_receipt.clone().unwrap_or_default(),
            row.receipts.to_string(),
            row.returns.to_string(),
            row.lines.to_string(),
            row.frequency.to_string(),
            row.recency_days
                .map(|days| days.to_string())
                .unwrap_or_default(),
            row.first_purchase_date
                .map(|at| at.to_rfc3339())
                .unwrap_or_default(),
            row.last_purchase_date
                .map(|at| at.to_rfc3339())
                .unwrap_or_default(),
            score
                .map(|score| score.r_score.to_string())
                .unwrap_or_default(),
            score
                .map(|score| score.f_score.to_string())
                .unwrap_or_default(),
            score
                .map(|score| score.m_score.to_string())
                .unwrap_or_default(),
            score
                .map(|score| score.total_score.to_string())
                .unwrap_or_default(),
            score
                .map(|score| score.segment.to_owned())
                .unwrap_or_default(),
            row.customer_segment.to_owned(),
        ];
        csv.push_str("\r\n");
        csv.push_str(&cells.join(","));
    }
    csv
}

fn csv_text(text: &str) -> String {
    let defused = if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if defused.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", defused.replace('"', "\"\""))
    } else {
        defused
    }
}

fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "—".to_owned();
    }
    let per_mille = (u128::from(part) * 2_000 + u128::from(whole)) / (2 * u128::from(whole));
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

/// Gives the Russian name of a segment.
#[must_use]
pub const fn title(segment: RfmSegment) -> &'static str {
    match segment {
        RfmSegment::Champions => "Чемпионы",
        RfmSegment::Loyal => "Лояльные",
        RfmSegment::PotentialLoyal => "Почти лояльные",
        RfmSegment::New => "Новички",
        RfmSegment::Promising => "Перспективные",
        RfmSegment::NeedsAttention => "Требуют внимания",
        RfmSegment::AboutToSleep => "Засыпают",
        RfmSegment::AtRisk => "В зоне риска",
        RfmSegment::CannotLose => "Нельзя потерять",
        RfmSegment::Hibernating => "Спящие",
        RfmSegment::Lost => "Потерянные",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_in_a_name_is_defused() {
        assert_eq!(csv_text("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(csv_text("Примерова, Анна"), "\"Примерова, Анна\"");
        assert_eq!(csv_text("Анна"), "Анна");
    }

    #[test]
    fn shares_are_rounded_half_up() {
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(1, 16), "6.3 %");
        assert_eq!(share(5, 5), "100.0 %");
        assert_eq!(share(0, 0), "—");
    }
}
