use glame_core::analytics::{AnalyticsError, AsOf, CustomerAnalyticsService};
use glame_core::ports::Clock;
use glame_core::segments::{SegmentError, SegmentService};

use crate::clock::SystemClock;

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
}

/// What has followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// Segments whose members were made anew.
    pub segments: usize,
    /// Customers who have entered one.
    pub entered: u64,
    /// Customers who have left one.
    pub left: u64,
}

/// Tells why nothing followed; the next job begins anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowUpError {
    /// The shop could not be analysed.
    #[error("the shop could not be analysed: {0}")]
    Analysis(#[source] AnalyticsError),
    /// The members of segments could not be made.
    #[error("the members of segments could not be made: {0}")]
    Segments(#[source] SegmentError),
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
    pub async fn run(&self, as_of: AsOf, need: AnalysisNeed) -> Result<Followed, FollowUpError> {
        let analysed = self.analyse(as_of, need).await;
        analysed.map_err(FollowUpError::Analysis)?;
        let followed = self.fill_segments(as_of).await;
        let followed = followed.map_err(FollowUpError::Segments)?;
        tracing::info!(
            segments = followed.segments,
            entered = followed.entered,
            left = followed.left,
            "the shop is analysed and the segments are filled"
        );
        Ok(followed)
    }

    async fn analyse(&self, as_of: AsOf, need: AnalysisNeed) -> Result<(), AnalyticsError> {
        if need == AnalysisNeed::OnceADay {
            match self.analytics.shop_analysis().await {
                Ok(stored) if self.analytics.is_same_day(stored.as_of, as_of) => return Ok(()),
                Ok(_) | Err(AnalyticsError::NothingAnalysed) => {}
                Err(error) => return Err(error),
            }
        }
        let now = SystemClock.now();
        let analysis = self.analytics.analyse_shop(as_of, now, |_, _| {}).await?;
        self.analytics.store_analysis(&analysis).await
    }

    async fn fill_segments(&self, as_of: AsOf) -> Result<Followed, SegmentError> {
        if self.segments.all().await?.is_empty() {
            self.segments.install_defaults().await?;
        }
        let population = self.segments.load(as_of).await?;
        let refreshed = self.segments.refresh_all(&population).await?;
        Ok(Followed {
            segments: refreshed.len(),
            entered: refreshed.iter().map(|one| one.entered).sum(),
            left: refreshed.iter().map(|one| one.left).sum(),
        })
    }
}
