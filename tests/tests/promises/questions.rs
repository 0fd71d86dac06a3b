//! What an application can ask about something that has a name, operation by operation.

use hyper::Method;
use notify_tests::http::{Answer, Client};
use serde_json::{Value, json};

/// Words that only the victim wrote. None may come up where the stranger did not write it.
pub(crate) const BODY: &str = "canaryvictimsbody";
pub(crate) const TENANT: &str = "canaryvictimstenant";
pub(crate) const EVENT: &str = "canaryvictimsevent";
pub(crate) const KEY: &str = "canaryvictimskey";
pub(crate) const RECIPIENT: &str = "+15005550142";

/// What names something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Notification,
    Cursor,
    Tenant,
    EventType,
    Recipient,
    /// The `Idempotency-Key` of a send.
    Key,
    /// What is sent: an equal one deduplicates.
    Content,
    Webhook,
    /// What was told to a webhook: both ids, as they stand in a path.
    Told,
}

/// One request about something; `{}` stands for its name.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) kind: Kind,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Its `Idempotency-Key`, if it has one.
    pub(crate) key: Option<String>,
    pub(crate) body: String,
}

fn ask(kind: Kind, method: &Method, path: impl Into<String>, body: impl Into<String>) -> Question {
    Question { kind, method: method.clone(), path: path.into(), key: None, body: body.into() }
}

/// Where text messages are sent to.
fn send_path(address: &str) -> String {
    address.replace("{channel}", "sms")
}

/// What both send to an address, so that the stranger's is equal to the victim's.
pub(crate) fn message(address: &str, content: &str, deduplicate: bool) -> Value {
    let mut message = json!({
        "to": RECIPIENT, "content": content, "subject": address, "tenant_id": TENANT, "event_type": EVENT,
        "meta_data": {"order": BODY}, "deduplicate": deduplicate,
    });
    if !address.ends_with("{channel}") {
        message["channel"] = json!("sms");
    }
    message
}

/// Everything an operation can be asked about; none when it is new.
pub(crate) fn questions(method: &str, path: &str) -> Option<Vec<Question>> {
    use Kind::{Content, Cursor, EventType, Key, Notification, Recipient, Tenant, Told, Webhook};
    let list = |kinds: &[(Kind, &str)]| {
        let of = |(kind, query): &(Kind, &str)| {
            [Method::GET, Method::HEAD].map(|method| ask(*kind, &method, format!("{path}?{query}"), ""))
        };
        kinds.iter().flat_map(of).collect::<Vec<_>>()
    };
    // With bodies that are good and bad: what is wrong with one must not be looked at later than whose it is.
    let about = |kind: Kind, bodies: &[&str]| {
        let method = method.parse().unwrap();
        let path = path.replace("{id}/deliveries/{delivery_id}", "{}").replace("{id}", "{}");
        bodies.iter().map(|body| ask(kind, &method, path.clone(), *body)).collect::<Vec<_>>()
    };
    let change = |bodies: &[&str]| about(Notification, bodies);
    let send = || {
        let mut keyed = ask(Key, &Method::POST, send_path(path), message(path, BODY, false).to_string());
        keyed.key = Some(format!("{{}} for {path}"));
        vec![ask(Content, &Method::POST, send_path(path), message(path, "{}", true).to_string()), keyed]
    };
    Some(match (method, path) {
        ("POST", "/api/v1/notifications" | "/api/v1/{channel}" | "/api/v1/notifications/{channel}") => send(),
        ("GET", "/api/v1/notifications") => list(&[
            (Cursor, "cursor={}"),
            (Cursor, "cursor={}&limit=1&with_total=true"),
            (Tenant, "tenant_id={}&with_total=true"),
            (EventType, "event_type={}&with_total=true"),
            (Recipient, "recipient={}&with_total=true"),
            (Recipient, "recipient={}&status=delivered&status=failed&limit=1"),
            (Notification, "batch_id={}&with_total=true"),
            (Notification, "tenant_id={}&with_total=true"),
            (Notification, "provider={}&with_total=true"),
            (Notification, "cursor={}"),
        ]),
        ("GET", "/api/v1/notifications/{id}" | "/api/v1/notifications/{id}/events") => {
            let path = path.replace("{id}", "{}");
            [Method::GET, Method::HEAD].map(|method| ask(Notification, &method, path.clone(), "")).into()
        }
        ("PUT", "/api/v1/notifications/{id}") => change(&[
            r#"{"content": "taken over"}"#,
            r#"{"priority": "instant", "recipient": "+15005550006"}"#,
            r#"{"recipient": "nobody"}"#,
            r#"{"scheduled_at": "2001-01-01T00:00:00Z"}"#,
            r#"{"colour": "red"}"#,
            "{}",
            "{",
            "",
        ]),
        ("POST", "/api/v1/notifications/{id}/revoke") => change(&[
            "",
            "{}",
            r#"{"reason": "mine now"}"#,
            r#"{"reason": "two\nlines"}"#,
            r#"{"x": 1}"#,
            "{",
        ]),
        ("POST", "/api/v1/notifications/{id}/retry") => change(&["", "{}", r#"{"x": 1}"#, "{"]),
        ("GET", "/api/v1/stats") => list(&[
            (Tenant, "tenant_id={}&since=2001-01-01T00:00:00Z"),
            (Notification, "tenant_id={}&since=2001-01-01T00:00:00Z"),
        ]),
        // Providers are everybody's: there is nothing in it that a service has for itself. A list of one's own, and one
        // more in it, name nothing.
        ("GET", "/api/v1/providers") | ("GET" | "POST", "/api/v1/webhooks") => vec![],
        ("GET" | "DELETE", "/api/v1/webhooks/{id}") => about(Webhook, &["", "{"]),
        ("PUT", "/api/v1/webhooks/{id}") => about(
            Webhook,
            &[r#"{"redact": true}"#, r#"{"url": "http://127.0.0.1"}"#, "{}", r#"{"x": 1}"#, "{", ""],
        ),
        ("POST", "/api/v1/webhooks/{id}/test") => {
            about(Webhook, &["", "{}", r#"{"event": "failed"}"#, r#"{"event": "x"}"#, r#"{"x": 1}"#, "{"])
        }
        ("POST", "/api/v1/webhooks/{id}/rotate-secret") => about(
            Webhook,
            &["", "{}", r#"{"overlap_seconds": 0}"#, r#"{"overlap_seconds": -1}"#, r#"{"x": 1}"#, "{"],
        ),
        ("POST", "/api/v1/webhooks/{id}/replay") => about(
            Webhook,
            &["{}", r#"{"since": "2001-01-01T00:00:00Z"}"#, r#"{"since": "x"}"#, r#"{"x": 1}"#, "{", ""],
        ),
        ("GET", "/api/v1/webhooks/{id}/deliveries") => ["?limit=1", "?status=failed", "?status=x", ""]
            .map(|query| ask(Webhook, &Method::GET, format!("/api/v1/webhooks/{{}}/deliveries{query}"), ""))
            .into(),
        ("GET", "/api/v1/webhooks/{id}/deliveries/{delivery_id}") => about(Told, &[""]),
        ("POST", "/api/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver") => about(Told, &["", "{}", "{"]),
        _ => return None,
    })
}

/// Asks it with this name filled in.
pub(crate) async fn put(client: &mut Client, question: &Question, named: &str) -> Answer {
    let fill = |text: &str| text.replace("{}", named);
    // A body that is just `{}` names nothing.
    let body = if question.body == "{}" { question.body.clone() } else { fill(&question.body) };
    let path = fill(&question.path).replace('+', "%2B");
    let key = question.key.as_deref().map(fill);
    let mut headers = vec![("x-correlation-id", "the-same")];
    headers.extend(key.as_deref().map(|key| ("idempotency-key", key)));
    client.request(question.method.clone(), &path, &headers, body).await.unwrap()
}

/// Whether one of them makes a notification.
pub(crate) fn sends(questions: &[Question]) -> bool {
    questions.iter().any(|question| matches!(question.kind, Kind::Key | Kind::Content))
}
