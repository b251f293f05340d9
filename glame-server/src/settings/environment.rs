use std::collections::BTreeMap;
use std::str::FromStr;

use glame_core::loyalty::PointsLedger;
use glame_core::webhooks::Reach;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;

use super::{CustomerCodeSetting, LogFormat, Register, Settings, SettingsError, SmsProvider};

/// The variables of the environment, taken once at the start.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes the variables of the process; an empty one counts as not set.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        self.get(name).map(SecretString::from)
    }

    fn parse<T: FromStr>(
        &self,
        name: &'static str,
        expected: &str,
    ) -> Result<Option<T>, SettingsError> {
        self.get(name)
            .map(|text| {
                text.parse().map_err(|_| SettingsError::Wrong {
                    key: name,
                    problem: format!("expected {expected}"),
                })
            })
            .transpose()
    }

    /// Puts the variables over what the file says.
    pub(super) fn apply(&self, settings: &mut Settings) -> Result<(), SettingsError> {
        put(
            &mut settings.server.listen,
            self.parse("GLAME_LISTEN", "an address like 0.0.0.0:8000")?,
        );
        put(
            &mut settings.server.drain_seconds,
            self.parse("GLAME_DRAIN_SECONDS", "a whole number of seconds")?,
        );
        put(
            &mut settings.server.trusted_proxies,
            self.parse("GLAME_TRUSTED_PROXIES", "a number of proxies")?,
        );
        put(
            &mut settings.server.requests_per_minute,
            self.parse("GLAME_REQUESTS_PER_MINUTE", "a whole number")?,
        );
        if let Some(url) = self.database_url()? {
            settings.database.url = Some(url);
        }
        self.apply_onec(settings)?;
        put(
            &mut settings.sync.schedule,
            self.get("GLAME_SYNC_SCHEDULE").map(str::to_owned),
        );
        put(
            &mut settings.sync.lease_seconds,
            self.parse("GLAME_SYNC_LEASE_SECONDS", "a whole number of seconds")?,
        );
        put(
            &mut settings.analytics.metrics.zone,
            self.parse("GLAME_ZONE", "a time zone like Europe/Moscow")?,
        );
        if let Some(day) = self.parse("GLAME_ANALYTICS_AS_OF", "a day like 2011-12-10")? {
            settings.analytics.as_of = Some(day);
        }
        self.apply_loyalty(settings)?;
        self.apply_auth(settings)?;
        put(
            &mut settings.webhooks.enabled,
            self.parse("GLAME_WEBHOOKS_ENABLED", "true or false")?,
        );
        let reach: Option<Reached> =
            self.parse("GLAME_WEBHOOKS_REACH", "public or also_loopback")?;
        put(
            &mut settings.webhooks.reach,
            reach.map(|Reached(reach)| reach),
        );
        put(
            &mut settings.log.filter,
            self.get("GLAME_LOG").map(str::to_owned),
        );
        put(
            &mut settings.log.format,
            self.parse("GLAME_LOG_FORMAT", "auto, text or json")?,
        );
        Ok(())
    }

    fn apply_loyalty(&self, settings: &mut Settings) -> Result<(), SettingsError> {
        let loyalty = &mut settings.loyalty;
        let ledger: Option<Ledger> = self.parse("GLAME_LOYALTY_LEDGER", "glame or onec")?;
        put(&mut loyalty.ledger, ledger.map(|Ledger(ledger)| ledger));
        // The rules of the environment replace those of the file, however either names them.
        if let Some(profile) = self.get("GLAME_LOYALTY_PROFILE") {
            (loyalty.profile, loyalty.programme) = (Some(profile.to_owned()), None);
        }
        if let Some(programme) = self.get("GLAME_LOYALTY_PROGRAMME") {
            loyalty.programme = Some(programme.into());
            loyalty.profile = self.get("GLAME_LOYALTY_PROFILE").map(str::to_owned);
        }
        if let Some(day) = self.parse("GLAME_LOYALTY_STARTS_ON", "a day like 2026-01-01")? {
            loyalty.starts_on = Some(day);
        }
        put(
            &mut loyalty.expire_schedule,
            self.get("GLAME_LOYALTY_EXPIRE_SCHEDULE").map(str::to_owned),
        );
        Ok(())
    }

    fn apply_auth(&self, settings: &mut Settings) -> Result<(), SettingsError> {
        let auth = &mut settings.auth;
        if let Some(secret) = self.secret("GLAME_AUTH_SECRET") {
            auth.secret = Some(secret);
        }
        put(
            &mut auth.customer_code,
            self.parse("GLAME_AUTH_CUSTOMER_CODE", "sms or card_suffix")?,
        );
        let sms = &mut auth.sms;
        put(
            &mut sms.provider,
            self.parse("GLAME_SMS_PROVIDER", "off, log, http, sms_aero or sms_ru")?,
        );
        if let Some(key) = self.secret("GLAME_SMS_KEY") {
            sms.key = Some(key);
        }
        for (place, name) in [
            (&mut sms.url, "GLAME_SMS_URL"),
            (&mut sms.body, "GLAME_SMS_BODY"),
            (&mut sms.user, "GLAME_SMS_USER"),
            (&mut sms.sender, "GLAME_SMS_SENDER"),
        ] {
            if let Some(value) = self.get(name) {
                *place = Some(value.to_owned());
            }
        }
        put(
            &mut sms.timeout_seconds,
            self.parse("GLAME_SMS_TIMEOUT", "a whole number of seconds")?,
        );
        Ok(())
    }

    fn apply_onec(&self, settings: &mut Settings) -> Result<(), SettingsError> {
        let onec = &mut settings.onec;
        if let Some(url) = self.get("ONEC_API_URL") {
            onec.url = Some(url.to_owned());
        }
        // A login of the environment replaces the one of the file whole.
        if let Some(token) = self.secret("ONEC_API_TOKEN") {
            (onec.token, onec.user, onec.password) = (Some(token), None, None);
        }
        if let Some(user) = self.get("ONEC_API_USER") {
            onec.user = Some(user.to_owned());
            onec.token = self.secret("ONEC_API_TOKEN");
        }
        if let Some(password) = self.secret("ONEC_API_PASSWORD") {
            onec.password = Some(password);
        }
        let seconds = "a whole number of seconds";
        put(
            &mut onec.connect_timeout_seconds,
            self.parse("ONEC_CONNECT_TIMEOUT", seconds)?,
        );
        put(
            &mut onec.read_timeout_seconds,
            self.parse("ONEC_READ_TIMEOUT", seconds)?,
        );
        put(
            &mut onec.register,
            self.parse("ONEC_SALES_REGISTER", "sales or sales_by_cards")?,
        );
        put(
            &mut onec.lines_per_call,
            self.parse("ONEC_LINES_PER_CALL", "a whole number")?,
        );
        put(
            &mut onec.attempts,
            self.parse("ONEC_ATTEMPTS", "a whole number")?,
        );
        Ok(())
    }

    /// Gives `DATABASE_URL`, or the address that the five `DB_…` make.
    fn database_url(&self) -> Result<Option<SecretString>, SettingsError> {
        if let Some(url) = self.secret("DATABASE_URL") {
            return Ok(Some(url));
        }
        let Some(host) = self.get("DB_HOST") else {
            return Ok(None);
        };
        let port: u16 = self.parse("DB_PORT", "a port number")?.unwrap_or(5432);
        let needed = |name: &'static str| {
            self.get(name).ok_or_else(|| SettingsError::Wrong {
                key: name,
                problem: "must be set when DB_HOST is set".to_owned(),
            })
        };
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let user = encoded(needed("DB_USER")?);
        let name = encoded(needed("DB_NAME")?);
        let password = encoded(self.get("DB_PASSWORD").unwrap_or_default());
        Ok(Some(
            format!("postgres://{user}:{password}@{host}:{port}/{name}").into(),
        ))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        )
    }
}

impl std::fmt::Debug for Environment {
    /// Shows names only: values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Where the points live, as a variable says it.
struct Ledger(PointsLedger);

impl FromStr for Ledger {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "glame" => Ok(Self(PointsLedger::Glame)),
            "onec" => Ok(Self(PointsLedger::Onec)),
            _ => Err(()),
        }
    }
}

/// Where events may be sent, as a variable says it.
struct Reached(Reach);

impl FromStr for Reached {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "public" => Ok(Self(Reach::Public)),
            "also_loopback" => Ok(Self(Reach::AlsoLoopback)),
            _ => Err(()),
        }
    }
}

impl FromStr for CustomerCodeSetting {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "sms" => Ok(Self::Sms),
            "card_suffix" => Ok(Self::CardSuffix),
            _ => Err(()),
        }
    }
}

impl FromStr for SmsProvider {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "off" => Ok(Self::Off),
            "log" => Ok(Self::Log),
            "http" => Ok(Self::Http),
            "sms_aero" => Ok(Self::SmsAero),
            "sms_ru" => Ok(Self::SmsRu),
            _ => Err(()),
        }
    }
}

impl FromStr for Register {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "sales" => Ok(Self::Sales),
            "sales_by_cards" => Ok(Self::SalesByCards),
            _ => Err(()),
        }
    }
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Auto, Self::Text, Self::Json]
            .into_iter()
            .find(|format| format.to_string() == text)
            .ok_or(())
    }
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn applied(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        environment(variables)
            .apply(&mut settings)
            .map(|()| settings)
    }

    #[test]
    fn the_guides_names_make_a_database_address() {
        let settings = applied(&[
            ("DB_HOST", "db.example"),
            ("DB_PORT", "5433"),
            ("DB_USER", "shop"),
            ("DB_PASSWORD", "p@ss/word"),
            ("DB_NAME", "glame"),
        ])
        .unwrap();
        let url = settings.database.url.unwrap();
        assert_eq!(
            url.expose_secret(),
            "postgres://shop:p%40ss%2Fword@db.example:5433/glame"
        );
    }

    #[test]
    fn an_error_names_the_variable() {
        let cases = [
            (
                [("GLAME_LISTEN", "8000")].as_slice(),
                "GLAME_LISTEN: expected an address like",
            ),
            (
                &[("DB_HOST", "db"), ("DB_PORT", "x")],
                "DB_PORT: expected a port number",
            ),
            (
                &[("DB_HOST", "db")],
                "DB_USER: must be set when DB_HOST is set",
            ),
            (
                &[("ONEC_SALES_REGISTER", "Продажи")],
                "ONEC_SALES_REGISTER: expected sales or",
            ),
            (
                &[("GLAME_ZONE", "Moscow")],
                "GLAME_ZONE: expected a time zone like Europe/Moscow",
            ),
            (
                &[("GLAME_LOYALTY_LEDGER", "1c")],
                "GLAME_LOYALTY_LEDGER: expected glame or onec",
            ),
            (
                &[("GLAME_WEBHOOKS_ENABLED", "yes")],
                "GLAME_WEBHOOKS_ENABLED: expected true or false",
            ),
            (
                &[("GLAME_WEBHOOKS_REACH", "everything")],
                "GLAME_WEBHOOKS_REACH: expected public or also_loopback",
            ),
            (
                &[("GLAME_AUTH_CUSTOMER_CODE", "password")],
                "GLAME_AUTH_CUSTOMER_CODE: expected sms or card_suffix",
            ),
            (
                &[("GLAME_SMS_PROVIDER", "pigeon")],
                "GLAME_SMS_PROVIDER: expected off, log, http, sms_aero or sms_ru",
            ),
            (
                &[("GLAME_LOYALTY_STARTS_ON", "January")],
                "GLAME_LOYALTY_STARTS_ON: expected a day like 2026-01-01",
            ),
        ];
        for (variables, expected) in cases {
            let message = applied(variables).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", environment(&[("ONEC_API_PASSWORD", "secret")]));
        assert_eq!(shown, r#"{"ONEC_API_PASSWORD"}"#);
        let settings = applied(&[
            ("ONEC_API_TOKEN", "c2VjcmV0"),
            ("DATABASE_URL", "postgres://u:pw@h/d"),
        ]);
        let shown = format!("{:?}", settings.unwrap());
        assert!(
            !shown.contains("c2VjcmV0") && !shown.contains("pw@h"),
            "{shown}"
        );
    }
}
