//! `notifyctl provider circuit`.

use super::Desk;
use super::queue::{Lasting, agreed, hold};
use crate::failure::{Ended, Exit};
use crate::output::Rows;
use clap::{Args, Subcommand};
use notify_proto::HoldKind;
use notify_proto::hold::{Force, HoldRequest};

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl provider circuit show
  notifyctl provider circuit open relay --for 30m --yes --reason \"vendor is down\"
  notifyctl provider circuit close relay --reason \"vendor says fixed\"";

/// A circuit breaker stops calling what is broken, and probes until it works again.
#[derive(Debug, Subcommand)]
pub enum Circuit {
    /// Show the circuit of one provider, or of all
    #[command(
        after_help = "Examples:\n  notifyctl provider circuit show\n  notifyctl provider circuit show relay"
    )]
    Show(Which),
    /// Keep it open, whatever the provider answers
    #[command(
        after_help = "It ends by itself, also across a restart. What waits goes to other providers, or waits on. With --for or --no-end one that
is held open gets that end; without, it is left alone (exit code 5).

Examples:
  notifyctl provider circuit open relay --for 30m --yes --reason \"vendor is down\""
    )]
    Open(Open),
    /// Make the next call a probe that decides
    #[command(after_help = "Examples:\n  notifyctl provider circuit half-open relay --reason \"one try\"")]
    HalfOpen(Name),
    /// Close it, as if nothing had failed
    #[command(
        after_help = "Examples:\n  notifyctl provider circuit close relay --reason \"vendor says fixed\""
    )]
    Close(Name),
}

/// One provider or all.
#[derive(Debug, Args)]
pub struct Which {
    /// Its name or id
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    rows: Rows,
}

/// One provider.
#[derive(Debug, Args)]
pub struct Name {
    /// Its name or id
    #[arg(value_name = "NAME")]
    name: String,
}

/// A circuit to be kept open.
#[derive(Debug, Args)]
pub struct Open {
    /// The provider, by name or id
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    lasting: Lasting,
}

impl Circuit {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::Show(it) => show(desk, it).await,
            Self::Open(open) => {
                let (kind, for_ms) = (HoldKind::CircuitOpen, open.lasting.for_ms());
                let request = HoldRequest {
                    provider: open.name,
                    kind,
                    limit: None,
                    for_ms,
                    unless_held: open.lasting.unsaid(),
                };
                let until = open.lasting.words();
                let question = |name: &str| format!("Keep the circuit of provider {name} open {until}?");
                let link = desk.link().await?;
                let request = agreed(desk, &link, request, question).await?;
                hold(desk, &link, "provider.circuit.open", request).await.map(|_| Exit::Done)
            }
            Self::HalfOpen(it) => force(desk, it.name, Force::HalfOpen).await,
            Self::Close(it) => force(desk, it.name, Force::Closed).await,
        }
    }
}

async fn show(desk: &Desk<'_>, it: Which) -> Ended {
    let link = desk.link().await?;
    let providers = match it.name {
        Some(name) => vec![link.read(link.client.provider_show(link.within(), name)).await?],
        None => link.read(link.client.provider_list(link.within())).await?,
    };
    let circuits: Vec<_> = providers.into_iter().map(crate::output::rows::CircuitRow::from).collect();
    desk.out.whole("provider.circuit.show", &it.rows.of(desk.out, circuits)?)?;
    Ok(Exit::Done)
}

async fn force(desk: &Desk<'_>, name: String, to: Force) -> Ended {
    let link = desk.link().await?;
    let call = link.client.circuit_force(link.within(), name, to, desk.globals.change());
    let provider = link.change(call).await?;
    let (what, done) = match to {
        Force::HalfOpen => ("provider.circuit.half-open", "half-open: the next call decides"),
        Force::Closed => ("provider.circuit.close", "closed"),
    };
    let sentence = desk.says(&format!("the circuit of provider {}", provider.name), done);
    desk.out.changed(what, "provider", &sentence, &provider)?;
    Ok(Exit::Done)
}
