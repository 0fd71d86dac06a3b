//! The rows of a shape that are webhooks: what they are told again, or all that is owed to them.

use super::Rows;
use crate::refuse;
use crate::session::Room;
use notify_proto::shape::ShapeBy;
use notify_proto::transport::Reply;
use notify_proto::{Channel, Timestamp};
use notifyd_store::webhooks::{Owing, Webhook};

/// What there is of them in a table.
#[derive(Default)]
pub(super) struct Told {
    /// How many events.
    pub(super) events: u64,
    /// How many stand in no row; none where that is not known.
    pub(super) uncounted: Option<u64>,
}

impl Told {
    /// What else there is to know.
    pub(super) fn notes(&self, what: Owing) -> Vec<String> {
        let partial = match self.uncounted {
            Some(0) => None,
            Some(more) => Some(format!(
                "the count is partial: {more} more events that are owed were not looked at; to their webhook, they are due later than what is counted"
            )),
            None => Some(
                "the count is partial: more of what webhooks are told again was not looked at; it is due later than what is counted"
                    .to_owned(),
            ),
        };
        let among = (what == Owing::Again && self.events > 0).then(|| {
            format!("{} of them are events that webhooks did not take and are told again", self.events)
        });
        among.into_iter().chain(partial).collect()
    }
}

/// Adds a row for each webhook, or what is owed to it to the row of its service.
pub(super) async fn add(
    room: &Room,
    what: Owing,
    by: ShapeBy,
    edges: Vec<Timestamp>,
    rows: &mut Rows,
) -> Reply<Told> {
    let webhooks = room.deps.store.webhooks();
    let due = webhooks.due(what, edges).await.map_err(refuse::log)?;
    let (endpoints, directory) = (webhooks.endpoints(), room.deps.store.directory());
    let mut events = 0;
    for (no, counts) in &due.counts {
        let Some(webhook) = endpoints.get(*no) else { continue };
        events += counts.iter().sum::<u64>();
        let service = directory.service_no(webhook.service);
        let whose = service.map_or("", |it| it.name.as_str());
        let (name, id) = match by {
            ShapeBy::Provider => (named(whose, webhook), Some(webhook.id.to_string())),
            ShapeBy::Service => (whose.to_owned(), service.map(|it| it.id.to_string())),
            ShapeBy::Channel => (Channel::Webhook.as_str().to_owned(), None),
        };
        rows.add(name, id, counts, 0);
    }
    let owed = || webhooks.pending().saturating_sub(events);
    let uncounted = match what {
        _ if due.whole => Some(0),
        Owing::All => Some(owed()),
        Owing::Again => None,
    };
    Ok(Told { events, uncounted })
}

/// Whose it is and where it is told.
fn named(service: &str, webhook: &Webhook) -> String {
    let off = if webhook.settings.active { "" } else { ", off" };
    format!("{service}/{} (webhook{off})", webhook.host())
}
