use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::consents::next_sequence;
use super::{ConsentDecision, ConsentRecord, ConsentSource, Consents, CustomerError};
use crate::loyalty::Actor;
use crate::ports::{BoxError, Clock, Storage};
use crate::users::Role;
use crate::values::{PlainText, UserId};

/// Something outside of this storage that knows customers: sessions, subscriptions, a mailing.
#[async_trait]
pub trait Forgets: Send + Sync + std::fmt::Debug {
    /// Names it in errors.
    fn name(&self) -> &'static str;

    /// Forgets a customer; one who is not known is forgotten already.
    async fn forget(&self, user: UserId) -> Result<(), BoxError>;
}

/// Forgets persons.
///
/// Name, telephone, e-mail, gender, birth date, city, card numbers, edits, notes and the text by
/// which the person is found go; purchases, points, looks and figures stay under the id, which says
/// nothing about anybody. Consents are withdrawn. What stays is a tombstone: no later
/// synchronisation brings personal data of this customer back.
#[derive(Debug, Clone)]
pub struct ErasureService {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    others: Vec<Arc<dyn Forgets>>,
}

/// What came of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Who was forgotten.
    pub user: UserId,
    /// When: the first time, if it was asked for again.
    pub at: DateTime<Utc>,
}

impl ErasureService {
    /// Forgets persons in a storage, and then in `others`.
    #[must_use]
    pub const fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        others: Vec<Arc<dyn Forgets>>,
    ) -> Self {
        Self {
            storage,
            clock,
            others,
        }
    }

    /// Forgets a customer. To do so again changes nothing here, and asks the others again.
    ///
    /// # Errors
    /// [`CustomerError::Unknown`]; [`CustomerError::NotForgotten`] if the person is forgotten here
    /// and not yet elsewhere; those of storage.
    pub async fn erase(&self, user: UserId, actor: &Actor) -> Result<Erased, CustomerError> {
        let at = self.erase_here(user, actor).await?;
        // Nobody can sign in as somebody without a telephone and a card, so that what is ended now
        // does not begin again.
        for other in &self.others {
            let forgotten = other.forget(user).await;
            forgotten.map_err(|source| CustomerError::NotForgotten {
                user,
                forgetter: other.name(),
                source,
            })?;
        }
        Ok(Erased { user, at })
    }

    async fn erase_here(
        &self,
        user: UserId,
        actor: &Actor,
    ) -> Result<DateTime<Utc>, CustomerError> {
        let mut work = self.storage.begin().await?;
        let profile = work.lock_profiles(&[user]).await?.pop();
        let profile = profile
            .filter(|profile| profile.user.role == Role::Customer)
            .ok_or(CustomerError::Unknown(user))?;
        if let Some(at) = profile.erased_at {
            return Ok(at);
        }
        let at = self.clock.now();
        let history = work.locked_consents(user).await?;
        let withdrawn = withdrawals(user, &history, actor, at);
        work.add_consents(&withdrawn).await?;
        work.erase_customer(user, at).await?;
        work.commit().await?;
        Ok(at)
    }
}

/// Withdraws everything that a customer agrees to.
fn withdrawals(
    user: UserId,
    history: &[ConsentRecord],
    actor: &Actor,
    at: DateTime<Utc>,
) -> Vec<ConsentRecord> {
    let consents = Consents::fold(history);
    let granted = consents
        .states()
        .filter_map(|(topic, state)| Some((topic, state?)))
        .filter(|(_, state)| state.decision == ConsentDecision::Granted);
    (next_sequence(history)..)
        .zip(granted)
        .map(|(sequence, (topic, state))| ConsentRecord {
            user,
            sequence,
            topic,
            decision: ConsentDecision::Withdrawn,
            text_version: PlainText::clone(&state.text_version),
            source: ConsentSource::Erasure,
            actor: actor.clone(),
            at,
        })
        .collect()
}
