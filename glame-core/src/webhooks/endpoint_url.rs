use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::Reach;

/// The address of an endpoint: `https`, a host and what follows.
///
/// `Debug` shows where it leads and not the whole: paths and queries of others hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl(Url);

/// Tells why an address cannot be one of an endpoint; it does not repeat the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseEndpointUrlError {
    /// It is no address.
    #[error("write a whole address, such as https://shop.example/hooks/glame")]
    NotAUrl,
    /// It is longer than 2,000 characters.
    #[error("an address has at most 2000 characters")]
    TooLong,
    /// It is not encrypted.
    #[error("events are sent by https only")]
    NotHttps,
    /// It holds a user or a password.
    #[error("leave user and password out of the address; check the signature instead")]
    Login,
    /// It holds a fragment, which is never sent.
    #[error("leave out of the address what follows the #")]
    Fragment,
    /// It leads to a private network.
    #[error("events are sent to addresses of the public internet only")]
    Private,
}

impl EndpointUrl {
    /// The most characters that an address has.
    pub const MAX_LENGTH: usize = 2_000;

    /// Reads an address that may be called.
    ///
    /// A name is not looked up: that is done at each attempt. Without encryption only the machine
    /// itself is called, where the settings allow that.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, ParseEndpointUrlError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(ParseEndpointUrlError::TooLong);
        }
        let url = Url::parse(text.trim()).map_err(|_| ParseEndpointUrlError::NotAUrl)?;
        let host = url.host().ok_or(ParseEndpointUrlError::NotAUrl)?;
        let local_name = match &host {
            Host::Domain(name) => is_local(name),
            Host::Ipv4(_) | Host::Ipv6(_) => false,
        };
        let address = literal(&host);
        let is_loopback = local_name || address.is_some_and(|address| address.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if reach == Reach::AlsoLoopback && is_loopback => {}
            "http" => return Err(ParseEndpointUrlError::NotHttps),
            _ => return Err(ParseEndpointUrlError::NotAUrl),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ParseEndpointUrlError::Login);
        }
        if url.fragment().is_some() {
            return Err(ParseEndpointUrlError::Fragment);
        }
        let refused = address.is_some_and(|address| !reach.allows(address))
            || (local_name && reach == Reach::Public);
        if refused {
            return Err(ParseEndpointUrlError::Private);
        }
        Ok(Self(url))
    }

    /// Takes an address back that [`parse`](Self::parse) has let pass, perhaps under other settings.
    ///
    /// # Errors
    /// [`ParseEndpointUrlError::NotAUrl`].
    pub fn from_stored(text: &str) -> Result<Self, ParseEndpointUrlError> {
        let url = Url::parse(text).map_err(|_| ParseEndpointUrlError::NotAUrl)?;
        Ok(Self(url))
    }

    /// Gives the whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Gives the address of the machine where no name has to be looked up.
    #[must_use]
    pub fn literal_address(&self) -> Option<IpAddr> {
        self.0.host().as_ref().and_then(literal)
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "EndpointUrl({}/…)",
            self.0.origin().ascii_serialization()
        )
    }
}

fn literal<S>(host: &Host<S>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
        Host::Domain(_) => None,
    }
}

/// Tells whether a name is the machine itself by RFC 6761.
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::ParseEndpointUrlError::{Fragment, Login, NotAUrl, NotHttps, Private, TooLong};
    use super::*;

    fn refusal(text: &str, reach: Reach) -> Option<ParseEndpointUrlError> {
        EndpointUrl::parse(text, reach).err()
    }

    #[test]
    fn only_https_to_the_public_internet_is_taken() {
        let long = format!("https://shop.example/{}", "x".repeat(2_000));
        let cases = [
            ("https://shop.example/hooks?token=1", None),
            (" https://shop.example:8443/ ", None),
            ("https://1.1.1.1/", None),
            ("https://[2606:4700:4700::1111]/", None),
            ("http://shop.example/", Some(NotHttps)),
            ("http://localhost:9000/", Some(NotHttps)),
            ("ftp://shop.example/", Some(NotAUrl)),
            ("file:///etc/passwd", Some(NotAUrl)),
            ("shop.example", Some(NotAUrl)),
            ("", Some(NotAUrl)),
            ("https://", Some(NotAUrl)),
            ("https://user@shop.example/", Some(Login)),
            ("https://user:pw@shop.example/", Some(Login)),
            ("https://shop.example/#a", Some(Fragment)),
            ("https://localhost/", Some(Private)),
            ("https://LOCALHOST./", Some(Private)),
            ("https://a.localhost/", Some(Private)),
            ("https://127.0.0.1/", Some(Private)),
            // All of these are 127.0.0.1.
            ("https://127.1/", Some(Private)),
            ("https://2130706433/", Some(Private)),
            ("https://0x7f000001/", Some(Private)),
            ("https://0177.0.0.1/", Some(Private)),
            ("https://①②⑦.0.0.1/", Some(Private)),
            ("https://169.254.169.254/latest/meta-data", Some(Private)),
            ("https://10.1.2.3/", Some(Private)),
            ("https://[::1]/", Some(Private)),
            ("https://[::ffff:10.0.0.1]/", Some(Private)),
            ("https://[fd00::1]/", Some(Private)),
            (&long, Some(TooLong)),
        ];
        for (text, expected) in cases {
            assert_eq!(refusal(text, Reach::Public), expected, "{text}");
        }
    }

    #[test]
    fn development_may_call_the_machine_itself_without_encryption() {
        let cases = [
            ("http://localhost:9000/hook", None),
            ("http://127.0.0.1:9000/hook", None),
            ("http://[::1]:9000/hook", None),
            ("https://localhost/", None),
            ("http://shop.example/", Some(NotHttps)),
            ("http://10.0.0.1/", Some(NotHttps)),
            ("https://10.0.0.1/", Some(Private)),
        ];
        for (text, expected) in cases {
            assert_eq!(refusal(text, Reach::AlsoLoopback), expected, "{text}");
        }
    }

    #[test]
    fn debug_shows_where_it_leads_and_no_more() {
        let url = EndpointUrl::parse("https://shop.example/s3cret?key=s3cret", Reach::Public);
        assert_eq!(
            format!("{:?}", url.unwrap()),
            "EndpointUrl(https://shop.example/…)"
        );
    }
}
