//! The filter language of every list: `status:failed,retrying service:acme -channel:sms since:1h to:+1500*`.
//!
//! Terms are ANDed, comma values ORed, a leading `-` excludes, `*` at the end of a value matches any rest. Bare words
//! search id prefix, recipient and error text. Parsed once, here; the store turns terms into SQL and never sees the text.

use crate::{Channel, Priority, Status, Timestamp, UnknownWord};
use chrono::{DateTime, Datelike as _, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a term looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `id:` exact or prefix.
    Id,
    /// `status:` including the derived `scheduled`, `held` and `dead`.
    Status,
    /// `service:` by name.
    Service,
    /// `channel:`.
    Channel,
    /// `provider:` by name.
    Provider,
    /// `priority:`.
    Priority,
    /// `to:` recipient.
    Recipient,
    /// `tenant:`.
    Tenant,
    /// `type:` the caller's event type.
    EventType,
    /// `batch:`.
    Batch,
    /// `reason:` failure reason.
    Reason,
    /// `error:` anywhere in the error text.
    Error,
    /// `content:` anywhere in the subject or the text. For admins alone: it tells what stands there.
    Content,
    /// `fault:` the fingerprint of what is wrong with a dead letter.
    Fault,
    /// `meta.KEY:` a member of `meta_data`.
    Meta(String),
    /// A bare word.
    Any,
}

/// One term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// `field:a,b` or `-field:a,b`.
    Is {
        /// What it looks at.
        field: Field,
        /// Any of these; a trailing `*` matches any rest, and of ids, recipients and `meta` a leading one any begin.
        values: Vec<String>,
        /// Whether matches are left out.
        negate: bool,
    },
    /// `attempts:>=2`: at least this many attempts.
    AttemptsAtLeast(u32),
    /// `since:`: created at or after.
    Since(Timestamp),
    /// `until:`: created before.
    Until(Timestamp),
    /// `due:<10m`: next attempt before.
    DueBefore(Timestamp),
}

/// A parsed filter. The empty one matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// All must hold.
    pub terms: Vec<Term>,
}

/// What is wrong with a filter, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not a field.
    #[error(
        "`{0}:` is no filter field; fields are id, status, service, channel, provider, queue, priority, to, tenant, type, batch, reason, error, content, fault, attempts, since, until, due, meta.KEY"
    )]
    Field(String),
    /// Not a value of that field.
    #[error("`{field}:{value}`: {problem}")]
    Value {
        /// The field.
        field: String,
        /// What was given.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A minus before what has no opposite.
    #[error(
        "`-{0}:` cannot be excluded; since and until are each other's opposite, attempts and due have none"
    )]
    NoOpposite(String),
    /// Quotes with nothing between them.
    #[error("an empty word looks for nothing; leave the quotes out, or write something between them")]
    EmptyWord,
    /// More than the bound.
    #[error("a filter has at most {MAX_TERMS} terms of at most {MAX_VALUES} values each")]
    TooLong,
}

/// Most terms of one filter.
pub const MAX_TERMS: usize = 32;
/// Most values of one term.
pub const MAX_VALUES: usize = 64;

impl Filter {
    /// Reads the language. `now` gives relative times such as `since:1h` their meaning.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, FilterError> {
        let mut terms = Vec::new();
        for token in tokens(text) {
            if token == "*" {
                continue;
            }
            if terms.len() == MAX_TERMS {
                return Err(FilterError::TooLong);
            }
            terms.push(term(&token, now)?);
        }
        Ok(Self { terms })
    }

    /// Adds a term.
    pub fn and(&mut self, term: Term) -> &mut Self {
        self.terms.push(term);
        self
    }

    /// Adds `field:values`, unless there are no values.
    pub fn and_any(&mut self, field: Field, values: Vec<String>) -> &mut Self {
        if !values.is_empty() {
            self.terms.push(Term::Is { field, values, negate: false });
        }
        self
    }
}

/// The language again: what is printed is read as the same filter, unless a value has a double quote in it, which the
/// language cannot say.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, term) in self.terms.iter().enumerate() {
            let token = term.to_string();
            let blank = if n == 0 { "" } else { " " };
            if token.contains(char::is_whitespace) {
                write!(f, "{blank}\"{token}\"")?;
            } else {
                write!(f, "{blank}{token}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: &Timestamp| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        match self {
            Self::Is { field, values, negate } => {
                let minus = if *negate { "-" } else { "" };
                write!(f, "{minus}{field}{}", values.join(","))
            }
            Self::AttemptsAtLeast(least) => write!(f, "attempts:>={least}"),
            Self::Since(at) => write!(f, "since:{}", time(at)),
            Self::Until(at) => write!(f, "until:{}", time(at)),
            Self::DueBefore(at) => write!(f, "due:<{}", time(at)),
        }
    }
}

/// With the colon that follows; nothing for a bare word.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id:",
            Self::Status => "status:",
            Self::Service => "service:",
            Self::Channel => "channel:",
            Self::Provider => "provider:",
            Self::Priority => "priority:",
            Self::Recipient => "to:",
            Self::Tenant => "tenant:",
            Self::EventType => "type:",
            Self::Batch => "batch:",
            Self::Reason => "reason:",
            Self::Error => "error:",
            Self::Content => "content:",
            Self::Fault => "fault:",
            Self::Meta(key) => return write!(f, "meta.{key}:"),
            Self::Any => "",
        })
    }
}

/// Splits at blanks, except inside double quotes, which are dropped.
pub fn tokens(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut token = String::new();
    let mut quoted = false;
    let mut any = false;
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                any = true;
            }
            c if c.is_whitespace() && !quoted => {
                if any {
                    all.push(std::mem::take(&mut token));
                    any = false;
                }
            }
            c => {
                token.push(c);
                any = true;
            }
        }
    }
    if any {
        all.push(token);
    }
    all
}

fn term(token: &str, now: Timestamp) -> Result<Term, FilterError> {
    let (negate, body) = match token.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, token),
    };
    let Some((name, value)) = body.split_once(':') else {
        if body.is_empty() {
            return Err(FilterError::EmptyWord);
        }
        return Ok(Term::Is { field: Field::Any, values: vec![body.to_owned()], negate });
    };
    let bad =
        |problem: String| FilterError::Value { field: name.to_owned(), value: value.to_owned(), problem };
    if negate && matches!(name, "attempts" | "since" | "until" | "due") {
        return Err(FilterError::NoOpposite(name.to_owned()));
    }
    let field = match name {
        "id" => Field::Id,
        "status" => Field::Status,
        "service" => Field::Service,
        "channel" => Field::Channel,
        // The queue in front of a provider, or one of those of what waits for a time.
        "queue" if matches!(value, "retries" | "scheduled") => {
            let status = if value == "retries" { "retrying" } else { value };
            return Ok(Term::Is { field: Field::Status, values: vec![status.to_owned()], negate });
        }
        "provider" | "queue" => Field::Provider,
        "priority" => Field::Priority,
        "to" => Field::Recipient,
        "tenant" => Field::Tenant,
        "type" => Field::EventType,
        "batch" => Field::Batch,
        "reason" => Field::Reason,
        "error" => Field::Error,
        "content" => Field::Content,
        "fault" => Field::Fault,
        "attempts" => {
            let digits = value.strip_prefix(">=").ok_or_else(|| bad("write attempts:>=2".into()))?;
            let least =
                digits.parse().map_err(|_| bad("write a whole number, such as attempts:>=2".into()))?;
            return Ok(Term::AttemptsAtLeast(least));
        }
        "since" => return Ok(Term::Since(moment(value, now, -1).map_err(bad)?)),
        "until" => return Ok(Term::Until(moment(value, now, -1).map_err(bad)?)),
        "due" => {
            let ahead = value.strip_prefix('<').ok_or_else(|| bad("write due:<10m".into()))?;
            return Ok(Term::DueBefore(moment(ahead, now, 1).map_err(bad)?));
        }
        _ => match name.strip_prefix("meta.") {
            Some(key) if !key.is_empty() => Field::Meta(key.to_owned()),
            _ => return Err(FilterError::Field(name.to_owned())),
        },
    };
    let values: Vec<String> = value.split(',').filter(|v| !v.is_empty()).map(str::to_owned).collect();
    if values.is_empty() {
        return Err(bad("a value is missing".into()));
    }
    if values.len() > MAX_VALUES {
        return Err(FilterError::TooLong);
    }
    let begins = |value: &String| value.len() > 1 && value.starts_with('*');
    let ends = matches!(field, Field::Service | Field::Provider | Field::Channel | Field::Tenant);
    if ends && values.iter().any(begins) {
        return Err(bad("a * stands at the end only; error: finds what is anywhere in an error".into()));
    }
    if values.iter().any(|value| begins(value) && value.ends_with('*') && !value.ends_with("\\*")) {
        return Err(bad("a * stands at the begin or at the end, and not at both".into()));
    }
    let digits = |value: &String| value[1..].bytes().all(|b| b.is_ascii_hexdigit());
    if field == Field::Id && values.iter().any(|value| begins(value) && !digits(value)) {
        return Err(bad("write the last digits of an id behind the *, without a dash".into()));
    }
    for value in &values {
        let checked = match field {
            Field::Status if matches!(value.as_str(), "scheduled" | "held" | "dead") => Ok(()),
            Field::Status => Status::from_str(value).map(drop).map_err(|error| UnknownWord {
                allowed: format!("{}, scheduled, held, dead", error.allowed),
                ..error
            }),
            Field::Channel => Channel::from_str(value).map(drop),
            Field::Priority => Priority::from_str(value).map(drop),
            Field::Fault if !is_fingerprint(value) => {
                return Err(bad("write eight of 0-9 a-f, as notifyctl dead group shows them".into()));
            }
            _ => Ok(()),
        };
        checked.map_err(|error| bad(error.to_string()))?;
    }
    Ok(Term::Is { field, values, negate })
}

/// Whether it looks like the fingerprint of a fault.
fn is_fingerprint(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// RFC 3339, `now`, or a span before (`-1`) or after (`1`) now.
fn moment(text: &str, now: Timestamp, sign: i32) -> Result<Timestamp, String> {
    if text == "now" {
        return Ok(now);
    }
    let at = if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        Some(at.with_timezone(&Utc))
    } else {
        let span = span(text).map_err(|error| format!("{error}, or an RFC 3339 time"))?;
        now.checked_add_signed(span * sign)
    };
    // Years that RFC 3339 can say.
    at.filter(|at| (0..=9_999).contains(&at.year())).ok_or_else(|| "that is too far away".into())
}

/// A span such as `90s`, `1h30m`, `7d`, `500ms`. Units: ms, s, m, h, d, w. A bare number is refused: nobody knows its unit.
pub fn span(text: &str) -> Result<TimeDelta, String> {
    const HELP: &str = "write a span such as 90s, 15m, 1h30m or 7d";
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("{text} has no unit; write {text}s"));
    }
    let mut total = TimeDelta::zero();
    let mut digits = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let millis: i64 = match c {
            'm' if rest.next_if_eq(&'s').is_some() => 1,
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            'w' => 604_800_000,
            _ => return Err(HELP.into()),
        };
        let count: i64 = digits.parse().map_err(|_| HELP.to_owned())?;
        digits.clear();
        let part = count.checked_mul(millis).and_then(TimeDelta::try_milliseconds);
        total = part.and_then(|part| total.checked_add(&part)).ok_or("that span is too long")?;
    }
    if text.is_empty() || !digits.is_empty() { Err(HELP.into()) } else { Ok(total) }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
