//! What the adapter must be told about a base, checked once before the first call.

mod base_url;
mod credentials;

use std::time::Duration;

use chrono_tz::Tz;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};

pub use credentials::Credentials;

/// Settings of one 1C base; [`OnecSource::open`](crate::OnecSource::open) checks them.
///
/// Every field has a default that suits 1C:Fresh, except the address and the login.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OnecSettings {
    /// The address of the base, as the browser shows it or as OData needs it.
    pub base_url: String,
    /// The login of the OData user.
    pub credentials: Credentials,
    /// The time zone of the base: 1C sends dates without one.
    pub zone: Tz,
    /// The register that sales are read from.
    pub sales_register: SalesRegister,
    /// Where the holder of an anonymous sale is looked for.
    pub receipt_holders: ReceiptHolders,
    /// What the brand of an article is read from.
    pub brand_source: BrandSource,
    /// What the points on bonus cards are for.
    pub bonus_points: BonusPoints,
    /// What to do with rows that the OData user may not see.
    pub hidden_rows: HiddenRows,
    /// How many rows one call asks for.
    pub page_sizes: PageSizes,
    /// How long each part of a call may take.
    pub timeouts: Timeouts,
    /// How often and how patiently a failed call is repeated.
    pub retries: Retries,
    /// The most bytes of one answer, after decompression.
    pub max_page_bytes: usize,
    /// The least pause between two calls; if absent, 250 ms, and none on the local machine.
    pub pause_between_calls: Option<Duration>,
    /// Whether one 1C session serves all calls.
    pub session_reuse: SessionReuse,
}

/// The register that sales are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SalesRegister {
    /// All sales, anonymous ones too, with stores (`Продажи`).
    #[default]
    Sales,
    /// Only sales by discount cards, without stores (`ПродажиПоДисконтнымКартам`).
    SalesByCards,
}

/// Where the holder of a sale without a counterparty is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReceiptHolders {
    /// Nowhere: such a sale stays anonymous.
    Ignored,
    /// In the header of the receipt; a sale whose header cannot be read is set aside.
    #[default]
    FromReceiptHeaders,
}

/// What the brand of an article is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BrandSource {
    /// The folder that the article lies in.
    #[default]
    Folder,
    /// The manufacturer of the article.
    Manufacturer,
}

/// What the points on bonus cards are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BonusPoints {
    /// Nothing: the doctor does not ask for them.
    #[default]
    Ignored,
    /// Their balances are the truth: without them the doctor fails.
    Reconciled,
}

/// What to do with rows that the OData user may not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HiddenRows {
    /// A hidden row fails the call, so that missing rights never look like missing data.
    #[default]
    Refused,
    /// Hidden rows are left out by 1C (`allowedOnly=true`); the data may be incomplete.
    LeftOut,
}

/// Whether one 1C session serves all calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionReuse {
    /// Each call may start a session of its own; right for 1C:Fresh.
    #[default]
    Off,
    /// The first call starts a session (`IBSession: start`) and later calls use it.
    Explicit,
}

/// How many rows one call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSizes {
    /// Discount cards.
    pub cards: u32,
    /// Counterparties, articles, stores.
    pub catalogue: u32,
    /// Lines of a register and headers of documents.
    pub sales: u32,
}

/// How long each part of a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the answer begins; the first call after a pause takes 1C up to half a minute.
    pub first_byte: Duration,
    /// The longest silence inside an answer.
    pub idle_read: Duration,
    /// The whole call.
    pub total: Duration,
}

/// How often and how patiently a failed call is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// The most attempts of one call, the first included.
    pub attempts: u32,
    /// The longest first pause; it doubles with each attempt and is drawn at random below that.
    pub first_pause: Duration,
    /// The longest first pause when 1C is busy: licences, sessions, updates, throttling.
    pub busy_pause: Duration,
    /// The longest of all pauses, also of those that 1C asks for (`Retry-After`).
    pub longest_pause: Duration,
}

impl OnecSettings {
    /// Takes what has no default.
    #[must_use]
    pub fn new(base_url: impl Into<String>, credentials: Credentials) -> Self {
        Self {
            base_url: base_url.into(),
            credentials,
            zone: Tz::Europe__Moscow,
            sales_register: SalesRegister::default(),
            receipt_holders: ReceiptHolders::default(),
            brand_source: BrandSource::default(),
            bonus_points: BonusPoints::default(),
            hidden_rows: HiddenRows::default(),
            page_sizes: PageSizes::default(),
            timeouts: Timeouts::default(),
            retries: Retries::default(),
            max_page_bytes: 64 * 1024 * 1024,
            pause_between_calls: None,
            session_reuse: SessionReuse::default(),
        }
    }

    /// Checks everything that can be checked without a call.
    pub(crate) fn check(self) -> Result<CheckedSettings, SettingsError> {
        let root = base_url::service_root(&self.base_url)?;
        let authorization = self.credentials.header()?;
        let pause_between_calls = self
            .pause_between_calls
            .unwrap_or_else(|| base_url::default_pause(&root));
        for (field, size) in [
            ("page_sizes.cards", self.page_sizes.cards),
            ("page_sizes.catalogue", self.page_sizes.catalogue),
            ("page_sizes.sales", self.page_sizes.sales),
        ] {
            if !(2..=1_000_000).contains(&size) {
                return Err(SettingsError::new(
                    field,
                    "must lie between 2 and 1000000 rows",
                ));
            }
        }
        for (field, time) in [
            ("timeouts.connect", self.timeouts.connect),
            ("timeouts.first_byte", self.timeouts.first_byte),
            ("timeouts.idle_read", self.timeouts.idle_read),
            ("timeouts.total", self.timeouts.total),
        ] {
            if time.is_zero() {
                return Err(SettingsError::new(field, "must be longer than nothing"));
            }
        }
        if self.timeouts.total < self.timeouts.first_byte {
            return Err(SettingsError::new(
                "timeouts.total",
                "must not be below first_byte",
            ));
        }
        if !(1..=20).contains(&self.retries.attempts) {
            return Err(SettingsError::new(
                "retries.attempts",
                "must lie between 1 and 20",
            ));
        }
        if self.max_page_bytes < 64 * 1024 {
            return Err(SettingsError::new(
                "max_page_bytes",
                "must be at least 65536",
            ));
        }
        Ok(CheckedSettings {
            root,
            authorization,
            pause_between_calls,
            given: self,
        })
    }
}

impl Default for PageSizes {
    fn default() -> Self {
        Self {
            cards: 1_000,
            catalogue: 1_000,
            sales: 20_000,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            first_byte: Duration::from_mins(3),
            idle_read: Duration::from_mins(1),
            total: Duration::from_mins(5),
        }
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_pause: Duration::from_millis(500),
            busy_pause: Duration::from_secs(10),
            longest_pause: Duration::from_mins(2),
        }
    }
}

/// Settings that hold, with what was derived from them.
#[derive(Debug, Clone)]
pub(crate) struct CheckedSettings {
    /// The service root, with a slash at the end.
    pub(crate) root: Url,
    /// The `Authorization` header, marked as sensitive.
    pub(crate) authorization: HeaderValue,
    /// The least pause between two calls.
    pub(crate) pause_between_calls: Duration,
    /// What was given.
    pub(crate) given: OnecSettings,
}

/// Tells which setting cannot be used and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("setting {field} of the 1C base {problem}")]
pub struct SettingsError {
    field: &'static str,
    problem: &'static str,
}

impl SettingsError {
    pub(crate) const fn new(field: &'static str, problem: &'static str) -> Self {
        Self { field, problem }
    }

    /// Names the field of [`OnecSettings`].
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> OnecSettings {
        OnecSettings::new(
            "https://1c.example/a/sbm/1/ru/",
            Credentials::login("odata", "odata"),
        )
    }

    #[test]
    fn good_settings_hold() {
        let checked = settings().check().unwrap();
        assert_eq!(
            checked.root.as_str(),
            "https://1c.example/a/sbm/1/odata/standard.odata/"
        );
        assert_eq!(checked.pause_between_calls, Duration::from_millis(250));
    }

    #[test]
    fn each_error_names_its_field() {
        type Spoil = fn(&mut OnecSettings);
        let cases: [(&str, Spoil); 6] = [
            ("base_url", |s| s.base_url = "ftp://x".to_owned()),
            ("page_sizes.cards", |s| s.page_sizes.cards = 1),
            ("timeouts.connect", |s| s.timeouts.connect = Duration::ZERO),
            ("timeouts.total", |s| {
                s.timeouts.total = Duration::from_secs(1);
            }),
            ("retries.attempts", |s| s.retries.attempts = 0),
            ("max_page_bytes", |s| s.max_page_bytes = 10),
        ];
        for (field, spoil) in cases {
            let mut spoilt = settings();
            spoil(&mut spoilt);
            assert_eq!(spoilt.check().unwrap_err().field(), field);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", settings().check().unwrap());
        assert!(!shown.contains("b2RhdGE6b2RhdGE"), "{shown}");
        let shown = format!("{:?}", Credentials::login("odata", "hush-hush"));
        assert!(!shown.contains("hush-hush"), "{shown}");
    }
}
