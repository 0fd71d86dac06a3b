//! The mock's `plan`, read: who is answered how. [`Rule`]s hold for recipients at any time and go first; [`Step`]s are
//! played in turn. What is wrong is named by its path, such as `plan.steps[2].outcome`.

use super::receipt::{self, Told};
use super::script::{class, millis, retry_after};
use crate::config::{ConfigError, Fields};
use notifyd_lifecycle::Outcome;
use serde_json::Value;
use std::time::Duration;

/// Entries of one list, at most: more than anybody rehearses.
const MAX_ENTRIES: usize = 1_000;

/// Seconds a step may last.
const SECONDS: std::ops::RangeInclusive<f64> = 0.1..=86_400.0;

/// What a rule and a step may say about the answer.
const OF_A_SCENE: [&str; 5] = ["outcome", "latency_ms", "message", "retry_after_seconds", "receipt"];

/// A whole story.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub recipients: Vec<Rule>,
    pub steps: Vec<Step>,
    /// Whether the first step follows the last; otherwise the flat settings do.
    pub repeat: bool,
}

/// How certain recipients are answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub to: Pattern,
    /// For so many calls; for all when it is not said.
    pub times: Option<u32>,
    pub scene: Scene,
}

/// A part of the story.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub span: Span,
    pub scene: Scene,
}

/// How long a step lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    Calls(u32),
    Time(Duration),
}

/// What a call meets. What it does not say itself it has from the flat settings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scene {
    pub act: Act,
    pub latency_ms: (u32, u32),
    pub message: Option<String>,
    pub receipt: Option<Told>,
}

/// What the flat settings say, which holds where a scene says nothing itself.
pub(super) struct Defaults {
    pub latency_ms: (u32, u32),
    pub retry_after: Option<Duration>,
    pub receipt: Option<Told>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    Answer(Outcome),
    Hang,
}

/// An address, or many: `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(pub(super) String);

impl Pattern {
    pub(super) fn fits(&self, address: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = address.strip_prefix(parts.next().unwrap_or_default()) else { return false };
        let Some(end) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(end)
    }
}

impl Plan {
    /// The plan among the flat settings.
    pub(super) fn read(fields: Fields<'_>, defaults: &Defaults) -> Result<Option<Self>, ConfigError> {
        let Some(plan) = fields.get("plan") else { return Ok(None) };
        let plan = members(plan, "plan", &["recipients", "steps", "repeat"])?;
        let recipients = list(plan, "recipients", &["to", "times"], |entry| {
            let scene = scene(entry, defaults)?;
            Ok(Rule { to: to(entry)?, times: times(entry)?, scene })
        })?;
        let steps = list(plan, "steps", &["times", "for_seconds"], |entry| {
            let scene = scene(entry, defaults)?;
            Ok(Step { span: span(entry)?, scene })
        })?;
        let repeat = match plan.get("repeat") {
            None => false,
            Some(Value::Bool(repeat)) => *repeat,
            Some(_) => {
                return Err(ConfigError::invalid(
                    "plan.repeat",
                    "is neither true nor false",
                    "use one of the two",
                ));
            }
        };
        if repeat && steps.is_empty() {
            return Err(ConfigError::invalid("plan.repeat", "has nothing to repeat", "add plan.steps"));
        }
        if recipients.is_empty() && steps.is_empty() {
            let fix = "give it steps, such as [{\"times\": 3, \"outcome\": \"transient\"}], or recipients";
            return Err(ConfigError::invalid("plan", "tells nothing", fix));
        }
        Ok(Some(Self { recipients, steps, repeat }))
    }
}

/// The members of the object at `path`; others than the known ones are refused.
pub(super) fn members<'a>(value: &'a Value, path: &str, known: &[&str]) -> Result<Fields<'a>, ConfigError> {
    let Value::Object(map) = value else {
        let fix = format!("use an object with the members {}", known.join(", "));
        return Err(ConfigError::invalid(path.to_owned(), "is no object", fix));
    };
    if let Some(other) = map.keys().find(|key| !known.contains(&key.as_str())) {
        let fix = format!("the members here are {}", known.join(", "));
        let other: String = other.chars().take(64).collect();
        return Err(ConfigError::invalid(other, "is unknown", fix).within(path));
    }
    Ok(Fields::new(map))
}

/// A list of the plan; its entries have these members besides those of a scene.
fn list<T>(
    plan: Fields<'_>,
    name: &'static str,
    own: &[&str],
    read: impl Fn(Fields<'_>) -> Result<T, ConfigError>,
) -> Result<Vec<T>, ConfigError> {
    let wrong = |problem: &str, fix: &str| Err(ConfigError::invalid(name, problem, fix).within("plan"));
    let entries = match plan.get(name) {
        None => return Ok(vec![]),
        Some(Value::Array(entries)) => entries,
        Some(_) => return wrong("is no list", "put its entries in brackets"),
    };
    if entries.len() > MAX_ENTRIES {
        return wrong("is too long", &format!("use at most {MAX_ENTRIES} entries"));
    }
    let known = [own, &OF_A_SCENE].concat();
    let each = entries.iter().enumerate().map(|(index, entry)| {
        let path = format!("plan.{name}[{index}]");
        read(members(entry, &path, &known)?).map_err(|error| error.within(&path))
    });
    each.collect()
}

fn missing(field: &'static str, fix: &str) -> ConfigError {
    ConfigError::invalid(field, "is missing", fix)
}

fn to(entry: Fields<'_>) -> Result<Pattern, ConfigError> {
    let pattern = entry.text("to")?.ok_or_else(|| missing("to", "name an address; * stands for anything"))?;
    Ok(Pattern(pattern.to_owned()))
}

fn times(entry: Fields<'_>) -> Result<Option<u32>, ConfigError> {
    entry.whole("times", 1..=u32::MAX)
}

fn span(entry: Fields<'_>) -> Result<Span, ConfigError> {
    match (times(entry)?, entry.number("for_seconds", SECONDS)?) {
        (Some(times), None) => Ok(Span::Calls(times)),
        (None, Some(seconds)) => Ok(Span::Time(Duration::from_secs_f64(seconds))),
        (None, None) => Err(missing("times", "say how many calls the step lasts, or for_seconds")),
        (Some(_), Some(_)) => {
            Err(ConfigError::invalid("for_seconds", "is one too many beside times", "use one of the two"))
        }
    }
}

fn scene(entry: Fields<'_>, defaults: &Defaults) -> Result<Scene, ConfigError> {
    let more = ", hang";
    let act = match entry.text("outcome")? {
        None => return Err(missing("outcome", "say how such a call ends")),
        Some("hang") => Act::Hang,
        Some(word) => Act::Answer(class("outcome", word, more)?),
    };
    let own_pause = retry_after(entry)?;
    let scene = Scene {
        latency_ms: millis(entry, "latency_ms")?.unwrap_or(defaults.latency_ms),
        message: entry.text("message")?.map(str::to_owned),
        receipt: receipt::read(entry)?.or_else(|| defaults.receipt.clone()),
        act: match act {
            Act::Answer(Outcome::RateLimited { .. }) => {
                Act::Answer(Outcome::RateLimited { after: own_pause.or(defaults.retry_after) })
            }
            other => other,
        },
    };
    // What would have no effect is a mistake of whoever wrote it.
    let idle: &[&'static str] = match scene.act {
        Act::Hang => &["latency_ms", "message", "retry_after_seconds"],
        Act::Answer(Outcome::Accepted { .. }) => &["message", "retry_after_seconds"],
        Act::Answer(Outcome::RateLimited { .. }) => &["receipt"],
        Act::Answer(Outcome::Ambiguous) => &["retry_after_seconds"],
        Act::Answer(_) => &["retry_after_seconds", "receipt"],
    };
    match idle.iter().find(|member| entry.get(member).is_some()) {
        Some(member) => Err(ConfigError::invalid(*member, "has no effect with this outcome", "leave it out")),
        None => Ok(scene),
    }
}
