use async_trait::async_trait;
use chrono::{DateTime, Timelike, Utc};
use glame_core::ports::{CardPoints, PointsSource, SourceAnswer, SourceError};

use super::OnecSource;
use crate::errors::{Fault, FaultKind};
use crate::local_time;
use crate::points::{CardSums, balances, summed_lines};
use crate::records::bonus_points::BONUS_POINTS;
use crate::source_error::source_error;
use crate::transport::Meter;

impl OnecSource {
    /// Gives the balances, or sums the lines where 1C does not.
    async fn card_sums(&self, as_of: DateTime<Utc>, meter: &Meter) -> Result<CardSums, Fault> {
        let base = &self.base;
        base.forget_published().await;
        base.relearn(&BONUS_POINTS);
        if !base.published(meter).await?.contains(BONUS_POINTS.name) {
            return Err(Fault::new(FaultKind::NotPublished).about(BONUS_POINTS.name));
        }
        let local = local_time::to_local(as_of, base.settings().zone);
        let second = local.with_nanosecond(0).unwrap_or(local);
        match balances(base, second, meter).await {
            Err(fault) if fault.leaves_another_way() => {
                tracing::warn!(
                    set = BONUS_POINTS.name,
                    kind = fault.kind.name(),
                    "1C gives no balances; the lines of the register are summed"
                );
                summed_lines(base, second, meter).await
            }
            sums => sums,
        }
    }
}

#[async_trait]
impl PointsSource for OnecSource {
    async fn card_points(
        &self,
        as_of: DateTime<Utc>,
    ) -> Result<SourceAnswer<Vec<CardPoints>>, SourceError> {
        let meter = Meter::default();
        let sums = self.card_sums(as_of, &meter).await.map_err(source_error)?;
        let (answer, rejected) = sums.finish();
        Ok(SourceAnswer {
            answer,
            rejected,
            requests: meter.requests(),
        })
    }
}
