use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::buying::{
    ChurnEvidence, ChurnPolicy, ChurnRisk, CustomerForecast, FittedModels, ForecastPolicy,
    LifetimeValue, PurchaseSummary, summarise,
};
use super::{CustomerDays, CustomerMetrics, RfmScore, day_number};
use crate::values::UserId;

/// How customers are forecast and judged. It is data, stored with what was made by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutlookPolicy {
    /// Which model forecasts, and how far.
    pub forecast: ForecastPolicy,
    /// Which chances make which risk.
    pub churn: ChurnPolicy,
}

/// What a customer has been worth and what is to be expected: value, risk, next purchase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerOutlook {
    /// Whose it is.
    pub user: UserId,
    /// The day that it speaks of.
    pub as_of: NaiveDate,
    /// The value so far and the value to come.
    pub value: LifetimeValue,
    /// How likely the customer has left, with what speaks for it.
    pub churn: ChurnRisk,
    /// What is expected; none of somebody who never bought.
    pub forecast: Option<CustomerForecast>,
}

/// A customer as measured: figures, and the days that the models look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredCustomer {
    /// The figures.
    pub metrics: CustomerMetrics,
    /// The days.
    pub days: CustomerDays,
}

impl MeasuredCustomer {
    /// Sums the customer up for the models as of the end of a day; none without a purchase by then.
    #[must_use]
    pub fn summary(&self, day: NaiveDate) -> Option<PurchaseSummary> {
        summarise(&self.days.days, day_number(day))
    }
}

impl CustomerOutlook {
    /// Looks ahead for a page of customers as of the end of a day, on `threads` threads.
    ///
    /// The models may have been fitted earlier: they stay true for weeks, while silence counts up
    /// to the day itself.
    #[must_use]
    pub fn of_page(
        customers: &[MeasuredCustomer],
        models: &FittedModels,
        churn: ChurnPolicy,
        as_of: NaiveDate,
        threads: usize,
    ) -> Vec<Self> {
        let summaries: Vec<Option<PurchaseSummary>> = customers
            .iter()
            .map(|customer| customer.summary(as_of))
            .collect();
        let known: Vec<PurchaseSummary> = summaries.iter().flatten().copied().collect();
        let mut forecasts = models.forecast(&known, threads).into_iter();
        let today = day_number(as_of);
        customers
            .iter()
            .zip(&summaries)
            .map(|(customer, summary)| {
                let forecast = summary.and_then(|_| forecasts.next());
                let days = &customer.days.days;
                let evidence = ChurnEvidence {
                    days,
                    as_of: today,
                    rfm_total: customer.metrics.rfm_score.map(RfmScore::total),
                };
                Self {
                    user: customer.metrics.figures.user,
                    as_of,
                    value: LifetimeValue::of(customer.days.money, days, today, forecast.as_ref()),
                    churn: ChurnRisk::of(evidence, models, churn),
                    forecast,
                }
            })
            .collect()
    }
}
