use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The secret of the server, under which short or personal things are hashed.
///
/// Whoever has the database but not this secret can neither try all codes nor all phone numbers.
/// `Debug` does not show it. All replicas of a server share one; a new one makes pending codes and
/// the counts of limits void, and nothing else.
///
/// ```
/// use glame_core::access::ServerSecret;
///
/// assert!(ServerSecret::parse("too short").is_err());
/// assert!(ServerSecret::parse("0f8c8dff23c0a7d47c4e37dc69c9ad25").is_ok());
/// ```
#[derive(Clone)]
pub struct ServerSecret([u8; BLOCK]);

/// The block of SHA-256, which is the size of an HMAC key.
const BLOCK: usize = 64;

/// Tells that a text is too short for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret must have at least {} characters", ServerSecret::MIN_CHARS)]
pub struct ShortSecret;

impl ServerSecret {
    /// The shortest secret that is accepted: 128 bits, if it is written in hexadecimal digits.
    pub const MIN_CHARS: usize = 32;

    /// Takes a secret as it is configured.
    pub fn parse(text: &str) -> Result<Self, ShortSecret> {
        let text = text.trim();
        if text.chars().count() < Self::MIN_CHARS {
            return Err(ShortSecret);
        }
        let mut key = [0; BLOCK];
        key[..32].copy_from_slice(&Sha256::digest(text));
        Ok(Self(key))
    }

    /// Hashes parts under the secret; each purpose has a space of its own.
    pub(super) fn keyed_hash(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        self.mac(purpose, parts).finalize().into_bytes().into()
    }

    /// Compares in constant time.
    pub(super) fn verify(&self, purpose: Purpose, parts: &[&[u8]], hash: &[u8; 32]) -> bool {
        self.mac(purpose, parts).verify_slice(hash).is_ok()
    }

    fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new((&self.0).into());
        mac.update(purpose.as_str().as_bytes());
        for part in parts {
            // The lengths keep apart what only the borders tell apart.
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            mac.update(&length.to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// The key under which the cursors of lists are made.
///
/// A cursor with the right tag was made by a server with the same secret, for just this list.
#[derive(Debug, Clone)]
pub struct CursorKey(ServerSecret);

impl CursorKey {
    /// How many bytes a tag has.
    pub const TAG_BYTES: usize = 32;

    /// Takes the secret of the server.
    #[must_use]
    pub const fn new(secret: ServerSecret) -> Self {
        Self(secret)
    }

    /// Gives the tag of a place in a list.
    #[must_use]
    pub fn tag(&self, list: &[u8], place: &[u8]) -> [u8; Self::TAG_BYTES] {
        self.0.keyed_hash(Purpose::Cursor, &[list, place])
    }

    /// Tells whether a tag is that of the place in the list, in constant time.
    #[must_use]
    pub fn verifies(&self, list: &[u8], place: &[u8], tag: &[u8; Self::TAG_BYTES]) -> bool {
        self.0.verify(Purpose::Cursor, &[list, place], tag)
    }
}

impl fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSecret(***)")
    }
}

/// What something is hashed for, so that a hash of one purpose is never one of another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Subject,
    Code,
    Bucket,
    Address,
    Cursor,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "glame subject",
            Self::Code => "glame code",
            Self::Bucket => "glame bucket",
            Self::Address => "glame address",
            Self::Cursor => "glame cursor",
        }
    }
}

macro_rules! hashes {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes bytes that storage has kept.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Gives the bytes to keep.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    )* };
}

hashes! {
    /// Stands for what somebody signs in with, known or not: an HMAC under the server's secret.
    SubjectKey,
    /// Stands for a one-time code: an HMAC under the server's secret.
    CodeHash,
    /// Stands for whom a limit counts: an HMAC under the server's secret.
    BucketKey,
    /// Stands for a network address in the audit log: an HMAC under the server's secret.
    AddressHash,
    /// Stands for a session token, which has 256 random bits: its SHA-256.
    TokenHash,
}

/// Writes bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}

/// Reads exactly so many bytes of hexadecimal digits.
pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |c: u8| u8::try_from(char::from(c).to_digit(16)?).ok();
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(n: u8) -> ServerSecret {
        ServerSecret::parse(&format!("a-secret-for-tests-only-number-{n}")).unwrap()
    }

    #[test]
    fn a_hash_depends_on_the_secret_the_purpose_and_the_borders() {
        let hash = |n, purpose, parts: &[&[u8]]| secret(n).keyed_hash(purpose, parts);
        let one = hash(1, Purpose::Code, &[b"ab", b"c"]);
        assert_eq!(one, hash(1, Purpose::Code, &[b"ab", b"c"]));
        assert_ne!(one, hash(2, Purpose::Code, &[b"ab", b"c"]));
        assert_ne!(one, hash(1, Purpose::Subject, &[b"ab", b"c"]));
        assert_ne!(one, hash(1, Purpose::Code, &[b"a", b"bc"]));
        assert!(secret(1).verify(Purpose::Code, &[b"ab", b"c"], &one));
        assert!(!secret(2).verify(Purpose::Code, &[b"ab", b"c"], &one));
    }

    #[test]
    fn bytes_come_back_from_their_digits() {
        assert_eq!(hex(&[0, 15, 0xA0, 255]), "000fa0ff");
        assert_eq!(unhex("000fa0FF"), Some([0, 15, 0xA0, 255]));
        assert_eq!(unhex::<2>("000f0"), None);
        assert_eq!(unhex::<2>("00+f"), None);
        assert_eq!(unhex::<2>("яя"), None);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", secret(1)), "ServerSecret(***)");
        assert_eq!(
            format!("{:?}", TokenHash::from_bytes([7; 32])),
            "TokenHash(***)"
        );
    }
}
