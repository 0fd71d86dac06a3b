//! Ids from the command line, or from standard input where a `-` stands: one per line, or JSON Lines with an `id`.

use crate::failure::{Exit, Failure};
use crate::given;
use notify_proto::NotificationId;
use serde_json::Value;
use std::hash::Hash;
use std::io::{self, BufRead};

/// Ids of one call at most.
pub(in crate::commands) const AT_ONCE: usize = 200;

/// All notifications that are meant, each once, in the order given.
pub(super) fn read(given: &[String]) -> Result<Vec<NotificationId>, Failure> {
    read_as(given, given::id)
}

/// The same of other things, whose ids are read so.
pub(in crate::commands) fn read_as<T: Clone + Eq + Hash>(
    given: &[String],
    parse: fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Failure> {
    read_from(given, parse, &mut io::stdin().lock())
}

fn read_from<T: Clone + Eq + Hash>(
    given: &[String],
    parse: fn(&str) -> Result<T, String>,
    input: &mut dyn BufRead,
) -> Result<Vec<T>, Failure> {
    let mut ids = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for text in given {
        if text != "-" {
            ids.push(parse(text).map_err(|error| Failure::new(Exit::Usage, error))?);
            continue;
        }
        let mut number = 0;
        let mut line = String::new();
        while input.read_line(&mut line).map_err(|error| unreadable(&error))? > 0 {
            number += 1;
            if !line.trim().is_empty() {
                let id = of_line(line.trim(), parse);
                ids.push(id.map_err(|error| Failure::new(Exit::Usage, format!("line {number}: {error}")))?);
            }
            line.clear();
        }
    }
    ids.retain(|id| seen.insert(id.clone()));
    Ok(ids)
}

fn of_line<T>(line: &str, parse: fn(&str) -> Result<T, String>) -> Result<T, String> {
    if !line.starts_with('{') {
        return parse(line);
    }
    let object: Value = serde_json::from_str(line).map_err(|_| "is no JSON object".to_owned())?;
    let id = object.get("id").and_then(Value::as_str).ok_or("has no member `id`")?;
    parse(id)
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::new(Exit::Usage, format!("cannot read ids from standard input: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_from_both_places_and_each_counts_once() {
        let (a, b) = ("0197a6c2-5b1e-7cc0-8000-0123456789ab", "0197a6c2-5b1e-7cc0-8000-0123456789ac");
        let mut input = format!("{b}\n\n{{\"id\":\"{a}\",\"x\":1}}\n").into_bytes();
        let ids = read_from(&[a.to_owned(), "-".to_owned()], given::id, &mut input.as_slice()).unwrap();
        assert_eq!(ids.iter().map(ToString::to_string).collect::<Vec<_>>(), [a, b]);
        input.extend(b"nonsense\n");
        let failure = read_from(&["-".to_owned()], given::id, &mut input.as_slice()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.starts_with("line 4: `nonsense`"), "{}", failure.message);
    }
}
