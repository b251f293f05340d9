use serde::{Deserialize, Serialize};

use super::calibration::correlation;
use super::churn::Language;
use super::numbering::index;
use super::{PurchaseDays, PurchaseSummary};
use crate::analytics::PurchaseColumns;
use crate::values::Money;

/// A correlation of frequency and worth from which on Gamma-Gamma should not be believed.
const TOO_CORRELATED: f64 = 0.3;

/// From so many repeat buyers on the correlation is looked at.
const FEWEST_REPEAT_BUYERS: usize = 100;

/// A customer with more of all money than this is a shop's partner rather than a customer.
const DOMINANT_PERCENT: i128 = 5;

/// Something about the purchases that a person should look at, because forecasts suffer from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum DataFinding {
    /// Receipts are dated after today. They are left out.
    FutureDates {
        /// Receipts.
        receipts: usize,
        /// Customers who have such receipts.
        customers: usize,
    },
    /// Customers gave back more than they bought: sales are missing.
    ReturnsBeyondPurchases {
        /// Customers.
        customers: usize,
        /// What was given back beyond all sales, together.
        missing: Money,
    },
    /// Customers have receipts, but not one day that brought money.
    NothingButReturns {
        /// Customers.
        customers: usize,
    },
    /// Customers bought on more than half of all days of two months or longer: a card of the staff,
    /// or a wholesaler.
    BuysEveryOtherDay {
        /// Customers.
        customers: usize,
    },
    /// One customer brought a large share of all money, which moves every mean.
    DominantCustomer {
        /// The number of the customer.
        customer: u32,
        /// Whole percent of all money.
        percent: u8,
    },
    /// Who buys often also spends more (or less) each time, though the model of worth takes both to
    /// be independent.
    SpendFollowsFrequency {
        /// The correlation of x and m among repeat buyers.
        correlation: f64,
    },
}

impl DataFinding {
    /// Looks through the receipts of a shop as of the end of a day.
    #[must_use]
    pub fn all(purchases: PurchaseColumns<'_>, days: &PurchaseDays, as_of: u32) -> Vec<Self> {
        let summaries = days.summaries(as_of);
        [
            future_dates(purchases, as_of),
            returns_beyond_purchases(days),
            nothing_but_returns(days),
            buys_every_other_day(&summaries),
            dominant_customer(days),
            spend_follows_frequency(&summaries),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Tells the finding in words.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::Russian => self.russian(),
            Language::English => self.english(),
        }
    }

    fn russian(&self) -> String {
        match *self {
            Self::FutureDates {
                receipts,
                customers,
            } => format!("Чеки с будущей датой: {receipts}, клиентов: {customers}"),
            Self::ReturnsBeyondPurchases { customers, missing } => format!(
                "Возвратов больше, чем покупок: клиентов {customers}, не хватает продаж на {missing} ₽"
            ),
            Self::NothingButReturns { customers } => {
                format!("Есть чеки, но нет ни одной покупки: клиентов {customers}")
            }
            Self::BuysEveryOtherDay { customers } => format!(
                "Покупают чаще чем через день: клиентов {customers}; карта сотрудника или опт?"
            ),
            Self::DominantCustomer { customer, percent } => {
                format!("Клиент № {customer} принёс {percent} % всей выручки")
            }
            Self::SpendFollowsFrequency { correlation } => format!(
                "Сумма покупки зависит от частоты (корреляция {correlation:.2}): прогноз среднего чека ненадёжен"
            ),
        }
    }

    fn english(&self) -> String {
        match *self {
            Self::FutureDates {
                receipts,
                customers,
            } => format!("Receipts dated in the future: {receipts}, of {customers} customers"),
            Self::ReturnsBeyondPurchases { customers, missing } => format!(
                "More was given back than bought by {customers} customers; sales of {missing} ₽ are missing"
            ),
            Self::NothingButReturns { customers } => {
                format!("{customers} customers have receipts, but not one purchase")
            }
            Self::BuysEveryOtherDay { customers } => format!(
                "{customers} customers buy more often than every other day; staff or wholesale?"
            ),
            Self::DominantCustomer { customer, percent } => {
                format!("Customer no. {customer} brought {percent}% of all money")
            }
            Self::SpendFollowsFrequency { correlation } => format!(
                "Spend depends on frequency (correlation {correlation:.2}): expected spend is unreliable"
            ),
        }
    }
}

fn future_dates(purchases: PurchaseColumns<'_>, as_of: u32) -> Option<DataFinding> {
    let mut has_some = vec![false; index(purchases.customers())];
    let mut receipts = 0;
    for (customer, _, _) in purchases.rows().filter(|(_, day, _)| *day > as_of) {
        receipts += 1;
        has_some[index(customer)] = true;
    }
    let customers = has_some.iter().filter(|has_some| **has_some).count();
    (receipts > 0).then_some(DataFinding::FutureDates {
        receipts,
        customers,
    })
}

fn returns_beyond_purchases(days: &PurchaseDays) -> Option<DataFinding> {
    let negative: Vec<i64> = (0..days.customers())
        .map(|customer| days.money(customer).net().kopecks())
        .filter(|net| *net < 0)
        .collect();
    let missing = negative
        .iter()
        .fold(0_i64, |sum, net| sum.saturating_sub(*net));
    (!negative.is_empty()).then_some(DataFinding::ReturnsBeyondPurchases {
        customers: negative.len(),
        missing: Money::from_kopecks(missing),
    })
}

fn nothing_but_returns(days: &PurchaseDays) -> Option<DataFinding> {
    let customers = (0..days.customers())
        .filter(|customer| {
            days.of(*customer).is_empty() && days.money(*customer).returned > Money::ZERO
        })
        .count();
    (customers > 0).then_some(DataFinding::NothingButReturns { customers })
}

fn buys_every_other_day(summaries: &[Option<PurchaseSummary>]) -> Option<DataFinding> {
    let customers = summaries
        .iter()
        .flatten()
        .filter(|summary| {
            let days = summary.age_weeks() * 7.0;
            days >= 60.0 && f64::from(summary.repeats()) > days / 2.0
        })
        .count();
    (customers > 0).then_some(DataFinding::BuysEveryOtherDay { customers })
}

fn dominant_customer(days: &PurchaseDays) -> Option<DataFinding> {
    let net = |customer: usize| i128::from(days.money(customer).net().kopecks());
    let all: i128 = (0..days.customers())
        .map(|customer| net(customer).max(0))
        .sum();
    let largest = (0..days.customers()).max_by_key(|customer| (net(*customer), !customer))?;
    let percent = (net(largest) * 100).checked_div(all)?;
    let others = days.customers() > 100;
    (others && percent >= DOMINANT_PERCENT).then(|| DataFinding::DominantCustomer {
        customer: u32::try_from(largest).unwrap_or(u32::MAX),
        percent: u8::try_from(percent).unwrap_or(100),
    })
}

fn spend_follows_frequency(summaries: &[Option<PurchaseSummary>]) -> Option<DataFinding> {
    let repeat_buyers = || {
        summaries
            .iter()
            .flatten()
            .filter(|summary| summary.repeats() > 0)
    };
    let repeats: Vec<f64> = repeat_buyers()
        .map(|summary| f64::from(summary.repeats()))
        .collect();
    let worth: Vec<f64> = repeat_buyers().map(PurchaseSummary::mean_kopecks).collect();
    let correlation = correlation(&repeats, &worth)?;
    (repeats.len() >= FEWEST_REPEAT_BUYERS && correlation.abs() > TOO_CORRELATED)
        .then_some(DataFinding::SpendFollowsFrequency { correlation })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(customers: u32, rows: &[(u32, u32, i64)], as_of: u32) -> Vec<DataFinding> {
        let customer: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let day: Vec<u32> = rows.iter().map(|row| row.1).collect();
        let kopecks: Vec<i64> = rows.iter().map(|row| row.2).collect();
        let columns = PurchaseColumns::try_new(customers, &customer, &day, &kopecks).unwrap();
        DataFinding::all(columns, &PurchaseDays::gather(columns, 1), as_of)
    }

    #[test]
    fn each_finding_is_found_and_clean_data_have_none() {
        assert_eq!(
            findings(3, &[(0, 1, 100), (1, 50, 100), (0, 60, 90)], 60),
            []
        );
        assert_eq!(
            findings(3, &[(0, 61, 100), (0, 62, 100), (1, 9, 5)], 60),
            [DataFinding::FutureDates {
                receipts: 2,
                customers: 1
            }]
        );
        assert_eq!(
            findings(3, &[(0, 1, 100), (0, 5, -250), (2, 7, -50)], 60),
            [
                DataFinding::ReturnsBeyondPurchases {
                    customers: 2,
                    missing: Money::from_kopecks(200)
                },
                DataFinding::NothingButReturns { customers: 1 },
            ]
        );
        let daily: Vec<(u32, u32, i64)> = (0..80).map(|day| (1, day, 100)).collect();
        assert_eq!(
            findings(3, &daily, 79),
            [DataFinding::BuysEveryOtherDay { customers: 1 }]
        );
        let mut shop: Vec<(u32, u32, i64)> = (0..150).map(|customer| (customer, 3, 100)).collect();
        shop.push((149, 9, 2_000));
        assert_eq!(
            findings(150, &shop, 60),
            [DataFinding::DominantCustomer {
                customer: 149,
                percent: 12
            }]
        );
    }

    #[test]
    fn spend_that_follows_frequency_is_told() {
        let shop: Vec<(u32, u32, i64)> = (0..150_u32)
            .flat_map(|customer| {
                (0..2 + customer % 9)
                    .map(move |visit| (customer, visit * 20, i64::from(100 + customer % 9 * 50)))
            })
            .collect();
        let found = findings(150, &shop, 300);
        assert!(
            matches!(found[..], [DataFinding::SpendFollowsFrequency { correlation }] if correlation > 0.9),
            "{found:?}"
        );
        assert_eq!(
            found[0].text(Language::English),
            "Spend depends on frequency (correlation 1.00): expected spend is unreliable"
        );
        assert!(
            found[0]
                .text(Language::Russian)
                .starts_with("Сумма покупки")
        );
    }
}
