//! A simulated shop, a source that reads it, and the sums of what it read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use glame_core::ports::{Rejected, SalesSource, SalesWindow, SourceError};
use glame_core::purchases::{DocumentKind, SaleLine};
use glame_core::users::Holder;
use glame_onec::{
    Credentials, OnecSettings, OnecSource, ReceiptHolders, Retries, SalesRegister, Timeouts,
};
use glame_onec_simulator::{
    BaseSettings, FaultPlan, RegisterTotals, Simulator, SimulatorSettings, Totals,
};
use uuid::Uuid;

/// So many lines that a reading takes many small pages, and few enough to be fast.
pub(crate) const LINES: usize = 3_000;

/// Gives the settings of a shop that is small and sound.
pub(crate) fn small_shop() -> SimulatorSettings {
    SimulatorSettings {
        base: BaseSettings::Generated {
            customers: 150,
            lines: LINES,
            seed: 7,
        },
        ..SimulatorSettings::default()
    }
}

pub(crate) async fn open_shop() -> Simulator {
    Simulator::start(small_shop()).await.unwrap()
}

/// Gives the settings of a reader that is impatient and reads small pages.
pub(crate) fn reader_of(shop: &Simulator) -> OnecSettings {
    let login = shop.credentials();
    let credentials = Credentials::login(login.user.clone(), login.password.clone());
    let mut settings = OnecSettings::new(shop.base_url(), credentials);
    settings.page_sizes.cards = 40;
    settings.page_sizes.catalogue = 40;
    settings.page_sizes.sales = 200;
    settings.receipt_holders = ReceiptHolders::Ignored;
    settings.timeouts = Timeouts {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(5),
        idle_read: Duration::from_millis(400),
        total: Duration::from_secs(10),
    };
    settings.retries = Retries {
        attempts: 6,
        first_pause: Duration::from_millis(1),
        busy_pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(1),
    };
    settings
}

pub(crate) fn source_of(shop: &Simulator, register: SalesRegister) -> OnecSource {
    let mut settings = reader_of(shop);
    settings.sales_register = register;
    OnecSource::open(settings).unwrap()
}

/// Gives a plan of faults whose delays are those of a test.
pub(crate) fn plan(rules: impl IntoIterator<Item = glame_onec_simulator::FaultRule>) -> FaultPlan {
    FaultPlan {
        first_byte_delay: Duration::from_millis(50),
        stall: Duration::from_secs(2),
        retry_after: Duration::ZERO,
        ..FaultPlan::of(rules)
    }
}

/// All that a reading of sales gave.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) windows: Vec<SalesWindow>,
}

impl Reading {
    pub(crate) async fn of(
        source: &OnecSource,
        since: Option<DateTime<Utc>>,
    ) -> Result<Self, SourceError> {
        let mut reading = Self::default();
        loop {
            let after = reading
                .windows
                .last()
                .and_then(|window| window.next.clone());
            if after.is_none() && !reading.windows.is_empty() {
                return Ok(reading);
            }
            reading
                .windows
                .push(source.sales(since, after.as_ref()).await?);
            assert!(reading.windows.len() < 500, "the reading does not end");
        }
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = &SaleLine> {
        self.windows.iter().flat_map(|window| &window.lines)
    }

    pub(crate) fn rejected(&self) -> Vec<&Rejected> {
        self.windows
            .iter()
            .flat_map(|window| &window.rejected)
            .collect()
    }

    pub(crate) fn requests(&self) -> u32 {
        self.windows.iter().map(|window| window.requests).sum()
    }

    /// Sums lines, money and documents of each holder.
    pub(crate) fn by_holder(&self) -> BTreeMap<Uuid, Totals> {
        let mut totals: BTreeMap<Uuid, Totals> = BTreeMap::new();
        let mut documents = BTreeSet::new();
        for line in self.lines() {
            let Some(holder) = line.holder.map(key_of) else {
                continue;
            };
            let sum = totals.entry(holder).or_default();
            sum.lines += 1;
            sum.kopecks += line.amount.kopecks();
            sum.documents += u64::from(documents.insert((holder, line.document)));
        }
        totals
    }

    /// Counts the lines, opening balances left out.
    pub(crate) fn sales_lines(&self) -> u64 {
        let sales = self
            .lines()
            .filter(|line| line.document.kind != DocumentKind::OpeningBalance);
        u64::try_from(sales.count()).unwrap()
    }

    /// Sums the money of opening balances.
    pub(crate) fn opening_kopecks(&self) -> i64 {
        self.lines()
            .filter(|line| line.document.kind == DocumentKind::OpeningBalance)
            .map(|line| line.amount.kopecks())
            .sum()
    }
}

pub(crate) fn key_of(holder: Holder) -> Uuid {
    match holder {
        Holder::Counterparty(counterparty) => *counterparty.as_uuid(),
        Holder::Card(card) => *card.as_uuid(),
    }
}

/// Takes the opening balances, which the other register holds, out of or into what is expected.
pub(crate) fn expected(shop: &Simulator, register: SalesRegister) -> RegisterTotals {
    use glame_onec_simulator::SalesRegister as Simulated;
    let simulated = match register {
        SalesRegister::Sales => Simulated::Sales,
        SalesRegister::SalesByCards => Simulated::CardSales,
    };
    shop.oracle().totals(simulated)
}

/// Checks that a reading of all time has given every line exactly once.
pub(crate) fn assert_complete(reading: &Reading, shop: &Simulator, register: SalesRegister) {
    let expected = expected(shop, register);
    assert_eq!(reading.rejected(), Vec::<&Rejected>::new());
    let sales: Reading = Reading {
        windows: reading
            .windows
            .iter()
            .map(|window| {
                let mut window = window.clone();
                if register == SalesRegister::Sales {
                    window
                        .lines
                        .retain(|line| line.document.kind != DocumentKind::OpeningBalance);
                }
                window
            })
            .collect(),
    };
    assert_eq!(
        u64::try_from(sales.lines().count()).unwrap(),
        expected.all.lines
    );
    assert_eq!(sales.by_holder(), expected.holders);
}
