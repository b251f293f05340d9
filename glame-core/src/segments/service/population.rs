use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::{PAGE, SegmentError, SegmentService, references};
use crate::analytics::{AsOf, BoughtLine, CustomerMetrics, Scoring};
use crate::catalogue::Product;
use crate::loyalty::LotState;
use crate::ports::{AccountQuery, AccountSnapshot, StorageError};
use crate::purchases::PurchaseHistory;
use crate::segments::{
    Bitmap, CustomerFacts, CustomerSegment, Explanation, Forecast, Memberships, Moment, Outcome,
    Overrides, Preview, SegmentRule, SegmentSnapshot, SnapshotBuilder, UnknownSegment,
    evaluation_order,
};
use crate::users::{Role, User};
use crate::values::{ProductRef, SegmentId, UserId};

/// All customers at one instant, with the members of every active segment.
#[derive(Debug)]
pub struct Population {
    pub(super) snapshot: SegmentSnapshot,
    pub(super) now: DateTime<Utc>,
    pub(super) moment: Moment,
    pub(super) figures_at: Option<DateTime<Utc>>,
    pub(super) memberships: Memberships,
    pub(super) segments: Vec<CustomerSegment>,
    pub(super) overrides: BTreeMap<SegmentId, Overrides>,
    threads: std::num::NonZeroUsize,
}

impl Population {
    /// Gives the customers.
    #[must_use]
    pub const fn snapshot(&self) -> &SegmentSnapshot {
        &self.snapshot
    }

    /// Gives the instant at which everything was read and to which windows are counted.
    #[must_use]
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
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

    /// Gives the members of a segment as rows; one that is not at work has none.
    #[must_use]
    pub fn members(&self, segment: SegmentId) -> Bitmap {
        let members = self.memberships.get(&segment).cloned();
        members.unwrap_or_else(|| Bitmap::none(self.snapshot.users().len()))
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
        }
        Ok(())
    }
}

impl SegmentService {
    /// Reads all customers, in pages, and evaluates every active segment.
    ///
    /// Customers who are removed and members of staff are left out. Scores and statuses are made
    /// anew from the stored figures, so that silence counts up to now. What models say comes from
    /// the caller.
    pub async fn load(
        &self,
        forecasts: &BTreeMap<UserId, Forecast>,
    ) -> Result<Population, SegmentError> {
        let now = self.clock.now();
        let segments = self.storage.segments().await?.into_iter();
        let segments: Vec<_> = segments.map(|stored| stored.segment).collect();
        let mut overrides = BTreeMap::new();
        for segment in &segments {
            overrides.insert(segment.id, self.overrides(segment.id).await?);
        }
        let scoring = self.storage.scoring().await?;
        let mut population = Population {
            snapshot: self
                .read_customers(now, scoring.as_ref(), forecasts)
                .await?,
            now,
            moment: Moment::at(now, self.settings.metrics.zone),
            figures_at: scoring.map(|scoring| scoring.computed_at),
            memberships: Memberships::new(),
            segments,
            overrides,
            threads: self.settings.threads,
        };
        population.evaluate_all()?;
        Ok(population)
    }

    async fn read_customers(
        &self,
        now: DateTime<Utc>,
        scoring: Option<&Scoring>,
        forecasts: &BTreeMap<UserId, Forecast>,
    ) -> Result<SegmentSnapshot, SegmentError> {
        let catalogue = self.catalogue().await?;
        let stores = self.storage.stores().await?;
        let mut builder = SnapshotBuilder::new(self.settings.metrics.zone, &stores);
        let mut after = None;
        loop {
            let mut users = self.storage.users_after(after, PAGE).await?;
            let Some(last) = users.last() else { break };
            after = Some(last.id);
            users.retain(|user| user.role == Role::Customer && !user.removed);
            let page = self.read_page(&users, now, scoring).await?;
            for user in &users {
                let history = page.histories.get(&user.id);
                let policy = &self.settings.metrics;
                let lines = history
                    .map(|history| BoughtLine::all_of(history, &catalogue, policy, AsOf::Now(now)));
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
        now: DateTime<Utc>,
        scoring: Option<&Scoring>,
    ) -> Result<CustomerPage, StorageError> {
        let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
        let queries: Vec<_> = ids.iter().map(|user| AccountQuery::of(*user)).collect();
        let accounts = self.storage.loyalty_accounts(&queries).await?;
        let histories = self.storage.histories(&ids).await?;
        let metrics = self.storage.metrics(&ids).await?.into_iter();
        let scored = metrics.map(|metrics| match scoring {
            Some(scoring) => CustomerMetrics::score(
                metrics.figures,
                &scoring.cuts,
                &scoring.policy,
                AsOf::Now(now),
            ),
            None => metrics,
        });
        Ok(CustomerPage {
            metrics: scored
                .map(|metrics| (metrics.figures.user, metrics))
                .collect(),
            histories: histories
                .into_iter()
                .map(|history| (history.user(), history))
                .collect(),
            points: accounts
                .iter()
                .map(|account| (account.header.user, available(account, now)))
                .collect(),
        })
    }

    async fn catalogue(&self) -> Result<HashMap<ProductRef, Product>, StorageError> {
        let mut catalogue = HashMap::new();
        let mut after = None;
        loop {
            let page = self.storage.products_after(after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(catalogue);
            };
            after = Some(last.product);
            catalogue.extend(page.into_iter().map(|product| (product.product, product)));
        }
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

/// What is known of a page of customers beside their profiles.
struct CustomerPage {
    metrics: HashMap<UserId, CustomerMetrics>,
    histories: HashMap<UserId, PurchaseHistory>,
    points: HashMap<UserId, i64>,
}

fn available(account: &AccountSnapshot, now: DateTime<Utc>) -> i64 {
    let lots = account.lots.iter();
    lots.filter(|lot| lot.state(now) == LotState::Available)
        .fold(0, |sum: i64, lot| sum.saturating_add(lot.remaining.get()))
}
