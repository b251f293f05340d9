use std::collections::{BTreeMap, HashMap};

use super::service::ActiveRun;
use super::{
    CustomerSyncService, SyncError, SyncKind, SyncLease, SyncObserver, SyncRun, SyncTrigger,
};
use crate::analytics::{
    AsOf, CustomerMetrics, CustomerStatus, PurchaseFigures, RfmCuts, RfmInputs, Scoring,
};
use crate::catalogue::Product;
use crate::purchases::PurchaseHistory;
use crate::values::{ProductRef, UserId};

/// How many customers are measured together.
const PAGE: u32 = 1_000;

impl CustomerSyncService {
    /// Makes the figures of every customer anew: RFM, value, preferences, status.
    ///
    /// Customers are read in pages, so that memory does not grow with the shop; only what has
    /// changed is written. Who has bought nothing any more loses the figures.
    pub async fn calculate_customer_metrics(
        &self,
        lease: &SyncLease,
        as_of: AsOf,
        trigger: SyncTrigger,
        observer: &dyn SyncObserver,
    ) -> Result<SyncRun, SyncError> {
        let mut active = self
            .start(SyncKind::Metrics, None, None, trigger, lease, observer)
            .await?;
        let outcome = self.measure_everyone(&mut active, as_of).await;
        self.finish(active, outcome).await
    }

    /// Makes the figures of one customer anew by the present cut points, and gives the status.
    ///
    /// Nothing is stored: the figures of all customers are made together.
    pub async fn update_customer_segment(&self, user: UserId) -> Result<CustomerStatus, SyncError> {
        let policy = &self.settings.metrics;
        let as_of = AsOf::Now(self.clock.now());
        let cuts = match self.storage.scoring().await? {
            Some(scoring) => scoring.cuts,
            None => self.find_cuts(&self.catalogue().await?, as_of).await?,
        };
        let history = self.storage.history(user).await?;
        let catalogue = self.catalogue().await?;
        let figures = PurchaseFigures::of(&history, &catalogue, policy, as_of);
        Ok(CustomerMetrics::score(figures, &cuts, policy, as_of).status)
    }

    async fn measure_everyone(
        &self,
        active: &mut ActiveRun<'_>,
        as_of: AsOf,
    ) -> Result<(), SyncError> {
        let policy = &self.settings.metrics;
        let catalogue = self.catalogue().await?;
        let cuts = self.find_cuts(&catalogue, as_of).await?;
        let (mut customers, mut scored) = (0, 0);
        let mut after = None;
        loop {
            active.check_cancelled()?;
            let histories = self.storage.histories_after(after, PAGE).await?;
            let last = histories.last().map(PurchaseHistory::user);
            let rows: Vec<CustomerMetrics> = histories
                .iter()
                .map(|history| PurchaseFigures::of(history, &catalogue, policy, as_of))
                .map(|figures| CustomerMetrics::score(figures, &cuts, policy, as_of))
                .collect();
            customers += rows.len();
            scored += rows.iter().filter(|row| row.rfm_score.is_some()).count();
            let known = self.known_metrics(after, last).await?;
            self.write_metrics(active, rows, known).await?;
            if last.is_none() {
                break;
            }
            after = last;
        }
        let scoring = Scoring {
            as_of,
            policy: policy.clone(),
            cuts,
            computed_at: self.clock.now(),
            customers: u64::try_from(customers).unwrap_or(u64::MAX),
            scored: u64::try_from(scored).unwrap_or(u64::MAX),
        };
        let mut work = self.storage.begin().await?;
        work.put_scoring(&scoring).await?;
        self.commit_step(active, work).await
    }

    /// Gives the stored figures of users from `after` (not included) to `last`, or to the end.
    async fn known_metrics(
        &self,
        after: Option<UserId>,
        last: Option<UserId>,
    ) -> Result<BTreeMap<UserId, CustomerMetrics>, SyncError> {
        let mut known = BTreeMap::new();
        let mut after = after;
        loop {
            let page = self.storage.metrics_after(after, PAGE).await?;
            after = page.last().map(|row| row.figures.user);
            let is_past = |user: UserId| last.is_some_and(|last| user > last);
            let reached = after.is_none_or(is_past);
            known.extend(
                page.into_iter()
                    .map(|row| (row.figures.user, row))
                    .filter(|(user, _)| !is_past(*user)),
            );
            if reached {
                return Ok(known);
            }
        }
    }

    async fn write_metrics(
        &self,
        active: &mut ActiveRun<'_>,
        rows: Vec<CustomerMetrics>,
        mut known: BTreeMap<UserId, CustomerMetrics>,
    ) -> Result<(), SyncError> {
        let counts = &mut active.run.counts;
        let mut changed = Vec::new();
        for row in rows {
            counts.read += 1;
            match known.remove(&row.figures.user) {
                Some(before) if before == row => {
                    counts.unchanged += 1;
                    continue;
                }
                Some(_) => counts.updated += 1,
                None => counts.created += 1,
            }
            changed.push(row);
        }
        let gone: Vec<UserId> = known.into_keys().collect();
        counts.removed += u64::try_from(gone.len()).unwrap_or(u64::MAX);
        let mut work = self.storage.begin().await?;
        work.remove_metrics(&gone).await?;
        work.put_metrics(&changed).await?;
        self.commit_step(active, work).await
    }

    /// Finds the cut points, which may need a look at every customer.
    async fn find_cuts(
        &self,
        catalogue: &HashMap<ProductRef, Product>,
        as_of: AsOf,
    ) -> Result<RfmCuts, SyncError> {
        let policy = &self.settings.metrics;
        let mut population: Vec<RfmInputs> = Vec::new();
        let mut after = None;
        while policy.rfm.needs_population() {
            let histories = self.storage.histories_after(after, PAGE).await?;
            let Some(last) = histories.last() else { break };
            after = Some(last.user());
            population.extend(
                histories
                    .iter()
                    .map(|history| PurchaseFigures::of(history, catalogue, policy, as_of))
                    .filter_map(|figures| figures.rfm_inputs(policy, as_of)),
            );
        }
        Ok(policy.rfm.cuts(&population)?)
    }

    /// Reads the whole catalogue: every line asks it what it is.
    async fn catalogue(&self) -> Result<HashMap<ProductRef, Product>, SyncError> {
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
}
