use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::WebhookSecret;

/// The header with the id of the event, the same at every attempt.
pub const WEBHOOK_ID: &str = "webhook-id";

/// The header with the time of the attempt, in seconds since 1970.
pub const WEBHOOK_TIMESTAMP: &str = "webhook-timestamp";

/// The header with the signatures.
pub const WEBHOOK_SIGNATURE: &str = "webhook-signature";

/// How far the clocks of sender and receiver may be apart; whatever is older may be a repetition by
/// somebody who has listened.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// The version of the signature: HMAC-SHA256.
const VERSION: &str = "v1";

/// The three headers of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`: one signature for each secret, with spaces between.
    pub signature: String,
}

/// Tells why an event is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// The time of the attempt cannot be read.
    #[error("webhook-timestamp is no whole number of seconds since 1970")]
    Timestamp,
    /// It was signed too long ago, or in the future.
    #[error("webhook-timestamp is more than five minutes away; check the clock of this machine")]
    OutOfTime,
    /// No secret has made any of the signatures.
    #[error("webhook-signature has no signature that the secrets have made; was the body changed?")]
    Signature,
}

/// Signs an event with each secret, by the specification of Standard Webhooks:
/// `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`.
///
/// ```
/// # use chrono::DateTime;
/// # use glame_core::webhooks::{WebhookSecret, sign, verify};
/// let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let now = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
/// let body = br#"{"test": 2432232314}"#;
/// let headers = sign([&secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", now, body);
/// assert_eq!(headers.signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
/// assert!(verify([&secret], &headers, body, now).is_ok());
/// # Ok::<(), glame_core::webhooks::ParseSecretError>(())
/// ```
pub fn sign<'s>(
    secrets: impl IntoIterator<Item = &'s WebhookSecret>,
    id: &str,
    at: DateTime<Utc>,
    body: &[u8],
) -> SignedHeaders {
    let timestamp = at.timestamp().to_string();
    let mut signature = String::new();
    for secret in secrets {
        if !signature.is_empty() {
            signature.push(' ');
        }
        if let Some(mac) = mac(secret, id, &timestamp, body) {
            let code = STANDARD.encode(mac.finalize().into_bytes());
            // Writing to a string does not fail.
            let _ = write!(signature, "{VERSION},{code}");
        }
    }
    SignedHeaders {
        id: id.to_owned(),
        timestamp,
        signature,
    }
}

/// Checks an event that has been received, byte by byte as it came, in constant time.
///
/// One signature that one of the secrets has made is enough: during a rotation either side may know
/// two. Signatures of other versions are passed over.
///
/// # Errors
/// Why it is not to be believed.
pub fn verify<'s>(
    secrets: impl IntoIterator<Item = &'s WebhookSecret>,
    headers: &SignedHeaders,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), NotVerified> {
    let seconds: i64 = headers
        .timestamp
        .parse()
        .map_err(|_| NotVerified::Timestamp)?;
    let signed_at = DateTime::from_timestamp(seconds, 0).ok_or(NotVerified::Timestamp)?;
    if now.signed_duration_since(signed_at).abs() > TOLERANCE {
        return Err(NotVerified::OutOfTime);
    }
    let codes: Vec<Vec<u8>> = headers
        .signature
        .split(' ')
        .filter_map(|signature| signature.split_once(','))
        .filter(|(version, _)| *version == VERSION)
        .filter_map(|(_, code)| STANDARD.decode(code).ok())
        .collect();
    let made_by = |secret: &WebhookSecret| {
        mac(secret, &headers.id, &headers.timestamp, body).is_some_and(|mac| {
            codes
                .iter()
                .any(|code| mac.clone().verify_slice(code).is_ok())
        })
    };
    if secrets.into_iter().any(made_by) {
        Ok(())
    } else {
        Err(NotVerified::Signature)
    }
}

/// Begins the code of an event. A key of any length is one for HMAC, so that there always is one.
fn mac(secret: &WebhookSecret, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.key()).ok()?;
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testkit::fixtures::minute;

    fn secret(byte: u8) -> WebhookSecret {
        WebhookSecret::from_key(&[byte; 32]).unwrap()
    }

    /// The example of the specification and of its libraries.
    #[test]
    fn the_example_of_the_specification_is_signed_and_verified() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let headers = sign([&secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body);
        let expected = SignedHeaders {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            timestamp: "1614265330".to_owned(),
            signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned(),
        };
        assert_eq!(headers, expected);
        assert_eq!(verify([&secret], &headers, body, at), Ok(()));
    }

    #[test]
    fn during_a_rotation_either_secret_verifies() {
        let (old, new) = (secret(1), secret(2));
        let headers = sign([&new, &old], "an-id", minute(0), b"{}");
        assert_eq!(headers.signature.split(' ').count(), 2);
        for known in [vec![&old], vec![&new], vec![&secret(3), &old]] {
            assert_eq!(verify(known, &headers, b"{}", minute(0)), Ok(()));
        }
        let stranger = verify([&secret(3)], &headers, b"{}", minute(0));
        assert_eq!(stranger, Err(NotVerified::Signature));
    }

    #[test]
    fn whatever_is_changed_is_not_believed() {
        let good = sign([&secret(1)], "an-id", minute(0), b"{}");
        let changed = |change: fn(&mut SignedHeaders)| {
            let mut headers = good.clone();
            change(&mut headers);
            verify([&secret(1)], &headers, b"{}", minute(0))
        };
        let cases: [(fn(&mut SignedHeaders), _); 7] = [
            (|_| {}, Ok(())),
            (|h| h.id.push('x'), Err(NotVerified::Signature)),
            (
                |h| h.timestamp = "1749978001".to_owned(),
                Err(NotVerified::Signature),
            ),
            (
                |h| h.timestamp = "soon".to_owned(),
                Err(NotVerified::Timestamp),
            ),
            (|h| h.signature.clear(), Err(NotVerified::Signature)),
            (
                |h| h.signature = h.signature.replace("v1,", "v2,"),
                Err(NotVerified::Signature),
            ),
            (
                |h| h.signature = format!("v1a,xyz v1,! {}", h.signature),
                Ok(()),
            ),
        ];
        for (number, (change, expected)) in cases.into_iter().enumerate() {
            assert_eq!(changed(change), expected, "case {number}");
        }
        let body = verify([&secret(1)], &good, b"{ }", minute(0));
        assert_eq!(body, Err(NotVerified::Signature));
    }

    #[test]
    fn five_minutes_either_way_are_tolerated() {
        let headers = sign([&secret(1)], "an-id", minute(0), b"{}");
        let at = |now| verify([&secret(1)], &headers, b"{}", now);
        let second = TimeDelta::seconds(1);
        assert_eq!(at(minute(5)), Ok(()));
        assert_eq!(at(minute(-5)), Ok(()));
        assert_eq!(at(minute(5) + second), Err(NotVerified::OutOfTime));
        assert_eq!(at(minute(-5) - second), Err(NotVerified::OutOfTime));
    }

    proptest! {
        #[test]
        fn what_is_signed_is_verified(key: [u8; 32], id in "[a-z0-9-]{1,40}", body: Vec<u8>) {
            let secret = WebhookSecret::from_key(&key).unwrap();
            let headers = sign([&secret], &id, minute(0), &body);
            prop_assert_eq!(verify([&secret], &headers, &body, minute(0)), Ok(()));
        }
    }
}
