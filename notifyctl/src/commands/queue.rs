//! `notifyctl queue`: the line of work in front of each provider, and those that no provider stands behind.

use super::{Desk, shape};
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::output::{Rows, spoken};
use crate::{clock, confirm, given};
use clap::{Args, Subcommand};
use notify_proto::HoldKind;
use notify_proto::hold::{HoldRequest, HoldView};
use notify_proto::upkeep::grouped;
use notify_proto::view::rfc3339;
use std::time::Duration;

/// How long a hold stands when nothing is said.
const USUAL: Duration = Duration::from_mins(10);

/// How long to wait for a drain when nothing is said.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks at a queue that is draining.
const PAUSE: Duration = Duration::from_millis(250);

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl queue list
  notifyctl queue list --filter '-state:running waiting:>=1000'
  notifyctl queue shape retries
  notifyctl queue pause relay --for 10m --yes --reason \"carrier maintenance\"
  notifyctl queue pause scheduled --for 10m --yes
  notifyctl q resume relay";

/// A queue is the line of work in front of one provider, and has its name; or what webhooks are told, what is tried again,
/// what was accepted for later: webhooks, retries, scheduled.
#[derive(Debug, Subcommand)]
pub enum Queue {
    /// List all queues, in the order in which their providers are tried; those of no provider last
    #[command(
        after_help = "WAITING counts the queued notifications in memory that go to this provider next, also those that
are held until it opens. ON_DISK is an estimate: what is on disk gets its provider when it is read, and stands in front
of the one it would go to first now. RATE is calls finished per second over the last minute, EMPTY_IN how long the queue
lasts if all goes on like that. Where it does not get empty like that, the column says why: the STATE that lets nothing
go for now, such as paused; grows, as more comes than goes; stands still, as nothing moves. In JSON empty_in_ms is null
then, and never_empty is that word. OLDEST is the age of the oldest in memory; BUSY counts calls under way, LIMIT those
allowed.

No provider stands behind the last three. Of webhooks WAITING counts the events that are owed. LATER counts what waits in
retries and scheduled for its time; they are late, and WAITING is 1, when some of it should have gone since OLDEST.

Examples:
  notifyctl queue list
  notifyctl q list --json | jq '.items[] | select(.state==\"paused\")'"
    )]
    List(Rows),
    /// Show how much of what waits is how old, or due in how long
    #[command(after_help = shape::HELP)]
    Shape(shape::Shape),
    /// Show one queue with what operators force on it
    #[command(after_help = "Examples:\n  notifyctl queue show relay")]
    Show(Name),
    /// Let nothing go from a queue for a while
    #[command(
        after_help = "It ends by itself, also across a restart. What waits goes to other providers, or waits on without
spending a retry, and goes in the order of priority when the queue runs again. With --for or --no-end a pause that stands
gets that end; without, a queue that is paused is left alone (exit code 5).

What waits in retries or scheduled waits on when its time has come, and is queued when the pause ends; what is run or sent
again by hand goes all the same. While webhooks is paused nobody is told of anything; it is all told later, under the ids
it has.

Examples:
  notifyctl queue pause relay --for 10m --yes --reason \"carrier maintenance\"
  notifyctl queue pause scheduled --for 10m --yes --reason \"carrier maintenance\""
    )]
    Pause(Pause),
    /// End a pause or a drain
    #[command(
        after_help = "A limit stays: notifyctl queue hold cancel ends it.\n\nExamples:\n  notifyctl queue resume relay"
    )]
    Resume(Name),
    /// Allow a provider fewer calls at once than it takes by itself
    #[command(after_help = "Examples:\n  notifyctl queue limit relay 2 --for 1h --reason \"slow start\"")]
    Limit(Limit),
    /// Let a queue run dry: nothing new goes to the provider, what is under way finishes
    #[command(
        after_help = "--timeout says how long --wait waits in all [default: 60s]. Exit code 8: calls were still under way
then; the queue goes on draining.

Examples:
  notifyctl queue drain relay --wait --yes --reason \"moving the relay\""
    )]
    Drain(Drain),
    /// What operators force: pauses, limits, drains, open circuits
    #[command(subcommand, arg_required_else_help = true)]
    #[command(after_help = "Examples:\n  notifyctl queue hold list\n  notifyctl queue hold cancel hold_3")]
    Hold(Hold),
}

/// Holds.
#[derive(Debug, Subcommand)]
pub enum Hold {
    /// List what stands now, oldest first
    #[command(after_help = "Examples:\n  notifyctl queue hold list")]
    List(Rows),
    /// End a hold before its time
    #[command(after_help = "Examples:\n  notifyctl queue hold cancel hold_3 --reason \"vendor says fixed\"")]
    Cancel(Id),
}

/// One queue.
#[derive(Debug, Args)]
pub struct Name {
    /// The provider it stands in front of, by name or id; or webhooks, retries, scheduled
    #[arg(value_name = "NAME")]
    name: String,
}

/// One hold.
#[derive(Debug, Args)]
pub struct Id {
    /// Its id, such as hold_3
    #[arg(value_name = "ID")]
    id: String,
}

/// How long something is forced that should end soon.
#[derive(Debug, Clone, Copy, Args)]
pub struct Lasting {
    /// How long, up to 366d [default: 10m]
    #[arg(long = "for", value_name = "DUR", value_parser = given::span, conflicts_with = "no_end")]
    lasts: Option<Duration>,
    /// Until somebody ends it
    #[arg(long)]
    no_end: bool,
}

impl Lasting {
    fn lasts(self) -> Option<Duration> {
        (!self.no_end).then(|| self.lasts.unwrap_or(USUAL))
    }

    /// As the daemon is asked for it.
    pub(super) fn for_ms(self) -> Option<u64> {
        self.lasts().map(millis)
    }

    /// Whether nobody said for how long.
    pub(super) const fn unsaid(self) -> bool {
        self.lasts.is_none() && !self.no_end
    }

    /// For the question.
    pub(super) fn words(self) -> String {
        self.lasts().map_or_else(
            || "until somebody ends it".into(),
            |lasts| format!("for {}", spoken(lasts.as_secs())),
        )
    }
}

/// As the daemon is asked for a time.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A pause.
#[derive(Debug, Args)]
pub struct Pause {
    #[command(flatten)]
    name: Name,
    #[command(flatten)]
    lasting: Lasting,
}

/// A limit.
#[derive(Debug, Args)]
pub struct Limit {
    #[command(flatten)]
    name: Name,
    /// Calls at once, fewer than the provider takes by itself
    #[arg(value_name = "N", value_parser = given::whole(1_u32..))]
    calls: u32,
    /// How long, up to 366d [default: until somebody ends it]
    #[arg(long = "for", value_name = "DUR", value_parser = given::span)]
    lasts: Option<Duration>,
}

/// A drain.
#[derive(Debug, Args)]
pub struct Drain {
    #[command(flatten)]
    name: Name,
    /// Wait until no call is under way
    #[arg(long)]
    wait: bool,
    /// How long, up to 366d [default: until somebody ends it]
    #[arg(long = "for", value_name = "DUR", value_parser = given::span)]
    lasts: Option<Duration>,
}

impl Queue {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::List(rows) => list(desk, &rows).await,
            Self::Show(it) => show(desk, it.name).await,
            Self::Shape(shape) => shape.run(desk).await,
            Self::Pause(Pause { name: Name { name }, lasting }) => {
                let request = HoldRequest {
                    provider: name,
                    kind: HoldKind::Pause,
                    limit: None,
                    for_ms: lasting.for_ms(),
                    unless_held: lasting.unsaid(),
                };
                let link = desk.link().await?;
                let request =
                    agreed(desk, &link, request, |name| format!("Pause queue {name} {}?", lasting.words()))
                        .await?;
                hold(desk, &link, "queue.pause", request).await?;
                Ok(Exit::Done)
            }
            Self::Resume(it) => resume(desk, it.name).await,
            Self::Limit(Limit { name: Name { name }, calls, lasts }) => {
                let (limit, for_ms) = (Some(calls), lasts.map(millis));
                let request = HoldRequest {
                    provider: name,
                    kind: HoldKind::Limit,
                    limit,
                    for_ms,
                    unless_held: lasts.is_none(),
                };
                hold(desk, &desk.link().await?, "queue.limit", request).await?;
                Ok(Exit::Done)
            }
            Self::Drain(drain) => drain.run(desk).await,
            Self::Hold(Hold::List(rows)) => holds(desk, &rows).await,
            Self::Hold(Hold::Cancel(it)) => cancel(desk, it.id).await,
        }
    }
}

async fn list(desk: &Desk<'_>, rows: &Rows) -> Ended {
    let link = desk.link().await?;
    let list = link.read(link.client.queue_list(link.within())).await?;
    desk.out.whole("queue.list", &rows.of(desk.out, list.queues)?)?;
    if list.elsewhere > 0 {
        desk.out.note(&format!(
            "{} more are queued and stand in no queue at this moment: nobody serves their channel, or they are on their way",
            grouped(list.elsewhere)
        ));
    }
    Ok(Exit::Done)
}

async fn show(desk: &Desk<'_>, name: String) -> Ended {
    let link = desk.link().await?;
    let queue = link.read(link.client.queue_show(link.within(), name)).await?;
    desk.out.one("queue.show", "queue", &queue)?;
    told(desk, &queue.holds)?;
    Ok(Exit::Done)
}

/// What operators force, below what they force it on; for people, as programs have it there already.
pub(super) fn told(desk: &Desk<'_>, holds: &[HoldView]) -> Result<(), Stop> {
    if desk.out.for_people() && !holds.is_empty() {
        desk.out.heading("holds")?;
        let mut listing = desk.out.list("queue.hold.list")?;
        listing.page(holds)?;
        listing.close(None, None)?;
    }
    Ok(())
}

/// Somebody says yes to what is to be forced, if it can be; the question is asked with the provider's name.
pub(super) async fn agreed(
    desk: &Desk<'_>,
    link: &Link,
    request: HoldRequest,
    question: impl FnOnce(&str) -> String,
) -> Result<HoldRequest, Failure> {
    if confirm::is_answered(desk.globals) {
        return Ok(request);
    }
    let call = link.client.hold_set(link.within(), request.clone(), desk.globals.rehearsal());
    let hold = link.read(call).await?;
    confirm::yes(desk.globals, desk.out, &question(&hold.queue))?;
    // By its id: the name may have gone to another while somebody thought about the answer.
    let provider = hold.provider_id.map_or(hold.queue, |id| id.to_string());
    Ok(HoldRequest { provider, ..request })
}

/// Forces something on a provider, and says so.
pub(super) async fn hold(
    desk: &Desk<'_>,
    link: &Link,
    what: &str,
    request: HoldRequest,
) -> Result<HoldView, Stop> {
    let call = link.client.hold_set(link.within(), request, desk.globals.change());
    let hold = link.change(call).await?;
    desk.out.changed(what, "hold", &said(desk, &hold), &hold)?;
    Ok(hold)
}

/// What a hold does, until when.
pub(super) fn said(desk: &Desk<'_>, hold: &HoldView) -> String {
    let name = &hold.queue;
    let (object, done) = match hold.kind.known() {
        Some(HoldKind::Pause) => (format!("queue {name}"), "paused".to_owned()),
        Some(HoldKind::Drain) => (format!("queue {name}"), "draining".into()),
        Some(HoldKind::Limit) => {
            let limited = match hold.limit.unwrap_or_default() {
                1 => "limited to one call at a time".to_owned(),
                many => format!("limited to {many} calls at once"),
            };
            (format!("queue {name}"), limited)
        }
        Some(HoldKind::Disabled) => (format!("provider {name}"), "disabled".into()),
        Some(HoldKind::Enabled) => (format!("provider {name}"), "enabled".into()),
        Some(HoldKind::CircuitOpen) => (format!("the circuit of provider {name}"), "open".into()),
        None => (format!("provider {name}"), format!("held ({})", hold.kind)),
    };
    let until = hold.until.map_or_else(|| "somebody ends it".into(), rfc3339);
    let id = if desk.globals.dry_run { String::new() } else { format!(" ({})", hold.id) };
    desk.says(&object, &format!("{done} until {until}{id}"))
}

async fn resume(desk: &Desk<'_>, name: String) -> Ended {
    let link = desk.link().await?;
    let queue = link.change(link.client.queue_resume(link.within(), name, desk.globals.change())).await?;
    let now = queue.state.replace('_', " ");
    desk.out.changed("queue.resume", "queue", &desk.says(&format!("queue {}", queue.name), &now), &queue)?;
    Ok(Exit::Done)
}

impl Drain {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let (provider, for_ms) = (self.name.name, self.lasts.map(millis));
        let request = HoldRequest {
            provider,
            kind: HoldKind::Drain,
            limit: None,
            for_ms,
            unless_held: self.lasts.is_none() && !self.wait,
        };
        let link = if self.wait { desk.link_to_wait().await? } else { desk.link().await? };
        let question = |name: &str| format!("Let nothing new go to queue {name}?");
        let request = agreed(desk, &link, request, question).await?;
        let hold = hold(desk, &link, "queue.drain", request).await?;
        if !self.wait || desk.globals.dry_run {
            return Ok(Exit::Done);
        }
        let (start, patience) = (clock::start(), desk.globals.timeout.unwrap_or(PATIENCE));
        loop {
            let name = hold.provider_id.map_or_else(|| hold.queue.clone(), |id| id.to_string());
            let queue = link.read(link.client.queue_show(link.within(), name)).await?;
            if queue.busy == 0 {
                desk.out.note(&format!("nothing is under way in queue {}", queue.name));
                return Ok(Exit::Done);
            }
            let left = patience.saturating_sub(start.elapsed());
            if left.is_zero() {
                let name = &queue.name;
                let message = match queue.busy {
                    1 => format!("waited in vain: 1 call of {name} is still under way"),
                    busy => format!("waited in vain: {busy} calls of {name} are still under way"),
                };
                let hint = format!("it goes on draining; notifyctl queue resume {name} ends that");
                return Err(Failure::new(Exit::InVain, message).hint(hint).into());
            }
            tokio::time::sleep(left.min(PAUSE)).await;
        }
    }
}

async fn holds(desk: &Desk<'_>, rows: &Rows) -> Ended {
    let link = desk.link().await?;
    let holds = link.read(link.client.hold_list(link.within())).await?;
    desk.out.whole("queue.hold.list", &rows.of(desk.out, holds)?)?;
    Ok(Exit::Done)
}

async fn cancel(desk: &Desk<'_>, id: String) -> Ended {
    let link = desk.link().await?;
    let hold = link.change(link.client.hold_cancel(link.within(), id, desk.globals.change())).await?;
    let object = format!("{} ({} on {})", hold.id, hold.kind, hold.queue);
    desk.out.changed("queue.hold.cancel", "hold", &desk.says(&object, "ended"), &hold)?;
    Ok(Exit::Done)
}
