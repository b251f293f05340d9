//! A simulated shop, an empty database and the binary between them.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;

use glame_core::ports::Storage;
use glame_core::users::Holder;
use glame_core::values::{CardRef, CounterpartyRef, UserId};
use glame_onec_simulator::{BaseSettings, SalesRegister, Simulator, SimulatorSettings};
use glame_storage::testing::PostgresCluster;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use uuid::Uuid;

/// The databases that everything must work on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

pub(crate) struct Shop {
    pub(crate) simulator: Simulator,
    pub(crate) directory: TempDir,
    pub(crate) environment: BTreeMap<&'static str, String>,
}

/// What a command has left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Gives what was said to the person at the end.
    pub(crate) fn message(&self) -> &str {
        self.stderr
            .rfind("glame: ")
            .map_or("", |start| &self.stderr[start..])
    }
}

impl Shop {
    /// Opens a shop; the database is there, without a schema.
    pub(crate) async fn closed(base: BaseSettings, database: Database) -> Self {
        Self::of(
            SimulatorSettings {
                base,
                ..SimulatorSettings::default()
            },
            database,
        )
        .await
    }

    /// Opens a shop whose database is migrated.
    pub(crate) async fn open(base: BaseSettings, database: Database) -> Self {
        let shop = Self::closed(base, database).await;
        shop.done(&["migrate"]).await;
        shop
    }

    pub(crate) async fn of(settings: SimulatorSettings, database: Database) -> Self {
        let simulator = Simulator::start(settings).await.unwrap();
        let directory = TempDir::new().unwrap();
        let url = match database {
            Database::Sqlite => format!("sqlite:{}/glame.db", directory.path().display()),
            Database::Postgres => PostgresCluster::start().fresh_database().await,
        };
        let credentials = simulator.credentials().clone();
        let environment = BTreeMap::from([
            ("DATABASE_URL", url),
            ("ONEC_API_URL", simulator.base_url()),
            ("ONEC_API_USER", credentials.user),
            ("ONEC_API_PASSWORD", credentials.password),
            ("GLAME_SYNC_LEASE_SECONDS", "1".to_owned()),
            ("GLAME_LOG", "warn".to_owned()),
            // No balancer stands before the servers of most tests.
            ("GLAME_DRAIN_SECONDS", "0".to_owned()),
        ]);
        Self {
            simulator,
            directory,
            environment,
        }
    }

    /// Sets a variable of the environment.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.insert(name, value.into());
        self
    }

    /// Prepares a call of the binary, with nothing of this process's environment.
    pub(crate) fn glame(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glame"));
        command
            .args(arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Calls the binary to its end.
    pub(crate) async fn call(&self, arguments: &[&str]) -> Outcome {
        let output = self.glame(arguments).output().await.unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Calls the binary, which must do what it is asked.
    pub(crate) async fn done(&self, arguments: &[&str]) -> String {
        let outcome = self.call(arguments).await;
        assert_eq!(outcome.code, Some(0), "{arguments:?}: {}", outcome.stderr);
        outcome.stdout
    }

    /// Calls the binary, which must do what it is asked and print one JSON document.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(arguments).await).unwrap()
    }

    /// Synchronises everything and gives the runs by kind.
    pub(crate) async fn sync_all(&self, options: &[&str]) -> BTreeMap<String, Value> {
        let arguments = [&["sync", "all", "--json"], options].concat();
        runs_of(&self.json(&arguments).await)
    }

    /// Opens the database beside the binary.
    pub(crate) async fn storage(&self) -> Arc<dyn Storage> {
        glame_storage::open(&self.environment["DATABASE_URL"])
            .await
            .unwrap()
    }

    /// Gives kopecks and lines of every customer as they are stored.
    pub(crate) async fn stored_sums(&self) -> Sums {
        let storage = self.storage().await;
        let mut sums = Sums::new();
        let mut after = None;
        loop {
            let page = storage.histories_after(after, 500).await.unwrap();
            let Some(last) = page.last() else { return sums };
            after = Some(last.user());
            for history in page {
                for line in history.lines() {
                    add(&mut sums, history.user(), line.amount.kopecks());
                }
            }
        }
    }

    /// Gives kopecks and lines of every customer as the base has them now.
    ///
    /// A line that names no counterparty belongs to whoever holds its card now; opening balances
    /// come from the register of cards, whichever register is read.
    pub(crate) async fn expected_sums(&self, register: SalesRegister) -> Sums {
        let storage = self.storage().await;
        let oracle = self.simulator.oracle();
        let mut lines: Vec<(Holder, i64)> = Vec::new();
        let of_card = |card: Uuid| Holder::Card(CardRef::from_uuid(card));
        let of_person = |person: Uuid| Holder::Counterparty(CounterpartyRef::from_uuid(person));
        if register == SalesRegister::Sales {
            oracle.each_line(register, |line| {
                let is_receipt = line.recorder_set.starts_with("Document_ЧекККМ");
                let by_card = line.card.filter(|_| is_receipt).map(of_card);
                if let Some(holder) = line.customer.map(of_person).or(by_card) {
                    lines.push((holder, line.kopecks));
                }
            });
        }
        oracle.each_line(SalesRegister::CardSales, |line| {
            let is_opening = line.recorder_set == "Document_ВводНачальныхОстатков";
            if register == SalesRegister::CardSales || is_opening {
                let holder = line.owner.map(of_person).or(line.card.map(of_card));
                lines.extend(holder.map(|holder| (holder, line.kopecks)));
            }
        });
        let mut sums = Sums::new();
        let mut users: BTreeMap<Holder, UserId> = BTreeMap::new();
        for (holder, kopecks) in lines {
            let user = if let Some(user) = users.get(&holder) {
                *user
            } else {
                let user = user_of(storage.as_ref(), holder).await;
                users.insert(holder, user);
                user
            };
            add(&mut sums, user, kopecks);
        }
        sums
    }
}

async fn user_of(storage: &dyn Storage, holder: Holder) -> UserId {
    let Holder::Card(card) = holder else {
        return holder.user_id();
    };
    let cards = storage.cards(&[card]).await.unwrap();
    cards.first().map_or(holder.user_id(), |card| card.user)
}

/// Kopecks and lines by customer.
pub(crate) type Sums = BTreeMap<UserId, (i64, u64)>;

fn add(sums: &mut Sums, user: UserId, kopecks: i64) {
    let sum = sums.entry(user).or_default();
    sum.0 += kopecks;
    sum.1 += 1;
}

/// Gives the runs of a document by kind.
pub(crate) fn runs_of(document: &Value) -> BTreeMap<String, Value> {
    let runs = document["runs"].as_array().unwrap();
    runs.iter()
        .map(|run| (run["kind"].as_str().unwrap().to_owned(), run.clone()))
        .collect()
}

/// Reads an amount like "12490.50".
pub(crate) fn kopecks(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// Gives a small invented shop.
pub(crate) const fn small_shop(seed: u64) -> BaseSettings {
    BaseSettings::Generated {
        customers: 60,
        lines: 3_000,
        seed,
    }
}
