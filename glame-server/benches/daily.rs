//! The daily run over 1,000,000 customers in PostgreSQL: figures, models, segments.
//!
//! `cargo bench -p glame-server --bench daily` synchronises a generated shop of 2,000 customers and
//! 20,000 lines and copies it 499 times, each customer moved in time and money. It prints how long
//! `glame metrics recompute` takes and the most memory that it holds: the first time, when every
//! customer changes and enters segments, and once more, when nothing has changed.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark is a program"
)]

mod large_shop;

use std::process::{Command, Stdio};
use std::time::Instant;

use glame_onec_simulator::{BaseSettings, Simulator, SimulatorSettings};
use glame_storage::testing::PostgresCluster;

const CUSTOMERS: usize = 2_000;
const LINES: usize = 10 * CUSTOMERS;
const COPIES: usize = 499;

#[tokio::main]
async fn main() {
    let url = PostgresCluster::start().fresh_database().await;
    let simulator = Simulator::start(SimulatorSettings {
        base: BaseSettings::Generated {
            customers: CUSTOMERS,
            lines: LINES,
            seed: 1,
        },
        ..SimulatorSettings::default()
    })
    .await
    .unwrap();
    let login = simulator.credentials();
    let glame = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glame"));
        command
            .args(arguments)
            .env_clear()
            .env("DATABASE_URL", &url)
            .env("ONEC_API_URL", simulator.base_url())
            .env("ONEC_API_USER", &login.user)
            .env("ONEC_API_PASSWORD", &login.password)
            .env("GLAME_LOG", "error")
            .stdout(Stdio::null());
        command
    };
    let begun = Instant::now();
    assert!(glame(&["migrate"]).status().unwrap().success());
    assert!(glame(&["sync", "all"]).status().unwrap().success());
    large_shop::multiply(&url, &["users", "receipts", "purchase_history"], COPIES);
    println!(
        "{} customers, {} lines after {:.0?}",
        CUSTOMERS * (COPIES + 1),
        LINES * (COPIES + 1),
        begun.elapsed()
    );
    for what in ["the first time", "nothing has changed"] {
        let (took, peak) = large_shop::watched(glame(&["metrics", "recompute"]));
        println!("{what}: {took:.0?}, at most {} MB", peak / 1_000_000);
    }
}
