use super::*;
use crate::candidate::sort;
use notify_proto::ProviderId;
use serde_json::json;

fn providers() -> Vec<Candidate> {
    let one = |n: u8, name: &str, channels: &[Channel], active| Candidate {
        id: ProviderId::from_bytes([n; 16]),
        name: name.to_owned(),
        channels: channels.iter().copied().collect(),
        priority: i32::from(n),
        active,
    };
    let mut all = vec![
        one(1, "texts", &[Channel::Sms, Channel::Whatsapp], true),
        one(2, "mails", &[Channel::Email], true),
        one(3, "off", &[Channel::Sms, Channel::Push], false),
    ];
    sort(&mut all);
    all
}

fn admit_json(body: serde_json::Value, fixed: Option<Channel>) -> Result<Draft, Vec<FieldError>> {
    let request = serde_json::from_value(body).unwrap();
    let service = ServiceId::from_bytes([1; 16]);
    admit(request, fixed, service, None, Timestamp::default(), &AdmissionRules::default(), &providers())
}

fn fields(body: serde_json::Value, fixed: Option<Channel>) -> Vec<String> {
    admit_json(body, fixed).unwrap_err().into_iter().map(|error| error.field).collect()
}

#[test]
fn a_plain_text_is_admitted_with_the_defaults() {
    let draft = admit_json(json!({"to": "+1 500 555 0006", "message": "hi"}), Some(Channel::Sms)).unwrap();
    assert_eq!(draft.message.addresses[&Channel::Sms], ["+15005550006"]);
    assert_eq!(draft.plan.retry, RetryPolicy::builtin("standard").unwrap());
    assert_eq!(draft.priority, Priority::Normal);
    assert!(draft.dedup.is_some());
    let urgent = json!({"channel": "sms", "to": "+15005550006", "message": "hi", "priority": "instant"});
    assert_eq!(admit_json(urgent, None).unwrap().plan.retry, RetryPolicy::builtin("urgent").unwrap());
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let body = json!({
        "to": "nobody", "subject": "a\r\nBcc: x@y.z", "cc": ["bad"], "retry": {"policy": "never"},
        "expires_at": "1969-01-01T00:00:00Z", "dedup_window_seconds": 0, "dedup_key": " ", "tenant_id": "x".repeat(200),
        "provider_id": "nosuch", "attachments": [{"filename": "../x", "content_type": "pdf", "content_base64": "!"}],
    });
    let mut named = fields(body, Some(Channel::Email));
    named.sort();
    let expected = [
        "attachments[0].content_base64",
        "attachments[0].content_type",
        "attachments[0].filename",
        "cc[0]",
        "content",
        "dedup_key",
        "dedup_window_seconds",
        "expires_at",
        "provider_id",
        "recipient",
        "retry.policy",
        "subject",
        "tenant_id",
    ];
    assert_eq!(named, expected);
}

#[test]
fn the_channel_must_be_clear() {
    let text = |extra: serde_json::Value| {
        let mut body = json!({"to": "+15005550006", "message": "hi"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    assert_eq!(fields(text(json!({})), None), ["channel"]);
    assert_eq!(fields(text(json!({"channel": "sms", "channels": ["sms"]})), None), ["channel"]);
    assert_eq!(fields(text(json!({"channels": []})), None), ["channels"]);
    assert_eq!(fields(text(json!({"channels": ["sms", "sms"]})), None), ["channels"]);
    assert_eq!(fields(text(json!({"channel": "email"})), Some(Channel::Sms)), ["channel"]);
}

#[test]
fn a_channel_without_a_provider_and_an_unfit_pin_are_refused() {
    let push = json!({"to": "token", "message": "hi"});
    let errors = admit_json(push, Some(Channel::Push)).unwrap_err();
    assert_eq!(
        (errors[0].field.as_str(), errors[0].message.as_str()),
        ("channel", "no active provider serves push; these channels are served now: sms, email, whatsapp")
    );
    let pin = |name: &str| {
        let body = json!({"to": "+15005550006", "message": "hi", "provider_id": name});
        admit_json(body, Some(Channel::Sms))
    };
    assert!(pin("off").unwrap_err()[0].message.contains("switched off"));
    assert!(pin("mails").unwrap_err()[0].message.contains("does not serve sms"));
    assert_eq!(pin("texts").unwrap().plan.pinned, Some(ProviderId::from_bytes([1; 16])));
    assert!(pin(&ProviderId::from_bytes([1; 16]).to_string()).is_ok());
}

/// Channels, pin and map of addresses; the field that is refused and why, if it is.
type Case<'a> = (&'a [&'a str], Option<&'a str>, serde_json::Value, Option<(&'a str, &'a str)>);

#[test]
fn one_channel_needs_both_an_address_and_a_provider() {
    const SMS: &str = "+15005550006";
    let sms_alone = "is missing: of the channels, active providers serve only sms; give an address there";
    let cases: &[Case<'_>] = &[
        // Nobody pinned: any channel will do, in any place.
        (&["sms", "push"], None, json!({"sms": SMS, "push": "t"}), None),
        (&["push", "sms"], None, json!({"sms": SMS, "push": "t"}), None),
        (&["push", "sms"], None, json!({"sms": SMS}), None),
        (&["sms", "email"], None, json!({"email": "a@b.example"}), None),
        (&["sms", "push"], None, json!({"push": "t"}), Some(("recipient.sms", sms_alone))),
        (
            &["push", "slack"],
            None,
            json!({"push": "t"}),
            Some(("channels", "no active provider serves push or slack; ")),
        ),
        (&["sms", "email"], None, json!({"sms": []}), Some(("recipient.sms", "must be one address"))),
        // A pin stands alone.
        (&["push", "sms"], Some("texts"), json!({"sms": SMS, "push": "t"}), None),
        (&["sms", "email"], Some("texts"), json!({"sms": SMS}), None),
        (
            &["sms", "email"],
            Some("texts"),
            json!({"email": "a@b.example"}),
            Some((
                "recipient.sms",
                "is missing: of the channels, provider texts serves only sms; give an address there, or name another",
            )),
        ),
        (
            &["push", "email"],
            Some("texts"),
            json!({"email": "a@b.example"}),
            Some((
                "provider_id",
                "provider texts does not serve push or email; name another, or leave it out",
            )),
        ),
        (&["sms"], Some("off"), json!({"sms": SMS}), Some(("provider_id", "provider off is switched off; "))),
        (
            &["sms"],
            Some("nobody"),
            json!({"sms": SMS}),
            Some(("provider_id", "no provider has this name or id; ")),
        ),
    ];
    for (channels, pin, to, refused) in cases {
        for failover in [false, true] {
            let mut body =
                json!({"channels": channels, "recipient": to, "message": "hi", "allow_failover": failover});
            if let Some(pin) = pin {
                body["provider_id"] = json!(pin);
            }
            // Others may take over on channels that the pinned one does not serve; it must still be of some use itself.
            let refused = refused.filter(|(_, why)| !(failover && why.contains("serves only sms")));
            match (admit_json(body.clone(), None), refused) {
                (Ok(_), None) => {}
                (Err(errors), Some((field, why))) => {
                    assert_eq!((errors.len(), errors[0].field.as_str()), (1, field), "{body}: {errors:?}");
                    assert!(errors[0].message.starts_with(why), "{body}: {}", errors[0].message);
                }
                (admitted, refused) => panic!("{body}: {admitted:?}, not {refused:?}"),
            }
        }
    }
}

#[test]
fn one_address_for_all_must_fit_a_channel_that_is_served() {
    let one = |channels: serde_json::Value| {
        admit_json(json!({"channels": channels, "to": "some-token", "message": "hi"}), None)
    };
    let errors = one(json!(["push", "sms"])).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let why = "has no address for sms, and of the channels, active providers serve only sms; give a map";
    assert!(errors[0].field == "recipient" && errors[0].message.starts_with(why), "{errors:?}");
}

#[test]
fn a_map_gives_each_channel_its_address() {
    let body = json!({
        "channels": ["sms", "email"], "message": "hi",
        "recipient": {"sms": "+15005550006", "email": ["a@b.c", "d@e.f"]},
    });
    let draft = admit_json(body, None).unwrap();
    assert_eq!(draft.message.addresses[&Channel::Email].len(), 2);
    let stray = json!({"channel": "sms", "message": "hi", "recipient": {"fax": "1", "email": "a@b.c", "user_id": "u"}});
    assert_eq!(fields(stray, None), ["recipient.email", "recipient.fax", "recipient.user_id"]);
}

#[test]
fn retries_take_one_form_within_bounds() {
    let with = |retry: serde_json::Value| {
        admit_json(json!({"to": "+15005550006", "message": "hi", "retry": retry}), Some(Channel::Sms))
    };
    assert_eq!(with(json!({"delays": [1, 2]})).unwrap().plan.retry, RetryPolicy::Delays(vec![1, 2]));
    assert!(with(json!({"base": 1, "factor": 3.0, "cap": 9, "max_retries": 2})).is_ok());
    for (retry, field) in [
        (json!({}), "retry"),
        (json!({"policy": "fixed", "delays": [1]}), "retry"),
        (json!({"base": 1, "factor": 0.5}), "retry.factor"),
        (json!({"delays": vec![1; 51]}), "retry.delays"),
        (json!({"policy": "fixed", "max_retries": 1}), "retry.max_retries"),
    ] {
        assert_eq!(with(retry.clone()).unwrap_err()[0].field, field, "{retry}");
    }
}

#[test]
fn the_past_is_now_and_the_far_future_is_refused() {
    let at = |when: &str| {
        let body = json!({"to": "+15005550006", "message": "hi", "scheduled_at": when});
        admit_json(body, Some(Channel::Sms))
    };
    assert_eq!(at("1960-01-01T00:00:00Z").unwrap().scheduled_at, None);
    assert!(at("1970-01-02T00:00:00Z").unwrap().scheduled_at.is_some());
    assert_eq!(at("1999-01-01T00:00:00Z").unwrap_err()[0].field, "scheduled_at");
}

#[test]
fn data_nested_so_deeply_that_it_could_not_be_read_again_is_refused() {
    let nested = |levels: usize| {
        let data = (1..levels).fold(json!(1), |inner, _| json!([inner]));
        admit_json(
            json!({"to": "+15005550006", "message": "hi", "meta_data": {"a": data}}),
            Some(Channel::Sms),
        )
    };
    assert!(nested(32).is_ok());
    assert_eq!(nested(33).unwrap_err()[0].field, "meta_data");
}

/// Admits a webhook where the loopback may be called at one port.
fn admit_webhook(mut body: serde_json::Value) -> Result<Draft, Vec<FieldError>> {
    body["message"] = json!("hi");
    let request = serde_json::from_value(body).unwrap();
    let rules = AdmissionRules {
        destinations: Policy::allowing(["127.0.0.1/32:8080"]).unwrap(),
        ..AdmissionRules::default()
    };
    let mut all = providers();
    all[0].channels = [Channel::Webhook, Channel::Sms].into_iter().collect();
    let service = ServiceId::from_bytes([1; 16]);
    admit(request, None, service, None, Timestamp::default(), &rules, &all)
}

#[test]
fn a_webhook_goes_only_where_it_may() {
    for to in ["https://hooks.example.org/in?k=1", "http://127.0.0.1:8080/in"] {
        let draft = admit_webhook(json!({"channel": "webhook", "to": to})).unwrap();
        assert_eq!(draft.message.addresses[&Channel::Webhook], [to]);
    }
    let inside = "http://10.0.0.1/in";
    for body in [
        json!({"channel": "webhook", "to": inside}),
        json!({"channels": ["sms", "webhook"], "recipient": {"sms": "+15005550006", "webhook": inside}}),
    ] {
        let errors = admit_webhook(body).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].field.starts_with("recipient"), "{errors:?}");
        assert!(errors[0].message.contains("a private address"), "{errors:?}");
    }
    assert!(admit_webhook(json!({"channel": "webhook", "to": "http://127.0.0.1:8081/"})).is_err());
}

#[test]
fn how_a_webhook_is_called_is_checked() {
    let with = |options: serde_json::Value| {
        let to = "https://hooks.example.org/";
        admit_webhook(json!({"channel": "webhook", "to": to, "channel_options": {"webhook": options}}))
    };
    assert!(with(json!({"method": "PUT", "headers": {"X-Team": "ops"}})).is_ok());
    for (options, field) in [
        (json!("PUT"), "channel_options.webhook"),
        (json!({"method": "GET"}), "channel_options.webhook.method"),
        (json!({"method": 7}), "channel_options.webhook.method"),
        (json!({"headers": []}), "channel_options.webhook.headers"),
        (json!({"headers": {"X-A": "a\r\nX-B: b"}}), "channel_options.webhook.headers.X-A"),
        (json!({"headers": {"Webhook-Id": "x"}}), "channel_options.webhook.headers.Webhook-Id"),
        (json!({"url": "x"}), "channel_options.webhook.url"),
    ] {
        let errors = with(options).unwrap_err();
        let named: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(named, [field]);
    }
    // On another channel they are somebody else's.
    let sms = json!({"channel": "sms", "to": "+15005550006", "channel_options": {"webhook": 7}});
    assert!(admit_webhook(sms).is_ok());
}
