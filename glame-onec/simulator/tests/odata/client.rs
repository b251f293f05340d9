//! A small HTTP client that hides nothing: status, headers and bytes as they came.

use std::fmt::Write;

use glame_onec_simulator::{BaseSettings, Simulator, SimulatorSettings};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');
pub(crate) const SALES: &str = "AccumulationRegister_Продажи_RecordType";
pub(crate) const CARD_SALES: &str = "AccumulationRegister_ПродажиПоДисконтнымКартам_RecordType";
pub(crate) const POINTS: &str = "AccumulationRegister_БонусныеБаллы_RecordType";

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the connection ended as HTTP says it should.
    pub(crate) complete: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.text().trim_start_matches('\u{feff}'))
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn rows(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()["value"].as_array().unwrap().clone()
    }

    /// The status and 1C's code.
    pub(crate) fn error(&self) -> (u16, String) {
        let code = self.json()["odata.error"]["code"]
            .as_str()
            .unwrap_or("none")
            .to_owned();
        (self.status, code)
    }
}

/// Asks with everything as given; `path` is encoded, but a plus stays a plus.
pub(crate) async fn send(
    base: &Simulator,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let url = base.base_url();
    let (host, root) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let path = utf8_percent_encode(path, ENCODED);
    let separator = if path.to_string().is_empty() { "" } else { "/" };
    let mut request = format!("{method} /{root}{separator}{path} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    write!(
        request,
        "Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    exchange(host, request.as_bytes()).await
}

pub(crate) async fn exchange(host: &str, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).await.is_ok();
    let split = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let body = bytes.get(split + 4..).unwrap_or(&[]).to_vec();
    let mut reply = Reply {
        status,
        head,
        body,
        complete: ended,
    };
    if reply.header("transfer-encoding") == Some("chunked") {
        let (body, whole) = unchunk(&reply.body);
        reply.body = body;
        reply.complete &= whole;
    } else if let Some(length) = reply.header("content-length") {
        reply.complete &= length.parse() == Ok(reply.body.len());
    }
    reply
}

fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else {
            return (body, false);
        };
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        let Some(chunk) = rest.get(end + 2..end + 2 + size) else {
            return (body, false);
        };
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + size..).unwrap_or(&[]);
    }
}

pub(crate) const BASIC: (&str, &str) = ("Authorization", "Basic b2RhdGE6b2RhdGE=");

/// GET as a careful client does it.
pub(crate) async fn get(base: &Simulator, path: &str) -> Reply {
    send(
        base,
        "GET",
        path,
        &[BASIC, ("Accept", "application/json")],
        "",
    )
    .await
}

pub(crate) async fn small() -> Simulator {
    start(BaseSettings::Generated {
        customers: 60,
        lines: 1_000,
        seed: 5,
    })
    .await
}

pub(crate) async fn start(base: BaseSettings) -> Simulator {
    Simulator::start(SimulatorSettings {
        base,
        ..SimulatorSettings::default()
    })
    .await
    .unwrap()
}

/// Kopecks of a JSON number with at most two decimals.
pub(crate) fn kopecks(value: &Value) -> i64 {
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap()
}

pub(crate) fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} of {row}"))
}
