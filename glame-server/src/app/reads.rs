use std::collections::BTreeMap;
use std::sync::Arc;

use glame_core::access::AuditEntry;
use glame_core::analytics::CustomerMetrics;
use glame_core::customers::{CustomerError, Profile};
use glame_core::loyalty::{LoyaltyBalance, LoyaltyService, LoyaltyTransaction};
use glame_core::ports::{Storage, TransactionQuery};
use glame_core::users::Role;
use glame_core::values::{Points, UserId};

use super::batches::Batches;
use crate::api::Problem;

/// What most requests ask for, put to the database for many of them at once.
#[derive(Debug)]
pub struct Reads {
    profiles: Batches<UserId, Option<Profile>>,
    figures: Batches<UserId, Option<CustomerMetrics>>,
    points: Batches<UserId, Points>,
    balances: Batches<UserId, Option<LoyaltyBalance>>,
    transactions: Batches<TransactionQuery, Vec<LoyaltyTransaction>>,
    audit: Batches<AuditEntry, ()>,
}

impl Reads {
    /// Begins to read from a storage.
    #[must_use]
    pub fn begin(storage: &Arc<dyn Storage>, loyalty: &LoyaltyService) -> Self {
        let of_profiles = Arc::clone(storage);
        let of_figures = Arc::clone(storage);
        let of_transactions = Arc::clone(storage);
        let of_audit = Arc::clone(storage);
        let (of_points, loyalty) = (loyalty.clone(), loyalty.clone());
        Self {
            profiles: Batches::begin(move |users: Vec<UserId>| {
                let storage = Arc::clone(&of_profiles);
                async move {
                    let found = storage.profiles(&once(&users)).await?;
                    Ok(in_order(&users, found, |profile| profile.user.id))
                }
            }),
            figures: Batches::begin(move |users: Vec<UserId>| {
                let storage = Arc::clone(&of_figures);
                async move {
                    let found = storage.metrics(&once(&users)).await?;
                    Ok(in_order(&users, found, |metrics| metrics.figures.user))
                }
            }),
            points: Batches::begin(move |users: Vec<UserId>| {
                let loyalty = of_points.clone();
                async move { Ok(loyalty.available_points(&users).await?) }
            }),
            balances: Batches::begin(move |users: Vec<UserId>| {
                let loyalty = loyalty.clone();
                async move {
                    let asked = once(&users);
                    let found: BTreeMap<UserId, LoyaltyBalance> = {
                        let balances = loyalty.balances(&asked).await?;
                        asked.into_iter().zip(balances).collect()
                    };
                    Ok(users.iter().map(|user| found.get(user).cloned()).collect())
                }
            }),
            transactions: Batches::begin(move |queries: Vec<TransactionQuery>| {
                let storage = Arc::clone(&of_transactions);
                async move { Ok(storage.transaction_pages(&queries).await?) }
            }),
            audit: Batches::begin(move |entries: Vec<AuditEntry>| {
                let storage = Arc::clone(&of_audit);
                async move {
                    let mut work = storage.begin().await?;
                    work.append_audit(&entries).await?;
                    work.commit().await?;
                    Ok(vec![(); entries.len()])
                }
            }),
        }
    }

    /// Gives the profile of a customer.
    ///
    /// # Errors
    /// That nobody is known by the id, or that the database does not answer.
    pub async fn profile(&self, user: UserId) -> Result<Profile, Problem> {
        let profile = self.profiles.ask(user).await?;
        profile
            .filter(|profile| profile.user.role == Role::Customer)
            .ok_or_else(|| CustomerError::Unknown(user).into())
    }

    /// Gives the figures of a customer, as they were made last; none if none were made.
    ///
    /// # Errors
    /// That the database does not answer.
    pub async fn figures(&self, user: UserId) -> Result<Option<CustomerMetrics>, Problem> {
        self.figures.ask(user).await
    }

    /// Gives the points that a user can spend now; nobody has none.
    ///
    /// # Errors
    /// That the database does not answer.
    pub async fn points(&self, user: UserId) -> Result<Points, Problem> {
        self.points.ask(user).await
    }

    /// Gives all that there is to tell of the points of a user; nobody has none.
    ///
    /// # Errors
    /// That the database does not answer.
    pub async fn balance(&self, user: UserId) -> Result<LoyaltyBalance, Problem> {
        let balance = self.balances.ask(user).await?;
        balance.ok_or_else(|| CustomerError::Unknown(user).into())
    }

    /// Gives a page of the transactions of a user, the last one first.
    ///
    /// # Errors
    /// That the database does not answer.
    pub async fn transactions(
        &self,
        query: TransactionQuery,
    ) -> Result<Vec<LoyaltyTransaction>, Problem> {
        self.transactions.ask(query).await
    }

    /// Writes down that something was read; it is stored when this returns.
    ///
    /// # Errors
    /// That the database does not answer.
    pub async fn note(&self, entry: AuditEntry) -> Result<(), Problem> {
        self.audit.ask(entry).await
    }
}

/// Gives each user once.
fn once(users: &[UserId]) -> Vec<UserId> {
    let mut once = users.to_vec();
    once.sort_unstable();
    once.dedup();
    once
}

/// Gives for each user what was found, in the order of the users.
fn in_order<T: Clone>(
    users: &[UserId],
    found: Vec<T>,
    user_of: fn(&T) -> UserId,
) -> Vec<Option<T>> {
    let found: BTreeMap<UserId, T> = found.into_iter().map(|one| (user_of(&one), one)).collect();
    users.iter().map(|user| found.get(user).cloned()).collect()
}
