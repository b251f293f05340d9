use chrono::NaiveDate;
use chrono_tz::Tz;
use glame_core::analytics::buying::{Language, SeasonalForecast, ValueMeasure};
use glame_core::analytics::{CustomerOutlook, ShopAnalysis};
use glame_core::segments::SegmentStats;
use glame_core::values::UserId;
use serde::Serialize;

use super::{Report, csv_text};
use crate::output::{grouped, table};

/// What a customer has been worth and what is to be expected, as programs read it.
#[derive(Debug, Serialize)]
pub struct OutlookRow {
    /// Our id.
    pub user_id: UserId,
    /// Roubles, net of returns.
    pub ltv: String,
    /// Roubles a month since the first purchase.
    pub average_monthly_ltv: Option<String>,
    /// Months since the first purchase, at least one.
    pub months_active: Option<u32>,
    /// Roubles to come, discounted; none where no fit can be trusted.
    pub value_to_come: Option<String>,
    /// Both together; none where the value to come is not known.
    pub total_value: Option<String>,
    /// `low`, `medium` or `high`.
    pub risk_level: &'static str,
    /// From 0 to 1; a probability where the basis is a model.
    pub risk_score: f64,
    /// `model` or `heuristic`.
    pub risk_basis: &'static str,
    /// What the risk was found by.
    pub risk_factors: Vec<String>,
    /// What the forecast rests on: a model, or `heuristic`; none of somebody who never bought.
    pub forecast_basis: Option<&'static str>,
    /// The day of the models' fit.
    pub fitted_on: Option<NaiveDate>,
    /// How far expected purchases reach.
    pub horizon_weeks: Option<f64>,
    /// The chance that the customer still buys; none where no fit tells who has left.
    pub p_alive: Option<f64>,
    /// Expected purchases within the horizon.
    pub expected_purchases: Option<f64>,
    /// The same set into the season; none of a shop younger than two years.
    pub expected_in_season: Option<f64>,
    /// The day before which half of such customers buy again; none if that is overdue.
    pub predicted_date: Option<NaiveDate>,
    /// For how many days a purchase has been overdue by the customer's mean gap, without a model.
    pub overdue_days: Option<u32>,
    /// The likeliest category of the next purchase.
    pub predicted_category: Option<String>,
    /// The chance of that category, where it could be calibrated.
    pub category_confidence: Option<f64>,
}

impl From<&CustomerOutlook> for OutlookRow {
    fn from(outlook: &CustomerOutlook) -> Self {
        let (value, churn) = (&outlook.value, &outlook.churn);
        let forecast = outlook.forecast;
        let by_model = forecast.and_then(|forecast| forecast.by_model);
        let total = value.to_come.map(|_| value.by(ValueMeasure::Total));
        let factors = churn.factors.iter();
        let guess = outlook.next_category.as_ref();
        Self {
            user_id: outlook.user,
            ltv: value.historic.to_string(),
            average_monthly_ltv: value.monthly.map(|money| money.to_string()),
            months_active: value.months_of_life,
            value_to_come: value.to_come.map(|money| money.to_string()),
            total_value: total.map(|money| money.to_string()),
            risk_level: churn.level.as_str(),
            risk_score: churn.score,
            risk_basis: churn.basis.as_str(),
            risk_factors: factors.map(|one| one.text(Language::Russian)).collect(),
            forecast_basis: forecast.map(|forecast| forecast.basis.as_str()),
            fitted_on: forecast.map(|forecast| forecast.fitted_on),
            horizon_weeks: forecast.map(|forecast| forecast.horizon_weeks),
            p_alive: by_model.and_then(|model| model.next_purchase.p_alive),
            expected_purchases: by_model.map(|model| model.expected_purchases),
            predicted_date: forecast
                .and_then(|forecast| forecast.next_purchase_date(outlook.as_of)),
            overdue_days: forecast.and_then(|forecast| forecast.overdue_days()),
            expected_in_season: outlook.seasonal.map(SeasonalForecast::total),
            predicted_category: guess.map(|guess| guess.category.to_string()),
            category_confidence: guess.and_then(|guess| guess.confidence),
        }
    }
}

/// Lays values out as a table, under what all customers are worth.
#[must_use]
pub fn values_table(analysis: &ShopAnalysis, report: &Report<OutlookRow>) -> String {
    let values = &analysis.values;
    let to_come = values.known_to_come().map(|money| money.to_string());
    let rows: Vec<Vec<String>> = report
        .rows
        .iter()
        .map(|row| {
            vec![
                row.user_id.to_string(),
                grouped(&row.ltv),
                grouped(row.value_to_come.as_deref().unwrap_or("—")),
                grouped(row.total_value.as_deref().unwrap_or("—")),
                row.months_active
                    .map_or_else(|| "—".to_owned(), |months| months.to_string()),
            ]
        })
        .collect();
    let header = ["customer", "LTV, ₽", "to come, ₽", "together, ₽", "months"];
    format!(
        "Value as of {}: {} ₽ from {} customers, {} ₽ to come by {} ({}) and gamma-gamma ({})\n\n{}",
        report.as_of,
        grouped(&values.historic.to_string()),
        grouped(&values.customers.to_string()),
        grouped(to_come.as_deref().unwrap_or("—")),
        analysis.models.counts.kind.as_str(),
        analysis.models.counts.verdict,
        analysis.models.spend.verdict,
        table(&header, &rows)
    )
}

/// Lays risks out as a table, under how many customers have which.
#[must_use]
pub fn risks_table(analysis: &ShopAnalysis, report: &Report<OutlookRow>) -> String {
    let levels: Vec<String> = analysis
        .churn
        .iter()
        .map(|(level, group)| {
            let customers = grouped(&group.customers.to_string());
            format!("{} {customers}", level.as_str())
        })
        .collect();
    let rows: Vec<Vec<String>> = report
        .rows
        .iter()
        .map(|row| {
            vec![
                row.user_id.to_string(),
                row.risk_level.to_owned(),
                format!("{:.2}", row.risk_score),
                grouped(&row.ltv),
                row.risk_factors.join("; "),
            ]
        })
        .collect();
    let header = ["customer", "risk", "score", "LTV, ₽", "because"];
    format!(
        "Risk of leaving as of {}: {}\n\n{}",
        report.as_of,
        levels.join(", "),
        table(&header, &rows)
    )
}

/// Writes outlooks as CSV.
#[must_use]
pub fn outlooks_csv(rows: &[OutlookRow]) -> String {
    let mut csv = String::from(
        "user_id,ltv,average_monthly_ltv,months_active,value_to_come,total_value,risk_level,\
         risk_score,risk_basis,risk_factors,forecast_basis,fitted_on,horizon_weeks,p_alive,\
         expected_purchases,expected_in_season,predicted_date,overdue_days,predicted_category,\
         category_confidence",
    );
    let day = |day: Option<NaiveDate>| day.map(|one| one.to_string()).unwrap_or_default();
    let number = |number: Option<f64>| number.map(|one| one.to_string()).unwrap_or_default();
    for row in rows {
        let cells = [
            row.user_id.to_string(),
            row.ltv.clone(),
            row.average_monthly_ltv.clone().unwrap_or_default(),
            row.months_active
                .map(|months| months.to_string())
                .unwrap_or_default(),
            row.value_to_come.clone().unwrap_or_default(),
            row.total_value.clone().unwrap_or_default(),
            row.risk_level.to_owned(),
            row.risk_score.to_string(),
            row.risk_basis.to_owned(),
            csv_text(&row.risk_factors.join("; ")),
            row.forecast_basis.unwrap_or_default().to_owned(),
            day(row.fitted_on),
            number(row.horizon_weeks),
            number(row.p_alive),
            number(row.expected_purchases),
            number(row.expected_in_season),
            day(row.predicted_date),
            row.overdue_days
                .map(|days| days.to_string())
                .unwrap_or_default(),
            csv_text(row.predicted_category.as_deref().unwrap_or_default()),
            number(row.category_confidence),
        ];
        csv.push_str("\r\n");
        csv.push_str(&cells.join(","));
    }
    csv
}

/// What the members of a segment come to, as programs read it.
#[derive(Debug, Serialize)]
pub struct SegmentRow {
    /// The segment.
    pub segment_id: String,
    /// What people call it.
    pub name: String,
    /// How many members it has.
    pub customer_count: u64,
    /// Roubles, of all members.
    pub total_spent: String,
    /// Roubles a member.
    pub average_ltv: Option<String>,
    /// The receipts of all members.
    pub total_purchases: i64,
}

impl From<&SegmentStats> for SegmentRow {
    fn from(stats: &SegmentStats) -> Self {
        Self {
            segment_id: stats.segment.id.to_string(),
            name: stats.segment.name.to_string(),
            customer_count: stats.customer_count,
            total_spent: stats.total_spent.to_string(),
            average_ltv: stats.average_ltv.map(|money| money.to_string()),
            total_purchases: stats.total_purchases,
        }
    }
}

/// Lays segments out as a table.
#[must_use]
pub fn segments_table(report: &Report<SegmentRow>) -> String {
    let rows: Vec<Vec<String>> = report
        .rows
        .iter()
        .map(|row| {
            vec![
                row.name.clone(),
                grouped(&row.customer_count.to_string()),
                grouped(&row.total_spent),
                grouped(row.average_ltv.as_deref().unwrap_or("—")),
                grouped(&row.total_purchases.to_string()),
            ]
        })
        .collect();
    let header = [
        "segment",
        "customers",
        "total spent, ₽",
        "average, ₽",
        "receipts",
    ];
    format!(
        "Segments as of {}\n\n{}",
        report.as_of,
        table(&header, &rows)
    )
}

/// Writes segments as CSV.
#[must_use]
pub fn segments_csv(rows: &[SegmentRow]) -> String {
    let mut csv =
        String::from("segment_id,name,customer_count,total_spent,average_ltv,total_purchases");
    for row in rows {
        let cells = [
            row.segment_id.clone(),
            csv_text(&row.name),
            row.customer_count.to_string(),
            row.total_spent.clone(),
            row.average_ltv.clone().unwrap_or_default(),
            row.total_purchases.to_string(),
        ];
        csv.push_str("\r\n");
        csv.push_str(&cells.join(","));
    }
    csv
}

/// Gives a report as of the day of an analysis.
#[must_use]
pub fn outlook_report(
    analysis: &ShopAnalysis,
    zone: Tz,
    rows: Vec<OutlookRow>,
) -> Report<OutlookRow> {
    Report {
        as_of: analysis.as_of.date(zone),
        rows,
    }
}
