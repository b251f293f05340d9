//! Providers of SMS, each against a local server that speaks its format, errors included.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use glame_core::ports::{CodeMessage, CodeSender, CodeSenderError};
use glame_core::values::PhoneNumber;
use glame_server::access::{HttpSender, MessageTemplate, SmsAero, SmsRu};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const TIMEOUT: Duration = Duration::from_secs(5);

/// A provider that answers every call with the same, and keeps what it was asked.
struct Provider {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    async fn answering(status: u16, body: &str) -> Self {
        let head = format!(
            "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Location: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n",
            body.len()
        );
        Self::serving(Some(format!("{head}{body}"))).await
    }

    /// Listens, reads each request, and answers, or keeps silent.
    async fn serving(answer: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !is_whole(&request) && stream.read_buf(&mut request).await.unwrap() > 0 {}
                let request = String::from_utf8(request).unwrap();
                kept.lock().unwrap().push(request);
                match &answer {
                    Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                    None => silent.push(stream),
                }
            }
        });
        Self { url, requests }
    }

    /// Gives the only request that came: its first line, its head in lower case, its body.
    fn request(&self) -> (String, String, String) {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "{requests:?}");
        let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
        let (first, rest) = head.split_once("\r\n").unwrap();
        (first.to_owned(), rest.to_lowercase(), body.to_owned())
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    request.len() >= head.len() + 4 + length
}

fn message() -> CodeMessage {
    CodeMessage {
        phone: PhoneNumber::parse("8 (978) 000-00-01").unwrap(),
        text: "Код: 012345 & \"никому\"".to_owned(),
    }
}

fn sms_aero(provider: &Provider) -> SmsAero {
    let key = "the-key".into();
    SmsAero::new(&provider.url, "shop@example.ru", &key, "GLAME", TIMEOUT).unwrap()
}

fn sms_ru(provider: &Provider) -> SmsRu {
    SmsRu::new(
        &provider.url,
        "the-key".into(),
        Some("GLAME".to_owned()),
        TIMEOUT,
    )
    .unwrap()
}

fn http(url: &str, body: Option<&str>, timeout: Duration) -> HttpSender {
    let template = MessageTemplate::parse(url, body).unwrap();
    HttpSender::new(template, None, Some(&"the-key".into()), timeout).unwrap()
}

/// What an answer means, by what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Done,
    TryLater,
    Act,
    OtherWay,
}

/// Sends the message, and holds that nothing which is said of it shows number, text or key.
async fn send(sender: &dyn CodeSender) -> Next {
    let outcome = sender.send(&message()).await;
    let shown = match &outcome {
        Ok(()) => format!("{sender:?}"),
        Err(error) => format!("{sender:?} {error} {error:?}"),
    };
    for secret in ["9780000001", "012345", "the-key"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    match outcome {
        Ok(()) => Next::Done,
        Err(CodeSenderError::Unavailable { .. }) => Next::TryLater,
        Err(CodeSenderError::Refused { .. }) => Next::Act,
        Err(CodeSenderError::Undeliverable) => Next::OtherWay,
        Err(error) => panic!("{error:?}"),
    }
}

const SMS_AERO_DONE: &str = r#"{"success": true, "data": {"id": 12345, "from": "GLAME",
    "number": "79780000001", "text": "…", "status": 0, "extendStatus": "queue",
    "channel": "FREE SIGN", "cost": 5.49, "dateCreate": 1719119523, "dateSend": 1719119523},
    "message": null}"#;

#[tokio::test]
async fn sms_aero_is_called_as_it_wants_to_be() {
    let provider = Provider::answering(200, SMS_AERO_DONE).await;
    assert_eq!(send(&sms_aero(&provider)).await, Next::Done);
    let (first, head, body) = provider.request();
    assert_eq!(first, "POST /sms/send HTTP/1.1");
    // shop@example.ru:the-key
    assert!(head.contains(&"authorization: Basic c2hvcEBleGFtcGxlLnJ1OnRoZS1rZXk=".to_lowercase()));
    assert!(head.contains("content-type: application/json"), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let expected = serde_json::json!({
        "number": "79780000001", "text": message().text, "sign": "GLAME",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn the_answers_of_sms_aero_are_told_by_what_to_do_next() {
    let cases = [
        (
            200,
            r#"{"success": false, "data": null, "message": "Not enough money."}"#,
            Next::Act,
        ),
        (200, r#"{"result": "no credits"}"#, Next::Act),
        (200, r#"{"result": "reject", "reason": "sign"}"#, Next::Act),
        (
            400,
            r#"{"success": false, "data": {"number": ["Invalid number"]}, "message": "Validation error."}"#,
            Next::OtherWay,
        ),
        (
            400,
            r#"{"success": false, "data": {"sign": ["Invalid sign"]}, "message": "Validation error."}"#,
            Next::Act,
        ),
        (
            401,
            r#"{"success": false, "data": null, "message": "Your request was made with invalid credentials."}"#,
            Next::Act,
        ),
        (429, "", Next::TryLater),
        (502, "<html>Bad gateway</html>", Next::TryLater),
        (200, "<html>Maintenance</html>", Next::Act),
        (302, "", Next::Act),
    ];
    for (status, body, expected) in cases {
        let provider = Provider::answering(status, body).await;
        assert_eq!(
            send(&sms_aero(&provider)).await,
            expected,
            "{status} {body}"
        );
        provider.request();
    }
}

fn sms_ru_answer(code: u32) -> String {
    format!(
        r#"{{"status": "OK", "status_code": 100, "sms": {{"79780000001": {{"status": "OK",
            "status_code": {code}, "sms_id": "000000-10000000"}}}}, "balance": 4122.56}}"#
    )
}

#[tokio::test]
async fn sms_ru_is_called_as_it_wants_to_be() {
    let provider = Provider::answering(200, &sms_ru_answer(100)).await;
    assert_eq!(send(&sms_ru(&provider)).await, Next::Done);
    let (first, head, body) = provider.request();
    // The key is not in the address, which proxies log.
    assert_eq!(first, "POST /sms/send HTTP/1.1");
    assert!(
        head.contains("content-type: application/x-www-form-urlencoded"),
        "{head}"
    );
    let fields: Vec<(&str, String)> = body
        .split('&')
        .map(|field| field.split_once('=').unwrap())
        .map(|(name, value)| {
            let value = percent_encoding::percent_decode_str(value);
            (name, value.decode_utf8().unwrap().into_owned())
        })
        .collect();
    let expected = [
        ("api_id", "the-key".to_owned()),
        ("to", "79780000001".to_owned()),
        ("msg", message().text),
        ("json", "1".to_owned()),
        ("from", "GLAME".to_owned()),
    ];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn the_answers_of_sms_ru_are_told_by_what_to_do_next() {
    let whole = |code: u32| {
        format!(r#"{{"status": "ERROR", "status_code": {code}, "status_text": "Ошибка"}}"#)
    };
    let cases = [
        (200, sms_ru_answer(207), Next::OtherWay),
        (200, sms_ru_answer(220), Next::TryLater),
        (200, whole(200), Next::Act),
        (200, whole(201), Next::Act),
        (200, whole(220), Next::TryLater),
        (
            200,
            r#"{"status": "OK", "status_code": 100, "sms": {}}"#.to_owned(),
            Next::Act,
        ),
        (200, "100\n000000-10000000".to_owned(), Next::Act),
        (503, String::new(), Next::TryLater),
    ];
    for (status, body, expected) in cases {
        let provider = Provider::answering(status, &body).await;
        assert_eq!(send(&sms_ru(&provider)).await, expected, "{status} {body}");
        provider.request();
    }
}

#[tokio::test]
async fn any_provider_is_called_by_its_template() {
    let provider = Provider::answering(201, "").await;
    let body = r#"{"to": "+{phone}", "message": {"text": "{text}"}}"#;
    let sender = http(&format!("{}/messages", provider.url), Some(body), TIMEOUT);
    assert_eq!(send(&sender).await, Next::Done);
    let (first, head, body) = provider.request();
    assert_eq!(first, "POST /messages HTTP/1.1");
    assert!(head.contains("authorization: bearer the-key"), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let expected = serde_json::json!({
        "to": "+79780000001", "message": {"text": message().text},
    });
    assert_eq!(body, expected);

    let provider = Provider::answering(200, "OK").await;
    let url = format!("{}/send?to={{phone}}&text={{text}}", provider.url);
    assert_eq!(send(&http(&url, None, TIMEOUT)).await, Next::Done);
    let (first, ..) = provider.request();
    assert!(
        first.starts_with("GET /send?to=79780000001&text=%D0%9A%D0%BE%D0%B4%3A%20012345%20%26")
    );
}

#[tokio::test]
async fn a_provider_that_is_silent_is_given_up_and_not_asked_again() {
    let provider = Provider::serving(None).await;
    let url = format!("{}/{{phone}}/{{text}}", provider.url);
    let sender = http(&url, None, Duration::from_millis(200));
    assert_eq!(send(&sender).await, Next::TryLater);
    // It may have taken the message: a second call could send it twice.
    provider.request();
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_told() {
    let sender = http("http://127.0.0.1:1/{phone}/{text}", None, TIMEOUT);
    assert_eq!(send(&sender).await, Next::TryLater);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let body = "x".repeat(1_000_000);
    let provider = Provider::answering(200, &body).await;
    assert_eq!(send(&sms_ru(&provider)).await, Next::Act);
}
