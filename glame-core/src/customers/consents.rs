use std::sync::Arc;

use super::profiles::lock_customer;
use super::{
    ConsentDecision, ConsentRecord, ConsentSource, ConsentTopic, ConsentVersion, Consents,
    CustomerError,
};
use crate::loyalty::Actor;
use crate::ports::{Clock, Storage};
use crate::values::UserId;

/// Keeps what customers agree to.
#[derive(Debug, Clone)]
pub struct ConsentService {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
}

/// A decision that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsent {
    /// About what.
    pub topic: ConsentTopic,
    /// What was decided.
    pub decision: ConsentDecision,
    /// The version of the text that was read.
    pub text_version: ConsentVersion,
}

impl ConsentService {
    /// Keeps consents in a storage.
    #[must_use]
    pub const fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock }
    }

    /// Gives what a customer agrees to now; whoever is not known agrees to nothing.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn consents(&self, user: UserId) -> Result<Consents, CustomerError> {
        Ok(Consents::fold(&self.history(user).await?))
    }

    /// Gives all decisions of a customer, oldest first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn history(&self, user: UserId) -> Result<Vec<ConsentRecord>, CustomerError> {
        Ok(self.storage.consents(&[user]).await?)
    }

    /// Writes decisions down, and gives what the customer agrees to then.
    ///
    /// What was decided last about the same text is not written again.
    ///
    /// # Errors
    /// [`CustomerError::Unknown`], [`CustomerError::Erased`], and those of storage.
    pub async fn record(
        &self,
        user: UserId,
        decisions: &[NewConsent],
        source: ConsentSource,
        actor: &Actor,
    ) -> Result<Consents, CustomerError> {
        let mut work = self.storage.begin().await?;
        lock_customer(work.as_mut(), user).await?;
        let mut history = work.locked_consents(user).await?;
        let known = history.len();
        let at = self.clock.now();
        for new in decisions {
            let last = history.iter().rfind(|record| record.topic == new.topic);
            let is_known = last.is_some_and(|last| {
                last.decision == new.decision && last.text_version == new.text_version
            });
            if !is_known {
                history.push(ConsentRecord {
                    user,
                    sequence: next_sequence(&history),
                    topic: new.topic,
                    decision: new.decision,
                    text_version: new.text_version.clone(),
                    source,
                    actor: actor.clone(),
                    at,
                });
            }
        }
        if history.len() > known {
            work.add_consents(&history[known..]).await?;
            work.commit().await?;
        }
        Ok(Consents::fold(&history))
    }
}

/// Gives the number of the decision after these.
pub(super) fn next_sequence(history: &[ConsentRecord]) -> u32 {
    history
        .last()
        .map_or(1, |last| last.sequence.saturating_add(1))
}
