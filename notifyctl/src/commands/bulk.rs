//! A change of all that match a filter: counted by the daemon, confirmed, then done by the daemon as an operation. What
//! comes after the count is not touched.

use super::Desk;
use super::operation::follow::{Interrupts, Stay, begin, finish};
use crate::failure::{Ended, Exit, Failure};
use crate::{confirm, given};
use clap::Args;
use notify_proto::bulk::{Again, BulkRequest, BulkView, Expect};
use notify_proto::control::Limit;
use notify_proto::filter::Filter;
use notify_proto::upkeep::{OperationView, grouped};
use notify_proto::view::rfc3339;
use notify_proto::{BulkOp, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How a change of many goes on.
#[derive(Debug, Args)]
pub struct Flags {
    /// With --filter: go on only if so many match; N~5% for about so many
    // Clap lets a flag that wants another pass where that other one is ruled out, so the ids are named here.
    #[arg(long, value_name = "N", conflicts_with = "ids", value_parser = given::expect)]
    expect: Option<Expect>,
    /// With --filter: at most so many, those accepted first
    #[arg(long, value_name = "N", conflicts_with = "ids", value_parser = given::whole(1_u64..))]
    limit: Option<u64>,
    /// At this pace, such as 20/s, or none [default: with --filter 200/s for retry and run; else none]
    #[arg(long, value_name = "RATE", value_parser = given::rate_or_none)]
    rate: Option<Limit<f64>>,
    /// With --filter: start it and return at once; notifyctl operation wait follows it
    #[arg(long, conflicts_with = "ids")]
    no_wait: bool,
}

impl Flags {
    /// How many a second, when somebody said so.
    pub(super) fn rate(&self) -> Option<f64> {
        match self.rate {
            Some(Limit::Set(rate)) => Some(rate),
            _ => None,
        }
    }
}

/// What is done with each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    /// What.
    pub(super) op: BulkOp,
    /// The moment it waits for then, if that is what is done.
    pub(super) until: Option<Timestamp>,
    /// How it is tried again, if that is.
    pub(super) again: Again,
    /// Whether the webhooks hear of it.
    pub(super) notify: bool,
}

/// What is done, in words.
pub(super) struct Words {
    /// For the schema of the answer, such as `notification.retry`.
    pub(super) what: &'static str,
    /// Such as `Retry them?`.
    pub(super) question: String,
    /// Such as `retried`.
    pub(super) done: String,
}

/// Who says that it is wanted.
pub(super) enum Consent {
    /// y or `--yes`.
    Yes,
    /// Whoever types the count, or `--confirm COUNT`.
    Count(Option<u64>),
}

pub(super) async fn run(
    desk: &Desk<'_>,
    deed: Deed,
    words: Words,
    consent: Consent,
    filter: Filter,
    flags: Flags,
) -> Ended {
    let request = BulkRequest {
        op: deed.op.into(),
        filter,
        until: deed.until,
        again: deed.again,
        notify: deed.notify,
        cutoff: None,
        expect: flags.expect,
        limit: flags.limit,
        rate_per_second: flags.rate.unwrap_or_default(),
    };
    let link = desk.link().await?;
    let rehearsal = desk.globals.rehearsal();
    let call = link.client.notification_bulk(link.within(), Box::new(request.clone()), rehearsal);
    let counted = link.read(call).await?;
    if desk.globals.dry_run || counted.total == 0 {
        return preview(desk, &words, &counted);
    }
    let answered = match consent {
        Consent::Yes => confirm::is_answered(desk.globals),
        Consent::Count(given) => given == Some(changes(&counted)),
    };
    if counted.refused >= counted.total && !answered {
        return Err(all_refused(&counted).into());
    }
    let question = format!("{}.", sentence(&counted));
    samples(desk, &counted);
    let expect = match consent {
        Consent::Yes => {
            confirm::yes(desk.globals, desk.out, &format!("{question} {}", words.question))?;
            request.expect
        }
        Consent::Count(given) => {
            let count = changes(&counted);
            if let Some(given) = given.filter(|given| *given != count) {
                let verb = if count < counted.total { "would be changed" } else { "match" };
                let message = format!("{} {verb}, not {given}; nothing was changed", grouped(count));
                return Err(Failure::new(Exit::Conflict, message).into());
            }
            let they = match (count < counted.total, count) {
                (true, 1) => "That one",
                (true, _) => "Those",
                (false, 1) => "It",
                (false, _) => "They",
            };
            let question = format!("{question} {they} will be {} for good.", words.done);
            confirm::name(
                desk.globals,
                desk.out,
                &question,
                &count.to_string(),
                given.map(|_| count.to_string()).as_deref(),
            )?;
            Some(Expect { count: counted.total, percent: 0 })
        }
    };
    let request = BulkRequest { cutoff: Some(counted.cutoff), expect, ..request };
    let mut interrupts = Interrupts::catch()?;
    let call = link.client.notification_bulk(link.within(), Box::new(request), desk.globals.change());
    let begun = begin(desk, &link, &mut interrupts, call).await?.map(|told| told.operation);
    let Some(begun) = begun.some() else {
        let message = "what matched has changed meanwhile; nothing was changed";
        return Err(Failure::new(Exit::Conflict, message).into());
    };
    let members = |it: &OperationView| {
        let BulkView { by_status, by_service, total, .. } = &counted;
        json!({
            "by_status": by_status, "by_service": by_service, "total": all(*total), "done": it.done,
            "refused": it.refused,
        })
    };
    finish(desk, &link, &mut interrupts, words.what, begun, Stay::unless(flags.no_wait), members).await
}

/// How many it is done to, of all that match.
fn changes(counted: &BulkView) -> u64 {
    counted.limit.map_or(counted.total, |limit| limit.min(counted.total))
}

/// How many there are, in the shape that every list has.
fn all(total: u64) -> Value {
    json!({"value": total, "exact": true})
}

/// What would happen.
fn preview(desk: &Desk<'_>, words: &Words, counted: &BulkView) -> Ended {
    let said = if counted.total == 0 {
        "nothing matches in a state that allows it; nothing was changed".to_owned()
    } else {
        let they = if counted.total == 1 { "it" } else { "they" };
        format!("dry run: {}; {they} would be {}", sentence(counted), words.done)
    };
    let mut document = json!(counted);
    if let Some(document) = document.as_object_mut() {
        document.insert("total".into(), all(counted.total));
        document.insert("dry_run".into(), json!(desk.globals.dry_run));
        document.remove("operation");
    }
    desk.out.did(words.what, &said, document)?;
    samples(desk, counted);
    Ok(Exit::Done)
}

/// What matches, in words.
fn sentence(counted: &BulkView) -> String {
    let each = |counts: &BTreeMap<String, u64>| {
        let each = counts.iter().map(|(name, count)| format!("{name} {}", grouped(*count)));
        each.collect::<Vec<_>>().join(", ")
    };
    let noun = if counted.total == 1 { "notification matches" } else { "notifications match" };
    let mut said = format!(
        "{} {noun} ({}; of {}), from before {}",
        grouped(counted.total),
        each(&counted.by_status),
        each(&counted.by_service),
        rfc3339(counted.cutoff)
    );
    if counted.refused > 0 {
        said = format!("{said}, {} will be refused", grouped(counted.refused));
    }
    if let Some(limit) = counted.limit.filter(|limit| *limit < counted.total) {
        said = format!("{said}, the first {} of them", grouped(limit));
    }
    if let Some(rate) = counted.rate_per_second {
        said = format!("{said}, {rate} a second");
    }
    said
}

/// Nobody is asked for what cannot be.
fn all_refused(counted: &BulkView) -> Failure {
    let message = format!("{}; nothing was changed", sentence(counted));
    let failure = Failure::new(Exit::Conflict, message);
    match counted.samples.first() {
        Some(id) => failure.hint(format!("for one of them: notifyctl notification explain {id}")),
        None => failure,
    }
}

/// Some of them, for people.
fn samples(desk: &Desk<'_>, counted: &BulkView) {
    if !counted.samples.is_empty() {
        let most = usize::try_from(changes(counted)).unwrap_or(usize::MAX);
        let ids: Vec<_> = counted.samples.iter().take(most).map(ToString::to_string).collect();
        desk.out.advise(&format!("such as {}", ids.join(", ")));
    }
}
