//! Who is never connected to (R25).

use crate::fake::{Act, Server, answer};
use crate::{Names, PATH, allowing, is_accepted, send, send_to, webhook};
use notifyd_lifecycle::{Outcome, Policy};
use serde_json::json;

/// Addresses nobody may call, one of each kind, as a name may stand for them.
const FORBIDDEN: &[&str] = &[
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "3fff::1",
    "100::1",
];

#[tokio::test]
async fn no_name_leads_to_a_forbidden_address() {
    for address in FORBIDDEN {
        for answer in [vec![*address], vec!["93.184.215.14", *address], vec![*address, "2606:4700::1111"]] {
            let names = Names::of(&[("hooks.example", &[&answer])]);
            let network = allowing(&[], names.clone());
            let url = format!("https://hooks.example{PATH}");
            let own = send(&webhook(&network, &json!({"url": url}), None)).await;
            assert_eq!(own.outcome, Outcome::ProviderConfig, "{answer:?}: {own:?}");
            let message = own.message.unwrap();
            assert!(message.contains("allow_private"), "{message}");
            // Where the house is on the inside is not told.
            assert!(!message.contains(address), "{message}");
            let theirs = send_to(&webhook(&network, &json!({}), None), &url, &json!({}), 1).await;
            assert_eq!((theirs.outcome, names.asked()), (Outcome::Permanent, 2));
        }
    }
}

#[tokio::test]
async fn an_address_in_a_url_needs_no_name_to_be_refused() {
    let server = Server::start([]).await;
    let port = server.address.port();
    let names = Names::of(&[]);
    let network = allowing(&["127.0.0.1/32:1"], names.clone());
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "0",
        "0.0.0.0",
        "[::]",
        "localhost",
    ] {
        let url = format!("http://{host}:{port}{PATH}");
        let report = send_to(&webhook(&network, &json!({}), None), &url, &json!({}), 1).await;
        // A name that stands for the loopback is looked up; here nobody knows it.
        let expected = if host == "localhost" { Outcome::Transient } else { Outcome::Permanent };
        assert_eq!(report.outcome, expected, "{host}: {report:?}");
        let provider = webhook(&network, &json!({"url": url}), None);
        assert_eq!(provider.check().unwrap_err().field(), Some("url"), "{host}");
    }
    assert_eq!((server.connections(), names.asked()), (0, 1));
}

#[tokio::test]
async fn a_name_that_changes_its_mind_gets_no_one_in() {
    // What is allowed stands for the public internet, its neighbour for the inside of the house.
    let outside = Server::start([]).await;
    let port = outside.address.port();
    let Ok(probe) = tokio::net::TcpListener::bind(("127.0.0.2", port)).await else {
        println!("skipped: 127.0.0.2 cannot be listened at");
        return;
    };
    drop(probe);
    let inside = Server::at(format!("127.0.0.2:{port}").parse().unwrap(), [], None).await;
    let names = Names::of(&[("rebinds.example", &[&["127.0.0.1"], &["127.0.0.2"]])]);
    let network = allowing(&["127.0.0.1/32"], names.clone());
    let url = format!("http://rebinds.example:{port}{PATH}");
    let provider = webhook(&network, &json!({"url": url}), None);
    assert!(is_accepted(&send(&provider).await));
    // What was looked at is connected to: one look-up for one connection, which is used again.
    assert!(is_accepted(&send(&provider).await));
    assert_eq!((names.asked(), outside.connections()), (1, 1));
    // A connection of its own.
    let report = send(&webhook(&network, &json!({"url": url}), None)).await;
    assert_eq!(report.outcome, Outcome::ProviderConfig);
    assert_eq!((names.asked(), outside.connections(), inside.connections()), (2, 1, 0));
    assert_eq!(outside.requests()[0].header("host"), Some(&*format!("rebinds.example:{port}")));
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_takes_no_connection() {
    let server = Server::start([]).await;
    let port = server.address.port();
    let names = Names::of(&[("two.example", &[&["127.0.0.9", "127.0.0.1"]])]);
    let network = allowing(&["127.0.0.0/8"], names);
    let provider = webhook(&network, &json!({"url": format!("http://two.example:{port}/")}), None);
    assert!(is_accepted(&send(&provider).await));
}

#[tokio::test]
async fn what_is_allowed_no_longer_is_not_called_on_an_open_connection_either() {
    let mut server = Server::start([Act::Say(answer("200 OK", "", ""))]).await;
    let network = allowing(&["127.0.0.1/32"], Names::of(&[]));
    let provider = webhook(&network, &json!({"url": server.url(PATH)}), None);
    assert!(is_accepted(&send(&provider).await) && provider.check().is_ok());
    network.set_policy(Policy::default());
    assert_eq!(send(&provider).await.outcome, Outcome::ProviderConfig);
    assert!(provider.check().is_err());
    server.until_open(0).await;
    assert_eq!(server.requests().len(), 1);
    network.set_policy(Policy::allowing(["127.0.0.0/8"]).unwrap());
    assert!(is_accepted(&send(&provider).await));
}
