use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::{PAGE, SegmentError, SegmentService, references};
use crate::analytics::{
    AsOf, BoughtLine, CustomerDays, CustomerMetrics, CustomerOutlook, MeasuredCustomer, Occasions,
    Scoring, SettledHistory, ShopAnalysis, Yardstick, whole_catalogue,
};
use crate::loyalty::LotState;
use crate::ports::{AccountQuery, AccountSnapshot, StorageError};
use crate::purchases::PurchaseHistory;
use crate::segments::{
    Bitmap, CustomerFacts, CustomerSegment, Decision, Explanation, Forecast, Memberships, Moment,
    NumberField, Outcome, Overrides, Preview, SegmentRule, SegmentSnapshot, SnapshotBuilder,
    UnknownSegment, evaluation_order,
};
use crate::users::{Role, User};
use crate::values::{Money, SegmentId, UserId};

/// All customers at one instant, with the members of every active segment.
#[derive(Debug)]
pub struct Population {
    pub(super) snapshot: SegmentSnapshot,
    pub(super) now: DateTime<Utc>,
    pub(super) moment: Moment,
    pub(super) figures_at: Option<DateTime<Utc>>,
    /// Whom the rules of the active segments match, before what was decided by hand.
    pub(super) matched: Memberships,
    pub(super) memberships: Memberships,
    pub(super) segments: Vec<CustomerSegment>,
    pub(super) overrides: BTreeMap<SegmentId, Overrides>,
    threads: std::num::NonZeroUsize,
}

/// What the members of a segment come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentStats {
    /// The segment.
    pub segment: CustomerSegment,
    /// How many members it has.
    pub customer_count: u64,
    /// What they have spent together; it stops at the limits of 64 bits of kopecks.
    pub total_spent: Money,
    /// What a member has spent on average, half a kopeck rounded up; none without members.
    pub average_ltv: Option<Money>,
    /// The receipts of all members together.
    pub total_purchases: i64,
}

impl Population {
    /// Gives the customers.
    #[must_use]
    pub const fn snapshot(&self) -> &SegmentSnapshot {
        &self.snapshot
    }

    /// Gives the instant at which everything was read.
    #[must_use]
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Gives the day to which silence, ages and windows are counted.
    #[must_use]
    pub const fn day(&self) -> NaiveDate {
        self.moment.today()
    }

    /// Gives when the figures were made; none if there were none.
    #[must_use]
    pub const fn figures_at(&self) -> Option<DateTime<Utc>> {
        self.figures_at
    }

    /// Tells what a segment with this rule would hold, with a sample of so many members.
    ///
    /// With the id of a segment that exists, what was decided by hand about it counts.
    pub fn preview(
        &self,
        rule: &SegmentRule,
        segment: Option<SegmentId>,
        sample: usize,
    ) -> Result<Preview, UnknownSegment> {
        let outcome = self.evaluate(rule)?;
        let none = Overrides::default();
        let overrides = segment.and_then(|segment| self.overrides.get(&segment));
        Ok(self
            .snapshot
            .preview(&outcome, overrides.unwrap_or(&none), sample))
    }

    /// Explains what a rule says of a customer; there is nothing to explain of a stranger.
    pub fn explain(
        &self,
        rule: &SegmentRule,
        user: UserId,
    ) -> Result<Option<Explanation>, UnknownSegment> {
        match self.snapshot.row_of(user) {
            Some(row) => self
                .snapshot
                .explain(rule, row, self.moment, &self.memberships),
            None => Ok(None),
        }
    }

    /// Gives what was decided by hand about a customer and a segment.
    #[must_use]
    pub fn decision(&self, segment: SegmentId, user: UserId) -> Option<Decision> {
        self.overrides.get(&segment)?.of(user)
    }

    /// Gives the members of a segment as rows; one that is not at work has none.
    #[must_use]
    pub fn members(&self, segment: SegmentId) -> Bitmap {
        let members = self.memberships.get(&segment).cloned();
        members.unwrap_or_else(|| Bitmap::none(self.snapshot.users().len()))
    }

    /// Adds the members of each active segment up, by name.
    #[must_use]
    pub fn stats(&self) -> Vec<SegmentStats> {
        let active = self.segments.iter().filter(|segment| segment.is_active());
        let mut stats: Vec<SegmentStats> = active
            .map(|segment| {
                let members = self.members(segment.id);
                let sum = |field| {
                    let numbers = self.snapshot.numbers.get(&field);
                    let values = members.iter().filter_map(|row| numbers?.get(row));
                    values.fold(0, i64::saturating_add)
                };
                let count = members.count();
                let shared = u32::try_from(count).unwrap_or(u32::MAX);
                let spent = Money::from_kopecks(sum(NumberField::TotalSpent));
                SegmentStats {
                    segment: segment.clone(),
                    customer_count: u64::try_from(count).unwrap_or(u64::MAX),
                    total_spent: spent,
                    average_ltv: spent.divided_half_up(shared),
                    total_purchases: sum(NumberField::TotalPurchases),
                }
            })
            .collect();
        stats.sort_by(|one, other| one.segment.name.cmp(&other.segment.name));
        stats
    }

    fn evaluate(&self, rule: &SegmentRule) -> Result<Outcome, UnknownSegment> {
        self.snapshot
            .evaluate(rule, self.moment, &self.memberships, self.threads)
    }

    /// Evaluates every active segment once, after those that it asks about.
    fn evaluate_all(&mut self) -> Result<(), SegmentError> {
        let order = evaluation_order(&references(self.segments.iter()))?;
        for id in order {
            let segment = self.segments.iter().find(|segment| segment.id == id);
            let outcome = match segment.and_then(CustomerSegment::rule) {
                Some(rule) => self.evaluate(rule)?,
                None => self.snapshot.nobody(),
            };
            let overrides = self.overrides.entry(id).or_default();
            let members = self.snapshot.members(&outcome, overrides);
            self.memberships.insert(id, members);
            self.matched.insert(id, outcome.yes);
        }
        Ok(())
    }
}

impl SegmentService {
    /// Reads all customers, in pages, and evaluates every active segment.
    ///
    /// Customers who are removed and members of staff are left out. Scores and statuses are made
    /// anew from the stored figures, and the models that were fitted last are asked anew, so that
    /// silence counts up to the day of `as_of`, which is today or later. Points are those of now.
    pub async fn load(&self, as_of: AsOf) -> Result<Population, SegmentError> {
        let scoring = self.storage.scoring().await?;
        let analysis = self.storage.shop_analysis().await?;
        self.load_by(Basis {
            as_of,
            now: self.clock.now(),
            figures: FiguresFrom::Storage(scoring.as_ref()),
            analysis: analysis.as_ref(),
        })
        .await
    }

    /// Reads all customers with the figures and forecasts that they had at the day of an analysis.
    ///
    /// Of profiles, points, segments and decisions by hand no past is known: they are those of now.
    pub async fn load_past(&self, analysis: &ShopAnalysis) -> Result<Population, SegmentError> {
        let (storage, policy) = (self.storage.as_ref(), &self.settings.metrics);
        let yardstick = Yardstick::find(storage, policy, analysis.as_of).await?;
        self.load_by(Basis {
            as_of: analysis.as_of,
            now: self.clock.now(),
            figures: FiguresFrom::Purchases(&yardstick),
            analysis: Some(analysis),
        })
        .await
    }

    async fn load_by(&self, basis: Basis<'_>) -> Result<Population, SegmentError> {
        let segments = self.storage.segments().await?.into_iter();
        let segments: Vec<_> = segments.map(|stored| stored.segment).collect();
        let mut overrides = BTreeMap::new();
        for segment in &segments {
            overrides.insert(segment.id, self.overrides(segment.id).await?);
        }
        let mut population = Population {
            snapshot: self.read_customers(basis).await?,
            now: basis.now,
            moment: Moment::of(basis.as_of, self.settings.metrics.zone),
            figures_at: basis.figures_at(),
            matched: Memberships::new(),
            memberships: Memberships::new(),
            segments,
            overrides,
            threads: self.settings.threads,
        };
        population.evaluate_all()?;
        Ok(population)
    }

    async fn read_customers(&self, basis: Basis<'_>) -> Result<SegmentSnapshot, SegmentError> {
        let as_of = basis.as_of;
        let catalogue = whole_catalogue(self.storage.as_ref()).await?;
        let stores = self.storage.stores().await?;
        let mut builder = SnapshotBuilder::new(self.settings.metrics.zone, &stores);
        let mut after = None;
        loop {
            let mut users = self.storage.users_after(after, PAGE).await?;
            let Some(last) = users.last() else { break };
            after = Some(last.id);
            users.retain(|user| user.role == Role::Customer && !user.removed);
            let page = self.read_page(&users, basis).await?;
            let policy = &self.settings.metrics;
            let histories = page.histories.iter();
            let settled = histories.map(|history| {
                let settled = SettledHistory::of(history, &catalogue, policy, as_of);
                (history.user(), settled)
            });
            let settled: HashMap<UserId, SettledHistory<'_>> = settled.collect();
            let forecasts = match basis.analysis {
                Some(analysis) => self.forecasts(&page, &settled, analysis, as_of),
                None => HashMap::new(),
            };
            for user in &users {
                let lines = settled.get(&user.id).map(BoughtLine::all_of);
                let metrics = page.metrics.get(&user.id);
                let level = self.level_of(metrics);
                builder.push(&CustomerFacts {
                    user,
                    metrics,
                    purchases: lines.as_deref().unwrap_or_default(),
                    loyalty_points: page.points.get(&user.id).copied().unwrap_or_default(),
                    loyalty_level: level.as_deref(),
                    forecast: forecasts.get(&user.id).copied(),
                })?;
            }
        }
        Ok(builder.finish())
    }

    async fn read_page(
        &self,
        users: &[User],
        basis: Basis<'_>,
    ) -> Result<CustomerPage, StorageError> {
        let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
        let queries: Vec<_> = ids.iter().map(|user| AccountQuery::of(*user)).collect();
        let accounts = self.storage.loyalty_accounts(&queries).await?;
        let histories = self.storage.histories(&ids).await?;
        let metrics = match basis.figures {
            FiguresFrom::Storage(None) => self.storage.metrics(&ids).await?,
            FiguresFrom::Storage(Some(scoring)) => {
                let stored = self.storage.metrics(&ids).await?.into_iter();
                let (cuts, policy) = (&scoring.cuts, &scoring.policy);
                stored
                    .map(|row| CustomerMetrics::score(row.figures, cuts, policy, basis.as_of))
                    .collect()
            }
            FiguresFrom::Purchases(yardstick) => histories
                .iter()
                .map(|history| yardstick.figures_of(history))
                .collect(),
        };
        Ok(CustomerPage {
            metrics: metrics
                .into_iter()
                .map(|metrics| (metrics.figures.user, metrics))
                .collect(),
            histories,
            points: accounts
                .iter()
                .map(|account| (account.header.user, available(account, basis.now)))
                .collect(),
        })
    }

    /// Asks the models about those of a page who have figures.
    fn forecasts(
        &self,
        page: &CustomerPage,
        settled: &HashMap<UserId, SettledHistory<'_>>,
        analysis: &ShopAnalysis,
        as_of: AsOf,
    ) -> HashMap<UserId, Forecast> {
        let measured = |(user, history): (&UserId, &SettledHistory<'_>)| {
            Some(MeasuredCustomer {
                metrics: page.metrics.get(user)?.clone(),
                days: CustomerDays::of(history),
                // No rule asks for the category of the next purchase.
                occasions: Occasions::default(),
            })
        };
        let customers: Vec<_> = settled.iter().filter_map(measured).collect();
        let today = as_of.date(self.settings.metrics.zone);
        let threads = self.settings.threads.get();
        let outlooks = CustomerOutlook::of_page(&customers, analysis.foresight(), today, threads);
        outlooks
            .iter()
            .map(|outlook| (outlook.user, Forecast::of(outlook)))
            .collect()
    }

    fn level_of(&self, metrics: Option<&CustomerMetrics>) -> Option<String> {
        let programme = self.settings.programme.as_ref()?;
        let figures = metrics.map(|metrics| &metrics.figures);
        let receipts = figures.map_or(0, |figures| figures.total_purchases);
        let spent = figures
            .map(|figures| figures.total_spent)
            .unwrap_or_default();
        Some(programme.standing(receipts, spent).level?.id)
    }
}

/// What customers are looked at with, and as of when.
#[derive(Debug, Clone, Copy)]
struct Basis<'a> {
    as_of: AsOf,
    now: DateTime<Utc>,
    figures: FiguresFrom<'a>,
    analysis: Option<&'a ShopAnalysis>,
}

/// Where the figures of customers come from.
#[derive(Debug, Clone, Copy)]
enum FiguresFrom<'a> {
    /// The stored ones, scored anew if it is known how they were scored.
    Storage(Option<&'a Scoring>),
    /// Made from the purchases, as of a day of the past.
    Purchases(&'a Yardstick<'a>),
}

impl Basis<'_> {
    fn figures_at(&self) -> Option<DateTime<Utc>> {
        match self.figures {
            FiguresFrom::Storage(scoring) => scoring.map(|scoring| scoring.computed_at),
            FiguresFrom::Purchases(_) => Some(self.now),
        }
    }
}

/// What is known of a page of customers beside their profiles.
struct CustomerPage {
    metrics: HashMap<UserId, CustomerMetrics>,
    histories: Vec<PurchaseHistory>,
    points: HashMap<UserId, i64>,
}

fn available(account: &AccountSnapshot, now: DateTime<Utc>) -> i64 {
    let lots = account.lots.iter();
    lots.filter(|lot| lot.state(now) == LotState::Available)
        .fold(0, |sum: i64, lot| sum.saturating_add(lot.remaining.get()))
}
