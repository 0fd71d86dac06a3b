//! What happens, as it happens: the events of notifications, providers, webhooks and operators' changes in one stream.
//!
//! The daemon keeps the last 65,536. A watcher asks for what comes after the last one it has seen; the daemon answers as
//! soon as there is something, or with nothing when the time to wait is over.

use crate::filter::tokens;
use crate::view::write_time;
use crate::{Channel, ObjectKind, Open, Severity, Status, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Events of one answer, at most.
pub const MAX_EVENTS: u32 = 200;

/// Longest wait for one, milliseconds.
pub const MAX_WAIT_MS: u32 = 15_000;

/// Terms of a filter, and values of a term, at most.
pub const MAX_TERMS: usize = 32;

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventsRequest {
    /// Those after this number. When it is null: those from `since` on, or the `last` ones, or only those to come.
    pub after_seq: Option<u64>,
    /// Those at this moment or later; looked at only when `after_seq` is null.
    pub since: Option<Timestamp>,
    /// So many that match, before those to come; looked at only when there is neither `after_seq` nor `since`.
    pub last: u32,
    /// Those that match.
    pub filter: EventFilter,
    /// Most to answer with, 1 to [`MAX_EVENTS`]; 0 for that. An answer of 20 KB takes no more.
    pub max: u32,
    /// How long to wait for the first one, at most [`MAX_WAIT_MS`]; 0 for not at all.
    pub wait_ms: u32,
}

/// Some events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventsView {
    /// The oldest first.
    pub events: Vec<Event>,
    /// What to ask for next, as `after_seq`. It moves on past what did not match.
    pub next_seq: u64,
    /// Events that were gone before they could be looked at.
    pub dropped: u64,
    /// The number of the newest event that there is.
    pub head_seq: u64,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number: counted within one run of the daemon.
    pub seq: u64,
    /// When.
    #[serde(serialize_with = "write_time")]
    pub at: Timestamp,
    /// What, one word: of a notification that of its story, such as `created` and `delivered`; of a change that of the audit
    /// log, such as `queue.pause` and `webhook.disable`; else `circuit_open`, `circuit_closed`, `hold_ended`,
    /// `webhook_given_up`, `service_locked` or `clock_set`.
    pub event: String,
    /// How much it asks for a look.
    pub severity: Open<Severity>,
    /// To what kind of thing.
    pub object: Open<ObjectKind>,
    /// Its id, or its name when it has none.
    #[serde(default)]
    pub id: String,
    /// The service concerned.
    #[serde(default)]
    pub service: Option<String>,
    /// The channel concerned.
    #[serde(default)]
    pub channel: Option<Open<Channel>>,
    /// The provider concerned.
    #[serde(default)]
    pub provider: Option<String>,
    /// The status of the notification now.
    #[serde(default)]
    pub status: Option<Open<Status>>,
    /// Who did it, when an operator did.
    #[serde(default)]
    pub actor: Option<String>,
    /// More, in words; without recipients.
    #[serde(default)]
    pub detail: Option<String>,
}

/// What a term looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventField {
    /// `event:` its word.
    Event,
    /// `severity:`.
    Severity,
    /// `object:` the kind of thing it happened to.
    Object,
    /// `id:` exact or prefix.
    Id,
    /// `service:` by name.
    Service,
    /// `channel:`.
    Channel,
    /// `provider:` by name.
    Provider,
    /// `status:`.
    Status,
    /// `actor:` whoever did it.
    Actor,
}

impl EventField {
    const ALL: [Self; 9] = [
        Self::Event,
        Self::Severity,
        Self::Object,
        Self::Id,
        Self::Service,
        Self::Channel,
        Self::Provider,
        Self::Status,
        Self::Actor,
    ];

    /// The word before the colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Severity => "severity",
            Self::Object => "object",
            Self::Id => "id",
            Self::Service => "service",
            Self::Channel => "channel",
            Self::Provider => "provider",
            Self::Status => "status",
            Self::Actor => "actor",
        }
    }

    /// What an event has there.
    fn of(self, event: &Event) -> Option<String> {
        match self {
            Self::Event => Some(event.event.clone()),
            Self::Severity => Some(event.severity.to_string()),
            Self::Object => Some(event.object.to_string()),
            Self::Id => Some(event.id.clone()),
            Self::Service => event.service.clone(),
            Self::Channel => event.channel.as_ref().map(ToString::to_string),
            Self::Provider => event.provider.clone(),
            Self::Status => event.status.as_ref().map(ToString::to_string),
            Self::Actor => event.actor.clone(),
        }
    }
}

/// One term: `field:a,b`, or `-field:a,b`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventTerm {
    /// What it looks at.
    pub field: EventField,
    /// Any of these; a trailing `*` matches any rest.
    pub values: Vec<String>,
    /// Whether matches are left out.
    #[serde(default)]
    pub negate: bool,
}

/// Which events, in the language of all filters: `event:failed,circuit_open -service:news`. The empty one matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventFilter {
    /// All must hold.
    pub terms: Vec<EventTerm>,
}

impl EventFilter {
    /// Whether an event matches.
    pub fn matches(&self, event: &Event) -> bool {
        self.terms.iter().all(|term| {
            let found = term.field.of(event);
            let hit = |wanted: &String| match (&found, wanted.strip_suffix('*')) {
                (Some(found), Some(begin)) => found.starts_with(begin),
                (Some(found), None) => found == wanted,
                (None, _) => false,
            };
            term.values.iter().any(hit) != term.negate
        })
    }
}

/// What is wrong with a filter of events, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventFilterError {
    /// Not a field.
    #[error(
        "`{0}` is no term of a filter of events; write field:value, with one of event, severity, object, id, service, channel, provider, status, actor"
    )]
    Field(String),
    /// Nothing behind the colon.
    #[error("`{0}:` has no value; write what it shall be, such as {0}:a,b")]
    Empty(&'static str),
    /// A word that the field never has.
    #[error("`{field}:{value}`: {problem}")]
    Value {
        /// The field.
        field: &'static str,
        /// What was given.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// More than the bound.
    #[error("a filter of events has at most {MAX_TERMS} terms of at most {MAX_TERMS} values each")]
    TooLong,
}

impl FromStr for EventFilter {
    type Err = EventFilterError;

    fn from_str(text: &str) -> Result<Self, EventFilterError> {
        let mut terms = Vec::new();
        for token in tokens(text).iter().filter(|token| *token != "*") {
            terms.push(term(token)?);
        }
        if terms.len() > MAX_TERMS || terms.iter().any(|term| term.values.len() > MAX_TERMS) {
            return Err(EventFilterError::TooLong);
        }
        Ok(Self { terms })
    }
}

fn term(token: &str) -> Result<EventTerm, EventFilterError> {
    let (negate, rest) = token.strip_prefix('-').map_or((false, token), |rest| (true, rest));
    let unknown = || EventFilterError::Field(token.chars().take(40).collect());
    let (name, values) = rest.split_once(':').ok_or_else(unknown)?;
    let field = EventField::ALL.into_iter().find(|field| field.as_str() == name).ok_or_else(unknown)?;
    let values: Vec<String> =
        values.split(',').filter(|value| !value.is_empty()).map(str::to_owned).collect();
    if values.is_empty() {
        return Err(EventFilterError::Empty(field.as_str()));
    }
    for value in values.iter().filter(|value| !value.ends_with('*')) {
        let checked = match field {
            EventField::Severity => value.parse::<Severity>().map(drop),
            EventField::Object => value.parse::<ObjectKind>().map(drop),
            EventField::Channel => value.parse::<Channel>().map(drop),
            EventField::Status => value.parse::<Status>().map(drop),
            _ => Ok(()),
        };
        checked.map_err(|error| EventFilterError::Value {
            field: field.as_str(),
            value: value.clone(),
            problem: error.to_string(),
        })?;
    }
    Ok(EventTerm { field, values, negate })
}

/// The language again.
impl fmt::Display for EventFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, term) in self.terms.iter().enumerate() {
            let blank = if n == 0 { "" } else { " " };
            let minus = if term.negate { "-" } else { "" };
            let token = format!("{minus}{}:{}", term.field.as_str(), term.values.join(","));
            if token.contains(char::is_whitespace) {
                write!(f, "{blank}\"{token}\"")?;
            } else {
                write!(f, "{blank}{token}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(word: &str, service: Option<&str>) -> Event {
        Event {
            seq: 1,
            at: Timestamp::default(),
            event: word.into(),
            severity: Severity::Info.into(),
            object: ObjectKind::Notification.into(),
            id: "0190".into(),
            service: service.map(str::to_owned),
            channel: Some(Channel::Sms.into()),
            provider: None,
            status: None,
            actor: None,
            detail: None,
        }
    }

    #[test]
    fn a_filter_reads_matches_and_prints_back() {
        let text = "event:failed,circuit_* -service:news";
        let filter: EventFilter = text.parse().unwrap();
        assert_eq!(filter.to_string(), text);
        assert!(
            filter.matches(&event("failed", Some("acme"))) && filter.matches(&event("circuit_open", None))
        );
        assert!(!filter.matches(&event("failed", Some("news"))) && !filter.matches(&event("created", None)));
        assert!("*".parse::<EventFilter>().unwrap().matches(&event("created", None)));
        assert!(!"provider:mock".parse::<EventFilter>().unwrap().matches(&event("created", None)));
        let json = serde_json::to_string(&filter).unwrap();
        assert_eq!(serde_json::from_str::<EventFilter>(&json).unwrap(), filter);
    }

    #[test]
    fn a_wrong_filter_is_told_the_way_out() {
        let wrong = |text: &str| text.parse::<EventFilter>().unwrap_err().to_string();
        assert!(
            wrong("colour:red")
                .starts_with("`colour:red` is no term of a filter of events; write field:value")
        );
        assert!(wrong("failed").contains("with one of event, severity"));
        assert_eq!(wrong("event:"), "`event:` has no value; write what it shall be, such as event:a,b");
        assert!(wrong("channel:fax").contains("`fax` is no channel; use one of sms"));
        let many = ["event:a"; 33].join(" ");
        assert!(wrong(&many).contains("at most 32 terms"));
    }
}
