//! The language is read, printed and read again.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn now() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

#[test]
fn the_language_is_read() {
    let filter =
        Filter::parse(r#"status:failed,retrying -service:news since:1h error:"503 slow" ntf"#, now())
            .unwrap();
    assert_eq!(filter.terms.len(), 5);
    assert_eq!(
        filter.terms[0],
        Term::Is { field: Field::Status, values: vec!["failed".into(), "retrying".into()], negate: false }
    );
    assert_eq!(
        filter.terms[1],
        Term::Is { field: Field::Service, values: vec!["news".into()], negate: true }
    );
    assert_eq!(filter.terms[2], Term::Since(now() - TimeDelta::hours(1)));
    assert_eq!(
        filter.terms[3],
        Term::Is { field: Field::Error, values: vec!["503 slow".into()], negate: false }
    );
    assert_eq!(filter.terms[4], Term::Is { field: Field::Any, values: vec!["ntf".into()], negate: false });
}

#[test]
fn wrong_filters_say_what_is_right() {
    let error = |text| Filter::parse(text, now()).unwrap_err().to_string();
    assert!(error("state:failed").contains("fields are id, status"));
    assert!(error("status:lost").contains("one of pending"));
    assert!(error("since:90").contains("write 90s"));
    assert!(error("attempts:2").contains("attempts:>=2"));
    assert!(error("status:").contains("a value is missing"));
    assert!(error("fault:1F6C09AB").contains("dead group"));
    assert!(error("service:*0001").contains("a * stands at the end only"));
    assert!(error("to:*0001*").contains("not at both"));
    assert!(error("id:*-01").contains("the last digits of an id"));
    assert!(Filter::parse("to:*0001 id:*01d2 meta.campaign:*otp", now()).is_ok());
}

#[test]
fn spans_add_up() {
    assert_eq!(span("1h30m").unwrap(), TimeDelta::minutes(90));
    assert_eq!(span("2w").unwrap(), TimeDelta::days(14));
    assert!(span("99999999999999999999d").is_err());
    assert!(span("h").is_err());
    assert_eq!(span("1s500ms").unwrap(), TimeDelta::milliseconds(1_500));
    assert_eq!(span("5m").unwrap(), TimeDelta::minutes(5));
}

#[test]
fn what_has_no_opposite_is_not_excluded() {
    for text in ["-since:1h", "-until:1h", "-due:<1h", "-attempts:>=2"] {
        let error = Filter::parse(text, now()).unwrap_err();
        assert!(matches!(error, FilterError::NoOpposite(_)), "{text}: {error}");
    }
    assert_eq!(Filter::parse("status:failed \"\"", now()), Err(FilterError::EmptyWord));
    assert!(Filter::parse("since:999999w", now()).is_err(), "before the year 0");
    assert!(Filter::parse("since:0000-01-01T00:00:00+23:59", now()).is_err());
}

#[test]
fn a_long_filter_is_refused_at_once() {
    let terms = "a ".repeat(1_000_000);
    assert_eq!(Filter::parse(&terms, now()), Err(FilterError::TooLong));
    let values = format!("id:{}", "a,".repeat(1_000_000));
    assert_eq!(Filter::parse(&values, now()), Err(FilterError::TooLong));
    assert_eq!(Filter::parse(&" \"\"".repeat(1_000_000), now()), Err(FilterError::EmptyWord));
}

/// Reads a text; what can be read is within its bounds and is read again from its printed form.
fn read(text: &str) {
    let Ok(filter) = Filter::parse(text, now()) else { return };
    assert!(filter.terms.len() <= MAX_TERMS);
    for term in &filter.terms {
        if let Term::Is { values, .. } = term {
            assert!((1..=MAX_VALUES).contains(&values.len()), "{term:?}");
        }
    }
    let printed = filter.to_string();
    assert_eq!(Filter::parse(&printed, now()).as_ref(), Ok(&filter), "{text:?} was printed as {printed:?}");
}

/// Pieces of the language and of nothing, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "id:",
        "status:",
        "service:",
        "channel:",
        "provider:",
        "priority:",
        "to:",
        "tenant:",
        "type:",
        "batch:",
        "reason:",
        "error:",
        "fault:",
        "attempts:",
        "since:",
        "until:",
        "due:",
        "meta.",
        "meta.k:",
        ">=",
        "<",
        "-",
        "*",
        "\\*",
        ",",
        ":",
        " ",
        "\t",
        "\u{a0}",
        "\"",
        "\"\"",
        "now",
        "1h",
        "2w3d",
        "99999999999999999999s",
        "2026-01-31T12:00:00Z",
        "2016-12-31T23:59:60.5Z",
        "9999-12-31T23:59:59.999999999-23:59",
        "failed",
        "dead,scheduled",
        "sms,email",
        "instant",
        "503 slow",
        "4294967295",
        "1f6c09ab",
        "é",
        "\u{202e}",
        "\0",
    ];
    let piece =
        prop_oneof![8 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,4}"];
    prop::collection::vec(piece, 0..40).prop_map(|all| all.concat())
}

fn cases(count: u32) {
    let mut runner = TestRunner::new(Config { cases: count, failure_persistence: None, ..Config::default() });
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let ran = runner.run(&bytes, |bytes| {
        read(&String::from_utf8_lossy(&bytes));
        Ok(())
    });
    ran.unwrap();
    let ran = runner.run(&pieces(), |text| {
        read(&text);
        Ok(())
    });
    ran.unwrap();
}

#[test]
fn whatever_is_read_is_printed_and_read_again() {
    cases(2_000);
}

#[test]
#[ignore = "takes minutes"]
fn whatever_is_read_is_printed_and_read_again_a_million_times() {
    cases(1_000_000);
}
