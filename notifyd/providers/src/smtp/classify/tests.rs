use super::*;
use std::io;

const RCPT: Step = Step::Rcpt(0);

fn class(step: Step, code: u16, text: &str) -> &'static str {
    let reply = Reply { code, lines: vec![text.to_owned()] };
    outcome(&Failure { step, fault: Fault::Refused(reply) }).class()
}

#[test]
fn enhanced_codes_at_rcpt() {
    for (code, text, expected) in [
        (550, "5.1.1 no such user", "recipient_dead"),
        (450, "4.1.1 unverified", "transient"),
        (550, "5.1.2 bad domain", "recipient_dead"),
        (556, "5.1.10 null MX", "recipient_dead"),
        (501, "5.1.3 syntax", "recipient_dead"),
        (451, "4.1.3 syntax", "permanent"),
        (551, "5.1.6 moved", "recipient_dead"),
        (553, "5.1.7 bad sender", "provider_config"),
        (450, "4.1.8 sender domain", "transient"),
        (550, "5.2.1 disabled", "recipient_dead"),
        (552, "5.2.2 mailbox full", "permanent"),
        (452, "4.2.2 mailbox full", "transient"),
        (552, "5.3.4 too large", "permanent"),
        (452, "4.2.3 too large", "permanent"),
        (554, "5.3.2 not accepting", "transient"),
        (550, "5.4.4 no route", "recipient_dead"),
        (451, "4.4.4 no route", "transient"),
        (554, "5.4.6 loop", "permanent"),
        (554, "5.4.1 no answer", "transient"),
        (503, "5.5.1 sequence", "permanent"),
        (452, "4.5.3 too many recipients", "transient"),
        (553, "5.6.7 utf8", "permanent"),
        (550, "5.7.1 blocked using spamhaus", "permanent"),
        (554, "5.7.1 Relay access denied", "provider_config"),
        (450, "4.7.1 greylisted", "transient"),
        (535, "5.7.8 bad credentials", "provider_config"),
        (454, "4.7.8 later", "transient"),
        (451, "4.7.11 encryption", "provider_config"),
        (432, "4.7.12 transition", "provider_config"),
        (550, "5.7.13 account disabled", "recipient_dead"),
        (550, "5.7.26 unauthenticated", "provider_config"),
        (421, "4.7.26 unauthenticated", "rate_limited"),
        (421, "4.7.28 unusual rate", "rate_limited"),
        (421, "4.7.0 Try again later, closing", "rate_limited"),
        (421, "4.7.0 TLS required", "transient"),
        (550, "5.7.28 rate", "permanent"),
    ] {
        assert_eq!(class(RCPT, code, text), expected, "{code} {text}");
    }
}

#[test]
fn basic_codes_at_rcpt() {
    for (code, text, expected) in [
        (421, "closing", "transient"),
        (421, "too many connections", "rate_limited"),
        (421, "we operate separately", "transient"),
        (421, "rate limit", "rate_limited"),
        (450, "busy, too many", "transient"),
        (451, "local error", "transient"),
        (452, "too many recipients", "transient"),
        (454, "Throttling failure: Maximum sending rate exceeded.", "rate_limited"),
        (454, "Daily message quota exceeded", "rate_limited"),
        (454, "TLS not available", "transient"),
        (455, "later", "transient"),
        (499, "unheard of", "transient"),
        (500, "syntax", "provider_config"),
        (504, "unimplemented", "provider_config"),
        (521, "no mail", "permanent"),
        (523, "encryption needed", "provider_config"),
        (530, "authentication required", "provider_config"),
        (534, "mechanism", "provider_config"),
        (535, "credentials", "provider_config"),
        (538, "encryption", "provider_config"),
        (550, "User unknown", "recipient_dead"),
        (550, "Mailbox not found", "recipient_dead"),
        (550, "your user is blocked", "permanent"),
        (550, "policy", "permanent"),
        (550, "5.0.0 user unknown", "permanent"),
        (551, "not local", "recipient_dead"),
        (552, "too large", "permanent"),
        (553, "Sender not owned", "provider_config"),
        (553, "not allowed", "permanent"),
        (554, "spam", "permanent"),
        (555, "parameter", "permanent"),
        (556, "domain", "recipient_dead"),
        (599, "unheard of", "permanent"),
    ] {
        assert_eq!(class(RCPT, code, text), expected, "{code} {text}");
    }
}

#[test]
fn a_contradictory_or_unknown_enhanced_code_suppresses_nobody() {
    assert_eq!(class(RCPT, 450, "5.1.1 no such user"), "transient");
    assert_eq!(class(RCPT, 550, "5.9.9 something"), "permanent");
    assert_eq!(class(RCPT, 554, "5.1.1.1 something"), "permanent");
}

#[test]
fn before_a_recipient_is_named_nobody_is_suppressed() {
    for (step, code, text, expected) in [
        (Step::Greeting, 554, "no SMTP service here", "provider_config"),
        (Step::Greeting, 550, "5.7.1 blocked", "provider_config"),
        (Step::Greeting, 421, "busy", "transient"),
        (Step::Greeting, 521, "no mail", "provider_config"),
        (Step::Hello, 550, "who are you", "provider_config"),
        (Step::Auth, 535, "5.7.8 no", "provider_config"),
        (Step::Auth, 454, "4.7.0 Temporary authentication failure", "transient"),
        (Step::Mail, 550, "5.1.1 sender unknown", "provider_config"),
        (Step::Mail, 550, "mailbox unavailable", "permanent"),
        (Step::Mail, 552, "5.3.4 too large", "permanent"),
        (Step::Data, 550, "no valid recipient", "permanent"),
        (Step::Dot, 550, "5.1.1 no such user", "recipient_dead"),
        (Step::Dot, 451, "greylisted", "transient"),
        (Step::Dot, 554, "5.7.1 spam", "permanent"),
    ] {
        assert_eq!(class(step, code, text), expected, "{step}: {code} {text}");
    }
}

#[test]
fn without_a_whole_reply_only_the_final_dot_leaves_doubt() {
    let steps = [
        (Step::Slot, "transient"),
        (Step::Connect, "transient"),
        (Step::Greeting, "transient"),
        (Step::Hello, "transient"),
        (Step::StartTls, "transient"),
        (Step::Auth, "transient"),
        (Step::Mail, "transient"),
        (RCPT, "transient"),
        (Step::Data, "transient"),
        (Step::Body, "transient"),
        (Step::Dot, "ambiguous"),
    ];
    for (step, expected) in steps {
        let faults = [
            Fault::Io(io::ErrorKind::ConnectionReset.into()),
            Fault::Closed,
            Fault::Garbage(String::from("HTTP/1.1")),
            Fault::TimedOut,
        ];
        for fault in faults {
            let failure = Failure { step, fault };
            assert_eq!(outcome(&failure).class(), expected, "{failure}");
        }
    }
    let unfit = Failure { step: Step::StartTls, fault: Fault::Unfit(String::new()) };
    assert_eq!(outcome(&unfit), Outcome::ProviderConfig);
    let uncarried = Failure { step: Step::Mail, fault: Fault::Uncarried("") };
    assert_eq!(outcome(&uncarried), Outcome::Permanent);
}
