//! The server answers, tells how it is, and stops without dropping anybody.

use std::net::SocketAddr;

use glame_storage::testing::PostgresCluster;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Child;

use crate::shop::{Database, Shop, small_shop};

/// Under which the servers of these tests hash what must not be guessed.
pub(crate) const SECRET: &str = "a-secret-for-tests-and-nothing-else";

/// Starts a server on a free port and waits until it listens.
pub(crate) async fn serve(shop: &Shop) -> (Child, SocketAddr) {
    serve_with(shop, [("GLAME_AUTH_SECRET", SECRET)]).await
}

/// Starts a server with variables of its own.
pub(crate) async fn serve_with<const N: usize>(
    shop: &Shop,
    variables: [(&str, &str); N],
) -> (Child, SocketAddr) {
    let mut command = shop.glame(&["serve"]);
    command
        .env("GLAME_LISTEN", "127.0.0.1:0")
        .env("GLAME_LOG", "info")
        .envs(variables);
    let mut server = command.spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    loop {
        let line = log
            .next_line()
            .await
            .unwrap()
            .expect("the server ends before it listens");
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        if event["message"] == "listening"
            && let Some(address) = event["address"].as_str()
        {
            let address = address.parse().unwrap();
            // The pipe must not fill up while the server lives.
            tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
            return (server, address);
        }
    }
}

/// Asks a server to stop, as whoever runs it does.
pub(crate) fn terminate(server: &Child) {
    let id = server.id().unwrap().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.arg(id).status().unwrap().success());
}

/// Asks for a path and gives status, head and body.
pub(crate) async fn get(address: SocketAddr, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_answers_and_stops_on_sigterm() {
    let shop = Shop::open(small_shop(1), Database::Sqlite)
        .await
        .with("GLAME_SYNC_SCHEDULE", "off");
    shop.sync_all(&[]).await;
    let (mut server, address) = serve(&shop).await;

    let (status, head, body) = get(address, "/healthz").await;
    assert_eq!((status, body.contains("\"ok\"")), (200, true));
    assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    assert_eq!(get(address, "/readyz").await.0, 200);
    assert_eq!(get(address, "/").await.0, 303);
    assert!(get(address, "/docs").await.2.contains("Scalar"));
    assert_eq!(get(address, "/docs/swagger").await.0, 200);
    assert_eq!(get(address, "/nowhere").await.0, 404);
    let (_, _, metrics) = get(address, "/metrics").await;
    assert!(metrics.contains("glame_customers "), "{metrics}");
    assert!(
        metrics.contains("glame_sync_last_run_failed{kind=\"purchases\"} 0"),
        "{metrics}"
    );
    assert!(
        metrics.contains("route=\"/healthz\",status=\"200\""),
        "{metrics}"
    );

    let id = server.id().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .arg(id)
            .status()
            .unwrap()
            .success()
    );
    assert!(server.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused_and_the_connection_closed() {
    let shop = Shop::open(small_shop(1), Database::Sqlite)
        .await
        .with("GLAME_SYNC_SCHEDULE", "off");
    let (_server, address) = serve(&shop).await;
    let head = "POST /api/auth/verify-card HTTP/1.1\r\nHost: glame\r\n\
                Content-Type: application/json\r\n";
    let of = |length: usize| "9".repeat(length);
    let told = |length: usize| format!("{head}Content-Length: {length}\r\n\r\n{}", of(length));
    let in_chunks = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n200000\r\n{}\r\n0\r\n\r\n",
        of(0x20_0000)
    );
    for request in [told((1 << 20) + 1), told(8 << 20), in_chunks] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // It ends, although the client would go on.
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let answer = answer.to_lowercase();
        assert!(answer.starts_with("http/1.1 413 "), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert!(answer.contains("request_body_too_large"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_database_has_gone_is_alive_and_not_ready() {
    let shop = Shop::open(small_shop(1), Database::Postgres)
        .await
        .with("GLAME_SYNC_SCHEDULE", "off");
    let (_server, address) = serve(&shop).await;
    assert_eq!(get(address, "/readyz").await.0, 200);
    let url = &shop.environment["DATABASE_URL"];
    let name = url.rsplit('/').next().unwrap();
    let dropped = std::process::Command::new("psql")
        .arg(PostgresCluster::start().url_of("postgres"))
        .args(["-c", &format!("DROP DATABASE \"{name}\" WITH (FORCE)")])
        .output()
        .unwrap();
    assert!(dropped.status.success(), "{dropped:?}");
    assert_eq!(get(address, "/readyz").await.0, 503);
    assert_eq!(get(address, "/healthz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_synchronises_by_itself() {
    // Six fields: every second.
    let shop = Shop::open(small_shop(1), Database::Sqlite)
        .await
        .with("GLAME_SYNC_SCHEDULE", "* * * * * *");
    let (_server, _) = serve(&shop).await;
    for _ in 0..300 {
        let status = shop.json(&["sync", "status", "--json"]).await;
        let runs = status["runs"].as_array().unwrap().clone();
        let scheduled = |run: &serde_json::Value| {
            run["kind"] == "metrics" && run["status"] == "succeeded" && run["trigger"] == "schedule"
        };
        if runs.iter().any(scheduled) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the schedule has not run within 30 seconds");
}
