//! A daemon's answers to whatever is asked, always the same ones.

use crate::house::{events, id, overview, page, queues, status_json, webhooks};
use notify_proto::GroupBy;
use notify_tui::message::{Answer, Question};
use notify_tui::state::Story;
use serde_json::{Value, from_value, json};

/// How the daemon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum World {
    /// There is something of everything.
    Full,
    /// There is nothing of anything.
    Empty,
}

/// What it answers.
pub(crate) fn reply(world: World, question: &Question) -> Answer {
    match world {
        World::Full => full(question),
        World::Empty => empty(question),
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    from_value(value).unwrap()
}

#[expect(clippy::too_many_lines, reason = "one arm for each question")]
fn full(question: &Question) -> Answer {
    match question {
        Question::Status => Answer::Status(read(status_json(1, 100))),
        Question::Overview { .. } => overview(),
        Question::Events(_) => events(),
        Question::Notifications(request) => {
            let dead = request.filter.to_string().contains("dead");
            page(0..50, if dead { "failed" } else { "retrying" }, Some("next"))
        }
        Question::Schedule(_) => page(0..50, "retrying", None),
        Question::Count(_) => Answer::Count([("failed".to_owned(), 4_218)].into()),
        Question::Notification(id, revealed) => {
            Answer::Notification(Box::new(story(&id.to_string(), *revealed)))
        }
        Question::Faults(_) => Answer::Faults(read(json!({
            "groups": [{"fault": "1f6c09ab", "count": 1_284, "reason": "exhausted", "provider_name": "relay",
                "error": "timeout after <n>s", "first_at": "2027-01-15T07:00:00Z", "last_at": "2027-01-15T07:59:00Z",
                "trend": (0..24).map(|n| n % 7).collect::<Vec<_>>(), "sample": id(7)}],
            "elsewhere": 7, "scanned": 1_291, "partial": false
        }))),
        Question::Histogram => Answer::Histogram(histogram(&[
            612, 1_204, 380, 310, 402, 690, 44, 7, 0, 131, 12, 162, 0, 3, 1, 0, 9, 0, 0, 8, 1, 1,
        ])),
        Question::Groups(request) if request.by.known() == Some(GroupBy::Webhook) => {
            Answer::Groups(read(json!({
                "by": request.by, "elsewhere": 0, "scanned": 816, "partial": false,
                "groups": [{"name": "acme https://hooks.acme.test/n", "webhook": id(800), "retrying": 812, "pending": 4,
                    "tried_once": 600, "tried_twice": 212, "tried_more": 0, "next_at": "2027-01-15T08:00:12Z",
                    "sample": id(1)}]
            })))
        }
        Question::Groups(request) => Answer::Groups(read(json!({
            "by": request.by, "elsewhere": 0, "scanned": 3_977, "partial": false,
            "groups": [
                {"name": "503 upstream unavailable", "retrying": 3_204, "pending": 0, "tried_once": 3_204,
                    "tried_twice": 0, "tried_more": 0, "next_at": "2027-01-15T08:00:04Z", "sample": id(1),
                    "tries": {"second": 100, "second_delivered": 71, "third": 0, "third_delivered": 0, "dead": 0,
                        "failing_since": "2027-01-15T07:59:19Z", "last_failed_at": "2027-01-15T07:59:59Z"}},
                {"name": "timeout after <n>s", "retrying": 611, "pending": 0, "tried_once": 400, "tried_twice": 200,
                    "tried_more": 11, "next_at": "2027-01-15T08:04:46Z", "sample": id(2),
                    "tries": {"second": 50, "second_delivered": 44, "third": 25, "third_delivered": 16, "dead": 12,
                        "failing_since": "2027-01-15T07:51:00Z", "last_failed_at": "2027-01-15T07:59:57Z"}},
                {"name": "", "retrying": 0, "pending": 162, "tried_once": 0, "tried_twice": 0, "tried_more": 0,
                    "next_at": null, "sample": null}
            ]
        }))),
        Question::Queues => queues(),
        Question::Shape(_) => {
            let bucket = |label: &str| json!({"label": label, "from_ms": null, "to_ms": null});
            let row = |name: &str| json!({"name": name, "id": null, "counts": [3, 2, 1, 0], "total": 6, "estimated": 0});
            Answer::Shape(read(json!({
                "queue": "relay", "by": "service", "measure": "age", "as_of": "2027-01-15T08:00:00Z",
                "buckets": (["<1s", "10s", "1m", "1m+"].map(bucket)), "total": row(""), "rows": [row("acme")],
                "uncounted": 0, "notes": []
            })))
        }
        Question::Provider(name, _) => {
            let mut provider = status_json(1, 1)["providers"][0].clone();
            (provider["name"], provider["config"]) =
                (json!(name), json!({"host": "mail.acme.test", "password": "***"}));
            let call = |n: u32, outcome: &str, error: Option<&str>| {
                json!({"at": "2027-01-15T07:59:58Z", "notification_id": id(n), "channel": "sms", "outcome": outcome,
                    "elapsed_ms": 84 * n, "error": error})
            };
            provider["calls"] = json!([
                call(9, "rate_limited", Some("429 slow down")),
                call(4, "accepted", None),
                call(3, "accepted", None)
            ]);
            let route = json!({"notes": ["nothing else"], "steps": [{
                "channel": "sms", "place": 1, "provider": "relay", "provider_id": id(700), "priority": 10,
                "verdict": "passed_over", "state": "breaker_open", "why": "5 failures in a row", "since": null, "until": null
            }]});
            Answer::Provider(read(provider), read(route))
        }
        Question::Log(name) => {
            let Answer::Events(view) = events() else { unreachable!() };
            Answer::Log(name.clone(), view.events)
        }
        Question::Webhooks => webhooks(),
        Question::Deliveries(hook, _) => {
            let delivery = |n: u32, status: &str, code: Option<u16>| {
                json!({
                    "id": id(n), "webhook_id": hook, "notification_id": id(n), "event": "delivered", "status": status,
                    "attempt_count": 2, "duration_ms": 5_000, "last_attempt_at": "2027-01-15T07:59:49Z", "next_attempt_at": null,
                    "acknowledged_at": null, "response_status_code": code, "response_body": null,
                    "error_message": "upstream connect error", "created_at": "2027-01-15T07:59:40Z"
                })
            };
            let items = [
                delivery(31, "acknowledged", Some(200)),
                delivery(32, "retrying", Some(503)),
                delivery(33, "failed", None),
            ];
            Answer::Deliveries(*hook, read(json!({"items": items, "total": 1_860})))
        }
        Question::Stats(hook, _) => Answer::Stats(
            *hook,
            read(json!({
                "by_status": {"acknowledged": 35_552, "failed": 44}, "owed": 1_004, "oldest": "2027-01-15T07:50:00Z",
                "ack_p50_ms": 61, "ack_p99_ms": 5_000, "by_code": {"200": 35_552, "503": 1_212},
                "last_ack_at": "2027-01-15T07:59:57Z", "last_nack_at": "2027-01-15T07:59:58Z", "busy": 8, "limit": 8,
                "retry_delays": [60, 300, 900], "disable_after_seconds": 432_000,
                "by_event": {"created": {"acknowledged": 3_871, "retrying": 237, "failed": 12}, "delivered": {"acknowledged": 30_955}}
            })),
        ),
        Question::Delivery(told) => {
            let delivery = json!({
                "id": told, "webhook_id": id(800), "notification_id": id(1), "event": "delivered", "status": "retrying",
                "attempt_count": 2, "last_attempt_at": null, "next_attempt_at": null, "acknowledged_at": null,
                "response_status_code": 503, "response_body": "upstream connect error", "error_message": null,
                "created_at": "2027-01-15T07:59:40Z"
            });
            Answer::Delivery(read(json!({"delivery": delivery, "attempts": []})))
        }
        Question::Services => {
            let service = |name: &str, active: bool, locked: Option<&str>| {
                json!({
                    "id": id(900), "name": name, "description": "sends codes", "active": active, "rate_per_second": 5.0,
                    "created_at": "2027-01-14T07:00:00Z", "active_keys": 2, "auth_failures": 21, "locked_until": locked,
                    "figures": active.then(|| json!({
                        "accepted_per_second": 402.1, "delivered_24h": 990, "failed_24h": 10,
                        "last_accepted_at": "2027-01-15T07:59:59Z", "trend": [400.0, 390.0, 402.1]
                    }))
                })
            };
            let locked = Some("2027-01-15T09:00:00Z");
            Answer::Services(read(json!([
                service("acme", true, None),
                service("news", true, locked),
                service("old", false, None)
            ])))
        }
        Question::Keys(service) => Answer::Keys(
            service.clone(),
            read(json!([{
                "id": id(950), "prefix": "df106b41", "label": "printed", "created_at": "2027-01-14T07:00:00Z",
                "last_used_at": "2027-01-15T07:59:00Z", "expires_at": null, "revoked_at": null
            }])),
        ),
        Question::Died(service, _) => {
            Answer::Died(service.clone(), vec![read(crate::house::note(5, "failed"))])
        }
        Question::Values => Answer::Values(values()),
        Question::Series(request) => Answer::Series(series(request)),
        Question::Config => Answer::Config(config()),
        Question::Operations => Answer::Operations(Vec::new()),
        Question::Deed(..) => unreachable!("nothing is changed here"),
    }
}

fn empty(question: &Question) -> Answer {
    match question {
        Question::Status => {
            let mut status = status_json(1, 0);
            (status["health"], status["concerns"]) = (json!("healthy"), json!([]));
            (status["providers"], status["by_status"]) = (json!([]), json!({}));
            (status["in_flight"], status["oldest_queued_seconds"]) = (json!(0), Value::Null);
            Answer::Status(read(status))
        }
        Question::Overview { .. } => {
            Answer::Overview(read(json!({"rev": 1, "overview": {"as_of": "2027-01-15T08:00:00Z"}})))
        }
        Question::Events(_) => {
            Answer::Events(read(json!({"events": [], "next_seq": 0, "dropped": 0, "head_seq": 0})))
        }
        Question::Notifications(_) | Question::Schedule(_) => page([], "queued", None),
        Question::Count(_) => Answer::Count(std::collections::BTreeMap::new()),
        Question::Faults(_) => Answer::Faults(notify_proto::bulk::FaultGroups::default()),
        Question::Histogram => Answer::Histogram(histogram(&[0; 22])),
        Question::Groups(request) => Answer::Groups(read(
            json!({"by": request.by, "groups": [], "elsewhere": 0, "scanned": 0, "partial": false}),
        )),
        Question::Queues => Answer::Queues(read(json!({"queues": [], "elsewhere": 0}))),
        Question::Webhooks => Answer::Webhooks(Vec::new()),
        Question::Services => Answer::Services(Vec::new()),
        Question::Config => Answer::Config(config()),
        Question::Values => Answer::Values(notify_proto::values::ValuesView::default()),
        Question::Operations => Answer::Operations(Vec::new()),
        question => unreachable!("there is nothing to ask this of: {question:?}"),
    }
}

fn series(request: &notify_proto::series::SeriesRequest) -> notify_proto::series::SeriesView {
    // Of what a webhook is told it takes less in the middle.
    let part =
        |key: &str, n: i32| if key.ends_with("/acks") && (12..24).contains(&n) { n % 9 / 2 } else { n % 9 };
    let line = |key: &String| {
        let points: Vec<_> = (0..40).map(|n| part(key, n)).collect();
        json!({"key": key, "unit": "per second", "points": points})
    };
    let series: Vec<_> = request.keys.iter().map(line).collect();
    read(json!({"as_of": "2027-01-15T08:00:00Z", "step_ms": 60_000, "series": series}))
}

/// What the newest notifications have in their fields.
pub(crate) fn values() -> notify_proto::values::ValuesView {
    let value = |value: &str, count: u64| json!({"value": value, "count": count});
    read(json!({"scanned": 10_000, "partial": true, "values": {
        "service": [value("zebra", 9_000), value("acme", 990), value("not this one", 10)],
        "type": [value("sign_in", 7_000)]
    }}))
}

fn config() -> notify_proto::upkeep::ConfigView {
    let kept = json!({"key": "store.keep_failed_days", "value": 30, "default": 30, "live": true});
    read(json!({"file": null, "settings": [kept]}))
}

fn histogram(totals: &[u64; 22]) -> notify_proto::schedule::HistogramView {
    let names =
        "late now +1m +2m +3m +4m +5m +6m +8m +10m +12m +15m +20m +25m +30m +45m +1h +2h +3h +6h +12h +24h";
    let bucket = |(name, total): (&str, &u64)| {
        let from = (name != "late").then_some("2027-01-15T08:00:00Z");
        json!({"due_in": name, "from": from, "to": null, "total": total, "pending": 0, "retrying": total})
    };
    let buckets: Vec<_> = names.split(' ').zip(totals).map(bucket).collect();
    read(json!({"as_of": "2027-01-15T08:00:00Z", "buckets": buckets, "held": 0}))
}

fn story(id: &str, revealed: bool) -> Story {
    let mut notification = crate::house::note(0, "retrying");
    notification["id"] = json!(id);
    let attempt = json!({
        "id": format!("{id}.1"), "number": 1, "channel": "sms", "provider_id": null, "provider_name": "relay",
        "status": "failed", "reason": "transient", "attempted_at": "2027-01-15T07:58:01Z", "finished_at": null,
        "duration_ms": 402, "external_id": null, "response_data": null, "error_message": "503 upstream unavailable",
        "simulated": false
    });
    let event = json!({
        "sequence": 1, "at": "2027-01-15T07:58:00Z", "event": "created", "from": null, "to": "queued", "reason": null,
        "detail": null
    });
    let detail = json!({"notification": notification, "attempts": [attempt], "events": [event], "retry_delays": [300, 900, 1_800]});
    Story { detail: read(detail), told: Vec::new(), revealed }
}
