//! Sign-in, put together as the settings say.

use std::path::PathBuf;
use std::sync::Arc;

use glame_core::access::{AccessOutside, AccessService, ServerSecret};
use glame_core::ports::{CodeSender, SecretSource, Storage};
use percent_encoding::percent_decode_str;

use super::WiringError;
use crate::access::{
    Argon2Hasher, HttpSender, LoggingSender, SmsAero, SmsRu, SystemSecrets, secret_beside,
};
use crate::clock::{SystemClock, TimeOrderedIds};
use crate::settings::{CustomerCodeSetting, Settings, SettingsError, SmsProvider};

/// Puts sign-in, sessions, staff and the audit log together.
pub fn access(
    settings: &Settings,
    storage: Arc<dyn Storage>,
) -> Result<AccessService, WiringError> {
    let secrets: Arc<dyn SecretSource> = Arc::new(SystemSecrets);
    let outside = AccessOutside {
        clock: Arc::new(SystemClock),
        ids: Arc::new(TimeOrderedIds),
        passwords: Arc::new(Argon2Hasher::new(Arc::clone(&secrets))?),
        secrets,
    };
    let secret = server_secret(settings)?;
    let access = settings.auth.access()?;
    Ok(AccessService::new(storage, outside, secret, access))
}

/// Prepares who delivers codes; none if nobody does.
pub fn code_sender(settings: &Settings) -> Result<Option<Arc<dyn CodeSender>>, WiringError> {
    let sms = &settings.auth.sms;
    let timeout = sms.timeout();
    Ok(match sms.provider {
        SmsProvider::Off => None,
        SmsProvider::Log => Some(Arc::new(LoggingSender)),
        SmsProvider::Http => {
            let (user, key) = (sms.user.as_deref(), sms.key.as_ref());
            let sender = HttpSender::new(sms.template()?, user, key, timeout)?;
            Some(Arc::new(sender))
        }
        SmsProvider::SmsAero => {
            let url = sms.url.as_deref().unwrap_or(SmsAero::URL);
            let sign = sms.sender.as_deref().unwrap_or(SmsAero::SIGN);
            let sender = SmsAero::new(url, sms.user()?, sms.key()?, sign, timeout)?;
            Some(Arc::new(sender))
        }
        SmsProvider::SmsRu => {
            let url = sms.url.as_deref().unwrap_or(SmsRu::URL);
            let sender = SmsRu::new(url, sms.key()?.clone(), sms.sender.clone(), timeout)?;
            Some(Arc::new(sender))
        }
    })
}

/// Says so where customers cannot sign in, or too easily.
pub fn warn_of_sign_in(settings: &Settings) {
    let auth = &settings.auth;
    match (auth.customer_code, auth.sms.provider) {
        (CustomerCodeSetting::CardSuffix, _) => tracing::warn!(
            "auth.customer_code = \"card_suffix\": whoever has seen a card can sign in with it; \
             this is for demonstrations only"
        ),
        (CustomerCodeSetting::Sms, SmsProvider::Off) => tracing::warn!(
            "auth.sms.provider is not set: no codes are sent, and customers cannot sign in"
        ),
        (CustomerCodeSetting::Sms, SmsProvider::Log) => tracing::warn!(
            "auth.sms.provider = \"log\": codes are shown in the log and reach no customer; this is \
             for development only"
        ),
        (
            CustomerCodeSetting::Sms,
            SmsProvider::Http | SmsProvider::SmsAero | SmsProvider::SmsRu,
        ) => {}
    }
}

/// Finds the secret: in the settings, or beside the SQLite file.
fn server_secret(settings: &Settings) -> Result<ServerSecret, WiringError> {
    if let Some(secret) = settings.auth.secret()? {
        return Ok(secret);
    }
    match sqlite_file(settings.database_url()?) {
        Some(file) => Ok(secret_beside(&file, &SystemSecrets)?),
        None => Err(WiringError::Settings(SettingsError::Missing {
            key: "auth.secret",
            variable: "GLAME_AUTH_SECRET",
        })),
    }
}

/// Gives the file of an SQLite address; none where there is no file of this machine.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let (path, options) = path.split_once('?').unwrap_or((path, ""));
    let in_memory = path.is_empty() || path == ":memory:" || options.contains("mode=memory");
    let path = percent_decode_str(path).decode_utf8().ok()?;
    (!in_memory).then(|| PathBuf::from(path.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_an_address_is_found() {
        let cases = [
            ("sqlite:glame.db", Some("glame.db")),
            (
                "sqlite:///var/lib/glame.db?mode=ro",
                Some("/var/lib/glame.db"),
            ),
            ("sqlite:a%20shop.db", Some("a shop.db")),
            ("sqlite::memory:", None),
            ("sqlite:shared?mode=memory", None),
            ("postgres://glame@localhost/glame", None),
        ];
        for (url, expected) in cases {
            assert_eq!(sqlite_file(url), expected.map(PathBuf::from), "{url}");
        }
    }
}
