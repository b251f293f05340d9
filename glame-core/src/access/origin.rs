use std::net::{IpAddr, Ipv6Addr};

use super::secret::{Purpose, ServerSecret};
use super::{AddressHash, AuditActor};
use crate::values::PlainText;

/// Where a request comes from, for limits and for the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestOrigin {
    /// The network address of the caller; none on the command line.
    pub address: Option<IpAddr>,
    /// The id under which the server logs the request.
    pub request_id: Option<PlainText>,
    /// What the caller says to be ([`cut_user_agent`]).
    pub user_agent: Option<PlainText>,
}

impl RequestOrigin {
    /// Gives the bytes of the network that limits count by.
    ///
    /// An address of IPv4 counts alone, written as IPv6 or not. One of IPv6 counts with its /64,
    /// because whoever has one address there has them all.
    #[must_use]
    pub fn network(&self) -> Option<[u8; 16]> {
        let address = match self.address? {
            IpAddr::V4(address) => return Some(address.to_ipv6_mapped().octets()),
            IpAddr::V6(address) => address,
        };
        if address.to_ipv4_mapped().is_some() {
            return Some(address.octets());
        }
        let [a, b, c, d, ..] = address.segments();
        Some(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).octets())
    }

    /// Gives what the audit log keeps of the address.
    #[must_use]
    pub fn address_hash(&self, secret: &ServerSecret) -> Option<AddressHash> {
        let network = self.network()?;
        let hash = secret.keyed_hash(Purpose::Address, &[&network]);
        Some(AddressHash::from_bytes(hash))
    }
}

/// The most characters of a user agent that are kept.
const USER_AGENT_CHARS: usize = 200;

/// Cuts what a browser says of itself to what is worth keeping.
#[must_use]
pub fn cut_user_agent(text: &str) -> Option<PlainText> {
    let cut: String = text.chars().take(USER_AGENT_CHARS).collect();
    PlainText::clean(&cut)
}

/// Who does something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who it is.
    pub actor: AuditActor,
    /// Where the request comes from.
    pub origin: RequestOrigin,
}

impl Caller {
    /// Names the machine itself: a job, or whoever may call the command line.
    #[must_use]
    pub fn system() -> Self {
        Self {
            actor: AuditActor::System,
            origin: RequestOrigin::default(),
        }
    }

    /// Names somebody who has not signed in.
    #[must_use]
    pub fn anonymous(origin: &RequestOrigin) -> Self {
        Self {
            actor: AuditActor::Anonymous,
            origin: origin.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Option<[u8; 16]> {
        RequestOrigin {
            address: Some(address.parse().unwrap()),
            ..RequestOrigin::default()
        }
        .network()
    }

    #[test]
    fn an_ipv6_network_counts_whole_and_an_ipv4_address_alone() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:9:9:9:9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(RequestOrigin::default().network(), None);
    }

    #[test]
    fn a_user_agent_is_cut() {
        let long = "Mozilla/5.0 ".repeat(100);
        assert_eq!(cut_user_agent(&long).unwrap().as_str().len(), 200);
        assert_eq!(cut_user_agent("\0"), None);
    }
}
