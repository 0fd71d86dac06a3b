//! `notifyctl notification list`, and the terms it shares with `count`.

use super::super::Desk;
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::given;
use crate::output::Total;
use clap::{Args, ValueEnum};
use notify_proto::control::ListRequest;
use notify_proto::filter::{Field, Filter, Term};
use notify_proto::view::NotificationPage;
use notify_proto::{Channel, Timestamp};
use serde_json::json;
use std::time::Duration;

/// Rows of one call, at most.
const PAGE: u32 = 200;

/// What is listed, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Order {
    /// All, newest first.
    Newest,
    /// What waits for a time, soonest first.
    Soonest,
}

/// Which notifications.
#[derive(Debug, Args)]
pub struct Terms {
    /// Only with this status; may be repeated. Also: scheduled, held, dead
    #[arg(long = "status", value_name = "WORD", value_delimiter = ',', value_parser = status)]
    status: Vec<String>,
    #[command(flatten)]
    common: Common,
}

/// What holds whatever the status.
#[derive(Debug, Args)]
pub struct Common {
    /// Only of this service; may be repeated
    #[arg(long = "service", value_name = "NAME", value_delimiter = ',')]
    service: Vec<String>,
    /// Only on this channel; may be repeated
    #[arg(long = "channel", value_name = "CHANNEL", value_delimiter = ',')]
    channel: Vec<Channel>,
    /// Only accepted since: a span back, an RFC 3339 time, or HH:MM today
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    since: Option<Timestamp>,
    /// Only accepted before
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    until: Option<Timestamp>,
    /// Only what matches; see notifyctl help filters
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true, value_parser = given::filter)]
    filter: Option<Filter>,
}

fn status(text: &str) -> Result<String, String> {
    match text {
        "scheduled" | "held" | "dead" => Ok(text.to_owned()),
        other => other
            .parse::<notify_proto::Status>()
            .map(|status| status.to_string())
            .map_err(|error| error.to_string()),
    }
}

impl Terms {
    /// As one filter.
    pub(in crate::commands) fn filter(self) -> Filter {
        let mut filter = self.common.filter();
        filter.and_any(Field::Status, self.status);
        filter
    }
}

impl Common {
    /// As one filter.
    pub(in crate::commands) fn filter(self) -> Filter {
        let mut filter = self.filter.unwrap_or_default();
        filter
            .and_any(Field::Service, self.service)
            .and_any(Field::Channel, self.channel.iter().map(ToString::to_string).collect());
        filter.terms.extend(self.since.map(Term::Since));
        filter.terms.extend(self.until.map(Term::Until));
        filter
    }
}

/// A list.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  notifyctl ntf list --status failed,retrying --service acme --since 1h
  notifyctl ntf list --filter 'error:\"503\" -channel:sms' --limit 10 -o wide
  notifyctl ntf list --status retrying --watch=5s
  notifyctl ntf list --status retrying --sort attempts --limit 10
  notifyctl ntf list --all -o jsonl > all.jsonl")]
pub struct List {
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    pages: Pages,
    /// In which order
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Sort::Created)]
    sort: Sort,
    /// Look again and again, so often: in place on a terminal, elsewhere a line of JSON each time
    #[arg(long, value_name = "DUR", num_args = 0..=1, default_missing_value = "2s", value_parser = given::every, conflicts_with_all = ["all", "after"])]
    watch: Option<Duration>,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// Newest first.
    Created,
    /// Only what waits for a time, soonest first.
    Due,
    /// Most attempts first, at most 200, of the newest that the daemon can look through in a moment.
    Attempts,
}

/// How much of a list.
#[derive(Debug, Args)]
pub struct Pages {
    /// How many [default: 50]
    #[arg(long, value_name = "N", value_parser = given::whole(1_u64..))]
    limit: Option<u64>,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Go on where an earlier list ended: its `next`
    #[arg(long, value_name = "CURSOR")]
    pub(in crate::commands) after: Option<String>,
    /// Show recipients, subjects and bodies; needs the admin role and is written to the audit log
    #[arg(long)]
    pub(in crate::commands) reveal: bool,
}

impl Pages {
    /// Rows wanted.
    pub(in crate::commands) fn left(&self) -> u64 {
        if self.all { u64::MAX } else { self.limit.unwrap_or(given::ROWS.into()) }
    }

    /// Whether somebody said how many.
    pub(in crate::commands) const fn counted(&self) -> bool {
        self.limit.is_some()
    }
}

/// How far a walk through pages came.
pub(in crate::commands) struct Walked {
    pub(in crate::commands) cursor: Option<String>,
    pub(in crate::commands) total: Option<Total>,
    pub(in crate::commands) shown: u64,
    pub(in crate::commands) partial: bool,
}

/// Asks for page after page until `left` rows were seen or there are no more. The limit of the request is set here.
pub(in crate::commands) async fn walk(
    link: &Link,
    order: Order,
    mut request: ListRequest,
    mut left: u64,
    mut see: impl FnMut(&NotificationPage) -> Result<(), Stop>,
) -> Result<Walked, Stop> {
    let mut walked = Walked { cursor: None, total: None, shown: 0, partial: false };
    let mut next = if left > 0 { Some(ask(link, order, &mut request, left).await?) } else { None };
    while let Some(page) = next.take() {
        walked.total = walked.total.or_else(|| page.total.map(|value| Total { value, exact: !page.partial }));
        left -= left.min(page.items.len() as u64);
        walked.shown += page.items.len() as u64;
        walked.partial |= page.partial;
        walked.cursor.clone_from(&page.next_cursor);
        request.cursor.clone_from(&page.next_cursor);
        if left == 0 || request.cursor.is_none() {
            see(&page)?;
            break;
        }
        // The daemon looks for the next page while this one is shown.
        let seeing = async {
            tokio::task::yield_now().await;
            see(&page)
        };
        let (asked, seen) = tokio::join!(ask(link, order, &mut request, left), seeing);
        seen?;
        next = Some(asked?);
    }
    Ok(walked)
}

async fn ask(
    link: &Link,
    order: Order,
    request: &mut ListRequest,
    left: u64,
) -> Result<NotificationPage, Failure> {
    request.limit = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
    match order {
        Order::Newest => link.read(link.client.notification_list(link.within(), request.clone())).await,
        Order::Soonest => link.read(link.client.schedule_list(link.within(), request.clone())).await,
    }
}

impl List {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let most_tried = self.sort == Sort::Attempts;
        if most_tried && (self.pages.all || self.pages.after.is_some()) {
            let message = "--sort attempts is one page: it goes with --limit, and not with --all or --after";
            return Err(Failure::new(Exit::Usage, message).into());
        }
        let left = if most_tried { self.pages.left().min(u64::from(PAGE)) } else { self.pages.left() };
        let order = if self.sort == Sort::Due { Order::Soonest } else { Order::Newest };
        let link = desk.link().await?;
        let counted = self.pages.counted();
        let Pages { after, reveal, .. } = self.pages;
        let first = ListRequest {
            filter: self.terms.filter(),
            cursor: after,
            limit: 0,
            reveal,
            most_tried,
            ..ListRequest::default()
        };
        if let Some(every) = self.watch {
            return watch(desk, &link, order, &first, left, every).await;
        }
        let mut listing = desk.out.list("notification.list")?;
        let walked = walk(&link, order, first, left, |page| Ok(listing.page(&page.items)?)).await?;
        listing.close(walked.cursor.as_deref(), walked.total)?;
        if self.sort == Sort::Due {
            desk.out.note("only what waits for a time is listed");
        }
        say_rest(desk, &walked, counted, "no notification matches");
        Ok(Exit::Done)
    }
}

/// Looks again and again. A look is drawn when it is whole.
async fn watch(
    desk: &Desk<'_>,
    link: &Link,
    order: Order,
    first: &ListRequest,
    left: u64,
    every: Duration,
) -> Ended {
    loop {
        let mut rows = Vec::new();
        let walked = walk(link, order, first.clone(), left, |page| {
            rows.extend_from_slice(&page.items);
            Ok(())
        });
        let walked = walked.await?;
        desk.out.look_at_the_clock();
        let total = walked.total.map(|it| json!({"value": it.value, "exact": it.exact}));
        desk.out.frame(
            "notification.list",
            json!({"items": rows, "next": walked.cursor, "total": total}),
            || desk.out.whole("notification.list", &rows),
        )?;
        tokio::time::sleep(every).await;
    }
}

/// What a list did not show.
pub(in crate::commands) fn say_rest(desk: &Desk<'_>, walked: &Walked, counted: bool, none: &str) {
    if walked.partial {
        let way_on = if walked.cursor.is_some() { " or go on with --after" } else { "" };
        desk.out
            .note(&format!("only part of the log was looked at: more may match; narrow the filter{way_on}"));
    }
    match (&walked.cursor, walked.shown) {
        (Some(cursor), _) => desk.out.more(counted, &format!("there are more: --all, or --after {cursor}")),
        (None, 0) => desk.out.advise(none),
        (None, _) => {}
    }
}
