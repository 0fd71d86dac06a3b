//! `notifyctl daemon`.

use super::Desk;
use crate::cli::Format;
use crate::confirm;
use crate::failure::{Ended, Exit};
use crate::given;
use clap::{Args, Subcommand};
use serde_json::json;
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
        after_help = "All of it is taken over, or nothing. It says what changed, and what takes a restart.

Examples:
  notifyctl daemon reload --reason \"more workers\"
  notifyctl daemon reload --json | jq .needs_restart"
    )]
    Reload,
    /// Stop the daemon
    #[command(after_help = "Attempts under way may end; nothing new is begun, and nothing is lost.

Examples:
  notifyctl daemon shutdown --yes
  notifyctl daemon shutdown --drain 30s --yes --reason \"kernel update\"")]
    Shutdown(Shutdown),
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
    let done = link.change(link.client.daemon_reload(link.within(), desk.globals.change())).await?;
    let (changed, restart) = (&done.changed, &done.needs_restart);
    match desk.out.format {
        Format::Json | Format::Jsonl => {
            desk.out.document("daemon.reload", json!({"changed": changed, "needs_restart": restart}))?;
        }
        Format::Table | Format::Wide if changed.is_empty() => {
            desk.out.did("daemon.reload", "the configuration was read; nothing is different", json!({}))?;
        }
        _ => {
            let mut listing = desk.out.list("daemon.reload")?;
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
