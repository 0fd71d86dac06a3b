//! A daemon that was given words that stand out, with all that it and its tools wrote.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::Method;
use memchr::memmem::Finder;
use notify_tests::ctl::Ran;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::relay::{Manner, Relay};
use serde_json::{Value, json};
use std::fs;

pub(crate) const PASSWORD: &str = "canarypasswordofrelay";
/// The base64 of `canarysigningsecretofwebhook`.
pub(crate) const SIGNING: &str = "whsec_Y2FuYXJ5c2lnbmluZ3NlY3JldG9md2ViaG9vaw==";
pub(crate) const HEADER: &str = "canaryheaderofwebhook";
pub(crate) const USER: &str = "relayuser";
pub(crate) const BODY: &str = "canarybodyofmessage";
pub(crate) const SUBJECT: &str = "canarysubjectofmessage";
pub(crate) const HTML: &str = "canaryhtmlofmessage";
pub(crate) const ATTACHED: &str = "canaryattachedfile";
pub(crate) const META: &str = "canarymetadata";
pub(crate) const NUMBER: &str = "+15005550177";
pub(crate) const MAILBOXES: [&str; 4] =
    ["canaryto@example.org", "canarycc@example.org", "canarybcc@example.org", "canaryreply@example.org"];
/// Given where no right one belongs, or where none does.
pub(crate) const STRAYS: [&str; 9] = [
    "canarystraybearer",
    "canarystraybasic",
    "canarystrayapikey",
    "canarystrayquery",
    "canarystraycookie",
    "canarystrayconfig",
    "canarystrayflag",
    "canarystraysetting",
    "canarystraymock",
];

/// Ways out for mail, by how they treat it.
pub(crate) const RELAYS: [(&str, Manner); 5] = [
    ("good", Manner::Takes),
    ("shut", Manner::RefusesLogins),
    ("picky", Manner::RefusesRecipients),
    ("curt", Manner::RefusesCopies),
    ("strict", Manner::RefusesMails),
];

/// Everything that was written, by where it was.
#[derive(Default)]
pub(crate) struct Written(pub(crate) Vec<(String, Vec<u8>)>);

impl Written {
    pub(crate) fn add(&mut self, place: impl Into<String>, text: impl Into<Vec<u8>>) {
        self.0.push((place.into(), text.into()));
    }

    pub(crate) fn ran(&mut self, place: &str, ran: &Ran) {
        self.add(format!("stdout of {place}"), ran.stdout.as_str());
        self.add(format!("stderr of {place}"), ran.stderr.as_str());
    }

    /// Every place a word is in, as often as it is there.
    pub(crate) fn places(&self, word: &[u8]) -> Vec<&str> {
        let finder = Finder::new(word);
        let times = |text: &[u8]| finder.find_iter(text).count();
        self.0.iter().flat_map(|(place, text)| vec![place.as_str(); times(text)]).collect()
    }
}

/// In all the forms in which bytes are commonly written.
pub(crate) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let list = secret.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
    let base64 = BASE64_STANDARD.encode(secret).trim_end_matches('=').to_owned();
    vec![secret.into(), hex.into(), list.into(), base64.into()]
}

/// The secret half of a key; of a signing secret, all of it.
pub(crate) fn half(key: &str) -> String {
    key.trim().split('-').next_back().unwrap_or_default().to_owned()
}

pub(crate) struct House {
    pub(crate) daemon: Daemon,
    pub(crate) written: Written,
    pub(crate) key: String,
    /// Keys that were shown, with the place that showed each.
    pub(crate) shown: Vec<(String, String)>,
    pub(crate) waits: String,
    pub(crate) dead: String,
    /// One to which nobody listens, and an event of what waits that is owed to it.
    pub(crate) webhook: String,
    pub(crate) delivery: String,
}

impl House {
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.daemon.builder().dir().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn ctl(&mut self, words: &[&str]) -> Ran {
        let ran = self.daemon.ctl().run(words);
        self.written.ran(&format!("notifyctl {}", words.join(" ")), &ran);
        ran
    }

    pub(crate) fn relay(&mut self, name: &str, relay: &Relay, priority: &str) {
        let secret = self.file("relay.secret", PASSWORD);
        let config = json!({
            "host": "127.0.0.1", "port": relay.port(), "tls": "none", "from": "a@example.org", "username": USER,
        });
        let config = self.file("relay.json", &config.to_string());
        let words =
            ["provider", "add", name, "--type", "smtp", "--priority", priority, "--config-file", &config];
        let ran = self.ctl(&[&words[..], &["--secret-file", &secret, "-vv"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }

    /// A webhook with a secret and a header that stand out.
    fn hook(&mut self) {
        let headers = self.file("hook.headers", &format!("X-Token: {HEADER}\n"));
        let secret = self.file("hook.secret", SIGNING);
        let words =
            ["webhook", "create", "--service", "acme", "--url", "http://127.0.0.1:9/n", "-vv", "-o", "id"];
        let ran = self.ctl(&[&words[..], &["--header-file", &headers, "--secret-file", &secret]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.trim().clone_into(&mut self.webhook);
    }

    /// Asks over HTTP. What is answered to whoever proved who it is may hold its own words; all else may not.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, Value) {
        let known = headers.iter().any(|(_, value)| value.contains(&self.key));
        let mut client = self.daemon.client("").await;
        let asked = client.request(method.parse::<Method>().unwrap(), path, headers, body.to_owned());
        let answer = asked.await.unwrap();
        if !known {
            let headers = format!("{:?}", answer.headers);
            self.written.add(format!("answer to {method} {path} {headers}"), answer.body.to_vec());
            self.written.add(format!("headers of {method} {path}"), headers);
        }
        (answer.status.as_u16(), answer.json())
    }

    /// Sends it and waits until the log says what became of it.
    pub(crate) async fn sent(&mut self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.own("POST", path, &body.to_string()).await;
        assert_eq!(status, 202, "{answer}");
        self.daemon.wait_for_log(|line| line["notification_id"] == answer["id"]);
        answer
    }

    pub(crate) async fn own(&mut self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.key);
        self.ask(method, path, &[("authorization", &bearer)], body).await
    }
}

/// A mail with a word in every place that takes one.
pub(crate) fn mail(provider: &str) -> Value {
    json!({
        "to": MAILBOXES[0], "cc": MAILBOXES[1], "bcc": MAILBOXES[2], "reply_to": MAILBOXES[3], "subject": SUBJECT,
        "content": BODY, "html_body": format!("<p>{HTML}</p>"), "meta_data": {"note": META}, "provider_id": provider,
        "attachments": [{
            "filename": "a.txt", "content_type": "text/plain", "content_base64": BASE64_STANDARD.encode(ATTACHED),
        }],
        "retry": {"delays": []}, "deduplicate": false,
    })
}

/// A daemon that says all it can say, with services, providers and notifications that end in every way.
pub(crate) async fn furnished(builder: &Builder, relays: &[Relay]) -> House {
    let daemon = builder.start();
    let words = ["-q", "-o", "plain", "service", "create", "acme"];
    let key = daemon.ctl().ok(&words).trim().to_owned();
    daemon.mock("quiet", &json!({}), &["--priority", "1"]);
    daemon.mock("broken", &json!({"outcome": "permanent"}), &["--priority", "90"]);
    let shown = vec![("stdout of notifyctl service create".to_owned(), key.clone())];
    let none = String::new;
    let (waits, dead, webhook, delivery) = (none(), none(), none(), none());
    let written = Written::default();
    let mut house = House { daemon, written, key, shown, waits, dead, webhook, delivery };
    house.hook();
    for (number, (name, _)) in RELAYS.iter().enumerate() {
        house.relay(name, &relays[number], &(10 + number).to_string());
    }
    let broken = json!({"to": NUMBER, "message": BODY, "provider_id": "broken", "retry": {"delays": []}});
    let first = house.sent("/api/v1/sms", &broken).await;
    first["id"].as_str().unwrap().clone_into(&mut house.dead);
    house.ctl(&["notification", "wait", first["id"].as_str().unwrap()]);
    for (provider, _) in RELAYS {
        house.sent("/api/v1/email", &mail(provider)).await;
    }
    house.sent("/api/v1/sms", &json!({"to": NUMBER, "message": BODY, "meta_data": {"note": META}})).await;
    let made: notify_proto::Timestamp = first["created_at"].as_str().unwrap().parse().unwrap();
    let tomorrow = notify_proto::view::rfc3339(made + chrono::TimeDelta::days(1));
    let later = json!({"to": NUMBER, "message": BODY, "scheduled_at": tomorrow, "deduplicate": false});
    let (_, kept) = house.own("POST", "/api/v1/sms", &later.to_string()).await;
    kept["id"].as_str().unwrap().clone_into(&mut house.waits);
    let told = house.daemon.ctl().json(&["notification", "show", &house.waits, "--webhooks"]);
    told["webhooks"][0]["id"].as_str().unwrap().clone_into(&mut house.delivery);
    house
}
