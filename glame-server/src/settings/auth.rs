use std::time::Duration;

use chrono::TimeDelta;
use glame_core::access::{
    AccessLimits, AccessSettings, CodeText, CustomerCode, RateLimit, ServerSecret, SessionLifetime,
    SessionLifetimes,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::SettingsError;
use crate::access::MessageTemplate;

/// Sign-in.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSettings {
    /// The secret under which codes and counts are hashed; beside an SQLite file one is made.
    pub secret: Option<SecretString>,
    /// What customers prove themselves with.
    pub customer_code: CustomerCodeSetting,
    /// What the message with the code says; `{code}` stands for it.
    pub code_text: Option<String>,
    /// After how many days a customer's session ends that nobody uses.
    pub customer_idle_days: u32,
    /// After how many days a customer's session ends.
    pub customer_session_days: u32,
    /// After how many hours a session of staff ends that nobody uses.
    pub staff_idle_hours: u32,
    /// After how many hours a session of staff ends.
    pub staff_session_hours: u32,
    /// How often things may be tried.
    pub limits: LimitSettings,
    /// Who delivers codes.
    pub sms: SmsSettings,
}

/// What customers prove themselves with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerCodeSetting {
    /// A code in a message.
    #[default]
    Sms,
    /// The last four digits of the card: for demonstrations.
    CardSuffix,
}

/// How often things may be tried: attempts in a quarter of an hour, but for `codes_a_day`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Codes for one card or phone.
    pub codes: u32,
    /// Codes for one card or phone in a day.
    pub codes_a_day: u32,
    /// Codes asked for from one network.
    pub codes_per_address: u32,
    /// Checks of one card.
    pub checks: u32,
    /// Checks from one network.
    pub checks_per_address: u32,
    /// Sign-ins with one card, phone or e-mail.
    pub logins: u32,
    /// Sign-ins from one network.
    pub logins_per_address: u32,
}

/// Who delivers codes.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsSettings {
    /// The provider.
    pub provider: SmsProvider,
    /// The address: of `http` a template, of the others only if it is another than theirs.
    pub url: Option<String>,
    /// The body of `http`, JSON with `{phone}` and `{text}`; without it a `GET` is made.
    pub body: Option<String>,
    /// The login: of SMS Aero the e-mail address, of `http` for basic authentication.
    pub user: Option<String>,
    /// The key: of SMS.RU the `api_id`, of `http` alone for bearer authentication.
    pub key: Option<SecretString>,
    /// The sender's name that is agreed on with the provider.
    pub sender: Option<String>,
    /// How many seconds the provider may take.
    pub timeout_seconds: u32,
}

/// A provider of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmsProvider {
    /// Nobody: customers cannot sign in by a message.
    #[default]
    Off,
    /// The log, which shows the codes: for development only.
    Log,
    /// Any provider that takes a message by one HTTP call.
    Http,
    /// SMS Aero.
    SmsAero,
    /// SMS.RU.
    SmsRu,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            secret: None,
            customer_code: CustomerCodeSetting::Sms,
            code_text: None,
            customer_idle_days: 30,
            customer_session_days: 180,
            staff_idle_hours: 12,
            staff_session_hours: 168,
            limits: LimitSettings::default(),
            sms: SmsSettings::default(),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        let limits = AccessLimits::default();
        Self {
            codes: limits.codes.attempts,
            codes_a_day: limits.codes_a_day.attempts,
            codes_per_address: limits.codes_per_address.attempts,
            checks: limits.checks.attempts,
            checks_per_address: limits.checks_per_address.attempts,
            logins: limits.logins.attempts,
            logins_per_address: limits.logins_per_address.attempts,
        }
    }
}

impl Default for SmsSettings {
    fn default() -> Self {
        Self {
            provider: SmsProvider::Off,
            url: None,
            body: None,
            user: None,
            key: None,
            sender: None,
            timeout_seconds: 10,
        }
    }
}

impl AuthSettings {
    /// Checks what can be checked without asking anybody.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        self.secret()?;
        self.access()?;
        self.sms.check()
    }

    /// Gives the secret that is set; none if it is kept in a file.
    pub fn secret(&self) -> Result<Option<ServerSecret>, SettingsError> {
        let secret = self.secret.as_ref();
        secret
            .map(|secret| ServerSecret::parse(secret.expose_secret()))
            .transpose()
            .map_err(|error| wrong("auth.secret (GLAME_AUTH_SECRET)", &error))
    }

    /// Gives how sign-in goes about it.
    pub fn access(&self) -> Result<AccessSettings, SettingsError> {
        let code_text = match &self.code_text {
            None => CodeText::default(),
            Some(text) => CodeText::parse(text).map_err(|error| wrong("auth.code_text", &error))?,
        };
        let days = |days: u32| TimeDelta::days(days.into());
        let hours = |hours: u32| TimeDelta::hours(hours.into());
        let sessions = SessionLifetimes {
            customer: SessionLifetime {
                idle: days(self.customer_idle_days),
                absolute: days(self.customer_session_days),
            },
            staff: SessionLifetime {
                idle: hours(self.staff_idle_hours),
                absolute: hours(self.staff_session_hours),
            },
        };
        for (key, value) in [
            ("auth.customer_idle_days", self.customer_idle_days),
            ("auth.customer_session_days", self.customer_session_days),
            ("auth.staff_idle_hours", self.staff_idle_hours),
            ("auth.staff_session_hours", self.staff_session_hours),
        ] {
            if value == 0 || value > 10_000 {
                return Err(wrong(key, &"must lie between 1 and 10000"));
            }
        }
        Ok(AccessSettings {
            customer_code: match self.customer_code {
                CustomerCodeSetting::Sms => CustomerCode::Sms,
                CustomerCodeSetting::CardSuffix => CustomerCode::CardSuffix,
            },
            code_text,
            sessions,
            limits: self.limits.limits()?,
        })
    }
}

impl LimitSettings {
    fn limits(&self) -> Result<AccessLimits, SettingsError> {
        let usual = AccessLimits::default();
        let limit = |key, attempts: u32, usual: RateLimit| match attempts {
            0 => Err(wrong(key, &"must be at least 1")),
            attempts => Ok(RateLimit { attempts, ..usual }),
        };
        Ok(AccessLimits {
            codes: limit("auth.limits.codes", self.codes, usual.codes)?,
            codes_a_day: limit(
                "auth.limits.codes_a_day",
                self.codes_a_day,
                usual.codes_a_day,
            )?,
            codes_per_address: limit(
                "auth.limits.codes_per_address",
                self.codes_per_address,
                usual.codes_per_address,
            )?,
            checks: limit("auth.limits.checks", self.checks, usual.checks)?,
            checks_per_address: limit(
                "auth.limits.checks_per_address",
                self.checks_per_address,
                usual.checks_per_address,
            )?,
            logins: limit("auth.limits.logins", self.logins, usual.logins)?,
            logins_per_address: limit(
                "auth.limits.logins_per_address",
                self.logins_per_address,
                usual.logins_per_address,
            )?,
        })
    }
}

impl SmsSettings {
    fn check(&self) -> Result<(), SettingsError> {
        if !(1..=60).contains(&self.timeout_seconds) {
            return Err(wrong(
                "auth.sms.timeout_seconds",
                &"must lie between 1 and 60",
            ));
        }
        match self.provider {
            SmsProvider::Off | SmsProvider::Log => Ok(()),
            SmsProvider::Http => self.template().map(drop),
            SmsProvider::SmsAero => self.user().and(self.key()).map(drop),
            SmsProvider::SmsRu => self.key().map(drop),
        }
    }

    /// Gives how a message is put into a call of `http`.
    pub fn template(&self) -> Result<MessageTemplate, SettingsError> {
        let url = self.url.as_deref().ok_or(SettingsError::Missing {
            key: "auth.sms.url",
            variable: "GLAME_SMS_URL",
        })?;
        MessageTemplate::parse(url, self.body.as_deref())
            .map_err(|error| wrong("auth.sms.url", &error))
    }

    /// Gives the login.
    pub fn user(&self) -> Result<&str, SettingsError> {
        self.user.as_deref().ok_or(SettingsError::Missing {
            key: "auth.sms.user",
            variable: "GLAME_SMS_USER",
        })
    }

    /// Gives the key.
    pub fn key(&self) -> Result<&SecretString, SettingsError> {
        self.key.as_ref().ok_or(SettingsError::Missing {
            key: "auth.sms.key",
            variable: "GLAME_SMS_KEY",
        })
    }

    /// Gives how long the provider may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }
}

fn wrong(key: &'static str, problem: &impl std::fmt::Display) -> SettingsError {
    SettingsError::Wrong {
        key,
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(toml: &str) -> String {
        let settings: AuthSettings = toml::from_str(toml).unwrap();
        settings.check().unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_hold_is_told_by_its_key() {
        let cases = [
            (
                "secret = 'short'",
                "auth.secret (GLAME_AUTH_SECRET): the secret must have",
            ),
            (
                "code_text = 'Код'",
                "auth.code_text: the text must hold {code} once",
            ),
            (
                "staff_idle_hours = 0",
                "auth.staff_idle_hours: must lie between",
            ),
            (
                "limits = { codes = 0 }",
                "auth.limits.codes: must be at least 1",
            ),
            ("sms = { provider = 'sms_ru' }", "auth.sms.key is not set"),
            (
                "sms = { provider = 'sms_aero', key = 'k' }",
                "auth.sms.user is not set",
            ),
            ("sms = { provider = 'http' }", "auth.sms.url is not set"),
            (
                "sms = { provider = 'http', url = 'https://sms.example' }",
                "auth.sms.url: {phone} and {text} must stand",
            ),
            (
                "sms = { timeout_seconds = 0 }",
                "auth.sms.timeout_seconds: must lie",
            ),
        ];
        for (toml, expected) in cases {
            let problem = problem(toml);
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn the_defaults_hold_and_show_no_secret() {
        AuthSettings::default().check().unwrap();
        assert_eq!(
            AuthSettings::default().access().unwrap(),
            AccessSettings::default()
        );
        let toml = "secret = '0f8c8dff23c0a7d47c4e37dc69c9ad25'\nsms = { key = 'hidden' }";
        let settings: AuthSettings = toml::from_str(toml).unwrap();
        let shown = format!("{settings:?}");
        assert!(
            !shown.contains("0f8c8d") && !shown.contains("hidden"),
            "{shown}"
        );
    }
}
