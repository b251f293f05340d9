//! Everything that requests are answered with, put together once.

mod batches;
mod errands;
mod reads;
mod segment_desk;
mod sessions;
mod sync_desk;

use std::sync::Arc;

use chrono_tz::Tz;
use glame_core::access::AccessService;
use glame_core::analytics::CustomerAnalyticsService;
use glame_core::customers::{
    ConsentService, CustomerDirectory, CustomerExporter, ErasureService, ProfileService,
};
use glame_core::looks::LookService;
use glame_core::loyalty::LoyaltyService;
use glame_core::ports::{CodeSender, Storage};
use glame_core::purchases::PurchaseLog;
use glame_core::webhooks::WebhookService;

use crate::api::Cursors;
use crate::stop::Stop;

pub use errands::Errands;
pub use reads::{LoyaltyPage, ProfilePage, Reads};
pub use segment_desk::SegmentDesk;
pub use sessions::Sessions;
pub use sync_desk::{SyncDesk, SyncRefused, SyncStage, SyncState};

/// The services behind the API.
#[derive(Debug)]
pub struct App {
    /// Where everything is kept.
    pub storage: Arc<dyn Storage>,
    /// Sign-in, staff and the audit log.
    pub access: AccessService,
    /// Who is signed in, asked for with each request.
    pub sessions: Sessions,
    /// What most requests ask for, asked for many of them at once.
    pub reads: Reads,
    /// How codes reach customers; none where nobody delivers them.
    pub codes: Option<Arc<dyn CodeSender>>,
    /// The points.
    pub loyalty: LoyaltyService,
    /// The figures of all customers.
    pub analytics: CustomerAnalyticsService,
    /// The list of customers.
    pub directory: CustomerDirectory,
    /// The profiles of customers.
    pub profiles: ProfileService,
    /// What customers have agreed to.
    pub consents: ConsentService,
    /// How customers are forgotten.
    pub erasure: ErasureService,
    /// What is known of a customer, all of it.
    pub exporter: CustomerExporter,
    /// What customers have bought.
    pub purchases: PurchaseLog,
    /// Looks, saved ones, and the articles that they are made of.
    pub looks: LookService,
    /// Where integrators are told of events.
    pub webhooks: WebhookService,
    /// Whether anything is delivered to webhooks.
    pub webhooks_enabled: bool,
    /// The segments.
    pub segments: SegmentDesk,
    /// The synchronisation, as people ask for it.
    pub sync: SyncDesk,
    /// What goes on after the answer.
    pub errands: Errands,
    /// Whether the server is about to stop.
    pub stop: Stop,
    /// The cursors of lists.
    pub cursors: Cursors,
    /// The zone of the shop's calendar.
    pub zone: Tz,
    /// How many proxies of our own stand before the server.
    pub trusted_proxies: u8,
}
