use std::time::Duration;

use chrono::TimeDelta;
use glame_core::webhooks::{DeliveryRules, EventRecording, Reach};
use serde::Deserialize;

use super::SettingsError;

/// What integrators are told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Whether events are written and sent.
    pub enabled: bool,
    /// Which addresses they may be sent to; `also_loopback` is for development.
    pub reach: Reach,
    /// How many seconds an endpoint has to take an event.
    pub timeout_seconds: u32,
    /// How many events one endpoint is sent at the same time.
    pub at_once: u32,
    /// After how many days of nothing but failures an endpoint is switched off.
    pub disable_after_days: u32,
    /// How many days delivered events are kept.
    pub keep_days: u32,
    /// How many days events are kept that could not be delivered.
    pub keep_dead_days: u32,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            reach: Reach::Public,
            timeout_seconds: 15,
            at_once: 8,
            disable_after_days: 5,
            keep_days: 30,
            keep_dead_days: 90,
        }
    }
}

impl WebhookSettings {
    /// Tells whether the services write events.
    #[must_use]
    pub const fn recording(&self) -> EventRecording {
        if self.enabled {
            EventRecording::On
        } else {
            EventRecording::Off
        }
    }

    /// Gives how patient deliveries are.
    #[must_use]
    pub fn rules(&self) -> DeliveryRules {
        let days = |days: u32| TimeDelta::days(days.into());
        DeliveryRules {
            patience: days(self.disable_after_days),
            keep_delivered: days(self.keep_days),
            keep_dead: days(self.keep_dead_days),
            ..DeliveryRules::default()
        }
    }

    /// Gives how long an endpoint has to take an event.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let limits = [
            ("webhooks.timeout_seconds", self.timeout_seconds, 60),
            ("webhooks.at_once", self.at_once, 100),
            ("webhooks.disable_after_days", self.disable_after_days, 365),
            ("webhooks.keep_days", self.keep_days, 3_650),
            ("webhooks.keep_dead_days", self.keep_dead_days, 3_650),
        ];
        for (key, value, most) in limits {
            if !(1..=most).contains(&value) {
                let problem = format!("must lie between 1 and {most}");
                return Err(SettingsError::Wrong { key, problem });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_unless_somebody_wants_so() {
        assert_eq!(WebhookSettings::default().recording(), EventRecording::Off);
        let on: WebhookSettings =
            toml::from_str("enabled = true\nreach = \"also_loopback\"").unwrap();
        assert_eq!(on.recording(), EventRecording::On);
        assert_eq!(on.reach, Reach::AlsoLoopback);
        assert!(WebhookSettings::default().check().is_ok());
    }

    #[test]
    fn a_number_out_of_its_limits_is_told_by_its_key() {
        for (text, expected) in [
            (
                "timeout_seconds = 0",
                "webhooks.timeout_seconds: must lie between 1 and 60",
            ),
            (
                "timeout_seconds = 61",
                "webhooks.timeout_seconds: must lie between 1 and 60",
            ),
            (
                "at_once = 0",
                "webhooks.at_once: must lie between 1 and 100",
            ),
            (
                "keep_days = 0",
                "webhooks.keep_days: must lie between 1 and 3650",
            ),
        ] {
            let settings: WebhookSettings = toml::from_str(text).unwrap();
            assert_eq!(settings.check().unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn days_become_the_patience_of_deliveries() {
        let settings = WebhookSettings {
            disable_after_days: 3,
            keep_days: 4,
            keep_dead_days: 9,
            ..WebhookSettings::default()
        };
        let rules = settings.rules();
        assert_eq!(rules.patience, TimeDelta::days(3));
        assert_eq!(rules.keep_delivered, TimeDelta::days(4));
        assert_eq!(rules.keep_dead, TimeDelta::days(9));
    }
}
