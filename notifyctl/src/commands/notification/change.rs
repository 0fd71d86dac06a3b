//! What is done to notifications, by id or by filter: `notifyctl notification cancel`, `retry`, `postpone` and `bury`,
//! `notifyctl schedule move` and `run`, `notifyctl dead retry` and `discard`.

use super::super::Desk;
use super::super::bulk::{self, Consent, Deed, Flags, Words};
use super::super::dead;
use super::super::tally::Tally;
use super::ids::{self, AT_ONCE};
use super::pace::Pace;
use crate::conn::Link;
use crate::failure::{Ended, Failure, Stop};
use crate::output::rows::Outcome;
use crate::{confirm, given};
use clap::{ArgGroup, Args};
use notify_proto::bulk::Again;
use notify_proto::control::{Change, Changed};
use notify_proto::filter::Filter;
use notify_proto::view::rfc3339;
use notify_proto::{BulkOp, NotificationId, Timestamp};

pub(super) const CANCEL_HELP: &str = "Examples:
  notifyctl ntf cancel 0197a6c2-5b1e-7cc0-8000-0123456789ab --yes
  notifyctl ntf cancel --filter 'service:acme meta.campaign:blackfriday' --dry-run
  notifyctl ntf list --service acme --status pending --all -o id | notifyctl ntf cancel - --yes";

pub(super) const RETRY_HELP: &str =
    "What has ended, or is held for an operator, starts again with a fresh budget of retries. What waits
for a retry gets it now and keeps its count, unless --reset-attempts gives it a fresh one. With
--provider it goes to that one alone from then on; where an earlier attempt may have arrived, it is
flagged as a possible duplicate. What was never tried is notifyctl schedule run's.

Examples:
  notifyctl ntf retry 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl ntf retry 0197a6c2-5b1e-7cc0-8000-0123456789ab --at 18:00 --provider relay
  notifyctl ntf list --status failed --since 1h --all -o id | notifyctl ntf retry -
  notifyctl ntf retry --filter 'status:failed provider:relay since:2h' --expect 812 --yes";

pub(super) const POSTPONE_HELP: &str =
    "What is queued waits for its time then, and what waits for a retry keeps its count: no retry
is spent. Refused is what is being sent, held for an operator, or due later than that already.

Examples:
  notifyctl ntf postpone 0197a6c2-5b1e-7cc0-8000-0123456789ab --until 2h --reason \"relay is down\"
  notifyctl ntf postpone --filter 'service:acme meta.campaign:blackfriday' --until 18:00 --dry-run
  notifyctl ntf list --service acme --status queued --all -o id | notifyctl ntf postpone - --until 18:00";

pub(super) const BURY_HELP: &str =
    "What is pending, queued or retrying is given up: it fails with the reason buried. What is being
sent cannot be buried. notifyctl notification retry starts it again. No webhook hears of it, unless
--notify asks for that: then each is told notification.failed, with the reason buried.

Examples:
  notifyctl ntf bury 0197a6c2-5b1e-7cc0-8000-0123456789ab --yes --reason \"sent by hand\"
  notifyctl ntf bury --filter 'service:acme status:held' --expect 12 --notify --yes --reason \"sent by hand\"
  notifyctl ntf list --service acme --status held --all -o id | notifyctl ntf bury - --yes";

/// Which change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) enum Verb {
    Cancel,
    Retry(Again),
    Postpone(Timestamp),
    Bury { notify: bool },
    Move(Timestamp),
    Run,
    Discard,
}

impl Verb {
    /// What is asked of the daemon to change all that match.
    fn deed(self) -> Deed {
        let mut deed = Deed { op: self.op(), until: None, again: Again::default(), notify: false };
        match self {
            Self::Cancel | Self::Discard | Self::Run => {}
            Self::Retry(again) => deed.again = again,
            Self::Postpone(at) | Self::Move(at) => deed.until = Some(at),
            Self::Bury { notify } => deed.notify = notify,
        }
        deed
    }

    const fn op(&self) -> BulkOp {
        match self {
            Self::Cancel => BulkOp::Cancel,
            Self::Retry(_) => BulkOp::Retry,
            Self::Discard => BulkOp::Discard,
            Self::Postpone(_) => BulkOp::Postpone,
            Self::Bury { .. } => BulkOp::Bury,
            Self::Move(_) => BulkOp::Move,
            Self::Run => BulkOp::Run,
        }
    }

    /// What somebody says yes to.
    fn question(&self, which: &str) -> String {
        match self {
            Self::Cancel => format!("Cancel {which}?"),
            Self::Retry(again) => format!("Retry {which}{}?", how(again)),
            Self::Discard => format!("Discard {which}?"),
            Self::Postpone(until) => format!("Postpone {which} until {}?", rfc3339(*until)),
            Self::Bury { notify: false } => format!("Bury {which}?"),
            Self::Bury { notify: true } => format!("Bury {which} and tell the webhooks?"),
            Self::Move(at) => format!("Move {which} to {}?", rfc3339(*at)),
            Self::Run => format!("Run {which} now?"),
        }
    }

    const fn what(&self) -> &'static str {
        match self {
            Self::Cancel => "notification.cancel",
            Self::Retry(_) => "notification.retry",
            Self::Postpone(_) => "notification.postpone",
            Self::Bury { .. } => "notification.bury",
            Self::Move(_) => "schedule.move",
            Self::Run => "schedule.run",
            Self::Discard => "dead.discard",
        }
    }

    fn done(&self) -> String {
        match self {
            Self::Cancel => "cancelled".into(),
            Self::Retry(again) => match again.at {
                Some(at) => format!("tried again at {}{}", rfc3339(at), alone(again)),
                None => format!("queued again{}", alone(again)),
            },
            Self::Postpone(until) => format!("postponed until {}", rfc3339(*until)),
            Self::Bury { .. } => "buried".into(),
            Self::Move(at) => format!("moved to {}", rfc3339(*at)),
            Self::Run => "due now".into(),
            Self::Discard => "discarded".into(),
        }
    }

    /// Whether it ends something, so that somebody has to say yes to it.
    const fn ends(&self) -> bool {
        matches!(self, Self::Cancel | Self::Discard | Self::Bury { .. })
    }

    /// What becomes of those that are named, for whoever is asked.
    const fn next(&self) -> &'static str {
        match self {
            Self::Cancel => "What is cancelled is not sent; its webhooks are told so.",
            Self::Retry(_) => "What has ended starts again, and what waits for a retry gets it.",
            Self::Bury { notify: false } => "What is buried fails and is a dead letter; no webhook is told.",
            Self::Bury { notify: true } => {
                "What is buried fails and is a dead letter; its webhooks are told so."
            }
            Self::Discard => "What is discarded is gone, with its attempts and its story.",
            Self::Postpone(_) | Self::Move(_) | Self::Run => "",
        }
    }
}

fn alone(again: &Again) -> String {
    again.provider.as_ref().map(|it| format!(" with {it} alone")).unwrap_or_default()
}

/// How, as a question has it.
fn how(again: &Again) -> String {
    let at = again.at.map(|at| format!(" at {}", rfc3339(at))).unwrap_or_default();
    let budget = if again.reset_attempts { ", each with a fresh budget" } else { "" };
    format!("{at}{}{budget}", alone(again))
}

/// Which notifications.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["ids", "filter"])))]
pub struct Which {
    /// Their ids, or - for standard input: one per line, or JSON Lines with an id
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// All that match, in a state that allows it; see notifyctl help filters
    #[arg(long, value_name = "FILTER", value_parser = given::filter)]
    filter: Option<Filter>,
    #[command(flatten)]
    flags: Flags,
}

impl Which {
    pub(in crate::commands) async fn run(self, desk: &Desk<'_>, verb: Verb) -> Ended {
        let what = verb.what();
        self.run_as(desk, verb, what, Consent::Yes).await
    }

    /// The filter keeps to dead letters.
    pub(in crate::commands) fn dead(mut self) -> Self {
        self.filter = self.filter.map(dead::only);
        self
    }

    pub(in crate::commands) async fn run_as(
        self,
        desk: &Desk<'_>,
        verb: Verb,
        what: &'static str,
        consent: Consent,
    ) -> Ended {
        if let Some(filter) = self.filter {
            let words = Words { what, question: verb.question("them"), done: verb.done() };
            let deed = verb.deed();
            return bulk::run(desk, deed, words, consent, filter, self.flags).await;
        }
        let ids = ids::read(&self.ids)?;
        let link = desk.link().await?;
        agree(desk, &link, &verb, &ids, &consent).await?;
        by_id(desk, &link, &verb, what, &ids, &Pace::of(self.flags.rate())).await
    }
}

/// Some notifications, and a later time.
#[derive(Debug, Args)]
pub struct Postpone {
    #[command(flatten)]
    which: Which,
    /// Not before: a span from now, an RFC 3339 time, or HH:MM today
    #[arg(long, value_name = "TIME", value_parser = given::ahead)]
    until: Timestamp,
}

impl Postpone {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        self.which.run(desk, Verb::Postpone(self.until)).await
    }
}

/// Some notifications, and how they are tried again.
#[derive(Debug, Args)]
pub struct Retry {
    #[command(flatten)]
    which: Which,
    /// At once, which is the default
    #[arg(long, conflicts_with = "at")]
    now: bool,
    /// Not before: a span from now, an RFC 3339 time, or HH:MM today
    #[arg(long, value_name = "TIME", value_parser = given::ahead)]
    at: Option<Timestamp>,
    /// By this provider alone
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// What waits for a retry gets a fresh budget as well
    #[arg(long)]
    reset_attempts: bool,
}

impl Retry {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let Self { which, now: _, at, provider, reset_attempts } = self;
        which.run(desk, Verb::Retry(Again { at, provider, reset_attempts })).await
    }
}

/// Some notifications, and whether anybody hears of it.
#[derive(Debug, Args)]
pub struct Bury {
    #[command(flatten)]
    which: Which,
    /// Tell the webhooks of the service that it failed; without this nobody is told
    #[arg(long)]
    notify: bool,
}

impl Bury {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        self.which.run(desk, Verb::Bury { notify: self.notify }).await
    }
}

/// Those with these ids, call after call.
async fn by_id(
    desk: &Desk<'_>,
    link: &Link,
    verb: &Verb,
    what: &'static str,
    ids: &[NotificationId],
    pace: &Pace,
) -> Ended {
    let mut tally = Tally::default();
    if let ([id], true) = (ids, desk.out.for_people()) {
        let changed = call(link, verb, vec![*id], desk.globals.change()).await?;
        if changed.iter().all(|it| it.result.is_ok()) {
            let sentence = desk.says(&format!("notification {id}"), &verb.done());
            desk.out.did(what, &sentence, serde_json::Value::Null)?;
        }
        tally.add(changed.iter().map(|it| (it.id, &it.result)));
        return tally.end();
    }
    let mut listing = desk.out.list(what)?;
    for (number, some) in ids.chunks(pace.ids).enumerate() {
        if number > 0 {
            tokio::time::sleep(pace.every).await;
        }
        let changed = call(link, verb, some.to_vec(), desk.globals.change()).await?;
        tally.add(changed.iter().map(|it| (it.id, &it.result)));
        listing.page(&changed.into_iter().map(Outcome::from).collect::<Vec<_>>())?;
    }
    listing.close(None, None)?;
    desk.out.note(&tally.sentence(desk, &verb.done()));
    tally.end()
}

/// Asks, where there is something to lose, and when it can be done to one of them at least.
async fn agree(
    desk: &Desk<'_>,
    link: &Link,
    verb: &Verb,
    ids: &[NotificationId],
    consent: &Consent,
) -> Result<(), Stop> {
    let answered = match consent {
        Consent::Yes => confirm::is_answered(desk.globals),
        Consent::Count(given) => desk.globals.dry_run || *given == Some(ids.len() as u64),
    };
    // Several are started again at once only by whoever says so, where somebody is there; a script names what it means.
    let many = matches!(verb, Verb::Retry(_)) && ids.len() > 1 && confirm::can_ask(desk.globals, desk.out);
    if !(verb.ends() || many) || answered || ids.is_empty() {
        return Ok(());
    }
    let mut tally = Tally::default();
    for some in ids.chunks(AT_ONCE) {
        let changed = call(link, verb, some.to_vec(), desk.globals.rehearsal()).await?;
        tally.add(changed.iter().map(|it| (it.id, &it.result)));
    }
    if tally.done() == 0 {
        return tally.end().map(drop);
    }
    let which = if let [id] = ids { id.to_string() } else { format!("{} notifications", ids.len()) };
    let refused = match tally.refused() {
        0 => String::new(),
        many => format!(" {many} of them will be refused."),
    };
    confirm::about(desk.globals, desk.out, ids, verb.next());
    match consent {
        Consent::Yes => {
            confirm::yes(desk.globals, desk.out, &format!("{}{refused}", verb.question(&which)))?;
        }
        Consent::Count(given) => {
            let question = format!("{which} will be {} for good.{refused}", verb.done());
            let given = given.map(|given| given.to_string());
            confirm::name(desk.globals, desk.out, &question, &ids.len().to_string(), given.as_deref())?;
        }
    }
    Ok(())
}

/// One call with some ids.
async fn call(
    link: &Link,
    verb: &Verb,
    ids: Vec<NotificationId>,
    change: Change,
) -> Result<Vec<Changed>, Failure> {
    match verb {
        Verb::Cancel => link.change(link.client.notification_cancel(link.within(), ids, change)).await,
        Verb::Retry(again) => {
            let again = Some(again.clone());
            link.change(link.client.notification_retry(link.within(), ids, again, change)).await
        }
        Verb::Postpone(until) => {
            link.change(link.client.notification_postpone(link.within(), ids, *until, change)).await
        }
        Verb::Bury { notify } => {
            link.change(link.client.notification_bury(link.within(), ids, *notify, change)).await
        }
        Verb::Move(at) => link.change(link.client.schedule_move(link.within(), ids, *at, change)).await,
        Verb::Run => link.change(link.client.schedule_run(link.within(), ids, change)).await,
        Verb::Discard => link.change(link.client.dead_discard(link.within(), ids, change)).await,
    }
}
