//! What the API serves of 1,000,000 customers in PostgreSQL, beside a bare poem handler that makes one
//! indexed query, in alternating rounds.
//!
//! `cargo bench -p glame-server --bench load` uses the throw-away PostgreSQL of the tests, which does
//! not wait for the disk; `-- postgres://…` uses the database of that address, which must be empty. A
//! generated shop of 2,000 customers is synchronised, with its points, and all that is asked
//! for is then copied under new ids until there are a million customers. The bare handler is a process of its own
//! with as many connections to the database; it answers with one row of `users` found by its key, and
//! for the list also with a page of them in the order of an index; it asks nobody who they are. Half of
//! the synchronised customers are signed in; `glame` asks every five seconds whether they still are. The
//! clients hold their connections open, and share the machine with the servers and the database.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark is a program"
)]

#[expect(dead_code, reason = "each benchmark uses a part")]
mod large_shop;

use std::io::{BufRead, BufReader as LineReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use glame_onec_simulator::{BaseSettings, Simulator, SimulatorSettings};
use glame_storage::testing::PostgresCluster;
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::web::{Data, Json, Path as PathParameter};
use poem::{EndpointExt, Route, Server, get, handler};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgPoolOptions, PgRow};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use uuid::Uuid;

/// The customers of the shop that is synchronised.
const SYNCHRONISED: usize = 2_000;
/// How often each of them is copied.
const COPIES: usize = 499;
/// What is copied of them: all that is asked for.
const MULTIPLIED: [&str; 7] = [
    "users",
    "customer_metrics",
    "customer_search",
    "loyalty_accounts",
    "loyalty_lots",
    "loyalty_draws",
    "loyalty_transactions",
];
/// Customers that are signed in.
const SIGNED_IN: usize = 1_000;
const CLIENTS: usize = 16;
const ROUNDS: usize = 3;
const A_ROUND: Duration = Duration::from_secs(4);
/// The connections of each server, which is the default of `glame`.
const CONNECTIONS: u32 = 10;
const SECRET: &str = "a-secret-for-benchmarks-and-nothing-else";
const PASSWORD: &str = "enough-secret-for-a-benchmark";

/// Limits that are never reached.
const SETTINGS: &str = "[auth.limits]\ncodes_per_address = 1000000\nlogins = 1000000\n\
    logins_per_address = 1000000\n";

#[tokio::main]
async fn main() {
    let argument = |name: &str| std::env::args().find(|argument| argument.starts_with(name));
    if let Some(url) = argument("bare=") {
        return bare(url.trim_start_matches("bare=")).await;
    }
    let url = match argument("postgres") {
        Some(url) => url,
        None => PostgresCluster::start().fresh_database().await,
    };
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("glame.toml"), SETTINGS).unwrap();
    let begun = Instant::now();
    fill(directory.path(), &url).await;
    println!(
        "{} customers after {:.0?}; {CLIENTS} clients, rounds of {A_ROUND:?}",
        SYNCHRONISED * (COPIES + 1),
        begun.elapsed()
    );

    let ours = Process::glame(directory.path(), &url);
    let bare = Process::bare(&url);
    let (admin, customers) = sign_in(ours.address, &url).await;
    let rows: Vec<Request> = customers
        .iter()
        .map(|customer| Request::get(&format!("/row/{}", customer.id), None))
        .collect();
    let pages = vec![Request::get("/page", None)];
    let of_customers = |path: &str| -> Vec<Request> {
        let tokens = customers.iter().map(|customer| customer.token.as_str());
        tokens
            .map(|token| Request::get(path, Some(token)))
            .collect()
    };
    let list = Request::get("/api/admin/customers", Some(&admin));
    let compared = [
        ("profile", &rows, of_customers("/api/customer/profile")),
        ("loyalty", &rows, of_customers("/api/customer/loyalty")),
        ("list", &rows, vec![list.clone()]),
        ("list, beside a page", &pages, vec![list]),
    ];
    for (name, bare_requests, our_requests) in compared {
        compare(name, (&bare, bare_requests), (&ours, &our_requests)).await;
    }
}

/// Measures two servers in turn, and prints the median of the ratios.
async fn compare(
    name: &str,
    (bare, of_bare): (&Process, &[Request]),
    (ours, of_ours): (&Process, &[Request]),
) {
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let theirs = round_of(bare.address, of_bare).await;
        let measured = round_of(ours.address, of_ours).await;
        let percent = 100 * measured.a_second / theirs.a_second.max(1);
        println!("{name}, round {round}: {measured}; bare: {theirs}; {percent} %");
        ratios.push(percent);
    }
    ratios.sort_unstable();
    println!("{name}: {} % of the bare handler", ratios[ROUNDS / 2]);
}

/// A request that is ready to be sent.
#[derive(Clone)]
struct Request(Arc<[u8]>);

impl Request {
    fn get(path: &str, token: Option<&str>) -> Self {
        let token = token.map_or(String::new(), |token| {
            format!("Authorization: Bearer {token}\r\n")
        });
        let text = format!("GET {path} HTTP/1.1\r\nHost: glame\r\n{token}\r\n");
        Self(text.into_bytes().into())
    }

    fn post(path: &str, body: &Value) -> Self {
        let body = body.to_string();
        let text = format!(
            "POST {path} HTTP/1.1\r\nHost: glame\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self(text.into_bytes().into())
    }
}

/// What a round has come to.
struct Measured {
    a_second: usize,
    median: Duration,
    p99: Duration,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            a_second,
            median,
            p99,
        } = self;
        write!(f, "{a_second}/s, p50 {median:.1?}, p99 {p99:.1?}")
    }
}

/// Asks by all clients at once until the round is over.
async fn round_of(server: SocketAddr, requests: &[Request]) -> Measured {
    let requests: Arc<[Request]> = requests.into();
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        clients.spawn(async move {
            let mut connection = Connection::open(server).await;
            let mut times = Vec::new();
            while begun.elapsed() < A_ROUND {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let asked = Instant::now();
                connection.ask(&requests[n % requests.len()]).await;
                times.push(asked.elapsed());
            }
            times
        });
    }
    let mut times: Vec<Duration> = clients.join_all().await.into_iter().flatten().collect();
    let took = begun.elapsed().as_millis();
    times.sort_unstable();
    Measured {
        a_second: times.len() * 1_000 / usize::try_from(took).unwrap(),
        median: times[times.len() / 2],
        p99: times[times.len() * 99 / 100],
    }
}

/// A connection that is kept open.
struct Connection(BufStream<TcpStream>);

impl Connection {
    async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufStream::new(stream))
    }

    /// Asks, and gives the body of the answer, which must be a success.
    async fn ask(&mut self, request: &Request) -> Vec<u8> {
        self.0.write_all(&request.0).await.unwrap();
        self.0.flush().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let read = self.0.read_until(b'\n', &mut head).await.unwrap();
            assert!(read > 0, "the server has closed the connection");
        }
        let head = String::from_utf8(head).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        let is_success = head.starts_with("HTTP/1.1 200");
        assert!(is_success, "{head}{}", String::from_utf8_lossy(&body));
        body
    }
}

/// A server in a process of its own.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Process {
    fn glame(directory: &Path, url: &str) -> Self {
        let mut command = glame(directory, url, &["serve"]);
        command.env("GLAME_LOG", "info").stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = LineReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().unwrap().unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            if let Some(address) = event["address"].as_str() {
                break address.parse().unwrap();
            }
        };
        // The pipe must not fill up while the server lives.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn bare(url: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(format!("bare={url}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = LineReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.next().unwrap().unwrap().parse().unwrap();
        Self { child, address }
    }
}

fn glame(directory: &Path, url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glame"));
    command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("DATABASE_URL", url)
        .env("GLAME_LISTEN", "127.0.0.1:0")
        .env("GLAME_AUTH_SECRET", SECRET)
        .env("GLAME_AUTH_CUSTOMER_CODE", "card_suffix")
        .env("GLAME_REQUESTS_PER_MINUTE", "0")
        .env("GLAME_SYNC_SCHEDULE", "off")
        .env("GLAME_LOG", "error")
        .stdout(Stdio::null());
    command
}

/// Fills an empty database.
async fn fill(directory: &Path, url: &str) {
    let simulator = Simulator::start(SimulatorSettings {
        base: BaseSettings::Generated {
            customers: SYNCHRONISED,
            lines: 5 * SYNCHRONISED,
            seed: 1,
        },
        ..SimulatorSettings::default()
    });
    let simulator = simulator.await.unwrap();
    let login = simulator.credentials();
    assert!(
        glame(directory, url, &["migrate"])
            .status()
            .unwrap()
            .success()
    );
    let mut sync = glame(directory, url, &["sync", "all"]);
    sync.env("ONEC_API_URL", simulator.base_url())
        .env("ONEC_API_USER", &login.user)
        .env("ONEC_API_PASSWORD", &login.password);
    assert!(sync.status().unwrap().success());
    large_shop::multiply(url, &MULTIPLIED, COPIES);
    let email = ["user", "create-staff", "--email", "admin@example.com"];
    let mut staff = glame(directory, url, &[&email[..], &["--role", "admin"]].concat());
    let mut staff = staff.stdin(Stdio::piped()).spawn().unwrap();
    writeln!(staff.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(staff.wait().unwrap().success());
}

/// A customer who is signed in.
struct Customer {
    id: String,
    token: String,
}

/// Signs an administrator and some customers in.
async fn sign_in(server: SocketAddr, url: &str) -> (String, Vec<Customer>) {
    let mut connection = Connection::open(server).await;
    let mut sign_in = async |path: &str, body: Value| -> Value {
        let answer = connection.ask(&Request::post(path, &body)).await;
        serde_json::from_slice(&answer).unwrap()
    };
    let text = |opened: &Value, field: &str| opened[field].as_str().unwrap().to_owned();
    let body = json!({ "email": "admin@example.com", "password": PASSWORD });
    let opened = sign_in("/api/auth/login", body).await;
    let admin = text(&opened, "access_token");

    let pool = pool(url).await;
    // Longer than a telephone number, which the copies have too.
    let numbers: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT number FROM discount_cards
         WHERE number ~ '^[0-9]{12,}$' AND NOT removed LIMIT $1",
    )
    .bind(i64::try_from(SIGNED_IN).unwrap())
    .fetch_all(&pool)
    .await
    .unwrap();
    let mut customers = Vec::new();
    for number in numbers {
        let code = &number[number.len() - 4..];
        let body = json!({ "card_number": number, "code": code });
        let opened = sign_in("/api/auth/login-by-card", body).await;
        customers.push(Customer {
            id: text(&opened, "user_id"),
            token: text(&opened, "access_token"),
        });
    }
    (admin, customers)
}

async fn pool(url: &str) -> PgPool {
    let options = PgPoolOptions::new().max_connections(CONNECTIONS);
    options.connect(url).await.unwrap()
}

/// Serves the bare handlers and says where.
async fn bare(url: &str) {
    let listener = TcpListener::bind("127.0.0.1:0");
    let acceptor = listener.into_acceptor().await.unwrap();
    let address = acceptor.local_addr().remove(0);
    println!("{}", address.as_socket_addr().unwrap());
    let routes = Route::new()
        .at("/row/:id", get(one_row))
        .at("/page", get(one_page))
        .data(pool(url).await);
    Server::new_with_acceptor(acceptor)
        .run(routes)
        .await
        .unwrap();
}

#[handler]
async fn one_row(id: PathParameter<Uuid>, pool: Data<&PgPool>) -> Json<Value> {
    let row = sqlx::query(
        "SELECT user_id, full_name, phone, email, city, discount_card_number
         FROM users WHERE user_id = $1",
    )
    .bind(id.0)
    .fetch_one(pool.0)
    .await
    .unwrap();
    Json(view(&row))
}

#[handler]
async fn one_page(pool: Data<&PgPool>) -> Json<Value> {
    let rows = sqlx::query(
        "SELECT user_id, full_name, phone, email, city, discount_card_number
         FROM users ORDER BY created_at DESC, user_id DESC LIMIT 50",
    )
    .fetch_all(pool.0)
    .await
    .unwrap();
    Json(rows.iter().map(view).collect())
}

fn view(row: &PgRow) -> Value {
    json!({
        "id": row.get::<Uuid, _>(0),
        "full_name": row.get::<Option<String>, _>(1),
        "phone": row.get::<Option<i64>, _>(2),
        "email": row.get::<Option<String>, _>(3),
        "city": row.get::<Option<String>, _>(4),
        "discount_card_number": row.get::<Option<String>, _>(5),
    })
}
