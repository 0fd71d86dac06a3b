//! Encrypted connections: only to whom they should be.

use crate::authority::authority;
use crate::fake::Server;
use crate::{Names, PATH, allowing, is_accepted, send, webhook};
use notifyd_lifecycle::Outcome;
use serde_json::json;

#[tokio::test]
async fn only_a_certificate_of_the_right_name_is_believed() {
    let (ca, acceptor) = authority(&["hooks.example", "127.0.0.1"]);
    let server = Server::with_tls(acceptor).await;
    let port = server.address.port();
    let names = Names::of(&[("hooks.example", &[&["127.0.0.1"]]), ("other.example", &[&["127.0.0.1"]])]);
    let network = allowing(&["127.0.0.1/32"], names);
    let to = |host: &str| format!("https://{host}:{port}{PATH}");
    for host in ["hooks.example", "127.0.0.1"] {
        let provider = webhook(&network, &json!({"url": to(host), "ca_file": ca}), None);
        for _ in 0..3 {
            let report = send(&provider).await;
            assert!(is_accepted(&report), "{host}: {report:?}");
        }
    }
    assert_eq!((server.connections(), server.requests().len()), (2, 6));
    // Another name, and nobody to vouch for it.
    for config in [json!({"url": to("other.example"), "ca_file": ca}), json!({"url": to("hooks.example")})] {
        let report = send(&webhook(&network, &config, None)).await;
        assert_eq!(report.outcome, Outcome::Transient, "{report:?}");
        assert!(report.message.unwrap().contains("cannot encrypt: invalid peer certificate"));
    }
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_gets_nothing() {
    // It takes the greeting for the head of a request that never ends.
    let server = Server::start([]).await;
    let network = allowing(&["127.0.0.1/32"], Names::of(&[]));
    let url = server.url(PATH).replace("http:", "https:");
    let report = send(&webhook(&network, &json!({"url": url, "timeout_seconds": 1}), None)).await;
    assert_eq!(report.outcome, Outcome::Transient, "{report:?}");
    assert!(server.requests().is_empty());
}
