//! Each format, on and off a terminal.

use super::*;
use crate::cli::Cli;
use crate::failure::Stop;
use clap::Parser as _;
use rows::Count;
use std::rc::Rc;

#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

/// What is on standard output and standard error.
fn written(flags: &str, terminal: Terminal, write: impl FnOnce(&Out) -> Ended) -> (String, String, Exit) {
    let arguments = format!("notifyctl {flags} status");
    let cli = Cli::try_parse_from(arguments.split_whitespace()).unwrap();
    let (stdout, stderr) = (Sink::default(), Sink::default());
    let out = Out::to(&cli.globals, terminal, &|_| None, Box::new(stdout.clone()), Box::new(stderr.clone()));
    let ended = write(&out);
    let exit = out.end(ended);
    (stdout.text(), stderr.text(), exit)
}

fn screen() -> Terminal {
    Terminal {
        stdin: true,
        stdout: true,
        stderr: true,
        measure: Some(|| Some(Size { columns: 16, rows: 4 })),
    }
}

fn two(out: &Out) -> Ended {
    let counts = [
        Count { name: "a\tb, \"c\"".into(), count: 1_234 },
        Count { name: "esc\u{1b}[31m".into(), count: 5 },
    ];
    let mut listing = out.list("count.list")?;
    listing.page(&counts[..1])?;
    listing.page(&counts[1..])?;
    listing.close(Some("next"), Some(Total { value: 2, exact: true }))?;
    Ok(Exit::Done)
}

fn listed(flags: &str) -> String {
    let (stdout, stderr, exit) = written(flags, Terminal::default(), two);
    assert_eq!((stderr.as_str(), exit), ("", Exit::Done));
    stdout
}

#[test]
fn every_format_of_a_list() {
    assert_eq!(listed("-o plain"), "a\\tb, \"c\"\t1234\nesc\\u{1b}[31m\t5\n");
    assert_eq!(listed("-o csv"), "name,count\n\"a\tb, \"\"c\"\"\",1234\nesc\\u{1b}[31m,5\n");
    assert_eq!(listed("-o csv --no-headers --columns count"), "1234\n5\n");
    assert_eq!(
        listed("-o id"),
        "a\tb, \"c\"\nesc\u{1b}[31m\n".replace('\t', "\\t").replace('\u{1b}', "\\u{1b}")
    );
    let lines = listed("-o jsonl");
    assert_eq!(lines.lines().count(), 2);
    assert!(!lines.contains('\u{1b}'));
    let document: Value = serde_json::from_str(&listed("-o json")).unwrap();
    assert_eq!(document["schema"], "notify.count.list/1");
    assert_eq!(
        (document["items"][0]["count"].as_u64(), document["next"].as_str()),
        (Some(1_234), Some("next"))
    );
    assert_eq!(document["total"], serde_json::json!({"value": 2, "exact": true}));
    assert_eq!(listed("-o table"), "NAME           COUNT\na\\tb, \"c\"      1,234\nesc\\u{1b}[31m      5\n");
    assert_eq!(listed("--json"), listed("-o json"));
}

#[test]
fn a_table_on_a_terminal_is_cut_and_coloured_and_an_empty_one_is_nothing() {
    let (stdout, _, _) = written("", screen(), two);
    assert!(stdout.contains("\u{1b}[1mNAME") && !stdout.contains("COUNT"), "{stdout}");
    let (stdout, _, _) = written("--color never", screen(), two);
    assert!(!stdout.contains('\u{1b}') && stdout.lines().all(|line| text::width(line) <= 16), "{stdout}");
    let (stdout, _, _) = written("", screen(), |out| {
        let listing = out.list::<Count>("count.list")?;
        listing.close(None, None)?;
        Ok(Exit::Done)
    });
    assert_eq!(stdout, "");
}

#[test]
fn an_unknown_column_names_the_known_ones() {
    let (stdout, stderr, exit) = written("--columns name,size", Terminal::default(), two);
    assert_eq!((stdout.as_str(), exit), ("", Exit::Usage));
    assert!(stderr.contains("`size`") && stderr.contains("name,count"), "{stderr}");
}

#[test]
fn errors_are_words_or_one_line_of_json() {
    let fail = |_: &Out| Err(Stop::Failed(Failure::new(Exit::NotFound, "no\u{1b}thing").hint("look")));
    let (_, stderr, exit) = written("", Terminal::default(), fail);
    assert_eq!((stderr.as_str(), exit), ("error: no\\u{1b}thing\nhint: look\n", Exit::NotFound));
    let (_, stderr, _) = written("-o jsonl", Terminal::default(), fail);
    let error: Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!((error["error"]["exit"].as_u64(), stderr.lines().count()), (Some(3), 1));
    let closed = |_: &Out| Err(Stop::ClosedPipe);
    assert_eq!(written("", Terminal::default(), closed), (String::new(), String::new(), Exit::Done));
}

#[test]
fn a_change_is_a_sentence_or_the_new_object() {
    let object = || Count { name: "x".into(), count: 1 };
    let change = |out: &Out| {
        out.changed("count.change", "count", "x is changed", &object())?;
        Ok(Exit::Done)
    };
    assert_eq!(written("", Terminal::default(), change).0, "x is changed\n");
    assert_eq!(written("-q", Terminal::default(), change).0, "");
    assert_eq!(written("-q -o plain", Terminal::default(), change).0, "x\t1\n");
    let json: Value = serde_json::from_str(&written("--json", Terminal::default(), change).0).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"schema": "notify.count.change/1", "count": {"name": "x", "count": 1}})
    );
}

#[test]
fn what_is_absent_among_numbers_stands_where_they_do() {
    struct Two(Option<u64>);
    impl serde::Serialize for Two {
        fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_none()
        }
    }
    impl Row for Two {
        const COLUMNS: &'static [Column<Self>] =
            &[rows::always("name", |_| "x".into()), rows::always("count", |it| it.0.into())];

        fn id(&self) -> String {
            String::new()
        }
    }
    let list = |out: &Out| {
        out.whole("two", &[Two(Some(7)), Two(None)])?;
        Ok(Exit::Done)
    };
    assert_eq!(written("", Terminal::default(), list).0, "NAME  COUNT\nx         7\nx         -\n");
}

#[test]
fn that_there_is_none_is_said_on_a_terminal_alone() {
    let none = |out: &Out| {
        out.whole::<Count>("queue.hold.list", &[])?;
        Ok(Exit::Done)
    };
    assert_eq!(written("", screen(), none), (String::new(), "no queue hold\n".into(), Exit::Done));
    assert_eq!(written("", Terminal::default(), none), (String::new(), String::new(), Exit::Done));
    assert_eq!(written("-o plain", screen(), none), (String::new(), String::new(), Exit::Done));
}

#[test]
fn what_goes_on_has_the_time_of_day_on_a_screen() {
    let at = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
    let happens = |out: &Out| {
        out.happens(at, "created\u{9b}")?;
        Ok(Exit::Done)
    };
    let (seen, _, _) = written("", screen(), happens);
    assert_eq!(seen.find("  created\\u{9b}\n"), Some("12:34:56".len()), "{seen}");
    assert_eq!(written("", Terminal::default(), happens).0, "2027-01-15T08:00:00.000Z  created\\u{9b}\n");
    assert_eq!(written("--time unix", screen(), happens).0, "1800000000  created\\u{9b}\n");
}

#[test]
fn a_key_is_framed_on_a_terminal_and_bare_elsewhere() {
    let key = |out: &Out| {
        out.key("the-key")?;
        Ok(Exit::Done)
    };
    let (framed, _, _) = written("", screen(), key);
    assert!(framed.contains("shown once") && framed.contains("| the-key"), "{framed}");
    let several = |out: &Out| {
        out.labelled("key", "the-key", "acme", "00112233")?;
        out.labelled("webhook_secret", "whsec_x", "https://a/\t", "7")?;
        Ok(Exit::Done)
    };
    let piped = "key\tthe-key\tacme\t00112233\nwebhook_secret\twhsec_x\thttps://a/\\t\t7\n";
    assert_eq!(written("", Terminal::default(), several).0, piped);
    assert_eq!(written("-o plain", screen(), several).0, piped);
    let framed = written("", screen(), several).0;
    assert!(framed.contains("This key is") && framed.contains("| the-key"), "{framed}");
    assert!(framed.contains("This secret is") && framed.contains("| whsec_x"), "{framed}");
    for (flags, terminal) in [("", Terminal::default()), ("-o plain", screen())] {
        assert_eq!(written(flags, terminal, key).0, "the-key\n");
    }
}

#[test]
fn times_are_relative_on_a_screen_and_utc_elsewhere() {
    let at = |out: &Out| {
        out.facts("x", &[("at", Cell::Time(clock::now() - chrono::TimeDelta::milliseconds(300_500)))])?;
        Ok(Exit::Done)
    };
    assert_eq!(written("--color never", screen(), at).0, "at  5m00s\n");
    assert!(written("", Terminal::default(), at).0.trim_end().ends_with('Z'));
    assert_eq!(written("--time relative", Terminal::default(), at).0, "at  5m00s\n");
    let unix = written("--time unix -o plain", Terminal::default(), at).0;
    assert!(unix.trim_start_matches("at\t").trim().parse::<i64>().is_ok(), "{unix}");
}

#[test]
fn no_color_is_color_never() {
    let tone = |out: &Out| {
        out.facts("x", &[("a", Cell::Word("b".into(), Tone::Bad))])?;
        Ok(Exit::Done)
    };
    assert!(written("", screen(), tone).0.contains("\u{1b}[31m"));
    assert_eq!(written("--no-color", screen(), tone).0, "a  b\n");
}

#[test]
fn a_look_is_drawn_over_the_one_before_it() {
    let look = |out: &Out, lines: usize| {
        out.frame("x", Value::Null, || Ok((1..=lines).try_for_each(|line| out.line(&line.to_string()))?))
    };
    let (drawn, _, _) = written("", screen(), |out| {
        look(out, 2)?;
        look(out, 9)?;
        look(out, 1)?;
        Ok(Exit::Done)
    });
    let frame = |up: &str, lines: &str| format!("\u{1b}[?2026h{up}{lines}\u{1b}[?2026l");
    let expected = [
        frame("", "1\n2\n"),
        frame("\u{1b}[2F\u{1b}[J", "1\n2\n7 more lines ha…\n"),
        frame("\u{1b}[3F\u{1b}[J", "1\n"),
    ];
    assert_eq!(drawn, expected.concat());
}
