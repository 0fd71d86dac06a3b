//! `notifyctl status`.

use super::Desk;
use crate::cli::Format;
use crate::failure::{Ended, Exit};
use crate::given;
use crate::output::rows::Count;
use crate::output::{Cell, Tone};
use clap::Args;
use notify_proto::Status as Word;
use notify_proto::view::{Health, StatusView};
use serde_json::json;
use std::time::Duration;

/// How notifyd is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  notifyctl status
  notifyctl status --watch=5s
  notifyctl status --check -q > /dev/null || echo \"notifyd needs a look\"
  notifyctl status --json | jq .status.by_status")]
pub struct Status {
    /// End with exit code 8 when it is not healthy
    #[arg(long)]
    check: bool,
    /// Look again and again, so often: in place on a terminal, elsewhere a line of JSON each time
    #[arg(long, value_name = "DUR", num_args = 0..=1, default_missing_value = "2s", value_parser = given::every, conflicts_with = "check")]
    watch: Option<Duration>,
}

impl Status {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        if let Some(every) = self.watch {
            loop {
                let status = link.read(link.client.status(link.within())).await?;
                desk.out.look_at_the_clock();
                let document = json!({"host": link.welcome.host, "status": status});
                desk.out.frame("status", document, || show(desk, &link.welcome.host, &status))?;
                tokio::time::sleep(every).await;
            }
        }
        let status = link.read(link.client.status(link.within())).await?;
        if matches!(desk.out.format, Format::Json | Format::Jsonl) {
            desk.out.document("status", json!({"host": link.welcome.host, "status": status}))?;
        } else {
            show(desk, &link.welcome.host, &status)?;
        }
        Ok(if self.check && status.health != Health::Healthy { Exit::InVain } else { Exit::Done })
    }
}

fn show(desk: &Desk<'_>, host: &str, status: &StatusView) -> Result<(), crate::failure::Stop> {
    let tone = match status.health {
        Health::Healthy => Tone::Good,
        Health::Degraded => Tone::Warn,
        Health::Unhealthy => Tone::Bad,
    };
    let mut facts = vec![
        ("health", Cell::Word(status.health.as_str().into(), tone)),
        ("host", host.into()),
        ("version", status.daemon.version.as_str().into()),
        ("started", status.daemon.started_at.into()),
        ("in_flight", status.in_flight.into()),
        ("accepted", status.accepted.into()),
        ("delivered", status.delivered.into()),
        ("failed", status.failed.into()),
        ("webhooks_owed", status.webhooks_owed.into()),
        ("oldest_queued_seconds", status.oldest_queued_seconds.into()),
    ];
    facts.extend(status.concerns.iter().map(|concern| ("concern", Cell::Word(concern.clone(), Tone::Warn))));
    if !desk.out.for_people() {
        let by_status: Vec<_> =
            status.by_status.iter().map(|(name, count)| (format!("status_{name}"), *count)).collect();
        facts.extend(by_status.iter().map(|(name, count)| (name.as_str(), (*count).into())));
        return desk.out.facts("status", &facts);
    }
    desk.out.facts("status", &facts)?;
    desk.out.heading("notifications")?;
    // In the order of a notification's life; words of a newer daemon come last.
    let place =
        |name: &str| Word::ALL.iter().position(|status| status.as_str() == name).unwrap_or(Word::ALL.len());
    let mut counts: Vec<_> =
        status.by_status.iter().map(|(name, count)| Count { name: name.clone(), count: *count }).collect();
    counts.sort_by_key(|count| place(&count.name));
    let mut listing = desk.out.list("status")?;
    listing.page(&counts)?;
    listing.close(None, None)?;
    if !status.providers.is_empty() {
        desk.out.heading("providers")?;
        let mut listing = desk.out.list("status")?;
        listing.page(&status.providers)?;
        listing.close(None, None)?;
    }
    Ok(())
}
