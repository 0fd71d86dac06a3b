//! `notifyctl provider`.

mod remove;
mod route;
mod update;

use super::queue::{millis, said, told};
use super::{Desk, circuit};
use crate::failure::{Ended, Exit, Failure};
use crate::given;
use crate::output::{Cell, Rows, Tone};
use clap::{Args, Subcommand};
use notify_proto::control::NewProvider;
use notify_proto::hold::HoldView;
use notify_proto::{Channel, HoldKind, Open};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl provider seed --only mock
  notifyctl provider add relay --type smtp --config-file relay.json --secret-file relay.pass
  notifyctl prov list
  notifyctl provider route --channel sms";

/// Providers: the ways out.
#[derive(Debug, Subcommand)]
pub enum Provider {
    /// Add the built-in definitions; what is there already is left alone
    #[command(
        after_help = "Examples:\n  notifyctl provider seed --all\n  notifyctl provider seed --only mock\n  notifyctl provider seed --update --dry-run"
    )]
    Seed(Seed),
    /// Add a provider
    #[command(
        after_help = "The configuration is a JSON object with the settings of the type, without secrets: see notifyd-providers(7).

Examples:
  notifyctl provider add relay --type smtp --priority 10 --config-file relay.json --secret-file relay.pass
  pass show relay | notifyctl provider add relay --type smtp --config-file relay.json --secret-file -"
    )]
    Add(Add),
    /// List all providers, in the order they are tried
    #[command(
        after_help = "Examples:\n  notifyctl provider list\n  notifyctl provider list --filter 'channels:sms -circuit:closed'\n  notifyctl prov list --json | jq '.items[] | select(.circuit!=\"closed\")'"
    )]
    List(Rows),
    /// Show one provider with its configuration, without secrets
    #[command(after_help = "Examples:\n  notifyctl provider show relay")]
    Show(Name),
    /// Change a provider: all that is given, or nothing
    #[command(
        after_help = "What is not given stays, but --config-file holds all settings, not only those that change. Calls under
way end with the settings they began with. Another configuration or secret closes the circuit; all else leaves it.

Examples:
  notifyctl provider update relay --priority 5 --rate 300/m
  notifyctl provider update relay --secret-file relay.pass --reason \"password rotated\"
  notifyctl provider update relay --rate none --rename old-relay --dry-run"
    )]
    Update(Box<update::Update>),
    /// Remove a provider, its settings and its secret
    #[command(
        after_help = "Calls under way end and are recorded, and the stories of what went through it keep its name. What is queued goes to
other providers; what is pinned to it alone, or may have arrived through it, fails with no_provider. To keep that
waiting, disable the provider instead.

Examples:
  notifyctl provider remove old-relay --dry-run
  notifyctl provider remove old-relay --confirm old-relay"
    )]
    Remove(remove::Remove),
    /// Show in which order providers would be tried now, and why
    #[command(
        after_help = "The verdict is taken, awaited (it is busy), overflow (it takes what has waited too long for that one), passed_over (it
cannot be called), or in_reserve for when those before it fail.

Examples:
  notifyctl provider route --channel sms
  notifyctl provider route --service acme --to ops@example.org --provider relay"
    )]
    Route(route::Route),
    /// Use it again
    #[command(after_help = "With --for it is disabled again after that time, also across a restart.

Examples:
  notifyctl provider enable relay --reason \"vendor says fixed\"
  notifyctl provider enable spare --for 2h --reason \"relay is slow\"")]
    Enable(Switch),
    /// Do not use it any more
    #[command(
        after_help = "What waits goes to other providers; what can go to nobody else waits until it is enabled. What is sent for it
alone is refused. With --for it is enabled again after that time, also across a restart; notifyctl provider enable does
so before.

Examples:
  notifyctl provider disable relay --reason \"carrier maintenance\"
  notifyctl provider disable relay --for 30m --reason \"vendor restarts\""
    )]
    Disable(Switch),
    /// Make one real call and report its answer
    #[command(
        after_help = "Examples:\n  notifyctl provider test relay --to ops@example.org\n  notifyctl provider test mock --channel sms --to +15005550006"
    )]
    Test(Test),
    /// Its circuit breaker: look, force
    #[command(subcommand, arg_required_else_help = true, after_help = circuit::EXAMPLES)]
    Circuit(circuit::Circuit),
}

/// Which built-in definitions.
#[derive(Debug, Args)]
pub struct Seed {
    /// All that need no settings of your own (the default)
    #[arg(long, conflicts_with = "only")]
    all: bool,
    /// Only these types
    #[arg(long, value_name = "TYPE,TYPE", value_delimiter = ',')]
    only: Vec<String>,
    /// Give those that are there the channels and settings of their definition again; limits and priority stay
    #[arg(long)]
    update: bool,
}

/// A new provider.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name: 1 to 64 of a-z 0-9 . _ -, starting with a letter or digit
    name: String,
    /// Its type, such as smtp or mock
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    /// A channel it shall serve; may be repeated [default: all its type can]
    #[arg(long = "channel", value_name = "CHANNEL")]
    channels: Vec<Channel>,
    /// Lower is tried first [default: 100]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i32>,
    /// Calls allowed, such as 10/s [default: no limit]
    #[arg(long, value_name = "RATE", value_parser = given::rate)]
    rate: Option<f64>,
    /// Calls at once after a pause
    #[arg(long, value_name = "N", value_parser = given::whole(0_u32..))]
    burst: Option<u32>,
    /// Calls under way at once, 1 to 10,000 [default: 32]
    #[arg(long, value_name = "N", value_parser = given::whole(0_u32..))]
    max_in_flight: Option<u32>,
    /// A JSON file with the settings of its type, without secrets
    #[arg(long, value_name = "FILE.json")]
    config_file: Option<PathBuf>,
    /// A file with its secret, or - for standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

/// One provider.
#[derive(Debug, Args)]
pub struct Name {
    /// Its name or id
    #[arg(value_name = "NAME")]
    name: String,
}

/// One provider, for a time or for good.
#[derive(Debug, Args)]
pub struct Switch {
    #[command(flatten)]
    name: Name,
    /// For how long, up to 366d, after which it switches back [default: until somebody switches it]
    #[arg(long = "for", value_name = "DUR", value_parser = given::span)]
    lasts: Option<Duration>,
}

/// A call.
#[derive(Debug, Args)]
pub struct Test {
    /// The provider, by name or id
    #[arg(value_name = "NAME")]
    name: String,
    /// The address to send to
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// On which channel [default: its first]
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<Channel>,
}

impl Provider {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::Seed(seed) => seed.run(desk).await,
            Self::Add(add) => add.run(desk).await,
            Self::List(rows) => list(desk, &rows).await,
            Self::Show(it) => show(desk, it.name).await,
            Self::Update(update) => update.run(desk).await,
            Self::Remove(remove) => remove.run(desk).await,
            Self::Route(route) => route.run(desk).await,
            Self::Enable(it) => it.run(desk, true).await,
            Self::Disable(it) => it.run(desk, false).await,
            Self::Test(test) => test.run(desk).await,
            Self::Circuit(circuit) => circuit.run(desk).await,
        }
    }
}

impl Seed {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let (client, change) = (&link.client, desk.globals.change());
        let seeded = if self.update {
            link.change(client.provider_reseed(link.within(), self.only, change)).await?
        } else {
            link.change(client.provider_seed(link.within(), self.only, change)).await?
        };
        desk.out.whole("provider.seed", &seeded)?;
        if desk.globals.dry_run {
            desk.out.note("dry run: nothing was created or changed");
        } else if seeded.iter().any(|it| it.created && it.provider.simulated) {
            desk.out
                .note("a simulated provider sends nothing to anybody; disable it where real messages count");
        }
        Ok(Exit::Done)
    }
}

impl Add {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let config = self.config_file.as_deref().map(config).transpose()?;
        let secret = self.secret_file.as_deref().map(|path| desk.secret(path)).transpose()?;
        let link = desk.link().await?;
        let provider = NewProvider {
            name: self.name,
            kind: self.kind,
            channels: self.channels,
            priority: self.priority,
            rate_per_second: self.rate,
            burst: self.burst,
            max_in_flight: self.max_in_flight,
            config: Value::Object(config.unwrap_or_default()),
            secret,
        };
        let call = link.client.provider_add(link.within(), provider, desk.globals.change());
        let provider = link.change(call).await?;
        let sentence = desk.says(&format!("provider {}", provider.name), "added");
        desk.out.changed("provider.add", "provider", &sentence, &provider)?;
        desk.out.advise(&format!("next: notifyctl provider test {} --to ADDRESS", provider.name));
        Ok(Exit::Done)
    }
}

/// The settings in a file.
pub(crate) fn config(path: &Path) -> Result<Map<String, Value>, Failure> {
    let failed = |problem: String| Failure::new(Exit::Config, format!("{}: {problem}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(config)) => Ok(config),
        Ok(_) => Err(failed("is JSON, but not one object, which stands in {}".into())),
        // The error names the place, not the text: there may be a secret in it.
        Err(error) => Err(failed(format!("is no JSON: line {}, column {}", error.line(), error.column()))),
    }
}

async fn list(desk: &Desk<'_>, rows: &Rows) -> Ended {
    let link = desk.link().await?;
    let providers = link.read(link.client.provider_list(link.within())).await?;
    let none = providers.is_empty();
    desk.out.whole("provider.list", &rows.of(desk.out, providers)?)?;
    if none {
        desk.out.advise("there are no providers yet: notifyctl provider seed, or notifyctl provider add");
    }
    Ok(Exit::Done)
}

async fn show(desk: &Desk<'_>, name: String) -> Ended {
    let link = desk.link().await?;
    let provider = link.read(link.client.provider_show(link.within(), name)).await?;
    desk.out.one("provider.show", "provider", &provider)?;
    told(desk, &provider.holds)?;
    if let Some(Value::Object(config)) = provider.config.as_ref().filter(|_| desk.out.for_people())
        && !config.is_empty()
    {
        desk.out.heading("config")?;
        let facts: Vec<_> = config.iter().map(|(name, value)| (name.as_str(), cell(value))).collect();
        desk.out.facts("provider.show", &facts)?;
    }
    Ok(Exit::Done)
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::None,
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}

impl Switch {
    async fn run(self, desk: &Desk<'_>, on: bool) -> Ended {
        let Self { name: Name { name }, lasts } = self;
        let link = desk.link().await?;
        let all = if on { Vec::new() } else { link.read(link.client.provider_list(link.within())).await? };
        let call = link.client.provider_set_active(
            link.within(),
            name,
            on,
            lasts.map(millis),
            desk.globals.change(),
        );
        let provider = link.change(call).await?;
        let what = if on { "provider.enable" } else { "provider.disable" };
        let switched = |hold: &&HoldView| hold.kind.known().and_then(HoldKind::switches) == Some(on);
        let sentence = match provider.holds.iter().find(switched).filter(|_| lasts.is_some()) {
            Some(hold) => said(desk, hold),
            None => {
                desk.says(&format!("provider {}", provider.name), if on { "enabled" } else { "disabled" })
            }
        };
        desk.out.changed(what, "provider", &sentence, &provider)?;
        let others = || all.iter().filter(|other| other.active && other.id != provider.id);
        let alone = |channel: &&Open<Channel>| !others().any(|other| other.channels.contains(channel));
        if !on {
            unserved(desk, provider.channels.iter().filter(alone));
        }
        Ok(Exit::Done)
    }
}

/// Says which channels nobody serves any more.
fn unserved<'a>(desk: &Desk<'_>, channels: impl Iterator<Item = &'a Open<Channel>>) {
    for channel in channels {
        desk.out.note(&format!(
            "no active provider serves {channel} then; for what comes of it: notifyctl provider route --channel {channel}"
        ));
    }
}

impl Test {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let change = desk.globals.change();
        let name = self.name.clone();
        let call = link.client.provider_test(link.within(), self.name, self.channel, self.to, change);
        let result = link.change(call).await?;
        let yes = |it| if it { "yes" } else { "no" };
        let outcome = if result.accepted { Tone::Good } else { Tone::Bad };
        let facts = [
            ("accepted", Cell::Word(yes(result.accepted).into(), outcome)),
            ("outcome", Cell::Word(result.outcome.clone(), outcome)),
            ("message", result.message.clone().into()),
            ("external_id", result.external_id.clone().into()),
            ("elapsed_ms", result.elapsed_ms.into()),
            ("simulated", yes(result.simulated).into()),
        ];
        if matches!(desk.out.format, crate::cli::Format::Json | crate::cli::Format::Jsonl) {
            desk.out.document("provider.test", json!({"result": result}))?;
        } else {
            desk.out.facts("provider.test", &facts)?;
        }
        if result.accepted || desk.globals.dry_run {
            return Ok(Exit::Done);
        }
        Err(Failure::new(Exit::Refused, format!("provider {name} did not take it: {}", result.outcome))
            .into())
    }
}
