use glame_core::loyalty::LoyaltyService;
use glame_core::ports::Clock;

use super::timetable::Timetable;
use crate::clock::SystemClock;
use crate::output::describe;
use crate::settings::{Settings, SettingsError};
use crate::stop::Stop;

/// Writes points off whose time is over, and gives the presents that are due, once a day.
///
/// Replicas may do so at once: accounts are locked, and a lot is written off once. Balances do not
/// change by it, because expiry acts by time.
#[derive(Debug)]
pub struct ExpirySweeper {
    timetable: Timetable,
    service: LoyaltyService,
}

impl ExpirySweeper {
    /// Prepares the schedule of the settings; none if it is off.
    pub fn new(
        settings: &Settings,
        service: LoyaltyService,
    ) -> Result<Option<Self>, SettingsError> {
        let zone = settings.analytics.metrics.zone;
        let cron = settings.loyalty.expire_schedule()?;
        Ok(cron.map(|cron| Self {
            timetable: Timetable::new(cron, zone),
            service,
        }))
    }

    /// Gives the presents of the programme that are due; each is given once.
    async fn grant_bonuses(&self) {
        let birthdays = self.service.grant_birthday_bonuses().await;
        let levels = self.service.grant_level_bonuses().await;
        for (occasion, granted) in [("birthday", birthdays), ("level", levels)] {
            match granted {
                Ok(granted) => tracing::info!(
                    occasion,
                    customers = granted.customers,
                    points = granted.points,
                    "presents of the programme were given"
                ),
                Err(error) => tracing::error!(
                    occasion,
                    error = describe(&error),
                    "presents of the programme could not be given"
                ),
            }
        }
    }

    /// Works until it is time to stop.
    pub async fn run(self, stop: Stop) {
        let mut last = SystemClock.now();
        while let Some(turn) = self.timetable.next(last, &stop).await {
            match self.service.expire_old_points().await {
                Ok(swept) => tracing::info!(
                    accounts = swept.accounts,
                    lots = swept.lots,
                    points = swept.points,
                    "points whose time is over were written off"
                ),
                Err(error) => {
                    tracing::error!(error = describe(&error), "points could not be written off");
                }
            }
            self.grant_bonuses().await;
            last = turn.max(SystemClock.now());
        }
    }
}
