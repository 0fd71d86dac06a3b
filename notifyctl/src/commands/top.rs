//! `notifyctl top`: the operator's first screen as text.

use super::Desk;
use crate::cli::Format;
use crate::failure::{Ended, Exit, Stop};
use crate::given;
use crate::output::{Cell, Row};
use clap::{Args, ValueEnum};
use notify_proto::overview::{MAX_WEBHOOKS, Overview};
use serde_json::{Value, json};
use std::time::Duration;

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// What needs attention, the worst first.
    Attention,
    /// The lines of work.
    Queues,
    /// The providers.
    Providers,
    /// The webhooks.
    Webhooks,
    /// How long things took in the last five minutes.
    Latency,
}

impl Section {
    /// It alone, as a look at it is told to a program: the kind of document, and what is in it.
    fn document(self, view: &Overview) -> (&'static str, Value) {
        let (what, items) = match self {
            Self::Attention => ("top.attention", json!(view.attention)),
            Self::Queues => ("top.queues", json!(view.queues)),
            Self::Providers => ("top.providers", json!(view.providers)),
            Self::Webhooks => ("top.webhooks", json!(view.webhooks)),
            Self::Latency => ("top.latency", json!(view.latency)),
        };
        let total = json!({"value": items.as_array().map_or(0, Vec::len), "exact": true});
        (what, json!({"items": items, "next": null, "total": total}))
    }
}

/// The first screen.
#[derive(Debug, Args)]
#[command(
    after_help = "Numbers are the daemon's own, of the last five minutes or of the last one where it says per second. With
--watch it is drawn again in place on a terminal; elsewhere each look is a line of JSON, or with -o plain and csv the
same text again. -o plain is all of it as lines that stand for themselves, to be read aloud: a counter each, then what
needs attention and each queue, provider, webhook and latency, with that word first.

Examples:
  notifyctl top
  notifyctl top --section providers -o wide
  notifyctl top --watch 5 -o plain
  notifyctl top --json | jq '.overview.attention[].fact'"
)]
pub struct Top {
    /// Look again and again, so often
    #[arg(long, value_name = "DUR", num_args = 0..=1, default_missing_value = "2s", value_parser = given::every)]
    watch: Option<Duration>,
    /// Only this part
    #[arg(long, value_enum, value_name = "PART")]
    section: Option<Section>,
}

impl Top {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        loop {
            let reply = link.read(link.client.overview(link.within(), None, MAX_WEBHOOKS)).await?;
            desk.out.look_at_the_clock();
            if let Some(view) = &reply.overview {
                let document = json!({"host": link.welcome.host, "rev": reply.rev, "overview": view});
                let json = matches!(desk.out.format, Format::Json | Format::Jsonl);
                match (self.watch, self.section) {
                    (Some(_), None) => desk.out.frame("top", document, || self.show(desk, view))?,
                    (Some(_), Some(section)) => {
                        let (what, document) = section.document(view);
                        desk.out.frame(what, document, || self.show(desk, view))?;
                    }
                    (None, None) if json => desk.out.document("top", document)?,
                    (None, _) => self.show(desk, view)?,
                }
            }
            let Some(every) = self.watch else { return Ok(Exit::Done) };
            desk.out.flush()?;
            tokio::time::sleep(every).await;
        }
    }

    fn show(&self, desk: &Desk<'_>, view: &Overview) -> Result<(), Stop> {
        match self.section {
            Some(Section::Attention) => list(desk, "attention", &view.attention),
            Some(Section::Queues) => list(desk, "queues", &view.queues),
            Some(Section::Providers) => list(desk, "providers", &view.providers),
            Some(Section::Webhooks) => list(desk, "webhooks", &view.webhooks),
            Some(Section::Latency) => list(desk, "latency", &view.latency),
            None => {
                desk.out.facts("top", &facts(view))?;
                if desk.out.format == Format::Plain {
                    return Ok(told(desk, view)?);
                }
                if !desk.out.for_people() {
                    return Ok(());
                }
                desk.out.part("top", "needs attention", &view.attention)?;
                desk.out.part("top", "queues", &view.queues)?;
                desk.out.part("top", "providers", &view.providers)?;
                desk.out.part("top", "webhooks", &view.webhooks)?;
                desk.out.part("top", "latency", &view.latency)
            }
        }
    }
}

/// The same as lines of text, for whoever sees no table.
fn told(desk: &Desk<'_>, view: &Overview) -> std::io::Result<()> {
    desk.out.records("attention", &view.attention)?;
    desk.out.records("queue", &view.queues)?;
    desk.out.records("provider", &view.providers)?;
    desk.out.records("webhook", &view.webhooks)?;
    desk.out.records("latency", &view.latency)
}

fn list<T: Row>(desk: &Desk<'_>, section: &str, rows: &[T]) -> Result<(), Stop> {
    desk.out.whole(&format!("top.{section}"), rows)
}

/// Counters and rates.
pub(super) fn facts(view: &Overview) -> Vec<(&'static str, Cell)> {
    let of = |word: &str| Cell::from(view.by_status.get(word).copied());
    let rate = |value: f64| Cell::Figure(value, "");
    let (counters, rates) = (&view.counters, &view.rates);
    vec![
        ("ready", of("queued")),
        ("busy", counters.busy.into()),
        ("busy_limit", counters.limit.into()),
        ("scheduled", of("pending")),
        ("retrying", of("retrying")),
        ("dead", of("failed")),
        ("dead_1h", counters.dead_1h.into()),
        ("webhooks_owed", counters.webhooks_owed.into()),
        ("accepted", counters.accepted.into()),
        ("delivered", counters.delivered.into()),
        ("failed", counters.failed.into()),
        ("accepted_per_second", rate(rates.accepted)),
        ("delivered_per_second", rate(rates.delivered)),
        ("failed_per_second", rate(rates.failed)),
        ("retried_per_second", rate(rates.retried)),
        ("calls_per_second", rate(rates.calls)),
        ("told_per_second", rate(rates.told)),
        ("ack_percent", counters.ack_share.map_or(Cell::None, |share| Cell::Figure(share * 100.0, ""))),
    ]
}
