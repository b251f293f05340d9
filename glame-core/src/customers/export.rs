use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{ConsentRecord, CustomerError, ProfileEdits};
use crate::analytics::CustomerMetrics;
use crate::looks::{LookContent, SavedLook};
use crate::loyalty::{AccountHeader, LoyaltyTransaction, Sequence};
use crate::ports::{AccountQuery, Clock, Storage};
use crate::purchases::{PurchaseQuery, PurchaseRecord};
use crate::users::{DiscountCard, Role, User};
use crate::values::{PeriodRange, UserId};

/// How many rows are read at once.
const PAGE: u32 = 1_000;

/// Tells everything that is known of a customer.
#[derive(Debug, Clone)]
pub struct CustomerExporter {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
}

/// Everything that is known of one customer, for the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerExport {
    /// When it was told.
    pub exported_at: DateTime<Utc>,
    /// The profile as it holds.
    pub profile: User,
    /// What of it was edited here, and what the shop's base says underneath.
    pub edits: ProfileEdits,
    /// When the person was forgotten, if so.
    pub erased_at: Option<DateTime<Utc>>,
    /// The cards, removed ones among them.
    pub cards: Vec<DiscountCard>,
    /// Every decision about consents, oldest first.
    pub consents: Vec<ConsentRecord>,
    /// Every line of every purchase, newest receipts first.
    pub purchases: Vec<PurchaseRecord>,
    /// The account with points.
    pub points: AccountHeader,
    /// Every transaction with points, oldest first.
    pub points_transactions: Vec<LoyaltyTransaction>,
    /// The looks that were saved, newest first.
    pub looks: Vec<ExportedLook>,
    /// The figures that follow from the purchases; none for a customer who has bought nothing.
    pub metrics: Option<CustomerMetrics>,
}

/// A look that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedLook {
    /// The saved look.
    #[serde(flatten)]
    pub saved: SavedLook,
    /// What the look shows.
    pub content: LookContent,
}

impl CustomerExporter {
    /// Tells what a storage knows.
    #[must_use]
    pub const fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock }
    }

    /// Gathers everything that is known of a customer.
    ///
    /// # Errors
    /// [`CustomerError::Unknown`], and those of storage.
    pub async fn export(&self, user: UserId) -> Result<CustomerExport, CustomerError> {
        let profile = self.storage.profiles(&[user]).await?.pop();
        let profile = profile
            .filter(|profile| profile.user.role == Role::Customer)
            .ok_or(CustomerError::Unknown(user))?;
        let cards = self.storage.cards_of(&[user]).await?;
        let cards: BTreeMap<_, _> = cards.into_iter().map(|card| (card.card, card)).collect();
        let query = [AccountQuery::of(user)];
        let account = self.storage.loyalty_accounts(&query).await?.pop();
        Ok(CustomerExport {
            exported_at: self.clock.now(),
            profile: profile.user,
            edits: profile.edits,
            erased_at: profile.erased_at,
            cards: cards.into_values().collect(),
            consents: self.storage.consents(&[user]).await?,
            purchases: self.purchases(user).await?,
            points: account.map_or_else(|| AccountHeader::new(user), |account| account.header),
            points_transactions: self.transactions(user).await?,
            looks: self.looks(user).await?,
            metrics: self.storage.metrics(&[user]).await?.pop(),
        })
    }

    async fn purchases(&self, user: UserId) -> Result<Vec<PurchaseRecord>, CustomerError> {
        let mut purchases: Vec<PurchaseRecord> = Vec::new();
        loop {
            let query = PurchaseQuery {
                user,
                range: PeriodRange::EVERYTHING,
                after: purchases.last().map(PurchaseRecord::cursor),
                limit: PAGE,
            };
            let page = self.storage.purchases_before(&query).await?;
            let is_last = is_short(&page);
            purchases.extend(page);
            if is_last {
                return Ok(purchases);
            }
        }
    }

    async fn transactions(&self, user: UserId) -> Result<Vec<LoyaltyTransaction>, CustomerError> {
        let mut transactions: Vec<LoyaltyTransaction> = Vec::new();
        loop {
            let after = transactions
                .last()
                .map_or(Sequence::NONE, |one| one.sequence);
            let page = self.storage.transactions_after(user, after, PAGE).await?;
            let is_last = is_short(&page);
            transactions.extend(page);
            if is_last {
                return Ok(transactions);
            }
        }
    }

    async fn looks(&self, user: UserId) -> Result<Vec<ExportedLook>, CustomerError> {
        // More than this nobody saves.
        let saved = self
            .storage
            .saved_looks_before(user, None, None, SavedLook::MAX_A_CUSTOMER);
        let exported = |(saved, content)| ExportedLook { saved, content };
        Ok(saved.await?.into_iter().map(exported).collect())
    }
}

fn is_short<T>(page: &[T]) -> bool {
    page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX)
}
