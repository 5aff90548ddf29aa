//! The host that a request names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The authority of an address: a name or an IP address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    place: Place,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In lower case, without a trailing dot.
    Name(String),
    Address(IpAddr),
}

impl Host {
    /// Parses `localhost`, `127.0.0.1:7878` or `[::1]:7878`. `None` for anything else, such as an
    /// authority with a user name.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (place, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']')?;
            (Place::Address(address.parse::<Ipv6Addr>().ok()?.into()), rest)
        } else {
            let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
            (Place::named(name)?, rest)
        };
        Some(Self { place, port: port_of(port)? })
    }

    /// Returns whether nobody else can make this host resolve to the server: an IP address,
    /// `localhost`, or `name`, which the server was asked to listen at.
    pub(super) fn is_ours(&self, name: &str) -> bool {
        match &self.place {
            Place::Address(_) => true,
            Place::Name(host) => {
                host == "localhost" || Place::named(name).as_ref() == Some(&self.place)
            }
        }
    }

    /// Returns whether an `Origin` header names this host and port.
    pub(super) fn is_origin(&self, origin: &str) -> bool {
        let with_port = |host: &Self| (host.place.clone(), host.port.unwrap_or(80));
        let from = origin.strip_prefix("http://").and_then(Self::read);
        from.is_some_and(|from| with_port(&from) == with_port(self))
    }
}

impl Place {
    fn named(name: &str) -> Option<Self> {
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        (!name.is_empty() && name.chars().all(is_plain)).then_some(Self::Name(name))
    }
}

/// Parses what follows the name: nothing, or a colon and a port, which may be empty.
fn port_of(text: &str) -> Option<Option<u16>> {
    match text.strip_prefix(':') {
        Some("") => Some(None),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().map(Some)
        }
        None if text.is_empty() => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_that_nobody_else_controls_are_ours() {
        let is_ours = |host: &str| Host::read(host).map(|host| host.is_ours("Lab.local"));
        for host in [
            "localhost",
            "localhost:80",
            "LOCALHOST:7878",
            "localhost.",
            "localhost:",
            "127.0.0.1",
            "[::1]:7878",
            "[::FFFF:127.0.0.1]",
            "10.0.0.3:1",
            "lab.local:7878",
            "LAB.LOCAL",
        ] {
            assert_eq!(is_ours(host), Some(true), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
        ] {
            assert_eq!(is_ours(host), Some(false), "{host}");
        }
    }

    #[test]
    fn malformed_hosts_are_rejected() {
        for host in [
            "",
            ".",
            ":80",
            "localhost:80@evil.com",
            "localhost@evil.com",
            "evil.com:80:80",
            "[::1]evil.com",
            "[::1",
            "::1",
            "[127.0.0.1]",
            "[localhost]",
            "[fe80::1%eth0]",
            "[fe80::1%25eth0]:80",
            "localhost:+80",
            "localhost:8O",
            "localhost:65536",
            "localhost:80/",
            "localhost/",
            "local host",
            "localhost, localhost",
            "localhost\u{fffd}",
            "lοcalhost",
        ] {
            assert_eq!(Host::read(host), None, "{host}");
        }
    }

    #[test]
    fn an_origin_is_ours_if_host_and_port_are_the_same() {
        let is_origin = |host: &str, origin: &str| Host::read(host).unwrap().is_origin(origin);
        for (host, origin) in [
            ("localhost:7878", "http://localhost:7878"),
            ("LOCALHOST:7878", "http://localhost:7878"),
            ("localhost", "http://localhost:80"),
            ("[::1]:1", "http://[0::1]:1"),
        ] {
            assert!(is_origin(host, origin), "{host}, {origin}");
        }
        for origin in [
            "http://localhost:81",
            "https://localhost:80",
            "http://evil.example",
            "http://localhost:80@evil.example",
            "http://127.0.0.1:80",
            "null",
            "",
        ] {
            assert!(!is_origin("localhost:80", origin), "{origin}");
        }
    }
}
