//! What the models and the calendar say of the whole shop.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::buying::{
    CalibrationReport, CategoryPair, ChurnLevel, CoPurchases, CohortCollector, CohortTable,
    DataFinding, FindingCollector, FittedModels, ModelCollector, NextCategory,
    NextCategoryCollector, Outcome, PurchaseSummary, SeasonCollector, ShopSeason, ValueMeasure,
    ValueTotals,
};
use super::{
    AsOf, CategoryNames, CustomerOutlook, CustomerStatus, Foresight, Group, MeasuredCustomer,
    OutlookPolicy, Ranking, RfmScore, RfmSegment, day_number,
};
use crate::values::{Money, PlainText, UserId};

/// How many customers each list of the analysis holds.
const LISTED: usize = 100;

/// Categories must be bought together so often to be called a pair.
const FEWEST_TOGETHER: usize = 5;

/// At most about so many customers are looked at to tell how well forecasts hold.
const MOST_OUTCOMES: usize = 100_000;

/// What the models and the calendar say of the whole shop: made by the daily run, and stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShopAnalysis {
    /// The instant that it speaks of.
    pub as_of: AsOf,
    /// When it was made.
    pub computed_at: DateTime<Utc>,
    /// By which rules.
    pub policy: OutlookPolicy,
    /// The models of today.
    pub models: FittedModels,
    /// How much more or less is bought in which month; none of a shop younger than a year.
    #[serde(default)]
    pub season: Option<ShopSeason>,
    /// From which category customers buy next; none if no category is known.
    #[serde(default)]
    pub next_category: Option<NextCategory>,
    /// The hundred pairs of categories that are bought together most often, the most frequent
    /// first.
    #[serde(default)]
    pub bought_together: Vec<CategoryPair<PlainText>>,
    /// How customers are spread over scores.
    pub rfm: RfmSpread,
    /// Customers of each status who have bought or returned something, best first, empty ones
    /// included.
    #[serde(default)]
    pub statuses: Vec<(CustomerStatus, Group)>,
    /// What all customers have been worth and may be worth.
    pub values: ValueTotals,
    /// Customers of each risk, the lowest first, with what they have spent.
    pub churn: Vec<(ChurnLevel, Group)>,
    /// Customers by the month of their first purchase.
    pub cohorts: CohortTable,
    /// How forecasts made one horizon ago have turned out; none if the shop is younger.
    pub calibration: Option<CalibrationReport>,
    /// What a person should look at.
    pub findings: Vec<DataFinding<UserId>>,
    /// The hundred most valuable customers, past and future together, the most valuable first.
    pub most_valuable: Vec<CustomerOutlook>,
    /// The hundred customers who have spent most, the most first.
    #[serde(default)]
    pub top_spenders: Vec<CustomerOutlook>,
    /// The hundred customers of high risk who have spent most, the most first.
    pub most_at_risk: Vec<CustomerOutlook>,
}

impl ShopAnalysis {
    /// Analyses customers who are all in memory, by user id, with occasions in the numbers of
    /// `categories`; none if the calendar does not reach to the day of `as_of` in `zone`.
    #[must_use]
    pub fn of(
        (customers, categories): (&[MeasuredCustomer], CategoryNames),
        (as_of, zone): (AsOf, Tz),
        policy: OutlookPolicy,
        threads: NonZeroUsize,
        computed_at: DateTime<Utc>,
    ) -> Option<Self> {
        let mut learning = Learning::new(as_of.date(zone), policy, categories);
        learning.add(customers);
        let mut survey = learning.fit(as_of, policy, threads.get())?;
        survey.add(customers);
        Some(survey.finish(computed_at))
    }

    /// Gives what customers are looked ahead for with.
    #[must_use]
    pub const fn foresight(&self) -> Foresight<'_> {
        Foresight {
            models: &self.models,
            season: self.season.as_ref(),
            next_category: self.next_category.as_ref(),
            churn: self.policy.churn,
        }
    }
}

/// How customers are spread over scores.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RfmSpread {
    /// Customers of each cell that is not empty, by cell.
    pub cells: Vec<(RfmScore, Group)>,
}

impl RfmSpread {
    /// Gives how many customers have bought, for those are scored.
    #[must_use]
    pub fn buyers(&self) -> u64 {
        self.cells.iter().map(|(_, group)| group.customers).sum()
    }

    /// Gives the customers of each segment of the named map, best first, empty ones included.
    #[must_use]
    pub fn segments(&self) -> Vec<(RfmSegment, Group)> {
        let of = |segment: RfmSegment| {
            let cells = self.cells.iter();
            let mine = cells.filter(|(score, _)| score.segment() == segment);
            let sum = mine.fold(Group::default(), |sum, (_, group)| sum.with(*group));
            (segment, sum)
        };
        RfmSegment::ALL.map(of).to_vec()
    }
}

/// The first reading of a shop: what the models learn from.
#[derive(Debug)]
pub(super) struct Learning {
    today: NaiveDate,
    /// The day of an earlier fit, against which forecasts are held.
    earlier: NaiveDate,
    now: ModelCollector,
    then: ModelCollector,
    known_then: usize,
    seasons: SeasonCollector,
    categories: NextCategoryCollector,
    together: CoPurchases,
}

/// The second reading of a shop: what the models say of everybody.
#[derive(Debug)]
pub(super) struct Survey {
    as_of: AsOf,
    today: NaiveDate,
    earlier: NaiveDate,
    policy: OutlookPolicy,
    threads: usize,
    models: FittedModels,
    season: Option<ShopSeason>,
    next_category: Option<NextCategory>,
    bought_together: Vec<CategoryPair<PlainText>>,
    models_then: FittedModels,
    /// Every so-manieth customer of the earlier fit is an outcome.
    step: usize,
    known_then: usize,
    outcomes: Vec<Outcome>,
    rfm: BTreeMap<RfmScore, Group>,
    statuses: BTreeMap<CustomerStatus, Group>,
    values: ValueTotals,
    churn: BTreeMap<ChurnLevel, Group>,
    cohorts: CohortCollector,
    findings: FindingCollector<UserId>,
    most_valuable: Ranking<Money, CustomerOutlook>,
    top_spenders: Ranking<Money, CustomerOutlook>,
    most_at_risk: Ranking<Money, CustomerOutlook>,
}

impl Learning {
    pub(super) fn new(today: NaiveDate, policy: OutlookPolicy, categories: CategoryNames) -> Self {
        let horizon = Days::new(horizon_days(&policy));
        Self {
            today,
            earlier: today.checked_sub_days(horizon).unwrap_or(NaiveDate::MIN),
            now: ModelCollector::default(),
            then: ModelCollector::default(),
            known_then: 0,
            seasons: SeasonCollector::default(),
            categories: NextCategoryCollector::new(categories),
            together: CoPurchases::default(),
        }
    }

    pub(super) fn add(&mut self, customers: &[MeasuredCustomer]) {
        let summaries = |day| -> Vec<PurchaseSummary> {
            let of_day = customers.iter().filter_map(|one| one.summary(day));
            of_day.collect()
        };
        self.now.add(&summaries(self.today));
        let then = summaries(self.earlier);
        self.known_then += then.len();
        self.then.add(&then);
        for customer in customers {
            self.seasons.add(&customer.days.days);
            self.categories.add(&customer.occasions);
            for occasion in &customer.occasions.0 {
                self.together.add(occasion);
            }
        }
    }

    /// Fits the models; none if the calendar does not reach so far.
    pub(super) fn fit(self, as_of: AsOf, policy: OutlookPolicy, threads: usize) -> Option<Survey> {
        let day_zero = NaiveDate::from_num_days_from_ce_opt(0)?;
        let names = self.categories.names();
        let pairs = self.together.pairs(FEWEST_TOGETHER).into_iter();
        let by_name = pairs.take(LISTED).filter_map(|pair| pair.named(names));
        let bought_together = by_name.collect();
        Some(Survey {
            as_of,
            today: self.today,
            earlier: self.earlier,
            policy,
            threads,
            models: self.now.fit(policy.forecast, self.today, threads),
            season: self.seasons.learn(self.today),
            next_category: self.categories.learn(),
            bought_together,
            models_then: self.then.fit(policy.forecast, self.earlier, threads),
            step: self.known_then.div_ceil(MOST_OUTCOMES).max(1),
            known_then: 0,
            outcomes: Vec::new(),
            rfm: BTreeMap::new(),
            statuses: BTreeMap::new(),
            values: ValueTotals::default(),
            churn: BTreeMap::new(),
            cohorts: CohortCollector::until(day_zero, day_number(self.today))?,
            findings: FindingCollector::as_of(day_number(self.today)),
            most_valuable: Ranking::of(LISTED),
            top_spenders: Ranking::of(LISTED),
            most_at_risk: Ranking::of(LISTED),
        })
    }
}

impl Survey {
    /// Looks at a page of customers, and gives what is to be expected of each.
    pub(super) fn add(&mut self, customers: &[MeasuredCustomer]) -> Vec<CustomerOutlook> {
        let foresight = Foresight {
            models: &self.models,
            season: self.season.as_ref(),
            next_category: self.next_category.as_ref(),
            churn: self.policy.churn,
        };
        let outlooks = CustomerOutlook::of_page(customers, foresight, self.today, self.threads);
        for (customer, outlook) in customers.iter().zip(&outlooks) {
            self.cohorts.add(&customer.days.days);
            self.findings.add(outlook.user, &customer.days);
            self.note_outcome(customer);
            if let Some(score) = customer.metrics.rfm_score {
                let cell = self.rfm.entry(score).or_default();
                cell.add(outlook.value.historic);
            }
            let status = self.statuses.entry(customer.metrics.status).or_default();
            status.add(outlook.value.historic);
            self.values.add(&outlook.value);
            let group = self.churn.entry(outlook.churn.level).or_default();
            group.add(outlook.value.historic);
            let (spent, total) = (
                outlook.value.historic,
                outlook.value.by(ValueMeasure::Total),
            );
            let list = |ranking: &mut Ranking<Money, CustomerOutlook>, amount| {
                ranking.add(amount, outlook.user, || outlook.clone());
            };
            if outlook.churn.level == ChurnLevel::High {
                list(&mut self.most_at_risk, spent);
            }
            list(&mut self.most_valuable, total);
            list(&mut self.top_spenders, spent);
        }
        outlooks
    }

    fn note_outcome(&mut self, customer: &MeasuredCustomer) {
        let Some(summary) = customer.summary(self.earlier) else {
            return;
        };
        self.known_then += 1;
        let Some(model) = self.models_then.trusted_model() else {
            return;
        };
        if !self.known_then.is_multiple_of(self.step) {
            return;
        }
        let period = day_number(self.earlier) + 1..=day_number(self.today);
        let later = customer.days.days.iter();
        let later = later.filter(|purchase| period.contains(&purchase.day));
        self.outcomes.push(Outcome {
            summary,
            predicted: model.predict(&summary, self.policy.forecast.horizon_weeks),
            purchases: u32::try_from(later.count()).unwrap_or(u32::MAX),
        });
    }

    pub(super) fn finish(self, computed_at: DateTime<Utc>) -> ShopAnalysis {
        let weeks = self.policy.forecast.horizon_weeks;
        let risk = |level| {
            let group = self.churn.get(&level).copied();
            (level, group.unwrap_or_default())
        };
        let status = |status| {
            let group = self.statuses.get(&status).copied();
            (status, group.unwrap_or_default())
        };
        ShopAnalysis {
            as_of: self.as_of,
            computed_at,
            policy: self.policy,
            rfm: RfmSpread {
                cells: self.rfm.into_iter().collect(),
            },
            statuses: CustomerStatus::ALL.map(status).to_vec(),
            values: self.values,
            churn: ChurnLevel::ALL.map(risk).to_vec(),
            cohorts: self.cohorts.finish(),
            calibration: CalibrationReport::of(&self.outcomes, weeks),
            findings: self.findings.finish(),
            most_valuable: self.most_valuable.into_values().collect(),
            top_spenders: self.top_spenders.into_values().collect(),
            most_at_risk: self.most_at_risk.into_values().collect(),
            models: self.models,
            season: self.season,
            next_category: self.next_category,
            bought_together: self.bought_together,
        }
    }
}

/// The horizon of the forecasts in whole days.
fn horizon_days(policy: &OutlookPolicy) -> u64 {
    u64::try_from(super::buying::whole_days(policy.forecast.horizon_weeks)).unwrap_or_default()
}
