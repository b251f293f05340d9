use std::collections::BTreeMap;

use futures_util::future;

use super::service::{ActiveRun, length};
use super::{
    CustomerSyncService, SyncError, SyncKind, SyncLease, SyncObserver, SyncRun, SyncTrigger,
};
use crate::analytics::{AsOf, CustomerMetrics, CustomerStatus, Scoring, Yardstick};
use crate::values::UserId;

/// How many stored figures are read together.
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
            .start(SyncKind::Metrics, None, trigger, lease, observer)
            .await?;
        let outcome = self.measure_everyone(&mut active, as_of).await;
        self.finish(active, outcome).await
    }

    /// Gives the status that one customer has now, by the cut points of today.
    ///
    /// Nothing is stored: the figures of all customers are made together.
    pub async fn update_customer_segment(&self, user: UserId) -> Result<CustomerStatus, SyncError> {
        let as_of = AsOf::Now(self.clock.now());
        let storage = self.storage.as_ref();
        let yardstick = Yardstick::find(storage, &self.settings.metrics, as_of).await?;
        Ok(yardstick.measure(storage, user).await?.status)
    }

    async fn measure_everyone(
        &self,
        active: &mut ActiveRun<'_>,
        as_of: AsOf,
    ) -> Result<(), SyncError> {
        let policy = &self.settings.metrics;
        let storage = self.storage.as_ref();
        let yardstick = Yardstick::find(storage, policy, as_of).await?;
        let (mut customers, mut scored) = (0, 0);
        let (mut after, mut page) = (None, yardstick.measure_after(storage, None).await?);
        loop {
            active.check_cancelled()?;
            let last = page.as_ref().map(|(last, _)| *last);
            let rows = page.map(|(_, rows)| rows).unwrap_or_default();
            customers += length(&rows);
            scored += rows
                .iter()
                .filter(|row| row.rfm_score.is_some())
                .map(|_| 1)
                .sum::<u64>();
            let written = self.replace_metrics(active, after, last, rows);
            if last.is_none() {
                written.await?;
                break;
            }
            // The next page is measured while this one is written.
            let (written, measured) =
                future::join(written, yardstick.measure_after(storage, last)).await;
            written?;
            (after, page) = (last, measured?);
        }
        let scoring = Scoring {
            as_of,
            policy: policy.clone(),
            cuts: yardstick.cuts,
            computed_at: self.clock.now(),
            customers,
            scored,
        };
        let mut work = self.storage.begin().await?;
        work.put_scoring(&scoring).await?;
        self.commit_step(active, work).await
    }

    /// Makes the stored figures of users from `after` (not included) to `last` these rows.
    async fn replace_metrics(
        &self,
        active: &mut ActiveRun<'_>,
        after: Option<UserId>,
        last: Option<UserId>,
        rows: Vec<CustomerMetrics>,
    ) -> Result<(), SyncError> {
        let known = self.known_metrics(after, last).await?;
        self.write_metrics(active, rows, known).await
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
        counts.removed += length(&gone);
        let mut work = self.storage.begin().await?;
        work.remove_metrics(&gone).await?;
        work.put_metrics(&changed).await?;
        self.commit_step(active, work).await
    }
}
