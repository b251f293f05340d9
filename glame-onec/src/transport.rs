//! One HTTP call to 1C: one at a time, with time-outs, bounded repeats and a limit of bytes.

mod backoff;
mod reading;
mod redirect;
mod session;
mod tls;

use std::error::Error;
use std::io;
use std::sync::Mutex as StdMutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::NaiveDateTime;
use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE, DATE, HeaderMap, HeaderValue};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::errors::{Fault, FaultKind};
use crate::settings::{CheckedSettings, Retries, SessionReuse, SettingsError, Timeouts};
use backoff::Backoff;
use session::Session;

const MAX_REDIRECTS: usize = 3;

/// Counts the calls that one question to the port cost, repeats included.
#[derive(Debug, Default)]
pub(crate) struct Meter(AtomicU32);

impl Meter {
    /// Gives the count so far.
    pub(crate) fn requests(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What kind of answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A JSON object with a list of values.
    Collection,
    /// A JSON object with the lines of one document.
    RecordSet,
    /// A JSON object that is an object of the base.
    Object,
    /// The list of published sets, in JSON or in XML.
    ServiceDocument,
    /// An XML document: `$metadata`, the service document.
    Xml,
    /// A bare number: `$count`.
    Count,
}

/// One call that is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The whole address.
    pub(crate) url: Url,
    /// The set, for logs and errors.
    pub(crate) set: &'static str,
    /// The kind of answer.
    pub(crate) expected: Expected,
    /// Whether a slow answer is asked for again as it is.
    pub(crate) on_slowness: OnSlowness,
}

/// What a call does when 1C is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnSlowness {
    /// Asks again: the answer cannot be made smaller.
    Repeat,
    /// Fails, so that the caller can ask for less.
    Fail,
}

/// A good answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The body without its byte order mark.
    pub(crate) body: Bytes,
    /// How long 1C took until the answer began.
    pub(crate) first_byte: Duration,
    /// The software that answered, as its `Server` header says.
    pub(crate) server: Option<String>,
}

/// The way to one base.
#[derive(Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    root: Url,
    authorization: HeaderValue,
    timeouts: Timeouts,
    retries: Retries,
    max_page_bytes: usize,
    pause_between_calls: Duration,
    /// Held during a call: 1C serialises badly, and Fresh limits sessions.
    gate: Mutex<Gate>,
    server_time: StdMutex<Option<NaiveDateTime>>,
}

#[derive(Debug)]
struct Gate {
    last_call_ended: Option<Instant>,
    session: Session,
}

impl Transport {
    /// Prepares the client; makes no call.
    pub(crate) fn new(settings: &CheckedSettings) -> Result<Self, SettingsError> {
        let given = &settings.given;
        let http = tls::client(&settings.root, given.timeouts.connect)?;
        let session = match given.session_reuse {
            SessionReuse::Off => Session::Off,
            SessionReuse::Explicit => Session::Wanted,
        };
        Ok(Self {
            http,
            root: settings.root.clone(),
            authorization: settings.authorization.clone(),
            timeouts: given.timeouts,
            retries: given.retries,
            max_page_bytes: given.max_page_bytes,
            pause_between_calls: settings.pause_between_calls,
            gate: Mutex::new(Gate {
                last_call_ended: None,
                session,
            }),
            server_time: StdMutex::new(None),
        })
    }

    /// Gives the service root, with a slash at the end.
    pub(crate) fn root(&self) -> &Url {
        &self.root
    }

    /// Gives the clock of the server as its last answer showed it, in UTC.
    pub(crate) fn server_time(&self) -> Option<NaiveDateTime> {
        *self
            .server_time
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call, and repeats it while that can help.
    pub(crate) async fn fetch(&self, call: &Call, meter: &Meter) -> Result<Answer, Fault> {
        let mut gate = self.gate.lock().await;
        let mut backoff = Backoff::new(self.retries);
        let mut session_renewed = false;
        loop {
            self.wait_politely(&gate).await;
            meter.count();
            let started = Instant::now();
            let outcome = self.exchange(&mut gate.session, call).await;
            gate.last_call_ended = Some(Instant::now());
            log(call, backoff.attempt(), started, &outcome);
            let refusal = match outcome {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            if !session_renewed && gate.session.may_be_stale(&refusal.fault.kind) {
                session_renewed = true;
                gate.session = Session::Wanted;
                continue;
            }
            let kind = &refusal.fault.kind;
            match backoff.pause_after(kind, refusal.retry_after, call.on_slowness) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(refusal.fault.about(call.set)),
            }
        }
    }

    /// Ends the session at 1C, if there is one.
    pub(crate) async fn finish_session(&self) {
        let mut gate = self.gate.lock().await;
        let Session::Started(cookie) = std::mem::replace(&mut gate.session, Session::Off) else {
            return;
        };
        let farewell = self
            .http
            .get(self.root.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(COOKIE, cookie)
            .header(session::HEADER, "finish")
            .timeout(self.timeouts.first_byte)
            .send()
            .await;
        if farewell.is_err() {
            tracing::debug!("the 1C session was left to end by itself");
        }
    }

    async fn wait_politely(&self, gate: &Gate) {
        if let Some(ended) = gate.last_call_ended {
            tokio::time::sleep_until(ended + self.pause_between_calls).await;
        }
    }

    /// Makes one exchange, redirects inside the origin included.
    async fn exchange(&self, session: &mut Session, call: &Call) -> Result<Answer, Refusal> {
        let started = Instant::now();
        let mut url = call.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self
                .http
                .get(url.clone())
                .header(AUTHORIZATION, self.authorization.clone())
                .header(ACCEPT, call.expected.media_type());
            request = session.on_request(request);
            let response = tokio::time::timeout(self.timeouts.first_byte, request.send())
                .await
                .map_err(|_| Fault::new(FaultKind::Slow))?
                .map_err(sending_fault)?;
            let first_byte = started.elapsed();
            self.remember_time(response.headers());
            session.on_response(response.headers());
            if response.status().is_redirection() {
                url = redirect::target(&url, &response)?;
                continue;
            }
            let deadline = started + self.timeouts.total;
            return reading::answer(response, call.expected, first_byte, deadline, self.limits())
                .await;
        }
        Err(Fault::new(FaultKind::Unexpected("with one redirect after another")).into())
    }

    fn limits(&self) -> reading::Limits {
        reading::Limits {
            idle: self.timeouts.idle_read,
            bytes: self.max_page_bytes,
        }
    }

    fn remember_time(&self, headers: &HeaderMap) {
        if let Some(time) = backoff::http_date(headers.get(DATE)) {
            *self
                .server_time
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(time);
        }
    }
}

/// A fault with the pause that the server asked for.
#[derive(Debug)]
struct Refusal {
    fault: Fault,
    retry_after: Option<Duration>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            retry_after: None,
        }
    }
}

impl Expected {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Collection | Self::RecordSet | Self::Object | Self::ServiceDocument => {
                "application/json"
            }
            Self::Xml => "application/xml",
            Self::Count => "text/plain, */*",
        }
    }
}

/// Sorts what can go wrong before the answer begins.
fn sending_fault(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let kind = if is_untrusted(&error) {
        FaultKind::Untrusted
    } else if error.is_connect() {
        FaultKind::Unreachable
    } else if error.is_timeout() {
        FaultKind::Slow
    } else {
        FaultKind::Interrupted
    };
    Fault::caused_by(kind, error)
}

/// Looks for a certificate that was refused among the causes of an error.
fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return matches!(error, rustls::Error::InvalidCertificate(_));
    }
    // An I/O error gives the cause of what it wraps as its own cause, not what it wraps.
    if let Some(inner) = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        return is_untrusted(inner);
    }
    error.source().is_some_and(is_untrusted)
}

/// Tells of each attempt without its address, its login and its data.
fn log(call: &Call, attempt: u32, started: Instant, outcome: &Result<Answer, Refusal>) {
    let (set, duration_ms) = (call.set, millis(started.elapsed()));
    match outcome {
        Ok(answer) => {
            let bytes = answer.body.len();
            tracing::debug!(
                set,
                attempt,
                status = 200,
                duration_ms,
                bytes,
                "1C answered"
            );
        }
        Err(Refusal { fault, .. }) => {
            let (kind, code) = (fault.kind.name(), fault.code.as_deref());
            let status = fault.status;
            tracing::warn!(
                set,
                attempt,
                status,
                code,
                kind,
                duration_ms,
                "1C did not answer"
            );
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use rustls::CertificateError;

    use super::*;

    #[test]
    fn a_refused_certificate_is_found_inside_of_other_errors() {
        let refused = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, refused));
        assert!(is_untrusted(&Fault::caused_by(
            FaultKind::Unreachable,
            wrapped
        )));
        let other = io::Error::new(io::ErrorKind::ConnectionReset, "reset");
        assert!(!is_untrusted(&Fault::caused_by(
            FaultKind::Unreachable,
            other
        )));
    }
}
