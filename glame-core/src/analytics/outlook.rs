use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::buying::{
    CategoryGuess, ChurnEvidence, ChurnPolicy, ChurnRisk, CustomerForecast, FittedModels,
    ForecastPolicy, LifetimeValue, ModelForecast, NextCategory, PurchaseSummary, SeasonalForecast,
    ShopSeason, summarise, whole_days,
};
use super::{CustomerDays, CustomerMetrics, Occasions, RfmScore, day_number};
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

/// Tells that forecasts cannot be made by a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {allowed}")]
pub struct WrongOutlook {
    /// What is wrong.
    pub field: &'static str,
    /// What it may be.
    pub allowed: &'static str,
}

impl OutlookPolicy {
    /// Tells whether forecasts can be made by it.
    ///
    /// # Errors
    /// Names the first figure that cannot be meant.
    pub fn check(&self) -> Result<(), WrongOutlook> {
        let (forecast, churn) = (&self.forecast, &self.churn);
        let discounting = &forecast.discounting;
        let is_length = |weeks: f64| weeks > 0.0 && weeks <= 520.0;
        let figures = [
            (
                is_length(forecast.horizon_weeks),
                "forecast.horizon_weeks",
                "above 0 and at most 520",
            ),
            (
                is_length(discounting.period_weeks),
                "forecast.discounting.period_weeks",
                "above 0 and at most 520",
            ),
            (
                (0.0..=1.0).contains(&discounting.rate),
                "forecast.discounting.rate",
                "from 0 to 1",
            ),
            (
                (1..=600).contains(&discounting.periods),
                "forecast.discounting.periods",
                "from 1 to 600",
            ),
            (
                (0.0..=1.0).contains(&churn.alive),
                "churn.alive",
                "from 0 to 1",
            ),
            (
                (0.0..=churn.alive).contains(&churn.likely_gone),
                "churn.likely_gone",
                "from 0 to churn.alive",
            ),
        ];
        match figures.into_iter().find(|(holds, ..)| !holds) {
            Some((_, field, allowed)) => Err(WrongOutlook { field, allowed }),
            None => Ok(()),
        }
    }
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
    /// The purchases that a model expects within the horizon, set into the season; none where
    /// either is not known.
    #[serde(default)]
    pub seasonal: Option<SeasonalForecast>,
    /// What the customer buys next; none without a purchase of a known category.
    #[serde(default)]
    pub next_category: Option<CategoryGuess>,
}

/// A customer as measured: figures, and the days that the models look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredCustomer {
    /// The figures.
    pub metrics: CustomerMetrics,
    /// The days.
    pub days: CustomerDays,
    /// What was bought on them, in the numbers of the shop's categories.
    pub occasions: Occasions,
}

/// With what customers are looked ahead for: all that was learnt from the whole shop.
#[derive(Debug, Clone, Copy)]
pub struct Foresight<'a> {
    /// When customers buy and stop, and what purchases are worth. The models may have been fitted
    /// earlier: they stay true for weeks, while silence counts up to the day itself.
    pub models: &'a FittedModels,
    /// The seasons.
    pub season: Option<&'a ShopSeason>,
    /// What follows what.
    pub next_category: Option<&'a NextCategory>,
    /// Which chances make which risk.
    pub churn: ChurnPolicy,
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
    #[must_use]
    pub fn of_page(
        customers: &[MeasuredCustomer],
        foresight: Foresight<'_>,
        as_of: NaiveDate,
        threads: usize,
    ) -> Vec<Self> {
        let summaries: Vec<Option<PurchaseSummary>> = customers
            .iter()
            .map(|customer| customer.summary(as_of))
            .collect();
        let horizon = whole_days(foresight.models.policy.horizon_weeks);
        let season = u32::try_from(horizon)
            .ok()
            .and_then(|horizon| foresight.season?.ahead(as_of, horizon));
        let known: Vec<PurchaseSummary> = summaries.iter().flatten().copied().collect();
        let mut forecasts = foresight.models.forecast(&known, threads).into_iter();
        customers
            .iter()
            .zip(&summaries)
            .map(|(customer, summary)| {
                let forecast = summary.and_then(|_| forecasts.next());
                foresight.look_at(customer, forecast, (as_of, season))
            })
            .collect()
    }
}

impl Foresight<'_> {
    fn look_at(
        self,
        customer: &MeasuredCustomer,
        forecast: Option<CustomerForecast>,
        (as_of, season): (NaiveDate, Option<f64>),
    ) -> CustomerOutlook {
        let (days, today) = (&customer.days.days, day_number(as_of));
        let evidence = ChurnEvidence {
            days,
            as_of: today,
            rfm_total: customer.metrics.rfm_score.map(RfmScore::total),
        };
        let by_model = forecast.and_then(|forecast| forecast.by_model);
        let in_season = |by_model: ModelForecast| {
            Some(SeasonalForecast {
                by_model: by_model.expected_purchases,
                season: season?,
            })
        };
        let has_occasions = !customer.occasions.0.is_empty();
        let next_category = self.next_category.filter(|_| has_occasions);
        CustomerOutlook {
            user: customer.metrics.figures.user,
            as_of,
            value: LifetimeValue::of(customer.days.money, days, today, forecast.as_ref()),
            churn: ChurnRisk::of(evidence, self.models, self.churn),
            forecast,
            seasonal: by_model.and_then(in_season),
            next_category: next_category.and_then(|model| model.guess(&customer.occasions)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_cannot_be_meant_are_refused() {
        assert_eq!(OutlookPolicy::default().check(), Ok(()));
        let change = |change: fn(&mut OutlookPolicy)| {
            let mut policy = OutlookPolicy::default();
            change(&mut policy);
            policy.check().unwrap_err().field
        };
        let refused = [
            change(|policy| policy.forecast.horizon_weeks = f64::NAN),
            change(|policy| policy.forecast.horizon_weeks = 0.0),
            change(|policy| policy.forecast.discounting.period_weeks = f64::INFINITY),
            change(|policy| policy.forecast.discounting.rate = -0.1),
            change(|policy| policy.forecast.discounting.periods = 0),
            change(|policy| policy.churn.alive = 1.5),
            change(|policy| policy.churn.likely_gone = 0.8),
        ];
        let expected = [
            "forecast.horizon_weeks",
            "forecast.horizon_weeks",
            "forecast.discounting.period_weeks",
            "forecast.discounting.rate",
            "forecast.discounting.periods",
            "churn.alive",
            "churn.likely_gone",
        ];
        assert_eq!(refused, expected);
    }
}
