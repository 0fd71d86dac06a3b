//! `notifyctl operation wait`.

use super::super::Desk;
use super::follow::{Interrupts, refusals, to_the_end};
use crate::clock;
use crate::commands::notification::ids::read_as;
use crate::failure::{Ended, Exit, Failure, Stop};
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
  notifyctl op list -o id | notifyctl op wait -
  notifyctl store backup --no-wait --json | jq -r .operation.id | xargs notifyctl op wait --timeout 10m"
)]
pub struct Wait {
    /// Their ids, such as op_3, or - for standard input: one per line
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

impl Wait {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link_to_wait().await?;
        let mut interrupts = Interrupts::catch()?;
        let patience = desk.globals.timeout.unwrap_or(PATIENCE);
        let (begun, ids) = (clock::start(), read_as(&self.ids, |text| Ok(text.to_owned()))?);
        // Several are one list for a program.
        let many = ids.len() > 1 && !desk.out.for_people();
        let mut listing = many.then(|| desk.out.list("operation.wait")).transpose()?;
        let mut worst = Ok(Exit::Done);
        for id in ids {
            let now = link.read(link.client.operation_show(link.within(), id, 0)).await?;
            let left = patience.saturating_sub(begun.elapsed());
            let operation = to_the_end(desk, &link, now, Some(left), &mut interrupts).await?;
            let ended = match &mut listing {
                Some(listing) => {
                    listing.page(std::slice::from_ref(&operation))?;
                    Self::end(&operation)
                }
                None => Self::tell(desk, &operation),
            };
            // Of several each is told at once, and what went wrong first is how it ends.
            match (&worst, ended) {
                (Ok(Exit::Done), ended) => worst = ended,
                (_, Err(Stop::Failed(failure))) => desk.out.note(&failure.message),
                _ => {}
            }
        }
        if let Some(listing) = listing {
            listing.close(None, None)?;
        }
        worst
    }

    fn tell(desk: &Desk<'_>, operation: &OperationView) -> Ended {
        if operation.state == OperationState::Done {
            desk.out.changed("operation.wait", "operation", &sentence(operation), operation)?;
        } else if !desk.out.for_people() {
            desk.out.one("operation.wait", "operation", operation)?;
        }
        Self::end(operation)
    }

    fn end(operation: &OperationView) -> Ended {
        if operation.state == OperationState::Done {
            return refusals(operation);
        }
        let failure = Failure::new(Exit::InVain, sentence(operation));
        let hint = operation.error.as_ref().and_then(|error| error.hint.clone());
        Err(match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
        .into())
    }
}

fn sentence(operation: &OperationView) -> String {
    format!("{}: {}", operation.id, said(operation))
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
