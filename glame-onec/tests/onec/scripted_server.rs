//! An HTTP server that answers as a test tells it to, and keeps what it was asked.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glame_onec::{Credentials, OnecSettings, OnecSource, Retries, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
pub(crate) enum Reply {
    /// Answers with a status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Sends these bytes and closes the connection.
    Broken(Vec<u8>),
    /// Sends these bytes and then nothing more.
    Stalled(Vec<u8>),
    /// Sends this head and then bytes without end.
    Endless,
}

impl Reply {
    pub(crate) fn json(body: impl Into<String>) -> Self {
        let json = ("Content-Type", "application/json;charset=utf-8".to_owned());
        Self::Answer(200, vec![json], body.into())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }

    pub(crate) fn empty_page() -> Self {
        Self::json("{\"value\": []}")
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Path and query, as they were sent.
    pub(crate) target: String,
    /// All headers, as they were sent.
    pub(crate) head: String,
}

type Script = dyn Fn(&Request, usize) -> Reply + Send + Sync;

/// The server.
#[derive(Clone)]
pub(crate) struct ScriptedServer {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    most_at_once: Arc<AtomicUsize>,
}

impl ScriptedServer {
    /// Starts a server; the script gets each request with its number, from zero.
    pub(crate) async fn start(
        script: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            requests: Arc::default(),
            most_at_once: Arc::default(),
        };
        let (script, this): (Arc<Script>, Self) = (Arc::new(script), server.clone());
        let at_once = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(
                    this.clone()
                        .serve(stream, Arc::clone(&script), Arc::clone(&at_once)),
                );
            }
        });
        server
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    /// Gives settings that are as impatient as a test.
    pub(crate) fn settings(&self) -> OnecSettings {
        let credentials = Credentials::login("Обмен", "hush-hush");
        let mut settings = OnecSettings::new(format!("{}/a/sbm/1", self.origin()), credentials);
        settings.timeouts = Timeouts {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_millis(300),
            idle_read: Duration::from_millis(300),
            total: Duration::from_secs(5),
        };
        settings.retries = Retries {
            attempts: 3,
            first_pause: Duration::from_millis(2),
            busy_pause: Duration::from_millis(2),
            longest_pause: Duration::from_secs(2),
        };
        settings
    }

    pub(crate) fn source(&self) -> OnecSource {
        OnecSource::open(self.settings()).unwrap()
    }

    async fn serve(self, mut stream: TcpStream, script: Arc<Script>, at_once: Arc<AtomicUsize>) {
        while let Some(request) = read_head(&mut stream).await {
            let now = at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            let number = {
                let mut requests = self.requests.lock().unwrap();
                requests.push(request.clone());
                requests.len() - 1
            };
            let reply = script(&request, number);
            tokio::task::yield_now().await;
            at_once.fetch_sub(1, Ordering::SeqCst);
            match reply {
                Reply::Answer(status, headers, body) => {
                    let mut head =
                        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
                    for (name, value) in headers {
                        write!(head, "{name}: {value}\r\n").unwrap();
                    }
                    let answer = format!("{head}\r\n{body}");
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
                Reply::Broken(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    return;
                }
                Reply::Stalled(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    // The client gives up and closes the connection.
                    let _ = stream.read(&mut [0; 16]).await;
                    return;
                }
                Reply::Endless => {
                    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"value\": [";
                    let _ = stream.write_all(head).await;
                    while stream.write_all(&[b' '; 8_192]).await.is_ok() {}
                    return;
                }
            }
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<Request> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1)?.to_owned();
    Some(Request { target, head })
}
