//! `notifyctl schedule`: what waits for a time.

use super::Desk;
use super::notification::change::{Verb, Which};
use super::notification::list::{Order, Pages, Terms, say_rest, walk};
use crate::cli::Format;
use crate::failure::{Ended, Exit};
use crate::given;
use crate::output::rows::{always, status, wide};
use crate::output::{Cell, Column, Row, Total};
use clap::{Args, Subcommand};
use notify_proto::control::ListRequest;
use notify_proto::filter::Term;
use notify_proto::schedule::{GroupRequest, HistogramBucket, HistogramView, WaitingGroup};
use notify_proto::upkeep::grouped;
use notify_proto::view::NotificationView;
use notify_proto::{GroupBy, Timestamp};
use serde::Serialize;

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl schedule list --due '<1h'
  notifyctl schedule histogram
  notifyctl schedule list --service acme --all -o id | notifyctl schedule move - --at 18:00";

/// What waits for a time: what is scheduled, and what waits for a retry.
#[derive(Debug, Subcommand)]
pub enum Schedule {
    /// List what waits for a time, soonest first
    List(List),
    /// Give what waits for a time another one, sooner or later
    #[command(
        after_help = "No retry is spent. What is queued waits for no time: notifyctl notification postpone gives it one.

Examples:
  notifyctl schedule move 0197a6c2-5b1e-7cc0-8000-0123456789ab --at 2026-12-24T18:00:00Z
  notifyctl schedule move --filter 'service:acme status:scheduled' --at 18:00 --dry-run
  notifyctl schedule list --service acme --all -o id | notifyctl schedule move - --at 2h --reason \"quiet hours\""
    )]
    Move(Move),
    /// Make what waits for a time due now
    #[command(after_help = "No retry is spent. What is queued already is left alone.

Examples:
  notifyctl schedule run 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl schedule run --filter 'status:retrying provider:relay' --rate 50/s --yes
  notifyctl schedule list --status retrying --all -o id | notifyctl schedule run - --reason \"vendor says fixed\"")]
    Run(Which),
    /// Count what waits for a time, by how far ahead that is
    #[command(
        after_help = "late is past due, now is due within a minute, and +5m is due in 5 minutes or more, up to where the next line
begins; the last line, +24h, has no end. -o wide tells the times. What webhooks did not take
stands beside the rest under told_again; notifyctl webhook retries lists it.

Examples:
  notifyctl schedule histogram
  notifyctl schedule histogram --json | jq '.buckets[] | select(.due_in==\"late\").total'"
    )]
    Histogram,
    /// What waits for a time, told apart by error, provider, service or channel
    Group(Group),
}

/// A list.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  notifyctl schedule list --due '<15m' --service acme
  notifyctl schedule list --status retrying --filter 'provider:relay' -o wide
  notifyctl schedule list --all -o jsonl > waiting.jsonl")]
pub struct List {
    /// Only what is due before: a span from now, an RFC 3339 time, or HH:MM today; a < in front is allowed
    #[arg(long, value_name = "<TIME", value_parser = due)]
    due: Option<Timestamp>,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    pages: Pages,
}

/// Groups.
#[derive(Debug, Args)]
#[command(
    after_help = "The 20,000 that are due first are looked at. An error is told without numbers, ids, addresses and quoted
texts, so that those of one kind are one group. By webhook it is events that are owed: pending are those not told yet,
and of the filter only services count.

Examples:
  notifyctl schedule group
  notifyctl schedule group --by provider --status retrying
  notifyctl schedule group --by webhook
  notifyctl schedule group --by service -o json | jq -r '.items[0].name'"
)]
pub struct Group {
    /// By what: error, provider, service, queue (of a provider, or of a webhook), channel, webhook
    #[arg(long, value_name = "WHAT", default_value = "error")]
    by: GroupBy,
    #[command(flatten)]
    terms: Terms,
}

impl Group {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let request = GroupRequest { filter: self.terms.filter(), by: self.by.into() };
        let found = link.read(link.client.schedule_group(link.within(), request)).await?;
        let mut listing = desk.out.list("schedule.group")?;
        listing.page(&found.groups)?;
        let value = found.groups.len() as u64;
        listing.close(None, Some(Total { value, exact: !found.partial && found.elsewhere == 0 }))?;
        if found.elsewhere > 0 {
            desk.out.note(&format!("{} more are in groups not shown", grouped(found.elsewhere)));
        }
        if found.partial {
            let scanned = grouped(found.scanned);
            desk.out
                .note(&format!("only the {scanned} that are due first were looked at; there are later ones"));
        }
        if found.groups.is_empty() {
            desk.out.advise("nothing that matches waits for a time");
        }
        Ok(Exit::Done)
    }
}

impl Row for WaitingGroup {
    const COLUMNS: &'static [Column<Self>] = &[
        always("name", |it| Some(it.name.as_str()).filter(|name| !name.is_empty()).into()),
        always("retrying", |it| it.retrying.into()),
        always("pending", |it| it.pending.into()),
        always("tried_once", |it| it.tried_once.into()),
        always("tried_twice", |it| it.tried_twice.into()),
        always("tried_more", |it| it.tried_more.into()),
        always("next", |it| it.next_at.into()),
        wide("last", |it| it.last_at.into()),
        wide("dead_1h", |it| it.tries.map(|tries| tries.dead).into()),
        wide("failing_since", |it| it.tries.and_then(|tries| tries.failing_since).into()),
        wide("last_failed", |it| it.tries.and_then(|tries| tries.last_failed_at).into()),
        wide("try1_2", |it| Cell::percent(it.tries.and_then(|tries| tries.shares()[0]))),
        wide("try2_3", |it| Cell::percent(it.tries.and_then(|tries| tries.shares()[1]))),
        wide("sample", |it| it.sample.map(|id| id.to_string()).into()),
        always("error", |it| it.error.clone().into()),
    ];

    fn id(&self) -> String {
        self.name.clone()
    }
}

/// Some notifications, and another time.
#[derive(Debug, Args)]
pub struct Move {
    #[command(flatten)]
    which: Which,
    /// When: a span from now, an RFC 3339 time, or HH:MM today
    #[arg(long, value_name = "TIME", value_parser = given::ahead)]
    at: Timestamp,
}

fn due(text: &str) -> Result<Timestamp, String> {
    given::ahead(text.strip_prefix('<').unwrap_or(text))
}

impl Schedule {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::List(list) => list.run(desk).await,
            Self::Move(Move { which, at }) => which.run(desk, Verb::Move(at)).await,
            Self::Run(which) => which.run(desk, Verb::Run).await,
            Self::Histogram => histogram(desk).await,
            Self::Group(group) => group.run(desk).await,
        }
    }
}

impl List {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let (left, counted) = (self.pages.left(), self.pages.counted());
        let link = desk.link().await?;
        let mut listing = desk.out.list("schedule.list")?;
        let mut filter = self.terms.filter();
        filter.terms.extend(self.due.map(Term::DueBefore));
        let Pages { after, reveal, .. } = self.pages;
        let first = ListRequest { filter, cursor: after, reveal, ..ListRequest::default() };
        let walked = walk(&link, Order::Soonest, first, left, |page| {
            let rows: Vec<_> = page.items.iter().cloned().map(Waiting).collect();
            Ok(listing.page(&rows)?)
        })
        .await?;
        listing.close(walked.cursor.as_deref(), walked.total)?;
        say_rest(desk, &walked, counted, "nothing that matches waits for a time");
        Ok(Exit::Done)
    }
}

/// One that waits for a time.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
struct Waiting(NotificationView);

impl Row for Waiting {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.0.id.to_string().into()),
        always("due", |it| it.0.next_attempt_at.into()),
        always("status", |it| status(&it.0.status)),
        always("service", |it| it.0.service_name.as_str().into()),
        always("channel", |it| it.0.channel.to_string().into()),
        always("priority", |it| it.0.priority.to_string().into()),
        always("recipient", |it| it.0.recipient.in_full().into()),
        always("retries", |it| it.0.retry_count.into()),
        wide("max_retries", |it| it.0.max_retries.into()),
        wide("created", |it| it.0.created_at.into()),
        wide("scheduled", |it| it.0.scheduled_at.into()),
        wide("expires", |it| it.0.expires_at.into()),
        always("provider", |it| it.0.provider_name.clone().into()),
        wide("tenant", |it| it.0.tenant_id.clone().into()),
        wide("correlation_id", |it| it.0.correlation_id.clone().into()),
        wide("subject", |it| it.0.subject.clone().into()),
        wide("content", |it| it.0.content.clone().into()),
        always("error", |it| it.0.error_message.clone().into()),
    ];

    fn id(&self) -> String {
        self.0.id.to_string()
    }
}

async fn histogram(desk: &Desk<'_>) -> Ended {
    let link = desk.link().await?;
    let view = link.read(link.client.schedule_histogram(link.within())).await?;
    match desk.out.format {
        Format::Json => {
            let members = serde_json::to_value(&view).map_err(std::io::Error::from)?;
            desk.out.document("schedule.histogram", members)?;
        }
        Format::Table | Format::Wide => {
            let mut listing = desk.out.list("schedule.histogram")?;
            listing.page(&bars(&view))?;
            listing.close(None, None)?;
            desk.out
                .note("= scheduled, # waits for a retry: the total; + told to a webhook again, beside it");
        }
        _ => {
            let mut listing = desk.out.list("schedule.histogram")?;
            listing.page(&view.buckets)?;
            listing.close(None, None)?;
        }
    }
    if view.held > 0 {
        let many = grouped(view.held);
        desk.out
            .note(&format!("{many} more wait for an operator: notifyctl notification list --status held"));
    }
    Ok(Exit::Done)
}

impl Row for HistogramBucket {
    const COLUMNS: &'static [Column<Self>] = &[
        always("due_in", |it| it.due_in.as_str().into()),
        always("from", |it| it.from.into()),
        always("to", |it| it.to.into()),
        always("total", |it| it.total.into()),
        always("pending", |it| it.pending.into()),
        always("retrying", |it| it.retrying.into()),
        always("told_again", |it| it.told_again.into()),
    ];

    fn id(&self) -> String {
        self.due_in.clone()
    }
}

/// A bucket with its bar, for people.
#[derive(Debug, Serialize)]
struct Bar {
    #[serde(flatten)]
    bucket: HistogramBucket,
    bar: String,
}

impl Row for Bar {
    const COLUMNS: &'static [Column<Self>] = &[
        always("due_in", |it| it.bucket.due_in.as_str().into()),
        always("total", |it| it.bucket.total.into()),
        always("pending", |it| it.bucket.pending.into()),
        always("retrying", |it| it.bucket.retrying.into()),
        always("told_again", |it| it.bucket.told_again.into()),
        wide("from", |it| it.bucket.from.into()),
        wide("to", |it| it.bucket.to.into()),
        always("bar", |it| it.bar.as_str().into()),
    ];

    fn id(&self) -> String {
        self.bucket.due_in.clone()
    }
}

/// Characters of the longest bar.
const LONGEST: u64 = 40;

fn bars(view: &HistogramView) -> Vec<Bar> {
    let most = view.buckets.iter().map(|bucket| bucket.total + bucket.told_again).max().unwrap_or(0).max(1);
    let bar = |bucket: &HistogramBucket| {
        // What is there is seen, however little it is beside the rest.
        let long = |count: u64| {
            let length = u128::from(count) * u128::from(LONGEST) / u128::from(most);
            usize::try_from(length).unwrap_or(0).max(usize::from(count > 0))
        };
        let part = |mark: &str, count| mark.repeat(long(count));
        part("=", bucket.pending) + &part("#", bucket.retrying) + &part("+", bucket.told_again)
    };
    view.buckets.iter().map(|bucket| Bar { bucket: bucket.clone(), bar: bar(bucket) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_to_scale_and_never_hide_anything() {
        let bucket = |total, retrying, told_again| HistogramBucket {
            due_in: "now".into(),
            from: None,
            to: None,
            total,
            pending: total - retrying,
            retrying,
            told_again,
        };
        let buckets =
            vec![bucket(0, 0, 0), bucket(1, 1, 1), bucket(3_000, 1_000, 1_000), bucket(2_000, 0, 0)];
        let view = HistogramView { as_of: Timestamp::default(), buckets, held: 0 };
        let drawn: Vec<_> = bars(&view).into_iter().map(|bar| bar.bar).collect();
        assert_eq!(drawn, ["", "#+", "====================##########++++++++++", "===================="]);
    }

    #[test]
    fn a_bound_is_read_with_and_without_its_sign() {
        assert!(due("<1h").unwrap() > crate::clock::now());
        assert_eq!(due("<2030-01-01T00:00:00Z"), due("2030-01-01T00:00:00Z"));
        assert!(due("<90").unwrap_err().contains("write 90s"));
    }
}
