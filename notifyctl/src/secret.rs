//! Secrets come in by file or standard input, never by a flag's value, and what the daemon makes of them goes out once.

use crate::cli::Format;
use crate::failure::{Exit, Failure};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Largest secret, bytes.
const MAX_SECRET: u64 = 64 * 1_024;

/// A secret that was read, and what to tell about how it is kept.
pub(crate) struct Secret {
    pub(crate) text: String,
    pub(crate) warning: Option<String>,
}

/// Reads a secret from a file, or from standard input for `-`. One newline at its end belongs to the file, not to it.
pub(crate) fn read(path: &Path) -> Result<Secret, Failure> {
    let failed =
        |problem: &str| Failure::new(Exit::Config, format!("the secret in {} {problem}", path.display()));
    let mut text = String::new();
    let mut warning = None;
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MAX_SECRET + 1).read_to_string(&mut text)
    } else {
        warning = fs::metadata(path).ok().filter(|it| it.permissions().mode() & 0o077 != 0).map(|_| {
            let path = path.display();
            format!("{path} can be read by others; chmod 600 {path}")
        });
        File::open(path).and_then(|file| file.take(MAX_SECRET + 1).read_to_string(&mut text))
    };
    read.map_err(|error| failed(&format!("cannot be read: {error}")))?;
    if text.len() as u64 > MAX_SECRET {
        return Err(failed("is longer than 64 KiB"));
    }
    let kept = text.strip_suffix('\n').map_or(text.as_str(), |rest| rest.strip_suffix('\r').unwrap_or(rest));
    if kept.is_empty() {
        return Err(failed("is empty"));
    }
    Ok(Secret { text: kept.to_owned(), warning })
}

/// What the daemon makes and tells once, in words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Once {
    what: &'static str,
    /// The flag that names a file for it.
    flag: &'static str,
    /// How to get another one.
    again: &'static str,
}

/// A service's API key.
pub(crate) const API_KEY: Once =
    Once { what: "key", flag: "--key-file", again: "notifyctl service key reset" };

/// A webhook's signing secret.
pub(crate) const SIGNING_SECRET: Once =
    Once { what: "secret", flag: "--secret-out", again: "notifyctl webhook secret rotate" };

impl Once {
    /// Refuses outputs that would lose it, before anything is asked or made.
    pub(crate) fn check_output(self, format: Format, file: Option<&Path>) -> Result<(), Failure> {
        let Self { what, flag, .. } = self;
        match file {
            Some(path) if path.symlink_metadata().is_ok() => return Err(Failure::exists(flag, path)),
            None if matches!(format, Format::Id | Format::Csv) => {}
            _ => return Ok(()),
        }
        let message = format!("this output has no place for the {what}, which is shown only once");
        Err(Failure::new(Exit::Usage, message).hint(format!("use {flag}, or --output plain, json or table")))
    }

    /// Makes the file for it, where there will be something to keep.
    pub(crate) fn place(self, dry_run: bool, file: Option<&Path>) -> Result<Option<KeyFile>, Failure> {
        file.filter(|_| !dry_run).map(|path| KeyFile::create(self, path)).transpose()
    }
}

/// The file for what is told once. It is made before the daemon is asked, so that nothing is made without a place for it, and
/// removed again when there is nothing to keep.
pub(crate) struct KeyFile {
    of: Once,
    path: PathBuf,
    file: Option<File>,
}

impl KeyFile {
    /// Makes the file, mode 0600. It must not exist.
    fn create(of: Once, path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                return Failure::exists(of.flag, path);
            }
            Failure::new(Exit::Config, format!("{}: cannot make {}: {error}", of.flag, path.display()))
        })?;
        Ok(Self { of, path: path.to_owned(), file: Some(file) })
    }

    /// Writes it.
    pub(crate) fn keep(mut self, text: &str) -> Result<PathBuf, Failure> {
        let written = match self.file.take() {
            Some(mut file) => file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all()),
            None => Ok(()),
        };
        let (Once { what, again, .. }, path) = (self.of, self.path.clone());
        written.map(|()| path.clone()).map_err(|error| {
            let message =
                format!("the {what} was made but could not be written to {}: {error}", path.display());
            Failure::new(Exit::Refused, message).hint(format!("make another one: {again}"))
        })
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_loses_one_newline_and_an_open_file_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pass");
        fs::write(&path, "hunter2\n\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let secret = read(&path).unwrap();
        assert_eq!(secret.text, "hunter2\n");
        assert!(secret.warning.unwrap().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(read(&path).unwrap().warning.is_none());
        fs::write(&path, "\r\n").unwrap();
        assert_eq!(read(&path).err().unwrap().exit, Exit::Config);
        assert_eq!(read(&dir.path().join("none")).err().unwrap().exit, Exit::Config);
    }

    #[test]
    fn a_key_file_is_new_closed_to_others_and_gone_when_there_is_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("acme.key");
        drop(KeyFile::create(API_KEY, &path).unwrap());
        assert!(!path.exists());
        KeyFile::create(API_KEY, &path).unwrap().keep("the-key").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "the-key\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let failure = KeyFile::create(API_KEY, &path).err().unwrap();
        assert_eq!(failure.exit, Exit::Conflict);
    }

    #[test]
    fn what_could_not_be_kept_is_made_anew_as_what_it_is() {
        for (of, again) in [(API_KEY, "service key reset"), (SIGNING_SECRET, "webhook secret rotate")] {
            // It takes the file, and no byte.
            let file = OpenOptions::new().write(true).open("/dev/full").ok();
            let kept = KeyFile { of, path: "full".into(), file }.keep("hunter2");
            let failure = kept.err().unwrap();
            assert!(failure.hint.unwrap().ends_with(again) && !failure.message.contains("hunter2"));
            let refused = of.check_output(Format::Id, None).err().unwrap();
            assert!(refused.hint.unwrap().contains(of.flag));
        }
    }
}
