//! `CustomerAnalyticsService`: questions about all customers, over a storage.

mod outlooks;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    AsOf, CategoryNames, CustomerDays, CustomerMetrics, CustomerStatus, MeasuredCustomer,
    MetricsPolicy, Occasions, OutlookPolicy, PurchaseFigures, Ranking, RfmCuts, RfmInputs,
    RfmScore, RfmSegment, SettledHistory, UnorderedCuts,
};
use crate::catalogue::Product;
use crate::ports::{Storage, StorageError};
use crate::purchases::PurchaseHistory;
use crate::segments::{Population, SegmentStats};
use crate::values::{Money, ProductRef, UserId};

/// How many customers are looked at together.
const PAGE: u32 = 1_000;

/// Answers questions about all customers at once, as of any day.
///
/// Customers are read in pages, so that memory does not grow with the shop. Members of staff and
/// customers who are removed are left out, as they are of [`segments`](crate::segments).
#[derive(Debug, Clone)]
pub struct CustomerAnalyticsService {
    storage: Arc<dyn Storage>,
    policy: MetricsPolicy,
    outlook: OutlookPolicy,
    threads: NonZeroUsize,
}

/// Which figures a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    /// The ones that were made last and stored.
    Stored,
    /// Figures made now from the purchases, as of an instant; nothing is stored.
    AsOf(AsOf),
}

/// Tells why a question about customers could not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalyticsError {
    /// No figures have been made yet.
    #[error("there are no figures yet; make them first (glame metrics recompute)")]
    NothingMeasured,
    /// The shop has not been looked at as a whole yet.
    #[error("the shop has not been analysed yet; do it first (glame metrics recompute)")]
    NothingAnalysed,
    /// The calendar does not reach to the day of the question.
    #[error("no figures can be made as of this day")]
    NoSuchDay,
    /// The scoring policy does not hold.
    #[error(transparent)]
    Policy(#[from] UnorderedCuts),
    /// The database could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How customers are spread over scores and segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RfmAnalysis {
    /// The instant that it speaks of.
    pub as_of: AsOf,
    /// The cut points of the scores.
    pub cuts: RfmCuts,
    /// Customers who have bought and are scored.
    pub customers: u64,
    /// Customers of each cell that is not empty, with what they have spent.
    pub cells: BTreeMap<RfmScore, Group>,
    /// Customers of each segment of the named map, best first, empty ones included.
    pub segments: Vec<(RfmSegment, Group)>,
    /// Customers of each status, best first, empty ones included.
    pub statuses: Vec<(CustomerStatus, Group)>,
}

/// So many customers, who have spent so much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// How many.
    pub customers: u64,
    /// What they have spent together; it stops at the limits of 64 bits of kopecks.
    pub total_spent: Money,
}

impl Group {
    pub(super) fn add(&mut self, spent: Money) {
        *self = self.with(Self {
            customers: 1,
            total_spent: spent,
        });
    }

    /// Gives both groups together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        let (one, more) = (self.total_spent.kopecks(), other.total_spent.kopecks());
        Self {
            customers: self.customers + other.customers,
            total_spent: Money::from_kopecks(one.saturating_add(more)),
        }
    }
}

impl CustomerAnalyticsService {
    /// Puts the service together.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, policy: MetricsPolicy) -> Self {
        Self {
            storage,
            policy,
            outlook: OutlookPolicy::default(),
            threads: NonZeroUsize::MIN,
        }
    }

    /// Looks ahead by these rules, on so many threads; neither changes the figures.
    #[must_use]
    pub const fn looking_ahead(mut self, policy: OutlookPolicy, threads: NonZeroUsize) -> Self {
        self.outlook = policy;
        self.threads = threads;
        self
    }

    /// Gives how customers are spread over scores, cells and segments.
    ///
    /// `each` sees the figures of every customer who has a purchase of any kind, by user id;
    /// who has none is New and has no figures.
    pub async fn get_rfm_analysis(
        &self,
        figures: Figures,
        mut each: impl FnMut(&CustomerMetrics) + Send,
    ) -> Result<RfmAnalysis, AnalyticsError> {
        let mut cells: BTreeMap<RfmScore, Group> = BTreeMap::new();
        let mut segments: BTreeMap<RfmSegment, Group> = BTreeMap::new();
        let mut statuses: BTreeMap<CustomerStatus, Group> = BTreeMap::new();
        let mut customers = 0;
        let (as_of, cuts) = self
            .for_each(figures, |row| {
                let spent = row.figures.total_spent;
                statuses.entry(row.status).or_default().add(spent);
                if let Some(score) = row.rfm_score {
                    customers += 1;
                    cells.entry(score).or_default().add(spent);
                    segments.entry(score.segment()).or_default().add(spent);
                }
                each(row);
            })
            .await?;
        let segments = RfmSegment::ALL
            .map(|segment| (segment, segments.get(&segment).copied().unwrap_or_default()))
            .to_vec();
        let statuses = CustomerStatus::ALL
            .map(|status| (status, statuses.get(&status).copied().unwrap_or_default()))
            .to_vec();
        Ok(RfmAnalysis {
            as_of,
            cuts,
            customers,
            cells,
            segments,
            statuses,
        })
    }

    /// Gives what the members of each active segment come to, by name.
    #[must_use]
    pub fn get_customer_segments_stats(population: &Population) -> Vec<SegmentStats> {
        population.stats()
    }

    /// Gives the customers who have spent most, the most first; equal ones by user id.
    pub async fn get_top_customers(
        &self,
        figures: Figures,
        limit: usize,
    ) -> Result<(AsOf, Vec<CustomerMetrics>), AnalyticsError> {
        let mut ranking = Ranking::of(limit);
        let (as_of, _) = self
            .for_each(figures, |row| {
                ranking.add(row.figures.total_spent, row.figures.user, || row.clone());
            })
            .await?;
        Ok((as_of, ranking.into_values().collect()))
    }

    /// Looks at the figures of every customer, by user id.
    ///
    /// Stored figures are scored anew by the cut points of the last whole run: what a run has
    /// replaced meanwhile stands on one scale with the rest.
    async fn for_each(
        &self,
        figures: Figures,
        mut each: impl FnMut(&CustomerMetrics) + Send,
    ) -> Result<(AsOf, RfmCuts), AnalyticsError> {
        let storage = self.storage.as_ref();
        match figures {
            Figures::Stored => {
                let scoring = storage
                    .scoring()
                    .await?
                    .ok_or(AnalyticsError::NothingMeasured)?;
                let non_customers = non_customers(storage).await?;
                let mut after = None;
                loop {
                    let page = storage.metrics_after(after, PAGE).await?;
                    let Some(last) = page.last() else {
                        return Ok((scoring.as_of, scoring.cuts));
                    };
                    after = Some(last.figures.user);
                    for row in page {
                        if !non_customers.contains(&row.figures.user) {
                            each(&scoring.score(row.figures));
                        }
                    }
                }
            }
            Figures::AsOf(as_of) => {
                let yardstick = Yardstick::find(storage, &self.policy, as_of).await?;
                let mut after = None;
                while let Some((last, rows)) = yardstick.measure_after(storage, after).await? {
                    after = Some(last);
                    let customers = rows
                        .iter()
                        .filter(|row| yardstick.is_customer(row.figures.user));
                    customers.for_each(&mut each);
                }
                Ok((as_of, yardstick.cuts))
            }
        }
    }
}

/// Reads all articles, in pages.
pub(crate) async fn whole_catalogue(
    storage: &dyn Storage,
) -> Result<HashMap<ProductRef, Product>, StorageError> {
    let mut catalogue = HashMap::new();
    let mut after = None;
    loop {
        let page = storage.products_after(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(catalogue);
        };
        after = Some(last.product);
        catalogue.extend(page.into_iter().map(|product| (product.product, product)));
    }
}

async fn non_customers(storage: &dyn Storage) -> Result<BTreeSet<UserId>, StorageError> {
    Ok(storage.non_customers().await?.into_iter().collect())
}

/// All that is needed to measure any customer as of one instant.
#[derive(Debug)]
pub(crate) struct Yardstick<'a> {
    catalogue: HashMap<ProductRef, Product>,
    categories: CategoryNames,
    policy: &'a MetricsPolicy,
    as_of: AsOf,
    non_customers: BTreeSet<UserId>,
    pub(crate) cuts: RfmCuts,
}

impl<'a> Yardstick<'a> {
    /// Reads the catalogue and finds the cut points, which may need a look at every customer.
    pub(crate) async fn find(
        storage: &dyn Storage,
        policy: &'a MetricsPolicy,
        as_of: AsOf,
    ) -> Result<Self, AnalyticsError> {
        let catalogue = whole_catalogue(storage).await?;
        let non_customers = non_customers(storage).await?;
        let mut population: Vec<RfmInputs> = Vec::new();
        let mut after = None;
        while policy.rfm.needs_population() {
            let histories = storage.histories_after(after, PAGE).await?;
            let Some(last) = histories.last() else { break };
            after = Some(last.user());
            population.extend(
                histories
                    .iter()
                    .filter(|history| !non_customers.contains(&history.user()))
                    .map(|history| SettledHistory::of(history, &catalogue, policy, as_of))
                    .filter_map(|settled| PurchaseFigures::of(&settled).rfm_inputs(policy, as_of)),
            );
        }
        let cuts = policy.rfm.cuts(&population)?;
        Ok(Self {
            categories: CategoryNames::of(catalogue.values()),
            catalogue,
            policy,
            as_of,
            non_customers,
            cuts,
        })
    }

    fn is_customer(&self, user: UserId) -> bool {
        !self.non_customers.contains(&user)
    }

    /// Measures one customer.
    pub(crate) async fn measure(
        &self,
        storage: &dyn Storage,
        user: UserId,
    ) -> Result<CustomerMetrics, StorageError> {
        Ok(self.figures_of(&storage.history(user).await?))
    }

    /// Measures the next page of users who have bought, whether they are customers still or not,
    /// and tells who the last of them is.
    pub(crate) async fn measure_after(
        &self,
        storage: &dyn Storage,
        after: Option<UserId>,
    ) -> Result<Option<(UserId, Vec<CustomerMetrics>)>, StorageError> {
        let histories = storage.histories_after(after, PAGE).await?;
        let rows = histories.iter().map(|history| self.figures_of(history));
        Ok(histories.last().map(|last| (last.user(), rows.collect())))
    }

    /// Measures the next page of customers with their days, and tells who the last of the users
    /// is that were looked at.
    async fn survey_after(
        &self,
        storage: &dyn Storage,
        after: Option<UserId>,
    ) -> Result<Option<(UserId, Vec<MeasuredCustomer>)>, StorageError> {
        let histories = storage.histories_after(after, PAGE).await?;
        let customers = histories
            .iter()
            .filter(|history| self.is_customer(history.user()))
            .map(|history| self.survey(history));
        Ok(histories
            .last()
            .map(|last| (last.user(), customers.collect())))
    }

    fn survey(&self, history: &PurchaseHistory) -> MeasuredCustomer {
        let settled = self.settle(history);
        MeasuredCustomer {
            metrics: self.score(&settled),
            days: CustomerDays::of(&settled),
            occasions: Occasions::of(&settled, &self.categories),
        }
    }

    pub(crate) fn figures_of(&self, history: &PurchaseHistory) -> CustomerMetrics {
        self.score(&self.settle(history))
    }

    fn settle<'h>(&'h self, history: &'h PurchaseHistory) -> SettledHistory<'h> {
        SettledHistory::of(history, &self.catalogue, self.policy, self.as_of)
    }

    fn score(&self, settled: &SettledHistory<'_>) -> CustomerMetrics {
        let figures = PurchaseFigures::of(settled);
        CustomerMetrics::score(figures, &self.cuts, self.policy, self.as_of)
    }
}
