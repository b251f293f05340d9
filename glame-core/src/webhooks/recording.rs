use super::OutboxEvent;
use crate::loyalty::LoyaltyTransaction;
use crate::ports::{AccountChange, StorageError, WebhookWriter};

/// Whether changes are written to the outbox. Where they are not, that costs nothing.
///
/// It is given to the services that change something; each writes its events in the unit of work of
/// the change, so that there is never the one without the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EventRecording {
    /// Nobody is told anything.
    #[default]
    Off,
    /// Events wait for whoever delivers them.
    On,
}

impl EventRecording {
    /// Writes events; `events` is asked only where they are wanted.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn record<E>(
        self,
        work: &mut dyn WebhookWriter,
        events: impl FnOnce() -> E + Send,
    ) -> Result<(), StorageError>
    where
        E: IntoIterator<Item = OutboxEvent> + Send,
    {
        match self {
            Self::Off => Ok(()),
            Self::On => {
                let events: Vec<OutboxEvent> = events().into_iter().collect();
                if events.is_empty() {
                    return Ok(());
                }
                work.add_webhook_events(&events).await
            }
        }
    }

    /// Tells of every transaction that changes of accounts have written.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn record_points(
        self,
        work: &mut dyn WebhookWriter,
        changes: &[AccountChange],
    ) -> Result<(), StorageError> {
        self.record(work, || points_of(changes)).await
    }

    /// Tells that a customer was merged into another one.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn record_merge(
        self,
        work: &mut dyn WebhookWriter,
        given: &[LoyaltyTransaction],
        taken: &[LoyaltyTransaction],
    ) -> Result<(), StorageError> {
        self.record(work, || OutboxEvent::customer_merged(given, taken))
            .await
    }
}

fn points_of(changes: &[AccountChange]) -> Vec<OutboxEvent> {
    let transactions = changes.iter().flat_map(|change| &change.transactions);
    transactions.map(OutboxEvent::points).collect()
}
