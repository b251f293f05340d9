//! Puts adapters and services together as the settings say.

mod absent_source;
mod access;
mod app;
mod forgetting;

use std::num::NonZeroUsize;
use std::sync::Arc;

use glame_core::analytics::{AsOf, CustomerAnalyticsService};
use glame_core::loyalty::{LoyaltyService, PointsLedger};
use glame_core::ports::{
    Clock, CodeSenderError, HashingError, PointsSource, SalesSource, Storage, StorageError,
};
use glame_core::segments::{SegmentService, SegmentSettings};
use glame_core::sync::CustomerSyncService;
use glame_core::webhooks::{WebhookOutbox, WebhookService};
use glame_onec::OnecSource;

pub use absent_source::AbsentSource;
pub use access::{access, code_sender, warn_of_sign_in};
pub use app::app;
pub(crate) use forgetting::SessionsOf;

use crate::access::{SecretFileError, SystemSecrets};
use crate::clock::{SystemClock, TimeOrderedIds};
use crate::jobs::{DeliveryPace, FollowUp, SyncParts, WebhookSender, WebhookWorker};
use crate::settings::{Settings, SettingsError};

/// Tells why the parts could not be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WiringError {
    /// The settings do not hold.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The settings of the 1C base do not hold.
    #[error(transparent)]
    Onec(#[from] glame_onec::SettingsError),
    /// The database cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The secret of the server cannot be kept.
    #[error(transparent)]
    Secret(#[from] SecretFileError),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The settings of the provider of messages do not hold.
    #[error(transparent)]
    CodeSender(#[from] CodeSenderError),
}

/// Opens the database and checks that its schema is the one of this version.
pub async fn storage(settings: &Settings) -> Result<Arc<dyn Storage>, WiringError> {
    let storage = glame_storage::open(settings.database_url()?).await?;
    storage.check().await?;
    Ok(storage)
}

/// Prepares the 1C base; nothing is asked yet.
pub fn source(settings: &Settings) -> Result<OnecSource, WiringError> {
    Ok(OnecSource::open(settings.onec()?)?)
}

/// Puts together what jobs of the synchronisation work with; without a base they can do what asks
/// none.
pub fn sync_parts(
    settings: &Settings,
    storage: &Arc<dyn Storage>,
    loyalty: LoyaltyService,
) -> Result<SyncParts, WiringError> {
    if settings.onec.url.is_none() {
        return parts_without_base(settings, storage, loyalty);
    }
    let source = Arc::new(source(settings)?);
    parts_of(settings, storage, loyalty, source.clone(), source)
}

/// Puts together what jobs work with that ask no base, whether or not one is configured.
pub fn parts_without_base(
    settings: &Settings,
    storage: &Arc<dyn Storage>,
    loyalty: LoyaltyService,
) -> Result<SyncParts, WiringError> {
    let (sales, points) = (Arc::new(AbsentSource), Arc::new(AbsentSource));
    parts_of(settings, storage, loyalty, sales, points)
}

fn parts_of(
    settings: &Settings,
    storage: &Arc<dyn Storage>,
    loyalty: LoyaltyService,
    sales: Arc<dyn SalesSource>,
    points: Arc<dyn PointsSource>,
) -> Result<SyncParts, WiringError> {
    Ok(SyncParts {
        storage: Arc::clone(storage),
        service: sync_service(settings, Arc::clone(storage), sales),
        loyalty,
        points,
        follow_up: FollowUp::new(
            analytics(settings, Arc::clone(storage)),
            segments(settings, Arc::clone(storage))?,
        ),
    })
}

/// Puts the synchronisation together.
pub fn sync_service(
    settings: &Settings,
    storage: Arc<dyn Storage>,
    source: Arc<dyn SalesSource>,
) -> CustomerSyncService {
    CustomerSyncService::new(
        storage,
        source,
        Arc::new(SystemClock),
        Arc::new(TimeOrderedIds),
        settings.sync(),
    )
    .with_events(settings.webhooks.recording())
}

/// Puts the analytics together.
pub fn analytics(settings: &Settings, storage: Arc<dyn Storage>) -> CustomerAnalyticsService {
    CustomerAnalyticsService::new(storage, settings.analytics.metrics.clone())
        .looking_ahead(settings.analytics.outlook, threads())
}

/// Puts the segments together.
pub fn segments(
    settings: &Settings,
    storage: Arc<dyn Storage>,
) -> Result<SegmentService, WiringError> {
    let rules = SegmentSettings {
        metrics: settings.analytics.metrics.clone(),
        programme: Some(settings.programme()?),
        threads: threads(),
    };
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(TimeOrderedIds));
    let service = SegmentService::new(storage, clock, ids, rules);
    Ok(service.recording(settings.webhooks.recording()))
}

/// How many threads a question about all customers may use.
fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Puts the loyalty programme together.
pub fn loyalty(
    settings: &Settings,
    storage: Arc<dyn Storage>,
) -> Result<LoyaltyService, WiringError> {
    let programme = settings.programme()?;
    let service = LoyaltyService::new(
        storage,
        Arc::new(SystemClock),
        programme,
        settings.loyalty.ledger,
    );
    let recording = settings.webhooks.recording();
    let service = service.map(|service| service.with_events(recording));
    // The settings have checked the programme.
    service.map_err(|error| {
        WiringError::Settings(SettingsError::Wrong {
            key: "loyalty.programme",
            problem: error.to_string(),
        })
    })
}

/// Puts together what people do with webhooks.
pub fn webhooks(settings: &Settings, storage: Arc<dyn Storage>) -> WebhookService {
    WebhookService::new(
        storage,
        Arc::new(SystemClock),
        Arc::new(TimeOrderedIds),
        Arc::new(SystemSecrets),
        settings.webhooks.reach,
    )
}

/// Puts the delivery of webhooks together; none where they are off.
pub fn webhook_worker(
    settings: &Settings,
    storage: &Arc<dyn Storage>,
) -> Result<Option<WebhookWorker>, WiringError> {
    let webhooks = &settings.webhooks;
    if !webhooks.enabled {
        return Ok(None);
    }
    let outbox = WebhookOutbox::new(
        Arc::clone(storage),
        Arc::new(SystemClock),
        Arc::new(TimeOrderedIds),
        webhooks.rules(),
    );
    let sender = WebhookSender::new(webhooks.reach, webhooks.timeout())?;
    let pace = DeliveryPace::of(webhooks.timeout(), webhooks.at_once);
    Ok(Some(WebhookWorker::new(outbox, sender, pace)))
}

/// Says so where every receipt that was ever sold earns, which few shops want.
pub fn warn_of_old_receipts(settings: &Settings) -> Result<(), SettingsError> {
    let earns_here = settings.loyalty.ledger == PointsLedger::Glame;
    if earns_here && settings.programme()?.starts_on.is_none() {
        tracing::warn!(
            "the loyalty programme has no first day: every receipt that was ever sold earns \
             points; set loyalty.starts_on (GLAME_LOYALTY_STARTS_ON) to its first day"
        );
    }
    Ok(())
}

/// Gives the instant that figures speak of: the day in the settings, or now.
#[must_use]
pub fn as_of(settings: &Settings) -> AsOf {
    settings
        .analytics
        .as_of
        .map_or_else(|| AsOf::Now(SystemClock.now()), AsOf::EndOf)
}
