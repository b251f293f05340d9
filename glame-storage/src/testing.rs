//! A throw-away PostgreSQL for the tests of this crate and of those that build on it.
//!
//! ```no_run
//! # async fn example() {
//! let cluster = glame_storage::testing::PostgresCluster::start();
//! let url = cluster.fresh_database().await;
//! glame_storage::migrate(&url).await.unwrap();
//! # }
//! ```
//!
//! The cluster is made of the installed server binaries (`initdb`, `pg_ctl`, `postgres`), in the
//! system's temporary folder. All test processes of a user share it. Each holds a lock on a file as
//! long as it lives; a watchdog tries that lock every few seconds, and when it gets it, however the
//! tests have ended, it stops the server and removes the data. Without the binaries the tests fail
//! and say what to install. Benchmarks of writing have a cluster of their own, which waits for the disk.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a failed step is a failed test"
)]

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use glame_core::customers::CustomerQuery;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::rows::{Dialect, page_statements};

/// For which database the statements of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOf {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite,
}

/// Gives the statements of a page of customers, so that their plans can be asked for: they are the
/// only ones that are put together at run time.
#[must_use]
pub fn customer_list_statements(query: &CustomerQuery, of: ListOf) -> Vec<String> {
    let dialect = match of {
        ListOf::Postgres => Dialect::Postgres,
        #[cfg(feature = "sqlite")]
        ListOf::Sqlite => Dialect::Sqlite,
    };
    let statements = page_statements(query, dialect).into_iter();
    statements.map(|statement| statement.sql).collect()
}

/// The user of the throw-away cluster, who may do everything.
pub const USER: &str = "glame";

/// The password of [`USER`], asked for on TCP connections.
pub const PASSWORD: &str = "a-password-for-tests-only";

/// A PostgreSQL server that ends some seconds after the last test.
#[derive(Debug)]
pub struct PostgresCluster {
    port: u16,
    databases: AtomicU32,
    /// Held as long as the process lives: the watchdog waits for it.
    _in_use: File,
}

static FORGETFUL: OnceLock<PostgresCluster> = OnceLock::new();
static DURABLE: OnceLock<PostgresCluster> = OnceLock::new();

/// What becomes of a cluster when the power fails.
#[derive(Debug, Clone, Copy)]
enum Durability {
    /// It is lost, and tests need not wait for the disk.
    Forgetful,
    /// Whatever was committed is there again, as PostgreSQL has it by default.
    Durable,
}

impl Durability {
    const fn name(self) -> &'static str {
        match self {
            Self::Forgetful => "test",
            Self::Durable => "durable",
        }
    }

    const fn settings(self) -> &'static str {
        match self {
            Self::Forgetful => {
                "-c fsync=off -c synchronous_commit=off -c full_page_writes=off \
                 -c wal_level=minimal -c max_wal_senders=0"
            }
            Self::Durable => "",
        }
    }
}

impl PostgresCluster {
    /// Starts the cluster, or joins the one that other tests have started. It never waits for the
    /// disk.
    pub fn start() -> &'static Self {
        FORGETFUL.get_or_init(|| Self::join(Durability::Forgetful))
    }

    /// Starts or joins another cluster, which keeps what is committed as the server of a shop does:
    /// for benchmarks of writing.
    pub fn start_durable() -> &'static Self {
        DURABLE.get_or_init(|| Self::join(Durability::Durable))
    }

    fn join(durability: Durability) -> Self {
        let home = Home::of_this_user(durability);
        let in_use = home.lock_file("in_use.lock");
        in_use
            .lock_shared()
            .expect("the lock of the cluster is free to share");
        let starting = home.lock_file("starting.lock");
        starting.lock().expect("the lock for starting can be taken");
        let port = home.running_port().unwrap_or_else(|| home.start());
        drop(starting);
        Self {
            port,
            databases: AtomicU32::new(0),
            _in_use: in_use,
        }
    }

    /// Creates an empty database and gives its address.
    pub async fn fresh_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut connection = PgConnection::connect(&self.url_of("postgres"))
            .await
            .expect("the throw-away cluster answers");
        for statement in [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name}"),
        ] {
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut connection)
                .await
                .expect("the throw-away cluster makes a database");
        }
        connection
            .close()
            .await
            .expect("the throw-away cluster says goodbye");
        self.url_of(&name)
    }

    /// Gives the address of a database of the cluster, whether it is there or not.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        format!(
            "postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}",
            self.port
        )
    }
}

/// The folder of the cluster, and who runs it.
struct Home {
    folder: PathBuf,
    binaries: PathBuf,
    runs_as_root: bool,
    durability: Durability,
}

impl Home {
    fn of_this_user(durability: Durability) -> Self {
        let uid = fs::metadata("/proc/self").expect("/proc is mounted").uid();
        let name = format!("glame-{}-postgres-{uid}", durability.name());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("the temporary folder may be written to");
        Self {
            folder,
            binaries: find_binaries(),
            runs_as_root: uid == 0,
            durability,
        }
    }

    fn lock_file(&self, name: &str) -> File {
        File::create(self.folder.join(name)).expect("the folder of the cluster may be written to")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Gives the port of the running server, if there is one.
    fn running_port(&self) -> Option<u16> {
        let pid_file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        let port = pid_file.lines().nth(3)?.parse().ok()?;
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
        Some(port)
    }

    /// Makes a new cluster and starts it with a watchdog.
    fn start(&self) -> u16 {
        let data = self.data();
        if data.exists() {
            fs::remove_dir_all(&data).expect("the data of an ended cluster can be removed");
        }
        fs::create_dir(&data).expect("the folder of the cluster may be written to");
        let password_file = self.folder.join("password");
        fs::write(&password_file, PASSWORD).expect("the password can be written");
        if self.runs_as_root {
            run(Command::new("chown").arg("postgres:postgres").arg(&data));
        }
        run(self
            .as_owner("initdb")
            .args([
                "--username",
                USER,
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
            ])
            .args([
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ])
            .arg("--pwfile")
            .arg(&password_file)
            .arg("--pgdata")
            .arg(&data));
        let port = free_port();
        let settings = format!(
            "-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} \
             -c max_connections=300 {}",
            data.display(),
            self.durability.settings()
        );
        run(self
            .as_owner("pg_ctl")
            .args([
                "start",
                "--wait",
                "--silent",
                "--options",
                &settings,
                "--log",
            ])
            .arg(data.join("server.log"))
            .arg("--pgdata")
            .arg(&data));
        self.watch();
        port
    }

    /// Leaves a process behind that ends the server when no test uses it any more.
    fn watch(&self) {
        let stop = format!(
            "{} --pgdata {data} --mode immediate stop; rm -rf {data}",
            shell_words(&self.as_owner("pg_ctl")),
            data = self.data().display(),
        );
        let script = format!(
            "while sleep 5; do flock --exclusive --nonblock {}/in_use.lock sh -c '{stop}' && exit; \
             done",
            self.folder.display(),
        );
        run(Command::new("setsid").args(["--fork", "sh", "-c", &script]));
    }

    /// Prepares a command of PostgreSQL, which refuses to be run by root.
    fn as_owner(&self, binary: &str) -> Command {
        let path = self.binaries.join(binary);
        let mut command = if self.runs_as_root {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                .arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(&self.folder);
        command
    }
}

/// Finds the folder with the server binaries, the newest version first.
fn find_binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .map(|entry| {
            let version = entry
                .file_name()
                .to_string_lossy()
                .parse()
                .unwrap_or_default();
            (version, entry.path().join("bin"))
        })
        .collect();
    folders.sort();
    let usual = [
        "/usr/local/pgsql/bin",
        "/usr/local/bin",
        "/usr/bin",
        "/opt/homebrew/bin",
    ];
    folders
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(usual.map(PathBuf::from))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .expect("these tests need the PostgreSQL server: install `postgresql` (15 or newer)")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener
        .local_addr()
        .expect("the listener has an address")
        .port()
}

/// Runs a command to its end; what it leaves behind must not hold the test's output open.
fn run(command: &mut Command) {
    let log = std::env::temp_dir().join(format!("glame-test-command-{}", std::process::id()));
    let file = File::create(&log).expect("the temporary folder may be written to");
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        .status()
        .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    let said = fs::read_to_string(&log).unwrap_or_default();
    remove_quietly(&log);
    assert!(status.success(), "{command:?} failed: {said}");
}

fn remove_quietly(path: &Path) {
    // Whatever is left in the temporary folder is the system's to clean.
    drop(fs::remove_file(path));
}

fn shell_words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
