use std::fmt;

use serde::{Deserialize, Serialize};

use super::churn::Language;
use super::float;
use super::numbering::index;
use super::{PurchaseDays, PurchaseSummary, summarise};
use crate::analytics::{CustomerDays, PurchaseColumns};
use crate::values::Money;

/// A correlation of frequency and worth from which on Gamma-Gamma should not be believed.
const TOO_CORRELATED: f64 = 0.3;

/// From so many repeat buyers on the correlation is looked at.
const FEWEST_REPEAT_BUYERS: i128 = 100;

/// A customer with more of all money than this is a shop's partner rather than a customer.
const DOMINANT_PERCENT: i128 = 5;

/// Something about the purchases that a person should look at, because forecasts suffer from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum DataFinding<C = u32> {
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
        /// The customer.
        customer: C,
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

impl DataFinding<u32> {
    /// Looks through the receipts of a shop as of the end of a day; customers go by number.
    #[must_use]
    pub fn all(purchases: PurchaseColumns<'_>, days: &PurchaseDays, as_of: u32) -> Vec<Self> {
        let mut future_receipts = vec![0; index(purchases.customers())];
        for (customer, _, _) in purchases.rows().filter(|(_, day, _)| *day > as_of) {
            future_receipts[index(customer)] += 1;
        }
        let mut collector = FindingCollector::as_of(as_of);
        for (customer, future_receipts) in (0..).zip(future_receipts) {
            collector.add(
                customer,
                &CustomerDays {
                    days: days.of(index(customer)).to_vec(),
                    money: days.money(index(customer)),
                    future_receipts,
                },
            );
        }
        collector.finish()
    }
}

impl<C: fmt::Display> DataFinding<C> {
    /// Tells the finding in words.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::Russian => self.russian(),
            Language::English => self.english(),
        }
    }

    fn russian(&self) -> String {
        match self {
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
                format!("Клиент {customer} принёс {percent} % всей выручки")
            }
            Self::SpendFollowsFrequency { correlation } => format!(
                "Сумма покупки зависит от частоты (корреляция {correlation:.2}): прогноз среднего чека ненадёжен"
            ),
        }
    }

    fn english(&self) -> String {
        match self {
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
                format!("Customer {customer} brought {percent}% of all money")
            }
            Self::SpendFollowsFrequency { correlation } => format!(
                "Spend depends on frequency (correlation {correlation:.2}): expected spend is unreliable"
            ),
        }
    }
}

/// Looks through customers one by one, so that the shop need not be held.
#[derive(Debug, Clone)]
pub struct FindingCollector<C> {
    as_of: u32,
    customers: usize,
    future_receipts: usize,
    with_future_receipts: usize,
    beyond_purchases: usize,
    missing: i64,
    nothing_but_returns: usize,
    every_other_day: usize,
    all_kopecks: i128,
    largest: Option<(i128, C)>,
    spend: SpendByFrequency,
}

impl<C> FindingCollector<C> {
    /// Begins with no customers, as of the end of a day.
    #[must_use]
    pub fn as_of(as_of: u32) -> Self {
        Self {
            as_of,
            customers: 0,
            future_receipts: 0,
            with_future_receipts: 0,
            beyond_purchases: 0,
            missing: 0,
            nothing_but_returns: 0,
            every_other_day: 0,
            all_kopecks: 0,
            largest: None,
            spend: SpendByFrequency::default(),
        }
    }

    /// Looks at one more customer. Of equally large ones the first counts as the largest.
    pub fn add(&mut self, customer: C, seen: &CustomerDays) {
        self.customers += 1;
        self.future_receipts += seen.future_receipts;
        self.with_future_receipts += usize::from(seen.future_receipts > 0);
        let net = seen.money.net().kopecks();
        if net < 0 {
            self.beyond_purchases += 1;
            self.missing = self.missing.saturating_sub(net);
        }
        let only_returned = seen.days.is_empty() && seen.money.returned > Money::ZERO;
        self.nothing_but_returns += usize::from(only_returned);
        let net = i128::from(net);
        self.all_kopecks += net.max(0);
        if self.largest.as_ref().is_none_or(|(most, _)| net > *most) {
            self.largest = Some((net, customer));
        }
        if let Some(summary) = summarise(&seen.days, self.as_of) {
            let days = summary.age_weeks() * 7.0;
            let is_frequent = days >= 60.0 && f64::from(summary.repeats()) > days / 2.0;
            self.every_other_day += usize::from(is_frequent);
            if summary.repeats() > 0 {
                self.spend.add(&summary);
            }
        }
    }

    /// Gives what was found.
    #[must_use]
    pub fn finish(self) -> Vec<DataFinding<C>> {
        let future_dates = (self.future_receipts > 0).then_some(DataFinding::FutureDates {
            receipts: self.future_receipts,
            customers: self.with_future_receipts,
        });
        let beyond = (self.beyond_purchases > 0).then_some(DataFinding::ReturnsBeyondPurchases {
            customers: self.beyond_purchases,
            missing: Money::from_kopecks(self.missing),
        });
        let only_returns =
            (self.nothing_but_returns > 0).then_some(DataFinding::NothingButReturns {
                customers: self.nothing_but_returns,
            });
        let frequent = (self.every_other_day > 0).then_some(DataFinding::BuysEveryOtherDay {
            customers: self.every_other_day,
        });
        let all = self.all_kopecks;
        let dominant = self
            .largest
            .filter(|_| self.customers > 100)
            .and_then(|(net, customer)| Some(((net * 100).checked_div(all)?, customer)))
            .filter(|(percent, _)| *percent >= DOMINANT_PERCENT)
            .map(|(percent, customer)| DataFinding::DominantCustomer {
                customer,
                percent: u8::try_from(percent).unwrap_or(100),
            });
        let spend = self
            .spend
            .correlation()
            .filter(|correlation| correlation.abs() > TOO_CORRELATED)
            .map(|correlation| DataFinding::SpendFollowsFrequency { correlation });
        [
            future_dates,
            beyond,
            only_returns,
            frequent,
            dominant,
            spend,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A mean beyond so many kopecks, ten billion roubles, counts as this: sums of squares must fit.
const LARGEST_MEAN: f64 = 1e12;

/// Sums over repeat buyers, in whole numbers, so that the order of customers changes no bit.
#[derive(Debug, Clone, Copy, Default)]
struct SpendByFrequency {
    customers: i128,
    repeats: i128,
    kopecks: i128,
    repeats_squared: i128,
    kopecks_squared: i128,
    product: i128,
}

impl SpendByFrequency {
    fn add(&mut self, summary: &PurchaseSummary) {
        let repeats = i128::from(summary.repeats());
        let mean = float::to_money(summary.mean_kopecks().min(LARGEST_MEAN));
        let kopecks = i128::from(mean.kopecks());
        self.customers += 1;
        self.repeats += repeats;
        self.kopecks += kopecks;
        self.repeats_squared += repeats * repeats;
        self.kopecks_squared += kopecks * kopecks;
        self.product += repeats * kopecks;
    }

    /// Gives the correlation of x and m; none for few customers, or if one does not vary.
    fn correlation(&self) -> Option<f64> {
        if self.customers < FEWEST_REPEAT_BUYERS {
            return None;
        }
        let deviation = |product: i128, one: i128, other: i128| {
            let squares = self.customers.checked_mul(product)?;
            Some(float::of_sum(squares.checked_sub(one.checked_mul(other)?)?))
        };
        let both = deviation(self.product, self.repeats, self.kopecks)?;
        let repeats = deviation(self.repeats_squared, self.repeats, self.repeats)?;
        let kopecks = deviation(self.kopecks_squared, self.kopecks, self.kopecks)?;
        let varies = repeats > 0.0 && kopecks > 0.0;
        varies.then(|| both / (repeats.sqrt() * kopecks.sqrt()))
    }
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
