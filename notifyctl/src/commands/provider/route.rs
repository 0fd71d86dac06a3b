//! `notifyctl provider route`.

use crate::commands::Desk;
use crate::failure::{Ended, Exit};
use crate::output::rows::{always, wide};
use crate::output::{Cell, Column, Row, Tone};
use clap::Args;
use notify_proto::Channel;
use notify_proto::control::{RouteRequest, RouteStep};

/// Whose way.
#[derive(Debug, Args)]
pub struct Route {
    /// On this channel [default: all that a provider serves]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<Channel>,
    /// Of this service, by name or id
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// To this address; without --channel, on the channels that have such addresses
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Pinned to this provider, by name or id, which then stands alone
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
}

impl Route {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let Self { channel, service, to, provider } = self;
        let request = RouteRequest { channel, service, to, provider };
        let link = desk.link().await?;
        let route = link.read(link.client.provider_route(link.within(), request)).await?;
        desk.out.whole("provider.route", &route.steps)?;
        for note in &route.notes {
            desk.out.note(note);
        }
        Ok(Exit::Done)
    }
}

impl Row for RouteStep {
    const COLUMNS: &'static [Column<Self>] = &[
        always("channel", |it| it.channel.to_string().into()),
        always("place", |it| it.place.into()),
        always("provider", |it| it.provider.as_str().into()),
        wide("provider_id", |it| it.provider_id.to_string().into()),
        wide("priority", |it| it.priority.to_string().into()),
        always("verdict", verdict),
        always("state", |it| it.state.as_str().into()),
        always("since", |it| it.since.into()),
        always("until", |it| it.until.into()),
        always("why", |it| it.why.clone().into()),
    ];

    fn id(&self) -> String {
        self.provider_id.to_string()
    }
}

fn verdict(step: &RouteStep) -> Cell {
    let tone = match step.verdict.as_str() {
        "taken" => Tone::Good,
        "awaited" | "overflow" => Tone::Warn,
        "passed_over" => Tone::Bad,
        _ => Tone::Plain,
    };
    Cell::Word(step.verdict.clone(), tone)
}
