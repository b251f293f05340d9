//! The points of the shop's base beside ours.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{LoyaltyError, LoyaltyService, PointsLedger, SourceBalance};
use crate::loyalty::account::balance_of;
use crate::ports::{CardPoints, PointsSource, Rejected};
use crate::values::{CardRef, UserId};

/// How many cards or accounts are looked up at once.
const PAGE: u32 = 1_000;

/// The most differences, and the most rejected records, that are told one by one; all of them are
/// counted.
const MOST_TOLD: usize = 1_000;

/// How the points of the shop's base and of the ledger compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// When they were compared.
    pub compared_at: DateTime<Utc>,
    /// Customers who have points in the base or transactions here.
    pub customers: u64,
    /// Customers whose points differ.
    pub different: u64,
    /// The first thousand of them.
    pub differences: Vec<Difference>,
    /// All points in the base, of cards whose holder is known.
    pub source_points: i128,
    /// All points here: what can be spent now or later, less what is owed.
    pub ledger_points: i128,
    /// Cards of the base that are not known here; synchronise customers first.
    pub unknown_cards: u64,
    /// Records of the base that could not be understood.
    pub rejected: u64,
    /// The first thousand of them, with what is wrong.
    #[serde(default)]
    pub rejects: Vec<Rejected>,
    /// Whether the differences were made up for in the ledger.
    pub corrected: bool,
}

/// A customer whose points differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Who.
    pub user: UserId,
    /// What the base says, over all cards of the customer.
    pub source_points: i64,
    /// What the ledger says.
    pub ledger_points: i64,
}

impl LoyaltyService {
    /// Compares the points of the shop's base with the ledger; nothing is written.
    ///
    /// It takes as long as the base takes to tell of all cards.
    ///
    /// # Errors
    /// Those of the base and of storage.
    pub async fn compare_with_source(
        &self,
        source: &dyn PointsSource,
    ) -> Result<Reconciliation, LoyaltyError> {
        let (reconciliation, _) = self.compare(source).await?;
        Ok(reconciliation)
    }

    /// Takes the points of the shop's base over: one transaction for each customer who differs.
    ///
    /// # Errors
    /// [`LoyaltyError::KeptHere`] where the ledger keeps the points; those of the base and of
    /// storage.
    pub async fn reconcile_with_source(
        &self,
        source: &dyn PointsSource,
    ) -> Result<Reconciliation, LoyaltyError> {
        if self.ledger != PointsLedger::Onec {
            return Err(LoyaltyError::KeptHere);
        }
        let (mut reconciliation, different) = self.compare(source).await?;
        for part in different.chunks(usize::try_from(PAGE).unwrap_or(usize::MAX)) {
            self.reconcile(part).await?;
        }
        reconciliation.corrected = true;
        Ok(reconciliation)
    }

    /// Keeps what a comparison has found, in place of the one before.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn keep_reconciliation(&self, found: &Reconciliation) -> Result<(), LoyaltyError> {
        let mut work = self.storage.begin().await?;
        work.put_reconciliation(found).await?;
        work.commit().await?;
        Ok(())
    }

    /// Gives what the last comparison has found that was kept.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn last_reconciliation(&self) -> Result<Option<Reconciliation>, LoyaltyError> {
        Ok(self.storage.reconciliation().await?)
    }

    async fn compare(
        &self,
        source: &dyn PointsSource,
    ) -> Result<(Reconciliation, Vec<SourceBalance>), LoyaltyError> {
        let now = self.clock.now();
        let answer = source.card_points(now).await?;
        let mut reconciliation = Reconciliation {
            compared_at: now,
            customers: 0,
            different: 0,
            differences: Vec::new(),
            source_points: 0,
            ledger_points: 0,
            unknown_cards: 0,
            rejected: u64::try_from(answer.rejected.len()).unwrap_or(u64::MAX),
            rejects: answer.rejected.iter().take(MOST_TOLD).cloned().collect(),
            corrected: false,
        };
        let mut told = self
            .by_customer(&answer.answer, &mut reconciliation)
            .await?;
        // A card that could not be read is not empty: nothing is said of its holder.
        let unread = self.holders_of(&answer.rejected).await?;
        told.retain(|user, _| !unread.contains(user));
        let mut different = Vec::new();
        let mut after = None;
        loop {
            let page = self.storage.loyalty_accounts_after(after, PAGE).await?;
            let Some(last) = page.last() else {
                break;
            };
            after = Some(last.header.user);
            for snapshot in page {
                let user = snapshot.header.user;
                if unread.contains(&user) {
                    continue;
                }
                let source_points = told.remove(&user).unwrap_or_default();
                let balance = balance_of(&snapshot.header, &snapshot.lots, now);
                let ledger_points =
                    balance.available.get() + balance.pending.get() - balance.debt.get();
                reconciliation.count(user, source_points, ledger_points, &mut different);
            }
        }
        for (user, source_points) in told {
            reconciliation.count(user, source_points, 0, &mut different);
        }
        Ok((reconciliation, different))
    }

    /// Finds the customers whose cards could not be understood.
    async fn holders_of(&self, rejected: &[Rejected]) -> Result<BTreeSet<UserId>, LoyaltyError> {
        let cards: Vec<CardRef> = rejected
            .iter()
            .filter_map(|one| one.reference.parse().ok())
            .map(CardRef::from_uuid)
            .collect();
        let known = self.storage.cards(&cards).await?;
        Ok(known.into_iter().map(|card| card.user).collect())
    }

    /// Adds up the points of all cards of each customer.
    async fn by_customer(
        &self,
        cards: &[CardPoints],
        reconciliation: &mut Reconciliation,
    ) -> Result<BTreeMap<UserId, i64>, LoyaltyError> {
        let mut sums: BTreeMap<UserId, i64> = BTreeMap::new();
        for part in cards.chunks(usize::try_from(PAGE).unwrap_or(usize::MAX)) {
            let names: Vec<_> = part.iter().map(|one| one.card).collect();
            let known = self.storage.cards(&names).await?;
            let holders: HashMap<_, UserId> = known
                .into_iter()
                .map(|card| (card.card, card.user))
                .collect();
            for one in part {
                match holders.get(&one.card) {
                    Some(user) => {
                        let sum = sums.entry(*user).or_default();
                        *sum = sum.saturating_add(one.points);
                    }
                    None => reconciliation.unknown_cards += 1,
                }
            }
        }
        Ok(sums)
    }
}

impl Reconciliation {
    fn count(
        &mut self,
        user: UserId,
        source_points: i64,
        ledger_points: i64,
        different: &mut Vec<SourceBalance>,
    ) {
        self.customers += 1;
        self.source_points += i128::from(source_points);
        self.ledger_points += i128::from(ledger_points);
        if source_points == ledger_points {
            return;
        }
        self.different += 1;
        different.push(SourceBalance {
            user,
            points: source_points,
        });
        if self.differences.len() < MOST_TOLD {
            self.differences.push(Difference {
                user,
                source_points,
                ledger_points,
            });
        }
    }
}
