//! A whole synchronisation of a generated shop, beside the barest way to load the same rows.
//!
//! `cargo bench -p glame-server --bench sync -- 1000000` serves a base with so many lines, runs
//! `glame sync all` against it on SQLite and on PostgreSQL, and prints lines per second and the
//! peak memory of `glame`. Before that the sales are read alone, as fast as they come over HTTP and
//! are understood, with nothing stored. Then the rows that it has stored are loaded into empty tables with the
//! same keys and indexes by what the databases bring along: `COPY`, and `.import` of the sqlite3
//! shell (identifiers as text, because it cannot import BLOBs).
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark is a program"
)]

#[expect(dead_code, reason = "each benchmark uses a part")]
mod large_shop;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use glame_core::ports::SalesSource;
use glame_onec_simulator::{BaseSettings, Simulator, SimulatorSettings};
use glame_server::settings::Settings;
use glame_server::wiring;
use glame_storage::testing::PostgresCluster;

/// The tables that a purchase is stored in, with their users first.
const TABLES: [&str; 3] = ["users", "receipts", "purchase_history"];

#[tokio::main]
async fn main() {
    let lines: usize = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(1_000_000);
    let base = BaseSettings::Generated {
        customers: lines / 20,
        lines,
        seed: 1,
    };
    let simulator = Simulator::start(SimulatorSettings {
        base,
        ..SimulatorSettings::default()
    })
    .await
    .unwrap();
    println!("{lines} lines of {} customers", lines / 20);

    read_alone(&simulator).await;

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("glame.db");
    sync(
        &simulator,
        "SQLite",
        &format!("sqlite:{}", file.display()),
        lines,
    );
    bare_import(directory.path(), &file);

    let cluster = PostgresCluster::start();
    let url = cluster.fresh_database().await;
    sync(&simulator, "PostgreSQL", &url, lines);
    bare_copy(directory.path(), &url, &cluster.fresh_database().await);
}

/// Reads all sales and throws them away.
async fn read_alone(simulator: &Simulator) {
    let mut settings = Settings::default();
    let credentials = simulator.credentials();
    settings.onec.url = Some(simulator.base_url());
    settings.onec.user = Some(credentials.user.clone());
    settings.onec.password = Some(credentials.password.clone().into());
    let source = wiring::source(&settings).unwrap();
    let begun = Instant::now();
    let (mut lines, mut cursor) = (0, None);
    loop {
        let window = source.sales(None, cursor.as_ref()).await.unwrap();
        lines += window.lines.len();
        cursor = window.next;
        if cursor.is_none() {
            break;
        }
    }
    report("reading alone, nothing stored", lines, begun.elapsed());
}

/// Runs the binary on an empty database.
fn sync(simulator: &Simulator, name: &str, url: &str, lines: usize) {
    let login = simulator.credentials();
    let glame = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glame"));
        command
            .args(arguments)
            .env_clear()
            .env("DATABASE_URL", url)
            .env("ONEC_API_URL", simulator.base_url())
            .env("ONEC_API_USER", &login.user)
            .env("ONEC_API_PASSWORD", &login.password)
            .env("GLAME_LOG", "error")
            .stdout(Stdio::null());
        command
    };
    assert!(glame(&["migrate"]).status().unwrap().success());
    assert!(glame(&["sync", "customers"]).status().unwrap().success());
    let (took, peak) = large_shop::watched(glame(&["sync", "purchases", "--full"]));
    report(
        &format!("{name}, sync of purchases and figures"),
        lines,
        took,
    );
    println!(
        "{:<46} {:>9} MB",
        format!("{name}, peak memory"),
        peak / 1_000_000
    );
    let (took, _) = large_shop::watched(glame(&["sync", "purchases", "--full"]));
    report(
        &format!("{name}, a second sync, nothing changed"),
        lines,
        took,
    );
}

fn bare_copy(directory: &Path, full: &str, empty: &str) {
    let migrated = Command::new(env!("CARGO_BIN_EXE_glame"))
        .arg("migrate")
        .env("DATABASE_URL", empty)
        .stdout(Stdio::null())
        .status();
    assert!(migrated.unwrap().success());
    let psql = |url: &str, statement: String| {
        let mut command = Command::new("psql");
        command.args([
            "--quiet",
            "--no-psqlrc",
            "--set",
            "ON_ERROR_STOP=1",
            url,
            "-c",
            &statement,
        ]);
        command
    };
    let mut took = Duration::ZERO;
    let mut rows = 0;
    for table in TABLES {
        let file = directory.join(format!("{table}.copy"));
        let mut dump = psql(full, format!("COPY {table} TO STDOUT"));
        assert!(
            dump.stdout(File::create(&file).unwrap())
                .status()
                .unwrap()
                .success()
        );
        rows = line_count(&file);
        let mut load = psql(empty, format!("COPY {table} FROM STDIN"));
        let begun = Instant::now();
        assert!(
            load.stdin(File::open(&file).unwrap())
                .status()
                .unwrap()
                .success()
        );
        took += begun.elapsed();
    }
    report("PostgreSQL, bare COPY of the same rows", rows, took);
}

fn bare_import(directory: &Path, full: &Path) {
    let shell = |database: &Path, script: &str| {
        let output = Command::new("sqlite3")
            .arg(database)
            .arg(script)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let empty = directory.join("bare.db");
    shell(&empty, "PRAGMA journal_mode = WAL");
    let mut took = Duration::ZERO;
    let mut rows = 0;
    for table in TABLES {
        let columns = shell(
            full,
            &format!(
                "SELECT group_concat(iif(type = 'BLOB', 'hex(' || name || ')', name)) FROM pragma_table_info('{table}')"
            ),
        );
        let csv = directory.join(format!("{table}.csv"));
        let file = File::create(&csv).unwrap();
        let select = format!("SELECT {} FROM {table}", columns.trim());
        let mut dump = Command::new("sqlite3");
        dump.args(["-csv"]).arg(full).arg(&select).stdout(file);
        assert!(dump.status().unwrap().success());
        rows = line_count(&csv);

        let schema = shell(
            full,
            &format!(
                "SELECT sql || ';' FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL"
            ),
        );
        shell(
            &empty,
            &schema
                .replace("BLOB", "TEXT")
                .replace("STRICT, ", "")
                .replace("STRICT", ""),
        );
        let import = format!(".import --csv {} {table}", csv.display());
        let begun = Instant::now();
        let mut load = Command::new("sqlite3");
        load.arg(&empty)
            .args(["-cmd", "PRAGMA synchronous = NORMAL", &import]);
        assert!(load.stdout(Stdio::null()).status().unwrap().success());
        took += begun.elapsed();
    }
    report("SQLite, bare .import of the same rows", rows, took);
}

fn line_count(file: &Path) -> usize {
    std::fs::read_to_string(file).unwrap().lines().count()
}

fn report(what: &str, lines: usize, took: Duration) {
    let per_second = u128::try_from(lines).unwrap() * 1_000_000 / took.as_micros();
    println!("{what:<46} {per_second:>9} lines/s  ({took:.2?})");
}
