use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::{CustomerForecast, MoneySoFar, PurchaseDay};
use crate::values::Money;

/// What a customer has been worth, and what the customer may be worth yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifetimeValue {
    /// What was earned: sales less returns.
    pub historic: Money,
    /// Months of thirty days from the first purchase to today, at least one; none if there was no
    /// purchase.
    pub months_of_life: Option<u32>,
    /// The historic value of a month, half a kopeck rounded up.
    pub monthly: Option<Money>,
    /// The discounted value to come; none without a fit that can be trusted.
    pub to_come: Option<Money>,
    /// Where the value to come has its figures from.
    pub evidence: ValueEvidence,
}

/// Whether a value rests on the customer or on everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueEvidence {
    /// The customer came back: own purchases are weighed against everybody's.
    OwnPurchases,
    /// The customer bought once or never: the worth of purchases is that of everybody.
    Population,
}

/// By what customers are ranked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueMeasure {
    /// What they have been worth.
    #[default]
    Historic,
    /// What they may be worth yet.
    ToCome,
    /// Both together.
    Total,
}

/// What all customers are worth together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueTotals {
    /// How many customers there are.
    pub customers: u64,
    /// What they have been worth; it stops at the limits of 64 bits of kopecks.
    pub historic: Money,
    /// What they may be worth yet, as far as it is known.
    pub to_come: Money,
    /// Those of whom a value to come is known.
    pub with_forecast: u64,
    /// Those of them whose value rests on everybody's purchases.
    pub by_population: u64,
}

impl LifetimeValue {
    /// Puts the value of a customer together, as of the end of a day.
    #[must_use]
    pub fn of(
        money: MoneySoFar,
        days: &[PurchaseDay],
        as_of: u32,
        forecast: Option<&CustomerForecast>,
    ) -> Self {
        let seen = days.partition_point(|purchase| purchase.day <= as_of);
        let months_of_life = days[..seen]
            .first()
            .map(|first| ((as_of - first.day) / 30).max(1));
        Self {
            historic: money.net(),
            months_of_life,
            monthly: months_of_life.and_then(|months| money.net().divided_half_up(months)),
            to_come: forecast
                .and_then(|forecast| forecast.by_model)
                .and_then(|by_model| by_model.value_to_come),
            evidence: if seen > 1 {
                ValueEvidence::OwnPurchases
            } else {
                ValueEvidence::Population
            },
        }
    }

    /// Gives the value by a measure; what is not known counts as nothing.
    #[must_use]
    pub fn by(&self, measure: ValueMeasure) -> Money {
        let to_come = self.to_come.unwrap_or(Money::ZERO);
        match measure {
            ValueMeasure::Historic => self.historic,
            ValueMeasure::ToCome => to_come,
            ValueMeasure::Total => added(self.historic, to_come),
        }
    }
}

impl ValueTotals {
    /// Adds up customers.
    #[must_use]
    pub fn of<'a>(values: impl IntoIterator<Item = &'a LifetimeValue>) -> Self {
        let mut totals = Self::default();
        for value in values {
            totals.add(value);
        }
        totals
    }

    /// Gives what they may be worth yet, as far as it is known; none if it is known of nobody.
    #[must_use]
    pub fn known_to_come(&self) -> Option<Money> {
        (self.with_forecast > 0).then_some(self.to_come)
    }

    /// Adds one more customer.
    pub fn add(&mut self, value: &LifetimeValue) {
        self.customers += 1;
        self.historic = added(self.historic, value.historic);
        if let Some(to_come) = value.to_come {
            self.to_come = added(self.to_come, to_come);
            self.with_forecast += 1;
            self.by_population += u64::from(value.evidence == ValueEvidence::Population);
        }
    }
}

/// Gives the places of the most valuable customers, the most valuable first; equal ones by place.
#[must_use]
pub fn most_valuable(values: &[LifetimeValue], measure: ValueMeasure, limit: usize) -> Vec<usize> {
    let key = |place: &usize| (Reverse(values[*place].by(measure)), *place);
    let mut places: Vec<usize> = (0..values.len()).collect();
    if limit < places.len() {
        places.select_nth_unstable_by_key(limit, key);
        places.truncate(limit);
    }
    places.sort_unstable_by_key(key);
    places
}

fn added(one: Money, other: Money) -> Money {
    Money::from_kopecks(one.kopecks().saturating_add(other.kopecks()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(sold: i64, returned: i64) -> MoneySoFar {
        MoneySoFar {
            sold: Money::from_kopecks(sold),
            returned: Money::from_kopecks(returned),
        }
    }

    fn value(historic: i64, to_come: Option<i64>) -> LifetimeValue {
        LifetimeValue {
            to_come: to_come.map(Money::from_kopecks),
            ..LifetimeValue::of(money(historic, 0), &[], 0, None)
        }
    }

    #[test]
    fn months_count_from_the_first_purchase() {
        let days = [10, 50].map(|day| PurchaseDay { day, kopecks: 1 });
        let cases = [
            (9, None),
            (10, Some(1)),
            (69, Some(1)),
            (70, Some(2)),
            (400, Some(13)),
        ];
        for (as_of, months) in cases {
            let value = LifetimeValue::of(money(1_001, 0), &days, as_of, None);
            assert_eq!(value.months_of_life, months, "{as_of}");
        }
        let value = LifetimeValue::of(money(1_301, 300), &days, 70, None);
        assert_eq!(value.historic, Money::from_kopecks(1_001));
        assert_eq!(value.monthly, Some(Money::from_kopecks(501)));
        assert_eq!(value.evidence, ValueEvidence::OwnPurchases);
        assert_eq!(
            value.to_come, None,
            "a value that nobody forecast is not zero"
        );
    }

    #[test]
    fn the_most_valuable_come_first_by_any_measure() {
        let values = [
            value(500, None),
            value(100, Some(900)),
            value(700, Some(50)),
            value(100, Some(900)),
        ];
        assert_eq!(most_valuable(&values, ValueMeasure::Historic, 2), [2, 0]);
        assert_eq!(
            most_valuable(&values, ValueMeasure::ToCome, 9),
            [1, 3, 2, 0]
        );
        assert_eq!(most_valuable(&values, ValueMeasure::Total, 3), [1, 3, 2]);
        assert!(most_valuable(&[], ValueMeasure::Total, 3).is_empty());
    }

    #[test]
    fn totals_tell_how_much_rests_on_everybody() {
        let totals = ValueTotals::of(&[value(500, None), value(-100, Some(900))]);
        assert_eq!((totals.customers, totals.with_forecast), (2, 1));
        assert_eq!(totals.by_population, 1);
        assert_eq!(totals.historic, Money::from_kopecks(400));
    }
}
