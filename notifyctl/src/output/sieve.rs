//! `--filter` of the lists that come whole: the terms of the filter language over the columns that are shown.

use super::{Out, Row, text};
use crate::failure::{Exit, Failure};
use clap::Args;
use notify_proto::filter::tokens;

/// Which rows of a list.
#[derive(Debug, Clone, Default, Args)]
pub struct Rows {
    /// Only such rows, by their columns: name:acme* -state:running, or a word from anywhere; see notifyctl help filters
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true, value_parser = parse)]
    filter: Option<Sieve>,
}

/// Terms that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sieve(Vec<Term>);

/// `column:a,b*`, `-column:a` or a bare word.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    /// None for a word from anywhere.
    column: Option<String>,
    values: Vec<String>,
    negate: bool,
}

/// Reads the terms. Their columns are looked for when it is known whose they are.
fn parse(filter: &str) -> Result<Sieve, String> {
    let tokens = tokens(filter);
    if tokens.is_empty() {
        return Err("an empty filter matches nothing here; to mean all, write '*'".into());
    }
    tokens.iter().filter(|token| *token != "*").map(|token| term(token)).collect::<Result<_, _>>().map(Sieve)
}

fn term(token: &str) -> Result<Term, String> {
    let (negate, body) = match token.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, token),
    };
    let (column, values) = match body.split_once(':') {
        Some((column, values)) => (Some(column.to_lowercase()), values.split(',').collect()),
        None => (None, vec![body]),
    };
    let values: Vec<_> =
        values.into_iter().map(str::to_lowercase).filter(|value| !value.is_empty()).collect();
    if values.is_empty() {
        return Err(format!("`{token}` looks for nothing; write something behind the colon"));
    }
    Ok(Term { column, values, negate })
}

impl Rows {
    /// Those rows.
    pub(crate) fn of<T: Row>(&self, out: &Out, mut rows: Vec<T>) -> Result<Vec<T>, Failure> {
        let Some(Sieve(terms)) = &self.filter else { return Ok(rows) };
        for name in terms.iter().filter_map(|term| term.column.as_deref()) {
            if T::COLUMNS.iter().all(|column| column.name != name) {
                let names: Vec<_> = T::COLUMNS.iter().map(|column| column.name).collect();
                let message = format!("--filter: there is no column `{}`", text::clean(name));
                return Err(
                    Failure::new(Exit::Usage, message).hint(format!("the columns are {}", names.join(",")))
                );
            }
        }
        rows.retain(|row| terms.iter().all(|term| term.holds(out, row)));
        Ok(rows)
    }
}

impl Term {
    fn holds<T: Row>(&self, out: &Out, row: &T) -> bool {
        let mut cells =
            T::COLUMNS.iter().filter(|it| self.column.as_deref().is_none_or(|name| name == it.name));
        let found = cells.any(|column| {
            let said = (column.cell)(row).machine(out).to_lowercase();
            self.values.iter().any(|value| match self.column {
                None => said.contains(value),
                Some(_) => is(&said, value),
            })
        });
        found != self.negate
    }
}

/// Whether a cell is this: the whole of it or one of its parts, how it begins with a `*`, or a number within a bound.
fn is(said: &str, value: &str) -> bool {
    if let Ok(number) = said.parse::<f64>() {
        for (bound, holds) in [
            (">=", (|it, than| it >= than) as fn(f64, f64) -> bool),
            ("<=", |it, than| it <= than),
            (">", |it, than| it > than),
            ("<", |it, than| it < than),
        ] {
            if let Some(than) = value.strip_prefix(bound).and_then(|than| than.parse().ok()) {
                return holds(number, than);
            }
        }
    }
    let fits = |part: &str| match value.strip_suffix('*') {
        Some(begin) => part.starts_with(begin),
        None => part == value,
    };
    fits(said) || said.split(',').any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_as_everywhere() {
        let term = |column: Option<&str>, values: &[&str], negate| Term {
            column: column.map(str::to_owned),
            values: values.iter().map(ToString::to_string).collect(),
            negate,
        };
        let read = parse("name:acme*,B -state:paused \"two words\" *").unwrap();
        let expected = [
            term(Some("name"), &["acme*", "b"], false),
            term(Some("state"), &["paused"], true),
            term(None, &["two words"], false),
        ];
        assert_eq!(read.0, expected);
        assert_eq!(parse("*"), Ok(Sieve::default()));
        assert!(parse(" ").unwrap_err().contains("'*'") && parse("name:").unwrap_err().contains("name:"));
    }

    #[test]
    fn a_value_is_the_whole_a_part_a_beginning_or_a_bound() {
        assert!(is("sms", "sms") && is("sms,email", "email") && is("relay-2", "relay*") && is("a", "*"));
        assert!(!is("sms", "sm") && !is("sms", "*ms") && !is("sms", ">=3"));
        let number = |value| is("12", value);
        assert!(number("12") && number(">=12") && number("<13") && !number(">12") && !number("<=11.5"));
    }
}
