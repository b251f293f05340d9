//! How fast receipts are written, beside the barest way to load the same rows.
//!
//! `cargo bench -p glame-storage` writes the same receipts and lines twice into each database: by
//! the ports, 20,000 lines a work, and by what the database itself offers for loading (`COPY` for
//! PostgreSQL, a script of `INSERT` for the `sqlite3` shell). It prints lines per second and the
//! time, and how fast all histories are read again. The PostgreSQL here is the throw-away one of
//! the tests, which does not wait for the disk; `sqlite3` must be installed.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark is a program"
)]

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use glame_core::ports::Storage;
use glame_core::purchases::{DocumentKey, DocumentKind, Receipt, ReceiptKey, ReceiptLine};
use glame_core::testkit::fixtures::customer;
use glame_core::users::User;
use glame_core::values::{DocumentRef, Money, ProductRef, Quantity, StoreRef, UserId, VariantRef};
use glame_storage::testing::PostgresCluster;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

const CUSTOMERS: u128 = 20_000;
const RECEIPTS: u128 = 130_000;
const LINES_A_WORK: usize = 20_000;
const HISTORIES_A_PAGE: u32 = 1_000;

#[tokio::main]
async fn main() {
    let users: Vec<User> = (0..CUSTOMERS).map(customer).collect();
    let receipts = receipts(&users);
    let works = works(&receipts);
    let lines = receipts
        .iter()
        .map(|receipt| receipt.lines.len())
        .sum::<usize>();
    println!(
        "{} receipts with {lines} lines of {} customers",
        receipts.len(),
        users.len()
    );

    let folder = tempfile::tempdir().unwrap();
    let [ours, bare] = ["ours", "bare"].map(|name| folder.path().join(format!("{name}.db")));
    let url = format!("sqlite:{}", ours.display());
    report("SQLite, ports", lines, by_ports(&url, &users, &works).await);
    report("SQLite, histories", lines, histories(&url).await);
    let script = sqlite_script(&works);
    let url = format!("sqlite:{}", bare.display());
    prepare(&url, &users).await;
    report(
        "SQLite, script of INSERT",
        lines,
        by_sqlite_shell(&bare, &script),
    );

    let cluster = PostgresCluster::start();
    let url = cluster.fresh_database().await;
    report(
        "PostgreSQL, ports",
        lines,
        by_ports(&url, &users, &works).await,
    );
    let url = cluster.fresh_database().await;
    prepare(&url, &users).await;
    report("PostgreSQL, COPY", lines, by_copy(&url, &works).await);
}

fn report(what: &str, lines: usize, took: Duration) {
    let per_second = u128::try_from(lines).unwrap() * 1_000_000 / took.as_micros();
    println!("{what:<26} {per_second:>9} lines/s  ({took:.2?})");
}

/// Makes receipts of one to four lines, in the order of time, customers in no order.
fn receipts(users: &[User]) -> Vec<Receipt> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let start: DateTime<Utc> = DateTime::from_timestamp(1_600_000_000, 0).unwrap();
    (0..RECEIPTS)
        .map(|n| {
            let user = users[dice.below(users.len())].id;
            let at = start + TimeDelta::seconds(i64::try_from(n).unwrap() * 37);
            dice.receipt(user, at)
        })
        .collect()
}

/// A generator that always throws the same.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap() % limit
    }

    fn uuid(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.next(), self.next())
    }

    fn one_of(&mut self, limit: usize) -> Uuid {
        Uuid::from_u128(u128::try_from(self.below(limit) + 1).unwrap())
    }

    fn receipt(&mut self, user: UserId, purchased_at: DateTime<Utc>) -> Receipt {
        let document = DocumentKey {
            kind: DocumentKind::Receipt,
            document: DocumentRef::from_uuid(self.uuid()),
        };
        // One to four lines, 2.3 on the average.
        let count = [1, 1, 1, 2, 2, 2, 3, 3, 4, 4][self.below(10)];
        Receipt {
            key: ReceiptKey {
                user,
                purchased_at,
                document,
            },
            store: Some(StoreRef::from_uuid(self.one_of(30))),
            returns: None,
            lines: (1..=count)
                .map(|line_number| ReceiptLine {
                    line_number,
                    product: Some(ProductRef::from_uuid(self.one_of(3_000))),
                    variant: Some(VariantRef::from_uuid(self.one_of(9_000))),
                    quantity: Quantity::from_thousandths(1_000),
                    amount: Money::from_kopecks(i64::try_from(self.below(5_000_000)).unwrap()),
                })
                .collect(),
        }
    }
}

/// Divides receipts into works of about [`LINES_A_WORK`] lines.
fn works(receipts: &[Receipt]) -> Vec<&[Receipt]> {
    let mut lines = 0;
    receipts
        .chunk_by(|receipt, _| {
            lines += receipt.lines.len();
            if lines >= LINES_A_WORK {
                lines = 0;
            }
            lines > 0
        })
        .collect()
}

async fn prepare(url: &str, users: &[User]) -> std::sync::Arc<dyn Storage> {
    glame_storage::migrate(url).await.unwrap();
    let storage = glame_storage::open(url).await.unwrap();
    let mut work = storage.begin().await.unwrap();
    work.put_users(users).await.unwrap();
    work.commit().await.unwrap();
    storage
}

async fn by_ports(url: &str, users: &[User], works: &[&[Receipt]]) -> Duration {
    let storage = prepare(url, users).await;
    let start = Instant::now();
    for receipts in works {
        let mut work = storage.begin().await.unwrap();
        work.add_receipts(receipts).await.unwrap();
        work.commit().await.unwrap();
    }
    start.elapsed()
}

/// Reads all histories, as the scoring does.
async fn histories(url: &str) -> Duration {
    let storage = glame_storage::open(url).await.unwrap();
    let start = Instant::now();
    let mut last = None;
    loop {
        let page = storage
            .histories_after(last, HISTORIES_A_PAGE)
            .await
            .unwrap();
        match page.last() {
            Some(history) => last = Some(history.user()),
            None => return start.elapsed(),
        }
    }
}

fn sqlite_script(works: &[&[Receipt]]) -> String {
    let mut script = "PRAGMA foreign_keys = ON;\nPRAGMA synchronous = NORMAL;\n\
                      PRAGMA cache_size = -32768;\n"
        .to_owned();
    for receipts in works {
        script.push_str("BEGIN IMMEDIATE;\n");
        for receipt in *receipts {
            sqlite_receipt(&mut script, receipt);
        }
        script.push_str("COMMIT;\n");
    }
    script
}

fn sqlite_receipt(script: &mut String, receipt: &Receipt) {
    let key = format!(
        "X'{}', {}, {}, X'{}'",
        receipt.key.user.as_uuid().simple(),
        receipt.key.purchased_at.timestamp_micros(),
        receipt.key.document.kind.code(),
        receipt.key.document.document.as_uuid().simple(),
    );
    let digest = Uuid::from_bytes(*receipt.digest().as_bytes());
    let store = receipt.store.unwrap();
    writeln!(
        script,
        "INSERT INTO receipts VALUES ({key}, X'{}', NULL, {}, {}, X'{}');",
        store.as_uuid().simple(),
        receipt.line_count(),
        amount(receipt),
        digest.simple()
    )
    .unwrap();
    for line in &receipt.lines {
        writeln!(
            script,
            "INSERT INTO purchase_history VALUES ({key}, {}, X'{}', X'{}', {}, {});",
            line.line_number,
            line.product.unwrap().as_uuid().simple(),
            line.variant.unwrap().as_uuid().simple(),
            line.quantity.thousandths(),
            line.amount.kopecks(),
        )
        .unwrap();
    }
}

fn amount(receipt: &Receipt) -> i64 {
    Money::try_sum(receipt.lines.iter().map(|line| line.amount))
        .unwrap()
        .kopecks()
}

fn by_sqlite_shell(file: &std::path::Path, script: &str) -> Duration {
    let path = file.with_extension("sql");
    std::fs::write(&path, script).unwrap();
    let start = Instant::now();
    let status = Command::new("sqlite3")
        .arg("-bail")
        .arg(file)
        .stdin(std::fs::File::open(&path).unwrap())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    start.elapsed()
}

async fn by_copy(url: &str, works: &[&[Receipt]]) -> Duration {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let prepared: Vec<(String, String)> = works.iter().map(|work| copy_texts(work)).collect();
    let start = Instant::now();
    for (receipts, lines) in prepared {
        let mut tx = connection.begin().await.unwrap();
        for (statement, text) in [
            ("COPY receipts FROM STDIN", receipts),
            ("COPY purchase_history FROM STDIN", lines),
        ] {
            let mut copy = tx.copy_in_raw(statement).await.unwrap();
            copy.send(text.into_bytes()).await.unwrap();
            copy.finish().await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    start.elapsed()
}

/// Writes receipts and their lines as `COPY` reads them.
fn copy_texts(receipts: &[Receipt]) -> (String, String) {
    let (mut heads, mut lines) = (String::new(), String::new());
    for receipt in receipts {
        let key = format!(
            "{}\t{}\t{}\t{}",
            receipt.key.user,
            receipt.key.purchased_at.to_rfc3339(),
            receipt.key.document.kind.code(),
            receipt.key.document.document,
        );
        let digest = Uuid::from_bytes(*receipt.digest().as_bytes());
        let store = receipt.store.unwrap();
        let (count, amount) = (receipt.line_count(), amount(receipt));
        writeln!(
            heads,
            "{key}\t{store}\t\\N\t{count}\t{amount}\t\\\\x{}",
            digest.simple()
        )
        .unwrap();
        for line in &receipt.lines {
            writeln!(
                lines,
                "{key}\t{}\t{}\t{}\t{}\t{}",
                line.line_number,
                line.product.unwrap(),
                line.variant.unwrap(),
                line.quantity.thousandths(),
                line.amount.kopecks(),
            )
            .unwrap();
        }
    }
    (heads, lines)
}
