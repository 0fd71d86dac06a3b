//! `notifyctl stats latency`: how long things took in the last five minutes, of all or told apart.

use super::Desk;
use super::stats::look;
use crate::failure::{Exit, Failure, Stop};
use crate::output::rows::{Took, WebhookTook};
use clap::{Args, ValueEnum};
use notify_proto::measured::MAX_TIMED_SERVICES;
use notify_proto::overview::{Overview, Percentiles};
use notify_proto::view::ServiceView;
use notify_proto::{LatencyKind, Open};

/// Of what.
#[derive(Debug, Args)]
pub struct Latency {
    /// A line for each
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<By>,
}

/// What is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// The lines of work: how long it waited there.
    Queue,
    /// The providers: how long their calls took.
    Provider,
    /// The channels: how long it waited, was under way, and took in all.
    Channel,
    /// The services: the same of each.
    Service,
    /// The webhooks: how long they took to acknowledge.
    Webhook,
    /// Not measured.
    #[value(hide = true)]
    Error,
}

impl Latency {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Result<(), Stop> {
        const WHAT: &str = "stats.latency_by";
        match self.by {
            None => desk.out.whole("stats.latency", &look(desk).await?.latency),
            Some(By::Queue) => desk.out.whole(WHAT, &by_queue(&look(desk).await?)),
            Some(By::Provider) => desk.out.whole(WHAT, &by_provider(&look(desk).await?)),
            Some(By::Channel) => desk.out.whole(WHAT, &by_channel(&look(desk).await?)),
            Some(By::Webhook) => {
                let overview = look(desk).await?;
                desk.out.whole("stats.latency_by_webhook", &by_webhook(&overview))?;
                if overview.webhooks_left_off > 0 {
                    let hint = "notifyctl webhook stats ID has each";
                    desk.out.note(&format!("{} more are left off: {hint}", overview.webhooks_left_off));
                }
                Ok(())
            }
            Some(By::Service) => {
                let link = desk.link().await?;
                let services = link.read(link.client.service_list(link.within())).await?;
                let measured = services.iter().filter(|it| it.latency.is_some()).count();
                desk.out.whole(WHAT, &by_service(&services))?;
                if measured >= MAX_TIMED_SERVICES {
                    let most = MAX_TIMED_SERVICES;
                    desk.out.note(&format!("no more than {most} services are measured at once"));
                }
                Ok(())
            }
            Some(By::Error) => Err(unmeasured().into()),
        }
    }
}

/// How long it took is measured while it happens, and of a few things only.
fn unmeasured() -> Failure {
    let message = "--by: how long things took is not measured for an error; write queue, provider, channel, service or webhook";
    Failure::new(Exit::Usage, message).hint("notifyctl stats summary --by error counts what went wrong")
}

/// In front of each provider, and of all webhooks.
fn by_queue(of: &Overview) -> Vec<Took> {
    let line = |kind, name: &str, ms| Took { name: name.to_owned(), kind: Open::Known(kind), ms };
    let queues = of.queues.iter().filter_map(|it| match it.name.as_str() {
        _ if it.provider => Some(line(LatencyKind::QueueWait, &it.name, it.wait_ms)),
        "webhooks" => Some(line(LatencyKind::WebhookAck, &it.name, it.wait_ms)),
        _ => None,
    });
    queues.collect()
}

fn by_provider(of: &Overview) -> Vec<Took> {
    let line = |it: &notify_proto::overview::ProviderLine| Took {
        name: it.name.clone(),
        kind: Open::Known(LatencyKind::ProviderCall),
        ms: it.call_ms,
    };
    of.providers.iter().map(line).collect()
}

fn by_channel(of: &Overview) -> Vec<Took> {
    let lines = of.channels.iter().flat_map(|it| {
        let channel = it.channel.to_string();
        stages(&channel, [it.wait_ms, it.call_ms, it.deliver_ms])
    });
    lines.collect()
}

fn by_service(services: &[ServiceView]) -> Vec<Took> {
    let lines = services.iter().flat_map(|it| {
        it.latency.map(|of| stages(&it.name, [of.wait_ms, of.call_ms, of.deliver_ms])).into_iter().flatten()
    });
    lines.collect()
}

/// A line for each stage of the way of a notification.
fn stages(name: &str, took: [Percentiles; 3]) -> [Took; 3] {
    let [wait, call, deliver] = took;
    let line = |kind, ms| Took { name: name.to_owned(), kind: Open::Known(kind), ms };
    [
        line(LatencyKind::QueueWait, wait),
        line(LatencyKind::ProviderCall, call),
        line(LatencyKind::AcceptToDeliver, deliver),
    ]
}

fn by_webhook(of: &Overview) -> Vec<WebhookTook> {
    let line = |it: &notify_proto::overview::WebhookLine| WebhookTook {
        id: it.id.clone(),
        service: it.service.clone(),
        url: it.url.clone(),
        kind: Open::Known(LatencyKind::WebhookAck),
        ms: it.ack_ms,
    };
    of.webhooks.iter().map(line).collect()
}
