//! `notifyctl completions`.

use crate::failure::{Ended, Exit};
use crate::output::Out;
use clap::Args;
use clap_complete::Shell;

/// A completion script.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  notifyctl completions bash > /etc/bash_completion.d/notifyctl
  notifyctl completions zsh > \"${fpath[1]}/_notifyctl\"
  notifyctl completions fish > ~/.config/fish/completions/notifyctl.fish")]
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
