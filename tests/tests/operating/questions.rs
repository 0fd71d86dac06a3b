//! What cannot be done is refused before anybody is asked whether to do it: a script sees why, and not that nobody answered.

use notify_tests::daemon::Daemon;
use serde_json::json;

#[test]
fn a_question_comes_after_what_is_unknown_and_what_cannot_be() {
    let daemon = Daemon::start();
    let ctl = daemon.ctl();
    daemon.service("acme");
    daemon.mock("only", &json!({}), &["--channel", "sms"]);
    let sms = ["ntf", "send", "--service", "acme", "--channel", "sms", "--to", "+15005550006"];
    let delivered = ctl.ok(&[&sms[..], &["--body", "hi", "-o", "id", "--wait"]].concat()).trim().to_owned();
    let waiting =
        ctl.ok(&[&sms[..], &["--body", "later", "-o", "id", "--at", "1h"]].concat()).trim().to_owned();
    let nobody = "0197a6c2-5b1e-7cc0-8000-0123456789ab";
    let ended = ctl.json(&["store", "check"])["operation"]["id"].as_str().unwrap().to_owned();
    for (line, code, said) in [
        (&["provider", "circuit", "open", "nobody"][..], 3, "no provider nobody"),
        (&["provider", "remove", "nobody"], 3, "no provider nobody"),
        (&["queue", "pause", "nobody"], 3, "no queue nobody"),
        (&["queue", "drain", "nobody", "--wait"], 3, "no queue nobody"),
        (&["operation", "cancel", "op_99"], 3, "no operation op_99"),
        (&["operation", "cancel", &ended], 5, "has ended already"),
        (&["service", "key", "reset", "nobody"], 3, "no service nobody"),
        (&["service", "key", "revoke", "nobody", "00112233"], 3, "no service nobody"),
        (&["service", "key", "revoke", "acme", "nonsense"], 3, "no working key nonsense"),
        (&["ntf", "cancel", nobody], 3, "no such notification"),
        (&["ntf", "cancel", &delivered], 5, "it is delivered"),
        (&["ntf", "bury", nobody], 3, "no such notification"),
        (&["ntf", "bury", &delivered], 5, "it is delivered"),
        (&["ntf", "cancel", &delivered, nobody], 5, "it is delivered"),
        (&["ntf", "cancel", "--filter", "status:delivered"], 5, "1 will be refused"),
        (&["dead", "discard", nobody], 3, "no such notification"),
        (&["dead", "discard", &waiting], 5, "it is pending"),
        // What can be done is asked for, and nobody is there to answer.
        (&["provider", "circuit", "open", "only"], 6, "--yes"),
        (&["provider", "remove", "only"], 6, "No active provider serves sms then"),
        (&["queue", "pause", "only"], 6, "Pause queue only for 10m"),
        (&["service", "key", "reset", "acme"], 6, "--confirm acme"),
        (&["ntf", "cancel", &waiting], 6, "--yes"),
        (&["ntf", "bury", &waiting, &delivered], 6, "1 of them will be refused"),
        (&["daemon", "shutdown"], 6, "Stop notifyd, pid"),
    ] {
        let ran = ctl.run(line);
        assert_eq!(ran.code, code, "{line:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{line:?}: {}", ran.stderr);
    }
    assert_eq!(ctl.json(&["queue", "show", "only"])["queue"]["holds"], json!([]), "nothing was changed");
    assert_eq!(ctl.json(&["ntf", "show", &waiting])["notification"]["status"], "pending");
}
