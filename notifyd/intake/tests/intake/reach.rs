//! Who can be reached: what a request lacks is said of the field that mends it, and an edit is held to the same.

use crate::support::{Answer, House};
use serde_json::{Value, json};

/// The one field that is refused, and why.
#[track_caller]
#[expect(clippy::unwrap_used, reason = "a helper of tests ends the test")]
fn refused(answer: &Answer) -> (String, String) {
    answer.refuses(422, "validation");
    let errors = answer.json()["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 1, "{errors}");
    let text = |member: &str| errors[0][member].as_str().unwrap().to_owned();
    (text("field"), text("message"))
}

const MAIL: &str = "a@b.example";
const NUMBER: &str = "+15005550006";

/// Bodies, the field that is refused, and what is said of it. `texts` serves sms, `mails` email, and nobody push.
fn cases() -> Vec<(Value, &'static str, &'static [&'static str])> {
    vec![
        // A channel that is served has no address.
        (
            json!({"channels": ["push", "email"], "recipient": {"push": "token"}}),
            "recipient.email",
            &["is missing", "active providers serve only email"],
        ),
        (
            json!({"channels": ["push", "email", "sms"], "recipient": {"push": "token"}}),
            "recipient.email",
            &["serve only email and sms"],
        ),
        (
            json!({"channels": ["push", "email"], "recipient": "token"}),
            "recipient",
            &["no address for email", "give a map from channel to address"],
        ),
        // The pinned provider serves a channel that has no address.
        (
            json!({"channels": ["sms", "email"], "recipient": {"email": MAIL}, "provider_id": "texts"}),
            "recipient.sms",
            &["provider texts serves only sms", "another provider_id"],
        ),
        (
            json!({"channels": ["sms", "email"], "recipient": {"sms": NUMBER}, "provider_id": "mails"}),
            "recipient.email",
            &["provider mails serves only email"],
        ),
        (
            json!({"channels": ["sms", "email"], "recipient": NUMBER, "provider_id": "mails"}),
            "recipient",
            &["no address for email", "provider mails", "give a map"],
        ),
        // One address is for the first channel at least.
        (
            json!({"channels": ["sms", "email"], "recipient": MAIL}),
            "recipient",
            &["not a telephone number", "the first of the channels, sms", "give a map"],
        ),
        // A channel without a provider, or a provider without the channel.
        (
            json!({"channels": ["push", "telegram"], "recipient": {"push": "token"}}),
            "channels",
            &["no active provider serves push or telegram", "sms, email"],
        ),
        (json!({"channel": "push", "recipient": "token"}), "channel", &["no active provider serves push"]),
        (
            json!({"channel": "email", "recipient": MAIL, "provider_id": "texts"}),
            "provider_id",
            &["provider texts does not serve email", "leave it out"],
        ),
        (
            json!({"channels": ["email", "push"], "recipient": {"email": MAIL}, "provider_id": "texts"}),
            "provider_id",
            &["provider texts does not serve email or push"],
        ),
        (
            json!({"channels": ["push", "sms"], "recipient": {"push": "token"}, "provider_id": "sleeping"}),
            "provider_id",
            &["sleeping is switched off"],
        ),
        (
            json!({"channels": ["sms", "email"], "recipient": {"email": MAIL}, "provider_id": "nobody"}),
            "provider_id",
            &["no provider has this name"],
        ),
        // What is wrong with the channels themselves stays what it is.
        (
            json!({"channels": ["email", "email", "push"], "recipient": {"push": "token"}}),
            "channels",
            &["name each channel once"],
        ),
    ]
}

#[tokio::test]
async fn what_is_missing_is_said_of_its_channel() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    for (mut body, field, said) in cases() {
        body["content"] = json!("hi");
        let answer = shop.post("/api/v1/notifications", &body).await;
        let (named, message) = refused(&answer);
        assert_eq!(named, field, "{body}: {message}");
        assert!(said.iter().all(|said| message.contains(said)), "{body}: {message}");
    }
    for good in [
        json!({"channels": ["sms", "email"], "recipient": {"email": MAIL}}),
        json!({"channels": ["email", "sms"], "recipient": MAIL}),
        json!({"channels": ["sms", "email"], "recipient": {"sms": NUMBER}, "provider_id": "mails",
            "allow_failover": true}),
    ] {
        let mut body = good;
        body["content"] = json!("hi");
        let answer = shop.post("/api/v1/notifications", &body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
    }
}

#[tokio::test]
async fn an_edit_reaches_somebody_as_a_new_request_must() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let (shown, both) = (json!({"sms": NUMBER}), json!({"sms": NUMBER, "email": MAIL}));
    let send = async |more: Value| {
        let mut body = json!({"channels": ["push", "email", "sms"], "recipient": both, "content": "hi",
            "deduplicate": false});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sent = shop.post("/api/v1/notifications", &body).await;
        assert_eq!(sent.status, 202, "{}", sent.body);
        format!("/api/v1/notifications/{}", sent.json()["id"].as_str().unwrap())
    };
    let any = send(json!({})).await;
    let pinned = send(json!({"provider_id": "mails"})).await;
    let loose = send(json!({"provider_id": "mails", "allow_failover": true})).await;
    for (path, recipient, field) in [
        (&any, json!({"push": "token"}), Some("recipient.email")),
        (&any, json!("token"), Some("recipient")),
        (&any, shown.clone(), None),
        (&pinned, shown.clone(), Some("recipient.email")),
        (&pinned, json!({"email": "c@d.example"}), None),
        (&loose, shown, None),
    ] {
        let edit = json!({"recipient": recipient, "subject": "s"});
        let answer = shop.put(path, &edit).await;
        match field {
            None => assert_eq!(answer.status, 200, "{edit}: {}", answer.body),
            Some(field) => {
                let (named, message) = refused(&answer);
                let mut body = json!({"channels": ["push", "email", "sms"], "content": "new"});
                body["recipient"] = edit["recipient"].clone();
                if path == &pinned {
                    body["provider_id"] = json!("mails");
                }
                let new = refused(&shop.post("/api/v1/notifications", &body).await);
                assert_eq!((named.as_str(), &message), (field, &new.1), "as in a new request");
            }
        }
    }
    let kept = shop.get(&any).await.json()["notification"]["recipient"].clone();
    assert_eq!(kept, json!({"sms": NUMBER}), "what was refused changed nothing");
}

#[tokio::test]
async fn an_edit_that_names_nobody_is_not_asked_for_a_way() {
    let house = House::open().await;
    let shop = house.service("shop").await;
    let id = shop.text("hi").await;
    let path = format!("/api/v1/notifications/{id}");
    house.switch(1, false).await;
    assert_eq!(shop.put(&path, &json!({"content": "ho"})).await.status, 200);
    let answer = shop.put(&path, &json!({"recipient": "+15005550007"})).await;
    let (field, message) = refused(&answer);
    assert_eq!(field, "channel");
    assert!(message.contains("no active provider serves sms"), "{message}");
    house.switch(1, true).await;
    assert_eq!(shop.put(&path, &json!({"recipient": "+15005550007"})).await.status, 200);
    // What cannot be changed any more is refused for that.
    house.switch(1, false).await;
    shop.post(&format!("{path}/revoke"), &json!({})).await;
    shop.put(&path, &json!({"recipient": "+15005550008"})).await.refuses(409, "conflict");
}
