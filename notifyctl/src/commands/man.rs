//! `notifyctl man`.

use crate::failure::{Ended, Exit, Failure};
use crate::output::Out;
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

/// The man pages.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  notifyctl man | man -l -\n  notifyctl man --dir /usr/local/share/man/man1
Pages that are there already are written anew."
)]
pub struct Man {
    /// Write one page per command into this directory [default: the main page, to standard output]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(&self, out: &Out) -> Ended {
        let Some(dir) = &self.dir else {
            out.raw(&crate::man::main_page())?;
            return Ok(Exit::Done);
        };
        let failed = |path: &Path, error: std::io::Error| {
            Failure::new(Exit::Config, format!("--dir: cannot write {}: {error}", path.display()))
        };
        if dir.exists() && !dir.is_dir() {
            return Err(Failure::exists("--dir", dir).into());
        }
        if out.is_rehearsal() {
            let pages = crate::man::pages().len();
            out.note(&format!("dry run: {pages} man pages would be written into {}", dir.display()));
            return Ok(Exit::Done);
        }
        fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
        let pages = crate::man::pages();
        for (name, page) in &pages {
            let path = dir.join(name);
            fs::write(&path, page).map_err(|error| failed(&path, error))?;
        }
        out.note(&format!("{} man pages are in {}", pages.len(), dir.display()));
        Ok(Exit::Done)
    }
}
