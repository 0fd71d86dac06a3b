//! What was written in a question, put into its change.

use super::counted::KEEP;
use super::wishes::make;
use crate::deed::{Deed, milliseconds};
use crate::message::Cmd;
use crate::state::{App, Dialog, Over};
use notify_proto::filter::span;
use notify_proto::{BulkOp, HoldKind};

/// Takes the answer to a question; false when something is wrong with what was written.
pub(super) fn answer(app: &mut App, mut dialog: Dialog, cmds: &mut Vec<Cmd>) {
    match fill(&mut dialog, app.now.wall) {
        Ok(()) => {
            let reason = reason(&dialog);
            app.over = None;
            make(app, dialog.deed, reason, cmds);
        }
        Err(error) => {
            dialog.error = Some(error);
            app.over = Some(Over::Dialog(Box::new(dialog)));
        }
    }
}

fn reason(dialog: &Dialog) -> Option<String> {
    Some(dialog.said("reason").to_owned()).filter(|reason| !reason.is_empty())
}

/// Tells the line that does the same with what was written so far, where that can be read.
pub(super) fn retell(dialog: &mut Dialog, now: notify_proto::Timestamp) {
    let mut filled = dialog.clone();
    if fill(&mut filled, now).is_err() {
        return;
    }
    for line in dialog.lines.iter_mut().filter(|line| line.starts_with("same as ")) {
        let begin = line.find("notifyctl").unwrap_or_default();
        line.replace_range(begin.., &filled.deed.line(reason(&filled).as_deref()));
    }
}

/// The line of a question that tells the command that does the same.
pub(super) fn same(deed: &Deed, reason: Option<&str>) -> String {
    format!("same as {}", deed.line(reason))
}

/// Puts what was written into the change.
fn fill(dialog: &mut Dialog, now: notify_proto::Timestamp) -> Result<(), String> {
    let said = |name: &str| dialog.said(name).to_owned();
    let (lasting, grace, since) = (said("for"), said("grace"), said("since"));
    let (recipient, other) = (said("to"), said("provider"));
    let kept = said(KEEP);
    let (name, prefix, calls) = (said("name"), said("prefix"), said("calls at once"));
    let seconds = |text: &str| milliseconds(text).map(|ms| ms.unwrap_or_default() / 1_000);
    match &mut dialog.deed {
        Deed::Notifications(BulkOp::Postpone, _, until) => {
            *until = now.checked_add_signed(span(&lasting).map_err(|error| format!("for: {error}"))?);
        }
        Deed::Hold(hold) => {
            hold.for_ms = milliseconds(&lasting).map_err(|error| format!("for: {error}"))?;
            if hold.kind == HoldKind::Limit {
                let limit = calls.parse().map_err(|_| "calls at once: write a whole number")?;
                hold.limit = Some(limit);
            }
        }
        Deed::Rotate(_, for_seconds) | Deed::NewKey(_, for_seconds) => {
            *for_seconds = seconds(&grace).map_err(|error| format!("grace: {error}"))?;
        }
        Deed::CountFailed(_, request) => {
            request.since = now - span(&since).map_err(|error| format!("since: {error}"))?;
        }
        Deed::Reroute(_, provider) => {
            *provider = other;
            if provider.is_empty() {
                return Err("provider: a name is missing".into());
            }
        }
        Deed::Call(_, to) => {
            *to = recipient;
            if to.is_empty() {
                return Err("to: a recipient is missing".into());
            }
        }
        Deed::DeleteService(_, keep) => match kept.as_str() {
            "yes" => *keep = true,
            "no" => *keep = false,
            _ => return Err(format!("{KEEP}: write yes or no")),
        },
        Deed::NewService(it) if name.is_empty() => {
            it.clear();
            return Err("name: a name is missing".into());
        }
        Deed::NewService(it) => *it = name,
        Deed::RevokeKey(_, it) if prefix.is_empty() => {
            it.clear();
            return Err("prefix: the key's prefix is missing".into());
        }
        Deed::RevokeKey(_, it) => *it = prefix,
        _ => {}
    }
    Ok(())
}
