//! `notifyctl tail`: what happens, as it happens.

use super::Desk;
use crate::cli::Format;
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::given;
use crate::output::rows::spoken;
use clap::Args;
use notify_proto::Timestamp;
use notify_proto::happening::{EventFilter, EventsRequest, EventsView, MAX_WAIT_MS};
use notify_proto::upkeep::grouped;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};
use std::time::Duration;

/// How often it is looked whether anybody reads.
const LOOK: Duration = Duration::from_millis(500);

/// Which events.
#[derive(Debug, Args)]
#[command(
    after_help = "The daemon keeps the last 65,536 events: steps of notifications, circuits, webhooks, and what operators change.
Terms of a filter are event, severity, object, id, service, channel, provider, status and actor; all must hold, values
with commas between them are alternatives, a leading - excludes, a * at the end matches any rest. Who falls behind is
told how many were missed, with json as {\"dropped\":N}.

Nothing is changed here, so -n is how many, as with tail(1), and not --dry-run.

Examples:
  notifyctl tail
  notifyctl tail -n 200
  notifyctl tail -f --filter 'event:failed,circuit_open' -o jsonl
  notifyctl tail --since 10m --filter 'severity:warning,critical'
  notifyctl tail --after 88121 -o jsonl"
)]
pub struct Tail {
    /// Those that match, such as event:failed,circuit_* -service:news
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true, value_parser = filter)]
    filter: Option<EventFilter>,
    /// Since then: a span back from now, an RFC 3339 time, or HH:MM today
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    since: Option<Timestamp>,
    /// Go on until interrupted
    #[arg(short, long)]
    follow: bool,
    /// So many, before those to come, 0 to 1000
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50, value_parser = given::whole(0_u32..=1_000), conflicts_with_all = ["since", "after"])]
    last: u32,
    /// Those after this number; all there are, when the daemon was started anew since
    #[arg(long, value_name = "SEQ", value_parser = given::whole(0_u64..), conflicts_with = "since")]
    after: Option<u64>,
    /// Nothing is changed here, with it or without
    // The global one under the same id: it takes no -n here, where that is how many.
    #[arg(long, hide = true)]
    dry_run: bool,
}

fn filter(text: &str) -> Result<EventFilter, String> {
    text.parse().map_err(|error: notify_proto::happening::EventFilterError| error.to_string())
}

impl Tail {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let mut request = EventsRequest {
            after_seq: self.after,
            since: self.since,
            last: self.last,
            filter: self.filter.clone().unwrap_or_default(),
            ..EventsRequest::default()
        };
        if self.follow {
            return follow(desk, &link, request).await;
        }
        let mut listing = desk.out.list("tail")?;
        let mut head = None;
        let mut view = first(desk, &link, &mut request).await?;
        let next = loop {
            missed(desk, &view)?;
            listing.page(&view.events)?;
            // What happens while it is read is for the next time.
            let head = *head.get_or_insert(view.head_seq);
            if view.next_seq >= head {
                break view.next_seq;
            }
            request.after_seq = Some(view.next_seq);
            view = ask(&link, &request).await?;
        };
        listing.close(Some(&next.to_string()), None)?;
        Ok(Exit::Done)
    }
}

/// Waits for more, for ever.
async fn follow(desk: &Desk<'_>, link: &Link, mut request: EventsRequest) -> Ended {
    let mut view = first(desk, link, &mut request).await?;
    loop {
        desk.out.look_at_the_clock();
        missed(desk, &view)?;
        write(desk, &view)?;
        desk.out.flush()?;
        (request.after_seq, request.wait_ms) = (Some(view.next_seq), MAX_WAIT_MS);
        view = tokio::select! {
            view = ask(link, &request) => view?,
            () = unread() => return Ok(Exit::Done),
        };
    }
}

/// Waits until nobody reads the answer any more, which is otherwise noticed only with the next event.
async fn unread() {
    let stdout = std::io::stdout();
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        let mut end = [PollFd::new(&stdout, PollFlags::empty())];
        let looked = poll(&mut end, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        if looked.is_ok() && end[0].revents().contains(PollFlags::ERR) {
            return;
        }
    }
}

fn write(desk: &Desk<'_>, view: &EventsView) -> Result<(), Stop> {
    match desk.out.format {
        Format::Json | Format::Jsonl => {
            for event in &view.events {
                let event = serde_json::to_value(event).map_err(std::io::Error::other)?;
                desk.out.document("tail", event)?;
            }
        }
        Format::Table | Format::Wide => {
            for event in &view.events {
                desk.out.happens(event.at, &spoken(event))?;
            }
        }
        Format::Plain | Format::Csv | Format::Id => {
            let mut listing = desk.out.list_on("tail")?;
            listing.page(&view.events)?;
            listing.close(None, None)?;
        }
    }
    Ok(())
}

/// The first answer. A number beyond the newest is of an earlier run of the daemon, as each counts anew: then all that this
/// one has comes after it.
async fn first(desk: &Desk<'_>, link: &Link, request: &mut EventsRequest) -> Result<EventsView, Failure> {
    let view = ask(link, request).await?;
    match request.after_seq {
        Some(after) if after > view.head_seq => {
            desk.out
                .note(&format!("the daemon was started anew since event {after}: its events count from 1"));
            request.after_seq = Some(0);
            ask(link, request).await
        }
        _ => Ok(view),
    }
}

async fn ask(link: &Link, request: &EventsRequest) -> Result<EventsView, Failure> {
    let wait = Duration::from_millis(request.wait_ms.into());
    link.read(link.client.events(link.within_and(wait), Box::new(request.clone()))).await
}

/// Says how many were gone before they could be told.
fn missed(desk: &Desk<'_>, view: &EventsView) -> Result<(), Stop> {
    if view.dropped == 0 {
        return Ok(());
    }
    let dropped: Value = json!({"dropped": view.dropped});
    if desk.out.format == Format::Jsonl {
        desk.out.document("tail", dropped)?;
    } else {
        desk.out.note(&format!("{} events were missed", grouped(view.dropped)));
    }
    Ok(())
}
