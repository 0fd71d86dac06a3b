//! Secrets come in by file or standard input, never by a flag's value, and keys go out once.

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

/// The file a new key goes to. It is made before the daemon is asked, so that a key is never made without a place, and
/// removed again when there is none.
pub(crate) struct KeyFile {
    path: PathBuf,
    file: Option<File>,
}

impl KeyFile {
    /// Makes the file, mode 0600. It must not exist.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
                let failure = Failure::new(
                    Exit::Config,
                    format!("cannot make the key file {}: {error}", path.display()),
                );
                if error.kind() == io::ErrorKind::AlreadyExists {
                    failure.hint("a key file is never written over; name another or remove it")
                } else {
                    failure
                }
            })?;
        Ok(Self { path: path.to_owned(), file: Some(file) })
    }

    /// Writes the key.
    pub(crate) fn keep(mut self, key: &str) -> Result<PathBuf, Failure> {
        let written = match self.file.take() {
            Some(mut file) => file.write_all(format!("{key}\n").as_bytes()).and_then(|()| file.sync_all()),
            None => Ok(()),
        };
        let path = self.path.clone();
        written.map(|()| path.clone()).map_err(|error| {
            let message = format!("the key was made but could not be written to {}: {error}", path.display());
            Failure::new(Exit::Refused, message).hint("make another one: notifyctl service key reset")
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
        drop(KeyFile::create(&path).unwrap());
        assert!(!path.exists());
        KeyFile::create(&path).unwrap().keep("the-key").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "the-key\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let failure = KeyFile::create(&path).err().unwrap();
        assert!(failure.hint.unwrap().contains("never written over"));
    }
}
