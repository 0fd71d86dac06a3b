//! `man/notifyd-http.7` against a running daemon.

use super::{at, read};
use hyper::{Method, StatusCode};
use notify_proto::send::SendRequest;
use notify_proto::{Channel, Status};
use notify_tests::daemon::Daemon;
use notify_tests::http::{Answer, Client};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PAGE: &str = "man/notifyd-http.7";

/// Where webhooks are.
const WEBHOOKS: &str = "/api/v1/webhooks";

/// The page as a person reads it, without the escapes that tests would trip over.
fn page() -> String {
    read(PAGE).replace("\\-", "-").replace("\\(dq", "\"").replace("\\(aq", "'")
}

/// Method and path of every route on the page.
fn routes() -> Vec<(Method, String)> {
    let page = page();
    let heads = page.lines().filter_map(|line| line.strip_prefix(".SS ")?.split_once(" /"));
    let routes: Vec<_> = heads.map(|(method, path)| (method.parse().unwrap(), format!("/{path}"))).collect();
    assert!(routes.len() > 10, "the routes were not found");
    routes
}

/// All of the intake's source.
fn sources(room: &str) -> String {
    fn collect(dir: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut text = String::new();
    collect(&at(room), &mut text);
    text
}

fn address(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms | Channel::Whatsapp => "+15005550006",
        Channel::Email => "ada@example.org",
        Channel::Webhook => "https://hooks.example.org/a",
        _ => "@ada",
    }
}

async fn ask(client: &mut Client, method: &Method, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    client.request(method.clone(), path, &[], body).await.unwrap()
}

/// A notification that stays pending, so that it can be changed.
async fn pending(client: &mut Client) -> String {
    let body = json!({"to": address(Channel::Sms), "message": "later", "deduplicate": false,
        "scheduled_at": notify_proto::view::rfc3339(chrono_soon())});
    let answer = client.post("/api/v1/sms", &body).await.unwrap();
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.json());
    answer.id()
}

/// The address of a fresh webhook that was tested, and of what it is told, for a route.
async fn webhook(client: &mut Client, route: &str) -> String {
    let made = client.post(WEBHOOKS, &json!({"url": "https://hooks.example.org/in"})).await.unwrap().json();
    let id = made["id"].as_str().unwrap();
    let tested = client.post(&format!("{WEBHOOKS}/{id}/test"), &json!({})).await.unwrap().json();
    let delivery = tested["delivery_id"].as_str().unwrap();
    route.replace("{id}", id).replace("{delivery_id}", delivery)
}

#[expect(clippy::disallowed_methods, reason = "the daemon under test runs on the real clock")]
fn chrono_soon() -> notify_proto::Timestamp {
    chrono::Utc::now() + chrono::TimeDelta::days(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_there_and_no_other() {
    let daemon = Daemon::start();
    daemon.mock("trial", &json!({}), &[]);
    let key = daemon.service("acme");
    let mut client = daemon.client(&key).await;
    for (method, route) in routes() {
        let sends = method == Method::POST && !route.contains("{id}");
        let channels = if route.contains("{channel}") { Channel::ALL } else { &[Channel::Sms] };
        for channel in channels {
            let mut path = route.replace("{channel}", channel.as_str());
            if route.starts_with(WEBHOOKS) {
                path = webhook(&mut client, &route).await;
            } else if path.contains("{id}") {
                path = path.replace("{id}", &pending(&mut client).await);
            }
            let body = match &method {
                _ if route == WEBHOOKS && sends => json!({"url": "https://hooks.example.org/in"}),
                _ if route.ends_with("/replay") => json!({"since": "2001-01-01T00:00:00Z"}),
                method if *method == Method::PUT && route.starts_with(WEBHOOKS) => json!({"redact": true}),
                method if *method == Method::PUT => json!({"content": "changed"}),
                _ if sends && route.ends_with("/notifications") => {
                    json!({"channel": channel, "to": address(*channel), "message": "hello"})
                }
                _ if sends => json!({"to": address(*channel), "message": "hello"}),
                _ => Value::Null,
            };
            let answer = ask(&mut client, &method, &path, &body).await;
            // Only what failed or was cancelled can be retried; this one is pending.
            let good = if route.ends_with("/retry") {
                answer.status == StatusCode::CONFLICT
            } else {
                answer.status.is_success()
            };
            assert!(good, "{method} {path}: {} {}", answer.status, answer.json());
        }
    }
    let known = sources("notifyd/intake/src/");
    let table = known.split("const ROUTES").nth(1).unwrap().split("];").next().unwrap();
    let documented: BTreeSet<_> = routes().into_iter().map(|(_, route)| route).collect();
    for route in table.split('"').filter(|word| word.starts_with('/')) {
        assert!(documented.contains(route), "{route} is not in {PAGE}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_there_and_no_other() {
    let daemon = Daemon::start();
    daemon.mock("trial", &json!({}), &[]);
    let key = daemon.service("acme");
    let mut client = daemon.client(&key).await;
    client.post("/api/v1/sms", &json!({"to": "+15005550006", "message": "hello"})).await.unwrap();
    let metrics = String::from_utf8(client.get("/metrics").await.unwrap().body.to_vec()).unwrap();
    let page = page();
    let documented: BTreeSet<_> = page.lines().filter(|line| line.starts_with("notifyd_")).collect();
    let families = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for family in families {
        assert!(documented.contains(family), "{family} is not in {PAGE}");
    }
    let sources = sources("notifyd");
    for name in documented {
        assert!(sources.contains(&format!("\"{name}\"")), "there is no metric {name}");
    }
}

/// The JSON of the example that begins with `start`.
fn example(page: &str, start: &str) -> Value {
    let text = page.split(".EX\n").map(|rest| rest.split(".EE").next().unwrap_or_default());
    let text = text.filter_map(|example| example.find(start).map(|at| &example[at..]));
    let text = text.last().unwrap_or_else(|| panic!("no example starts with {start}"));
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{start}: {error}"))
}

fn members(value: &Value) -> Vec<&String> {
    value.as_object().expect("an object").keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_are_as_shown() {
    let page = page();
    let daemon = Daemon::start();
    daemon.mock("trial", &json!({}), &[]);
    let key = daemon.service("acme");
    let mut client = daemon.client(&key).await;
    let body = json!({"to": "+15005550006", "message": "Your code is 1234", "priority": "instant"});
    let mut sent = client.post("/api/v1/sms", &body).await.unwrap().json();
    let shown = example(&page, "{\"success\"");
    assert_eq!(members(&sent), members(&shown));
    let id = sent["id"].as_str().unwrap().to_owned();
    for member in ["id", "created_at"] {
        sent[member] = shown[member].clone();
    }
    sent["provider_response"]["notification_id"] = shown["id"].clone();
    assert_eq!(sent, shown);
    let mut refused = client.post("/api/v1/sms", &json!({"to": "+15005550006"})).await.unwrap().json();
    let shown = example(&page, "{\"type\"");
    refused["correlation_id"] = shown["correlation_id"].clone();
    assert_eq!(refused, shown);
    let body = json!({"url": "https://hooks.example.org/notify", "events": ["delivered", "failed"]});
    let mut made = client.post(WEBHOOKS, &body).await.unwrap().json();
    let shown = example(&page, "{\"id\"");
    assert_eq!(members(&made), members(&shown));
    for member in ["id", "service_id", "created_at", "updated_at", "secret_set_at", "secret"] {
        made[member] = shown[member].clone();
    }
    assert_eq!(made, shown);
    let stats = client.get("/api/v1/stats").await.unwrap().json();
    let shown = example(&page, "{\"since\": \"2026-11-21T09");
    assert_eq!(members(&stats), members(&shown));
    for part in ["latency_ms", "webhooks"] {
        assert_eq!(members(&stats[part]), members(&shown[part]));
    }
    assert_eq!(members(&stats["webhooks"]["ack_ms"]), members(&shown["webhooks"]["ack_ms"]));
    // Where only the members are named, each is there.
    for (method, route) in routes().into_iter().filter(|(method, _)| method == Method::GET) {
        let head = format!(".SS {method} {route}\n");
        let section = page.split(&head).nth(1).unwrap().split(".S").next().unwrap();
        let section = section.split("Parameters:").next().unwrap();
        let path = if route.starts_with(WEBHOOKS) {
            webhook(&mut client, &route).await
        } else {
            route.replace("{id}", &id)
        };
        let answer = client.get(&path).await.unwrap().body;
        let answer = String::from_utf8_lossy(&answer);
        for member in section.split('"').skip(1).step_by(2) {
            assert!(answer.contains(&format!("\"{member}\":")), "{route}: no {member} in {answer}");
        }
    }
}

#[test]
fn every_field_of_a_request_is_there_and_no_other() {
    let page = page();
    let section = page.split(".SS Fields").nth(1).unwrap().split(".SS ").next().unwrap();
    let tags =
        section.lines().filter_map(|line| line.strip_prefix(".B ").or_else(|| line.strip_prefix(".BR ")));
    let tags = tags.flat_map(|tag| tag.split([' ', ',', '"'])).filter(|word| !word.is_empty());
    let documented: BTreeSet<_> = tags.filter(|word| !word.contains(['.', ')'])).collect();
    let error = serde_json::from_str::<SendRequest>(r#"{"": 1}"#).unwrap_err().to_string();
    let fields: BTreeSet<_> =
        error.split("expected one of").nth(1).unwrap().split('`').skip(1).step_by(2).collect();
    assert!(fields.len() > 20, "{error}");
    assert_eq!(documented, fields);
}

#[test]
fn every_status_and_every_problem_is_there_and_no_other() {
    let page = page();
    for status in Status::ALL {
        assert!(page.contains(&format!("\n.B {status}\n")), "{status} is not in {PAGE}");
    }
    let section = page.split(".SH ERRORS").nth(1).unwrap().split(".SH ").next().unwrap();
    let problems = section.lines().filter_map(|line| line.strip_prefix(".B ")?.split_once(' '));
    let sources = sources("notifyd/intake/src");
    let documented: BTreeSet<_> = problems.map(|(_, kind)| kind).collect();
    for kind in &documented {
        assert!(sources.contains(&format!("\"{kind}\"")), "there is no problem {kind}");
    }
    // A type is the first text in small letters after one of the constructors.
    let constructors = ["Problem::new(", "Self::new(", "unavailable("];
    let problems = read("notifyd/intake/src/problem.rs");
    for (text, constructor) in
        constructors.map(|it| (if it.starts_with("Self") { &problems } else { &sources }, it))
    {
        for part in text.split(constructor).skip(1) {
            let kind = part.split('"').nth(1).unwrap_or_default();
            let is_type = kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            assert!(!is_type || documented.contains(kind), "{kind} is not in {PAGE}");
        }
    }
}
