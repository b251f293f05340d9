use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{PurchaseDay, float};
use crate::analytics::day_number;

/// As many purchases as this pull a factor halfway to 1.
const PRIOR_PURCHASES: f64 = 30.0;

/// A year with fewer purchases, as many as a day each, is no evidence of a season.
const FEWEST_PURCHASES: f64 = 365.0;

/// The part of the year that has a factor of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Season {
    /// The twelve months.
    Month,
    /// The 52 weeks counted from the first of January; the last one is a day or two longer.
    Week,
}

impl Season {
    /// Gives how many there are in a year.
    #[must_use]
    pub const fn in_a_year(self) -> usize {
        match self {
            Self::Month => 12,
            Self::Week => 52,
        }
    }

    fn of(self, date: NaiveDate) -> usize {
        let number = match self {
            Self::Month => date.month0(),
            Self::Week => (date.ordinal0() / 7).min(51),
        };
        usize::try_from(number).unwrap_or_default()
    }
}

/// How much more or less is bought in a season than in a mean one.
///
/// The buying models know no seasons: their forecast is multiplied by these factors afterwards,
/// and both are shown apart. A factor is the number of purchases in a season against what its days
/// would have had of each whole year's, all years together, so that growth from year to year does
/// not pass for a season; factors of few purchases are drawn towards 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalendarIndex {
    season: Season,
    factors: Vec<f64>,
    years: u32,
}

/// The seasons of a shop with the days that its models have seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShopSeason {
    /// How much more or less is bought in which season.
    pub index: CalendarIndex,
    /// The first day with a purchase.
    pub since: NaiveDate,
}

/// Counts purchases by day until seasons are learnt from them.
#[derive(Debug, Clone, Default)]
pub struct SeasonCollector {
    purchases: BTreeMap<u32, u32>,
}

/// A forecast with the season set apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SeasonalForecast {
    /// What the model says, which knows no season.
    pub by_model: f64,
    /// The mean factor of the days of the horizon, against that of the days of the fit.
    pub season: f64,
}

impl SeasonalForecast {
    /// Gives the forecast with the season.
    #[must_use]
    pub fn total(self) -> f64 {
        self.by_model * self.season
    }
}

impl CalendarIndex {
    /// Learns from the purchases of each day, the first of which is `first_day`.
    ///
    /// Whole years back from the last day are looked at; none if there is not even one, or nothing
    /// was bought in them.
    #[must_use]
    pub fn learn(season: Season, first_day: NaiveDate, purchases: &[u32]) -> Option<Self> {
        let mut end =
            first_day.checked_add_days(Days::new(u64::try_from(purchases.len()).ok()?))?;
        // By season: purchases, those that its days would have had, and the days as years.
        let mut seasons = vec![(0.0, 0.0, 0.0); season.in_a_year()];
        let mut all = 0.0;
        let mut years = 0_u32;
        while let Some(start) = a_year_before(end).filter(|start| *start >= first_day) {
            let of_year = YearOfPurchases::gather(season, (start, end), first_day, purchases);
            for (sums, (count, days)) in seasons.iter_mut().zip(&of_year.seasons) {
                sums.0 += count;
                sums.1 += of_year.total * days;
                sums.2 += days;
            }
            all += of_year.total;
            years += u32::from(of_year.total >= FEWEST_PURCHASES);
            end = start;
        }
        if all <= 0.0 {
            return None;
        }
        let factor = |(count, expected, _): &(f64, f64, f64)| {
            (count + PRIOR_PURCHASES) / (expected + PRIOR_PURCHASES)
        };
        let mut factors: Vec<f64> = seasons.iter().map(factor).collect();
        let days: f64 = seasons.iter().map(|(_, _, days)| days).sum();
        let weighed = factors.iter().zip(&seasons);
        let mean = weighed
            .map(|(factor, (_, _, days))| factor * days)
            .sum::<f64>()
            / days;
        for factor in &mut factors {
            *factor /= mean;
        }
        Some(Self {
            season,
            factors,
            years,
        })
    }

    /// Gives the factor of a day: 1 in a mean season.
    #[must_use]
    pub fn factor(&self, date: NaiveDate) -> f64 {
        self.factors
            .get(self.season.of(date))
            .copied()
            .unwrap_or(1.0)
    }

    /// Gives the factors in the order of the year.
    #[must_use]
    pub fn factors(&self) -> &[f64] {
        &self.factors
    }

    /// Gives how many whole years of at least 365 purchases it was learnt from; one cannot tell a
    /// season from a trend.
    #[must_use]
    pub const fn years(&self) -> u32 {
        self.years
    }

    /// Gives the mean factor of a number of days from a day on.
    #[must_use]
    pub fn mean_factor(&self, first: NaiveDate, days: u32) -> f64 {
        let factors: f64 = first
            .iter_days()
            .zip(0..days)
            .map(|(date, _)| self.factor(date))
            .sum();
        if days == 0 {
            1.0
        } else {
            factors / f64::from(days)
        }
    }

    /// Gives how much more or less is bought on the days after `today` than on those that a model
    /// has seen: the factor of its forecasts.
    ///
    /// `fitted_days` are the days before that the model has seen: if they held a peak, it has taken
    /// it for the customers' rate already.
    #[must_use]
    pub fn ahead(&self, today: NaiveDate, fitted_days: u32, horizon_days: u32) -> f64 {
        let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
        let fitted_from = today
            .checked_sub_days(Days::new(u64::from(fitted_days.saturating_sub(1))))
            .unwrap_or(today);
        self.mean_factor(tomorrow, horizon_days) / self.mean_factor(fitted_from, fitted_days)
    }
}

impl SeasonCollector {
    /// Adds the purchase days of a customer.
    pub fn add(&mut self, days: &[PurchaseDay]) {
        for purchase in days {
            let count = self.purchases.entry(purchase.day).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Learns the months from all purchases up to `today`; none from less than a year of them.
    ///
    /// Days are numbered by [`day_number`].
    #[must_use]
    pub fn learn(&self, today: NaiveDate) -> Option<ShopSeason> {
        let (first, _) = self.purchases.first_key_value()?;
        let since = NaiveDate::from_num_days_from_ce_opt(i32::try_from(*first).ok()?)?;
        let days = since.iter_days().take_while(|day| *day <= today);
        let of_day = |day| self.purchases.get(&day_number(day)).copied();
        let purchases: Vec<u32> = days.map(|day| of_day(day).unwrap_or_default()).collect();
        let index = CalendarIndex::learn(Season::Month, since, &purchases)?;
        Some(ShopSeason { index, since })
    }
}

impl ShopSeason {
    /// How many whole years seasons must be learnt from to be believed: in a single one nobody can
    /// tell a season from a trend.
    pub const FEWEST_YEARS: u32 = 2;

    /// Tells whether forecasts are set into the season.
    #[must_use]
    pub const fn is_believed(&self) -> bool {
        self.index.years() >= Self::FEWEST_YEARS
    }

    /// Gives the factor of forecasts of the days after `today`, if the season is believed.
    ///
    /// It is the same for all customers, and looks at every day of the shop: ask once.
    #[must_use]
    pub fn ahead(&self, today: NaiveDate, horizon_days: u32) -> Option<f64> {
        let seen = today.signed_duration_since(self.since).num_days() + 1;
        let seen = u32::try_from(seen).ok().filter(|_| self.is_believed())?;
        Some(self.index.ahead(today, seen, horizon_days))
    }
}

/// The purchases of a year by season, with the share that each season's days would have.
struct YearOfPurchases {
    total: f64,
    seasons: Vec<(f64, f64)>,
}

impl YearOfPurchases {
    fn gather(
        season: Season,
        (start, end): (NaiveDate, NaiveDate),
        first_day: NaiveDate,
        purchases: &[u32],
    ) -> Self {
        let days = usize::try_from((end - start).num_days()).unwrap_or_default();
        let skipped = usize::try_from((start - first_day).num_days()).unwrap_or_default();
        let mut seasons = vec![(0.0, 0.0); season.in_a_year()];
        let mut total = 0.0;
        let of_year = purchases.get(skipped..).unwrap_or_default();
        for (date, count) in start.iter_days().zip(of_year).take(days) {
            let place = season.of(date);
            seasons[place].0 += f64::from(*count);
            seasons[place].1 += 1.0 / float::of_count(days);
            total += f64::from(*count);
        }
        Self { total, seasons }
    }
}

/// Gives the same day of the year before; the last of February for a leap day.
fn a_year_before(date: NaiveDate) -> Option<NaiveDate> {
    date.checked_sub_months(chrono::Months::new(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    /// Two years of 100 purchases a day, 300 in December.
    fn december() -> Vec<u32> {
        date(2023, 1, 1)
            .iter_days()
            .take_while(|day| *day < date(2025, 1, 1))
            .map(|day| if day.month() == 12 { 300 } else { 100 })
            .collect()
    }

    #[test]
    fn a_peak_is_found_and_the_mean_of_a_year_stays_one() {
        let index = CalendarIndex::learn(Season::Month, date(2023, 1, 1), &december()).unwrap();
        assert_eq!(index.years(), 2);
        let (peak, rest) = (
            index.factor(date(2025, 12, 5)),
            index.factor(date(2025, 5, 1)),
        );
        assert!((peak / rest - 3.0).abs() < 0.02, "{peak} {rest}");
        let mean = index.mean_factor(date(2025, 1, 1), 365);
        assert!((mean - 1.0).abs() < 1e-3, "{mean}");
        let weeks = CalendarIndex::learn(Season::Week, date(2023, 1, 1), &december()).unwrap();
        assert!(weeks.factor(date(2025, 12, 15)) > 2.0);
        assert_eq!(weeks.factors().len(), 52);
    }

    #[test]
    fn a_forecast_over_a_peak_is_raised_and_the_season_stands_apart() {
        let index = CalendarIndex::learn(Season::Month, date(2023, 1, 1), &december()).unwrap();
        let november = date(2025, 11, 30);
        let raised = SeasonalForecast {
            by_model: 10.0,
            season: index.ahead(november, 300, 31),
        };
        assert!(raised.season > 2.5 && raised.total() > 25.0, "{raised:?}");
        let after_a_peak = index.ahead(date(2025, 12, 31), 31, 31);
        assert!(after_a_peak < 0.5, "{after_a_peak}");
    }

    #[test]
    fn the_season_of_a_shop_is_believed_from_two_years_on() {
        let purchases_of = |first: NaiveDate| {
            let mut collector = SeasonCollector::default();
            for (date, count) in date(2023, 1, 1).iter_days().zip(december()) {
                let day = PurchaseDay {
                    day: day_number(date),
                    kopecks: 100,
                };
                if date >= first {
                    collector.add(&vec![day; usize::try_from(count).unwrap()]);
                }
            }
            collector
        };
        let today = date(2024, 12, 31);
        let season = purchases_of(date(2023, 1, 1)).learn(today).unwrap();
        assert_eq!((season.index.years(), season.since), (2, date(2023, 1, 1)));
        // A mean year has been seen, so that January is what it is: below the mean.
        let january = season.ahead(today, 31).unwrap();
        assert!((0.8..0.9).contains(&january), "{january}");
        let one_year = purchases_of(date(2023, 6, 1)).learn(today).unwrap();
        assert_eq!(one_year.index.years(), 1);
        assert_eq!(one_year.ahead(today, 31), None);
        assert_eq!(purchases_of(date(2024, 6, 1)).learn(today), None);
        assert_eq!(SeasonCollector::default().learn(today), None);
    }

    #[test]
    fn a_nearly_empty_year_neither_counts_nor_moves_a_factor() {
        let mut days = vec![0; 365];
        days[40] = 5;
        days.extend(december());
        let first = date(2022, 1, 1);
        let index = CalendarIndex::learn(Season::Month, first, &days).unwrap();
        assert_eq!(index.years(), 2);
        let alone = CalendarIndex::learn(Season::Month, date(2023, 1, 1), &december()).unwrap();
        for (factor, alone) in index.factors().iter().zip(alone.factors()) {
            assert!((factor / alone - 1.0).abs() < 2e-3, "{factor} {alone}");
        }
    }

    #[test]
    fn less_than_a_year_says_nothing_and_few_purchases_say_little() {
        let days = december();
        assert_eq!(
            CalendarIndex::learn(Season::Month, date(2023, 1, 1), &days[..364]),
            None
        );
        let few: Vec<u32> = days
            .iter()
            .map(|count| u32::from(*count > 100) * count / 300)
            .collect();
        let index = CalendarIndex::learn(Season::Month, date(2023, 1, 1), &few).unwrap();
        assert!(index.factor(date(2025, 12, 5)) < 3.0);
        assert_eq!(index.years(), 0, "31 purchases a year are no evidence");
        let none = CalendarIndex::learn(Season::Month, date(2023, 1, 1), &vec![0; 800]);
        assert_eq!(none, None);
    }
}
