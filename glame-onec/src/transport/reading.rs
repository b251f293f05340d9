use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, SERVER};
use tokio::time::Instant;

use super::{Answer, Expected, Refusal, backoff};
use crate::errors::{Fault, FaultKind, Reply, classify, is_page};

/// The most bytes of an error body that are looked at.
const MAX_ERROR_BYTES: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What bounds the reading of one body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) idle: Duration,
    pub(super) bytes: usize,
}

/// Reads an answer to its end and checks that it is what was asked for.
pub(super) async fn answer(
    response: Response,
    expected: Expected,
    first_byte: Duration,
    deadline: Instant,
    limits: Limits,
) -> Result<Answer, Refusal> {
    let status = response.status().as_u16();
    let headers = response.headers();
    let retry_after = backoff::retry_after(headers);
    let server = text_header(headers, &SERVER);
    if !(200..300).contains(&status) {
        let limits = Limits {
            bytes: MAX_ERROR_BYTES,
            ..limits
        };
        // The status counts more than a body that breaks off, is too long, or stands still.
        let body = body(response, deadline, limits).await.unwrap_or_default();
        return Err(Refusal {
            fault: classify(Reply {
                status,
                body: &body,
            }),
            retry_after,
        });
    }
    let announces_page = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let body = body(response, deadline, limits).await?;
    if let Some(kind) = misfit(&body, expected, announces_page) {
        let mut fault = Fault::new(kind);
        fault.status = Some(status);
        return Err(Refusal { fault, retry_after });
    }
    Ok(Answer {
        body,
        first_byte,
        server,
    })
}

fn text_header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(text.chars().take(60).collect())
}

/// Reads a body chunk by chunk, without its byte order mark.
async fn body(mut response: Response, deadline: Instant, limits: Limits) -> Result<Bytes, Fault> {
    let announced = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > limits.bytes) {
        return Err(Fault::new(FaultKind::TooLarge));
    }
    let mut body = BytesMut::with_capacity(announced.unwrap_or(16 * 1024));
    loop {
        let wait_until = deadline.min(Instant::now() + limits.idle);
        let chunk = tokio::time::timeout_at(wait_until, response.chunk())
            .await
            .map_err(|_| Fault::new(FaultKind::Slow))?
            .map_err(|error| Fault::caused_by(FaultKind::Interrupted, error.without_url()))?;
        let Some(chunk) = chunk else { break };
        if body.len() + chunk.len() > limits.bytes {
            return Err(Fault::new(FaultKind::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    let body = body.freeze();
    Ok(if body.starts_with(BYTE_ORDER_MARK) {
        body.slice(BYTE_ORDER_MARK.len()..)
    } else {
        body
    })
}

/// Says what is wrong with the root of a body, if anything is.
fn misfit(body: &[u8], expected: Expected, announces_page: bool) -> Option<FaultKind> {
    let trimmed = body.trim_ascii();
    if trimmed.is_empty() {
        return Some(FaultKind::Interrupted);
    }
    if is_page(trimmed) || announces_page && trimmed.starts_with(b"<") {
        return Some(FaultKind::Maintenance);
    }
    let xml = trimmed.starts_with(b"<");
    if xml && !matches!(expected, Expected::Xml | Expected::ServiceDocument) {
        return Some(FaultKind::Unexpected("with XML where JSON was asked for"));
    }
    match expected {
        Expected::ServiceDocument if xml => None,
        Expected::Collection | Expected::ServiceDocument => misfit_of_object(trimmed, b"\"value\""),
        Expected::RecordSet => misfit_of_object(trimmed, b"\"RecordSet\""),
        Expected::Object => misfit_of_object(trimmed, b"\"Ref_Key\""),
        Expected::Xml if !xml => Some(FaultKind::Unexpected("without the XML that was asked for")),
        Expected::Xml if !trimmed.ends_with(b">") => Some(FaultKind::Interrupted),
        Expected::Count if !trimmed.iter().all(u8::is_ascii_digit) => Some(FaultKind::Unexpected(
            "without the number that was asked for",
        )),
        Expected::Xml | Expected::Count => None,
    }
}

fn misfit_of_object(trimmed: &[u8], field: &[u8]) -> Option<FaultKind> {
    if !trimmed.starts_with(b"{") {
        return Some(FaultKind::Unexpected("without the JSON that was asked for"));
    }
    if !trimmed.ends_with(b"}") {
        return Some(FaultKind::Interrupted);
    }
    // It stands right after the address of the metadata and the key, if those are there.
    let head = trimmed.get(..2_048).unwrap_or(trimmed);
    let there = head.windows(field.len()).any(|part| part == field);
    (!there).then_some(FaultKind::Unexpected("with JSON that holds no values"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_a_body_must_be_what_was_asked_for() {
        let none: Option<&str> = None;
        let cases = [
            (
                Expected::Collection,
                r#"{"odata.metadata":"x","value":[]}"#,
                none,
            ),
            (Expected::Collection, "\n{\n\"value\": []\n}\n", none),
            (
                Expected::Collection,
                r#"{"value":[{"a":1"#,
                Some("interrupted"),
            ),
            (Expected::Collection, "", Some("interrupted")),
            (
                Expected::Collection,
                r#"{"Ref_Key":"x"}"#,
                Some("unexpected"),
            ),
            (Expected::Collection, "[1]", Some("unexpected")),
            (Expected::Collection, "<feed></feed>", Some("unexpected")),
            (
                Expected::Collection,
                "<!DOCTYPE html><html></html>",
                Some("maintenance"),
            ),
            (Expected::Xml, "<edmx:Edmx></edmx:Edmx>", none),
            (Expected::Xml, "<edmx:Edmx><Sch", Some("interrupted")),
            (
                Expected::Xml,
                "<html><body>login</body></html>",
                Some("maintenance"),
            ),
            (Expected::Xml, "{}", Some("unexpected")),
            (
                Expected::RecordSet,
                r#"{"Recorder": "x", "RecordSet": []}"#,
                none,
            ),
            (Expected::RecordSet, r#"{"value": []}"#, Some("unexpected")),
            (Expected::Object, r#"{"Ref_Key":"x"}"#, none),
            (Expected::Object, r#"{"value": []}"#, Some("unexpected")),
            (Expected::ServiceDocument, "<service></service>", none),
            (Expected::ServiceDocument, r#"{"value":[]}"#, none),
            (Expected::Count, "1532", none),
            (Expected::Count, "many", Some("unexpected")),
        ];
        for (expected, body, fault) in cases {
            let found = misfit(body.as_bytes(), expected, false);
            assert_eq!(found.as_ref().map(FaultKind::name), fault, "{body}");
        }
        let announced = misfit(b"<p>Closed</p>", Expected::Xml, true);
        assert_eq!(announced, Some(FaultKind::Maintenance));
    }
}
