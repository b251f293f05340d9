use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};

use crate::ports::{NoRandomness, SecretSource};

/// What stands before a secret, so that people and scanners know what it is.
const PREFIX: &str = "whsec_";

/// The key with which events are signed: 24 to 64 bytes, written as `whsec_` and base64.
///
/// Nothing shows it but [`reveal`](Self::reveal).
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

/// Tells that a text is no secret; it does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ and 24 to 64 bytes in base64")]
pub struct ParseSecretError;

impl WebhookSecret {
    /// Takes 24 to 64 bytes of chance.
    pub fn from_key(key: &[u8]) -> Result<Self, ParseSecretError> {
        if (24..=64).contains(&key.len()) {
            Ok(Self(key.to_vec()))
        } else {
            Err(ParseSecretError)
        }
    }

    /// Draws a secret of 32 bytes that nobody has had before.
    pub fn draw(secrets: &dyn SecretSource) -> Result<Self, NoRandomness> {
        let mut key = [0; 32];
        secrets.fill(&mut key)?;
        Ok(Self(key.to_vec()))
    }

    /// Reads a secret as [`reveal`](Self::reveal) writes it.
    pub fn parse(text: &str) -> Result<Self, ParseSecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(ParseSecretError)?;
        let key = STANDARD.decode(encoded).map_err(|_| ParseSecretError)?;
        Self::from_key(&key)
    }

    /// Writes the secret out, for its owner and for storage.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(***)")
    }
}

/// The secrets of an endpoint: one, and for a while after a rotation the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointSecrets {
    /// The one that stays.
    pub current: WebhookSecret,
    /// The one that was there before.
    pub previous: Option<RetiringSecret>,
}

/// A secret that is still used until an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetiringSecret {
    /// The secret.
    pub secret: WebhookSecret,
    /// When it is used no more.
    pub valid_until: DateTime<Utc>,
}

impl EndpointSecrets {
    /// Begins with one secret.
    #[must_use]
    pub const fn new(current: WebhookSecret) -> Self {
        Self {
            current,
            previous: None,
        }
    }

    /// Takes a new secret into use; the present one stays valid for `overlap`, an older one does not.
    #[must_use]
    pub fn rotated(&self, new: WebhookSecret, now: DateTime<Utc>, overlap: TimeDelta) -> Self {
        Self {
            current: new,
            previous: Some(RetiringSecret {
                secret: self.current.clone(),
                valid_until: now + overlap,
            }),
        }
    }

    /// Gives the secrets that sign at an instant, the one that stays first.
    pub fn valid_at(&self, now: DateTime<Utc>) -> impl Iterator<Item = &WebhookSecret> {
        let previous = self.previous.as_ref();
        let retiring = previous.filter(|retiring| now < retiring.valid_until);
        std::iter::once(&self.current).chain(retiring.map(|retiring| &retiring.secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::minute;

    fn secret(byte: u8) -> WebhookSecret {
        WebhookSecret::from_key(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_secret_is_read_as_it_is_written() {
        for length in [24, 32, 64] {
            let secret = WebhookSecret::from_key(&vec![7; length]).unwrap();
            assert_eq!(WebhookSecret::parse(&secret.reveal()), Ok(secret));
        }
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let short = format!("whsec_{}", STANDARD.encode([1; 23]));
        let long = format!("whsec_{}", STANDARD.encode([1; 65]));
        let bare = STANDARD.encode([1; 32]);
        for text in ["", "whsec_", "whsec_!", &short, &long, &bare] {
            assert_eq!(WebhookSecret::parse(text), Err(ParseSecretError), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let secrets =
            EndpointSecrets::new(secret(65)).rotated(secret(66), minute(0), TimeDelta::days(1));
        let shown = format!("{secrets:?}");
        assert!(!shown.contains("QUFB") && !shown.contains("65"), "{shown}");
    }

    #[test]
    fn after_a_rotation_the_old_secret_signs_until_its_time_is_over() {
        let overlap = TimeDelta::minutes(10);
        let once = EndpointSecrets::new(secret(1));
        assert_eq!(once.valid_at(minute(0)).collect::<Vec<_>>(), [&secret(1)]);
        let twice = once.rotated(secret(2), minute(0), overlap);
        let both = [&secret(2), &secret(1)];
        assert_eq!(twice.valid_at(minute(9)).collect::<Vec<_>>(), both);
        assert_eq!(twice.valid_at(minute(10)).collect::<Vec<_>>(), [&secret(2)]);
        let thrice = twice.rotated(secret(3), minute(1), overlap);
        let both = [&secret(3), &secret(2)];
        assert_eq!(thrice.valid_at(minute(2)).collect::<Vec<_>>(), both);
    }
}
