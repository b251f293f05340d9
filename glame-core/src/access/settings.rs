use chrono::TimeDelta;

use super::{OneTimeCode, RateLimit, SessionKind, SessionLifetime};

/// How sign-in goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessSettings {
    /// What customers prove themselves with.
    pub customer_code: CustomerCode,
    /// What the message with the code says.
    pub code_text: CodeText,
    /// How long sessions last.
    pub sessions: SessionLifetimes,
    /// How often things may be tried.
    pub limits: AccessLimits,
}

/// What customers prove themselves with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CustomerCode {
    /// Six digits of chance in a message to the phone.
    #[default]
    Sms,
    /// The last four digits of the card, which anybody knows who has seen it: for demonstrations.
    CardSuffix,
}

/// How long sessions of each kind last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLifetimes {
    /// Sessions of customers.
    pub customer: SessionLifetime,
    /// Sessions of members of staff.
    pub staff: SessionLifetime,
}

/// How often things may be tried.
///
/// Each limit of somebody who signs in counts for the card, phone or e-mail that is tried, known or
/// not; each `…_per_address` for the network that it is tried from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessLimits {
    /// Codes that are sent for one card or phone.
    pub codes: RateLimit,
    /// Codes that are sent for one card or phone in a day: with [`CODE_TRIES`](super::CODE_TRIES)
    /// each it bounds what a patient thief may guess.
    pub codes_a_day: RateLimit,
    /// Codes that are asked for from one network.
    pub codes_per_address: RateLimit,
    /// Checks of one card.
    pub checks: RateLimit,
    /// Checks from one network.
    pub checks_per_address: RateLimit,
    /// Sign-ins with one card, phone or e-mail.
    pub logins: RateLimit,
    /// Sign-ins from one network.
    pub logins_per_address: RateLimit,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            customer_code: CustomerCode::Sms,
            code_text: CodeText::default(),
            sessions: SessionLifetimes::default(),
            limits: AccessLimits::default(),
        }
    }
}

impl Default for SessionLifetimes {
    fn default() -> Self {
        Self {
            customer: SessionLifetime {
                idle: TimeDelta::days(30),
                absolute: TimeDelta::days(180),
            },
            staff: SessionLifetime {
                idle: TimeDelta::hours(12),
                absolute: TimeDelta::days(7),
            },
        }
    }
}

impl SessionLifetimes {
    /// Gives how long sessions of a kind last.
    #[must_use]
    pub const fn of(&self, kind: SessionKind) -> SessionLifetime {
        match kind {
            SessionKind::Customer => self.customer,
            SessionKind::Staff => self.staff,
        }
    }
}

impl Default for AccessLimits {
    fn default() -> Self {
        let quarter = TimeDelta::minutes(15);
        let limit = |name, attempts, window| RateLimit {
            name,
            attempts,
            window,
        };
        Self {
            codes: limit("codes", 3, quarter),
            codes_a_day: limit("codes-a-day", 10, TimeDelta::days(1)),
            codes_per_address: limit("codes-per-address", 20, quarter),
            checks: limit("checks", 10, quarter),
            checks_per_address: limit("checks-per-address", 30, quarter),
            logins: limit("logins", 10, quarter),
            logins_per_address: limit("logins-per-address", 50, quarter),
        }
    }
}

/// What the message with a code says; `{code}` stands for the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeText(String);

/// Tells why a text is no message with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeTextError {
    /// The code would not be told.
    #[error("the text must hold {{code}} once")]
    NoPlace,
    /// The text is longer than two messages.
    #[error("the text must have at most {} characters", CodeText::MAX_CHARS)]
    TooLong,
}

impl CodeText {
    /// The longest text: two messages in Cyrillic.
    pub const MAX_CHARS: usize = 134;

    const PLACE: &str = "{code}";

    /// Takes a text as it is configured.
    ///
    /// ```
    /// use glame_core::access::{CodeText, CodeTextError};
    ///
    /// assert!(CodeText::parse("Ваш код: {code}").is_ok());
    /// assert_eq!(CodeText::parse("Ваш код"), Err(CodeTextError::NoPlace));
    /// ```
    pub fn parse(text: &str) -> Result<Self, CodeTextError> {
        if text.matches(Self::PLACE).count() != 1 {
            return Err(CodeTextError::NoPlace);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(CodeTextError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// Writes the message.
    #[must_use]
    pub fn with(&self, code: &OneTimeCode) -> String {
        self.0.replace(Self::PLACE, code.as_str())
    }
}

impl Default for CodeText {
    fn default() -> Self {
        Self("Код для входа: {code}. Никому его не сообщайте.".to_owned())
    }
}
