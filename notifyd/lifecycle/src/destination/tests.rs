use super::*;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Spellings of addresses nobody may call. Those that are no URL at all are as good as refused.
const FORBIDDEN: &[&str] = &[
    // Loopback, in all clothes.
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/x?y=z",
    "https://127.0.0.1",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.255.255.254/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://0x7f.1/",
    "http://127.0.0.1./",
    "http://127.0.0.0x1/",
    "http://00000177.00000000.00000000.00000001/",
    "http://%31%32%37.0.0.1/",
    "http://１２７.0.0.1/",
    "http://127。0。0。1/",
    "http://127．0．0．1/",
    "http://①②⑦.0.0.1/",
    "HTTP://127.0.0.1/",
    "http:127.0.0.1",
    "http:/127.0.0.1",
    "http:///127.0.0.1",
    "http:\\\\127.0.0.1\\",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://api.localhost:9000/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000::0001]:8080/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:FFFF:7F00:1]/",
    // Unspecified.
    "http://0.0.0.0/",
    "http://0/",
    "http://0x0/",
    "http://0.1.2.3/",
    "http://[::]/",
    "http://[::ffff:0.0.0.0]/",
    // Private and shared.
    "http://10.0.0.1/",
    "http://10.1/",
    "http://167772161/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://0300.0250.1.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://[::ffff:192.168.0.1]/",
    "http://[::10.0.0.1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fec0::1]/",
    // Link-local and metadata.
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fe80::1]/",
    "http://[febf::1]/",
    // Carriers of IPv4 addresses.
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::10.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:c0a8:101::1]/",
    "http://[2001:0:4136:e378:8000:63bf:f5ff:fffe]/",
    "http://[2606:4700::5efe:10.0.0.1]/",
    "http://[2606:4700::200:5efe:127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    // Documentation, benchmarks, multicast, broadcast, reserved.
    "http://192.0.2.1/",
    "http://198.51.100.7/",
    "http://203.0.113.9/",
    "http://198.18.0.1/",
    "http://198.19.255.255/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://4294967295/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[2001:2::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    "http://[5f00::1]/",
];

#[test]
fn no_spelling_of_a_forbidden_address_is_taken() {
    assert!(FORBIDDEN.len() >= 80, "{}", FORBIDDEN.len());
    let policy = Policy::default();
    for url in FORBIDDEN {
        let refused = policy.check_url(url);
        assert!(matches!(refused, Err(Refusal::Forbidden(_))), "{url}: {refused:?}");
    }
}

#[test]
fn what_is_no_plain_web_address_is_refused_with_the_reason() {
    for (url, reason) in [
        ("", Refusal::NoUrl),
        ("hooks.example.org/x", Refusal::NoUrl),
        ("http://", Refusal::NoUrl),
        ("http://.", Refusal::NoUrl),
        ("https://hooks.example.org/a b", Refusal::NoUrl),
        ("https://hooks.example.org/a\tb", Refusal::NoUrl),
        ("ht\ntp://hooks.example.org/", Refusal::NoUrl),
        ("https://hooks.example.org/\r\nX-Evil: 1", Refusal::NoUrl),
        ("http://127.0.0.1%00.example.org/", Refusal::NoUrl),
        ("http://[fe80::1%25eth0]/", Refusal::NoUrl),
        ("http://256.0.0.1/", Refusal::NoUrl),
        ("http://1.2.3.4.5/", Refusal::NoUrl),
        ("http://hooks.example.org:99999/", Refusal::NoUrl),
        ("ftp://hooks.example.org/", Refusal::Scheme),
        ("file:///etc/passwd", Refusal::Scheme),
        ("gopher://hooks.example.org/", Refusal::Scheme),
        ("unix:/run/notifyd/control.sock", Refusal::Scheme),
        ("https://user@hooks.example.org/", Refusal::Userinfo),
        ("https://user:pass@hooks.example.org/", Refusal::Userinfo),
        ("https://:pass@hooks.example.org/", Refusal::Userinfo),
        ("https://hooks.example.org:0/", Refusal::Port),
    ] {
        assert_eq!(Policy::default().check_url(url), Err(reason), "{url:?}");
    }
    let long = format!("https://hooks.example.org/{}", "x".repeat(MAX_URL));
    assert_eq!(Policy::default().check_url(&long), Err(Refusal::NoUrl));
}

#[test]
fn public_addresses_and_names_are_taken_apart() {
    let take = |url: &str| Policy::default().check_url(url).unwrap();
    let it = take("https://Hooks.Example.org/in?key=1#part");
    assert_eq!((it.https, it.port, it.path.as_str()), (true, 443, "/in?key=1"));
    assert_eq!(it.host, Host::Name("hooks.example.org".into()));
    assert_eq!(it.authority(), "hooks.example.org");
    let it = take("http://93.184.215.14:8080");
    assert_eq!((it.authority().as_str(), it.path.as_str()), ("93.184.215.14:8080", "/"));
    let it = take("http://[2606:4700::1111]/");
    assert_eq!((it.authority().as_str(), it.port), ("[2606:4700::1111]", 80));
    assert_eq!(take("https://bücher.example/").authority(), "xn--bcher-kva.example");
    // One parser for all: what it takes for the host is what is connected to.
    assert_eq!(take("http://example.org\\@127.0.0.1/").to_string(), "http://example.org:80");
    // A translator goes on to a public address.
    take("http://[64:ff9b::93.184.215.14]/");
    take("http://[2002:5db8:d70e::1]/");
    for url in ["http://8.8.8.8/", "http://172.32.0.1/", "http://100.128.0.1/", "http://[2a00::1]/"] {
        take(url);
    }
}

#[test]
fn a_destination_shows_neither_path_nor_query() {
    let it = Destination::parse("https://hooks.example.org/canary?key=canary").unwrap();
    assert_eq!(format!("{it} {it:?}"), "https://hooks.example.org:443 https://hooks.example.org:443");
}

#[test]
fn exceptions_open_their_network_and_their_port_and_nothing_else() {
    let entries = ["10.1.0.0/16", "127.0.0.1/32:8080", "[::1]/128:9000", "fd00::/8", "2001:db8::/32:80"];
    let policy = Policy::allowing(entries).unwrap();
    for url in [
        "http://10.1.255.1/",
        "http://10.1.0.0:9/",
        "http://[::ffff:10.1.2.3]/",
        "http://127.1:8080/",
        "http://localhost:8080/",
        "http://localhost:9000/",
        "http://[::1]:9000/",
        "http://[fdff::1]/",
        "http://[2001:db8::5]/",
    ] {
        assert!(policy.check_url(url).is_ok(), "{url}");
    }
    for url in [
        "http://10.2.0.1/",
        "http://127.0.0.1/",
        "http://127.0.0.2:8080/",
        "http://[::1]:8080/",
        "http://localhost/",
        "http://[fc00::1]/",
        "https://[2001:db8::5]/",
        // Carried by others, it is not the address that was allowed.
        "http://[64:ff9b::10.1.0.1]/",
        "http://[2002:a01:1::]/",
    ] {
        assert!(policy.check_url(url).is_err(), "{url}");
    }
    assert!(Policy::allowing(["0.0.0.0/0"]).unwrap().check_url("http://127.0.0.1/").is_ok());
    assert!(Policy::allowing(["::/0"]).unwrap().check_url("http://127.0.0.1/").is_err());
}

#[test]
fn a_wrong_exception_is_quoted_with_the_right_form() {
    for (entry, says) in [
        ("10.1.0.1", "`10.1.0.1` has no prefix length; write 10.1.0.1/32"),
        ("127.0.0.1:8080", "write 127.0.0.1/32:8080"),
        ("::1", "write ::1/128"),
        ("[::1]:9000", "write [::1]/128:9000"),
        ("localhost", "is no network"),
        ("", "is no network"),
        ("10.1.2.3/16", "write 10.1.0.0/16"),
        ("fd00::1/8", "write fd00::/8"),
        ("10.0.0.0/33", "prefix length from 0 to 32"),
        ("::1/129", "prefix length from 0 to 128"),
        ("10.0.0.0/+8", "prefix length"),
        ("10.0.0.0/", "prefix length"),
        ("10.0.0.0/8:", "port from 1 to 65535"),
        ("10.0.0.0/8:0", "port from 1 to 65535"),
        ("10.0.0.0/8:65536", "port from 1 to 65535"),
        ("example.org/8", "does not begin with an address"),
        ("::ffff:10.0.0.0/104", "write it as IPv4"),
    ] {
        let error = Policy::allowing(["192.168.0.0/16", entry]).unwrap_err();
        assert!(error.starts_with(&format!("`{entry}` ")) && error.contains(says), "{error}");
    }
}

proptest! {
    #[test]
    fn an_ipv4_address_is_judged_alike_in_every_clothing(bits: u32) {
        let address = Ipv4Addr::from_bits(bits);
        let plain = forbidden(address.into());
        prop_assert_eq!(forbidden(address.to_ipv6_mapped().into()), plain);
        let [a, b, c, d] = address.octets().map(u16::from);
        let (high, low) = ((a << 8) | b, (c << 8) | d);
        for carrier in [
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2a00, 1, 2, 3, 0, 0x5efe, high, low),
        ] {
            prop_assert_eq!(forbidden(carrier.into()), plain, "{}", carrier);
        }
        for url in [format!("http://{address}/"), format!("http://{bits}/"), format!("http://{bits:#x}/")] {
            prop_assert_eq!(Policy::default().check_url(&url).is_ok(), plain.is_none(), "{}", url);
        }
        let own = Policy::allowing([format!("{address}/32")]).unwrap();
        prop_assert!(own.check(address.into(), 80).is_ok());
        prop_assert_eq!(own.check(Ipv4Addr::from_bits(bits ^ 1).into(), 80).is_ok(), forbidden(Ipv4Addr::from_bits(bits ^ 1).into()).is_none());
    }

    #[test]
    fn no_text_upsets_it(text in "\\PC{0,60}|https?://[\\PC]{0,40}|[0-9a-f.:/\\[\\]]{0,40}") {
        if let Ok(destination) = Policy::default().check_url(&text) {
            prop_assert!(!destination.path.contains(|c: char| c.is_control() || c.is_whitespace()));
            prop_assert!(destination.path.starts_with('/'));
            // What was taken apart is taken again.
            let again = format!("{destination}{}", destination.path);
            prop_assert_eq!(Policy::default().check_url(&again).unwrap(), destination);
        }
        let _ = Policy::allowing([&text]);
    }
}
