//! From a request to a draft that can be accepted, or to every error of every field at once. What is to be sent, and to
//! whom, is checked in [`content`], whether anybody can deliver it in [`reach`].

mod content;
mod reach;

use crate::Policy;
use crate::candidate::Candidate;
use crate::dedup::DedupKey;
use crate::message::{Message, Plan};
use crate::retry::RetryPolicy;
use chrono::TimeDelta;
use content::{message, texts};
use notify_proto::send::{Retry, SendRequest};
use notify_proto::{Channel, OnUnknown, Priority, ServiceId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest `tenant_id`, `event_type`, `category` and `sender_id`, characters.
pub const MAX_LABEL: usize = 128;
/// How far ahead something may be scheduled.
pub const MAX_AHEAD: TimeDelta = TimeDelta::days(366);
/// Longest deduplication window, seconds: one day.
pub const MAX_DEDUP_WINDOW: u32 = 86_400;

/// One field that is wrong and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's path in the body.
    pub field: String,
    /// What a right value looks like.
    pub message: String,
}

/// What the configuration says about what is new: notifications and webhooks.
#[derive(Debug, Clone, PartialEq)]
pub struct AdmissionRules {
    /// Retry policies by name, the built-in ones included.
    pub policies: BTreeMap<String, RetryPolicy>,
    /// Name of the policy for each priority, in the order of [`Priority::ALL`].
    pub policy_by_priority: [String; 4],
    /// How far back an equal notification counts.
    pub dedup_window: Duration,
    /// What to do after an attempt of unknown end.
    pub on_unknown: OnUnknown,
    /// When a notification expires that does not say so itself; never, when absent.
    pub expires_after: Option<Duration>,
    /// Where webhooks may go.
    pub destinations: Policy,
    /// How many webhooks a service may have.
    pub webhooks_per_service: usize,
}

impl Default for AdmissionRules {
    fn default() -> Self {
        let builtin = ["standard", "urgent", "fixed", "exponential"];
        let policies =
            builtin.iter().filter_map(|name| Some(((*name).to_owned(), RetryPolicy::builtin(name)?)));
        Self {
            policies: policies.collect(),
            policy_by_priority: ["urgent", "urgent", "standard", "standard"].map(str::to_owned),
            dedup_window: Duration::from_secs(1_800),
            on_unknown: OnUnknown::Resend,
            expires_after: None,
            destinations: Policy::default(),
            webhooks_per_service: 100,
        }
    }
}

/// How an equal earlier notification is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dedup {
    /// The key.
    pub key: DedupKey,
    /// How far back it counts.
    pub window: Duration,
}

/// A checked request, ready to be accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What to send.
    pub message: Message,
    /// How.
    pub plan: Plan,
    /// How urgent.
    pub priority: Priority,
    /// Not before; absent when due at once.
    pub scheduled_at: Option<Timestamp>,
    /// Not after.
    pub expires_at: Option<Timestamp>,
    /// Absent when the caller wants no deduplication.
    pub dedup: Option<Dedup>,
}

/// Collects every error instead of stopping at the first.
#[derive(Default)]
struct Errors(Vec<FieldError>);

/// Errors named at most: a body of a megabyte can be wrong in a hundred thousand places.
pub const MAX_ERRORS: usize = 100;

impl Errors {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        if self.0.len() >= MAX_ERRORS {
            return;
        }
        self.0.push(FieldError { field: field.into(), message: message.into() });
    }

    /// One line of text that goes into a header or a label: no control characters, not too long.
    fn line(&mut self, field: &str, text: Option<&str>, longest: usize) {
        let Some(text) = text else { return };
        if text.chars().any(char::is_control) {
            self.add(field, "must be one line without control characters");
        } else if text.chars().count() > longest {
            self.add(field, format!("must have at most {longest} characters"));
        }
    }
}

/// Checks a request of `service`. `fixed` is the channel of the path, if it names one; `providers` are all providers,
/// sorted, inactive ones included.
pub fn admit(
    request: SendRequest,
    fixed: Option<Channel>,
    service: ServiceId,
    correlation_id: Option<String>,
    now: Timestamp,
    rules: &AdmissionRules,
    providers: &[Candidate],
) -> Result<Draft, Vec<FieldError>> {
    let mut errors = Errors::default();
    let channels = channels(&request, fixed, &mut errors);
    let is_email = channels.contains(&Channel::Email);
    let priority = request.priority.unwrap_or_default();
    let plan = Plan {
        pinned: reach::pinned(&request, &channels, providers, &mut errors),
        allow_failover: request.allow_failover.unwrap_or(false),
        retry: retry(request.retry.as_ref(), priority, rules, &mut errors),
        on_unknown: request.on_unknown.unwrap_or(rules.on_unknown),
        failover_on_unknown: request.failover_on_unknown.unwrap_or(false),
        channels,
    };
    texts(&request, is_email, &plan.channels, &mut errors);
    let (scheduled_at, expires_at) = times(&request, now, rules, &mut errors);
    let window = match request.dedup_window_seconds {
        Some(seconds) if (1..=MAX_DEDUP_WINDOW).contains(&seconds) => Duration::from_secs(u64::from(seconds)),
        Some(_) => {
            errors.add("dedup_window_seconds", format!("must be 1 to {MAX_DEDUP_WINDOW} seconds"));
            rules.dedup_window
        }
        None => rules.dedup_window,
    };
    let deduplicate = request.deduplicate.unwrap_or(true);
    let message = message(request, &plan.channels, &rules.destinations, correlation_id, &mut errors);
    if errors.0.is_empty() {
        reach::deliverable(&plan, &message, providers, &mut errors);
    }
    if !errors.0.is_empty() {
        return Err(errors.0);
    }
    let dedup = deduplicate.then(|| Dedup { key: DedupKey::of(service, &plan.channels, &message), window });
    Ok(Draft { message, plan, priority, scheduled_at, expires_at, dedup })
}

fn channels(request: &SendRequest, fixed: Option<Channel>, errors: &mut Errors) -> Vec<Channel> {
    if let Some(channel) = fixed {
        if request.channel.is_some_and(|other| other != channel) || request.channels.is_some() {
            errors.add("channel", format!("leave it out: the path already says {channel}"));
        }
        return vec![channel];
    }
    match (request.channel, &request.channels) {
        (Some(channel), None) => vec![channel],
        (None, Some(list)) if list.is_empty() => {
            errors.add("channels", "name at least one channel");
            vec![]
        }
        (None, Some(list)) => {
            let mut unique = list.clone();
            unique.sort_unstable();
            unique.dedup();
            if unique.len() != list.len() {
                errors.add("channels", "name each channel once");
            }
            list.clone()
        }
        (Some(_), Some(_)) => {
            errors.add("channel", "give channel or channels, not both");
            vec![]
        }
        (None, None) => {
            errors.add("channel", "is missing; give channel, or channels as an ordered list");
            vec![]
        }
    }
}

fn retry(
    asked: Option<&Retry>,
    priority: Priority,
    rules: &AdmissionRules,
    errors: &mut Errors,
) -> RetryPolicy {
    let by_priority = || rules.policies.get(&rules.policy_by_priority[priority as usize]).cloned();
    let default = || by_priority().unwrap_or(RetryPolicy::Delays(vec![]));
    let Some(asked) = asked else { return default() };
    let formula = asked.base.is_some() || asked.factor.is_some() || asked.cap.is_some();
    if [asked.policy.is_some(), asked.delays.is_some(), formula].iter().filter(|given| **given).count() != 1 {
        errors.add("retry", "give either policy, or delays, or base with factor, cap and max_retries");
        return default();
    }
    if let Some(name) = &asked.policy {
        if asked.max_retries.is_some() {
            errors.add("retry.max_retries", "goes with base, factor and cap, not with policy");
        }
        return rules.policies.get(name).cloned().unwrap_or_else(|| {
            let names: Vec<_> = rules.policies.keys().map(String::as_str).collect();
            errors.add("retry.policy", format!("is not one of {}", names.join(", ")));
            default()
        });
    }
    let policy = match &asked.delays {
        Some(delays) => RetryPolicy::Delays(delays.clone()),
        None => RetryPolicy::Formula {
            base: asked.base.unwrap_or(2),
            factor: asked.factor.unwrap_or(2.0),
            cap: asked.cap.unwrap_or(3_600),
            max_retries: asked.max_retries.unwrap_or(3),
        },
    };
    if let Some((field, problem)) = policy.problem() {
        errors.add(format!("retry.{field}"), problem);
    }
    policy
}

fn times(
    request: &SendRequest,
    now: Timestamp,
    rules: &AdmissionRules,
    errors: &mut Errors,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let scheduled = request.scheduled_at.filter(|at| *at > now);
    if request.scheduled_at.is_some_and(|at| at > now + MAX_AHEAD) {
        errors.add("scheduled_at", format!("must be within {} days", MAX_AHEAD.num_days()));
    }
    let start = scheduled.unwrap_or(now);
    let default = rules
        .expires_after
        .and_then(|after| TimeDelta::from_std(after).ok())
        .and_then(|after| start.checked_add_signed(after));
    let expires = request.expires_at.or(default);
    if request.expires_at.is_some_and(|at| at <= start) {
        errors.add("expires_at", "must be later than now and than scheduled_at");
    }
    if request.expires_at.is_some_and(|at| at > now + MAX_AHEAD * 2) {
        errors.add("expires_at", format!("must be within {} days", 2 * MAX_AHEAD.num_days()));
    }
    (scheduled, expires)
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
