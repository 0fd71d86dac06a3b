//! `notifyctl webhook test`: an event of no notification, and what the endpoint answers.

use crate::cli::Format;
use crate::commands::Desk;
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure};
use crate::output::{Cell, Tone};
use crate::{clock, given};
use clap::Args;
use notify_proto::webhook::DeliveryStory;
use notify_proto::{DeliveryId, WebhookEvent, WebhookId};
use serde_json::{Value, json};
use std::time::Duration;

/// How long its first try is waited for when nothing is said: longer than one may take.
const PATIENCE: Duration = Duration::from_secs(125);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A test.
#[derive(Debug, Args)]
#[command(
    after_help = "The body says \"test\": true and is of no notification. On a terminal, or with --wait, the first answer is waited for:
exit code 1 when the endpoint does not take it, 8 when it does not answer in time (--timeout). It is asked again by its
schedule all the same; notifyctl webhook delivery show follows it.

Examples:
  notifyctl webhook test 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl webhook test 0197a6c2-5b1e-7cc0-8000-0123456789ab --event delivered --wait"
)]
pub struct Test {
    /// The webhook
    #[arg(value_name = "ID", value_parser = given::webhook)]
    id: WebhookId,
    /// Of which event
    #[arg(long, value_name = "EVENT", value_parser = given::event, default_value = "delivered")]
    event: WebhookEvent,
    /// Say what it answers; on a terminal that is so anyway
    #[arg(long, conflicts_with = "no_wait")]
    wait: bool,
    /// Return at once
    #[arg(long)]
    no_wait: bool,
}

impl Test {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let waits = self.wait || (desk.out.terminal.stdout && !self.no_wait);
        let link = desk.link_to_wait().await?;
        let change = desk.globals.change();
        let call = link.client.webhook_test(link.within(), self.id, self.event.into(), change);
        let Some(delivery) = link.change(call).await? else {
            let sentence = desk.says(&format!("webhook {}", self.id), &format!("tested with {}", self.event));
            desk.out.did("webhook.test", &sentence, Value::Null)?;
            return Ok(Exit::Done);
        };
        if !waits {
            let sentence = format!("webhook {} is told of a test {} as {delivery}", self.id, self.event);
            if matches!(desk.out.format, Format::Id | Format::Plain | Format::Csv) {
                desk.out.raw(&format!("{delivery}\n"))?;
            } else {
                desk.out.did("webhook.test", &sentence, json!({"delivery_id": delivery}))?;
            }
            desk.out.advise(&format!("next: notifyctl webhook delivery show {delivery}"));
            return Ok(Exit::Done);
        }
        let story = tried(&link, delivery, desk.globals.timeout.unwrap_or(PATIENCE)).await?;
        answered(desk, &story)
    }
}

/// Waits for its first try.
async fn tried(link: &Link, id: DeliveryId, patience: Duration) -> Result<DeliveryStory, Failure> {
    let start = clock::start();
    loop {
        let story = link.read(link.client.webhook_delivery(link.within(), id, false, false)).await?;
        if story.delivery.attempt_count > 0 {
            return Ok(story);
        }
        if start.elapsed() >= patience {
            return Err(Failure::new(Exit::InVain, format!("{id} was not told yet"))
                .hint(format!("notifyctl webhook delivery show {id}")));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Says what it answered.
fn answered(desk: &Desk<'_>, story: &DeliveryStory) -> Ended {
    let (delivery, attempt) = (&story.delivery, story.attempts.last());
    let taken = delivery.acknowledged_at.is_some();
    if matches!(desk.out.format, Format::Json | Format::Jsonl) {
        let document = json!({"delivery_id": delivery.id, "delivery": delivery, "attempts": story.attempts});
        desk.out.document("webhook.test", document)?;
    } else if desk.out.format == Format::Id {
        desk.out.raw(&format!("{}\n", delivery.id))?;
    } else {
        let tone = if taken { Tone::Good } else { Tone::Bad };
        let facts = [
            ("delivery", delivery.id.to_string().into()),
            ("status", Cell::Word(delivery.status.to_string(), tone)),
            ("code", delivery.response_status_code.map(u64::from).into()),
            ("error", delivery.error_message.clone().into()),
            ("duration_ms", attempt.map(|it| it.duration_ms).into()),
            ("next_attempt", delivery.next_attempt_at.into()),
            ("answer", delivery.response_body.clone().into()),
        ];
        desk.out.facts("webhook.test", &facts)?;
    }
    if taken {
        return Ok(Exit::Done);
    }
    let why = delivery.error_message.as_deref().unwrap_or("it did not take it");
    Err(Failure::new(Exit::Refused, format!("webhook {} did not take it: {why}", delivery.webhook_id)).into())
}
