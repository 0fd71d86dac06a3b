//! The questions that follow a count: what would be changed, how many of what, how fast.

use super::pace;
use crate::deed::{Deed, several, verb};
use crate::state::Dialog;
use notify_proto::bulk::{BulkRequest, BulkView, Expect};
use notify_proto::control::RemovedService;
use notify_proto::upkeep::grouped;
use notify_proto::webhook::{RecoverRequest, RecoverView};
use notify_proto::{BulkOp, NotificationId, Open, WebhookId};
use std::collections::BTreeMap;

/// What is asked about what a service sent.
pub(super) const KEEP: &str = "keep what it sent (yes or no)";

/// Before a change of all that match.
pub(super) fn matching(
    mut request: Box<BulkRequest>,
    view: &BulkView,
    reason: Option<&str>,
) -> Option<Dialog> {
    let Open::Known(op) = request.op else { return None };
    request.cutoff = Some(view.cutoff);
    request.expect = Some(Expect { count: view.total, percent: 0 });
    let filter = request.filter.to_string();
    let counts = |counts: &BTreeMap<String, u64>| {
        let each: Vec<_> = counts.iter().map(|(name, n)| format!("{name} {}", grouped(*n))).collect();
        each.join(", ")
    };
    // As in lists; a filter finds them by that.
    let end = |id: &NotificationId| id.to_string().split_off(24);
    let samples: Vec<_> = view.samples.iter().take(5).map(end).collect();
    let bulk = Deed::Bulk(request);
    let lines = vec![
        format!("filter   {}", if filter.is_empty() { "all" } else { &filter }),
        format!("cut-off  {} (later ones are not touched)", view.cutoff.format("%H:%M:%SZ")),
        format!("counted  {} ({})", grouped(view.total), counts(&view.by_status)),
        format!("services {}", counts(&view.by_service)),
        match view.refused {
            0 => "refused  0 in advance".to_owned(),
            n => format!(
                "refused  {} in advance, as they stand ({})",
                grouped(n),
                counts(&view.refused_by_status)
            ),
        },
        pace::line(&bulk),
        format!("sample   {}", samples.join(" ")),
        format!("same as  {}", bulk.line(reason)),
    ];
    let total = view.total;
    let wanted = if op == BulkOp::Discard { format!("discard {total}") } else { total.to_string() };
    Some(Dialog::typed(format!("{} all that match", verb(op)), lines, wanted, bulk))
}

/// Before a webhook is told again what it did not take.
pub(super) fn failed(
    id: WebhookId,
    mut request: Box<RecoverRequest>,
    view: &RecoverView,
    reason: Option<&str>,
) -> Dialog {
    (request.since, request.until) = (view.since, Some(view.until));
    request.expect = Some(Expect { count: view.total, percent: 0 });
    let recover = Deed::Recover(id, request);
    let lines = vec![
        format!("counted  {} that it did not take", grouped(view.total)),
        format!("since    {}", view.since.format("%Y-%m-%d %H:%M:%SZ")),
        pace::line(&recover),
        "Each is told once more; the receiver may have seen some of them.".into(),
        format!("same as  {}", recover.line(reason)),
    ];
    Dialog::typed("tell again what failed", lines, view.total.to_string(), recover)
}

/// Before a service goes.
pub(super) fn service(removed: RemovedService, reason: Option<&str>) -> Dialog {
    let name = removed.service.name;
    let sent = several(removed.notifications, "notification");
    let delete = Deed::DeleteService(name.clone(), false);
    let lines = vec![
        "Its keys work no more, its webhooks hear nothing more. There is no way back.".into(),
        format!("sent     {sent}; keep them until their retention is over?"),
        format!("webhooks {}, owed {}", removed.webhooks, several(removed.owed, "event")),
        format!("same as  {}", delete.line(reason)),
    ];
    let dialog = Dialog::typed(format!("delete service {name}"), lines, name, delete);
    dialog.field(KEEP, "no").field("reason", "")
}
