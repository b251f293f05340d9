//! The settings: `glame.toml`, over it the environment. The only reader of both.
//!
//! Every key has a default but the address of the database and of the 1C base; every key is
//! checked at the start, and an error names the key and the variable that can set it.

mod auth;
mod environment;
mod loyalty;
mod webhooks;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use croner::Cron;
use glame_core::analytics::{MetricsPolicy, OutlookPolicy};
use glame_core::loyalty::LoyaltyProgramme;
use glame_core::loyalty::PointsLedger;
use glame_core::sync::SyncSettings;
use glame_onec::{BonusPoints, Credentials, OnecSettings, SalesRegister, Timeouts};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

pub use auth::{AuthSettings, CustomerCodeSetting, LimitSettings, SmsProvider, SmsSettings};
pub use environment::Environment;
pub use loyalty::LoyaltySettings;
pub use webhooks::WebhookSettings;

/// Everything that can be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The HTTP server.
    pub server: ServerSettings,
    /// Where everything is kept.
    pub database: DatabaseSettings,
    /// The 1C base.
    pub onec: OnecBaseSettings,
    /// How the base is brought over.
    pub sync: SyncPlan,
    /// How customers are scored.
    pub analytics: AnalyticsSettings,
    /// The loyalty programme.
    pub loyalty: LoyaltySettings,
    /// What integrators are told.
    pub webhooks: WebhookSettings,
    /// Sign-in.
    pub auth: AuthSettings,
    /// What is logged.
    pub log: LogSettings,
}

/// The HTTP server.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// How many seconds a server that is told to stop by SIGTERM still takes requests, until whoever
    /// sends them has noticed at `/readyz` that it should not get any.
    pub drain_seconds: u32,
    /// How many seconds open requests have to end when the server stops.
    pub stop_within_seconds: u32,
    /// How many proxies of one's own stand before the server, each of which adds to
    /// `X-Forwarded-For`.
    pub trusted_proxies: u8,
    /// How many requests a minute one address may make of one replica; 0 for any number.
    pub requests_per_minute: u32,
    /// For how many seconds a replica remembers who is signed in; 0 to ask the database each time.
    pub sessions_remembered_seconds: u32,
}

/// Where everything is kept.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `sqlite:glame.db` or `postgres://user:password@host/name`.
    pub url: Option<SecretString>,
}

/// The 1C base.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnecBaseSettings {
    /// The address, as the browser shows it or as OData needs it.
    pub url: Option<String>,
    /// The login of the OData user.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// Both at once: base64 of `login:password`.
    pub token: Option<SecretString>,
    /// The register that sales are read from.
    pub register: Register,
    /// How many seconds a connection may take.
    pub connect_timeout_seconds: u32,
    /// How many seconds an answer may take to begin.
    pub read_timeout_seconds: u32,
    /// How often a call is tried before it is given up.
    pub attempts: u32,
    /// How many lines of sales one call asks for.
    pub lines_per_call: u32,
    /// The least pause between two calls; if absent, 250 ms, and none on the local machine.
    pub pause_milliseconds: Option<u32>,
}

/// The register that sales are read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Register {
    /// All sales, with stores.
    #[default]
    Sales,
    /// Sales by discount cards only.
    SalesByCards,
}

/// How the base is brought over.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyncPlan {
    /// When, as a cron expression in the shop's zone; `off` for never.
    pub schedule: String,
    /// How many days before the last success purchases are read again.
    pub trailing_days: u32,
    /// After how many days all purchases are read again.
    pub complete_every_days: u32,
    /// How many seconds a process may be silent before another one takes its run over.
    pub lease_seconds: u32,
}

/// How customers are scored, and what is expected of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnalyticsSettings {
    /// The day that all figures speak of, for data of the past; if absent, today.
    pub as_of: Option<NaiveDate>,
    /// When all figures are made anew, whether or not the base is read: cron in the shop's zone, or
    /// `off`.
    pub schedule: String,
    /// For how many seconds previews of segments look at the customers that were read last.
    pub snapshot_seconds: u32,
    /// The rules of the figures.
    pub metrics: MetricsPolicy,
    /// The rules of forecasts and risks.
    pub outlook: OutlookPolicy,
}

impl Default for AnalyticsSettings {
    fn default() -> Self {
        Self {
            as_of: None,
            schedule: "40 4 * * *".to_owned(),
            snapshot_seconds: 300,
            metrics: MetricsPolicy::default(),
            outlook: OutlookPolicy::default(),
        }
    }
}

/// What is logged.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// For people or for machines.
    pub format: LogFormat,
    /// How much, as `tracing` filters say: `info`, `glame_onec=debug,info`.
    pub filter: String,
}

/// For people or for machines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
}

/// Tells what is wrong with the settings, by key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {path}; check that it exists and may be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a key that does not exist or a value that does not fit.
    #[error("the settings file {path} is wrong: {message}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and what, with the line of the file.
        message: String,
    },
    /// A key that is needed is missing.
    #[error("{key} is not set; set it in glame.toml or by the environment variable {variable}")]
    Missing {
        /// The key in the file.
        key: &'static str,
        /// The variable that sets it.
        variable: &'static str,
    },
    /// A value does not hold.
    #[error("{key}: {problem}")]
    Wrong {
        /// The key in the file, or the variable.
        key: &'static str,
        /// What is wrong and what to write instead.
        problem: String,
    },
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            drain_seconds: 5,
            stop_within_seconds: 20,
            trusted_proxies: 0,
            requests_per_minute: 600,
            sessions_remembered_seconds: 5,
        }
    }
}

impl Default for OnecBaseSettings {
    fn default() -> Self {
        Self {
            url: None,
            user: None,
            password: None,
            token: None,
            register: Register::Sales,
            connect_timeout_seconds: 30,
            read_timeout_seconds: 180,
            attempts: 5,
            lines_per_call: 20_000,
            pause_milliseconds: None,
        }
    }
}

impl Default for SyncPlan {
    fn default() -> Self {
        Self {
            schedule: "*/30 * * * *".to_owned(),
            trailing_days: 45,
            complete_every_days: 7,
            lease_seconds: 15,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            filter: "info".to_owned(),
        }
    }
}

impl Settings {
    /// Reads the file, puts the environment over it, and checks the whole.
    ///
    /// Without `file`, `glame.toml` of the working directory is read if it is there.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, SettingsError> {
        let mut settings = match file {
            Some(path) => Self::read(path)?,
            None if Path::new("glame.toml").exists() => Self::read(Path::new("glame.toml"))?,
            None => Self::default(),
        };
        environment.apply(&mut settings)?;
        settings.check()?;
        Ok(settings)
    }

    fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let mut settings: Self =
            toml::from_str(&text).map_err(|error| SettingsError::Malformed {
                path: path.to_owned(),
                message: error.to_string().trim_end().to_owned(),
            })?;
        settings.loyalty.resolve(path);
        Ok(settings)
    }

    /// Checks what can be checked without asking anybody.
    fn check(&self) -> Result<(), SettingsError> {
        self.schedule()?;
        self.loyalty.expire_schedule()?;
        self.programme()?;
        self.webhooks.check()?;
        self.auth.check()?;
        let at_least_one = [
            ("sync.lease_seconds", self.sync.lease_seconds),
            ("sync.complete_every_days", self.sync.complete_every_days),
            (
                "onec.connect_timeout_seconds",
                self.onec.connect_timeout_seconds,
            ),
            ("onec.read_timeout_seconds", self.onec.read_timeout_seconds),
        ];
        for (key, value) in at_least_one {
            if value == 0 {
                return Err(SettingsError::Wrong {
                    key,
                    problem: "must be at least 1".to_owned(),
                });
            }
        }
        if !(2..=1_000_000).contains(&self.onec.lines_per_call) {
            let problem = "must lie between 2 and 1000000".to_owned();
            return Err(SettingsError::Wrong {
                key: "onec.lines_per_call",
                problem,
            });
        }
        if let Err(error) = self.analytics.metrics.rfm.cuts(&[]) {
            let problem = error.to_string();
            return Err(SettingsError::Wrong {
                key: "analytics.metrics.rfm",
                problem,
            });
        }
        if let Err(error) = self.analytics.outlook.check() {
            let problem = error.to_string();
            return Err(SettingsError::Wrong {
                key: "analytics.outlook",
                problem,
            });
        }
        Ok(())
    }

    /// Gives the address of the database.
    pub fn database_url(&self) -> Result<&str, SettingsError> {
        self.database
            .url
            .as_ref()
            .map(ExposeSecret::expose_secret)
            .ok_or(SettingsError::Missing {
                key: "database.url",
                variable: "DATABASE_URL",
            })
    }

    /// Gives the schedule of the synchronisation; none if it is off.
    pub fn schedule(&self) -> Result<Option<Cron>, SettingsError> {
        cron("sync.schedule", &self.sync.schedule)
    }

    /// Gives the schedule of the figures; none if it is off.
    pub fn figures_schedule(&self) -> Result<Option<Cron>, SettingsError> {
        cron("analytics.schedule", &self.analytics.schedule)
    }

    /// Gives the rules of the loyalty programme.
    pub fn programme(&self) -> Result<LoyaltyProgramme, SettingsError> {
        self.loyalty.programme(self.analytics.metrics.zone)
    }

    /// Gives what the 1C adapter must know.
    pub fn onec(&self) -> Result<OnecSettings, SettingsError> {
        let onec = &self.onec;
        let missing = |key, variable| SettingsError::Missing { key, variable };
        let url = onec
            .url
            .clone()
            .ok_or_else(|| missing("onec.url", "ONEC_API_URL"))?;
        let mut settings = OnecSettings::new(url, self.onec_credentials()?);
        settings.zone = self.analytics.metrics.zone;
        settings.sales_register = match onec.register {
            Register::Sales => SalesRegister::Sales,
            Register::SalesByCards => SalesRegister::SalesByCards,
        };
        let first_byte = Duration::from_secs(u64::from(onec.read_timeout_seconds));
        settings.timeouts = Timeouts {
            connect: Duration::from_secs(u64::from(onec.connect_timeout_seconds)),
            first_byte,
            total: first_byte.saturating_mul(2).max(Timeouts::default().total),
            ..Timeouts::default()
        };
        settings.retries.attempts = onec.attempts;
        settings.bonus_points = match self.loyalty.ledger {
            PointsLedger::Glame => BonusPoints::Ignored,
            PointsLedger::Onec => BonusPoints::Reconciled,
        };
        settings.page_sizes.sales = onec.lines_per_call;
        settings.pause_between_calls = onec
            .pause_milliseconds
            .map(|pause| Duration::from_millis(u64::from(pause)));
        Ok(settings)
    }

    fn onec_credentials(&self) -> Result<Credentials, SettingsError> {
        let OnecBaseSettings {
            user,
            password,
            token,
            ..
        } = &self.onec;
        match (token, user, password) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(SettingsError::Wrong {
                key: "onec.token",
                problem: "give either the token or user and password, not both".to_owned(),
            }),
            (Some(token), None, None) => Ok(Credentials::Token(token.clone())),
            (None, Some(user), Some(password)) => Ok(Credentials::Login {
                user: user.as_str().into(),
                password: password.clone(),
            }),
            (None, Some(_), None) => Err(SettingsError::Missing {
                key: "onec.password",
                variable: "ONEC_API_PASSWORD",
            }),
            (None, None, _) => Err(SettingsError::Missing {
                key: "onec.token (or onec.user and onec.password)",
                variable: "ONEC_API_TOKEN",
            }),
        }
    }

    /// Gives how the service goes about it.
    #[must_use]
    pub fn sync(&self) -> SyncSettings {
        SyncSettings {
            trailing: TimeDelta::days(i64::from(self.sync.trailing_days)),
            complete_every: TimeDelta::days(i64::from(self.sync.complete_every_days)),
            lease: TimeDelta::seconds(i64::from(self.sync.lease_seconds)),
            metrics: self.analytics.metrics.clone(),
            ..SyncSettings::default()
        }
    }
}

/// Reads when a job runs; none if it is off.
fn cron(key: &'static str, schedule: &str) -> Result<Option<Cron>, SettingsError> {
    if schedule == "off" {
        return Ok(None);
    }
    schedule
        .parse()
        .map(Some)
        .map_err(|error: croner::errors::CronError| SettingsError::Wrong {
            key,
            problem: format!(
                "not a cron expression of five fields such as \"*/30 * * * *\", nor \"off\": {error}"
            ),
        })
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}
