use glame_core::analytics::{AnalyticsError, AsOf, CustomerAnalyticsService};
use glame_core::ports::Clock;
use glame_core::segments::{SegmentError, SegmentService};
use glame_core::sync::{SyncCounts, SyncError};

use crate::clock::SystemClock;

/// How often segments are filled while somebody edits them meanwhile.
const PASSES: u32 = 3;

/// What follows from new figures: the analysis of the whole shop, then the members of segments.
#[derive(Debug, Clone)]
pub struct FollowUp {
    analytics: CustomerAnalyticsService,
    segments: SegmentService,
}

/// How fresh the analysis of the shop has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalysisNeed {
    /// It is made now.
    Anew,
    /// One of the same day serves: a synchronisation every half an hour need not read all histories
    /// twice each time.
    OnceADay,
    /// Any serves, and none: only segments are filled.
    AsItIs,
}

impl FollowUp {
    /// Puts both together.
    #[must_use]
    pub const fn new(analytics: CustomerAnalyticsService, segments: SegmentService) -> Self {
        Self {
            analytics,
            segments,
        }
    }

    /// Analyses the shop, then fills the segments; the default ones are made if there are none.
    ///
    /// # Errors
    /// Those of the analysis and of the segments; whoever follows begins anew.
    pub async fn run(&self, as_of: AsOf, need: AnalysisNeed) -> Result<SyncCounts, SyncError> {
        self.analyse(as_of, need).await?;
        Ok(self.fill_segments(as_of).await?)
    }

    async fn analyse(&self, as_of: AsOf, need: AnalysisNeed) -> Result<(), AnalyticsError> {
        match need {
            AnalysisNeed::AsItIs => return Ok(()),
            AnalysisNeed::OnceADay => match self.analytics.shop_analysis().await {
                Ok(stored) if self.analytics.is_same_day(stored.as_of, as_of) => return Ok(()),
                Ok(_) | Err(AnalyticsError::NothingAnalysed) => {}
                Err(error) => return Err(error),
            },
            AnalysisNeed::Anew => {}
        }
        let now = SystemClock.now();
        let analysis = self.analytics.analyse_shop(as_of, now, |_, _| {}).await?;
        self.analytics.store_analysis(&analysis).await
    }

    async fn fill_segments(&self, as_of: AsOf) -> Result<SyncCounts, SegmentError> {
        if self.segments.all().await?.is_empty() {
            self.segments.install_defaults().await?;
        }
        let mut counts = SyncCounts::default();
        for _ in 0..PASSES {
            let population = self.segments.load(as_of).await?;
            let refreshed = self.segments.refresh_all(&population).await?;
            let superseded = refreshed.iter().filter(|one| one.is_superseded).count();
            counts.read = u64::try_from(population.snapshot().users().len()).unwrap_or(u64::MAX);
            counts.created += refreshed.iter().map(|one| one.entered).sum::<u64>();
            counts.removed += refreshed.iter().map(|one| one.left).sum::<u64>();
            counts.rejected = u64::try_from(superseded).unwrap_or(u64::MAX);
            if superseded == 0 {
                break;
            }
        }
        Ok(counts)
    }
}
