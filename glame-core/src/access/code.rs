use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::secret::{Purpose, ServerSecret};
use super::{CodeHash, SubjectKey};
use crate::ports::{NoRandomness, SecretSource};
use crate::values::UserId;

/// How long a code can be used.
pub const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// How often a code can be tried; then it is locked, and only a new one helps.
pub const CODE_TRIES: u32 = 5;

/// How long nobody gets another code for the same card or phone.
pub const RESEND_AFTER: TimeDelta = TimeDelta::seconds(60);

/// A code that is used once: six digits of chance, or the last four of a card.
///
/// `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// How many different codes of six digits there are.
    const COUNT: u32 = 1_000_000;

    /// Draws six digits, each code as likely as any other.
    pub fn draw(secrets: &dyn SecretSource) -> Result<Self, NoRandomness> {
        // What lies beyond the last whole million would favour small codes, and is drawn again.
        let fair = u32::MAX - u32::MAX % Self::COUNT;
        loop {
            let mut bytes = [0; 4];
            secrets.fill(&mut bytes)?;
            let number = u32::from_be_bytes(bytes);
            if number < fair {
                return Ok(Self(format!("{:06}", number % Self::COUNT)));
            }
        }
    }

    /// Takes the last four digits of a card number; none if it has fewer.
    #[must_use]
    pub fn suffix_of(card_number: &str) -> Option<Self> {
        let digits: Vec<char> = card_number.chars().filter(char::is_ascii_digit).collect();
        let suffix = digits.len().checked_sub(4)?;
        Some(Self(digits[suffix..].iter().collect()))
    }

    /// Reads what somebody has typed: four or six digits, with spaces or hyphens between them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 32 {
            return None;
        }
        let digits: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect();
        let holds = matches!(digits.len(), 4 | 6) && digits.bytes().all(|b| b.is_ascii_digit());
        holds.then_some(Self(digits))
    }

    /// Gives the digits, for the message.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(***)")
    }
}

/// The code that was last made for a subject, as storage keeps it.
///
/// Subjects that nobody is known by have such rows too: their presence tells nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCode {
    /// Whom it was made for.
    pub subject: SubjectKey,
    /// The code, hashed together with the subject, the user and the instant.
    pub hash: CodeHash,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// How often it has been tried in vain.
    pub tries: u32,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
}

/// What comes of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    /// It is the code, and it can be used.
    Right,
    /// It is another code; the try counts.
    Wrong,
    /// The code was used, has ended or was tried too often; nothing more counts.
    Void,
}

impl StoredCode {
    /// Makes the row of a code; `user` is none where nobody is known by the subject.
    #[must_use]
    pub fn issue(
        secret: &ServerSecret,
        subject: SubjectKey,
        user: Option<UserId>,
        code: &OneTimeCode,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            subject,
            hash: CodeHash::from_bytes(with_parts(subject, user, code, now, |parts| {
                secret.keyed_hash(Purpose::Code, parts)
            })),
            issued_at: now,
            expires_at: now + CODE_LIFETIME,
            tries: 0,
            used_at: None,
        }
    }

    /// Tells how long it is until another code may be made; none if it may be now.
    #[must_use]
    pub fn resend_in(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let left = self.issued_at + RESEND_AFTER - now;
        (left > TimeDelta::zero()).then_some(left)
    }

    /// Tells whether the code was used or has ended; a locked one stays until it ends.
    #[must_use]
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.used_at.is_some() || now >= self.expires_at
    }

    /// Tells whether a try can still succeed.
    #[must_use]
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        !self.is_over(now) && self.tries < CODE_TRIES
    }

    /// Compares a try with the code, in constant time, for the user whom the subject now names.
    ///
    /// Where that is nobody, or somebody else than before, no code is right.
    #[must_use]
    pub fn check(
        &self,
        secret: &ServerSecret,
        user: Option<UserId>,
        code: &OneTimeCode,
        now: DateTime<Utc>,
    ) -> CodeCheck {
        let matches = with_parts(self.subject, user, code, self.issued_at, |parts| {
            secret.verify(Purpose::Code, parts, self.hash.as_bytes())
        });
        match (self.is_open(now), matches && user.is_some()) {
            (false, _) => CodeCheck::Void,
            (true, false) => CodeCheck::Wrong,
            (true, true) => CodeCheck::Right,
        }
    }
}

/// Lays out what a code is hashed with.
fn with_parts<T>(
    subject: SubjectKey,
    user: Option<UserId>,
    code: &OneTimeCode,
    issued_at: DateTime<Utc>,
    hash: impl FnOnce(&[&[u8]]) -> T,
) -> T {
    let user = user.map_or([0; 16], |user| *user.as_uuid().as_bytes());
    let issued_at = issued_at.timestamp_micros().to_be_bytes();
    hash(&[
        subject.as_bytes(),
        &user,
        &issued_at,
        code.as_str().as_bytes(),
    ])
}
