//! R23: whoever has no right key hears the same, whatever is wrong with it; a right key opens at once, whoever guessed
//! before.

use hyper::Method;
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::http::{Answer, Client};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a key may take to expire that was made to: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(60);

const LIST: &str = "/api/v1/notifications";

/// A daemon with connections that send no key of their own.
struct House {
    daemon: Daemon,
    client: Client,
}

impl House {
    async fn new() -> Self {
        let daemon = Daemon::start();
        let client = daemon.client("").await;
        Self { daemon, client }
    }

    async fn ask(&mut self, headers: &[(&str, &str)]) -> Answer {
        let headers = [headers, &[("x-correlation-id", "same")]].concat();
        self.client.request(Method::GET, LIST, &headers, "").await.unwrap()
    }

    /// What a key gets, in both ways to give it.
    async fn with(&mut self, key: &str) -> Answer {
        let bearer = self.ask(&[("authorization", &format!("Bearer {key}"))]).await;
        let id = service_of(key);
        let pair = self.ask(&[("x-service-id", &id), ("x-api-key", key)]).await;
        assert_eq!((bearer.status, &bearer.body), (pair.status, &pair.body));
        bearer
    }

    async fn code(&mut self, key: &str) -> u16 {
        self.with(key).await.status.as_u16()
    }

    /// A fresh key of `notifyctl service key create|reset`.
    fn key(&self, arguments: &[&str]) -> String {
        let words = [&["-q", "-o", "plain", "service", "key"], arguments].concat();
        self.daemon.ctl().ok(&words).trim().to_owned()
    }
}

fn service_of(key: &str) -> String {
    key.split('-').next().unwrap().to_owned()
}

/// The half of a key by which `notifyctl` tells it from others.
fn prefix_of(key: &str) -> &str {
    &key.split('-').nth(1).unwrap()[..8]
}

/// The same key but for its last digit.
fn almost(key: &str) -> String {
    let (rest, last) = key.split_at(key.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wrong_key_hears_the_same() {
    let mut house = House::new().await;
    let (mine, theirs) = (house.daemon.service("mine"), house.daemon.service("theirs"));
    let revoked = house.key(&["create", "mine"]);
    house.daemon.ctl().ok(&["service", "key", "revoke", "mine", prefix_of(&revoked), "--confirm", "mine"]);
    let replaced = house.daemon.service("replaced");
    house.key(&["reset", "replaced", "--grace", "0s", "--confirm", "replaced"]);
    let (my_id, their_id) = (service_of(&mine), service_of(&theirs));
    let nobody = uuid::Uuid::now_v7().simple().to_string();
    let nobodys = mine.replace(&my_id, &nobody);
    let bearer = |key: &str| format!("Bearer {key}");
    let wrong: Vec<Vec<(&str, String)>> = vec![
        vec![],
        vec![("x-service-id", my_id.clone())],
        vec![("x-api-key", mine.clone())],
        vec![("x-service-id", my_id.clone()), ("x-api-key", almost(&mine))],
        vec![("x-service-id", my_id.clone()), ("x-api-key", String::new())],
        vec![("x-service-id", my_id.clone()), ("x-api-key", prefix_of(&mine).into())],
        vec![("x-service-id", "not an id".into()), ("x-api-key", mine.clone())],
        vec![("x-service-id", nobody.clone()), ("x-api-key", mine.clone())],
        vec![("x-service-id", nobody), ("x-api-key", nobodys.clone())],
        // The key of one with the name of another, both ways round.
        vec![("x-service-id", their_id.clone()), ("x-api-key", mine.clone())],
        vec![("x-service-id", my_id.clone()), ("x-api-key", theirs.clone())],
        vec![("x-service-id", their_id.clone()), ("authorization", bearer(&mine))],
        vec![("authorization", bearer(&mine.replace(&my_id, &their_id)))],
        vec![("authorization", bearer(&almost(&mine)))],
        vec![("authorization", bearer(&nobodys))],
        vec![("authorization", bearer(&revoked))],
        vec![("authorization", bearer(&replaced))],
        vec![("authorization", bearer("nonsense"))],
        vec![("authorization", bearer(""))],
        vec![("authorization", "Bearer".into())],
        vec![("authorization", mine.clone())],
        vec![("authorization", format!("Basic {mine}"))],
        // A wrong one of a kind that goes first is not saved by a right one of the other.
        vec![("x-service-id", my_id.clone()), ("x-api-key", almost(&mine)), ("authorization", bearer(&mine))],
    ];
    let mut heard = Vec::new();
    for headers in &wrong {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = house.ask(&headers).await;
        assert_eq!(answer.status, 401, "{headers:?}: {}", answer.json());
        let mut names: Vec<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        heard.push((names, answer.body));
        // Twenty in a row would be locked out; a right key ends the row.
        assert_eq!(house.code(&mine).await, 200);
    }
    heard.dedup();
    assert_eq!(heard.len(), 1, "{heard:?}");
    for key in [&mine, &theirs] {
        assert_eq!(house.code(key).await, 200);
    }
    // The key is asked for before anything else that may be wrong is told.
    for (method, path) in notifyd_intake::operations() {
        let path = path.replace("{channel}", "sms").replace("{id}", "x").replace("{delivery_id}", "x");
        for body in ["", "{"] {
            let headers = [("x-correlation-id", "same")];
            let asked = house.client.request(method.parse().unwrap(), &path, &headers, body);
            let answer = asked.await.unwrap();
            assert_eq!((answer.status.as_u16(), &answer.body), (401, &heard[0].1), "{method} {path} {body}");
            assert_eq!(house.code(&mine).await, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_end_when_they_are_told_to() {
    let mut house = House::new().await;
    let first = house.daemon.service("acme");
    let second = house.key(&["create", "acme", "--label", "ci"]);
    assert_eq!((house.code(&first).await, house.code(&second).await), (200, 200));
    house.daemon.ctl().ok(&["service", "key", "revoke", "acme", prefix_of(&second), "--confirm", "acme"]);
    assert_eq!((house.code(&first).await, house.code(&second).await), (200, 401));
    // With grace both open, without only the new one.
    let third = house.key(&["reset", "acme", "--grace", "1h", "--confirm", "acme"]);
    assert_eq!((house.code(&first).await, house.code(&third).await), (200, 200));
    let fourth = house.key(&["reset", "acme", "--grace", "0s", "--confirm", "acme"]);
    for old in [&first, &second, &third] {
        assert_eq!(house.code(old).await, 401);
    }
    assert_eq!(house.code(&fourth).await, 200);
    // One that expires by itself: it opens until then, and nobody does anything.
    let brief = house.key(&["create", "acme", "--expires", "1s"]);
    let bearer = format!("Bearer {brief}");
    let asked_until_it_ends = async { while house.ask(&[("authorization", &bearer)]).await.status == 200 {} };
    tokio::time::timeout(PATIENCE, asked_until_it_ends).await.unwrap();
    assert_eq!(house.code(&brief).await, 401);
    // Switched off: a right key is told so, a wrong one is not.
    house.daemon.ctl().ok(&["service", "disable", "acme", "--yes"]);
    let off = house.with(&fourth).await;
    assert_eq!((off.status.as_u16(), &off.json()["type"]), (403, &json!("service-inactive")));
    assert_eq!(house.code(&almost(&fourth)).await, 401);
    assert_eq!(house.code(&first).await, 401, "an old key of it");
    house.daemon.ctl().ok(&["service", "enable", "acme"]);
    assert_eq!(house.code(&fourth).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_end_for_good_also_when_the_daemon_dies_at_once() {
    let daemon = Daemon::start();
    let first = daemon.service("acme");
    let words =
        ["-q", "-o", "plain", "service", "key", "reset", "acme", "--grace", "0s", "--confirm", "acme"];
    let second = daemon.ctl().ok(&words).trim().to_owned();
    let daemon = daemon.kill().start();
    let client = daemon.client("").await;
    let mut house = House { daemon, client };
    assert_eq!((house.code(&first).await, house.code(&second).await), (401, 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_locks_the_guesser_out_and_not_the_service() {
    let mut house = House::new().await;
    let key = house.daemon.service("acme");
    let other = house.daemon.service("other");
    let guess = format!("Bearer {}", almost(&key));
    let locked = |answer: &Answer| {
        let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=7_201).contains(&seconds), "{seconds}");
        assert_eq!((answer.status.as_u16(), &answer.json()["type"]), (429, &json!("locked")));
    };
    for round in 0..2 {
        for number in 0..20 {
            let answer = house.ask(&[("authorization", &guess)]).await;
            assert_eq!(answer.status, 401, "round {round}, guess {number}");
        }
        locked(&house.ask(&[("authorization", &guess)]).await);
        let shown = house.daemon.ctl().json(&["service", "show", "acme"])["service"].clone();
        assert!(shown["auth_failures"] == 20 && shown["locked_until"] != Value::Null, "{shown}");
        // Neither the right key nor anybody else's notices; the right one also forgets the guesses.
        assert_eq!((house.code(&other).await, house.code(&key).await), (200, 200));
        let shown = house.daemon.ctl().json(&["service", "show", "acme"])["service"].clone();
        assert!(shown["auth_failures"] == 0 && shown["locked_until"] == Value::Null, "{shown}");
    }
    // A service that does not exist is counted on the peer, and looks the same from outside.
    let nobodys =
        format!("Bearer {}", key.replace(&service_of(&key), &uuid::Uuid::now_v7().simple().to_string()));
    for number in 0..20 {
        assert_eq!(house.ask(&[("authorization", &nobodys)]).await.status, 401, "guess {number}");
    }
    locked(&house.ask(&[("authorization", &nobodys)]).await);
    assert_eq!(house.code(&key).await, 200, "the same peer with a right key");
    // An operator's word forgets them, too.
    for _ in 0..20 {
        house.ask(&[("authorization", &guess)]).await;
    }
    locked(&house.ask(&[("authorization", &guess)]).await);
    house.daemon.ctl().ok(&["service", "unlock", "acme"]);
    let shown = house.daemon.ctl().json(&["service", "show", "acme"])["service"].clone();
    assert!(shown["auth_failures"] == 0 && shown["locked_until"] == Value::Null, "{shown}");
    // The address that guessed stays locked, whatever it names, until it shows a right key.
    locked(&house.ask(&[("authorization", &guess)]).await);
    assert_eq!(house.code(&other).await, 200);
    assert_eq!(house.ask(&[("authorization", &guess)]).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_anonymous_service_is_for_those_who_say_nothing() {
    let builder = Builder::new().config("[intake]\nanonymous_service = \"trial\"\n");
    let daemon = builder.start();
    let client = daemon.client("").await;
    let mut house = House { daemon, client };
    assert_eq!(house.ask(&[]).await.status, 401, "it does not exist yet");
    let (trial, mine) = (house.daemon.service("trial"), house.daemon.service("mine"));
    assert_eq!(house.ask(&[]).await.status, 200);
    for headers in [
        &[("authorization", "Bearer nonsense")][..],
        &[("authorization", &format!("Bearer {}", almost(&trial)))],
        &[("x-service-id", &service_of(&mine))],
        &[("x-service-id", &service_of(&trial))],
        &[("x-api-key", "")],
    ] {
        assert_eq!(house.ask(headers).await.status, 401, "{headers:?}");
    }
    house.daemon.ctl().ok(&["service", "disable", "trial", "--yes"]);
    assert_eq!(house.ask(&[]).await.status, 403);
    assert_eq!(house.code(&mine).await, 200);
}
