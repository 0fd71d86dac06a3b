//! The file of an export. It has whole rows alone, whatever happens.

use super::Told;
use super::record;
use notify_proto::text;
use notify_proto::view::NotificationView;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// It.
pub(super) struct Sheet {
    file: File,
    path: PathBuf,
    partial: PathBuf,
    csv: bool,
    /// Bytes of the rows so far.
    bytes: u64,
    /// Rows so far.
    pub(super) rows: u64,
}

impl Sheet {
    /// A new one for its owner alone; nothing is written over.
    pub(super) fn create(name: &str, csv: bool) -> Result<Self, String> {
        let path = std::path::absolute(name).map_err(|error| format!("{name}: {error}"))?;
        let partial = PathBuf::from(format!("{}.partial", path.display()));
        let fault = |at: &PathBuf, error: &io::Error| format!("{}: {error}", at.display());
        let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial);
        let file = open.map_err(|error| fault(&partial, &error))?;
        // Looked for once the other is ours: nobody else can be about to give it this name.
        let sheet = Self { file, path, partial, csv, bytes: 0, rows: 0 };
        if sheet.path.symlink_metadata().is_ok() {
            return Err(fault(&sheet.path, &io::ErrorKind::AlreadyExists.into()));
        }
        Ok(sheet)
    }

    /// Adds rows: all of them or none.
    pub(super) fn write(&mut self, rows: &[NotificationView]) -> io::Result<()> {
        let mut lines = String::new();
        if self.csv && self.bytes == 0 {
            lines = record::head();
        }
        for row in rows {
            lines.push_str(&if self.csv { record::csv(row) } else { text::json(row)? });
            lines.push('\n');
        }
        if let Err(error) = self.file.write_all(lines.as_bytes()) {
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes += lines.len() as u64;
        self.rows += rows.len() as u64;
        Ok(())
    }

    /// All of it is there: it gets its name.
    pub(super) fn finish(self) -> Told {
        let named = self.file.sync_all().and_then(|()| fs::rename(&self.partial, &self.path));
        match named {
            Ok(()) => Told::Done(self.rows, self.path.display().to_string()),
            Err(error) => self.leave(error.to_string()),
        }
    }

    /// It ends here: what was written stays.
    pub(super) fn leave(self, why: String) -> Told {
        let place = (self.rows > 0).then(|| self.partial.display().to_string());
        Told::Ended(self.rows, place, why)
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        // Also when the program ends in the middle of it: nothing is left of nothing.
        if self.rows == 0 {
            let _ = fs::remove_file(&self.partial);
        }
    }
}
