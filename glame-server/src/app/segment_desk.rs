use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use glame_core::analytics::AsOf;
use glame_core::ports::Clock;
use glame_core::segments::{Population, Refreshed, SegmentError, SegmentService};
use tokio::sync::Mutex;

use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::wiring;

/// Where people work with segments: it keeps all customers at hand for previews.
///
/// Customers are read once for all who ask at the same time, and again when they are too old or
/// somebody has changed a segment here.
#[derive(Debug)]
pub struct SegmentDesk {
    service: SegmentService,
    settings: Settings,
    warm: Mutex<Option<Arc<Population>>>,
}

impl SegmentDesk {
    /// Puts the desk together.
    #[must_use]
    pub fn new(service: SegmentService, settings: &Settings) -> Self {
        Self {
            service,
            settings: settings.clone(),
            warm: Mutex::new(None),
        }
    }

    /// Gives the service for whatever changes no segment.
    #[must_use]
    pub const fn service(&self) -> &SegmentService {
        &self.service
    }

    /// Gives the service to somebody who changes a segment, and lets go of the customers at hand.
    pub async fn changing(&self) -> &SegmentService {
        *self.warm.lock().await = None;
        &self.service
    }

    /// Gives all customers, as they were at most `analytics.snapshot_seconds` ago.
    pub async fn population(&self) -> Result<Arc<Population>, SegmentError> {
        let keeps = Duration::from_secs(u64::from(self.settings.analytics.snapshot_seconds));
        let keeps = TimeDelta::from_std(keeps).unwrap_or(TimeDelta::MAX);
        let mut warm = self.warm.lock().await;
        if let Some(population) = warm.as_ref() {
            let age = SystemClock.now().signed_duration_since(population.now());
            if age <= keeps {
                return Ok(Arc::clone(population));
            }
        }
        let population = Arc::new(self.service.load(self.as_of()).await?);
        *warm = Some(Arc::clone(&population));
        Ok(population)
    }

    /// Fills all segments with the customers of this moment.
    pub async fn refresh(&self) -> Result<Vec<Refreshed>, SegmentError> {
        *self.warm.lock().await = None;
        let population = self.population().await?;
        self.service.refresh_all(&population).await
    }

    fn as_of(&self) -> AsOf {
        wiring::as_of(&self.settings)
    }
}
