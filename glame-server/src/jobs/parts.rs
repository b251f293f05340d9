use std::sync::Arc;

use glame_core::loyalty::LoyaltyService;
use glame_core::ports::{PointsSource, Storage};
use glame_core::sync::CustomerSyncService;

use super::FollowUp;

/// What jobs of the synchronisation work with.
#[derive(Clone)]
pub struct SyncParts {
    /// Where everything is kept.
    pub storage: Arc<dyn Storage>,
    /// The service that brings customers and purchases over and makes figures.
    pub service: CustomerSyncService,
    /// The points.
    pub loyalty: LoyaltyService,
    /// The points of the shop's base, to be taken over or compared.
    pub points: Arc<dyn PointsSource>,
    /// What follows from new figures.
    pub follow_up: FollowUp,
}

impl std::fmt::Debug for SyncParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncParts").finish_non_exhaustive()
    }
}
