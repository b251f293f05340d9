//! The delivery of events to integrators.

mod guard;
mod sender;

pub use guard::{AddressRefused, GuardedResolver};
pub use sender::WebhookSender;

use std::collections::HashMap;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use glame_core::ports::{ClaimedDelivery, StorageError};
use glame_core::values::WebhookEndpointId;
use glame_core::webhooks::{Attempt, Delivery, Jitter, WebhookEndpoint, WebhookOutbox};
use rand::RngExt;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use crate::output::describe;
use crate::stop::Stop;

/// Sends what waits in the outbox, as long as the server runs.
///
/// Any number of replicas may do so at once. Each endpoint has a lane of its own, so that one that
/// hangs or fails holds up nobody else; a lane sends a handful of events together, notes what came of
/// them, and ends. The endpoint is read anew for the next one, with its secrets and its state.
#[derive(Debug)]
pub struct WebhookWorker {
    outbox: WebhookOutbox,
    sender: WebhookSender,
    pace: DeliveryPace,
}

/// How fast events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryPace {
    /// How long to wait before the outbox is looked at again.
    pub every: Duration,
    /// How many events one endpoint is sent at the same time.
    pub at_once: u32,
    /// How long a worker may be silent before others take over what it has in hand; longer than one
    /// attempt takes.
    pub lease: TimeDelta,
    /// How long to wait before old events are removed again.
    pub remove_old_every: Duration,
}

impl DeliveryPace {
    /// Gives the usual pace, where an attempt may take so long.
    #[must_use]
    pub fn of(timeout: Duration, at_once: u32) -> Self {
        let timeout = TimeDelta::from_std(timeout).unwrap_or(TimeDelta::minutes(1));
        Self {
            every: Duration::from_secs(1),
            at_once,
            lease: timeout + TimeDelta::seconds(30),
            remove_old_every: Duration::from_hours(1),
        }
    }
}

/// The lanes that are open, by the task of each.
#[derive(Debug, Default)]
struct Lanes {
    tasks: JoinSet<usize>,
    endpoints: HashMap<Id, WebhookEndpointId>,
}

impl WebhookWorker {
    /// Puts the worker together.
    #[must_use]
    pub const fn new(outbox: WebhookOutbox, sender: WebhookSender, pace: DeliveryPace) -> Self {
        Self {
            outbox,
            sender,
            pace,
        }
    }

    /// Works until it is time to stop; attempts that are under way come to their end.
    pub async fn run(self, stop: Stop) {
        let mut lanes = Lanes::default();
        let mut removed_old = None;
        while !stop.is_wanted() {
            if let Err(error) = self.open_lanes(&mut lanes).await {
                tracing::warn!(error = describe(&error), "the outbox could not be read");
            }
            let now = Instant::now();
            if removed_old.is_none_or(|last| now - last >= self.pace.remove_old_every) {
                removed_old = Some(now);
                self.remove_old().await;
            }
            tokio::select! {
                () = stop.wanted() => {}
                () = tokio::time::sleep(self.pace.every) => {}
                () = lanes.one_has_sent() => {}
            }
        }
        while lanes.closed().await.is_some() {}
    }

    /// Opens a lane for every endpoint that has something to be tried and none open.
    async fn open_lanes(&self, lanes: &mut Lanes) -> Result<(), StorageError> {
        self.outbox.distribute().await?;
        for endpoint in self.outbox.due().await? {
            if lanes.endpoints.values().any(|open| *open == endpoint.id) {
                continue;
            }
            let id = endpoint.id;
            let (outbox, sender, pace) = (self.outbox.clone(), self.sender.clone(), self.pace);
            let task = lanes.tasks.spawn(async move {
                let sent = send_round(&outbox, &sender, &endpoint, pace).await;
                sent.unwrap_or_else(|error| {
                    let error = describe(&error);
                    tracing::warn!(endpoint = %id, error, "events could not be taken or noted");
                    0
                })
            });
            lanes.endpoints.insert(task.id(), id);
        }
        Ok(())
    }

    async fn remove_old(&self) {
        match self.outbox.remove_old().await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "old events and deliveries were removed"),
            Err(error) => {
                tracing::warn!(error = describe(&error), "old events could not be removed");
            }
        }
    }
}

impl Lanes {
    /// Waits for a lane to close, and gives how many events it has sent; none if none is open.
    async fn closed(&mut self) -> Option<usize> {
        let (task, sent) = match self.tasks.join_next_with_id().await? {
            Ok(closed) => closed,
            Err(error) => {
                tracing::error!(
                    error = describe(&error),
                    "a lane of webhooks has broken down"
                );
                (error.id(), 0)
            }
        };
        self.endpoints.remove(&task);
        Some(sent)
    }

    /// Waits until a lane that has sent something closes, perhaps for ever: the others, which found
    /// that a replica was faster, are no reason to look again at once.
    async fn one_has_sent(&mut self) {
        while let Some(sent) = self.closed().await {
            if sent > 0 {
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}

/// Sends an endpoint a handful of events, and gives how many.
async fn send_round(
    outbox: &WebhookOutbox,
    sender: &WebhookSender,
    endpoint: &WebhookEndpoint,
    pace: DeliveryPace,
) -> Result<usize, StorageError> {
    let (token, claimed) = outbox.claim(endpoint.id, pace.at_once, pace.lease).await?;
    let attempts = claimed
        .into_iter()
        .map(|one| attempt(sender, endpoint, one));
    let attempts = join_all(attempts).await;
    if !attempts.is_empty() {
        let share = rand::rng().random_range(0..=Jitter::MOST);
        let jitter = Jitter::thousandths(share);
        outbox.finish(endpoint.id, token, &attempts, jitter).await?;
    }
    Ok(attempts.len())
}

async fn attempt(
    sender: &WebhookSender,
    endpoint: &WebhookEndpoint,
    claimed: ClaimedDelivery,
) -> (Delivery, Attempt) {
    let attempt = sender.send(endpoint, &claimed).await;
    let delivery = claimed.delivery;
    if attempt.result.is_taken() {
        tracing::debug!(
            endpoint = %endpoint.id,
            event = %delivery.event,
            kind = delivery.event_type.as_str(),
            "an event was taken"
        );
    } else {
        tracing::info!(
            endpoint = %endpoint.id,
            event = %delivery.event,
            kind = delivery.event_type.as_str(),
            attempts = delivery.attempts + 1,
            result = %attempt.result,
            "an event was not taken"
        );
    }
    (delivery, attempt)
}
