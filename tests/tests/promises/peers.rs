//! R23: who may come to the control socket is decided from the kernel's word on who it is. Root and the daemon's own
//! user do everything, one group looks, another changes, and all others are shut out, also when they reach the file.
//!
//! Two groups that every Debian has stand in for `notify` and `notify-admin`.

use notify_tests::ctl::{Ctl, Ran};
use notify_tests::daemon::{Builder, Daemon};
use notify_tests::person::{Person, open};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// What a call is for: `Change` has the word that its audit row has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Is {
    Look,
    Change(&'static str),
}
use Is::{Change, Look};

/// Every call of the socket, by the command that makes it. `ID` is a notification that waits for a time and for the
/// provider `quiet`, `DEAD` one that failed, `KEY` the prefix of a key, `WEBHOOK` one to which nobody listens, `DELIVERY` an
/// event of `ID` that is owed to it. A call that only the dashboard makes has the command that tells the same. The last one
/// ends the daemon.
pub(crate) const CALLS: &[(&str, Is, &str)] = &[
    ("hello", Look, "daemon info"),
    ("ping", Look, "ping"),
    ("status", Look, "status"),
    ("overview", Look, "top"),
    ("series", Look, "stats series"),
    ("stats", Look, "stats summary --since 24h"),
    ("events", Look, "tail"),
    ("audit_list", Look, "audit list"),
    ("daemon_info", Look, "daemon info"),
    ("doctor", Look, "doctor"),
    ("daemon_config", Look, "daemon config show"),
    ("daemon_config_check", Look, "daemon config check /dev/null"),
    ("daemon_log_filter", Change("daemon.log_filter"), "daemon log-filter debug --for 10s"),
    ("service_list", Look, "service list"),
    ("service_show", Look, "service show acme"),
    ("key_list", Look, "service key list acme"),
    ("provider_list", Look, "provider list"),
    ("provider_show", Look, "provider show quiet"),
    ("provider_route", Look, "provider route --channel sms"),
    ("notification_show", Look, "notification show ID"),
    ("notification_list", Look, "notification list --all"),
    ("notification_lines", Look, "notification list"),
    ("notification_count", Look, "notification count"),
    ("notification_values", Look, "notification count --by type"),
    ("notification_wait", Look, "notification wait DEAD"),
    ("notification_explain", Look, "notification explain ID"),
    ("notification_dup", Look, "notification dup ID"),
    (
        "notification_preview",
        Look,
        "notification explain --dry-run --service acme --channel sms --to +15005550142 --body secret",
    ),
    ("schedule_list", Look, "schedule list"),
    ("schedule_histogram", Look, "schedule histogram"),
    ("schedule_group", Look, "schedule group"),
    ("store_stats", Look, "store stats"),
    ("operation_list", Look, "operation list"),
    ("operation_show", Look, "operation show op_1"),
    ("daemon_reload", Change("daemon.reload"), "daemon reload"),
    ("store_backup", Change("store.backup"), "store backup"),
    ("store_check", Change("store.check"), "store check"),
    ("store_compact", Change("store.compact"), "store compact"),
    ("store_prune", Change("store.prune"), "store prune --older-than 1d --status failed --confirm 0"),
    ("operation_cancel", Change("operation.cancel"), "operation cancel op_1 --yes"),
    ("service_create", Change("service.create"), "service create other -o plain"),
    ("service_set_active", Change("service.disable"), "service disable acme --yes"),
    ("service_set_active", Change("service.enable"), "service enable acme"),
    ("service_update", Change("service.update"), "service update acme --rate 900/s"),
    ("service_unlock", Change("service.unlock"), "service unlock acme"),
    ("service_delete", Change("service.delete"), "service delete other --confirm other"),
    ("key_create", Change("service.key.create"), "service key create acme -o plain"),
    ("key_revoke", Change("service.key.revoke"), "service key revoke acme KEY --confirm acme"),
    ("key_reset", Change("service.key.reset"), "service key reset acme --confirm acme -o plain"),
    ("provider_seed", Change("provider.add"), "provider seed"),
    ("provider_reseed", Change("provider.update"), "provider seed --update"),
    ("provider_add", Change("provider.add"), "provider add second --type mock"),
    ("provider_set_active", Change("provider.disable"), "provider disable quiet --yes"),
    ("provider_set_active", Change("provider.enable"), "provider enable quiet"),
    ("notification_retry", Change("notification.retry"), "notification retry DEAD"),
    ("notification_wait", Look, "notification wait DEAD --timeout 5s"),
    ("notification_bulk", Change("notification.retry"), "dead retry --filter DEAD --yes"),
    ("notification_wait", Look, "notification wait DEAD --timeout 5s"),
    ("dead_group", Look, "dead group"),
    ("dead_discard", Change("dead.discard"), "dead discard DEAD --confirm 1"),
    ("provider_update", Change("provider.update"), "provider update quiet --priority 7"),
    ("provider_remove", Change("provider.remove"), "provider remove broken --confirm broken"),
    ("provider_test", Change("provider.test"), "provider test quiet --channel sms --to +15005550006"),
    (
        "webhook_create",
        Change("webhook.create"),
        "webhook create --service acme --url http://127.0.0.1:9/n -o plain",
    ),
    ("webhook_list", Look, "webhook list"),
    ("webhook_show", Look, "webhook show WEBHOOK"),
    ("webhook_deliveries", Look, "webhook deliveries WEBHOOK"),
    ("webhook_delivery", Look, "webhook delivery show DELIVERY --body"),
    ("webhook_delivery", Change("webhook.reveal"), "webhook delivery show DELIVERY --body --reveal"),
    ("webhook_stats", Look, "webhook stats WEBHOOK"),
    ("notification_webhooks", Look, "notification show ID --webhooks"),
    ("webhook_update", Change("webhook.update"), "webhook update WEBHOOK --redact yes"),
    ("webhook_test", Change("webhook.test"), "webhook test WEBHOOK"),
    ("webhook_resend", Change("webhook.resend"), "webhook resend DELIVERY --yes"),
    ("webhook_recover", Change("webhook.recover"), "webhook recover WEBHOOK --since 1h --yes"),
    ("webhook_rotate", Change("webhook.secret.rotate"), "webhook secret rotate WEBHOOK -o plain"),
    ("webhook_set_active", Change("webhook.disable"), "webhook disable WEBHOOK --yes"),
    ("webhook_set_active", Change("webhook.enable"), "webhook enable WEBHOOK"),
    ("webhook_delete", Change("webhook.delete"), "webhook delete WEBHOOK --confirm WEBHOOK"),
    ("queue_list", Look, "queue list"),
    ("queue_show", Look, "queue show quiet"),
    ("queue_shape", Look, "queue shape"),
    ("hold_list", Look, "queue hold list"),
    ("hold_set", Change("queue.pause"), "queue pause quiet --yes"),
    ("schedule_run", Change("schedule.run"), "schedule run ID"),
    ("notification_postpone", Change("notification.postpone"), "notification postpone ID --until 2h"),
    ("schedule_move", Change("schedule.move"), "schedule move ID --at 1h"),
    ("notification_cancel", Change("notification.cancel"), "notification cancel ID --yes"),
    ("notification_retry", Change("notification.retry"), "notification retry ID"),
    ("notification_bury", Change("notification.bury"), "notification bury ID --yes"),
    ("queue_resume", Change("queue.resume"), "queue resume quiet"),
    ("hold_set", Change("queue.drain"), "queue drain quiet --yes"),
    ("hold_set", Change("queue.limit"), "queue limit quiet 2"),
    ("hold_cancel", Change("queue.hold.cancel"), "queue hold cancel hold_2"),
    ("hold_set", Change("provider.circuit.open"), "provider circuit open quiet --yes"),
    ("circuit_force", Change("provider.circuit.half_open"), "provider circuit half-open quiet"),
    ("circuit_force", Change("provider.circuit.close"), "provider circuit close quiet"),
    ("notification_send", Change("notification.send"), "notification send-batch --service acme BATCH"),
    (
        "notification_send_once",
        Change("notification.send"),
        "notification send --service acme --channel sms --to +15005550006 --body again --idempotency-key once",
    ),
    ("notification_show", Change("notification.reveal"), "notification show ID --reveal"),
    ("notification_list", Change("notification.reveal"), "notification list --all --reveal"),
    ("daemon_shutdown", Change("daemon.shutdown"), "daemon shutdown --yes"),
];

/// Changes that find nothing to change in this house, and so write nothing down.
const NOTHING_TO_DO: [&str; 4] = ["operation_cancel", "provider_reseed", "store_prune", "webhook_recover"];

const RECIPIENT: &str = "+15005550142";

/// The groups are the own ones of these users.
const READERS: &str = "games";
const ADMINS: &str = "man";
const STRANGER: &str = "nobody";

/// A daemon whose groups are other people's, with something to look at and to change.
struct House {
    daemon: Daemon,
    socket: PathBuf,
    waits: String,
    dead: String,
    key: String,
    webhook: String,
    delivery: String,
    /// May look.
    reader: Person,
    /// May change.
    admin: Person,
    stranger: Person,
}

impl House {
    async fn new(owner: Option<&str>) -> Option<Self> {
        let (reader, admin) = (Person::known(READERS)?, Person::known(ADMINS)?);
        let stranger = Person::known(STRANGER)?;
        // The socket belongs to the readers, so who changes is in their group too.
        let admin = admin.with_group(reader.gid);
        let groups = format!(
            "[control]\ngroup_read = \"{READERS}\"\ngroup_admin = \"{ADMINS}\"\n[webhooks]\nallow_private = [\"127.0.0.1/32:9\"]\n"
        );
        let mut builder = Builder::new().config(&groups);
        if let Some(owner) = owner {
            builder = builder.by(&Person::known(owner)?);
        }
        open(builder.dir());
        let socket = builder.dir().join("run/control.sock");
        let builder = builder.flag(&format!("--socket={}", socket.display()));
        let daemon = builder.start();
        let ctl = Ctl::new(&socket);
        let key = ctl.ok(&["-q", "-o", "plain", "service", "create", "acme"]).trim().to_owned();
        for (name, config) in [("quiet", json!({})), ("broken", json!({"outcome": "permanent"}))] {
            let file = builder.dir().join(name);
            fs::write(&file, config.to_string()).unwrap();
            let file = file.to_str().unwrap();
            ctl.ok(&["provider", "add", name, "--type", "mock", "--config-file", file]);
        }
        let batch = json!({"channel": "sms", "to": RECIPIENT, "content": "hello"});
        fs::write(builder.dir().join("batch"), batch.to_string()).unwrap();
        let hook = ["--service", "acme", "--url", "http://127.0.0.1:9/n", "--event", "created"];
        let made = ctl.json(&[&["webhook", "create"][..], &hook].concat());
        let webhook = made["webhook"]["id"].as_str().unwrap().to_owned();
        let mut client = daemon.client(&key).await;
        let broken = json!({"to": RECIPIENT, "message": "secret words", "provider_id": "broken"});
        let dead = client.post("/api/v1/sms", &broken).await.unwrap();
        assert!(ctl.run(&["notification", "wait", &dead.id()]).stdout.contains("failed"));
        let made: notify_proto::Timestamp = dead.json()["created_at"].as_str().unwrap().parse().unwrap();
        let tomorrow = notify_proto::view::rfc3339(made + chrono::TimeDelta::days(1));
        let mut later = json!({"to": RECIPIENT, "message": "more secret words", "scheduled_at": tomorrow});
        later["provider_id"] = json!("quiet");
        let waits = client.post("/api/v1/sms", &later).await.unwrap().id();
        let told = ctl.json(&["notification", "show", &waits, "--webhooks"]);
        let delivery = told["webhooks"][0]["id"].as_str().unwrap().to_owned();
        Some(Self { daemon, socket, waits, dead: dead.id(), key, webhook, delivery, reader, admin, stranger })
    }

    fn ctl(&self) -> Ctl {
        Ctl::new(&self.socket)
    }

    fn by(&self, person: &Person) -> Ctl {
        self.ctl().by(person, self.daemon.builder().dir())
    }

    fn run(&self, ctl: &Ctl, line: &str, more: &[&str]) -> Ran {
        let prefix = &self.key.split('-').nth(1).unwrap()[..8];
        let words = line.split(' ').map(|word| match word {
            "ID" => self.waits.clone(),
            "DEAD" => self.dead.clone(),
            "KEY" => prefix.to_owned(),
            "WEBHOOK" => self.webhook.clone(),
            "DELIVERY" => self.delivery.clone(),
            "BATCH" => self.daemon.builder().dir().join("batch").to_str().unwrap().to_owned(),
            word => word.to_owned(),
        });
        let words: Vec<String> = words.chain(more.iter().map(|word| (*word).to_owned())).collect();
        ctl.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// What there is, as root sees it.
    fn everything(&self) -> Vec<Value> {
        let lists = [
            &["service", "list"][..],
            &["service", "key", "list", "acme"],
            &["provider", "list"],
            &["queue", "hold", "list"],
            &["notification", "list", "--all"],
        ];
        let mut seen: Vec<Value> = lists.iter().map(|list| self.ctl().json(list)).collect();
        // What services send is measured, and when keys were used last is written now and then.
        for service in seen[0]["items"].as_array_mut().unwrap() {
            service["figures"] = Value::Null;
        }
        for key in seen[1]["items"].as_array_mut().unwrap() {
            key["last_used_at"] = Value::Null;
        }
        seen
    }

    fn audit(&self) -> Vec<Row> {
        rows(&self.daemon.builder().state())
    }
}

/// What the daemon takes the caller for.
fn role(ctl: &Ctl) -> String {
    let info = ctl.ok(&["daemon", "info", "-o", "plain"]);
    let role = info.lines().find_map(|line| line.strip_prefix("role\t"));
    role.unwrap_or_else(|| panic!("no role in {info}")).to_owned()
}

/// Of the audit log: actor, verb, target, reason.
type Row = (String, String, String, Option<String>);

fn rows(state: &Path) -> Vec<Row> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let log = rusqlite::Connection::open_with_flags(state.join("notifyd.db"), flags).unwrap();
    let mut query = log.prepare("SELECT actor, verb, target, reason FROM audit ORDER BY no").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn every_call_of_the_socket_has_a_row() {
    let source = include_str!("../../../proto/src/control.rs");
    let calls: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("async fn ")?.split('(').next())
        .collect();
    assert!(calls.len() > 20, "{calls:?}");
    assert_eq!(CALLS.iter().map(|(call, ..)| *call).collect::<BTreeSet<_>>(), calls);
    // A call that carries a reason changes something, and the others do not.
    for call in calls {
        let declared = source.split(&format!("async fn {call}(")).nth(1).unwrap().split(';').next().unwrap();
        let changes = CALLS
            .iter()
            .any(|(name, is, line)| *name == call && matches!(is, Change(_)) && !line.contains("--reveal"));
        assert_eq!(declared.contains("change: Change"), changes, "{call}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_one_group_look_and_cannot_change() {
    let Some(house) = House::new(None).await else { return };
    let (root, reader) = (house.ctl(), house.by(&house.reader));
    let (before, audited) = (house.everything(), house.audit());
    for (call, is, line) in CALLS {
        if *is == Look {
            let (mine, roots) = (house.run(&reader, line, &[]), house.run(&root, line, &[]));
            // Whom the doctor connects to for an admin, it does not for others: what nobody looked at is no problem.
            let codes = if *call == "doctor" { (0, 1) } else { (roots.code, roots.code) };
            assert_eq!((mine.code, roots.code), codes, "{call}: {}", mine.stderr);
            assert!(!mine.stdout.contains(RECIPIENT) && !mine.stdout.contains("secret words"), "{line}");
            continue;
        }
        for more in [&[][..], &["--dry-run"]] {
            let ran = house.run(&reader, line, more);
            assert_eq!(ran.code, 4, "{call} {more:?}: {}{}", ran.stdout, ran.stderr);
            assert!(ran.stderr.contains("viewer") && ran.stderr.contains("admin"), "{}", ran.stderr);
            assert_eq!(ran.stdout, "", "{call}");
        }
        assert_eq!(house.everything(), before, "{call} changed something");
    }
    assert_eq!(house.audit(), audited);
    let shown = reader.json(&["notification", "show", &house.waits]);
    assert_eq!(shown["notification"]["recipient"], "+1********42", "{shown}");
    assert_eq!(shown["notification"]["content"], Value::Null);
    assert_eq!(role(&reader), "viewer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_the_other_group_change_and_every_change_says_who_what_and_why() {
    let Some(mut house) = House::new(None).await else { return };
    let admin = house.by(&house.admin);
    for (number, (call, is, line)) in CALLS.iter().enumerate() {
        let Change(verb) = is else {
            assert_ne!(house.run(&admin, line, &[]).code, 4, "{call}");
            continue;
        };
        if NOTHING_TO_DO.contains(call) {
            assert_ne!(house.run(&admin, line, &[]).code, 4, "{call}");
            continue;
        }
        let before = house.audit().len();
        let reason = format!("because of {number}");
        let ran = house.run(&admin, line, &["--reason", &reason]);
        assert_eq!(ran.code, 0, "{call}: {}{}", ran.stdout, ran.stderr);
        let rows = house.audit().split_off(before);
        let [(actor, written, target, why)] = rows.as_slice() else { panic!("{call}: {rows:?}") };
        assert!(actor.starts_with(&format!("{ADMINS}(uid {}, pid ", house.admin.uid)), "{actor}");
        assert!(written == verb && !target.is_empty(), "{call}: {written} {target}");
        // What is revealed has a reason of its own.
        let expected = if line.contains("--reveal") { "revealed" } else { &reason };
        assert_eq!(why.as_deref(), Some(expected), "{call}");
    }
    assert_eq!(house.daemon.wait().code(), Some(0), "the last one ended it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_shut_out_also_when_they_reach_the_file() {
    let Some(mut house) = House::new(None).await else { return };
    let directory = house.socket.parent().unwrap().to_owned();
    let modes = |path: &Path| {
        let found = fs::metadata(path).unwrap();
        (found.mode() & 0o7777, found.uid(), found.gid())
    };
    assert_eq!(modes(&directory), (0o750, 0, house.reader.gid));
    assert_eq!(modes(&house.socket), (0o660, 0, house.reader.gid));
    let stranger = house.by(&house.stranger);
    for (call, _, line) in CALLS {
        let ran = house.run(&stranger, line, &[]);
        assert_eq!(ran.code, 4, "{call}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("you have no right to this socket"), "{}", ran.stderr);
    }
    // Somebody opened the file to all, or gave the stranger the group of the file but no place in it.
    let reached = house.by(&house.stranger.clone().with_group(house.reader.gid));
    let (before, audited) = (house.everything(), house.audit());
    for round in 0..2 {
        for (call, _, line) in CALLS {
            let ran = house.run(if round == 0 { &reached } else { &stranger }, line, &[]);
            assert_eq!(ran.code, 4, "{call}: {}{}", ran.stdout, ran.stderr);
            assert!(ran.stderr.contains("you are in neither of its groups"), "{}", ran.stderr);
            // The doctor says what it sees without the daemon, and nothing of what is in it.
            let told = if *call == "doctor" { !ran.stdout.contains("quiet") } else { ran.stdout.is_empty() };
            assert!(told, "{call}: {}", ran.stdout);
        }
        fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&house.socket, Permissions::from_mode(0o666)).unwrap();
    }
    assert_eq!((house.everything(), house.audit()), (before, audited));
    let refused = house.daemon.wait_for_log(|line| line["message"] == "control connection refused: no right");
    assert_eq!(refused["uid"], house.stranger.uid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_is_not_root_obeys_its_own_user_and_root() {
    // Set up by root, so root may do all.
    let Some(house) = House::new(Some("mail")).await else { return };
    let own = Person::known("mail").unwrap();
    assert_eq!(fs::metadata(&house.socket).unwrap().uid(), own.uid);
    let by_own = house.by(&own);
    assert_eq!(role(&by_own), "admin");
    for person in [&house.reader, &house.stranger] {
        assert_eq!(house.by(person).run(&["ping"]).code, 4, "the file is its own group's");
    }
    fs::set_permissions(house.socket.parent().unwrap(), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&house.socket, Permissions::from_mode(0o666)).unwrap();
    assert_eq!(role(&house.by(&house.reader)), "viewer");
    assert_eq!(role(&house.by(&house.admin)), "admin");
    assert_eq!(house.by(&house.stranger).run(&["ping"]).code, 4);
    assert_eq!(house.by(&house.reader).run(&["service", "disable", "acme", "--yes"]).code, 4);
    assert_eq!(by_own.run(&["service", "disable", "acme", "--yes"]).code, 0);
    let (actor, verb, ..) = house.audit().pop().unwrap();
    assert!(verb == "service.disable" && actor.starts_with(&format!("mail(uid {}, ", own.uid)), "{actor}");
}
