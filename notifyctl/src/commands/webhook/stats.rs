//! `notifyctl webhook stats`.

use crate::cli::Format;
use crate::commands::Desk;
use crate::failure::{Ended, Exit};
use crate::output::Cell;
use crate::{clock, given};
use clap::Args;
use notify_proto::{Timestamp, WebhookId};
use serde_json::json;

/// Since when.
#[derive(Debug, Args)]
#[command(after_help = "Times are from owed to taken, over the newest 100,000 events.

Examples:
  notifyctl webhook stats 0197a6c2-5b1e-7cc0-8000-0123456789ab --since 60m
  notifyctl wh stats 0197a6c2-5b1e-7cc0-8000-0123456789ab --json | jq .stats.by_code")]
pub struct Stats {
    /// The webhook
    #[arg(value_name = "ID", value_parser = given::webhook)]
    id: WebhookId,
    /// Since then: a span back from now, an RFC 3339 time, or HH:MM today [default: 60m]
    #[arg(long, value_name = "TIME", value_parser = given::back)]
    since: Option<Timestamp>,
}

impl Stats {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let since = self.since.unwrap_or_else(|| clock::now() - chrono::TimeDelta::hours(1));
        let link = desk.link().await?;
        let stats = link.read(link.client.webhook_stats(link.within(), self.id, since)).await?;
        if matches!(desk.out.format, Format::Json | Format::Jsonl) {
            desk.out.document("webhook.stats", json!({"stats": stats}))?;
            return Ok(Exit::Done);
        }
        let counted = |prefix: &str, counts: &std::collections::BTreeMap<String, u64>| {
            counts.iter().map(|(name, count)| (format!("{prefix}{name}"), *count)).collect::<Vec<_>>()
        };
        let (by_status, by_code) = (counted("", &stats.by_status), counted("answer_", &stats.by_code));
        let by_event: Vec<_> =
            stats.by_event.iter().flat_map(|(event, counts)| counted(&format!("{event}_"), counts)).collect();
        let mut facts: Vec<(&str, Cell)> = vec![
            ("owed", stats.owed.into()),
            ("oldest", stats.oldest.into()),
            ("ack_p50_ms", stats.ack_p50_ms.into()),
            ("ack_p99_ms", stats.ack_p99_ms.into()),
            ("last_ack", stats.last_ack_at.into()),
            ("last_nack", stats.last_nack_at.into()),
            ("busy", stats.busy.into()),
            ("limit", stats.limit.into()),
        ];
        let counts = by_status.iter().chain(&by_code).chain(&by_event);
        facts.extend(counts.map(|(name, count)| (name.as_str(), (*count).into())));
        desk.out.facts("webhook.stats", &facts)?;
        Ok(Exit::Done)
    }
}
