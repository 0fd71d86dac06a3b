//! Addresses that are not of the public internet, after the registries of special addresses (RFC 6890 and what came
//! later). Of IPv6 only what is given out for the public counts as such; an IPv6 address that carries an IPv4 address,
//! for a translator or a tunnel on the way, is judged by it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

type Range4 = ([u8; 4], u32, &'static str);
type Range6 = ([u16; 3], u32, &'static str);

#[rustfmt::skip]
const V4: &[Range4] = &[
    ([0, 0, 0, 0],          8, "an unspecified address"),
    ([10, 0, 0, 0],         8, "a private address"),
    ([100, 64, 0, 0],      10, "a shared address of a carrier"),
    ([127, 0, 0, 0],        8, "a loopback address"),
    ([168, 63, 129, 16],   32, "a metadata address"), // Azure's, which looks public
    ([169, 254, 0, 0],     16, "a link-local address"), // and most clouds' metadata
    ([172, 16, 0, 0],      12, "a private address"),
    ([192, 0, 0, 0],       24, "a reserved address"),
    ([192, 0, 2, 0],       24, "an address for documentation"),
    ([192, 88, 99, 0],     24, "a reserved address"), // 6to4 relays
    ([192, 168, 0, 0],     16, "a private address"),
    ([198, 18, 0, 0],      15, "an address for benchmarks"),
    ([198, 51, 100, 0],    24, "an address for documentation"),
    ([203, 0, 113, 0],     24, "an address for documentation"),
    ([224, 0, 0, 0],        4, "a multicast address"),
    ([255, 255, 255, 255], 32, "the broadcast address"),
    ([240, 0, 0, 0],        4, "a reserved address"),
];

#[rustfmt::skip]
const V6: &[Range6] = &[
    ([0xfc00, 0, 0],        7, "a private address"), // and clouds' metadata
    ([0xfe80, 0, 0],       10, "a link-local address"),
    ([0xfec0, 0, 0],       10, "a private address"), // site-local, of old
    ([0xff00, 0, 0],        8, "a multicast address"),
    ([0x2001, 0, 0],       23, "a reserved address"), // Teredo, benchmarks, ORCHID, …
    ([0x2001, 0xdb8, 0],   32, "an address for documentation"),
    ([0x3fff, 0, 0],       20, "an address for documentation"),
];

/// What a forbidden address is, in words; `None` for one that may be called.
pub fn forbidden(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let (.., kind) = V4
        .iter()
        .find(|(base, length, _)| bits >> (32 - length) == u32::from_be_bytes(*base) >> (32 - length))?;
    Some(kind)
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    let head = |[a, b, c, ..]: [u16; 8]| (u64::from(a) << 32) | (u64::from(b) << 16) | u64::from(c);
    let bits = head(address.segments());
    let within = |base: [u16; 3], length: u32| {
        let [a, b, c] = base;
        bits >> (48 - length) == head([a, b, c, 0, 0, 0, 0, 0]) >> (48 - length)
    };
    if address == Ipv6Addr::UNSPECIFIED {
        return Some("an unspecified address");
    }
    if address == Ipv6Addr::LOCALHOST {
        return Some("a loopback address");
    }
    if let Some((.., kind)) = V6.iter().find(|(base, length, _)| within(*base, *length)) {
        return Some(kind);
    }
    if let Some(carried) = carried(address) {
        return v4(carried);
    }
    // Nothing else was given out yet.
    (!within([0x2000, 0, 0], 3)).then_some("a reserved address")
}

/// The IPv4 address that a translator or the end of a tunnel would go on to.
#[rustfmt::skip]
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low]              // NAT64
        | [0, 0, 0, 0, 0, 0, high, low]                    // "compatible", of old
        | [0x2002, high, low, ..]                          // 6to4
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => {  // ISATAP
            Some(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)))
        }
        _ => None,
    }
}
