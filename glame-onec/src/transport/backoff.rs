use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};
use rand::RngExt;
use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use super::OnSlowness;
use crate::errors::FaultKind;
use crate::settings::Retries;

/// Decides whether a failed call is repeated, and after which pause.
#[derive(Debug)]
pub(super) struct Backoff {
    retries: Retries,
    attempt: u32,
}

/// How many attempts a kind of fault is worth.
enum Worth {
    /// As many as the settings allow.
    All,
    /// One more.
    Two,
    /// None more.
    One,
}

impl Backoff {
    pub(super) const fn new(retries: Retries) -> Self {
        Self {
            retries,
            attempt: 1,
        }
    }

    /// Gives the number of the attempt under way, from one.
    pub(super) const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Gives the pause before the next attempt; none means: give up.
    pub(super) fn pause_after(
        &mut self,
        fault: &FaultKind,
        retry_after: Option<Duration>,
        on_slowness: OnSlowness,
    ) -> Option<Duration> {
        let allowed = match worth(fault, on_slowness) {
            Worth::All => self.retries.attempts,
            Worth::Two => self.retries.attempts.min(2),
            Worth::One => 1,
        };
        if self.attempt >= allowed {
            return None;
        }
        let doublings = self.attempt - 1;
        self.attempt += 1;
        if let Some(asked) = retry_after {
            return (asked <= self.retries.longest_pause).then_some(asked);
        }
        let first = if fault.means_busy() {
            self.retries.busy_pause
        } else {
            self.retries.first_pause
        };
        let ceiling = first
            .saturating_mul(2_u32.saturating_pow(doublings))
            .min(self.retries.longest_pause);
        // Full jitter, so that clients which failed together do not come back together.
        Some(rand::rng().random_range(Duration::ZERO..=ceiling))
    }
}

fn worth(fault: &FaultKind, on_slowness: OnSlowness) -> Worth {
    match fault {
        FaultKind::Unreachable
        | FaultKind::Interrupted
        | FaultKind::Busy
        | FaultKind::Maintenance
        | FaultKind::StaleSession => Worth::All,
        FaultKind::Internal | FaultKind::Unexpected(_) => Worth::Two,
        FaultKind::Slow if on_slowness == OnSlowness::Repeat => Worth::Two,
        FaultKind::Slow
        | FaultKind::Untrusted
        | FaultKind::OutOfMemory
        | FaultKind::TooLarge
        | FaultKind::DiskFull
        | FaultKind::LoginRefused
        | FaultKind::RightsRefused
        | FaultKind::NotPublished
        | FaultKind::NoSuchObject
        | FaultKind::WrongAddress
        | FaultKind::UnknownField(_)
        | FaultKind::OperationRefused
        | FaultKind::RequestRefused
        | FaultKind::Changing
        | FaultKind::Redirected(_) => Worth::One,
    }
}

/// Reads `Retry-After` in seconds or as a date; a date is measured against the server's own clock.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?;
    if let Some(seconds) = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok())
    {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(Some(value))?;
    let now = http_date(headers.get(DATE))?;
    Some((until - now).to_std().unwrap_or(Duration::ZERO))
}

/// Reads a date as HTTP writes it, in UTC.
pub(super) fn http_date(value: Option<&HeaderValue>) -> Option<NaiveDateTime> {
    let text = value?.to_str().ok()?;
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|date| date.naive_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries() -> Retries {
        Retries {
            attempts: 3,
            ..Retries::default()
        }
    }

    fn attempts(fault: &FaultKind, on_slowness: OnSlowness) -> u32 {
        let mut backoff = Backoff::new(retries());
        while let Some(pause) = backoff.pause_after(fault, None, on_slowness) {
            assert!(pause <= retries().longest_pause);
        }
        backoff.attempt()
    }

    #[test]
    fn faults_are_repeated_as_far_as_that_can_help() {
        let cases = [
            (FaultKind::Unreachable, 3),
            (FaultKind::Interrupted, 3),
            (FaultKind::Busy, 3),
            (FaultKind::Maintenance, 3),
            (FaultKind::Internal, 2),
            (FaultKind::Slow, 1),
            (FaultKind::OutOfMemory, 1),
            (FaultKind::LoginRefused, 1),
            (FaultKind::RightsRefused, 1),
            (FaultKind::NotPublished, 1),
        ];
        for (fault, expected) in cases {
            assert_eq!(attempts(&fault, OnSlowness::Fail), expected, "{fault:?}");
        }
        assert_eq!(attempts(&FaultKind::Slow, OnSlowness::Repeat), 2);
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let retries = Retries {
            attempts: 20,
            ..Retries::default()
        };
        let mut backoff = Backoff::new(retries);
        for _ in 0..18 {
            let pause = backoff
                .pause_after(&FaultKind::Busy, None, OnSlowness::Fail)
                .unwrap();
            assert!(pause <= retries.longest_pause);
        }
    }

    #[test]
    fn the_server_may_ask_for_a_pause_but_not_for_any() {
        let ask = |seconds| {
            let asked = Some(Duration::from_secs(seconds));
            Backoff::new(retries()).pause_after(&FaultKind::Busy, asked, OnSlowness::Fail)
        };
        assert_eq!(ask(7), Some(Duration::from_secs(7)));
        assert_eq!(ask(86_400), None);
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("12"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(12)));
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from_static("Sat, 01 Mar 2025 10:00:30 GMT"),
        );
        assert_eq!(
            retry_after(&headers),
            None,
            "a date needs the server's clock"
        );
        headers.insert(
            DATE,
            HeaderValue::from_static("Sat, 01 Mar 2025 10:00:00 GMT"),
        );
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(30)));
        headers.insert(
            DATE,
            HeaderValue::from_static("Sat, 01 Mar 2025 11:00:00 GMT"),
        );
        assert_eq!(retry_after(&headers), Some(Duration::ZERO));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("soon"));
        assert_eq!(retry_after(&headers), None);
    }
}
