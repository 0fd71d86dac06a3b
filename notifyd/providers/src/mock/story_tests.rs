//! Stories, on paused time.

use super::plan::{Defaults, Pattern, Plan};
use super::*;
use crate::config::Fields;
use crate::{Network, Sink, build};
use notify_proto::NotificationId;
use notifyd_lifecycle::Message;
use notifyd_lifecycle::clock::SystemClock;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::{Instant, advance};

fn context() -> BuildContext {
    let (receipts, network) = (Sink::default(), Network::default());
    BuildContext { seed: 7, clock: Arc::new(SystemClock), receipts, network }
}

fn mock(config: &Value) -> Arc<dyn Provider> {
    build("mock", config, None, &context()).unwrap()
}

async fn report(provider: &Arc<dyn Provider>, to: &str) -> Report {
    let message: Message = serde_json::from_value(json!({"recipient": to})).unwrap();
    let notification = NotificationId::from_parts(1, [0xab; 10]);
    let to = [to.to_owned()];
    let call = Call { notification, attempt: 1, channel: Channel::Sms, to: &to, message: &message };
    provider.send(call).await
}

/// The class of the answer; `hang` when there is none.
async fn class(provider: &Arc<dyn Provider>, to: &str) -> &'static str {
    let answer = tokio::time::timeout(Duration::from_millis(10), report(provider, to)).await;
    answer.map_or("hang", |report| report.outcome.class())
}

async fn classes(provider: &Arc<dyn Provider>, count: usize) -> Vec<&'static str> {
    let mut classes = Vec::new();
    for _ in 0..count {
        classes.push(class(provider, "+15005550006").await);
    }
    classes
}

#[tokio::test(start_paused = true)]
async fn steps_are_played_in_turn_and_then_the_flat_settings_hold() {
    let plan = json!({"steps": [
        {"times": 2, "outcome": "accepted"},
        {"times": 1, "outcome": "hang"},
        {"times": 2, "outcome": "transient"},
    ]});
    let once = mock(&json!({"plan": plan, "outcome": "permanent"}));
    let played = ["accepted", "accepted", "hang", "transient", "transient"];
    assert_eq!(classes(&once, 5).await, played);
    assert_eq!(classes(&once, 3).await, ["permanent"; 3]);
    let mut plan = plan;
    plan["repeat"] = json!(true);
    let again = mock(&json!({"plan": plan, "outcome": "permanent"}));
    for _ in 0..3 {
        assert_eq!(classes(&again, 5).await, played);
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_begins_with_what_was_before_and_ends_called_or_not() {
    let provider = mock(&json!({"plan": {"steps": [
        {"for_seconds": 2, "outcome": "permanent"},
        {"times": 2, "outcome": "ambiguous"},
        {"for_seconds": 3, "outcome": "transient"},
        {"for_seconds": 1, "outcome": "provider_config"},
    ]}}));
    // The story begins with the first call, however long ago the provider was made.
    advance(Duration::from_secs(100)).await;
    assert_eq!(classes(&provider, 2).await, ["permanent"; 2]);
    advance(Duration::from_millis(1_999)).await;
    assert_eq!(classes(&provider, 1).await, ["permanent"]);
    advance(Duration::from_millis(1)).await;
    assert_eq!(classes(&provider, 1).await, ["ambiguous"]);
    // It waits for its second call; the next begins with that one.
    advance(Duration::from_hours(1)).await;
    assert_eq!(classes(&provider, 2).await, ["ambiguous", "transient"]);
    advance(Duration::from_millis(2_999)).await;
    assert_eq!(classes(&provider, 1).await, ["transient"]);
    advance(Duration::from_millis(1)).await;
    assert_eq!(classes(&provider, 1).await, ["provider_config"]);
    advance(Duration::from_secs(1)).await;
    assert_eq!(classes(&provider, 2).await, ["accepted"; 2]);
}

#[tokio::test(start_paused = true)]
async fn windows_that_nobody_called_in_are_over() {
    let steps = json!([
        {"for_seconds": 1, "outcome": "transient"},
        {"for_seconds": 1, "outcome": "ambiguous"},
        {"times": 1, "outcome": "permanent"},
        {"for_seconds": 1, "outcome": "provider_config"},
    ]);
    let provider = mock(&json!({"plan": {"steps": steps, "repeat": true}}));
    for _ in 0..3 {
        assert_eq!(classes(&provider, 1).await, ["transient"]);
        advance(Duration::from_secs(50)).await;
        assert_eq!(classes(&provider, 2).await, ["permanent", "provider_config"]);
        advance(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn recipients_go_before_the_turn_and_are_no_part_of_it() {
    let provider = mock(&json!({"plan": {
        "recipients": [
            {"to": "+15005550001", "outcome": "recipient_dead"},
            {"to": "+1500555*", "times": 2, "outcome": "permanent"},
            {"to": "*@slow.example", "outcome": "hang"},
        ],
        "steps": [{"times": 2, "outcome": "transient"}],
    }}));
    assert_eq!(class(&provider, "+15005550001").await, "recipient_dead");
    assert_eq!(class(&provider, "+15005550002").await, "permanent");
    assert_eq!(class(&provider, "+15005550003").await, "permanent");
    // That rule has had its calls: it is the turn's again.
    assert_eq!(class(&provider, "+15005550002").await, "transient");
    assert_eq!(class(&provider, "jo@slow.example").await, "hang");
    assert_eq!(class(&provider, "+49301234567").await, "transient");
    assert_eq!(class(&provider, "+49301234567").await, "accepted");
    for _ in 0..3 {
        assert_eq!(class(&provider, "+15005550001").await, "recipient_dead");
    }
}

#[tokio::test(start_paused = true)]
async fn a_scene_says_what_it_is_told_after_its_own_latency() {
    let provider = mock(&json!({
        "latency_ms": 40, "retry_after_seconds": 7,
        "plan": {"steps": [
            {"times": 1, "outcome": "transient", "latency_ms": 900, "message": "connection refused"},
            {"times": 1, "outcome": "rate_limited", "retry_after_seconds": 90},
            {"times": 1, "outcome": "rate_limited"},
            {"times": 1, "outcome": "accepted", "latency_ms": {"min": 5, "max": 9}},
        ]},
    }));
    let mut seen = Vec::new();
    for _ in 0..4 {
        let start = Instant::now();
        seen.push((report(&provider, "+15005550006").await, start.elapsed()));
    }
    let text = Some("mock: simulated transient: connection refused".to_owned());
    assert_eq!(seen[0], (Report::new(Outcome::Transient, text), Duration::from_millis(900)));
    for (index, after) in [(1, 90), (2, 7)] {
        let outcome = Outcome::RateLimited { after: Some(Duration::from_secs(after)) };
        let message = said("rate_limited");
        assert_eq!(seen[index], (Report::new(outcome, message), Duration::from_millis(40)));
    }
    assert!((5..=9).contains(&seen[3].1.as_millis()), "{:?}", seen[3]);
}

/// A story whose scenes say their number.
fn story(spans: &[Value], repeat: bool) -> Story {
    let step = |(number, span): (usize, &Value)| {
        let mut step = span.clone();
        step["outcome"] = json!("transient");
        step["message"] = json!(number.to_string());
        step
    };
    let steps: Vec<Value> = spans.iter().enumerate().map(step).collect();
    let config = json!({"plan": {"steps": steps, "repeat": repeat}});
    let flat = Defaults { latency_ms: (0, 0), retry_after: None, receipt: None };
    let plan = Plan::read(Fields::new(config.as_object().unwrap()), &flat).unwrap().unwrap();
    Story::new(plan)
}

fn number(scene: Option<&Scene>) -> Option<usize> {
    scene.map(|scene| scene.message.as_ref().unwrap().parse().unwrap())
}

/// Which of the parts, laid end to end, has this place in it.
fn part(lengths: &[u64], repeat: bool, at: u64) -> Option<usize> {
    let at = if repeat { at % lengths.iter().sum::<u64>() } else { at };
    let mut end = 0;
    lengths.iter().position(|length| {
        end += length;
        at < end
    })
}

/// Whether a pattern fits, by its meaning: letter by letter.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|from| fits(rest, &text[from..])),
        Some((first, rest)) => text.first() == Some(first) && fits(rest, &text[1..]),
    }
}

fn on_paused_time(case: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(case());
}

proptest! {
    #[test]
    fn calls_go_to_the_step_whose_turn_it_is(
        times in prop::collection::vec(1_u64..6, 1..6), repeat: bool, calls in 1_u64..60,
    ) {
        on_paused_time(async || {
            let spans: Vec<_> = times.iter().map(|times| json!({"times": times})).collect();
            let story = story(&spans, repeat);
            for call in 0..calls {
                assert_eq!(number(story.next(&[])), part(&times, repeat, call), "call {call}");
            }
        });
    }

    #[test]
    fn the_time_decides_which_window_a_call_is_in(
        tenths in prop::collection::vec(1_u64..40, 1..6), repeat: bool,
        pauses in prop::collection::vec(0_u64..20_000, 1..40),
    ) {
        on_paused_time(async || {
            let lengths: Vec<_> = tenths.iter().map(|tenths| tenths * 100).collect();
            let spans: Vec<_> = lengths
                .iter()
                .map(|length| json!({"for_seconds": Duration::from_millis(*length).as_secs_f64()}))
                .collect();
            let (story, mut age) = (story(&spans, repeat), 0);
            assert_eq!(number(story.next(&[])), Some(0));
            for pause in pauses {
                advance(Duration::from_millis(pause)).await;
                age += pause;
                assert_eq!(number(story.next(&[])), part(&lengths, repeat, age), "after {age} ms");
            }
        });
    }

    #[test]
    fn a_star_stands_for_anything(pattern in "[ab*]{0,7}", text in "[ab]{0,8}") {
        prop_assert_eq!(Pattern(pattern.clone()).fits(&text), fits(pattern.as_bytes(), text.as_bytes()));
    }
}

#[test]
fn wrong_plans_are_refused_by_their_path() {
    let good = json!({"times": 1, "outcome": "transient"});
    let second = |step: Value| json!({"steps": [good, step]});
    let rule = |rule: Value| json!({"recipients": [rule]});
    let receipt = |receipt: Value| json!({"times": 1, "outcome": "accepted", "receipt": receipt});
    let cases = [
        (json!("outage"), "plan"),
        (json!({}), "plan"),
        (json!({"steps": []}), "plan"),
        (json!({"stages": []}), "plan.stages"),
        (json!({"steps": {"times": 1}}), "plan.steps"),
        (json!({"steps": vec![good.clone(); 1_001]}), "plan.steps"),
        (json!({"steps": [good], "repeat": "yes"}), "plan.repeat"),
        (json!({"recipients": [{"to": "*", "outcome": "hang"}], "repeat": true}), "plan.repeat"),
        (second(json!(3)), "plan.steps[1]"),
        (second(json!({"times": 1})), "plan.steps[1].outcome"),
        (second(json!({"times": 1, "outcome": "explode"})), "plan.steps[1].outcome"),
        (second(json!({"times": 1, "outcome": 503})), "plan.steps[1].outcome"),
        (second(json!({"outcome": "transient"})), "plan.steps[1].times"),
        (second(json!({"times": 0, "outcome": "transient"})), "plan.steps[1].times"),
        (second(json!({"times": 1, "for_seconds": 1, "outcome": "hang"})), "plan.steps[1].for_seconds"),
        (second(json!({"for_seconds": 0, "outcome": "hang"})), "plan.steps[1].for_seconds"),
        (second(json!({"for_seconds": "5", "outcome": "hang"})), "plan.steps[1].for_seconds"),
        (second(json!({"for_seconds": 1e9, "outcome": "hang"})), "plan.steps[1].for_seconds"),
        (second(json!({"times": 1, "outcome": "hang", "latency_ms": 5})), "plan.steps[1].latency_ms"),
        (
            second(json!({"times": 1, "outcome": "transient", "latency_ms": {"min": 9, "max": 3}})),
            "plan.steps[1].latency_ms",
        ),
        (second(json!({"times": 1, "outcome": "accepted", "message": "ok"})), "plan.steps[1].message"),
        (second(json!({"times": 1, "outcome": "transient", "message": 3})), "plan.steps[1].message"),
        (
            second(json!({"times": 1, "outcome": "transient", "retry_after_seconds": 9})),
            "plan.steps[1].retry_after_seconds",
        ),
        (second(json!({"times": 1, "outcome": "accepted", "receipt": "late"})), "plan.steps[1].receipt"),
        (second(json!({"times": 1, "outcome": "accepted", "to": "+1*"})), "plan.steps[1].to"),
        (rule(json!({"outcome": "hang"})), "plan.recipients[0].to"),
        (rule(json!({"to": " ", "outcome": "hang"})), "plan.recipients[0].to"),
        (rule(json!({"to": "*", "times": -1, "outcome": "hang"})), "plan.recipients[0].times"),
        (rule(json!({"to": "*", "for_seconds": 1, "outcome": "hang"})), "plan.recipients[0].for_seconds"),
        (rule(json!({"to": "*", "outcome": "transient", "receipt": "never"})), "plan.recipients[0].receipt"),
        (second(receipt(json!({"after_ms": -1}))), "plan.steps[1].receipt.after_ms"),
        (second(receipt(json!({"after_ms": {"min": 9, "max": 3}}))), "plan.steps[1].receipt.after_ms"),
        (second(receipt(json!({"says": "read"}))), "plan.steps[1].receipt.says"),
        (second(receipt(json!({"reason": "gone"}))), "plan.steps[1].receipt.reason"),
        (second(receipt(json!({"word": "delivered"}))), "plan.steps[1].receipt.word"),
    ];
    for (plan, path) in cases {
        let error = build("mock", &json!({"plan": plan}), None, &context()).err().unwrap();
        assert_eq!(error.field(), Some(path), "{plan}: {error}");
        assert!(error.to_string().starts_with(&format!("`{path}` ")), "{error}");
    }
}

#[test]
fn a_wrong_receipt_and_a_wrong_word_are_told_what_is_right() {
    let refused = |step: Value| {
        let config = json!({"plan": {"steps": [step]}});
        build("mock", &config, None, &context()).err().unwrap().to_string()
    };
    assert_eq!(
        refused(json!({"times": 1, "outcome": "accepted", "receipt": {"says": "read"}})),
        "`plan.steps[0].receipt.says` is no word of a receipt; use one of delivered, undelivered"
    );
    let word = refused(json!({"times": 1, "outcome": "hunter2"}));
    assert!(word.ends_with("ambiguous, hang") && !word.contains("hunter2"), "{word}");
}
