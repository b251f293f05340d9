use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

use super::{EventType, Jitter, RetrySchedule};
use crate::values::{WebhookEndpointId, WebhookEventId};

/// The longest that an endpoint may ask to be left alone before the next attempt.
const LONGEST_RETRY_AFTER: TimeDelta = TimeDelta::days(1);

/// One event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it goes.
    pub endpoint: WebhookEndpointId,
    /// What goes there.
    pub event: WebhookEventId,
    /// What has happened.
    pub event_type: EventType,
    /// How far it has come.
    pub state: DeliveryState,
    /// How many attempts there were, since it was begun or replayed.
    pub attempts: u32,
    /// When it is tried next; while a worker has it in hand, when another one may take it over.
    /// None once it is delivered or dead.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was tried last.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// What came of that.
    pub last_result: Option<AttemptResult>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
}

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryState {
    /// It is tried, now or later.
    Pending,
    /// The endpoint has taken it.
    Delivered,
    /// It is tried no more, unless a person replays it.
    Dead,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptResult {
    /// The endpoint answered with this HTTP status.
    Status(u16),
    /// It did not answer in time.
    TimedOut,
    /// No connection came about, or it broke: name, network, certificate.
    Unreachable,
    /// Its name leads to an address that may not be called.
    AddressRefused,
}

/// Tells that a text is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the result of an attempt")]
pub struct ParseAttemptResultError;

/// An attempt that has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// What came of it.
    pub result: AttemptResult,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<TimeDelta>,
    /// When it ended.
    pub at: DateTime<Utc>,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// Finds a state by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl AttemptResult {
    /// Tells whether the event was taken: any status of 200 to 299, and nothing else. A redirect is
    /// none, because nobody follows it.
    #[must_use]
    pub const fn is_taken(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }

    /// Tells whether the endpoint wants no more events at all.
    #[must_use]
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Status(410))
    }
}

impl fmt::Display for AttemptResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status:03}"),
            Self::TimedOut => f.write_str("timed_out"),
            Self::Unreachable => f.write_str("unreachable"),
            Self::AddressRefused => f.write_str("address_refused"),
        }
    }
}

impl FromStr for AttemptResult {
    type Err = ParseAttemptResultError;

    fn from_str(text: &str) -> Result<Self, ParseAttemptResultError> {
        match text {
            "timed_out" => Ok(Self::TimedOut),
            "unreachable" => Ok(Self::Unreachable),
            "address_refused" => Ok(Self::AddressRefused),
            status => match status.parse() {
                Ok(status @ 100..=999) => Ok(Self::Status(status)),
                Ok(_) | Err(_) => Err(ParseAttemptResultError),
            },
        }
    }
}

impl Delivery {
    /// Begins a delivery, which is tried at once.
    #[must_use]
    pub const fn new(
        endpoint: WebhookEndpointId,
        event: WebhookEventId,
        event_type: EventType,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            endpoint,
            event,
            event_type,
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt_at: Some(now),
            last_attempt_at: None,
            last_result: None,
            created_at: now,
        }
    }

    /// Gives the delivery after an attempt.
    ///
    /// What was not taken waits as the schedule says, or longer where the endpoint asks for it, a day
    /// at the most. When the schedule is over, or the endpoint is gone, it is dead.
    #[must_use]
    pub fn after(&self, attempt: Attempt, schedule: &RetrySchedule, jitter: Jitter) -> Self {
        let attempts = self.attempts.saturating_add(1);
        let wait = match attempt.result {
            result if result.is_taken() || result.is_gone() => None,
            _ => schedule.wait_after(attempts, jitter),
        };
        let asked_for = attempt.retry_after.unwrap_or_default();
        let state = match wait {
            _ if attempt.result.is_taken() => DeliveryState::Delivered,
            Some(_) => DeliveryState::Pending,
            None => DeliveryState::Dead,
        };
        Self {
            state,
            attempts,
            next_attempt_at: wait
                .map(|wait| attempt.at + wait.max(asked_for.min(LONGEST_RETRY_AFTER))),
            last_attempt_at: Some(attempt.at),
            last_result: Some(attempt.result),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::minute;
    use crate::testkit::fixtures::webhooks::delivery;

    fn attempt(result: AttemptResult, minutes: i64) -> Attempt {
        Attempt {
            result,
            retry_after: None,
            at: minute(minutes),
        }
    }

    #[test]
    fn only_two_hundreds_are_taken() {
        for status in [200, 201, 204, 299] {
            assert!(AttemptResult::Status(status).is_taken());
        }
        for status in [100, 199, 300, 301, 308, 400, 410, 429, 500, 503] {
            assert!(!AttemptResult::Status(status).is_taken());
        }
        for result in [
            AttemptResult::TimedOut,
            AttemptResult::Unreachable,
            AttemptResult::AddressRefused,
        ] {
            assert!(!result.is_taken() && !result.is_gone());
        }
    }

    #[test]
    fn every_result_is_read_as_it_is_written() {
        let mut results = vec![
            AttemptResult::TimedOut,
            AttemptResult::Unreachable,
            AttemptResult::AddressRefused,
        ];
        results.extend([100, 200, 599, 999].map(AttemptResult::Status));
        for result in results {
            assert_eq!(result.to_string().parse(), Ok(result));
        }
        for text in ["", "99", "1000", "-200", "late"] {
            assert_eq!(
                text.parse::<AttemptResult>(),
                Err(ParseAttemptResultError),
                "{text}"
            );
        }
        for state in DeliveryState::ALL {
            assert_eq!(DeliveryState::from_name(state.as_str()), Some(state));
        }
    }

    #[test]
    fn what_is_taken_is_delivered_and_what_is_gone_is_dead() {
        let schedule = RetrySchedule::default();
        for (status, state) in [(204, DeliveryState::Delivered), (410, DeliveryState::Dead)] {
            let result = AttemptResult::Status(status);
            let after = delivery(1, 1).after(attempt(result, 3), &schedule, Jitter::default());
            let expected = Delivery {
                state,
                attempts: 1,
                next_attempt_at: None,
                last_attempt_at: Some(minute(3)),
                last_result: Some(result),
                ..delivery(1, 1)
            };
            assert_eq!(after, expected);
        }
    }

    #[test]
    fn what_is_not_taken_is_tried_eight_times_and_then_dead() {
        let schedule = RetrySchedule::default();
        let mut one = delivery(1, 1);
        let mut waits = Vec::new();
        while let Some(at) = one.next_attempt_at {
            let failed = Attempt {
                at,
                ..attempt(AttemptResult::Status(500), 0)
            };
            one = one.after(failed, &schedule, Jitter::default());
            waits.extend(one.next_attempt_at.map(|next| (next - at).num_seconds()));
        }
        assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
        assert_eq!((one.attempts, one.state), (8, DeliveryState::Dead));
    }

    #[test]
    fn an_endpoint_may_ask_for_a_longer_wait_of_a_day_at_the_most() {
        let schedule = RetrySchedule::default();
        // What it asks for and what it gets, in seconds; the schedule says five.
        for (asked, expected) in [
            (0, 5),
            (3, 5),
            (60, 60),
            (86_400, 86_400),
            (999_999, 86_400),
        ] {
            let busy = Attempt {
                retry_after: Some(TimeDelta::seconds(asked)),
                ..attempt(AttemptResult::Status(503), 0)
            };
            let after = delivery(1, 1).after(busy, &schedule, Jitter::default());
            assert_eq!(
                after.next_attempt_at,
                Some(minute(0) + TimeDelta::seconds(expected))
            );
        }
    }
}
