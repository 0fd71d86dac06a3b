//! `notifyctl operation`.

mod cancel;
pub(crate) mod follow;
mod wait;

use super::Desk;
use crate::failure::{Ended, Exit};
use crate::given;
use crate::output::Rows;
use clap::{Args, Subcommand};

pub(crate) const EXAMPLES: &str = "Examples:
  notifyctl operation list
  notifyctl op wait op_3 --timeout 10m
  notifyctl op cancel op_3 --yes";

/// Long work: who asked for it need not stay for it.
#[derive(Debug, Subcommand)]
pub enum Operation {
    /// List the operations of the last 30 days, newest first
    #[command(
        after_help = "The newest 200 are shown. What changes notifications in bulk goes on after a restart of the daemon;\nother work fails with it.\n\nExamples:\n  notifyctl operation list\n  notifyctl op list --filter 'state:failed verb:store.*' --limit 5\n  notifyctl op list --json | jq '.items[] | select(.state==\"running\")'"
    )]
    List(List),
    /// Show one operation
    #[command(after_help = "Examples:\n  notifyctl operation show op_3")]
    Show(Id),
    /// Wait until an operation has ended
    Wait(wait::Wait),
    /// Have an operation given up
    #[command(after_help = "It ends at its next step; what it did until then stays done.

Examples:
  notifyctl operation cancel op_3 --yes --reason \"disk is busy\"")]
    Cancel(Id),
}

/// Some operations.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    rows: Rows,
    /// No more than so many, the newest [default: all 200]
    #[arg(long, value_name = "N", value_parser = given::whole(1_usize..))]
    limit: Option<usize>,
}

/// One operation.
#[derive(Debug, Args)]
pub struct Id {
    /// Its id, such as op_3
    #[arg(value_name = "ID")]
    id: String,
}

impl Operation {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        match self {
            Self::List(it) => it.run(desk).await,
            Self::Show(it) => show(desk, it.id).await,
            Self::Wait(wait) => wait.run(desk).await,
            Self::Cancel(it) => cancel::run(desk, it.id).await,
        }
    }
}

impl List {
    async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let operations = link.read(link.client.operation_list(link.within())).await?;
        let mut operations = self.rows.of(desk.out, operations)?;
        operations.truncate(self.limit.unwrap_or(usize::MAX));
        desk.out.whole("operation.list", &operations)?;
        Ok(Exit::Done)
    }
}

async fn show(desk: &Desk<'_>, id: String) -> Ended {
    let link = desk.link().await?;
    let operation = link.read(link.client.operation_show(link.within(), id, 0)).await?;
    desk.out.one("operation.show", "operation", &operation)?;
    if desk.out.for_people() && !operation.refusals.is_empty() {
        desk.out.heading("refused")?;
        let mut listing = desk.out.list("operation.show")?;
        listing.page(&operation.refusals)?;
        listing.close(None, None)?;
    }
    Ok(Exit::Done)
}
