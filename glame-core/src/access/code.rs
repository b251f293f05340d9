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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::MockSecretSource;
    use crate::testkit::KnownSecrets;
    use crate::testkit::fixtures::access::server_secret;
    use crate::testkit::fixtures::{customer, minute};

    fn code(text: &str) -> OneTimeCode {
        OneTimeCode::parse(text).unwrap()
    }

    fn issued() -> StoredCode {
        let subject = SubjectKey::from_bytes([7; 32]);
        let user = Some(customer(1).id);
        StoredCode::issue(&server_secret(), subject, user, &code("123456"), minute(0))
    }

    fn check(stored: &StoredCode, user: Option<u128>, text: &str, minutes: i64) -> CodeCheck {
        let user = user.map(|n| customer(n).id);
        stored.check(&server_secret(), user, &code(text), minute(minutes))
    }

    #[test]
    fn a_code_is_right_for_its_user_only_and_in_time() {
        let stored = issued();
        let cases = [
            (Some(1), "123456", 0, CodeCheck::Right),
            (Some(1), "123456", 4, CodeCheck::Right),
            (Some(1), "123456", 5, CodeCheck::Void),
            (Some(1), "123457", 0, CodeCheck::Wrong),
            (Some(2), "123456", 0, CodeCheck::Wrong),
            (None, "123456", 0, CodeCheck::Wrong),
        ];
        for (user, text, minutes, expected) in cases {
            assert_eq!(
                check(&stored, user, text, minutes),
                expected,
                "{user:?} {text}"
            );
        }
        let nobodys = StoredCode::issue(
            &server_secret(),
            stored.subject,
            None,
            &code("123456"),
            minute(0),
        );
        assert_eq!(check(&nobodys, None, "123456", 0), CodeCheck::Wrong);
    }

    #[test]
    fn a_code_that_was_used_or_tried_too_often_is_void() {
        let mut used = issued();
        used.used_at = Some(minute(1));
        assert_eq!(check(&used, Some(1), "123456", 1), CodeCheck::Void);
        let mut tried = issued();
        tried.tries = CODE_TRIES - 1;
        assert_eq!(check(&tried, Some(1), "123456", 1), CodeCheck::Right);
        tried.tries = CODE_TRIES;
        assert_eq!(check(&tried, Some(1), "123456", 1), CodeCheck::Void);
        assert!(!tried.is_over(minute(1)) && used.is_over(minute(1)));
    }

    #[test]
    fn what_is_typed_is_read_with_spaces_and_hyphens() {
        for text in ["123456", " 123 456 ", "123-456"] {
            assert_eq!(code(text).as_str(), "123456");
        }
        assert_eq!(code("0001").as_str(), "0001");
        for text in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert_eq!(OneTimeCode::parse(text), None, "{text}");
        }
        assert_eq!(format!("{:?}", code("123456")), "OneTimeCode(***)");
    }

    #[test]
    fn the_last_four_digits_of_a_card_are_its_suffix() {
        let suffix = |text| OneTimeCode::suffix_of(text);
        assert_eq!(suffix("2900000001017"), Some(code("1017")));
        assert_eq!(suffix("A-00 29"), Some(code("0029")));
        assert_eq!(suffix("AB123"), None);
    }

    #[test]
    fn chance_beyond_the_last_whole_million_is_drawn_again() {
        let mut secrets = MockSecretSource::new();
        let mut draws = [u32::MAX, 4_294_000_000, 4_293_999_999].into_iter();
        secrets.expect_fill().times(3).returning(move |bytes| {
            bytes.copy_from_slice(&draws.next().unwrap().to_be_bytes());
            Ok(())
        });
        assert_eq!(OneTimeCode::draw(&secrets).unwrap().as_str(), "999999");
    }

    #[test]
    fn codes_are_spread_over_all_of_them() {
        let secrets = KnownSecrets::default();
        let mut by_first_digit = [0_u32; 10];
        for _ in 0..10_000 {
            let drawn = OneTimeCode::draw(&secrets).unwrap();
            assert_eq!(drawn.as_str().len(), 6);
            let first = drawn.as_str()[..1].parse::<usize>().unwrap();
            by_first_digit[first] += 1;
        }
        let is_fair = |count: &u32| (850..1_150).contains(count);
        assert!(by_first_digit.iter().all(is_fair), "{by_first_digit:?}");
    }

    #[test]
    fn another_code_may_be_made_after_a_minute() {
        let stored = issued();
        assert_eq!(stored.resend_in(minute(0)), Some(RESEND_AFTER));
        assert_eq!(stored.resend_in(minute(1)), None);
    }
}
