use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// Which addresses events may be sent to.
///
/// Whoever registers an endpoint chooses its name, and whoever owns the name chooses its address.
/// Without this rule both could make the server speak to the inside of its own network.
///
/// ```
/// # use glame_core::webhooks::Reach;
/// assert!(Reach::Public.allows("93.184.216.34".parse().unwrap()));
/// assert!(!Reach::Public.allows("169.254.169.254".parse().unwrap()));
/// assert!(Reach::AlsoLoopback.allows("127.0.0.1".parse().unwrap()));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Addresses of the public internet.
    #[default]
    Public,
    /// These, and the machine itself: for development.
    AlsoLoopback,
}

impl Reach {
    /// Tells whether an event may be sent to an address.
    ///
    /// It must be asked at the moment of connecting: a name that was public when it was registered
    /// may be private a second later.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        let public = match address {
            IpAddr::V4(address) => is_public_v4(address),
            IpAddr::V6(address) => is_public_v6(address),
        };
        public || (self == Self::AlsoLoopback && address.is_loopback())
    }
}

/// What is not the public internet, by the IANA registry of special-purpose addresses
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>): network and length.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    // "This" network, and nowhere.
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Between a provider and its customers.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local, where clouds keep the keys of a machine.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // Relays to IPv6, which may lead anywhere.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast; and all that is reserved, broadcast included.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|(network, length)| {
        let mask = u32::MAX << (32 - length);
        address.to_bits() & mask == network.to_bits()
    })
}

/// The only part of IPv6 that is given to the public: network and length.
const PUBLIC_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What of it is not the public internet, by the IANA registry
/// (<https://www.iana.org/assignments/iana-ipv6-special-registry>).
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    // Protocols of the IETF, Teredo among them, which carries an IPv4 address inside.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which carries one too.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The way of an IPv6-only network to IPv4 addresses, which stand in the last 32 bits (RFC 6052).
const TRANSLATED: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Tells whether an address is public. Loopback, unique-local, link-local, multicast and
/// IPv4-mapped addresses are not, because they lie outside of what is given to the public.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if within(address, TRANSLATED) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    within(address, PUBLIC_V6) && !SPECIAL_V6.iter().any(|network| within(address, *network))
}

fn within(address: Ipv6Addr, (network, length): (Ipv6Addr, u32)) -> bool {
    let mask = u128::MAX << (128 - length);
    address.to_bits() & mask == network.to_bits()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_public_internet_is_reached() {
        let public = [
            "1.1.1.1",
            "93.184.216.34",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a02:6b8::2:242",
            "64:ff9b::1.1.1.1",
        ];
        let refused = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "4000::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in public {
            assert!(Reach::Public.allows(address.parse().unwrap()), "{address}");
        }
        for address in refused {
            assert!(!Reach::Public.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn development_reaches_the_machine_itself_and_nothing_else_inside() {
        for address in ["127.0.0.1", "127.8.9.10", "::1"] {
            assert!(Reach::AlsoLoopback.allows(address.parse().unwrap()));
        }
        for address in [
            "10.0.0.1",
            "192.168.0.1",
            "::ffff:127.0.0.1",
            "fe80::1",
            "0.0.0.0",
        ] {
            assert!(!Reach::AlsoLoopback.allows(address.parse().unwrap()));
        }
    }

    proptest! {
        #[test]
        fn what_the_standard_library_calls_private_is_refused(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let inside = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_documentation();
            prop_assert!(!(inside && Reach::Public.allows(address.into())));
            prop_assert!(!Reach::Public.allows(address.to_ipv6_mapped().into()));
        }

        #[test]
        fn no_local_address_of_ipv6_is_reached(bits: u128) {
            let address = Ipv6Addr::from_bits(bits);
            let inside = address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_multicast()
                || address.is_loopback();
            prop_assert!(!(inside && Reach::Public.allows(address.into())));
        }
    }
}
