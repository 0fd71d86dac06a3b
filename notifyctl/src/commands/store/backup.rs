//! `notifyctl store backup`.

use super::super::Desk;
use super::super::operation::follow::{Interrupts, Stay, begin, finish};
use super::dry;
use crate::failure::{Ended, Exit, Failure};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// A copy of the log.
#[derive(Debug, Args)]
#[command(
    after_help = "The daemon writes the file, so its user must be allowed to; the file must not exist. Nothing that goes on
waits for it. Put it back with notifyd --restore FILE: what had not come to its end is then held.

Examples:
  notifyctl store backup
  notifyctl store backup /var/backups/notifyd.db --reason \"before the upgrade\"
  notifyctl store backup --json | jq -r .path"
)]
pub struct Backup {
    /// The file to write [default: one named after the time, in backups/ of the state directory]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    stay: Stay,
}

impl Backup {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let path = self.file.as_deref().map(absolute).transpose()?;
        let link = desk.link().await?;
        let mut interrupts = Interrupts::catch()?;
        let call = link.client.store_backup(link.within(), path, desk.globals.change());
        let begun = begin(desk, &link, &mut interrupts, call).await?;
        let Some(begun) = begun.some() else { return dry(desk, "store.backup", "the log would be copied") };
        let members = |it: &notify_proto::upkeep::OperationView| json!({"path": it.path, "bytes": it.bytes});
        finish(desk, &link, &mut interrupts, "store.backup", begun, self.stay, members).await
    }
}

/// As seen from here: the daemon has another directory.
fn absolute(file: &Path) -> Result<String, Failure> {
    let wrong = |why: &str| Failure::new(Exit::Usage, format!("cannot write to {}: {why}", file.display()));
    let path = std::path::absolute(file).map_err(|error| wrong(&error.to_string()))?;
    path.to_str().map(str::to_owned).ok_or_else(|| wrong("the name is not UTF-8"))
}
