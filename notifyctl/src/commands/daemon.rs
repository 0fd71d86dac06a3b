//! `notifyctl daemon`.

use super::Desk;
use crate::cli::Format;
use crate::confirm;
use crate::failure::{Ended, Exit, Failure};
use crate::given;
use crate::output::rows::always;
use crate::output::{Column, Row};
use clap::{Args, Subcommand};
use notify_proto::upkeep::{ConfigView, LogFilterView, ReloadView, SettingView};
use notify_proto::view::rfc3339;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl daemon info
  notifyctl daemon reload
  notifyctl daemon shutdown --drain 30s --yes --reason \"kernel update\"";

/// The daemon itself.
#[derive(Debug, Subcommand)]
pub enum Daemon {
    /// Show who answers: version, process, places
    #[command(
        after_help = "Examples:\n  notifyctl daemon info\n  notifyctl daemon info --json | jq .daemon.pid"
    )]
    Info,
    /// Have the daemon read its configuration again
    #[command(
        after_help = "All of it is taken over, or nothing. It says what changed, and what takes a restart. A dry run says what would change;
a configuration that would be refused ends it with exit code 78.

Examples:
  notifyctl daemon reload --dry-run
  notifyctl daemon reload --reason \"more workers\"
  notifyctl daemon reload --json | jq .needs_restart"
    )]
    Reload,
    /// Its configuration: look at what is in force, check a file
    #[command(subcommand, arg_required_else_help = true, after_help = CONFIG_EXAMPLES)]
    Config(Config),
    /// Log by another filter for a while
    #[command(
        after_help = "The filter is a level, or levels by target: info, info,notifyd_engine=debug. It ends by itself, at a reload, or with
--reset; the configured one is in force again then. Recipients stay masked, whatever is logged.

Examples:
  notifyctl daemon log-filter info,notifyd_engine=debug --for 10m --reason \"case 4711\"
  notifyctl daemon log-filter --reset"
    )]
    LogFilter(LogFilter),
    /// Stop the daemon
    #[command(after_help = "Attempts under way may end; nothing new is begun, and nothing is lost.

Examples:
  notifyctl daemon shutdown --yes
  notifyctl daemon shutdown --drain 30s --yes --reason \"kernel update\"")]
    Shutdown(Shutdown),
}

const CONFIG_EXAMPLES: &str = "Examples:
  notifyctl daemon config show
  notifyctl daemon config check /etc/notifyd/notifyd.toml && notifyctl daemon reload";

/// The configuration.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Show the settings in force, without secrets
    #[command(
        after_help = "Those that are not as they would be by themselves are shown; --all shows every one. What is live follows a reload, the
rest takes a restart.

Examples:
  notifyctl daemon config show
  notifyctl daemon config show --all -o csv"
    )]
    Show(ConfigShow),
    /// Check a file without using it: whether a reload would take it, and what it would change
    #[command(
        after_help = "The daemon reads it with its own environment and flags over it, as it would at a reload.

Examples:
  notifyctl daemon config check notifyd.toml
  notifyctl daemon config check - < notifyd.toml"
    )]
    Check(ConfigCheck),
}

/// What to show.
#[derive(Debug, Args)]
pub struct ConfigShow {
    /// All settings, also those that nobody changed
    #[arg(long)]
    all: bool,
}

/// A file.
#[derive(Debug, Args)]
pub struct ConfigCheck {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What is logged.
#[derive(Debug, Args)]
pub struct LogFilter {
    /// The filter, such as debug or info,notifyd_engine=debug
    #[arg(value_name = "FILTER", required_unless_present = "reset")]
    filter: Option<String>,
    /// For how long, up to 24h
    #[arg(long = "for", value_name = "DUR", value_parser = given::span, default_value = "10m")]
    lasts: Duration,
    /// Back to the configured one now
    #[arg(long, conflicts_with_all = ["filter", "lasts"])]
    reset: bool,
}

/// A stop.
#[derive(Debug, Args)]
pub struct Shutdown {
    /// How long attempts under way may take [default: as configured]
    #[arg(long, value_name = "DUR", value_parser = given::span_or_zero)]
    drain: Option<Duration>,
}

impl Daemon {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::Info => info(desk).await,
            Self::Reload => reload(desk).await,
            Self::Config(Config::Show(show)) => show.run(desk).await,
            Self::Config(Config::Check(check)) => check.run(desk).await,
            Self::LogFilter(filter) => filter.run(desk).await,
            Self::Shutdown(shutdown) => shutdown.run(desk).await,
        }
    }
}

async fn info(desk: &Desk<'_>) -> Ended {
    let link = desk.link().await?;
    let daemon = link.read(link.client.daemon_info(link.within())).await?;
    if matches!(desk.out.format, Format::Json | Format::Jsonl) {
        desk.out.document("daemon.info", json!({"host": link.welcome.host, "daemon": daemon}))?;
        return Ok(Exit::Done);
    }
    let facts = [
        ("version", daemon.version.into()),
        ("protocol", link.welcome.protocol.into()),
        ("host", link.welcome.host.as_str().into()),
        ("pid", daemon.pid.to_string().into()),
        ("started", daemon.started_at.into()),
        ("uptime_seconds", daemon.uptime_seconds.into()),
        ("listen", daemon.listen.into()),
        ("socket", daemon.socket.into()),
        ("state_dir", daemon.state_dir.into()),
        ("store_bytes", daemon.store_bytes.into()),
        ("sqlite", daemon.sqlite_version.into()),
        ("role", format!("{:?}", link.welcome.role).to_lowercase().into()),
    ];
    desk.out.facts("daemon.info", &facts)?;
    Ok(Exit::Done)
}

async fn reload(desk: &Desk<'_>) -> Ended {
    let link = desk.link().await?;
    let done = link.change(link.client.daemon_reload(link.within(), desk.globals.change())).await;
    if !desk.globals.dry_run {
        let nothing = "the configuration was read; nothing is different";
        return differences(desk, "daemon.reload", nothing, &done?);
    }
    let would = done.map_err(unusable)?;
    let ended = differences(desk, "daemon.reload", "dry run: a reload would change nothing", &would);
    if !would.changed.is_empty() {
        desk.out.note("dry run: a reload would change this; nothing was changed");
    }
    ended
}

/// A configuration that is refused is at fault itself.
fn unusable(failure: Failure) -> Failure {
    match failure.code {
        "invalid" => Failure { exit: Exit::Config, code: Exit::Config.word(), ..failure },
        _ => failure,
    }
}

/// What is different, and what takes a restart.
fn differences(desk: &Desk<'_>, what: &str, nothing: &str, done: &ReloadView) -> Ended {
    let (changed, restart) = (&done.changed, &done.needs_restart);
    match desk.out.format {
        Format::Json | Format::Jsonl => {
            desk.out.document(what, json!({"changed": changed, "needs_restart": restart}))?;
        }
        Format::Table | Format::Wide if changed.is_empty() => desk.out.did(what, nothing, json!({}))?,
        _ => {
            let mut listing = desk.out.list(what)?;
            listing.page(changed)?;
            listing.close(None, None)?;
        }
    }
    if !restart.is_empty() {
        desk.out.note(&format!("after a restart only: {}", restart.join(", ")));
    }
    Ok(Exit::Done)
}

impl Shutdown {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let (host, pid) = (&link.welcome.host, link.welcome.daemon.pid);
        let drain = self.drain.map(|drain| u32::try_from(drain.as_secs()).unwrap_or(u32::MAX));
        if !confirm::is_answered(desk.globals) {
            let call = link.client.daemon_shutdown(link.within(), drain, desk.globals.rehearsal());
            link.read(call).await?;
            confirm::yes(desk.globals, desk.out, &format!("Stop notifyd, pid {pid} on {host}?"))?;
        }
        let call = link.client.daemon_shutdown(link.within(), drain, desk.globals.change());
        link.change(call).await?;
        let sentence = if desk.globals.dry_run {
            format!("dry run: notifyd, pid {pid}, would be stopped")
        } else {
            format!("notifyd, pid {pid}, is stopping")
        };
        desk.out.did("daemon.shutdown", &sentence, json!({"pid": pid, "dry_run": desk.globals.dry_run}))?;
        Ok(Exit::Done)
    }
}

impl ConfigShow {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let ConfigView { file, settings } = link.read(link.client.daemon_config(link.within())).await?;
        let shown = |it: &&SettingView| self.all || !desk.out.for_people() || it.value != it.default;
        let shown: Vec<_> = settings.iter().filter(shown).cloned().collect();
        desk.out.whole("daemon.config.show", &shown)?;
        let file =
            file.map_or_else(|| "no configuration file".to_owned(), |file| format!("read from {file}"));
        let hidden = settings.len() - shown.len();
        match hidden {
            0 => desk.out.note(&file),
            hidden => desk.out.note(&format!("{file}; {hidden} more have their defaults: --all shows them")),
        }
        Ok(Exit::Done)
    }
}

impl ConfigCheck {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let failed = |error| {
            let message = format!("{}: cannot be read: {error}", self.file.display());
            Failure::new(Exit::Config, message)
        };
        let text = if self.file == Path::new("-") {
            std::io::read_to_string(std::io::stdin().lock())
        } else {
            std::fs::read_to_string(&self.file)
        };
        let text = text.map_err(failed)?;
        let link = desk.link().await?;
        let checked = link.read(link.client.daemon_config_check(link.within(), text)).await;
        let checked = checked.map_err(unusable)?;
        differences(desk, "daemon.config.check", "it can be used; a reload would change nothing", &checked)
    }
}

impl LogFilter {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let for_ms = u64::try_from(self.lasts.as_millis()).unwrap_or(u64::MAX);
        let call = link.client.daemon_log_filter(link.within(), self.filter, for_ms, desk.globals.change());
        let view = link.change(call).await?;
        let would = if desk.globals.dry_run { "dry run: it would log by " } else { "it logs by " };
        let sentence = match view.until {
            Some(until) => {
                format!("{would}{} until {}, then by {} again", view.filter, rfc3339(until), view.configured)
            }
            None => format!("{would}{}, as configured", view.filter),
        };
        desk.out.changed("daemon.log_filter", "log_filter", &sentence, &view)?;
        Ok(Exit::Done)
    }
}

impl Row for SettingView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("key", |it| it.key.as_str().into()),
        always("value", |it| it.value.to_string().into()),
        always("default", |it| it.default.to_string().into()),
        always("live", |it| if it.live { "yes" } else { "restart" }.into()),
    ];

    fn id(&self) -> String {
        self.key.clone()
    }
}

impl Row for LogFilterView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("filter", |it| it.filter.as_str().into()),
        always("configured", |it| it.configured.as_str().into()),
        always("until", |it| it.until.into()),
    ];

    fn id(&self) -> String {
        self.filter.clone()
    }
}
