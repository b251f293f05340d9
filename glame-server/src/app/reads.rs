use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::try_join3;
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
    profiles: Batches<UserId, Option<ProfilePage>>,
    loyalty: Batches<TransactionQuery, Option<LoyaltyPage>>,
    audit: Batches<AuditEntry, ()>,
}

/// What is shown of a customer.
#[derive(Debug, Clone)]
pub struct ProfilePage {
    /// The profile.
    pub profile: Profile,
    /// The figures, as they were made last; none if none were made.
    pub metrics: Option<CustomerMetrics>,
    /// What can be spent now.
    pub points: Points,
}

/// What is shown of the points of a user; nobody has none.
#[derive(Debug)]
pub struct LoyaltyPage {
    /// The points, all kinds of them.
    pub balance: LoyaltyBalance,
    /// The figures, as they were made last; none if none were made.
    pub metrics: Option<CustomerMetrics>,
    /// The transactions that were asked for, the last one first.
    pub transactions: Vec<LoyaltyTransaction>,
}

/// Where pages are read from.
#[derive(Debug, Clone)]
struct Source {
    storage: Arc<dyn Storage>,
    loyalty: LoyaltyService,
}

impl Reads {
    /// Begins to read from a storage.
    #[must_use]
    pub fn begin(storage: &Arc<dyn Storage>, loyalty: &LoyaltyService) -> Self {
        let source = Source {
            storage: Arc::clone(storage),
            loyalty: loyalty.clone(),
        };
        let [of_profiles, of_loyalty, of_audit] = [(); 3].map(|()| source.clone());
        Self {
            // The more are asked for together the less each costs, and these are answered soon.
            profiles: Batches::begin(1, move |users| {
                let source = of_profiles.clone();
                async move { source.profiles(&users).await }
            }),
            loyalty: Batches::begin(2, move |queries| {
                let source = of_loyalty.clone();
                async move { source.loyalty(&queries).await }
            }),
            audit: Batches::begin(2, move |entries| {
                let source = of_audit.clone();
                async move { source.append_audit(&entries).await }
            }),
        }
    }

    /// Gives what is shown of a customer.
    ///
    /// # Errors
    /// That nobody is known by the id, or that the database does not answer.
    pub async fn profile(&self, user: UserId) -> Result<ProfilePage, Problem> {
        let page = self.profiles.ask(user).await?;
        page.ok_or_else(|| CustomerError::Unknown(user).into())
    }

    /// Gives what is shown of the points of a user.
    ///
    /// # Errors
    /// That the database does not answer.
    pub async fn loyalty(&self, query: TransactionQuery) -> Result<LoyaltyPage, Problem> {
        let page = self.loyalty.ask(query).await?;
        page.ok_or_else(|| CustomerError::Unknown(query.user).into())
    }

    /// Writes down that something was read; it is stored when this returns.
    ///
    /// # Errors
    /// That the database does not answer.
    pub async fn note(&self, entry: AuditEntry) -> Result<(), Problem> {
        self.audit.ask(entry).await
    }
}

impl Source {
    /// Gives what is shown of customers, in their order; none of whoever is not one.
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Option<ProfilePage>>, Problem> {
        let asked = once(users.iter().copied());
        let (profiles, metrics, points) = try_join3(
            async { Ok::<_, Problem>(self.storage.profiles(&asked).await?) },
            self.metrics(&asked),
            async { Ok(self.loyalty.available_points(&asked).await?) },
        )
        .await?;
        let points: BTreeMap<UserId, Points> = asked.iter().copied().zip(points).collect();
        let customers = profiles
            .into_iter()
            .filter(|profile| profile.user.role == Role::Customer);
        let pages: BTreeMap<UserId, ProfilePage> = customers
            .map(|profile| {
                let user = profile.user.id;
                let page = ProfilePage {
                    profile,
                    metrics: metrics.get(&user).cloned(),
                    points: points.get(&user).copied().unwrap_or_default(),
                };
                (user, page)
            })
            .collect();
        Ok(users.iter().map(|user| pages.get(user).cloned()).collect())
    }

    /// Gives what is shown of the points of users, in the order of the questions.
    async fn loyalty(
        &self,
        queries: &[TransactionQuery],
    ) -> Result<Vec<Option<LoyaltyPage>>, Problem> {
        let asked = once(queries.iter().map(|query| query.user));
        let (balances, metrics, transactions) = try_join3(
            async { Ok::<_, Problem>(self.loyalty.balances(&asked).await?) },
            self.metrics(&asked),
            async { Ok(self.storage.transaction_pages(queries).await?) },
        )
        .await?;
        let balances: BTreeMap<UserId, LoyaltyBalance> = asked.into_iter().zip(balances).collect();
        let page = |(query, transactions): (&TransactionQuery, _)| {
            Some(LoyaltyPage {
                balance: balances.get(&query.user)?.clone(),
                metrics: metrics.get(&query.user).cloned(),
                transactions,
            })
        };
        Ok(queries.iter().zip(transactions).map(page).collect())
    }

    async fn metrics(
        &self,
        users: &[UserId],
    ) -> Result<BTreeMap<UserId, CustomerMetrics>, Problem> {
        let found = self.storage.metrics(users).await?;
        let by_user = |metrics: CustomerMetrics| (metrics.figures.user, metrics);
        Ok(found.into_iter().map(by_user).collect())
    }

    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<Vec<()>, Problem> {
        let mut work = self.storage.begin().await?;
        work.append_audit(entries).await?;
        work.commit().await?;
        Ok(vec![(); entries.len()])
    }
}

/// Gives each user once.
fn once(users: impl Iterator<Item = UserId>) -> Vec<UserId> {
    users.collect::<BTreeSet<_>>().into_iter().collect()
}
