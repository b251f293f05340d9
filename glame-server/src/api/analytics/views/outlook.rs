use chrono::NaiveDate;
use glame_core::analytics::CustomerOutlook;
use glame_core::analytics::buying::{
    ChurnRisk, CustomerForecast, Language, SeasonalForecast, ValueMeasure,
};
use poem_openapi::Object;
use uuid::Uuid;

use super::super::super::roubles::Roubles;

/// What a customer has been worth and what is to be expected.
#[derive(Debug, Object)]
#[oai(rename = "CustomerOutlook", skip_serializing_if_is_none)]
pub struct OutlookView {
    /// The customer.
    pub user_id: Uuid,
    /// The day that it speaks of.
    pub as_of: NaiveDate,
    /// What the customer has been worth, net of returns.
    pub ltv: Roubles,
    /// The same per month of thirty days since the first purchase.
    pub average_monthly_ltv: Option<Roubles>,
    /// Months since the first purchase, at least one.
    pub months_active: Option<u32>,
    /// The discounted value to come, where a fit can be trusted.
    pub value_to_come: Option<Roubles>,
    /// Both together; absent where the value to come is not known.
    pub total_value: Option<Roubles>,
    /// How likely the customer has left.
    pub churn_risk: ChurnRiskView,
    /// What is expected; absent for somebody who never bought.
    pub next_purchase: Option<NextPurchaseView>,
}

/// How likely a customer has left.
#[derive(Debug, Object)]
#[oai(rename = "ChurnRisk")]
pub struct ChurnRiskView {
    /// `low`, `medium` or `high`.
    pub risk_level: String,
    /// From 0 to 1: a probability where `basis` is `model`.
    pub risk_score: f64,
    /// `model`, or `heuristic` where no fit says who has left.
    pub basis: String,
    /// What it was found by, the weightiest first.
    pub risk_factors: Vec<String>,
}

impl ChurnRiskView {
    fn of(risk: &ChurnRisk, language: Language) -> Self {
        let factors = risk.factors.iter();
        Self {
            risk_level: risk.level.as_str().to_owned(),
            risk_score: risk.score,
            basis: risk.basis.as_str().to_owned(),
            risk_factors: factors.map(|factor| factor.text(language)).collect(),
        }
    }
}

/// When a customer buys next.
#[derive(Debug, Object)]
#[oai(rename = "NextPurchase", skip_serializing_if_is_none)]
pub struct NextPurchaseView {
    /// The model, or `heuristic` for the mean gap between purchases.
    pub basis: String,
    /// The day of the models' fit.
    pub fitted_on: NaiveDate,
    /// How far expected purchases reach.
    pub horizon_weeks: f64,
    /// The day before which half of such customers have bought, given that they still buy at all;
    /// absent if no purchase is to be expected, or if it is overdue.
    pub predicted_date: Option<NaiveDate>,
    /// For how many days it has been overdue, where the basis is `heuristic`; absent if it is not.
    pub overdue_days: Option<u32>,
    /// A quarter has bought by then.
    pub early_date: Option<NaiveDate>,
    /// Three quarters have.
    pub late_date: Option<NaiveDate>,
    /// The chance that the customer still buys; absent where the fit does not tell who has left.
    pub p_alive: Option<f64>,
    /// Expected purchases within the horizon.
    pub expected_purchases: Option<f64>,
    /// The chance of at least one purchase within the horizon.
    pub p_purchase: Option<f64>,
    /// How much more or less is bought within the horizon than on the days that the model has seen;
    /// absent of a shop younger than two years.
    pub season: Option<f64>,
    /// `expected_purchases` times `season`.
    pub expected_in_season: Option<f64>,
    /// What a purchase is expected to be worth; absent where no mean worth is known.
    pub expected_spend: Option<Roubles>,
    /// What a purchase is usually worth, where no mean is known: not to be multiplied or summed.
    pub median_spend: Option<Roubles>,
    /// The likeliest category; absent without a purchase of a known one.
    pub category: Option<String>,
    /// The chance that the next purchase holds that category, as often as such guesses have come
    /// true; absent where too few could be checked.
    pub category_confidence: Option<f64>,
}

impl NextPurchaseView {
    fn of(forecast: &CustomerForecast, outlook: &CustomerOutlook) -> Self {
        let today = outlook.as_of;
        let by_model = forecast.by_model;
        let band = by_model.and_then(|model| model.next_purchase.weeks);
        let (early, late) = band.map_or((None, None), |band| band.dates(today));
        let guess = outlook.next_category.as_ref();
        Self {
            basis: forecast.basis.as_str().to_owned(),
            fitted_on: forecast.fitted_on,
            horizon_weeks: forecast.horizon_weeks,
            overdue_days: forecast.overdue_days(),
            predicted_date: forecast.next_purchase_date(today),
            early_date: early,
            late_date: late,
            p_alive: by_model.and_then(|model| model.next_purchase.p_alive),
            expected_purchases: by_model.map(|model| model.expected_purchases),
            p_purchase: by_model.map(|model| model.p_purchase),
            season: outlook.seasonal.map(|seasonal| seasonal.season),
            expected_in_season: outlook.seasonal.map(SeasonalForecast::total),
            expected_spend: by_model
                .and_then(|model| model.expected_spend)
                .map(Into::into),
            median_spend: by_model
                .and_then(|model| model.median_spend)
                .map(Into::into),
            category: guess.map(|guess| guess.category.to_string()),
            category_confidence: guess.and_then(|guess| guess.confidence),
        }
    }
}

impl OutlookView {
    pub(in super::super) fn of(outlook: &CustomerOutlook, language: Language) -> Self {
        let value = &outlook.value;
        let forecast = outlook.forecast.as_ref();
        Self {
            user_id: *outlook.user.as_uuid(),
            as_of: outlook.as_of,
            ltv: value.historic.into(),
            average_monthly_ltv: value.monthly.map(Into::into),
            months_active: value.months_of_life,
            value_to_come: value.to_come.map(Into::into),
            total_value: value.to_come.map(|_| value.by(ValueMeasure::Total).into()),
            churn_risk: ChurnRiskView::of(&outlook.churn, language),
            next_purchase: forecast.map(|one| NextPurchaseView::of(one, outlook)),
        }
    }
}
