//! Checks a base before its first reading and says which box to tick in 1C.

mod points;
mod probes;
mod publication;

use serde::Serialize;

use crate::errors::{Fault, FaultKind};
use crate::query::{Query, metadata_url};
use crate::records::Set;
use crate::records::card::CARDS;
use crate::records::counterparty::COUNTERPARTIES;
use crate::records::document::{GOODS_RETURNS, RECEIPTS, RETURN_RECEIPTS, SALE_CORRECTIONS};
use crate::records::product::{CATEGORIES, PRODUCTS};
use crate::records::sale_line::{SALES, SALES_BY_CARDS};
use crate::records::store::STORES;
use crate::sales::Plan;
use crate::source::OnecSource;
use crate::transport::{Expected, Meter};

/// The state of a base: what was checked, and what the base can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// What was checked, in the order of the checks.
    pub findings: Vec<Finding>,
    /// What the base can do.
    pub capabilities: Capabilities,
    /// How many requests it took.
    pub requests: u32,
}

impl Diagnosis {
    /// Gives the worst of all findings.
    #[must_use]
    pub fn status(&self) -> FindingStatus {
        self.findings
            .iter()
            .map(|finding| finding.status)
            .max()
            .unwrap_or(FindingStatus::Ok)
    }
}

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// The set that the check was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// How it went.
    pub status: FindingStatus,
    /// What was found.
    pub message: String,
    /// What to do in 1C or in the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// How a check went, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingStatus {
    /// Nothing to do.
    Ok,
    /// It works, but something will be missing.
    Warning,
    /// A synchronisation cannot work.
    Failed,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The service answers and accepts the login.
    Reachability,
    /// The login travels encrypted.
    Encryption,
    /// A set is published.
    Publication,
    /// A set has the fields that are read.
    Fields,
    /// The user may read a set.
    Rights,
    /// Spaces, dates and Cyrillic letters reach 1C as they should.
    Encoding,
    /// Rows come in the order that is asked for.
    Order,
    /// Lines can be asked for by the type of their document.
    TypeFilter,
    /// Lines can be asked for by their document.
    DocumentFilter,
    /// The balances of bonus points can be asked for.
    Balances,
    /// The number of rows can be asked for.
    Count,
    /// Sales are not dated later than the clock of the server.
    Zone,
}

/// What a base can do; nothing where it was not found out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// The software that answers.
    pub server: Option<String>,
    /// How long the first answer took to begin.
    pub first_byte_ms: Option<u64>,
    /// Whether `/$count` is served.
    pub count_supported: Option<bool>,
    /// Whether `$inlinecount` makes `$top` void.
    pub inlinecount_ignores_top: Option<bool>,
    /// Whether a register can be ordered by its complete key.
    pub orderby_composite_ok: Option<bool>,
    /// Whether `isof(Recorder, …)` is understood.
    pub type_filter_ok: Option<bool>,
    /// Whether `Recorder eq cast(…)` finds its lines.
    pub document_filter_ok: Option<bool>,
    /// How lines name the document that wrote them.
    pub recorder_key_shape: Option<RecorderKeyShape>,
    /// Whether line numbers come as strings.
    pub int64_as_string: Option<bool>,
    /// Whether opening balances can be read.
    pub opening_balances_published: bool,
    /// Whether the holders of anonymous sales can be looked for.
    pub receipts_published: bool,
    /// Whether the register of bonus points is published.
    pub balance_published: bool,
    /// Whether its balances can be asked for.
    pub balance_ok: Option<bool>,
}

/// How lines of a register name the document that wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecorderKeyShape {
    /// `Recorder` and `Recorder_Type`: documents of several types.
    Composite,
    /// `Recorder_Key`: documents of one type only; such a register cannot be read.
    SingleType,
}

impl OnecSource {
    /// Checks the base: address, login, rights, published sets, fields, what 1C understands.
    ///
    /// Never fails: what goes wrong is a finding.
    pub async fn diagnose(&self) -> Diagnosis {
        let mut examination = Examination {
            source: self,
            meter: Meter::default(),
            findings: Vec::new(),
            capabilities: Capabilities::default(),
        };
        examination.run().await;
        Diagnosis {
            findings: examination.findings,
            capabilities: examination.capabilities,
            requests: examination.meter.requests(),
        }
    }
}

struct Examination<'a> {
    source: &'a OnecSource,
    meter: Meter,
    findings: Vec<Finding>,
    capabilities: Capabilities,
}

impl Examination<'_> {
    async fn run(&mut self) {
        self.check_encryption();
        let Some(published) = self.check_reachability().await else {
            return;
        };
        self.check_publication(&published);
        self.check_fields(&published).await;
        for set in [
            &CARDS,
            &COUNTERPARTIES,
            self.main_set(),
            &PRODUCTS,
            &CATEGORIES,
            &STORES,
            &RECEIPTS,
            &RETURN_RECEIPTS,
            &GOODS_RETURNS,
            &SALE_CORRECTIONS,
        ] {
            if published.contains(set.name) {
                self.check_rights(set).await;
            }
        }
        if published.contains(self.main_set().name) {
            self.check_language().await;
        }
        self.check_points(&published).await;
        self.check_counting(&published).await;
    }

    fn main_set(&self) -> &'static Set {
        Plan::main_set(self.source.base().settings().sales_register)
    }

    fn other_set(&self) -> &'static Set {
        if self.main_set().name == SALES.name {
            &SALES_BY_CARDS
        } else {
            &SALES
        }
    }

    fn check_encryption(&mut self) {
        let root = self.source.base().root();
        let local = matches!(root.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if root.scheme() == "https" || local {
            self.found(
                Check::Encryption,
                None,
                "the login travels encrypted or stays on this machine",
            );
        } else {
            self.warn(
                Check::Encryption,
                None,
                "the login travels in clear text",
                "publish the base by https and set base_url accordingly".to_owned(),
            );
        }
    }

    fn found(&mut self, check: Check, set: Option<&str>, message: impl Into<String>) {
        self.add(check, set, FindingStatus::Ok, message.into(), None);
    }

    fn warn(
        &mut self,
        check: Check,
        set: Option<&str>,
        message: impl Into<String>,
        advice: String,
    ) {
        self.add(
            check,
            set,
            FindingStatus::Warning,
            message.into(),
            Some(advice),
        );
    }

    fn fail(
        &mut self,
        check: Check,
        set: Option<&str>,
        message: impl Into<String>,
        advice: String,
    ) {
        self.add(
            check,
            set,
            FindingStatus::Failed,
            message.into(),
            Some(advice),
        );
    }

    fn add(
        &mut self,
        check: Check,
        set: Option<&str>,
        status: FindingStatus,
        message: String,
        advice: Option<String>,
    ) {
        self.findings.push(Finding {
            check,
            set: set.map(str::to_owned),
            status,
            message,
            advice,
        });
    }

    /// Asks a question as it is, without the leniency of a reading.
    async fn ask(&self, query: Query, set: &'static Set) -> Result<bytes::Bytes, Fault> {
        let base = self.source.base();
        let url = query
            .hidden_rows(base.settings().hidden_rows)
            .url(base.root());
        let answer = base
            .call(url, set.name, Expected::Collection, &self.meter)
            .await?;
        Ok(answer.body)
    }

    async fn metadata(&self) -> Result<bytes::Bytes, Fault> {
        let base = self.source.base();
        let url = metadata_url(base.root());
        Ok(base
            .call(url, "$metadata", Expected::Xml, &self.meter)
            .await?
            .body)
    }
}

/// Says in 1C's own words where several sets of a branch are published.
fn tick_all(branch: &str, titles: &[String], meaning: &str) -> String {
    format!(
        "in 1C open «Настройка автоматического REST-сервиса» (REST service settings), tab «Состав» \
         (contents), and tick under «{branch}» ({meaning}): {}",
        titles.join(", ")
    )
}

/// Says in 1C's own words where a set is published.
fn tick(title: &str, meaning: &str) -> String {
    format!(
        "in 1C open «Настройка автоматического REST-сервиса» (REST service settings), tab «Состав» \
         (contents), and tick «{title}» ({meaning})"
    )
}

/// Says in 1C's own words what to do about a refused login or missing rights.
fn advice_on(fault: &Fault) -> String {
    let advice = if fault.kind == FaultKind::LoginRefused {
        "in 1C open «Настройка автоматического REST-сервиса», tab «Авторизация» (authorisation), \
         and set login and password for OData: the login of a person does not work there"
    } else if fault.kind == FaultKind::RightsRefused {
        "give the OData user the role «Удаленный доступ OData» and full read rights, without \
         restrictions by record («Ограничивать доступ на уровне записей»)"
    } else if fault.kind == FaultKind::WrongAddress {
        "copy the address of the application from the browser into base_url, and switch on \
         «Настройка автоматического REST-сервиса» in 1C"
    } else {
        return fault.kind.to_string();
    };
    advice.to_owned()
}
