//! How fast points are posted on PostgreSQL, beside `pgbench` (TPC-B-like) on the same server with
//! the same number of clients, in turn.
//!
//! `cargo bench -p glame-storage --bench loyalty` uses a throw-away PostgreSQL with its default settings,
//! which has every commit on the disk before it answers; `-- forgetful` uses that of the tests, which does
//! not wait for the disk, and `-- postgres://…` the database of that address, which must be empty. A post is
//! what `LoyaltyService::post` does: lock the account, decide, write, commit, each under an idempotency key
//! of its own, with group commit as in the server and without.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark is a program"
)]

use std::process::Command as Program;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use glame_core::loyalty::{Command, LoyaltyProgramme, LoyaltyService, PointsLedger, Posting};
use glame_core::ports::{Clock, Storage};
use glame_core::testkit::ManualClock;
use glame_core::testkit::fixtures::customer;
use glame_core::testkit::fixtures::loyalty::{adjust, bonus, day, earn, posting, spend};
use glame_core::users::User;
use glame_core::values::UserId;
use glame_storage::OpenOptions;
use glame_storage::testing::PostgresCluster;

const CLIENTS: u32 = 16;
const ACCOUNTS: u128 = 20_000;
const ROUNDS: u32 = 3;
const A_ROUND: Duration = Duration::from_secs(10);
const A_BATCH: usize = 1_000;
/// One of pgbench's branches for each client, and some more, so that they seldom meet.
const PGBENCH_SCALE: &str = "20";

#[tokio::main]
async fn main() {
    let argument = |start: &str| std::env::args().find(|argument| argument.starts_with(start));
    let (ours, theirs) = if let Some(url) = argument("postgres") {
        (url.clone(), url)
    } else {
        let cluster = match argument("forgetful") {
            Some(_) => PostgresCluster::start(),
            None => PostgresCluster::start_durable(),
        };
        (
            cluster.fresh_database().await,
            cluster.fresh_database().await,
        )
    };
    let users: Arc<[UserId]> = (1..=ACCOUNTS).map(|n| customer(n).id).collect();
    let service = open(&ours).await;
    pgbench(&theirs, &["-i", "-q", "-s", PGBENCH_SCALE]);
    println!("{CLIENTS} clients, {ACCOUNTS} accounts, rounds of {A_ROUND:?}, per second:");
    let (grouped, groups) = service.clone().with_group_commit();
    tokio::spawn(groups.run());
    for round in 1..=ROUNDS {
        let spends = posts(&grouped, &users, 2 * round, |_| spend(100)).await;
        let credits = posts(&grouped, &users, 2 * round, a_bonus).await;
        let spends_alone = posts(&service, &users, 2 * round + 1, |_| spend(100)).await;
        let credits_alone = posts(&service, &users, 2 * round + 1, a_bonus).await;
        let simple = tps(&theirs, "simple");
        let prepared = tps(&theirs, "prepared");
        println!(
            "round {round}: {spends} spends, {credits} bonuses; \
             without group commit {spends_alone} and {credits_alone}; \
             pgbench {simple} simple, {prepared} prepared"
        );
    }
    batches(&service, &users).await;
}

async fn open(url: &str) -> LoyaltyService {
    glame_storage::migrate(url).await.unwrap();
    let options = OpenOptions {
        max_connections: CLIENTS + 2,
        ..OpenOptions::default()
    };
    let storage: Arc<dyn Storage> = glame_storage::open_with(url, &options).await.unwrap();
    let users: Vec<User> = (1..=ACCOUNTS).map(customer).collect();
    let mut work = storage.begin().await.unwrap();
    work.put_users(&users).await.unwrap();
    work.commit().await.unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(now()));
    let service = LoyaltyService::new(
        storage,
        clock,
        LoyaltyProgramme::guide(),
        PointsLedger::Glame,
    )
    .unwrap();
    for part in users.chunks(A_BATCH) {
        let gifts = part
            .iter()
            .map(|user| posting(user.id, adjust(1_000_000), None));
        service.post_batch(gifts.collect()).await.unwrap();
    }
    service
}

fn a_bonus(n: u32) -> Command {
    bonus(n, 100, Some(day(90)))
}

fn now() -> DateTime<Utc> {
    day(0)
}

/// Posts one command at a time from every client for a round, and gives how many a second.
async fn posts(
    service: &LoyaltyService,
    users: &Arc<[UserId]>,
    round: u32,
    command: fn(u32) -> Command,
) -> u64 {
    let done = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + A_ROUND;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (service, users, done) = (service.clone(), Arc::clone(users), Arc::clone(&done));
            tokio::spawn(async move {
                let mut state = u64::from(client) * 7_919 + u64::from(round);
                let mut n = 0_u32;
                while Instant::now() < end {
                    n += 1;
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let user = users[usize::try_from(state >> 33).unwrap() % users.len()];
                    let number = (round * CLIENTS + client) * 1_000_000 + n;
                    let command = command(number);
                    let key = format!("{number}-{}", matches!(command, Command::Spend { .. }));
                    let post: Posting = posting(user, command, Some(&key));
                    service.post(post).await.unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    done.load(Ordering::Relaxed) / A_ROUND.as_secs()
}

/// Posts receipts of all accounts, a thousand in one transaction.
async fn batches(service: &LoyaltyService, users: &[UserId]) {
    let begun = Instant::now();
    for part in users.chunks(A_BATCH) {
        let receipts = part
            .iter()
            .map(|user| posting(*user, earn(1, now(), 12_345), None));
        let posted = service.post_batch(receipts.collect()).await.unwrap();
        assert!(posted.iter().all(Result::is_ok));
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "batches of {A_BATCH}: {} receipts posted in {seconds:.2} s by one client",
        users.len()
    );
}

fn pgbench(url: &str, arguments: &[&str]) -> String {
    let output = Program::new("pgbench")
        .args(arguments)
        .arg(url)
        .output()
        .expect("pgbench is installed (Debian package postgresql-contrib)");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs pgbench's own transaction for a round, and gives how many a second.
fn tps(url: &str, protocol: &str) -> String {
    let clients = CLIENTS.to_string();
    let seconds = A_ROUND.as_secs().to_string();
    let printed = pgbench(
        url,
        &[
            "-n", "-c", &clients, "-j", "2", "-T", &seconds, "-M", protocol,
        ],
    );
    let line = printed.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = line.unwrap().split('.').next().unwrap();
    tps.to_owned()
}
