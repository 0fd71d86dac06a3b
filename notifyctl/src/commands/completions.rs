//! `notifyctl completions`.

use crate::failure::{Ended, Exit};
use crate::output::Out;
use clap::Args;
use clap_complete::Shell;

/// A completion script.
#[derive(Debug, Args)]
#[command(
    after_help = "With the script the shell asks notifyctl while you type: for commands and flags, and for names and ids as the daemon knows
them at the moment. That takes 150 ms at most; without a daemon, only commands and flags are offered. The script stays good
when notifyctl is upgraded. With --static it asks nobody, and offers commands and flags alone.

Examples:
  notifyctl completions bash > /etc/bash_completion.d/notifyctl
  notifyctl completions zsh > \"${fpath[1]}/_notifyctl\"
  notifyctl completions fish > ~/.config/fish/completions/notifyctl.fish"
)]
pub struct Completions {
    /// For which shell
    #[arg(value_enum)]
    shell: Shell,
    /// A script that asks nobody: of commands and flags alone
    #[arg(long = "static")]
    fixed: bool,
}

impl Completions {
    pub(crate) fn run(&self, out: &Out) -> Ended {
        if let Some(script) = asking(self.shell).filter(|_| !self.fixed) {
            out.raw(script)?;
        } else {
            let mut script = Vec::new();
            clap_complete::generate(self.shell, &mut crate::command(), "notifyctl", &mut script);
            out.raw(&String::from_utf8_lossy(&script))?;
        }
        Ok(Exit::Done)
    }
}

/// What has a shell ask notifyctl. How it asks is only told by the notifyctl it asks, so that both are of the same version.
const fn asking(shell: Shell) -> Option<&'static str> {
    match shell {
        Shell::Bash => Some("source <(COMPLETE=bash notifyctl)\n"),
        // It is read when something is completed for the first time, and has to do that as well.
        Shell::Zsh => Some(
            "#compdef notifyctl\nsource <(COMPLETE=zsh notifyctl)\n[[ $funcstack[1] = _notifyctl ]] && $_comps[notifyctl] \"$@\"\n",
        ),
        Shell::Fish => Some("COMPLETE=fish notifyctl | source\n"),
        Shell::Elvish => Some("eval (E:COMPLETE=elvish notifyctl | slurp)\n"),
        Shell::PowerShell => Some(
            "$env:COMPLETE = \"powershell\"\nnotifyctl | Out-String | Invoke-Expression\nRemove-Item Env:\\COMPLETE\n",
        ),
        // Whichever is added: what it is asked with is not known here.
        _ => None,
    }
}
