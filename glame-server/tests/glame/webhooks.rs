//! Events on their way to integrators, over real HTTP: who takes them, and who does not.

mod api;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use glame_core::ports::{Clock, Storage};
use glame_core::testkit::MemoryStorage;
use glame_core::testkit::fixtures::webhooks::{endpoint, endpoint_id, event, event_id, secret};
use glame_core::webhooks::{
    AttemptResult, Delivery, DeliveryRules, DeliveryState, EndpointState, EndpointUrl, Reach,
    SignedHeaders, WebhookEndpoint, WebhookOutbox, verify,
};
use glame_server::clock::{SystemClock, TimeOrderedIds};
use glame_server::jobs::{DeliveryPace, WebhookSender, WebhookWorker};
use glame_server::stop::Stop;
use glame_storage::testing::PostgresCluster;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::shop::{Database, Shop, small_shop};

/// What a receiver does with every request.
#[derive(Debug, Clone)]
enum Behaviour {
    /// Answers so.
    Answers(String),
    /// Takes the request and says nothing.
    Hangs,
}

impl Behaviour {
    fn status(status: &str) -> Self {
        Self::Answers(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"))
    }
}

/// A request that has come in: its head in lower case by name, and its body.
#[derive(Debug, Clone)]
struct Received {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// An integrator's server on this machine.
struct Receiver {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve_one(stream, behaviour.clone(), Arc::clone(&log)));
            }
        });
        Self {
            port,
            received,
            task,
        }
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Gives the ids of the events that have come in, sorted, repetitions included.
    fn ids(&self) -> Vec<String> {
        let received = self.received();
        let mut ids: Vec<_> = received
            .iter()
            .map(|one| one.headers["webhook-id"].clone())
            .collect();
        ids.sort();
        ids
    }

    /// Gives the n-th endpoint, which is here.
    fn endpoint(&self, n: u128) -> WebhookEndpoint {
        WebhookEndpoint {
            url: EndpointUrl::parse(
                &format!("http://127.0.0.1:{}/hook", self.port),
                Reach::AlsoLoopback,
            )
            .unwrap(),
            ..endpoint(n)
        }
    }
}

async fn serve_one(mut stream: TcpStream, behaviour: Behaviour, log: Arc<Mutex<Vec<Received>>>) {
    let mut bytes = Vec::new();
    loop {
        while let Some((request, length)) = parse(&bytes) {
            bytes.drain(..length);
            log.lock().unwrap().push(request);
            match &behaviour {
                Behaviour::Hangs => std::future::pending().await,
                Behaviour::Answers(answer) => {
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Reads one whole request; none if it is not there yet.
fn parse(bytes: &[u8]) -> Option<(Received, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let headers: BTreeMap<String, String> = head
        .lines()
        .skip(1)
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
    let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    Some((Received { headers, body }, end + 4 + length))
}

async fn put(storage: &dyn Storage, endpoints: &[WebhookEndpoint], events: u128) {
    let mut work = storage.begin().await.unwrap();
    for endpoint in endpoints {
        work.put_webhook_endpoint(endpoint).await.unwrap();
    }
    let events: Vec<_> = (1..=events).map(event).collect();
    work.add_webhook_events(&events).await.unwrap();
    work.commit().await.unwrap();
}

const TIMEOUT: Duration = Duration::from_millis(500);

fn outbox(storage: Arc<dyn Storage>) -> WebhookOutbox {
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(TimeOrderedIds));
    WebhookOutbox::new(storage, clock, ids, DeliveryRules::default())
}

fn worker(storage: Arc<dyn Storage>, reach: Reach) -> WebhookWorker {
    let pace = DeliveryPace {
        every: Duration::from_millis(20),
        ..DeliveryPace::of(TIMEOUT, 4)
    };
    WebhookWorker::new(
        outbox(storage),
        WebhookSender::new(reach, TIMEOUT).unwrap(),
        pace,
    )
}

/// Lets workers run until a condition holds, and stops them.
#[expect(
    clippy::future_not_send,
    reason = "the condition borrows what the test has"
)]
async fn run_until(workers: Vec<WebhookWorker>, done: impl AsyncFn() -> bool) {
    let stop = Stop::default();
    let running: Vec<_> = workers
        .into_iter()
        .map(|worker| tokio::spawn(worker.run(stop.clone())))
        .collect();
    let waiting = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    stop.raise();
    for one in running {
        one.await.unwrap();
    }
    in_time.unwrap();
}

async fn found(storage: &dyn Storage, to: u128, n: u128) -> Option<Delivery> {
    storage
        .webhook_delivery(endpoint_id(to), event_id(n))
        .await
        .unwrap()
}

/// Sends one event to one endpoint, and gives what became of it.
async fn outcome(endpoint: WebhookEndpoint, reach: Reach) -> Delivery {
    let storage = Arc::new(MemoryStorage::default());
    put(storage.as_ref(), &[endpoint], 1).await;
    let tried = async || {
        found(storage.as_ref(), 1, 1)
            .await
            .is_some_and(|one| one.attempts > 0)
    };
    run_until(vec![worker(storage.clone(), reach)], tried).await;
    found(storage.as_ref(), 1, 1).await.unwrap()
}

#[tokio::test]
async fn an_event_arrives_signed_byte_by_byte_with_every_valid_secret() {
    let receiver = Receiver::start(Behaviour::status("204 No Content")).await;
    let mut endpoint = receiver.endpoint(1);
    endpoint.secrets = endpoint
        .secrets
        .rotated(secret(2), SystemClock.now(), TimeDelta::hours(1));
    let delivery = outcome(endpoint, Reach::AlsoLoopback).await;
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!(delivery.last_result, Some(AttemptResult::Status(204)));

    let arrived = receiver.received();
    assert_eq!(arrived.len(), 1);
    let Received { headers, body } = &arrived[0];
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["webhook-id"], event_id(1).to_string());
    assert_eq!(*body, event(1).payload.into_bytes());
    let signed = SignedHeaders {
        id: headers["webhook-id"].clone(),
        timestamp: headers["webhook-timestamp"].clone(),
        signature: headers["webhook-signature"].clone(),
    };
    for known in [secret(1), secret(2)] {
        assert_eq!(verify([&known], &signed, body, SystemClock.now()), Ok(()));
    }
    assert!(verify([&secret(3)], &signed, body, SystemClock.now()).is_err());
}

#[tokio::test]
async fn failures_are_told_apart_and_tried_again() {
    let big = format!(
        "HTTP/1.1 500 X\r\nContent-Length: 9000000\r\n\r\n{}",
        "x".repeat(1_000_000)
    );
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let cases = [
        (Behaviour::status("500 Oh"), AttemptResult::Status(500)),
        (
            Behaviour::Answers(redirect.to_owned()),
            AttemptResult::Status(302),
        ),
        (Behaviour::Answers(big), AttemptResult::Status(500)),
        (Behaviour::Hangs, AttemptResult::TimedOut),
        (
            Behaviour::Answers("what?\r\n\r\n".to_owned()),
            AttemptResult::Unreachable,
        ),
    ];
    for (behaviour, expected) in cases {
        let receiver = Receiver::start(behaviour).await;
        let delivery = outcome(receiver.endpoint(1), Reach::AlsoLoopback).await;
        assert_eq!(delivery.last_result, Some(expected));
        assert_eq!(
            (delivery.state, delivery.attempts),
            (DeliveryState::Pending, 1)
        );
        assert!(
            delivery.next_attempt_at.unwrap()
                >= delivery.last_attempt_at.unwrap() + TimeDelta::seconds(5)
        );
        assert_eq!(receiver.received().len(), 1);
    }
}

#[tokio::test]
async fn an_endpoint_may_ask_to_be_left_alone() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n";
    let receiver = Receiver::start(Behaviour::Answers(busy.to_owned())).await;
    let delivery = outcome(receiver.endpoint(1), Reach::AlsoLoopback).await;
    let wait = delivery.next_attempt_at.unwrap() - delivery.last_attempt_at.unwrap();
    assert_eq!(wait, TimeDelta::seconds(600));
}

#[tokio::test]
async fn nobody_who_listens_is_unreachable() {
    let receiver = Receiver::start(Behaviour::Hangs).await;
    let endpoint = receiver.endpoint(1);
    drop(receiver);
    tokio::task::yield_now().await;
    let delivery = outcome(endpoint, Reach::AlsoLoopback).await;
    assert_eq!(delivery.last_result, Some(AttemptResult::Unreachable));
}

#[tokio::test]
async fn the_inside_of_the_network_is_not_called_by_address_or_by_name() {
    let receiver = Receiver::start(Behaviour::status("200 OK")).await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]"] {
        // As if the address had been stored while it was allowed, or the name had changed its mind.
        let url = format!("http://{host}:{}/", receiver.port);
        let inside = WebhookEndpoint {
            url: EndpointUrl::from_stored(&url).unwrap(),
            ..endpoint(1)
        };
        let delivery = outcome(inside, Reach::Public).await;
        assert_eq!(
            delivery.last_result,
            Some(AttemptResult::AddressRefused),
            "{host}"
        );
    }
    assert_eq!(receiver.ids(), Vec::<String>::new());
}

#[tokio::test]
async fn an_endpoint_that_hangs_holds_up_nobody_else() {
    let (slow, quick) = (
        Receiver::start(Behaviour::Hangs).await,
        Receiver::start(Behaviour::status("200 OK")).await,
    );
    let storage = Arc::new(MemoryStorage::default());
    let endpoints = [slow.endpoint(1), quick.endpoint(2)];
    put(storage.as_ref(), &endpoints, 40).await;
    let begun = std::time::Instant::now();
    let all_taken = async || quick.ids().len() == 40;
    run_until(
        vec![worker(storage.clone(), Reach::AlsoLoopback)],
        all_taken,
    )
    .await;
    // One by one the slow endpoint alone would take ten rounds of half a second.
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    assert!(slow.received().len() < 40);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_switched_off() {
    let receiver = Receiver::start(Behaviour::status("410 Gone")).await;
    let storage = Arc::new(MemoryStorage::default());
    put(storage.as_ref(), &[receiver.endpoint(1)], 1).await;
    let dead = async || {
        found(storage.as_ref(), 1, 1)
            .await
            .is_some_and(|one| one.state == DeliveryState::Dead)
    };
    run_until(vec![worker(storage.clone(), Reach::AlsoLoopback)], dead).await;
    let endpoint =
        glame_core::ports::WebhookReader::webhook_endpoint(storage.as_ref(), endpoint_id(1)).await;
    assert_eq!(endpoint.unwrap().unwrap().state, EndpointState::Gone);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_on_one_postgres_deliver_each_event_once() {
    let url = PostgresCluster::start().fresh_database().await;
    glame_storage::migrate(&url).await.unwrap();
    let receiver = Receiver::start(Behaviour::status("200 OK")).await;
    let (first, second) = (
        glame_storage::open(&url).await.unwrap(),
        glame_storage::open(&url).await.unwrap(),
    );
    put(
        first.as_ref(),
        &[receiver.endpoint(1), receiver.endpoint(2)],
        150,
    )
    .await;
    let workers = [&first, &second].map(|storage| worker(Arc::clone(storage), Reach::AlsoLoopback));
    let nothing_left = async || {
        let outbox = outbox(Arc::clone(&first));
        receiver.ids().len() >= 300 && outbox.due().await.unwrap().is_empty()
    };
    run_until(workers.into(), nothing_left).await;
    let mut expected: Vec<String> = (1..=150)
        .flat_map(|n| [event_id(n).to_string(), event_id(n).to_string()])
        .collect();
    expected.sort();
    assert_eq!(receiver.ids(), expected);
    for n in 1..=150 {
        let delivery = found(first.as_ref(), 1, n).await.unwrap();
        assert_eq!(
            (delivery.state, delivery.attempts),
            (DeliveryState::Delivered, 1)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_worker_had_in_hand_is_delivered_by_another() {
    let url = PostgresCluster::start().fresh_database().await;
    glame_storage::migrate(&url).await.unwrap();
    let storage = glame_storage::open(&url).await.unwrap();
    let receiver = Receiver::start(Behaviour::status("200 OK")).await;
    put(storage.as_ref(), &[receiver.endpoint(1)], 3).await;
    let killed = outbox(Arc::clone(&storage));
    killed.distribute().await.unwrap();
    let lease = TimeDelta::milliseconds(700);
    let (_, claimed) = killed.claim(endpoint_id(1), 2, lease).await.unwrap();
    assert_eq!(claimed.len(), 2);
    let until = SystemClock.now() + lease;
    let all_taken = async || receiver.ids().len() == 3;
    run_until(vec![worker(storage, Reach::AlsoLoopback)], all_taken).await;
    assert!(SystemClock.now() >= until - TimeDelta::milliseconds(50));
    assert_eq!(receiver.ids(), [1, 2, 3].map(|n| event_id(n).to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_tells_of_a_synchronisation_and_of_points_only_where_that_is_wanted() {
    for wanted in [false, true] {
        let shop = Shop::open(small_shop(3), Database::Sqlite)
            .await
            .with("GLAME_WEBHOOKS_ENABLED", wanted.to_string());
        shop.sync_all(&[]).await;
        let receiver = Receiver::start(Behaviour::status("200 OK")).await;
        let storage = shop.storage().await;
        put(storage.as_ref(), &[receiver.endpoint(1)], 0).await;
        let nothing_left = async || {
            let outbox = outbox(Arc::clone(&storage));
            outbox.distribute().await.unwrap() == 0 && outbox.due().await.unwrap().is_empty()
        };
        run_until(
            vec![worker(Arc::clone(&storage), Reach::AlsoLoopback)],
            nothing_left,
        )
        .await;
        let arrived = receiver.received();
        let names: Vec<String> = arrived
            .iter()
            .map(|one| serde_json::from_slice::<serde_json::Value>(&one.body).unwrap())
            .map(|body| body["type"].as_str().unwrap().to_owned())
            .collect();
        for name in ["sync.finished", "customer.created", "points.earned"] {
            assert_eq!(
                names.iter().any(|one| one == name),
                wanted,
                "{name}: {names:?}"
            );
        }
    }
}
