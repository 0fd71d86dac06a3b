//! `notifyctl notification cancel` and `retry`: by id, or by filter.

use super::super::Desk;
use super::{bulk, ids};
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure};
use crate::output::rows::Outcome;
use crate::{confirm, given};
use clap::Args;
use notify_proto::control::Changed;
use notify_proto::filter::Filter;
use notify_proto::{ErrorCode, NotificationId};

pub(super) const CANCEL_HELP: &str = "Examples:
  notifyctl ntf cancel 0197a6c2-5b1e-7cc0-8000-0123456789ab --yes
  notifyctl ntf cancel --filter 'service:acme meta.campaign:blackfriday' --dry-run
  notifyctl ntf list --service acme --status pending -o id | notifyctl ntf cancel - --yes";

pub(super) const RETRY_HELP: &str = "Examples:
  notifyctl ntf retry 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl ntf list --status failed --since 1h -o id | notifyctl ntf retry -
  notifyctl ntf retry --filter 'status:failed provider:relay since:2h' --expect 812 --yes";

/// Ids of one call.
const AT_ONCE: usize = 200;

/// Which change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Cancel,
    Retry,
}

impl Verb {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
        }
    }

    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Cancel => "notification.cancel",
            Self::Retry => "notification.retry",
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Cancel => "cancelled",
            Self::Retry => "queued again",
        }
    }
}

/// Which notifications.
#[derive(Debug, Args)]
pub struct Which {
    /// Their ids, or - for standard input: one per line, or JSON Lines with an id
    #[arg(value_name = "ID", required_unless_present = "filter", conflicts_with = "filter")]
    ids: Vec<String>,
    /// All that match, in a state that allows it; see notifyctl help filters
    #[arg(long, value_name = "FILTER", value_parser = given::filter)]
    filter: Option<Filter>,
    /// With --filter: go on only if exactly so many match
    #[arg(long, value_name = "N", requires = "filter")]
    expect: Option<u64>,
}

impl Which {
    pub(super) async fn run(self, desk: &Desk<'_>, verb: Verb) -> Ended {
        if let Some(filter) = self.filter {
            return bulk::run(desk, verb, filter, self.expect).await;
        }
        let ids = ids::read(&self.ids)?;
        if verb == Verb::Cancel {
            let which = if let [id] = ids.as_slice() {
                id.to_string()
            } else {
                format!("{} notifications", ids.len())
            };
            confirm::yes(desk.globals, desk.out, &format!("Cancel {which}?"))?;
        }
        let link = desk.link().await?;
        let mut tally = Tally::default();
        if let ([id], true) = (ids.as_slice(), desk.out.for_people()) {
            let changed = call(desk, &link, verb, vec![*id]).await?;
            if changed.iter().all(|it| it.result.is_ok()) {
                let sentence = desk.says(&format!("notification {id}"), verb.done());
                desk.out.did(verb.what(), &sentence, serde_json::Value::Null)?;
            }
            tally.add(&changed);
            return tally.end();
        }
        let mut listing = desk.out.list(verb.what())?;
        for some in ids.chunks(AT_ONCE) {
            let changed = call(desk, &link, verb, some.to_vec()).await?;
            tally.add(&changed);
            listing.page(&changed.into_iter().map(Outcome::from).collect::<Vec<_>>())?;
        }
        listing.close(None, None)?;
        desk.out.note(&tally.sentence(desk, verb));
        tally.end()
    }
}

/// One call with some ids.
pub(super) async fn call(
    desk: &Desk<'_>,
    link: &Link,
    verb: Verb,
    ids: Vec<NotificationId>,
) -> Result<Vec<Changed>, Failure> {
    let change = desk.globals.change();
    match verb {
        Verb::Cancel => link.change(link.client.notification_cancel(link.within(), ids, change)).await,
        Verb::Retry => link.change(link.client.notification_retry(link.within(), ids, change)).await,
    }
}

/// What became of them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    done: usize,
    refused: Vec<(ErrorCode, String)>,
}

impl Tally {
    pub(super) fn add(&mut self, changed: &[Changed]) {
        for one in changed {
            match &one.result {
                Ok(_) => self.done += 1,
                Err(error) => self.refused.push((error.code, format!("{}: {}", one.id, error.message))),
            }
        }
    }

    pub(super) fn sentence(&self, desk: &Desk<'_>, verb: Verb) -> String {
        let refused =
            if self.refused.is_empty() { String::new() } else { format!(", {} refused", self.refused.len()) };
        let dry = if desk.globals.dry_run { "dry run, nothing was changed: " } else { "" };
        format!("{dry}{} {}{refused}", self.done, verb.done())
    }

    /// The exit code: all, some, or none done.
    pub(super) fn end(self) -> Ended {
        let Some((first, _)) = self.refused.first() else { return Ok(Exit::Done) };
        let exit = if self.done > 0 {
            Exit::Partly
        } else if *first == ErrorCode::NotFound && self.refused.iter().all(|(code, _)| code == first) {
            Exit::NotFound
        } else if self
            .refused
            .iter()
            .all(|(code, _)| matches!(code, ErrorCode::Conflict | ErrorCode::NotFound))
        {
            Exit::Conflict
        } else {
            Exit::Refused
        };
        let shown: Vec<_> = self.refused.iter().take(5).map(|(_, text)| text.as_str()).collect();
        let more = self.refused.len() - shown.len();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        Err(Failure::new(exit, format!("refused: {}{more}", shown.join("; "))).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Stop;
    use notify_proto::{ApiError, Status};

    #[test]
    fn the_exit_code_follows_from_all_of_them() {
        let exit = |codes: &[Option<ErrorCode>]| {
            let mut tally = Tally::default();
            let one = |code: &Option<ErrorCode>| Changed {
                id: NotificationId::from_bytes([1; 16]),
                result: code.map_or(Ok(Status::Cancelled.into()), |code| Err(ApiError::new(code, "no"))),
            };
            tally.add(&codes.iter().map(one).collect::<Vec<_>>());
            match tally.end() {
                Ok(exit) => exit,
                Err(Stop::Failed(failure)) => failure.exit,
                Err(Stop::ClosedPipe) => Exit::Done,
            }
        };
        let (found, conflict, failed) = (ErrorCode::NotFound, ErrorCode::Conflict, ErrorCode::Failed);
        assert_eq!(exit(&[]), Exit::Done);
        assert_eq!(exit(&[None, None]), Exit::Done);
        assert_eq!(exit(&[None, Some(conflict)]), Exit::Partly);
        assert_eq!(exit(&[Some(found)]), Exit::NotFound);
        assert_eq!(exit(&[Some(conflict), Some(found)]), Exit::Conflict);
        assert_eq!(exit(&[Some(conflict), Some(failed)]), Exit::Refused);
    }
}
