//! A client with keep-alive connections behind a balancer, which knows nothing but `/readyz`.
//!
//! Nothing is tried again: a connection that is reset or refused, or closed before its answer is
//! whole, is a request that was dropped. A connection is used until an answer says that it closes.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How often the balancer asks every replica whether it is ready.
pub(crate) const POLLS_EVERY: Duration = Duration::from_millis(200);

/// The replicas that are asked, and whether they were ready when they were asked last.
#[derive(Clone, Default)]
pub(crate) struct Balancer(Arc<Mutex<Vec<(SocketAddr, bool)>>>);

impl Balancer {
    /// Begins to ask the replicas.
    pub(crate) fn open() -> Self {
        let balancer = Self::default();
        let polling = balancer.clone();
        tokio::spawn(async move {
            loop {
                polling.poll().await;
                tokio::time::sleep(POLLS_EVERY).await;
            }
        });
        balancer
    }

    /// Adds a replica, and waits until it gets requests.
    pub(crate) async fn add(&self, replica: SocketAddr) {
        self.0.lock().unwrap().push((replica, false));
        while !self.ready().contains(&replica) {
            tokio::time::sleep(POLLS_EVERY).await;
        }
    }

    async fn poll(&self) {
        let replicas: Vec<_> = self.0.lock().unwrap().clone();
        for (replica, _) in replicas {
            let is_ready = is_ready(replica).await;
            let mut known = self.0.lock().unwrap();
            if let Some(known) = known.iter_mut().find(|(known, _)| *known == replica) {
                known.1 = is_ready;
            }
        }
    }

    fn ready(&self) -> Vec<SocketAddr> {
        let known = self.0.lock().unwrap();
        let ready = known.iter().filter(|(_, is_ready)| *is_ready);
        ready.map(|(replica, _)| *replica).collect()
    }
}

async fn is_ready(replica: SocketAddr) -> bool {
    let asked = async {
        let mut connection = Connection::open(replica).await?;
        connection.ask("GET /readyz HTTP/1.1", "", "").await
    };
    let answered = tokio::time::timeout(Duration::from_secs(2), asked).await;
    matches!(answered, Ok(Ok(answer)) if answer.status == 200)
}

/// An answer that has come in whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    closes: bool,
}

struct Connection(BufStream<TcpStream>);

impl Connection {
    async fn open(replica: SocketAddr) -> io::Result<Self> {
        Ok(Self(BufStream::new(TcpStream::connect(replica).await?)))
    }

    async fn ask(&mut self, first: &str, headers: &str, body: &str) -> io::Result<Answer> {
        let length = body.len();
        let request =
            format!("{first}\r\nHost: glame\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        self.0.write_all(request.as_bytes()).await?;
        self.0.flush().await?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let head = head.to_lowercase();
        let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let length = value("content-length: ").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok(Answer {
            status: head[9..12].parse().unwrap(),
            body,
            closes: value("connection: ") == Some("close"),
        })
    }
}

/// What a client asks, again and again.
pub(crate) trait Asking: Send + Sync + 'static {
    /// Gives the first line, the other headers and the body of a request.
    fn request(&self, n: usize) -> (String, String, String);
}

/// Clients that ask without a pause.
pub(crate) struct Traffic {
    over: Arc<AtomicBool>,
    clients: JoinSet<Result<(), String>>,
    asked: Arc<AtomicUsize>,
}

impl Traffic {
    /// Begins to ask, by so many clients at once.
    pub(crate) fn begin(balancer: &Balancer, clients: usize, asking: impl Asking) -> Self {
        let (over, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let asking = Arc::new(asking);
        let mut tasks = JoinSet::new();
        for _ in 0..clients {
            let client = Client {
                balancer: balancer.clone(),
                over: Arc::clone(&over),
                asked: Arc::clone(&asked),
                open: HashMap::new(),
            };
            let asking = Arc::clone(&asking);
            tasks.spawn(client.run(asking));
        }
        Self {
            over,
            clients: tasks,
            asked,
        }
    }

    /// Gives how many requests were answered so far.
    pub(crate) fn answered(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Stops, and gives how many requests were answered; fails if one was dropped.
    pub(crate) async fn end(mut self) -> usize {
        self.over.store(true, Ordering::SeqCst);
        while let Some(client) = self.clients.join_next().await {
            client.unwrap().unwrap();
        }
        self.answered()
    }
}

struct Client {
    balancer: Balancer,
    over: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    open: HashMap<SocketAddr, Connection>,
}

impl Client {
    async fn run(mut self, asking: Arc<impl Asking>) -> Result<(), String> {
        while !self.over.load(Ordering::SeqCst) {
            let n = self.asked.fetch_add(1, Ordering::SeqCst);
            let ready = self.balancer.ready();
            let Some(replica) = ready.get(n % ready.len().max(1)).copied() else {
                return Err("no replica is ready".to_owned());
            };
            let (first, headers, body) = asking.request(n);
            let answer = self.ask(replica, &first, &headers, &body).await;
            let answer = answer.map_err(|error| format!("{first} at {replica}: {error}"))?;
            if !(200..300).contains(&answer.status) {
                let body = String::from_utf8_lossy(&answer.body);
                return Err(format!("{first} at {replica}: {} {body}", answer.status));
            }
        }
        Ok(())
    }

    async fn ask(
        &mut self,
        replica: SocketAddr,
        first: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<Answer> {
        let mut connection = match self.open.remove(&replica) {
            Some(connection) => connection,
            None => Connection::open(replica).await?,
        };
        let answer = connection.ask(first, headers, body).await?;
        if !answer.closes {
            self.open.insert(replica, connection);
        }
        Ok(answer)
    }
}
