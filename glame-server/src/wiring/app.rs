//! Everything that requests are answered with, put together as the settings say.

use std::sync::Arc;
use std::time::Duration;

use glame_core::customers::{
    ConsentService, CustomerDirectory, CustomerExporter, ErasureService, ProfileService,
};
use glame_core::looks::LookService;
use glame_core::loyalty::LoyaltyService;
use glame_core::ports::{Clock, IdSource, Storage};
use glame_core::purchases::PurchaseLog;

use super::WiringError;
use crate::api::Cursors;
use crate::app::{App, Errands, Reads, SegmentDesk, Sessions, SyncDesk};
use crate::clock::{SystemClock, TimeOrderedIds};
use crate::settings::Settings;
use crate::stop::Stop;

/// Puts together what the API needs.
pub fn app(
    settings: &Settings,
    storage: Arc<dyn Storage>,
    loyalty: LoyaltyService,
    sync: SyncDesk,
    errands: Errands,
    stop: Stop,
) -> Result<App, WiringError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn IdSource> = Arc::new(TimeOrderedIds);
    let metrics = &settings.analytics.metrics;
    let zone = metrics.zone;
    let access = super::access(settings, Arc::clone(&storage))?;
    let moment = Duration::from_secs(u64::from(settings.server.sessions_remembered_seconds));
    Ok(App {
        sessions: Sessions::new(access.clone(), moment),
        reads: Reads::begin(&storage, &loyalty),
        cursors: Cursors::new(access.cursor_key()),
        codes: super::code_sender(settings)?,
        analytics: super::analytics(settings, Arc::clone(&storage)),
        directory: CustomerDirectory::new(Arc::clone(&storage)),
        profiles: ProfileService::new(Arc::clone(&storage), Arc::clone(&clock), zone),
        consents: ConsentService::new(Arc::clone(&storage), Arc::clone(&clock)),
        erasure: ErasureService::new(
            Arc::clone(&storage),
            Arc::clone(&clock),
            vec![Arc::new(super::SessionsOf(access.clone()))],
        ),
        exporter: CustomerExporter::new(Arc::clone(&storage), Arc::clone(&clock)),
        purchases: PurchaseLog::new(Arc::clone(&storage), metrics.lines.clone()),
        looks: LookService::new(Arc::clone(&storage), clock, ids),
        segments: SegmentDesk::new(
            Arc::clone(&storage),
            super::segments(settings, Arc::clone(&storage))?,
            settings,
        ),
        webhooks: super::webhooks(settings, Arc::clone(&storage)),
        webhooks_enabled: settings.webhooks.enabled,
        trusted_proxies: settings.server.trusted_proxies,
        zone,
        access,
        loyalty,
        sync,
        errands,
        stop,
        storage,
    })
}
