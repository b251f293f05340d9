use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::{SettingsError, base_url};

/// The login of the OData user; never shown.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Login and password; Cyrillic letters are sent as UTF-8.
    Login {
        /// The login.
        user: SecretString,
        /// The password.
        password: SecretString,
    },
    /// Base64 of `login:password`, as in `ONEC_API_TOKEN`.
    Token(SecretString),
}

impl Credentials {
    /// Takes login and password.
    #[must_use]
    pub fn login(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Login {
            user: SecretString::from(user.into()),
            password: SecretString::from(password.into()),
        }
    }

    /// Takes base64 of `login:password`.
    #[must_use]
    pub fn token(token: impl Into<String>) -> Self {
        Self::Token(SecretString::from(token.into()))
    }

    /// Makes the `Authorization` header.
    pub(super) fn header(&self) -> Result<HeaderValue, SettingsError> {
        let encoded = match self {
            Self::Login { user, password } => {
                let user = user.expose_secret();
                if user.is_empty() || user.contains(':') {
                    return Err(SettingsError::new(
                        "credentials.user",
                        "must be filled and hold no colon",
                    ));
                }
                BASE64_STANDARD.encode(format!("{user}:{}", password.expose_secret()))
            }
            Self::Token(token) => checked_token(token.expose_secret())?,
        };
        base_url::sensitive(&format!("Basic {encoded}")).ok_or(SettingsError::new(
            "credentials",
            "cannot be sent in a header",
        ))
    }
}

fn checked_token(token: &str) -> Result<String, SettingsError> {
    const FIELD: &str = "credentials.token";
    let token = token.trim();
    let token = token.strip_prefix("Basic ").unwrap_or(token).trim();
    let decoded = BASE64_STANDARD
        .decode(token)
        .map_err(|_| SettingsError::new(FIELD, "must be base64 of login:password"))?;
    let text = String::from_utf8(decoded)
        .map_err(|_| SettingsError::new(FIELD, "must be base64 of login:password in UTF-8"))?;
    match text.split_once(':') {
        Some((user, _)) if !user.is_empty() => Ok(token.to_owned()),
        _ => Err(SettingsError::new(
            FIELD,
            "must be base64 of login:password, colon included",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cyrillic_login_is_sent_as_utf_8() {
        let header = Credentials::login("Обмен", "пароль").header().unwrap();
        assert_eq!(header.as_bytes(), b"Basic 0J7QsdC80LXQvTrQv9Cw0YDQvtC70Yw=");
        assert!(header.is_sensitive());
    }

    #[test]
    fn a_token_is_taken_with_and_without_its_scheme() {
        for token in ["b2RhdGE6b2RhdGE=", " Basic b2RhdGE6b2RhdGE= "] {
            let header = Credentials::token(token).header().unwrap();
            assert_eq!(header.as_bytes(), b"Basic b2RhdGE6b2RhdGE=");
        }
    }

    #[test]
    fn credentials_that_cannot_work_are_refused() {
        // The fourth is `логин:x` in the Windows encoding, which 1C answers with a refusal.
        for token in ["", "not base64", "b2RhdGE=", "6+7j6O06eA==", "OnBhc3M="] {
            let error = Credentials::token(token).header().unwrap_err();
            assert_eq!(error.field(), "credentials.token", "{token}");
        }
        assert!(Credentials::login("a:b", "x").header().is_err());
        assert!(Credentials::login("", "x").header().is_err());
    }
}
