use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use futures_util::future;
use serde::{Deserialize, Serialize};

use super::reading::SalesReading;
use super::service::{ActiveRun, length};
use super::{
    CustomerSyncService, SyncError, SyncKind, SyncLease, SyncObserver, SyncRun, SyncStatus,
    SyncTrigger,
};
use crate::ports::{Rejected, SalesWindow};
use crate::purchases::{
    DocumentKey, Receipt, ReceiptKey, SaleLine, StoredReceipt, WindowChanges, receipts_of,
};
use crate::users::{Holder, User};
use crate::values::{CardRef, UserId, start_of_day};

/// Which purchases a run reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseScope {
    /// What may have changed since the last success; everything, if that was never or long ago read.
    Automatic,
    /// Those of so many days before today, and every opening balance.
    Days(u32),
    /// All of them.
    Everything,
}

/// A window after its lines have been tied to users.
struct Attributed {
    receipts: Vec<Receipt>,
    holders: BTreeMap<UserId, Holder>,
    anonymous: u64,
    read: u64,
}

impl CustomerSyncService {
    /// Brings over the purchases.
    ///
    /// The source's windows replace what storage keeps of the same stretch of time, receipt by
    /// receipt; several together where they are small. A document that appears or vanishes may have been moved to another date: it is then
    /// read whole, wherever it lies. A run that was broken off is continued from its last window.
    pub async fn sync_purchase_history(
        &self,
        lease: &SyncLease,
        scope: PurchaseScope,
        trigger: SyncTrigger,
        observer: &dyn SyncObserver,
    ) -> Result<SyncRun, SyncError> {
        let since = self.since(scope).await?;
        let broken_off = self.broken_off(lease, scope, since).await?;
        let mut active = self
            .start(SyncKind::Purchases, since, trigger, lease, observer)
            .await?;
        if let Some(run) = broken_off {
            // What was read before the break is as old as the first run.
            active.run.queued_at = run.queued_at;
            active.run.since = run.since;
            active.run.cursor = run.cursor;
        }
        let outcome = self.read_purchases(&mut active).await;
        self.finish(active, outcome).await
    }

    /// Finds the instant from which on purchases must be read; none means all of them.
    async fn since(&self, scope: PurchaseScope) -> Result<Option<DateTime<Utc>>, SyncError> {
        let now = self.clock.now();
        let zone = self.settings.metrics.zone;
        match scope {
            PurchaseScope::Everything => Ok(None),
            PurchaseScope::Days(days) => {
                Ok(midnight_before(now, TimeDelta::days(i64::from(days)), zone))
            }
            PurchaseScope::Automatic => {
                let kind = SyncKind::Purchases;
                let Some(complete) = self.storage.last_complete(kind).await? else {
                    return Ok(None);
                };
                if now.signed_duration_since(complete.queued_at) >= self.settings.complete_every
                    || self.storage.cards_moved_since(complete.queued_at).await?
                {
                    return Ok(None);
                }
                let last = self.storage.last_succeeded(kind).await?.unwrap_or(complete);
                Ok(midnight_before(
                    last.queued_at,
                    self.settings.trailing,
                    zone,
                ))
            }
        }
    }

    /// Finds a run that did not come to its end and read at least what is asked for now.
    ///
    /// Not if everything is asked for by name, unless by the same job, nor if a card has found another
    /// owner meanwhile.
    async fn broken_off(
        &self,
        lease: &SyncLease,
        scope: PurchaseScope,
        since: Option<DateTime<Utc>>,
    ) -> Result<Option<SyncRun>, SyncError> {
        let oldest = self.clock.now() - self.settings.resume_within;
        let Some(run) = self.storage.last_run(SyncKind::Purchases).await? else {
            return Ok(None);
        };
        let fits = matches!(run.status, SyncStatus::Failed | SyncStatus::Cancelled)
            && run.cursor.is_some()
            && run.queued_at >= oldest
            && (scope != PurchaseScope::Everything || run.job == Some(lease.job()))
            && run
                .since
                .is_none_or(|start| since.is_some_and(|since| start <= since));
        let resumes = fits && !self.storage.cards_moved_since(run.queued_at).await?;
        Ok(resumes.then_some(run))
    }

    async fn read_purchases(&self, active: &mut ActiveRun<'_>) -> Result<(), SyncError> {
        let mut reading = SalesReading::of(self, active);
        let mut step = reading.next_step().await?;
        while let Some(window) = step {
            active.check_cancelled()?;
            // The next step is read while this one is stored.
            let stored = self.store_window(active, window);
            let (stored, read) = future::join(stored, reading.next_step()).await;
            stored?;
            step = read?;
        }
        Ok(())
    }

    async fn store_window(
        &self,
        active: &mut ActiveRun<'_>,
        window: SalesWindow,
    ) -> Result<(), SyncError> {
        let SalesWindow {
            range,
            documents,
            unreadable,
            lines,
            inactive,
            rejected,
            next,
            requests,
        } = window;
        let stored = self.storage.receipts_between(range, documents).await?;
        let mut attributed = self.attribute(lines).await?;
        // What is stored of a document that cannot be read now stays as it was.
        let (kept, stored): (Vec<StoredReceipt>, Vec<StoredReceipt>) = stored
            .into_iter()
            .partition(|receipt| unreadable.contains(&receipt.key.document.document));
        let kept: BTreeSet<ReceiptKey> = kept.iter().map(|receipt| receipt.key).collect();
        attributed
            .receipts
            .retain(|receipt| !kept.contains(&receipt.key));
        let mut changes = WindowChanges::between(std::mem::take(&mut attributed.receipts), &stored);
        active.run.counts.requests += u64::from(requests);

        let mut late_rejects = Vec::new();
        let moved = self.possibly_moved(&changes, &stored).await?;
        if !moved.is_empty() {
            let documents: Vec<DocumentKey> = moved.iter().copied().collect();
            let answer = self.source.sales_of(&documents).await?;
            active.run.counts.requests += u64::from(answer.requests);
            let whole = self.attribute(answer.answer).await?;
            let apart = if answer.rejected.is_empty() {
                let known = self.storage.receipts_of_documents(&documents).await?;
                WindowChanges::between(whole.receipts, &known)
            } else {
                // What cannot be read whole stays as it is stored.
                WindowChanges::default()
            };
            late_rejects = answer.rejected;
            changes = changes.with_documents_of(&moved, apart);
            attributed.holders.extend(whole.holders);
        }

        let counts = &mut active.run.counts;
        counts.read += attributed.read + u64::from(inactive);
        counts.anonymous += attributed.anonymous;
        counts.inactive += u64::from(inactive);
        counts.created += changes.created_lines();
        counts.updated += changes.updated_lines();
        counts.removed += changes.removed_lines();
        counts.unchanged += changes.unchanged_lines();
        active.run.cursor = next;
        self.write_window(
            active,
            &changes,
            &attributed.holders,
            &[rejected, late_rejects].concat(),
        )
        .await
    }

    /// Finds the documents of a window that may lie, or have lain, at another date as well.
    async fn possibly_moved(
        &self,
        changes: &WindowChanges,
        stored: &[StoredReceipt],
    ) -> Result<BTreeSet<DocumentKey>, SyncError> {
        let here: BTreeSet<ReceiptKey> = stored.iter().map(|receipt| receipt.key).collect();
        let known = self
            .storage
            .receipts_of_documents(&changes.created_documents())
            .await?;
        let mut moved: BTreeSet<DocumentKey> = known
            .iter()
            .filter(|receipt| !here.contains(&receipt.key))
            .map(|receipt| receipt.key.document)
            .collect();
        moved.extend(changes.removed_documents());
        Ok(moved)
    }

    async fn write_window(
        &self,
        active: &mut ActiveRun<'_>,
        changes: &WindowChanges,
        holders: &BTreeMap<UserId, Holder>,
        rejected: &[Rejected],
    ) -> Result<(), SyncError> {
        let now = self.clock.now();
        let receipts = changes.created.iter().chain(&changes.updated);
        let buyers: BTreeSet<UserId> = receipts.map(|receipt| receipt.key.user).collect();
        let users: Vec<User> = buyers
            .iter()
            .filter_map(|user| holders.get(user))
            .map(|holder| User::from_holder(*holder, now))
            .collect();
        let newcomers = self.newcomers(&users).await?;
        let mut work = self.storage.begin().await?;
        if !changes.is_empty() {
            work.add_missing_users(&users).await?;
            self.record_newcomers(work.as_mut(), &newcomers).await?;
            let removed = changes.removed.iter().map(|receipt| receipt.key);
            let replaced = changes.updated.iter().map(|receipt| receipt.key);
            work.remove_receipts(&removed.chain(replaced).collect::<Vec<_>>())
                .await?;
            work.add_receipts(&changes.created).await?;
            work.add_receipts(&changes.updated).await?;
            let left = changes.removed.iter().map(|receipt| receipt.key.user);
            let touched: BTreeSet<UserId> = buyers.into_iter().chain(left).collect();
            work.mark_for_settlement(&touched.into_iter().collect::<Vec<_>>())
                .await?;
        }
        active.set_aside(work.as_mut(), rejected).await?;
        self.commit_step(active, work).await
    }

    /// Ties lines to users and gathers them into receipts.
    ///
    /// A line that names only a card belongs to whoever holds the card now.
    async fn attribute(&self, lines: Vec<SaleLine>) -> Result<Attributed, SyncError> {
        let named_cards: BTreeSet<CardRef> = lines
            .iter()
            .filter_map(|line| match line.holder {
                Some(Holder::Card(card)) => Some(card),
                Some(Holder::Counterparty(_)) | None => None,
            })
            .collect();
        let named_cards: Vec<CardRef> = named_cards.into_iter().collect();
        let cards = self.storage.cards(&named_cards).await?;
        let card_users: BTreeMap<CardRef, UserId> = cards
            .into_iter()
            .map(|card| (card.card, card.user))
            .collect();

        let read = length(&lines);
        let anonymous = lines.iter().filter(|line| line.holder.is_none()).count();
        let mut users: HashMap<Holder, UserId> = HashMap::new();
        let receipts = receipts_of(lines, |holder| {
            *users.entry(holder).or_insert_with(|| match holder {
                Holder::Card(card) => card_users
                    .get(&card)
                    .copied()
                    .unwrap_or_else(|| holder.user_id()),
                Holder::Counterparty(_) => holder.user_id(),
            })
        });
        // Whoever a card stands for has been stored with the card.
        let holders = users
            .into_iter()
            .filter(|(holder, user)| holder.user_id() == *user);
        Ok(Attributed {
            receipts,
            holders: holders.map(|(holder, user)| (user, holder)).collect(),
            anonymous: u64::try_from(anonymous).unwrap_or(u64::MAX),
            read,
        })
    }
}

/// Gives the beginning of the shop's day that lies `before` an instant; none before all calendars.
fn midnight_before(at: DateTime<Utc>, before: TimeDelta, zone: Tz) -> Option<DateTime<Utc>> {
    let date = at
        .checked_sub_signed(before)?
        .with_timezone(&zone)
        .date_naive();
    start_of_day(date, zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::minute;

    #[test]
    fn a_day_begins_at_midnight_of_the_shop() {
        let moscow = chrono_tz::Europe::Moscow;
        let begin = midnight_before(minute(0), TimeDelta::days(1), moscow).unwrap();
        assert_eq!(begin.to_rfc3339(), "2025-06-13T21:00:00+00:00");
    }
}
