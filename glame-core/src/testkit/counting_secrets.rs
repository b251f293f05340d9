use std::sync::atomic::{AtomicU8, Ordering};

use crate::ports::SecretSource;
use crate::webhooks::WebhookSecret;

/// Secrets that count: 32 times 1, 32 times 2, and so on.
#[derive(Debug, Default)]
pub struct CountingSecrets(AtomicU8);

impl SecretSource for CountingSecrets {
    fn webhook_secret(&self) -> WebhookSecret {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        WebhookSecret::from_key(&[number; 32]).unwrap()
    }
}
