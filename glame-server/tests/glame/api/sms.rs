//! A provider of messages that takes its time, and shows what it was given.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::shop::Shop;

/// How long the provider takes for a message.
const SLOWNESS: Duration = Duration::from_millis(25);

/// The code that was last sent to each phone.
type Codes = Arc<Mutex<BTreeMap<String, String>>>;

pub(crate) struct Provider {
    address: String,
    codes: Codes,
}

impl Provider {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let codes = Codes::default();
        let kept = Arc::clone(&codes);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, Arc::clone(&kept)));
            }
        });
        Self { address, codes }
    }

    /// Lets a shop send its codes by this provider.
    pub(crate) fn of(&self, shop: Shop) -> Shop {
        shop.with("GLAME_SMS_PROVIDER", "http")
            .with("GLAME_SMS_URL", format!("http://{}/send", self.address))
            .with("GLAME_SMS_BODY", r#"{"to":"{phone}","text":"{text}"}"#)
    }

    /// Gives to how many phones a code was sent.
    pub(crate) fn phones(&self) -> usize {
        self.codes.lock().unwrap().len()
    }

    /// Waits for the code that is sent to a phone, and gives it once.
    pub(crate) async fn code_for(&self, phone: &str) -> String {
        let digits = phone.trim_start_matches('+');
        for _ in 0..1_000 {
            if let Some(code) = self.codes.lock().unwrap().remove(digits) {
                return code;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no code was sent within ten seconds");
    }
}

async fn take(mut stream: TcpStream, codes: Codes) {
    let mut request = Vec::new();
    let message = loop {
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            return;
        }
        if let Some(message) = message_of(&request) {
            break message;
        }
    };
    tokio::time::sleep(SLOWNESS).await;
    let text = message["text"].as_str().unwrap();
    let code = text.chars().filter(char::is_ascii_digit).collect();
    let phone = message["to"].as_str().unwrap().to_owned();
    codes.lock().unwrap().insert(phone, code);
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    stream.write_all(answer).await.unwrap();
}

/// Reads the body of a request; none until it is there to its end.
fn message_of(request: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(request).ok()?;
    let (_, body) = text.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}
