//! `notifyctl notification timeline` and `attempts`: what happened to one notification, in order.

use super::super::Desk;
use crate::failure::{Ended, Exit};
use crate::given;
use crate::output::{Cell, Column, Row, Show, Tone};
use clap::Args;
use notify_proto::story::{Piece, pieces};
use notify_proto::view::{AttemptView, EventView, NotificationDetail, rfc3339};
use notify_proto::webhook::DeliveryView;
use notify_proto::{AttemptStatus, NotificationId, Timestamp, WebhookStatus};
use serde::{Serialize, Serializer};

/// One notification.
#[derive(Debug, Args)]
pub struct Which {
    /// Its id
    #[arg(value_name = "ID", value_parser = given::id)]
    id: NotificationId,
}

pub(super) const TIMELINE_HELP: &str = "Examples:
  notifyctl ntf timeline 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl ntf timeline 0197a6c2-5b1e-7cc0-8000-0123456789ab -o jsonl | jq -r '[.after_ms, .what, .reason] | @tsv'";

pub(super) const ATTEMPTS_HELP: &str = "Examples:
  notifyctl ntf attempts 0197a6c2-5b1e-7cc0-8000-0123456789ab -o wide";

impl Which {
    /// What webhooks were told of it.
    async fn webhooks(&self, desk: &Desk<'_>) -> Result<Vec<DeliveryView>, crate::failure::Stop> {
        let link = desk.link().await?;
        Ok(link.read(link.client.notification_webhooks(link.within(), self.id)).await?)
    }

    async fn detail(&self, desk: &Desk<'_>) -> Result<NotificationDetail, crate::failure::Stop> {
        let link = desk.link().await?;
        Ok(link.read(link.client.notification_show(link.within(), self.id, false)).await?)
    }

    pub(super) async fn timeline(self, desk: &Desk<'_>) -> Ended {
        let detail = self.detail(desk).await?;
        let mut listing = desk.out.list("notification.timeline")?;
        listing.page(&moments(&detail, &self.webhooks(desk).await?))?;
        listing.close(None, None)?;
        Ok(Exit::Done)
    }

    pub(super) async fn attempts(self, desk: &Desk<'_>) -> Ended {
        let detail = self.detail(desk).await?;
        let mut listing = desk.out.list("notification.attempts")?;
        listing.page(&detail.attempts)?;
        listing.close(None, None)?;
        if detail.attempts.is_empty() {
            desk.out.advise("there was no attempt yet; notifyctl notification timeline says why");
        }
        Ok(Exit::Done)
    }
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Moment {
    #[serde(serialize_with = "write")]
    at: Timestamp,
    /// Since it was accepted, milliseconds; none for what the clock says was before.
    after_ms: Option<u64>,
    /// A word of the story, or of an attempt: `passed_over`, `attempt_begun`, `attempt_ended`; or `webhook_told`.
    what: String,
    /// The same for people.
    #[serde(skip)]
    said: String,
    /// Number of the attempt.
    attempt: Option<u32>,
    channel: Option<String>,
    provider: Option<String>,
    /// What became of the attempt.
    outcome: Option<String>,
    /// Status of the notification from here on.
    status: Option<String>,
    reason: Option<String>,
    detail: Option<String>,
    #[serde(skip)]
    tone: Tone,
}

impl Row for Moment {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "at", show: Show::Always, cell: |it| it.at.into() },
        Column { name: "after_ms", show: Show::Always, cell: |it| it.after_ms.into() },
        Column { name: "what", show: Show::Always, cell: what },
        Column { name: "attempt", show: Show::Wide, cell: |it| it.attempt.into() },
        Column { name: "channel", show: Show::Always, cell: |it| it.channel.clone().into() },
        Column { name: "provider", show: Show::Always, cell: |it| it.provider.clone().into() },
        Column { name: "outcome", show: Show::Wide, cell: |it| it.outcome.clone().into() },
        Column { name: "status", show: Show::Always, cell: |it| it.status.clone().into() },
        Column { name: "reason", show: Show::Always, cell: |it| it.reason.clone().into() },
        Column { name: "detail", show: Show::Always, cell: |it| it.detail.clone().into() },
    ];

    fn id(&self) -> String {
        self.what.clone()
    }
}

fn what(moment: &Moment) -> Cell {
    Cell::Said { word: moment.what.clone(), text: moment.said.clone(), tone: moment.tone }
}

/// Story, attempts and what webhooks were told of it as one, oldest first.
fn moments(detail: &NotificationDetail, webhooks: &[DeliveryView]) -> Vec<Moment> {
    let accepted = detail.notification.created_at;
    let mut all: Vec<_> = pieces(detail).into_iter().map(|piece| moment(piece, accepted)).collect();
    // The story has an order of its own, whatever the clock says.
    for heard in webhooks.iter().filter_map(|told| heard(told, accepted)) {
        let place = all.iter().position(|moment| moment.at > heard.at).unwrap_or(all.len());
        all.insert(place, heard);
    }
    all
}

/// What came of telling a webhook last.
fn heard(told: &DeliveryView, accepted: Timestamp) -> Option<Moment> {
    let at = told.last_attempt_at?;
    let (word, tone) = match told.status.known() {
        Some(WebhookStatus::Acknowledged) => ("took", Tone::Good),
        Some(WebhookStatus::Failed) => ("never took", Tone::Bad),
        _ => ("did not take", Tone::Warn),
    };
    let detail = told.error_message.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    Some(Moment {
        at,
        after_ms: after(at, accepted),
        what: "webhook_told".into(),
        said: format!("webhook {word} {}", told.event),
        attempt: None,
        channel: None,
        provider: None,
        outcome: Some(told.status.to_string()),
        status: None,
        reason: None,
        detail: Some(format!("{}{detail}", told.webhook_id)),
        tone,
    })
}

fn moment(piece: Piece<'_>, accepted: Timestamp) -> Moment {
    let (at, after_ms) = (piece.at(), after(piece.at(), accepted));
    let of = |attempt: &AttemptView, what: &str, said: String, tone| Moment {
        at,
        after_ms,
        what: what.to_owned(),
        said,
        attempt: Some(attempt.number),
        channel: Some(attempt.channel.to_string()),
        provider: attempt.provider_name.clone(),
        outcome: None,
        status: None,
        reason: None,
        detail: None,
        tone,
    };
    match piece {
        Piece::Told(event) => told(event, after_ms),
        Piece::PassedOver(attempt) => {
            let passed = of(attempt, "passed_over", "passed over".to_owned(), Tone::Dim);
            Moment { reason: attempt.reason.clone(), ..passed }
        }
        Piece::Begun(attempt) => {
            of(attempt, "attempt_begun", format!("attempt {}", attempt.number), Tone::Plain)
        }
        Piece::Ended(attempt, _) => {
            let tone = match attempt.status.known() {
                Some(AttemptStatus::Delivered) => Tone::Good,
                Some(AttemptStatus::InDoubt) => Tone::Warn,
                _ => Tone::Bad,
            };
            let (said, outcome) =
                (format!("attempt {}: {}", attempt.number, attempt.status), Some(attempt.status.to_string()));
            let detail = attempt.error_message.clone().or_else(|| attempt.external_id.clone());
            let ended = of(attempt, "attempt_ended", said, tone);
            Moment { reason: attempt.reason.clone(), detail, outcome, ..ended }
        }
    }
}

fn told(event: &EventView, after_ms: Option<u64>) -> Moment {
    let status = event.to.to_string();
    let tone = match status.as_str() {
        "delivered" => Tone::Good,
        "failed" => Tone::Bad,
        "retrying" => Tone::Warn,
        _ => Tone::Plain,
    };
    Moment {
        at: event.at,
        after_ms,
        what: event.event.clone(),
        said: event.event.clone(),
        attempt: None,
        channel: None,
        provider: None,
        outcome: None,
        status: Some(status),
        reason: event.reason.clone(),
        detail: event.detail.clone(),
        tone,
    }
}

fn write<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

fn after(at: Timestamp, accepted: Timestamp) -> Option<u64> {
    u64::try_from((at - accepted).num_milliseconds()).ok()
}
