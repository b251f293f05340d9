//! The loyalty programme as the binary runs it.

mod commands;
mod concurrent;
mod killed;
mod reconciliation;
mod settlement;
mod sweep;
mod tampering;

use std::io::Write;
use std::process::Stdio;

use glame_core::testkit::fixtures;
use serde_json::{Value, json};

use crate::shop::{Database, Outcome, Shop, small_shop};

/// Opens a shop with so many customers, who have never bought.
async fn shop_of(customers: u128, database: Database) -> Shop {
    let shop = Shop::open(small_shop(1), database).await;
    let users: Vec<_> = (1..=customers).map(fixtures::customer).collect();
    let mut work = shop.storage().await.begin().await.unwrap();
    work.put_users(&users).await.unwrap();
    work.commit().await.unwrap();
    shop
}

fn user(n: u128) -> String {
    fixtures::customer(n).id.to_string()
}

/// Gives the UUID of the n-th document that no base knows.
fn document(n: u32) -> String {
    format!("7a10c001-3f2b-11ef-8a01-{n:012}")
}

impl Shop {
    /// Calls `glame loyalty`, which must do what it is asked and print one JSON document.
    async fn loyalty(&self, arguments: &[&str]) -> Value {
        let arguments = [&["loyalty"], arguments, &["--json"]].concat();
        self.json(&arguments).await
    }

    /// Calls `glame loyalty`, which must refuse, and gives the error that it prints.
    async fn refusal(&self, arguments: &[&str]) -> Value {
        let arguments = [&["loyalty"], arguments, &["--json"]].concat();
        let outcome = self.call(&arguments).await;
        assert_eq!(outcome.code, Some(1), "{arguments:?}: {outcome:?}");
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let code = document["error"]["code"].as_str().unwrap();
        assert!(outcome.message().contains(code), "{outcome:?}");
        document["error"].clone()
    }

    /// Gives a customer points that never expire.
    async fn give(&self, user: &str, points: u32) {
        let (key, points) = (format!("give-{points}"), points.to_string());
        let bonus = ["bonus", user, "--rule", "welcome", "--occasion", &key];
        let options = ["--points", &points, "--idempotency-key", &key];
        self.loyalty(&[&bonus[..], &options].concat()).await;
    }

    async fn available(&self, user: &str) -> i64 {
        self.loyalty(&["balance", user]).await["available"]
            .as_i64()
            .unwrap()
    }

    /// Holds that every ledger follows from its transactions, and gives how many there are of these.
    async fn verified(&self) -> u64 {
        let verification = self.loyalty(&["verify"]).await;
        assert_eq!(verification["differences"], 0, "{verification}");
        verification["transactions"].as_u64().unwrap()
    }

    /// Sends lines to `glame loyalty post`.
    async fn post(&self, lines: &[Value], options: &[&str]) -> Outcome {
        let arguments = [&["loyalty", "post"], options].concat();
        let mut call = self.glame(&arguments);
        let output = call.stdin(file_of(lines)).output().await.unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Outcome {
    /// Reads what was printed as lines of JSON.
    fn lines(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// Gives a file with these lines to read from.
fn file_of(lines: &[Value]) -> Stdio {
    let mut file = tempfile::tempfile().unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    std::io::Seek::rewind(&mut file).unwrap();
    file.into()
}

fn spend_line(user: &str, key: &str, points: u32) -> Value {
    json!({
        "user": user, "idempotency_key": key, "command": "spend", "points": points,
        "reason": "Оплата баллами", "source": "platform",
    })
}

fn bonus_line(user: &str, key: &str, points: u32) -> Value {
    json!({
        "user": user, "idempotency_key": key, "command": "bonus", "points": points,
        "rule": "campaign", "occasion": key, "reason": "Подарок", "source": "campaign",
    })
}
