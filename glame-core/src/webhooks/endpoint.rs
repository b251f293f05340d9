use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{EndpointSecrets, EndpointUrl, EventType};
use crate::values::{PlainText, WebhookEndpointId};

/// The most endpoints that there are at once.
pub const MOST_ENDPOINTS: usize = 50;

/// A place that an integrator wants events sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEndpoint {
    /// Names the endpoint everywhere.
    pub id: WebhookEndpointId,
    /// Where it is.
    pub url: EndpointUrl,
    /// What it is for, in the words of its owner.
    pub description: Option<PlainText>,
    /// What it wants to be told.
    pub events: EventFilter,
    /// With what events are signed.
    pub secrets: EndpointSecrets,
    /// Whether it is told anything now.
    pub state: EndpointState,
    /// Since when every attempt has failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// How often people have changed it, from 1; whoever changes it must have seen the last one.
    pub version: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When people have changed it last.
    pub updated_at: DateTime<Utc>,
}

/// Which events an endpoint is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventFilter {
    /// All, and those that are invented later.
    All,
    /// These.
    Only(BTreeSet<EventType>),
}

/// Whether an endpoint is told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndpointState {
    /// It is.
    Enabled,
    /// A person has said no.
    Disabled,
    /// It has failed for days, so that nothing is sent until a person says yes.
    Failed,
    /// It has answered 410 Gone, by which the specification lets it say no itself.
    Gone,
}

/// What a round of attempts tells of the endpoint itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// Whether an event was taken.
    pub any_taken: bool,
    /// Whether an event was not taken.
    pub any_failed: bool,
    /// Whether it said that it is gone.
    pub gone: bool,
}

impl EndpointState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Enabled, Self::Disabled, Self::Failed, Self::Gone];

    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Failed => "failed",
            Self::Gone => "gone",
        }
    }

    /// Finds a state by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl EventFilter {
    /// Tells whether events of a type are wanted.
    #[must_use]
    pub fn holds(&self, event_type: EventType) -> bool {
        match self {
            Self::All => true,
            Self::Only(wanted) => wanted.contains(&event_type),
        }
    }
}

impl WebhookEndpoint {
    /// Tells whether it is sent an event of a type now.
    #[must_use]
    pub fn is_told(&self, event_type: EventType) -> bool {
        self.state == EndpointState::Enabled && self.events.holds(event_type)
    }

    /// Gives the endpoint after a round of attempts; none if it stays as it is.
    ///
    /// One event that is taken ends a time of failures. Whoever has taken nothing for `patience` is
    /// sent nothing more.
    #[must_use]
    pub fn after(&self, round: Failures, now: DateTime<Utc>, patience: TimeDelta) -> Option<Self> {
        let mut after = self.clone();
        after.failing_since = if round.any_taken {
            None
        } else if round.any_failed {
            self.failing_since.or(Some(now))
        } else {
            self.failing_since
        };
        let failed_for = after.failing_since.map(|since| now - since);
        if self.state == EndpointState::Enabled {
            if round.gone {
                after.state = EndpointState::Gone;
            } else if failed_for.is_some_and(|failed_for| failed_for >= patience) {
                after.state = EndpointState::Failed;
            }
        }
        (after != *self).then_some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::minute;
    use crate::testkit::fixtures::webhooks::endpoint;

    const PATIENCE: TimeDelta = TimeDelta::minutes(60);
    const TAKEN: Failures = Failures {
        any_taken: true,
        any_failed: false,
        gone: false,
    };
    const FAILED: Failures = Failures {
        any_taken: false,
        any_failed: true,
        gone: false,
    };
    const MIXED: Failures = Failures {
        any_taken: true,
        any_failed: true,
        gone: false,
    };
    const GONE: Failures = Failures {
        any_taken: false,
        any_failed: true,
        gone: true,
    };

    #[test]
    fn every_state_is_found_by_its_name() {
        for state in EndpointState::ALL {
            assert_eq!(EndpointState::from_name(state.as_str()), Some(state));
        }
        assert_eq!(EndpointState::from_name("asleep"), None);
    }

    #[test]
    fn an_endpoint_that_fails_for_long_is_switched_off() {
        use EndpointState::{Disabled, Enabled, Failed, Gone};
        // State and begin of the failures before, round, minute, and both after.
        let cases = [
            (Enabled, None, TAKEN, 5, Enabled, None),
            (Enabled, None, FAILED, 5, Enabled, Some(5)),
            (Enabled, Some(5), FAILED, 64, Enabled, Some(5)),
            (Enabled, Some(5), FAILED, 65, Failed, Some(5)),
            (Enabled, Some(5), MIXED, 65, Enabled, None),
            (Enabled, Some(5), TAKEN, 999, Enabled, None),
            (Enabled, None, GONE, 5, Gone, Some(5)),
            (Disabled, Some(5), FAILED, 99, Disabled, Some(5)),
            (Disabled, None, GONE, 99, Disabled, Some(99)),
            (Failed, Some(5), TAKEN, 99, Failed, None),
        ];
        for (state, since, round, now, expected, still) in cases {
            let before = WebhookEndpoint {
                state,
                failing_since: since.map(minute),
                ..endpoint(1)
            };
            let after = before.after(round, minute(now), PATIENCE).unwrap_or(before);
            assert_eq!(after.state, expected, "{state:?} {since:?} {round:?} {now}");
            assert_eq!(after.failing_since, still.map(minute));
            assert_eq!(after.version, endpoint(1).version);
        }
    }

    #[test]
    fn only_what_is_wanted_is_told_and_only_while_it_is_enabled() {
        let only = EventFilter::Only(BTreeSet::from([EventType::PointsSpent]));
        let picky = WebhookEndpoint {
            events: only,
            ..endpoint(1)
        };
        assert!(picky.is_told(EventType::PointsSpent));
        assert!(!picky.is_told(EventType::PointsEarned));
        for state in EndpointState::ALL {
            let one = WebhookEndpoint {
                state,
                ..endpoint(1)
            };
            assert_eq!(
                one.is_told(EventType::SyncFinished),
                state == EndpointState::Enabled
            );
        }
    }
}
