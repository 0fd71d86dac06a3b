//! Every command, off a terminal: it ends by itself, says the right thing, and nothing it writes can play tricks.

use crate::house::{ID, OTHER, willing};
use std::collections::BTreeSet;

/// One line per leaf of the tree.
pub(crate) const LINES: &[&str] = &[
    "status",
    "check",
    "check --dead 1000 --ack-rate 50 --circuit",
    "top",
    "top --section attention",
    "top --section latency",
    "top --section providers",
    "top --section queues",
    "top --section webhooks",
    "tail",
    "tail --filter event:created,circuit_* --last 5",
    "stats summary",
    "stats summary --since 24h --service acme",
    "stats summary --by provider",
    "stats summary --by service",
    "stats series failed --since 5m",
    "stats summary --by queue",
    "stats summary --by error",
    "stats latency",
    "stats latency --by queue",
    "stats latency --by provider",
    "stats latency --by channel",
    "stats latency --by service",
    "stats latency --by webhook",
    "stats series",
    "stats series delivered provider/mock/calls --step 1m --last 60",
    "audit list --since 24h --actor ada --verb queue.*",
    "audit list --all",
    "doctor",
    "apply -f SETUP",
    "apply -f SETUP --prune --confirm 1 --dry-run",
    "ping --count 1 --interval 1s",
    "service update acme --rate 5/s --description none",
    "service create acme",
    "service create acme --webhook https://hooks.example.org/n",
    "service list",
    "service show acme",
    "service enable acme",
    "service disable acme",
    "service unlock acme",
    "service delete acme --confirm acme",
    "service delete acme --keep-history --confirm acme",
    "service seed-mock",
    "service seed-mock --name trial --no-hooks",
    "service key list acme",
    "service key create acme",
    "service key reset acme --confirm acme",
    "service key revoke acme 00112233 --confirm acme",
    "provider seed",
    "provider seed --update --only mock",
    "provider add relay --type smtp",
    "provider list",
    "provider show mock",
    "provider update mock --priority 5 --rate none --burst 3",
    "provider remove mock --confirm mock",
    "provider route --channel sms --service acme --to +15005550006 --provider mock",
    "provider enable mock",
    "provider disable mock",
    "provider disable mock --for 30m",
    "provider test mock --to +15005550006",
    "provider circuit show",
    "provider circuit show mock",
    "provider circuit open mock --yes",
    "provider circuit half-open mock",
    "provider circuit close mock",
    "queue list",
    "queue show mock",
    "queue shape",
    "queue shape retries --by provider --buckets 8",
    "queue pause mock --for 10m --yes",
    "queue pause scheduled --for 10m --yes",
    "queue resume mock",
    "queue limit mock 5",
    "queue drain mock --wait --yes",
    "queue hold list",
    "queue hold cancel hold_3",
    "notification send --service acme --channel sms --to +15005550006 --body hello",
    "notification send --service acme --channel sms --to x --body hello --idempotency-key order-1001",
    "notification send --service acme --channel sms --to x --body hello --dedup-key otp-88121",
    "notification send-batch --service acme BATCH",
    "notification send-batch --service acme BATCH --idempotency-key list-7",
    "notification raw ID",
    "notification show ID",
    "notification list --all",
    "notification list --sort attempts --limit 5",
    "notification list --sort due",
    "notification timeline ID",
    "notification attempts ID",
    "notification export",
    "notification cancel ID --yes",
    "notification retry ID OTHER",
    "notification retry ID --at 1h --reset-attempts",
    "notification retry OTHER --now --provider mock",
    "notification postpone ID OTHER --until 2h",
    "notification postpone --filter service:acme --until 2h --expect 3 --limit 2 --rate none --no-wait --yes",
    "notification bury ID --yes",
    "notification bury --filter status:held --yes",
    "notification explain --dry-run --service acme --channel sms --to +15005550006 --body hello --at 1h",
    "notification dup ID",
    "notification explain ID",
    "notification explain ID OTHER",
    "notification wait ID",
    "notification count",
    "notification count --by service",
    "schedule list --due <1h",
    "schedule move ID --at 2026-12-24T18:00:00Z",
    "schedule move --filter * --at 2h --yes",
    "schedule run ID OTHER",
    "schedule run --filter status:retrying --rate 20/s --yes",
    "schedule histogram",
    "schedule group --by webhook --service acme",
    "schedule group --by service --filter provider:relay",
    "notification cancel --filter service:acme --yes",
    "notification retry --filter * --expect 3~5% --limit 9 --rate 20/s --no-wait --yes",
    "notification retry --filter * --at 1h --provider mock --reset-attempts --dry-run",
    "dead list --all",
    "dead show OTHER",
    "dead group",
    "dead retry ID OTHER --rate 500/s",
    "dead retry --filter fault:1f6c09ab --yes",
    "dead discard ID --confirm 1",
    "dead discard --filter reason:permanent --confirm 3",
    "dead export",
    "notification show ID --webhooks",
    "webhook create --service acme --url https://hooks.example.org/n --event delivered --max-retries none",
    "webhook list --service acme",
    "webhook show ID",
    "webhook update ID --redact yes --request-timeout 10s --retry-profile persistent",
    "webhook enable ID",
    "webhook disable ID --yes",
    "webhook delete ID --confirm ID",
    "webhook test ID --event failed",
    "webhook test ID --wait",
    "webhook deliveries ID --status failed --since 1h",
    "webhook deliveries ID --all",
    "webhook retries --service acme --due <1h",
    "webhook delivery show OTHER",
    "webhook delivery show OTHER --body",
    "webhook resend ID --yes",
    "webhook resend ID OTHER --yes",
    "webhook recover ID --since 2h --until 1h --status failed --rate 20/s --expect 812 --yes",
    "webhook recover ID --since 2h --no-wait --yes",
    "webhook secret rotate ID --grace 24h",
    "webhook secret rotate ID --grace 0 --confirm ID",
    "webhook stats ID --since 60m",
    "operation list",
    "operation list --filter state:done --limit 1",
    "audit list --filter actor:ada* --limit 5",
    "provider circuit show --filter provider:mock",
    "provider list --filter channels:sms",
    "queue hold list --filter kind:pause",
    "queue list --filter queue:mock",
    "service key list acme --filter prefix:0011*",
    "service list --filter acme",
    "webhook list --filter service:acme",
    "operation show op_3",
    "operation wait op_3",
    "operation wait op_3 op_4",
    "operation cancel op_3 --yes",
    "store stats",
    "store backup",
    "store backup /var/backups/b.db --no-wait",
    "store check",
    "store compact",
    "store prune --older-than 90d --status delivered,failed --confirm 3",
    "daemon info",
    "daemon config show",
    "daemon config show --all",
    "daemon config check /dev/null",
    "daemon log-filter info,notifyd_engine=debug --for 1m",
    "daemon log-filter --reset",
    "daemon reload",
    "daemon shutdown --yes",
];

pub(crate) fn words(line: &str) -> Vec<&str> {
    line.split(' ')
        .map(|word| {
            if word == "ID" {
                ID
            } else if word == "OTHER" {
                OTHER
            } else if word == "BATCH" {
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/batch.jsonl")
            } else if word == "SETUP" {
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/setup.toml")
            } else {
                word
            }
        })
        .collect()
}

fn walk(command: &clap::Command, path: &str, leaves: &mut BTreeSet<String>) {
    for below in command.get_subcommands() {
        let path = format!("{path}{} ", below.get_name());
        if below.has_subcommands() {
            walk(below, &path, leaves);
        } else {
            leaves.insert(path);
        }
    }
}

#[test]
fn the_table_has_every_command_that_talks_to_the_daemon() {
    let mut leaves = BTreeSet::new();
    walk(&notifyctl::command(), "", &mut leaves);
    for local in ["help ", "man ", "completions "] {
        assert!(leaves.remove(local), "{local}");
    }
    for leaf in leaves {
        assert!(LINES.iter().any(|line| format!("{line} ").starts_with(&leaf)), "no line for {leaf}");
    }
}

#[test]
fn json_is_one_document_with_a_schema_and_nothing_else() {
    let fake = willing();
    for line in LINES {
        let mut all = words(line);
        all.extend(["-o", "json"]);
        let run = fake.run(&all);
        assert_eq!(run.exit, 0, "{line}: {}", run.stderr);
        let schema = run.json()["schema"].as_str().unwrap().to_owned();
        let noun_and_verb: Vec<_> = line.split(' ').take_while(|word| !word.starts_with('-')).collect();
        assert!(schema.starts_with("notify.") && schema.ends_with("/1"), "{schema}");
        assert!(schema.contains(noun_and_verb[0]), "{line}: {schema}");
    }
}

#[test]
fn no_output_has_control_characters() {
    let fake = willing();
    for line in LINES {
        for format in ["table", "wide", "plain", "json", "jsonl", "csv"] {
            let mut all = words(line);
            all.extend(["-o", format]);
            let run = fake.run(&all);
            let key_without_a_place = format == "csv" && run.exit == 2 && run.stderr.contains("only once");
            assert!(run.exit == 0 || key_without_a_place, "{line} -o {format}: {} {}", run.exit, run.stderr);
            for text in [&run.stdout, &run.stderr] {
                let hostile = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || c == '\u{202e}';
                assert!(!text.contains(hostile), "{line} -o {format}: {text:?}");
            }
        }
    }
}

#[test]
fn plain_is_one_record_per_line_and_id_is_ids_only() {
    let fake = willing();
    let plain = fake.run(&["ntf", "list", "-o", "plain"]).stdout;
    let columns: BTreeSet<_> = plain.lines().map(|line| line.split('\t').count()).collect();
    assert_eq!((plain.lines().count(), columns.len()), (2, 1), "{plain}");
    assert_eq!(fake.run(&["ntf", "list", "-o", "id"]).stdout, format!("{ID}\n{OTHER}\n"));
    let csv = fake.run(&["svc", "list", "-o", "csv", "--columns", "name,keys"]).stdout;
    assert_eq!(csv, "name,keys\nacme,1\n");
}

#[test]
fn aliases_and_plurals_are_the_same_commands() {
    let fake = willing();
    for line in [
        "services list",
        "svc list",
        "prov list",
        "providers list",
        "notifications list",
        "ntf list",
        "op list",
        "operations list",
        "q list",
        "queues list",
        "schedules list",
        "wh list",
        "webhooks list",
    ] {
        assert_eq!(fake.run(&words(line)).exit, 0, "{line}");
    }
    assert_eq!(fake.run(&["serv", "list"]).exit, 2, "no guessing");
    assert_eq!(fake.run(&["ntf", "revoke", ID, "-y"]).exit, 0);
}

#[test]
fn what_is_forced_ends_by_itself_unless_it_shall_not() {
    let fake = willing();
    let paused = fake.run(&["queue", "pause", "mock", "--yes"]);
    assert_eq!(paused.stdout, "queue mock is paused until 2026-01-01T00:10:00.000Z (hold_3)\n");
    for line in [
        "queue pause mock --yes --for 90s",
        "queue pause mock --yes --no-end",
        "queue limit mock 5",
        "queue limit mock 5 --for 1h",
        "provider circuit open mock --yes",
        "queue drain mock --yes",
    ] {
        assert_eq!(fake.run(&words(line)).exit, 0, "{line}");
    }
    let asked: Vec<_> = fake
        .calls("HoldSet")
        .into_iter()
        .map(|call| (call["request"]["kind"].to_string(), call["request"]["for_ms"].as_u64()))
        .collect();
    let expected = [
        ("pause", Some(600_000)),
        ("pause", Some(90_000)),
        ("pause", None),
        ("limit", None),
        ("limit", Some(3_600_000)),
        ("circuit_open", Some(600_000)),
        ("drain", None),
    ];
    assert_eq!(asked, expected.map(|(kind, for_ms)| (format!("\"{kind}\""), for_ms)));
    let listed = fake.run(&["queue", "list"]);
    assert!(listed.stdout.contains("1,284") && listed.stderr.contains("5,000 more"), "{}", listed.stderr);
    assert_eq!(fake.run(&["queue", "hold", "list", "-o", "id"]).stdout, "hold_3\nhold_3\nhold_3\n");
}

#[test]
fn what_is_steered_says_what_became_of_it() {
    let fake = willing();
    let at = "2030-01-01T00:00:00Z";
    for (line, said) in [
        (&["ntf", "postpone", ID, "--until", at][..], "postponed until 2030-01-01T00:00:00.000Z"),
        (&["ntf", "bury", ID, "--yes"], "buried"),
        (&["schedule", "move", ID, "--at", at], "moved to 2030-01-01T00:00:00.000Z"),
        (&["schedule", "run", ID], "due now"),
    ] {
        assert_eq!(fake.run(line).stdout, format!("notification {ID} is {said}\n"));
        let dry = fake.run(&[line, &["-n", "--reason", "because"]].concat());
        assert_eq!(dry.stdout, format!("dry run: notification {ID} would be {said}\n"));
    }
    assert_eq!(fake.calls("NotificationBury")[0]["notify"], false);
    assert_eq!(fake.calls("ScheduleRun")[1]["change"]["reason"], "because");
    let many =
        fake.run_on(&["schedule", "run", "-", "-o", "jsonl"], &format!("{ID}\n{{\"id\":\"{OTHER}\"}}\n"));
    assert!(many.stdout.lines().count() == 2 && many.stderr.contains("2 due now"), "{}", many.stderr);
    let listed = fake.run(&["schedule", "list", "--due", "<1h", "--service", "acme", "-o", "id"]);
    assert_eq!(listed.stdout, format!("{ID}\n"));
    let terms = fake.calls("ScheduleList")[0]["request"]["filter"]["terms"].to_string();
    assert!(terms.contains("service") && terms.contains("due_before"), "{terms}");
}

#[test]
fn the_histogram_is_bars_for_people_and_numbers_for_programs() {
    let fake = willing();
    let bars = fake.run(&["schedule", "histogram"]);
    let drawn =
        format!("now     4,000    3,000     1,000       1,000  {}++++++++", "=".repeat(24) + "########");
    assert!(bars.stdout.lines().any(|line| line == drawn), "{}", bars.stdout);
    assert!(bars.stderr.contains("17 more wait for an operator"), "{}", bars.stderr);
    let json = fake.run(&["schedule", "histogram", "--json"]).json();
    assert_eq!((&json["buckets"][1]["retrying"], &json["held"]), (&1_000.into(), &17.into()));
    let columns = "due_in,pending,retrying,told_again";
    let csv = fake.run(&["schedule", "histogram", "-o", "csv", "--columns", columns]);
    assert_eq!(csv.stdout, format!("{columns}\nlate,0,0,0\nnow,3000,1000,1000\n+24h,9,0,0\n"));
}

#[test]
fn an_explanation_is_read_whole() {
    let fake = willing();
    let told = fake.run(&["ntf", "explain", ID]).stdout;
    for line in [
        "status        queued",
        "2026-01-01T00:00:00.000Z  it was accepted from acme for sms\\u{202e}, due at once",
        "waits for  opening",
        "that is    it is held until somebody can be called: mock on sms: its circuit is open\\u{9b}",
    ] {
        assert!(told.lines().any(|it| it == line), "{line}: {told}");
    }
    assert!(told.contains("passed_over"), "{told}");
    let plain = fake.run(&["ntf", "explain", ID, "-o", "plain", "--columns", "what,reason"]).stdout;
    assert_eq!(plain, "created\t\nwaits_for_opening\tbreaker_open\n");
    assert_eq!(
        fake.run(&["ntf", "explain", ID, OTHER, "--json"]).json()["items"][1]["now"]["for"],
        "opening"
    );
}

#[test]
fn quiet_changes_say_nothing_and_loud_ones_what_changed() {
    let fake = willing();
    assert_eq!(fake.run(&["service", "disable", "acme"]).stdout, "service acme is disabled\n");
    let quiet = fake.run(&["-q", "service", "disable", "acme"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let dry = fake.run(&["-n", "service", "disable", "acme", "--reason", "because"]);
    assert_eq!(dry.stdout, "dry run: service acme would be disabled\n");
    let change = &fake.calls("ServiceSetActive")[2]["change"];
    assert_eq!((change["dry_run"].as_bool(), change["reason"].as_str()), (Some(true), Some("because")));
}

#[test]
fn the_shape_is_a_table_with_its_totals_on_top() {
    let fake = willing();
    let table = fake.run(&["queue", "shape", "retries", "--by", "provider"]);
    let lines: Vec<_> = table.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "QUEUE retries  as of 14:32:07Z  due in  late  <1m     5m    15m  30m  1h  1h+  TOTAL",
            "TOTAL                                      3  612  1,804  1,100  458   0    0  3,977",
            "twilio-sms                                 2  601  1,790    811    0   0    0  3,204",
            "msg91                                      0   11     14    286  300   0    0    611",
            "(any of \\u{1b}[5mfax)                      1    0      0      3  158   0    0    162",
        ],
        "{}",
        table.stdout
    );
    assert!(table.stderr.contains("by estimate"), "{}", table.stderr);
    let asked = &fake.calls("QueueShape")[0]["request"];
    assert_eq!(*asked, serde_json::json!({"queue": "retries", "by": "provider", "buckets": null}));

    // For programs: row by row, with all columns or those asked for.
    let plain = fake.run(&["queue", "shape", "-o", "plain", "--columns", "name,15m,total,estimated"]).stdout;
    assert_eq!(plain.lines().next(), Some("twilio-sms\t811\t3204\t0"));
    assert_eq!(plain.lines().count(), 3, "the totals are no record");
    let csv = fake.run(&["queue", "shape", "-o", "csv"]).stdout;
    assert_eq!(csv.lines().next(), Some("name,late,<1m,5m,15m,30m,1h,1h+,total,estimated,id"));
    let json = fake.run(&["queue", "shape", "--json"]).json();
    assert_eq!(
        (&json["schema"], &json["shape"]["total"]["total"]),
        (&"notify.queue.shape/1".into(), &3_977.into())
    );
    assert_eq!(fake.run(&["queue", "shape", "-o", "jsonl"]).stdout.lines().count(), 3);
    assert_eq!(fake.run(&["queue", "shape", "-o", "id"]).stdout, format!("{ID}\n{ID}\n{ID}\n"));
    let unknown = fake.run(&["queue", "shape", "--columns", "2m"]);
    assert!(unknown.exit == 2 && unknown.stderr.contains("late,<1m,5m"), "{}", unknown.stderr);
    for wrong in ["queue shape --by priority", "queue shape --buckets 3", "queue shape --buckets 17"] {
        assert_eq!(fake.run(&words(wrong)).exit, 2, "{wrong}");
    }
}

#[test]
fn a_switch_for_a_time_says_when_it_ends() {
    let fake = crate::house::fake(|verb, arguments| {
        let mut answer = crate::house::usual(verb, arguments);
        if verb == "ProviderSetActive" && !arguments["for_ms"].is_null() {
            let kind = if arguments["active"] == serde_json::json!(true) { "enabled" } else { "disabled" };
            answer["holds"] = serde_json::json!([crate::house::hold("pause"), crate::house::hold(kind)]);
        }
        crate::house::Answer::Ok(answer)
    });
    for (line, said) in [
        (
            "provider disable mock --for 30m",
            "provider mock is disabled until 2026-01-01T00:10:00.000Z (hold_3)\n",
        ),
        (
            "provider enable mock --for 2h",
            "provider mock is enabled until 2026-01-01T00:10:00.000Z (hold_3)\n",
        ),
        ("provider disable mock", "provider mock is disabled\n"),
        (
            "provider disable mock --for 30m -n",
            "dry run: provider mock would be disabled until 2026-01-01T00:10:00.000Z\n",
        ),
    ] {
        assert_eq!(fake.run(&words(line)).stdout, said, "{line}");
    }
    let asked: Vec<_> = fake.calls("ProviderSetActive").iter().map(|call| call["for_ms"].as_u64()).collect();
    assert_eq!(asked, [Some(1_800_000), Some(7_200_000), None, Some(1_800_000)]);
    for wrong in ["provider disable mock --for 30", "provider enable mock --for 0s"] {
        assert_eq!(fake.run(&words(wrong)).exit, 2, "{wrong}");
    }
}

#[test]
fn a_time_that_is_past_is_said() {
    let fake = willing();
    let send = ["ntf", "send", "--service", "acme", "--channel", "sms", "--to", "x", "--body", "hi", "--at"];
    let said = |at: &str| fake.run(&[&send[..], &[at]].concat()).stderr;
    assert_eq!(said("2020-01-01T00:00:00Z"), "--at: 2020-01-01T00:00:00.000Z is past, so it goes at once\n");
    assert_eq!((said("now").as_str(), said("1h").as_str()), ("", ""));
}

#[test]
fn what_goes_with_a_service_is_said_before() {
    let fake = willing();
    let goes = "with its keys, 1 webhook (7 events are owed to it) and 1,284 notifications that it sent";
    let asked = fake.run(&["service", "delete", "acme"]);
    assert!(asked.stderr.contains(goes), "{}", asked.stderr);
    let dry = fake.run(&["service", "delete", "acme", "-n"]).stdout;
    assert_eq!(dry, format!("dry run: service acme would be removed {goes}\n"));
}

#[test]
fn every_list_is_filtered_by_its_columns() {
    let fake = willing();
    for (list, column, none) in [
        (&["service", "list"][..], "name:ac*", "name:b"),
        (&["service", "key", "list", "acme"], "prefix:00112233", "-prefix:00112233"),
        (&["provider", "list"], "channels:email", "channels:push"),
        (&["provider", "circuit", "show"], "provider:MOCK", "nobody"),
        (&["queue", "list"], "queue:mock,other", "-queue:mock"),
        (&["queue", "hold", "list"], "id:hold*", "id:old*"),
        (&["webhook", "list"], "hooks.example", "-hooks.example"),
        (&["operation", "list"], "id:op_4", "-id:op*"),
        (&["audit", "list"], "*", "nothing-like-it"),
    ] {
        let ids = |filter: &str| {
            let run = fake.run(&[list, &["-o", "id", "--filter", filter]].concat());
            assert_eq!(run.exit, 0, "{list:?} {filter}: {}", run.stderr);
            run.stdout.lines().count()
        };
        assert!(ids(column) > 0 && ids(none) == 0, "{list:?}");
        let wrong = fake.run(&[list, &["--filter", "moon:full"]].concat());
        assert_eq!(wrong.exit, 2, "{list:?}");
        assert!(wrong.stderr.contains("no column `moon`") && wrong.stderr.contains("the columns are "));
        assert_eq!(fake.run(&[list, &["--filter", ""]].concat()).exit, 2, "{list:?}");
    }
    assert_eq!(fake.run(&["ntf", "list", "--filter", "-service:acme"]).exit, 0, "a minus is no flag");
    let forgotten = fake.run(&["ntf", "cancel", "--yes", "--filter", "-n"]);
    assert_eq!(forgotten.exit, 2, "but where something is changed a flag is no filter");
    assert_eq!(fake.run(&["op", "list", "--limit", "1", "-o", "id"]).stdout, "op_4\n");
    let counted = fake.run(&["op", "list", "--filter", "id:op_3", "--json"]).json();
    assert_eq!(counted["total"]["value"], 1);
}
