//! `notifyctl completions`.

use crate::failure::{Ended, Exit};
use crate::output::Out;
use clap::Args;
use clap_complete::Shell;

/// A completion script.
#[derive(Debug, Args)]
#[command(
    after_help = "The script completes commands and flags. To have names and ids completed as well, as the daemon knows them at the
moment, have the shell ask notifyctl instead; it answers within 150 ms, or offers nothing. In bash and zsh, source <(COMPLETE=bash notifyctl), with the name of
the shell; in fish, COMPLETE=fish notifyctl | source.

Examples:
  notifyctl completions bash > /etc/bash_completion.d/notifyctl
  notifyctl completions zsh > \"${fpath[1]}/_notifyctl\"
  notifyctl completions fish > ~/.config/fish/completions/notifyctl.fish"
)]
pub struct Completions {
    /// For which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, out: &Out) -> Ended {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::command(), "notifyctl", &mut script);
        out.raw(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}
