//! R24: secrets come up nowhere but where they are shown once, and messages and their recipients in no log, at any
//! level. A real daemon at level trace is given words that stand out, in the right places and in wrong ones; afterwards
//! everything that it and its tools wrote is searched for them.

use crate::canary_house::{
    ATTACHED, BODY, HEADER, HTML, House, MAILBOXES, META, NUMBER, PASSWORD, RELAYS, SIGNING, STRAYS, SUBJECT,
    USER, Written, forms, furnished, half,
};
use crate::peers::CALLS;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use notify_tests::bin;
use notify_tests::daemon::Builder;
use notify_tests::relay::Relay;
use serde_json::json;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// All that an application may get wrong, and some that it gets right.
async fn over_http(house: &mut House) {
    let wrong = [
        ("POST", "/api/v1/sms", json!({"to": NUMBER, "message": BODY, "colour": BODY}).to_string()),
        ("POST", "/api/v1/sms", json!({"to": [NUMBER, 5], "message": [BODY]}).to_string()),
        ("POST", "/api/v1/sms", json!({"to": NUMBER, "message": BODY, "priority": BODY}).to_string()),
        ("POST", "/api/v1/sms", format!("{{\"to\": \"{NUMBER}\", \"message\": \"{BODY}")),
        (
            "POST",
            "/api/v1/sms",
            format!("{{\"to\": \"{NUMBER}\", \"message\": \"{}\"}}", BODY.repeat(100_000)),
        ),
        (
            "POST",
            "/api/v1/email",
            json!({"to": format!("{} {BODY}", MAILBOXES[0]), "content": BODY}).to_string(),
        ),
        ("PUT", &format!("/api/v1/notifications/{}", house.dead), json!({"content": BODY}).to_string()),
        ("PUT", &format!("/api/v1/notifications/{}", house.waits), json!({"recipient": BODY}).to_string()),
        ("GET", &format!("/api/v1/notifications?recipient={}", &NUMBER[1..]), String::new()),
        ("GET", &format!("/api/v1/notifications?subject={SUBJECT}"), String::new()),
        ("GET", &format!("/api/v1/notifications/{}", house.dead), String::new()),
        ("GET", &format!("/api/v1/notifications/{}/events", house.dead), String::new()),
        ("GET", "/api/v1/stats", String::new()),
        ("GET", "/api/v1/providers", String::new()),
    ];
    for (method, path, body) in wrong {
        house.own(method, path, &body).await;
    }
    let put = json!({"content": BODY, "recipient": NUMBER, "subject": SUBJECT});
    let path = format!("/api/v1/notifications/{}", house.waits);
    assert_eq!(house.own("PUT", &path, &put.to_string()).await.0, 200);
    // Keys that open nothing, and words where keys do not belong.
    let sms = json!({"to": NUMBER, "message": BODY}).to_string();
    let key = house.key.clone();
    let (id, almost) = (key.split('-').next().unwrap().to_owned(), format!("{}x", &key[..key.len() - 1]));
    let cut = format!("Bearer {}", &key[..key.len() - 4]);
    for headers in [
        &[("authorization", "Bearer canarystraybearer")][..],
        &[("authorization", "Basic canarystraybasic")],
        &[("authorization", &cut)],
        &[
            ("authorization", "Bearer canarystraybearer"),
            ("traceparent", &format!("00-{id}-{}-01", &id[..16])),
        ],
        &[("x-service-id", &id), ("x-api-key", "canarystrayapikey")],
        &[("x-service-id", &id), ("x-api-key", &almost)],
        &[("x-service-id", "canarystrayapikey"), ("x-api-key", "canarystrayapikey")],
        &[("cookie", "session=canarystraycookie")],
    ] {
        assert_eq!(house.ask("POST", "/api/v1/sms", headers, &sms).await.0, 401, "{headers:?}");
        assert_eq!(house.ask("GET", "/api/v1/stats", headers, "").await.0, 401, "{headers:?}");
    }
    let query = "/api/v1/notifications?api_key=canarystrayquery";
    assert_eq!(house.ask("GET", query, &[], "").await.0, 401);
    let bearer = format!("Bearer {key}");
    let (status, told) = house.ask("GET", query, &[("authorization", &bearer)], "").await;
    house.written.add("answer to an unknown parameter", told.to_string());
    assert_eq!(status, 422);
    for path in ["/metrics", "/health", "/health/live", "/health/ready"] {
        assert_eq!(house.ask("GET", path, &[], "").await.0, 200, "{path}");
    }
}

/// Every command, as it is meant and misused.
fn on_the_socket(house: &mut House) {
    let prefix = {
        let ran = house.daemon.ctl().run(&["-q", "-o", "plain", "service", "key", "create", "acme"]);
        house.shown.push(("stdout of notifyctl service key create".into(), ran.stdout.clone()));
        half(&ran.stdout)[..8].to_owned()
    };
    for (call, _, line) in CALLS.iter().filter(|(call, ..)| *call != "daemon_shutdown") {
        let ids = (house.waits.clone(), house.dead.clone(), house.webhook.clone(), house.delivery.clone());
        let words: Vec<&str> = line
            .split(' ')
            .filter(|word| *word != "--reveal")
            .map(|word| match word {
                "ID" => ids.0.as_str(),
                "DEAD" => ids.1.as_str(),
                "KEY" => prefix.as_str(),
                "WEBHOOK" => ids.2.as_str(),
                "DELIVERY" => ids.3.as_str(),
                word => word,
            })
            .collect();
        let line = [&words[..], &["-vv", "--reason", "a good one"]].concat();
        let ran = house.ctl(&line);
        assert!(ran.code != 2, "{call}: {}", ran.stderr);
        let makes = ["service_create", "key_create", "key_reset", "webhook_create", "webhook_rotate"];
        let fresh = makes.contains(call).then(|| ran.stdout.clone());
        if let Some(key) = fresh {
            house.shown.push((format!("stdout of notifyctl {}", line.join(" ")), key));
        } else {
            let json: Vec<&str> =
                words.iter().copied().filter(|word| *word != "plain" && *word != "-o").collect();
            house.ctl(&[&json[..], &["-vv", "-o", "json"]].concat());
        }
        house.ctl(&[&words[..], &["--no-such-flag"]].concat());
        house.ctl(&[&words[..], &["--secret=canarystrayflag"]].concat());
    }
    // Credentials in the wrong places of a provider.
    let right = json!({"host": "127.0.0.1", "from": "a@example.org", "tls": "none"});
    let mut tried = vec![("smtp", "{\"host\": \"canarystrayconfig".to_owned())];
    for field in ["password", "secret", "host", "from", "tls", "hello_name", "port", "ca_file", "auth"] {
        for value in [json!("user:canarystrayconfig@host and more"), json!({"password": "canarystrayconfig"})]
        {
            let mut config = right.clone();
            config[field] = value;
            tried.push(("smtp", config.to_string()));
        }
    }
    tried.push(("mock", json!({"password": "canarystrayconfig"}).to_string()));
    tried.push(("mock", json!({"outcome": "canarystrayconfig"}).to_string()));
    tried.push(("mock", json!("canarystrayconfig").to_string()));
    for config in [
        json!({"url": "https://u:canarystrayconfig@h.example/"}),
        json!({"url": "http://127.0.0.1/canarystrayconfig?key=canarystrayconfig"}),
        json!({"headers": {"Authorization": "canarystrayconfig"}}),
        json!({"token": "canarystrayconfig"}),
    ] {
        tried.push(("webhook", config.to_string()));
    }
    let secret = house.file("mock.secret", "canarystraymock");
    for (number, (kind, config)) in tried.iter().enumerate() {
        let file = house.file("tried.json", config);
        let name = format!("tried-{number}");
        let ran = house.ctl(&[
            "provider",
            "add",
            &name,
            "--type",
            kind,
            "--config-file",
            &file,
            "--secret-file",
            &secret,
        ]);
        assert_ne!(ran.code, 0, "{config}: {}", ran.stdout);
    }
    for (name, _) in RELAYS {
        house.ctl(&["provider", "test", name, "--to", "ops@example.org", "-vv"]);
        house.ctl(&["provider", "show", name, "-o", "json"]);
    }
}

/// Programs as others on the machine see them, and screens.
fn looked_at(house: &mut House) {
    let of_process = |written: &mut Written, who: &str, pid: u32| {
        for name in ["cmdline", "environ"] {
            // A process that was just started has none for a moment.
            let look = || fs::read(format!("/proc/{pid}/{name}")).unwrap();
            let seen = (0..100_000).map(|_| look()).find(|seen| !seen.is_empty());
            let seen = seen.unwrap_or_else(|| panic!("{who} has no {name}"));
            written.add(format!("{name} of {who}"), seen);
        }
    };
    of_process(&mut house.written, "notifyd", house.daemon.pid());
    // It waits for the rest of its secret, and is looked at meanwhile.
    let mut waits = Command::new(bin("notifyctl"))
        .arg("--socket")
        .arg(house.daemon.builder().socket())
        .args(["provider", "add", "late", "--type", "smtp", "--secret-file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = waits.stdin.take().unwrap();
    input.write_all(PASSWORD.as_bytes()).unwrap();
    of_process(&mut house.written, "notifyctl", waits.id());
    drop(input);
    let ended = waits.wait_with_output().unwrap();
    house.written.add("stdout of notifyctl provider add -", ended.stdout);
    house.written.add("stderr of notifyctl provider add -", ended.stderr);
    let screen = Command::new(bin("notify-tui"))
        .args(["--snapshot", "--size", "160x50", "--socket"])
        .arg(house.daemon.builder().socket())
        .output()
        .unwrap();
    let text = String::from_utf8(screen.stdout).unwrap();
    assert!(screen.status.success() && text.contains("picky"), "{text}");
    house.written.add("screen of notify-tui", text);
    house.written.add("stderr of notify-tui", screen.stderr);
    // A secret as a setting.
    let wrong = Builder::new().config("[intake]\npassword = \"canarystraysetting\"\n");
    house.written.add("refused start", wrong.refused().1);
    let wrong = Builder::new().env("NOTIFYD_INTAKE_PASSWORD", "canarystraysetting");
    house.written.add("refused start", wrong.refused().1);
    let wrong = Builder::new().config("[intake]\npassword = \"canarystraysetting\n[log]\n");
    house.written.add("refused start", wrong.refused().1);
    for flag in ["--print-config", "--check"] {
        let shown = house.daemon.builder().command().arg(flag).output().unwrap();
        assert!(shown.status.success());
        house.written.add(format!("notifyd {flag}"), [shown.stdout, shown.stderr].concat());
    }
}

fn files(written: &mut Written, what: &str, directory: &Path) {
    let mut found = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            written.add(format!("{what} {}", path.display()), fs::read(&path).unwrap());
            found += 1;
        }
    }
    assert!(found > 0, "{what}");
}

async fn nothing_comes_up(filter: &str) {
    let builder = Builder::new();
    let logs = builder.dir().join("logs");
    let hooks = "[webhooks]\nallow_private = [\"127.0.0.1/32:9\"]\n";
    let config = format!("{hooks}[log]\nfilter = \"{filter}\"\ndirectory = {}\n", json!(logs));
    let builder = builder.config(&config);
    let relays = RELAYS.map(|(_, manner)| Relay::start(manner));
    let mut house = furnished(&builder, &relays).await;
    over_http(&mut house).await;
    on_the_socket(&mut house);
    looked_at(&mut house);
    let master = fs::read_to_string(builder.dir().join("master.key")).unwrap().trim().to_owned();
    // Before its end, while there is a write-ahead log.
    let mut stored = Written::default();
    files(&mut stored, "state", &builder.state());
    let House { mut daemon, mut written, shown, .. } = house;
    daemon.signal(rustix::process::Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(0));
    let log = daemon.rest_of_log();
    assert!(log.contains("\"level\":\"TRACE\""), "trace is on");
    written.add("log on stderr", log);
    files(&mut written, "log file", &logs);
    files(&mut stored, "state after the end", &builder.state());

    let mut leaks = Vec::new();
    let raw: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&master[2 * at..2 * at + 2], 16).unwrap()).collect();
    let upper = master.to_uppercase().into_bytes();
    let mut secrets: Vec<(String, Vec<Vec<u8>>)> =
        vec![("the master key".into(), [forms(&master), vec![raw, upper]].concat())];
    let plain = BASE64_STANDARD.encode(format!("\0{USER}\0{PASSWORD}"));
    secrets.push(("a provider's password".into(), [forms(PASSWORD), forms(&plain)].concat()));
    secrets.push((
        "a webhook's secret".into(),
        [forms(SIGNING), forms("canarysigningsecretofwebhook")].concat(),
    ));
    secrets.push(("a webhook's header".into(), forms(HEADER)));
    for (place, key) in &shown {
        assert_eq!(key.matches(&half(key)).count(), 1, "{place} shows it once");
        secrets.push((format!("the key of {place}"), forms(&half(key))));
    }
    for stray in STRAYS {
        secrets.push((stray.into(), forms(stray)));
    }
    for (what, forms) in &secrets {
        for form in forms {
            for place in written.places(form) {
                // Shown once, to whoever made it.
                if !shown
                    .iter()
                    .any(|(once, key)| once == place && what.contains(once) && key.contains(&half(key)))
                {
                    leaks.push(format!("{what}: {place}"));
                }
            }
            leaks.extend(stored.places(form).iter().map(|place| format!("{what}: {place}")));
        }
    }
    let attached = BASE64_STANDARD.encode(ATTACHED);
    let private = [BODY, SUBJECT, HTML, ATTACHED, &attached, META, &NUMBER[1..]];
    for word in private.iter().chain(&MAILBOXES) {
        for place in written.places(word.as_bytes()) {
            // Free data of the service are for operators to find things by.
            let found_by = *word == META
                && ["notification", "webhook delivery show"]
                    .iter()
                    .any(|verb| place.starts_with(&format!("stdout of notifyctl {verb}")));
            // What is answered to the service itself is not among what was written; the rest is for others.
            if !found_by {
                leaks.push(format!("{word}: {place}"));
            }
        }
    }
    leaks.dedup();
    assert!(leaks.is_empty(), "{leaks:#?}");
    // The search finds what is there.
    assert!(
        !stored.places(BODY.as_bytes()).is_empty() && !written.places(b"notification delivered").is_empty()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_comes_up_at_level_trace() {
    nothing_comes_up("trace").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_comes_up_when_the_quiet_parts_are_asked_for() {
    nothing_comes_up("trace,tarpc=trace,hyper=trace,tokio_util=trace").await;
}
