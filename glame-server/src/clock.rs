//! The real clock, real ids and real secrets.

use chrono::{DateTime, SubsecRound, Utc};
use glame_core::ports::{Clock, IdSource, SecretSource};
use glame_core::webhooks::WebhookSecret;
use uuid::Uuid;

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the Clock that everybody else takes"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// Ids that grow with time (UUID version 7).
#[derive(Debug, Clone, Copy, Default)]
pub struct TimeOrderedIds;

impl IdSource for TimeOrderedIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the IdSource that everybody else takes"
    )]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Secrets of 32 bytes of the generator of the process, which the system seeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomSecrets;

impl SecretSource for RandomSecrets {
    #[expect(
        clippy::expect_used,
        reason = "32 bytes are a secret; there is nothing that could fail"
    )]
    fn webhook_secret(&self) -> WebhookSecret {
        let key: [u8; 32] = rand::random();
        WebhookSecret::from_key(&key).expect("32 bytes are a secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_comes_twice() {
        assert_ne!(
            RandomSecrets.webhook_secret(),
            RandomSecrets.webhook_secret()
        );
    }
}
