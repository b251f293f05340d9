use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Child;

use crate::http::{SECRET, serve_with, terminate};
use crate::shop::{Database, Shop, small_shop};

pub(crate) const PASSWORD: &str = "enough-secret-for-a-test";

/// A shop that is synchronised and served.
pub(crate) struct Served {
    pub(crate) shop: Arc<Shop>,
    pub(crate) address: SocketAddr,
    client: Client,
    pub(crate) server: Child,
}

/// An answer that has come in whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

/// A customer who has a card and a phone.
#[derive(Debug, Clone)]
pub(crate) struct CardHolder {
    pub(crate) id: String,
    pub(crate) card: String,
    pub(crate) phone: String,
}

/// Lets a request say something in JSON.
pub(crate) trait Saying {
    fn said(self, body: &Value) -> Self;
}

impl Saying for RequestBuilder {
    fn said(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }
}

impl Answer {
    /// Reads the body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Checks the status and reads the body.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }
}

impl Served {
    pub(crate) async fn open(database: Database) -> Self {
        Self::of(Self::shop(database).await).await
    }

    /// Opens a shop that may be asked for codes and signed in to as often as anybody likes.
    pub(crate) async fn without_limits(database: Database) -> Self {
        let limits = [
            "codes",
            "codes_a_day",
            "codes_per_address",
            "checks",
            "checks_per_address",
            "logins",
            "logins_per_address",
        ];
        let lines = limits.map(|limit| format!("{limit} = 1000000\n"));
        let settings = format!("[auth.limits]\n{}", lines.concat());
        let shop = Self::shop(database).await;
        std::fs::write(shop.directory.path().join("glame.toml"), settings).unwrap();
        Self::of(shop).await
    }

    async fn shop(database: Database) -> Shop {
        let shop = Shop::open(small_shop(1), database).await;
        shop.with("GLAME_AUTH_CUSTOMER_CODE", "card_suffix")
            .with("GLAME_WEBHOOKS_ENABLED", "true")
    }

    /// Synchronises a shop that is open, and serves it.
    pub(crate) async fn of(shop: Shop) -> Self {
        shop.sync_all(&[]).await;
        Self::unsynchronised(shop).await
    }

    /// Serves a shop of which nothing is known yet.
    pub(crate) async fn unsynchronised(shop: Shop) -> Self {
        let shop = shop
            .with("GLAME_SYNC_SCHEDULE", "off")
            .with("GLAME_REQUESTS_PER_MINUTE", "0")
            .with("GLAME_AUTH_SECRET", SECRET);
        for role in ["admin", "ai_marketer", "content_manager"] {
            make_staff(&shop, role).await;
        }
        Self::start(Arc::new(shop), SECRET).await
    }

    /// Starts another server on the same database.
    pub(crate) async fn replica(&self) -> Self {
        Self::start(Arc::clone(&self.shop), SECRET).await
    }

    /// Starts a server on the same database with another secret.
    pub(crate) async fn of_a_thief(&self) -> Self {
        let secret = "the-secret-of-a-thief-with-a-copy";
        Self::start(Arc::clone(&self.shop), secret).await
    }

    async fn start(shop: Arc<Shop>, secret: &str) -> Self {
        let (server, address) = serve_with(&shop, [("GLAME_AUTH_SECRET", secret)]).await;
        Self {
            shop,
            address,
            client: client(),
            server,
        }
    }

    /// Asks the server to stop, as whoever runs the replicas does.
    pub(crate) fn terminate(&self) {
        terminate(&self.server);
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        self.client.request(method, url)
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        let request = self.request(Method::GET, path).bearer_auth(token);
        self.send(request).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).bearer_auth(token);
        self.send(request.said(body)).await
    }

    /// Begins a job and gives it when it is over.
    pub(crate) async fn job(&self, token: &str, path: &str) -> Value {
        let begun = self.post(token, path, &json!({})).await;
        let location = begun.headers.get("location").cloned();
        let begun = begun.expect(202);
        let path = begun["status_url"].as_str().unwrap();
        assert_eq!(location.unwrap(), path);
        loop {
            let job = self.get(token, path).await.expect(200);
            if job["status"] != "running" {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Says something without being signed in.
    pub(crate) async fn say(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).said(body)).await
    }

    /// Signs a member of staff in and gives the token.
    pub(crate) async fn staff(&self, role: &str) -> String {
        let body = json!({ "email": email_of(role), "password": PASSWORD });
        let opened = self.say("/api/auth/login", &body).await.expect(200);
        opened["access_token"].as_str().unwrap().to_owned()
    }

    /// Lists the customers who have both a card and a phone.
    pub(crate) async fn holders(&self) -> Vec<CardHolder> {
        let admin = self.staff("admin").await;
        let mut holders = Vec::new();
        let mut path = "/api/admin/customers?limit=200".to_owned();
        loop {
            let page = self.get(&admin, &path).await.expect(200);
            for row in page["customers"].as_array().unwrap() {
                let text = |name: &str| row[name].as_str().map(str::to_owned);
                if let (Some(card), Some(phone)) = (text("discount_card_number"), text("phone")) {
                    let id = text("id").unwrap();
                    holders.push(CardHolder { id, card, phone });
                }
            }
            let Some(next) = page["page"]["next"].as_str() else {
                return holders;
            };
            path = format!("/api/admin/customers?limit=200&cursor={next}");
        }
    }

    /// Signs the n-th customer who has a card in, and gives the token and the id.
    pub(crate) async fn customer(&self, n: usize) -> (String, String) {
        let admin = self.staff("admin").await;
        let found = self.get(&admin, "/api/admin/customers?sort=name&order=asc");
        let found = found.await.expect(200);
        let with_card = |row: &&Value| row["discount_card_number"].is_string();
        let rows: Vec<&Value> = found["customers"]
            .as_array()
            .unwrap()
            .iter()
            .filter(with_card)
            .collect();
        let card = rows[n]["discount_card_number"].as_str().unwrap();
        let body = json!({ "card_number": card, "code": &card[card.len() - 4..] });
        let opened = self.say("/api/auth/login-by-card", &body).await;
        let opened = opened.expect(200);
        (
            opened["access_token"].as_str().unwrap().to_owned(),
            opened["user_id"].as_str().unwrap().to_owned(),
        )
    }
}

/// Makes a client, for plain HTTP alone.
pub(crate) fn client() -> Client {
    // It wants a provider of TLS whether it needs one or not; another test may have named it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn email_of(role: &str) -> String {
    format!("{role}@example.com")
}

async fn make_staff(shop: &Shop, role: &str) {
    let email = email_of(role);
    let mut command = shop.glame(&["user", "create-staff", "--email", &email, "--role", role]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let line = format!("{PASSWORD}\n");
    stdin.write_all(line.as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
}
