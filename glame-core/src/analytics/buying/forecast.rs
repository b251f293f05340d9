use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::float;
use super::gamma_gamma::SpendCollector;
use super::model::for_each_timing;
use super::{
    BuyingFit, BuyingModel, Discounting, ModelKind, NextPurchase, PurchaseDays, PurchaseSummary,
    SpendFit, SummaryCollector, Verdict, date_after, next_purchase_by_mean_gap,
};
use crate::analytics::PurchaseColumns;
use crate::values::Money;

/// Which model forecasts, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForecastPolicy {
    /// The model of purchase counts.
    pub model: ModelKind,
    /// How far expected purchases reach.
    pub horizon_weeks: f64,
    /// How value to come is discounted.
    pub discounting: Discounting,
}

impl Default for ForecastPolicy {
    /// Gives MBG/NBD for 13 weeks, and the value of a year at one percent a month.
    fn default() -> Self {
        Self {
            model: ModelKind::default(),
            horizon_weeks: 13.0,
            discounting: Discounting::default(),
        }
    }
}

/// The models of a shop with the day of their fit: what is stored beside the forecasts.
///
/// ```
/// use chrono::NaiveDate;
/// use glame_core::analytics::buying::{ForecastPolicy, ModelCollector, PurchaseSummary};
///
/// let pages = [vec![PurchaseSummary::try_new(2, 30.43, 38.86, 2_235.0)?]];
/// let mut collector = ModelCollector::default();
/// for page in &pages {
///     collector.add(page);
/// }
/// let today = NaiveDate::from_ymd_opt(2025, 3, 1).expect("a day");
/// let models = collector.fit(ForecastPolicy::default(), today, 2);
/// for page in &pages {
///     for forecast in models.forecast(page, 2) {
///         // One customer is too few to learn from, and the forecast says so.
///         assert_eq!(forecast.basis.model(), None);
///     }
/// }
/// # Ok::<(), glame_core::analytics::buying::SummaryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedModels {
    /// Which model forecasts, and how far.
    pub policy: ForecastPolicy,
    /// The end of the period that the models were fitted to.
    pub fitted_on: NaiveDate,
    /// When customers buy and stop.
    pub counts: BuyingFit,
    /// What purchases are worth.
    pub spend: SpendFit,
}

/// Collects customers page by page until the models are fitted.
#[derive(Debug, Clone, Default)]
pub struct ModelCollector {
    summaries: SummaryCollector,
    spend: SpendCollector,
}

/// What a forecast rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForecastBasis {
    /// A fitted model.
    Model(ModelKind),
    /// A plain rule, because no fit can be trusted.
    Heuristic,
}

impl ForecastBasis {
    /// Gives the model; none for a plain rule.
    #[must_use]
    pub const fn model(self) -> Option<ModelKind> {
        match self {
            Self::Model(kind) => Some(kind),
            Self::Heuristic => None,
        }
    }

    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model(kind) => kind.as_str(),
            Self::Heuristic => "heuristic",
        }
    }
}

/// What is expected of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CustomerForecast {
    /// What the forecast rests on.
    pub basis: ForecastBasis,
    /// The day of the fit.
    pub fitted_on: NaiveDate,
    /// How far expected purchases reach.
    #[serde(default = "default_horizon")]
    pub horizon_weeks: f64,
    /// What the model says; none from a plain rule.
    pub by_model: Option<ModelForecast>,
    /// Weeks from today to the next purchase by the customer's mean gap, negative if it is overdue:
    /// the plain rule, which always answers.
    pub mean_gap_weeks: f64,
}

fn default_horizon() -> f64 {
    ForecastPolicy::default().horizon_weeks
}

/// What a model says of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ModelForecast {
    /// When the customer buys next, with the chance of being alive.
    pub next_purchase: NextPurchase,
    /// Expected purchases within the horizon.
    pub expected_purchases: f64,
    /// The chance of at least one purchase within the horizon.
    pub p_purchase: f64,
    /// Expected purchases of the discounted periods, discounted.
    pub discounted_purchases: f64,
    /// What a purchase is expected to be worth; none if no mean worth is known.
    pub expected_spend: Option<Money>,
    /// What a purchase is usually worth, given where there is a model of worth but no mean: it is
    /// not to be multiplied or summed.
    #[serde(default)]
    pub median_spend: Option<Money>,
    /// The discounted value to come, rounded once; none if no mean worth is known.
    pub value_to_come: Option<Money>,
}

impl CustomerForecast {
    /// Gives the day of the next purchase, counted from today and never before it: the median of the
    /// model, or the plain rule where no fit can be trusted; none if no purchase is to be expected,
    /// or if it is [overdue](Self::overdue_days).
    #[must_use]
    pub fn next_purchase_date(&self, today: NaiveDate) -> Option<NaiveDate> {
        match self.by_model {
            Some(by_model) => by_model.next_purchase.weeks?.median_date(today),
            None => date_after(today, self.mean_gap_weeks).filter(|date| *date >= today),
        }
    }

    /// Gives for how many days the next purchase has been overdue by the plain rule; none where a
    /// model answers, which knows no such thing, and where it is not.
    #[must_use]
    pub fn overdue_days(&self) -> Option<u32> {
        let days = -float::to_days(self.mean_gap_weeks * 7.0);
        let overdue = u32::try_from(days).ok().filter(|days| *days > 0);
        overdue.filter(|_| self.by_model.is_none())
    }
}

impl ModelCollector {
    /// Adds the summaries of a page of customers.
    pub fn add(&mut self, summaries: &[PurchaseSummary]) {
        self.summaries.add(summaries);
        self.spend.add(summaries);
    }

    /// Fits the models on `threads` threads; neither they nor the pages change a bit.
    #[must_use]
    pub fn fit(self, policy: ForecastPolicy, fitted_on: NaiveDate, threads: usize) -> FittedModels {
        FittedModels {
            policy,
            fitted_on,
            counts: BuyingFit::of(policy.model, &self.summaries.collapse(), threads),
            spend: SpendFit::of(&self.spend.collapse(), threads),
        }
    }
}

impl FittedModels {
    /// Forecasts for a page of customers on `threads` threads.
    #[must_use]
    pub fn forecast(&self, summaries: &[PurchaseSummary], threads: usize) -> Vec<CustomerForecast> {
        let Some(model) = self.trusted_model() else {
            let heuristic = |summary| self.by_rule(summary);
            return summaries.iter().map(heuristic).collect();
        };
        let nothing = ModelForecast {
            next_purchase: NextPurchase {
                p_alive: None,
                weeks: None,
            },
            expected_purchases: 0.0,
            p_purchase: 0.0,
            discounted_purchases: 0.0,
            expected_spend: None,
            median_spend: None,
            value_to_come: None,
        };
        let by_timing = for_each_timing(summaries, threads, nothing, |summary| {
            let predicted = model.predict(summary, self.policy.horizon_weeks);
            let mut next_purchase = model.next_purchase(summary);
            if !self.tells_who_has_left(model, summary) {
                next_purchase.p_alive = None;
            }
            ModelForecast {
                next_purchase,
                expected_purchases: predicted.expected_purchases,
                p_purchase: predicted.p_purchase,
                discounted_purchases: model.discounted_purchases(summary, &self.policy.discounting),
                ..nothing
            }
        });
        let forecasts = summaries.iter().zip(by_timing);
        forecasts
            .map(|(summary, by_timing)| CustomerForecast {
                basis: ForecastBasis::Model(model.kind()),
                by_model: Some(self.with_worth(summary, by_timing)),
                ..self.by_rule(summary)
            })
            .collect()
    }

    /// Gives the model of purchase counts if its fit can be trusted.
    #[must_use]
    pub fn trusted_model(&self) -> Option<BuyingModel> {
        self.counts
            .model
            .filter(|_| self.counts.verdict.is_trusted())
    }

    /// Gives the chance that a customer is alive, if the fit says anything about drop-out.
    #[must_use]
    pub fn p_alive(&self, summary: &PurchaseSummary) -> Option<f64> {
        let model = self.counts.model?;
        self.tells_who_has_left(model, summary)
            .then(|| model.p_alive(summary))
    }

    fn tells_who_has_left(&self, model: BuyingModel, summary: &PurchaseSummary) -> bool {
        // BG/NBD calls one-time buyers alive for ever, which is no statement about them.
        let says_nothing = model.kind() == ModelKind::BgNbd && summary.repeats() == 0;
        self.counts.tells_who_has_left() && !says_nothing
    }

    fn by_rule(&self, summary: &PurchaseSummary) -> CustomerForecast {
        CustomerForecast {
            basis: ForecastBasis::Heuristic,
            fitted_on: self.fitted_on,
            horizon_weeks: self.policy.horizon_weeks,
            by_model: None,
            mean_gap_weeks: next_purchase_by_mean_gap(summary),
        }
    }

    fn with_worth(&self, summary: &PurchaseSummary, forecast: ModelForecast) -> ModelForecast {
        let verdict = self.spend.verdict;
        let Some(model) = self.spend.model else {
            return forecast;
        };
        if self.spend.has_mean() {
            let mean = model.expected_spend(summary).kopecks();
            return ModelForecast {
                expected_spend: Some(float::to_money(mean)),
                value_to_come: Some(float::to_money(mean * forecast.discounted_purchases)),
                ..forecast
            };
        }
        let is_known = verdict.is_trusted() || verdict == Verdict::NoFiniteMean;
        ModelForecast {
            median_spend: is_known.then(|| float::to_money(model.median_spend(summary))),
            ..forecast
        }
    }
}

/// Fits models to the receipts of a whole shop and forecasts for every customer, by number.
///
/// `as_of` is the last day that counts, in the days of the columns, and `date` the same day of the
/// calendar. None for customers who had not bought by then.
#[must_use]
pub fn forecast_shop(
    purchases: PurchaseColumns<'_>,
    (as_of, date): (u32, NaiveDate),
    policy: ForecastPolicy,
    threads: usize,
) -> (FittedModels, Vec<Option<CustomerForecast>>) {
    let summaries = PurchaseDays::gather(purchases, threads).summaries(as_of);
    let known: Vec<PurchaseSummary> = summaries.iter().flatten().copied().collect();
    let mut collector = ModelCollector::default();
    collector.add(&known);
    let models = collector.fit(policy, date, threads);
    let mut forecasts = models.forecast(&known, threads).into_iter();
    let by_customer = summaries
        .iter()
        .map(|summary| summary.and_then(|_| forecasts.next()))
        .collect();
    (models, by_customer)
}
