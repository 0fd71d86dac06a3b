//! Keys come out once, secrets go in by file or standard input, ids come from pipes.

use crate::every_command::{LINES, words};
use crate::house::Answer::{Err, Ok};
use crate::house::{Fake, ID, KEY, OTHER, SECRET, fake, usual, welcome, willing};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_key_goes_bare_into_a_pipe_and_the_sentence_elsewhere() {
    let fake = willing();
    for line in [
        &["service", "create", "acme"][..],
        &["service", "key", "create", "acme", "-o", "plain"],
        &["service", "key", "reset", "acme", "--grace", "24h", "--confirm", "acme"],
    ] {
        let run = fake.run(line);
        assert_eq!(run.stdout, format!("{KEY}\n"), "{line:?}");
        assert!(!run.stderr.contains(KEY) && !run.stderr.is_empty(), "{}", run.stderr);
    }
    let quiet = fake.run(&["-q", "-o", "plain", "service", "key", "reset", "acme", "--confirm", "acme"]);
    assert_eq!((quiet.stdout, quiet.stderr), (format!("{KEY}\n"), String::new()));
    let json = fake.run(&["service", "create", "acme", "--json", "-v"]);
    assert_eq!(json.json()["api_key"], KEY);
    assert!(!json.stderr.contains(KEY));
    assert_eq!(fake.calls("KeyReset")[0]["grace_seconds"], 86_400);
}

/// Whatever is run, however loud and in whichever format: once where it is made, and nowhere else.
#[test]
fn a_key_is_said_once_by_the_command_that_makes_it_and_by_no_other() {
    let fake = willing();
    let makes = |verb: &[&str]| {
        let of_service = ["service create", "service seed-mock", "service key create", "service key reset"];
        of_service.iter().any(|it| verb.join(" ").starts_with(it))
    };
    for line in LINES {
        for format in ["table", "wide", "plain", "json", "jsonl", "csv", "id"] {
            let run = fake.run(&[&words(line)[..], &["-vvv", "-o", format]].concat());
            // Where there is no place for it, it is not made.
            let expected = usize::from(makes(&words(line)) && run.exit == 0);
            let said = |text: &str| text.matches(KEY).count();
            assert_eq!((said(&run.stdout), said(&run.stderr)), (expected, 0), "{line} -o {format}");
            let dry = fake.run(&[&words(line)[..], &["-vvv", "-n", "-o", format]].concat());
            assert_eq!(said(&dry.stdout) + said(&dry.stderr), 0, "{line} -n -o {format}");
        }
    }
}

#[test]
fn a_key_file_has_the_key_and_the_output_has_not() {
    let fake = willing();
    for (name, format) in
        [("a.key", "table"), ("b.key", "json"), ("c.key", "plain"), ("d.key", "id"), ("e.key", "csv")]
    {
        let path = fake.dir.path().join(name);
        let run =
            fake.run(&["service", "create", "acme", "-o", format, "--key-file", path.to_str().unwrap()]);
        assert_eq!(run.exit, 0, "{}", run.stderr);
        assert!(!run.stdout.contains(KEY) && !run.stderr.contains(KEY), "{format}: {}", run.stdout);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{KEY}\n"));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let refusing =
        crate::house::fake(|verb, _| if verb == "Hello" { Ok(welcome()) } else { Err("conflict", "exists") });
    let path = refusing.dir.path().join("x.key");
    assert_eq!(refusing.run(&["service", "create", "acme", "--key-file", path.to_str().unwrap()]).exit, 5);
    assert!(!path.exists(), "no key, no file");
    let dry = fake.run(&["-n", "service", "create", "acme", "--key-file", path.to_str().unwrap()]);
    assert!(dry.exit == 0 && !path.exists() && dry.stdout.starts_with("dry run:"), "{}", dry.stdout);
}

#[test]
fn a_service_with_webhooks_says_which_secret_is_which() {
    let fake = willing();
    let url = "https://hooks.example.org/n";
    let create = ["service", "create", "acme", "--webhook", url, "--webhook", url];
    let of_hook = format!("webhook_secret\t{SECRET}\t{url}\t{ID}\n");
    let records = format!("key\t{KEY}\tacme\t00112233\n{of_hook}{of_hook}");
    for format in ["table", "wide", "plain"] {
        let run = fake.run(&[&create[..], &["-o", format]].concat());
        assert_eq!((run.exit, &run.stdout), (0, &records), "{}", run.stderr);
        assert!(run.stderr.contains("service acme is created"), "{}", run.stderr);
    }
    let path = fake.dir.path().join("acme.key");
    let filed = fake.run(&[&create[..5], &["--key-file", path.to_str().unwrap()]].concat());
    assert_eq!(filed.stdout, of_hook, "{}", filed.stderr);
    assert!(filed.stderr.contains("its key is written to"), "{}", filed.stderr);
    let quiet = fake.run(&[&create[..], &["-q"]].concat());
    assert_eq!((quiet.stdout, quiet.stderr), (records, String::new()));
    let json = fake.run(&[&create[..], &["--json"]].concat()).json();
    assert_eq!((&json["api_key"], &json["webhooks"][1]["secret"]), (&json!(KEY), &json!(SECRET)));
    for format in ["id", "csv"] {
        let path = fake.dir.path().join(format);
        let run = fake.run(&[&create[..], &["-o", format, "--key-file", path.to_str().unwrap()]].concat());
        assert!(run.exit == 2 && run.stderr.contains("webhooks' secrets"), "{}", run.stderr);
        assert!(!path.exists());
    }
    // When the first webhook cannot be made the key is told all the same, and as before.
    let refuses = fake_refusing_webhooks();
    let run = refuses.run(&create);
    assert_eq!((run.exit, run.stdout), (7, format!("key\t{KEY}\tacme\t00112233\n")), "{}", run.stderr);
}

/// It rehearses a webhook and makes none.
fn fake_refusing_webhooks() -> Fake {
    fake(|verb, arguments| match verb {
        "WebhookCreate" if arguments["change"]["dry_run"] == false => Err("conflict", "too many"),
        _ => Ok(usual(verb, arguments)),
    })
}

#[test]
fn a_providers_secret_comes_from_a_file_or_standard_input() {
    let fake = willing();
    let config = fake.dir.path().join("relay.json");
    std::fs::write(&config, r#"{"host": "mail.example.org"}"#).unwrap();
    let config = config.to_str().unwrap();
    let line = [
        "provider",
        "add",
        "relay",
        "--type",
        "smtp",
        "--channel",
        "email",
        "--rate",
        "600/m",
        "--config-file",
        config,
        "--secret-file",
        "-",
    ];
    let run = fake.run_on(&line, "hunter2\n");
    assert_eq!(run.exit, 0, "{}", run.stderr);
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));
    let sent = &fake.calls("ProviderAdd")[0]["provider"];
    assert_eq!((&sent["secret"], &sent["config"]["host"]), (&json!("hunter2"), &json!("mail.example.org")));
    assert_eq!((&sent["channels"], &sent["rate_per_second"]), (&json!(["email"]), &json!(10.0)));
}

#[test]
fn ids_come_from_standard_input_plain_or_as_json_lines() {
    let fake = willing();
    let input = format!("{ID}\n{{\"id\":\"{OTHER}\",\"status\":\"failed\"}}\n{ID}\n");
    let run = fake.run_on(&["ntf", "retry", "-", "-o", "id"], &input);
    assert_eq!((run.exit, run.stdout), (0, format!("{ID}\n{OTHER}\n")), "{}", run.stderr);
    assert_eq!(fake.calls("NotificationRetry")[0]["ids"], json!([ID, OTHER]));
    let wrong = fake.run_on(&["ntf", "retry", "-"], "nonsense\n");
    assert!(wrong.exit == 2 && wrong.stderr.contains("line 1"), "{}", wrong.stderr);
}

#[test]
fn a_notification_is_sent_as_it_was_asked_for() {
    let fake = willing();
    let line = [
        "ntf",
        "send",
        "--service",
        "acme",
        "--channel",
        "email",
        "--to",
        "a@example.org",
        "--to",
        "b@example.org",
        "--subject",
        "Hi",
        "--body-file",
        "-",
        "--priority",
        "high",
        "--at",
        "2030-01-02T03:04:05Z",
        "--meta",
        "campaign=x",
        "--no-dedup",
        "-o",
        "id",
    ];
    let run = fake.run_on(&line, "hello");
    assert_eq!((run.exit, run.stdout), (0, format!("{ID}\n")), "{}", run.stderr);
    let request = &fake.calls("NotificationSendOnce")[0]["request"];
    let expected = json!({
        "channel": "email", "recipient": ["a@example.org", "b@example.org"], "subject": "Hi", "content": "hello",
        "priority": "high", "scheduled_at": "2030-01-02T03:04:05Z", "meta_data": {"campaign": "x"}, "deduplicate": false
    });
    assert_eq!(*request, expected);
    let huge = fake.run_on(
        &[
            "ntf",
            "send",
            "--service",
            "acme",
            "--channel",
            "email",
            "--to",
            "a@example.org",
            "--body-file",
            "-",
        ],
        &"x".repeat(1 << 20),
    );
    assert!(huge.exit == 1 && huge.stderr.contains("1 MiB"), "{}", huge.stderr);
    drop(fake);
    assert!(usual("Ping", &json!({})).is_null());
}

#[test]
fn a_list_goes_on_from_page_to_page_until_the_limit() {
    let endless = fake(|verb, arguments| {
        let mut answer = usual(verb, arguments);
        if verb == "NotificationList" {
            answer["next_cursor"] = json!("more");
        }
        Ok(answer)
    });
    let run = endless.run(&["ntf", "list", "--limit", "5", "--json"]);
    assert_eq!((run.json()["next"].as_str(), run.json()["total"]["value"].as_u64()), (Some("more"), Some(2)));
    let asked = endless.calls("NotificationList");
    let limits: Vec<_> = asked.iter().map(|call| call["request"]["limit"].as_u64().unwrap()).collect();
    assert_eq!(limits, [5, 3, 1]);
    assert_eq!(
        (&asked[0]["request"]["cursor"], &asked[1]["request"]["cursor"]),
        (&json!(null), &json!("more"))
    );
}
