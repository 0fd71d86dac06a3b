//! An exception: a network, and one port of it or all. `10.1.0.0/16`, `127.0.0.1/32:8080`, `fd00::/8`, `[::1]/128:9000`.

use crate::address::shown;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network that may be called though it is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exception {
    base: IpAddr,
    length: u32,
    port: Option<u16>,
}

impl Exception {
    /// Reads one. The error quotes it and says how it should be written.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("`{}` {why}", shown(text)));
        let Some((address, rest)) = text.trim().split_once('/') else {
            return wrong(&no_length(text.trim()));
        };
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let Ok(base) = bare.unwrap_or(address).parse::<IpAddr>() else {
            return wrong("does not begin with an address; write a network such as 10.1.0.0/16 or fd00::/8");
        };
        if base != base.to_canonical() {
            return wrong("is an IPv4 network in IPv6 form; write it as IPv4, such as 10.1.0.0/16");
        }
        let (length, port) = match rest.split_once(':') {
            Some((length, port)) => (length, Some(port)),
            None => (rest, None),
        };
        let most = if base.is_ipv4() { 32 } else { 128 };
        let Some(length) = digits(length).filter(|length| *length <= most) else {
            return wrong(&format!("has no prefix length from 0 to {most} after its slash"));
        };
        let first = first(base, length);
        if first != base {
            return wrong(&format!("has an address within the network; write {first}/{length}"));
        }
        let port = match port.map(|port| digits(port).and_then(|port| u16::try_from(port).ok())) {
            None => None,
            Some(Some(port)) if port > 0 => Some(port),
            Some(_) => {
                return wrong("has no port from 1 to 65535 after its colon; leave it out for all ports");
            }
        };
        Ok(Self { base, length, port })
    }

    /// Whether this address and port are of it.
    pub(super) fn covers(&self, address: IpAddr, port: u16) -> bool {
        self.base.is_ipv4() == address.is_ipv4()
            && first(address, self.length) == self.base
            && self.port.is_none_or(|only| only == port)
    }
}

/// What to write instead of an address without a prefix length.
fn no_length(text: &str) -> String {
    let socket = text.parse::<std::net::SocketAddr>().map(|it| (it.ip(), Some(it.port())));
    match socket.or_else(|_| text.parse::<IpAddr>().map(|it| (it, None))) {
        Ok((IpAddr::V4(ip), Some(port))) => format!("has no prefix length; write {ip}/32:{port}"),
        Ok((IpAddr::V6(ip), Some(port))) => format!("has no prefix length; write [{ip}]/128:{port}"),
        Ok((IpAddr::V4(ip), None)) => format!("has no prefix length; write {ip}/32"),
        Ok((IpAddr::V6(ip), None)) => format!("has no prefix length; write {ip}/128"),
        Err(_) => "is no network; write one such as 10.1.0.0/16 or 127.0.0.1/32:8080, not a name".to_owned(),
    }
}

fn digits(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The first address of the network of this length around `address`.
fn first(address: IpAddr, length: u32) -> IpAddr {
    match address {
        IpAddr::V4(it) => {
            let mask = u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0);
            Ipv4Addr::from_bits(it.to_bits() & mask).into()
        }
        IpAddr::V6(it) => {
            let mask = u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0);
            Ipv6Addr::from_bits(it.to_bits() & mask).into()
        }
    }
}
