use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStorage, MemoryWork, State, number, size};
use crate::customers::{
    ConsentRecord, CustomerQuery, CustomerRow, CustomerSelection, ListedFigures, Profile,
    ProfileEdits, ProfileVersion, card_text, customer_text,
};
use crate::ports::{CustomerReader, CustomerWriter, StorageError};
use crate::users::{DiscountCard, Role, User};
use crate::values::UserId;

/// What is kept of a profile beside its user.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    version: Option<ProfileVersion>,
    edits: ProfileEdits,
    erased_at: Option<DateTime<Utc>>,
}

impl State {
    /// Stores a user, as far as edits and erasure let it.
    pub(super) fn keep_user(&mut self, user: User) {
        let known = self.users.get(&user.id);
        let created_at = known.map_or(user.created_at, |known| known.created_at);
        let kept = self.profiles.entry(user.id).or_default();
        if known.is_some() {
            kept.version = Some(kept.version.unwrap_or(ProfileVersion::FIRST).next());
        }
        let user = User { created_at, ..user };
        let user = match kept.erased_at {
            Some(_) => forgotten(&user),
            None => kept.edits.over(user),
        };
        self.users.insert(user.id, user);
    }

    /// Gives a card as far as it may be kept.
    pub(super) fn keepable(&self, card: &DiscountCard) -> DiscountCard {
        let kept = self.profiles.get(&card.user);
        let mut card = card.clone();
        if kept.is_some_and(|kept| kept.erased_at.is_some()) {
            card.number = None;
        }
        card
    }

    fn profile_of(&self, user: UserId) -> Option<Profile> {
        let kept = self.profiles.get(&user).cloned().unwrap_or_default();
        Some(Profile {
            user: self.users.get(&user)?.clone(),
            version: kept.version.unwrap_or(ProfileVersion::FIRST),
            edits: kept.edits,
            erased_at: kept.erased_at,
        })
    }

    fn selected(&self, selection: &CustomerSelection) -> Vec<CustomerRow> {
        let figures_of = |user: &User| self.metrics.get(&user.id).map(ListedFigures::from);
        let chosen = |user: &&User| {
            let found = selection.text.as_ref().is_none_or(|text| {
                let cards = self.cards.values().filter(|card| card.user == user.id);
                let numbers = cards.filter_map(|card| card.number.as_ref()).collect();
                text.matches(&(customer_text(user) + &card_text(numbers)))
            });
            user.role == Role::Customer && found && selection.filter.holds(user, figures_of(user))
        };
        let row = |user: &User| CustomerRow {
            user: user.clone(),
            figures: figures_of(user),
            erased_at: self.profiles.get(&user.id).and_then(|kept| kept.erased_at),
        };
        self.users.values().filter(chosen).map(row).collect()
    }
}

fn forgotten(user: &User) -> User {
    User {
        full_name: None,
        phone: None,
        email: None,
        gender: None,
        birth_date: None,
        city: None,
        discount_card_number: None,
        ..user.clone()
    }
}

#[async_trait]
impl CustomerReader for MemoryStorage {
    async fn find_customers(
        &self,
        query: &CustomerQuery,
    ) -> Result<Vec<CustomerRow>, StorageError> {
        let sort = query.sort;
        let mut rows = self.state().selected(&query.selection);
        rows.sort_by(|left, right| sort.compare(&sort.cursor(left), &sort.cursor(right)));
        let rows = rows.into_iter().filter(|row| {
            query
                .after
                .as_ref()
                .is_none_or(|after| sort.compare(after, &sort.cursor(row)).is_lt())
        });
        Ok(rows.take(size(query.limit)).collect())
    }

    async fn count_customers(&self, selection: &CustomerSelection) -> Result<u64, StorageError> {
        Ok(number(self.state().selected(selection).len()))
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let state = self.state();
        let users: BTreeSet<UserId> = users.iter().copied().collect();
        let found = users.into_iter().filter_map(|user| state.profile_of(user));
        Ok(found.collect())
    }

    async fn kept_profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let state = self.state();
        let profiles = users.iter().filter_map(|user| state.profile_of(*user));
        Ok(profiles
            .filter(|profile| profile.erased_at.is_some() || !profile.edits.is_empty())
            .collect())
    }

    async fn consents(&self, users: &[UserId]) -> Result<Vec<ConsentRecord>, StorageError> {
        let state = self.state();
        let users: BTreeSet<_> = users.iter().collect();
        let decisions = users
            .into_iter()
            .filter_map(|user| state.consents.get(user));
        Ok(decisions.flatten().cloned().collect())
    }
}

#[async_trait]
impl CustomerWriter for MemoryWork {
    async fn lock_profiles(&mut self, users: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let users: BTreeSet<_> = users.iter().collect();
        Ok(users
            .into_iter()
            .filter_map(|user| self.state.profile_of(*user))
            .collect())
    }

    async fn put_profiles(&mut self, profiles: &[Profile]) -> Result<(), StorageError> {
        for profile in profiles {
            self.require_user(profile.user.id)?;
            let state = self.state();
            let kept = Kept {
                version: Some(profile.version),
                edits: profile.edits.clone(),
                erased_at: profile.erased_at,
            };
            state.profiles.insert(profile.user.id, kept);
            state.users.insert(profile.user.id, profile.user.clone());
        }
        Ok(())
    }

    async fn erase_customer(
        &mut self,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.require_user(user)?;
        let state = self.state();
        let kept = state.profiles.entry(user).or_default();
        if kept.erased_at.is_some() {
            return Ok(());
        }
        kept.erased_at = Some(at);
        kept.edits = ProfileEdits::default();
        if let Some(known) = state.users.get(&user).cloned() {
            state.keep_user(User {
                updated_at: at,
                ..known
            });
        }
        for card in state.cards.values_mut().filter(|card| card.user == user) {
            card.number = None;
        }
        for saved in state
            .saved_looks
            .values_mut()
            .filter(|saved| saved.user == user)
        {
            saved.notes = None;
        }
        Ok(())
    }

    async fn locked_consents(&mut self, user: UserId) -> Result<Vec<ConsentRecord>, StorageError> {
        Ok(self.state.consents.get(&user).cloned().unwrap_or_default())
    }

    async fn add_consents(&mut self, records: &[ConsentRecord]) -> Result<(), StorageError> {
        let mut consents = self.state.consents.clone();
        for record in records {
            self.require_user(record.user)?;
            let history = consents.entry(record.user).or_default();
            if history
                .iter()
                .any(|known| known.sequence == record.sequence)
            {
                return Err(StorageError::Conflict { what: "a consent" });
            }
            history.push(record.clone());
            history.sort_by_key(|record| record.sequence);
        }
        self.state().consents = consents;
        Ok(())
    }
}
