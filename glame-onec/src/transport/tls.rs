use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::settings::SettingsError;

/// Makes the HTTP client: ring, the trust store of the system, no redirects, no proxies.
pub(super) fn client(root: &Url, connect: Duration) -> Result<reqwest::Client, SettingsError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(root)?)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .gzip(true)
        .connect_timeout(connect)
        .pool_max_idle_per_host(1)
        .user_agent(concat!("glame-onec/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| SettingsError::new("base_url", "cannot be called: no HTTP client can be made"))
}

/// Prepares TLS; the provider is given by hand, so that no global one must be installed first.
///
/// A base without https needs no trust store, which small containers do not have; as redirects
/// never leave the origin, nothing is ever called that would need it.
fn tls_config(root: &Url) -> Result<ClientConfig, SettingsError> {
    let advice = "needs trusted certificates; install ca-certificates on this system";
    let unusable = |_| SettingsError::new("base_url", advice);
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    if root.scheme() == "https" {
        Ok(builder
            .with_platform_verifier()
            .map_err(unusable)?
            .with_no_client_auth())
    } else {
        Ok(builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth())
    }
}
