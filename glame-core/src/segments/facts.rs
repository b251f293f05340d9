use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use crate::analytics::buying::{ChurnLevel, ModelForecast};
use crate::analytics::{BoughtLine, CustomerMetrics, CustomerOutlook};
use crate::users::User;
use crate::values::Money;

/// All that rules can ask about one customer.
#[derive(Debug, Clone, Copy)]
pub struct CustomerFacts<'a> {
    /// Who it is, and the profile.
    pub user: &'a User,
    /// The figures, scored as of the moment; none for a customer without purchases of any kind.
    pub metrics: Option<&'a CustomerMetrics>,
    /// The purchases, for questions about windows.
    pub purchases: &'a [BoughtLine<'a>],
    /// The points that can be spent.
    pub loyalty_points: i64,
    /// The id of the level in the loyalty programme.
    pub loyalty_level: Option<&'a str>,
    /// What the models say; none without a model.
    pub forecast: Option<Forecast>,
}

impl<'a> CustomerFacts<'a> {
    /// Gives what is known of a customer who has done nothing yet.
    #[must_use]
    pub const fn of(user: &'a User) -> Self {
        Self {
            user,
            metrics: None,
            purchases: &[],
            loyalty_points: 0,
            loyalty_level: None,
            forecast: None,
        }
    }
}

/// What the buying models say of a customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forecast {
    /// The probability that the customer still buys, in [`millionths`].
    pub p_alive: Option<i64>,
    /// The purchases expected in the model's horizon, in [`millionths`].
    pub expected_purchases: Option<i64>,
    /// The money expected in the model's horizon.
    pub expected_spend: Option<Money>,
    /// The discounted value of what is still to come.
    pub clv: Option<Money>,
    /// How likely the customer is to leave.
    pub churn_level: Option<ChurnLevel>,
}

impl Forecast {
    /// Takes what rules can ask about from an outlook.
    ///
    /// Chances and expectations are those of a fitted model alone; the risk may rest on plain rules.
    #[must_use]
    pub fn of(outlook: &CustomerOutlook) -> Self {
        let forecast = outlook.forecast.and_then(|forecast| forecast.by_model);
        let expected_spend = |by_model: &ModelForecast| {
            let kopecks = Decimal::from(by_model.expected_spend?.kopecks());
            let purchases = Decimal::from_f64(by_model.expected_purchases)?;
            let sum = kopecks.checked_mul(purchases)?.round();
            i64::try_from(sum).ok().map(Money::from_kopecks)
        };
        Self {
            p_alive: forecast.and_then(|by_model| millionths(by_model.next_purchase.p_alive?)),
            expected_purchases: forecast
                .and_then(|by_model| millionths(by_model.expected_purchases)),
            expected_spend: forecast.as_ref().and_then(expected_spend),
            clv: outlook.value.to_come,
            churn_level: Some(outlook.churn.level),
        }
    }
}

/// Turns what a model computes into whole millionths, rounding half to even.
///
/// Gives none for what is not a number or does not fit.
///
/// ```
/// use glame_core::segments::millionths;
///
/// assert_eq!(millionths(0.35), Some(350_000));
/// assert_eq!(millionths(f64::NAN), None);
/// ```
#[must_use]
pub fn millionths(number: f64) -> Option<i64> {
    let millionths = Decimal::from_f64(number)?.checked_mul(Decimal::from(1_000_000))?;
    i64::try_from(millionths.round()).ok()
}
