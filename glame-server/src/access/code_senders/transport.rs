use std::sync::Arc;
use std::time::Duration;

use glame_core::ports::CodeSenderError;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// The most bytes of an answer that are read.
const ANSWER_AT_MOST: usize = 64 * 1024;

/// How often a call is tried of which nothing has reached the provider.
const TRIES: u32 = 2;

/// Calls a provider: with a time limit, without redirects and proxies.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    client: Client,
}

/// A call to a provider.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) authorization: Option<HeaderValue>,
    /// What is sent, with its media type.
    pub(super) body: Option<(&'static str, String)>,
}

/// What a provider has answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Transport {
    /// Makes a client for an address.
    pub(super) fn new(url: &str, timeout: Duration) -> Result<Self, CodeSenderError> {
        let unusable = |_| refused("install ca-certificates on this system");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        // An address without https needs no trust store, which small containers do not have.
        let tls = if url.starts_with("https:") {
            builder.with_platform_verifier().map_err(unusable)?
        } else {
            builder.with_root_certificates(RootCertStore::empty())
        };
        let client = Client::builder()
            .tls_backend_preconfigured(tls.with_no_client_auth())
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(timeout)
            .timeout(timeout)
            .user_agent(concat!("glame/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| refused("no HTTP client can be made"))?;
        Ok(Self { client })
    }

    /// Makes a call; tries it again only if no connection came about, so that nothing is sent twice.
    pub(super) async fn call(&self, call: &Call) -> Result<Answer, CodeSenderError> {
        let mut tries = 1;
        let mut answer = loop {
            match self.request(call).send().await {
                Ok(answer) => break answer,
                Err(error) if error.is_connect() && tries < TRIES => tries += 1,
                Err(error) => return Err(unavailable(error)),
            }
        };
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(unavailable)? {
            body.extend_from_slice(&part);
            if body.len() > ANSWER_AT_MOST {
                return Err(not_understood());
            }
        }
        Ok(Answer { status, body })
    }

    fn request(&self, call: &Call) -> reqwest::RequestBuilder {
        let mut request = self.client.request(call.method.clone(), &call.url);
        if let Some(authorization) = &call.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        if let Some((media_type, body)) = &call.body {
            request = request.header(CONTENT_TYPE, *media_type).body(body.clone());
        }
        request
    }
}

impl Answer {
    /// Tells what a status means by itself; a success says nothing yet.
    pub(super) fn check_status(&self) -> Result<(), CodeSenderError> {
        let status = self.status;
        if status.is_success() {
            return Ok(());
        }
        Err(match status.as_u16() {
            401 | 403 => refused("check the login and the key in [auth.sms]"),
            402 => refused("pay the provider"),
            408 | 425 | 429 | 500..=599 => CodeSenderError::Unavailable {
                advice: format!("it answers with HTTP {status}; try later"),
                source: None,
            },
            _ => refused(&format!(
                "it answers with HTTP {status}; check the settings in [auth.sms]"
            )),
        })
    }

    /// Reads the answer as JSON.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, CodeSenderError> {
        serde_json::from_slice(&self.body).map_err(|_| not_understood())
    }
}

pub(super) fn refused(advice: &str) -> CodeSenderError {
    CodeSenderError::Refused {
        advice: advice.to_owned(),
    }
}

pub(super) fn not_understood() -> CodeSenderError {
    refused("its answer is not understood; check the address in [auth.sms]")
}

/// Tells that nothing came back; the address, which may hold the message, is left out.
fn unavailable(error: reqwest::Error) -> CodeSenderError {
    let advice = if error.is_timeout() {
        "it does not answer in time"
    } else {
        "it cannot be reached"
    };
    CodeSenderError::Unavailable {
        advice: advice.to_owned(),
        source: Some(error.without_url().into()),
    }
}
