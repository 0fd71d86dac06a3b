//! `notifyctl operation wait`.

use super::super::Desk;
use super::follow::{Interrupts, refusals, to_the_end};
use crate::failure::{Ended, Exit, Failure};
use clap::Args;
use notify_proto::upkeep::{OperationState, OperationView};
use std::time::Duration;

/// How long to wait when nothing is said.
const PATIENCE: Duration = Duration::from_mins(1);

/// A wait.
#[derive(Debug, Args)]
#[command(
    after_help = "--timeout says how long to wait in all [default: 60s]. Exit code 8: waited in vain, or it did not end well;
7 or 5: some or all notifications refused.

Examples:
  notifyctl operation wait op_3
  notifyctl store backup --no-wait --json | jq -r .operation.id | xargs notifyctl op wait --timeout 10m"
)]
pub struct Wait {
    /// Its id, such as op_3
    #[arg(value_name = "ID")]
    id: String,
}

impl Wait {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link_to_wait().await?;
        let mut interrupts = Interrupts::catch()?;
        let now = link.read(link.client.operation_show(link.within(), self.id, 0)).await?;
        let patience = desk.globals.timeout.unwrap_or(PATIENCE);
        let operation = to_the_end(desk, &link, now, Some(patience), &mut interrupts).await?;
        let sentence = format!("{}: {}", operation.id, said(&operation));
        if operation.state == OperationState::Done {
            desk.out.changed("operation.wait", "operation", &sentence, &operation)?;
            return refusals(&operation);
        }
        if !desk.out.for_people() {
            desk.out.one("operation.wait", "operation", &operation)?;
        }
        let failure = Failure::new(Exit::InVain, sentence);
        let hint = operation.error.and_then(|error| error.hint);
        Err(match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
        .into())
    }
}

/// What became of it, in its own words.
pub(crate) fn said(operation: &OperationView) -> String {
    let error = operation.error.as_ref().map(|error| error.message.clone());
    let in_a_word = || match operation.state {
        OperationState::Running => format!("{} goes on", operation.verb),
        state => format!("{} is {}", operation.verb, state.as_str()),
    };
    operation.result.clone().or(error).unwrap_or_else(in_a_word)
}
