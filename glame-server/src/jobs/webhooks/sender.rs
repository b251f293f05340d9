use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use glame_core::ports::{ClaimedDelivery, Clock};
use glame_core::webhooks::{
    Attempt, AttemptResult, Reach, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP,
    WebhookEndpoint, sign,
};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_platform_verifier::BuilderVerifierExt;

use super::{AddressRefused, GuardedResolver};
use crate::clock::SystemClock;
use crate::settings::SettingsError;

/// How much of an answer is read before the connection is given up. Only its status counts.
const ANSWER_AT_MOST: usize = 16 * 1024;

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Sends one event to one endpoint, by `POST`, signed.
///
/// Redirects are not followed, proxies not used, and addresses of private networks not called. What is
/// sent and what comes back is never logged.
#[derive(Debug, Clone)]
pub struct WebhookSender {
    http: Client,
    reach: Reach,
}

impl WebhookSender {
    /// Prepares the client.
    ///
    /// # Errors
    /// That this system has no trusted certificates.
    pub fn new(reach: Reach, timeout: Duration) -> Result<Self, SettingsError> {
        let wrong = |problem: &str| SettingsError::Wrong {
            key: "webhooks.enabled",
            problem: problem.to_owned(),
        };
        let advice = "needs trusted certificates; install ca-certificates on this system";
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(|_| wrong(advice))?
            .with_no_client_auth();
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(GuardedResolver::new(reach))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .gzip(false)
            .connect_timeout(CONNECT_WITHIN.min(timeout))
            .timeout(timeout)
            .pool_max_idle_per_host(8)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("glame-webhooks/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| wrong("no HTTP client can be made"))?;
        Ok(Self { http, reach })
    }

    /// Makes one attempt, and tells what came of it.
    pub async fn send(&self, endpoint: &WebhookEndpoint, claimed: &ClaimedDelivery) -> Attempt {
        let (result, retry_after) = match self.post(endpoint, claimed).await {
            Ok(answer) => answer,
            Err(result) => (result, None),
        };
        Attempt {
            result,
            retry_after,
            at: SystemClock.now(),
        }
    }

    async fn post(
        &self,
        endpoint: &WebhookEndpoint,
        claimed: &ClaimedDelivery,
    ) -> Result<(AttemptResult, Option<TimeDelta>), AttemptResult> {
        // The client looks no address up that is written out, so that the resolver never sees it.
        let literal = endpoint.url.literal_address();
        if literal.is_some_and(|address| !self.reach.allows(address)) {
            return Err(AttemptResult::AddressRefused);
        }
        let now = SystemClock.now();
        let id = claimed.delivery.event.to_string();
        let secrets = endpoint.secrets.valid_at(now);
        let headers = sign(secrets, &id, now, claimed.payload.as_bytes());
        let answer = self
            .http
            .post(endpoint.url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(WEBHOOK_ID, headers.id)
            .header(WEBHOOK_TIMESTAMP, headers.timestamp)
            .header(WEBHOOK_SIGNATURE, headers.signature)
            .body(claimed.payload.clone())
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let result = AttemptResult::Status(answer.status().as_u16());
        let retry_after = retry_after(&answer);
        read_to_the_end(answer).await;
        Ok((result, retry_after))
    }
}

/// Tells what has gone wrong, from all that the client tells of it.
fn failure(error: &reqwest::Error) -> AttemptResult {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<AddressRefused>) {
            return AttemptResult::AddressRefused;
        }
        cause = error.source();
    }
    if error.is_timeout() {
        AttemptResult::TimedOut
    } else {
        AttemptResult::Unreachable
    }
}

/// Reads how many seconds the endpoint asks to be left alone. Dates are passed over: the schedule
/// does without.
fn retry_after(answer: &Response) -> Option<TimeDelta> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    TimeDelta::try_seconds(seconds.trim().parse::<u32>().ok()?.into())
}

/// Reads a short answer to its end, so that the connection can serve again.
async fn read_to_the_end(mut answer: Response) {
    let mut read = 0;
    while let Ok(Some(part)) = answer.chunk().await {
        read += part.len();
        if read > ANSWER_AT_MOST {
            return;
        }
    }
}
