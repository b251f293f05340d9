use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_platform_verifier::BuilderVerifierExt;

use crate::settings::SettingsError;

/// Makes the HTTP client: ring, the trust store of the system, no redirects, no proxies.
///
/// The provider is given by hand, so that no global one must be installed first.
pub(super) fn client(connect_timeout: Duration) -> Result<reqwest::Client, SettingsError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config()?)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .gzip(true)
        .connect_timeout(connect_timeout)
        .pool_max_idle_per_host(1)
        .user_agent(concat!("glame-onec/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| {
            SettingsError::new("base_url", "cannot be called: no HTTP client could be made")
        })
}

fn tls_config() -> Result<ClientConfig, SettingsError> {
    let broken =
        |_| SettingsError::new("base_url", "cannot be called: the trust store is unusable");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(broken)?
        .with_platform_verifier()
        .map_err(broken)?
        .with_no_client_auth();
    Ok(config)
}
