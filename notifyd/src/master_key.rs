//! The key that seals providers' secrets and keys the hashes of API keys: 32 bytes as 64 hex digits in a file of mode
//! 0600, outside the database.
//!
//! It is looked for in `NOTIFYD_MASTER_KEY_FILE`, the systemd credential `master.key`, beside the configuration, and in
//! the state directory. If it is nowhere it is made: beside the configuration when there is one and its directory can be
//! written to, else in the state directory. A log that was written with a key is never given a new one.

use crate::failure::Failure;
use crate::places::Places;
use notifyd_lifecycle::{Entropy, Secret};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const FILE: &str = "master.key";

/// Finds or makes the key. `named` is `NOTIFYD_MASTER_KEY_FILE`, `credentials` is `CREDENTIALS_DIRECTORY`.
pub fn load(
    places: &Places,
    named: Option<PathBuf>,
    credentials: Option<PathBuf>,
    entropy: &dyn Entropy,
) -> Result<Secret<[u8; 32]>, Failure> {
    if let Some(path) = named {
        return read(&path, true);
    }
    if let Some(path) = credentials.map(|dir| dir.join(FILE)).filter(|path| path.exists()) {
        // The service manager owns this file and its mode.
        return read(&path, false);
    }
    let beside = places.config.as_ref().and_then(|config| config.parent()).map(|dir| dir.join(FILE));
    let state = places.state.join(FILE);
    for path in beside.iter().chain([&state]) {
        if path.exists() {
            return read(path, true);
        }
    }
    if places.state.join("notifyd.db").exists() {
        return Err(Failure::Configuration(format!(
            "the log in {} was written with a master key, but there is none in {}; put it back, or name it in NOTIFYD_MASTER_KEY_FILE",
            places.state.display(),
            beside.unwrap_or(state).display()
        )));
    }
    match beside.map(|path| make(&path, entropy)) {
        // The directory of a configuration usually belongs to somebody else.
        Some(Err(Failure::Io { source, .. })) if closed(&source) => make(&state, entropy),
        Some(made) => made,
        None => make(&state, entropy),
    }
}

fn closed(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

fn read(path: &Path, own: bool) -> Result<Secret<[u8; 32]>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::Configuration(format!("cannot read the master key {}: {error}", path.display()))
    };
    let meta = fs::metadata(path).map_err(unreadable)?;
    if !meta.is_file() {
        // Opening a pipe would wait for somebody to write into it.
        return Err(Failure::Configuration(format!("the master key {} is not a file", path.display())));
    }
    if own && meta.mode() & 0o077 != 0 {
        return Err(Failure::Configuration(format!(
            "the master key {} can be read by others; run: chmod 600 {0}",
            path.display()
        )));
    }
    if own && meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(Failure::Configuration(format!(
            "the master key {} belongs to another user (uid {}); run notifyd as that user, or chown the file",
            path.display(),
            meta.uid()
        )));
    }
    let text = Secret::new(fs::read_to_string(path).map_err(unreadable)?);
    parse(text.expose().trim()).ok_or_else(|| {
        Failure::Configuration(format!("the master key {} is not 64 hex digits", path.display()))
    })
}

fn parse(text: &str) -> Option<Secret<[u8; 32]>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut key = [0; 32];
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(Secret::new(key))
}

fn make(path: &Path, entropy: &dyn Entropy) -> Result<Secret<[u8; 32]>, Failure> {
    let io = |act: &'static str| {
        let path = path.to_owned();
        move |source| Failure::Io { act, path, source }
    };
    let mut key = [0; 32];
    entropy.fill(&mut key);
    let mut text = String::with_capacity(65);
    for byte in key {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    let text = Secret::new(text);
    // Whole or not at all, and on disk by its name before anything is written with it: without it the log is lost.
    let mut number = [0; 4];
    entropy.fill(&mut number);
    let draft = path.with_extension(format!("{:08x}.new", u32::from_be_bytes(number)));
    let written = write(&draft, &text).and_then(|()| fs::hard_link(&draft, path));
    // A draft that cannot be removed is a file that nobody reads.
    let _ = fs::remove_file(&draft);
    written.map_err(io("cannot create the master key"))?;
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))
        .and_then(|directory| directory.sync_all())
        .map_err(io("cannot write the directory of the master key"))?;
    Ok(Secret::new(key))
}

/// Writes a new file that only its owner can read, down to the disk.
fn write(path: &Path, text: &Secret<String>) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.expose().as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use notifyd_lifecycle::entropy::SeededEntropy;
    use std::os::unix::fs::PermissionsExt;

    fn place() -> Places {
        let state = std::env::temp_dir().join(format!("notifyd-key-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&state).unwrap();
        Places { config: None, socket: state.join("s"), state }
    }

    fn load(places: &Places) -> Result<Secret<[u8; 32]>, Failure> {
        super::load(places, None, None, &SeededEntropy::new(1))
    }

    #[test]
    fn it_is_made_once_and_found_again() {
        let places = place();
        let made = load(&places).unwrap();
        let path = places.state.join(FILE);
        let found = fs::metadata(&path).unwrap();
        assert_eq!((found.mode() & 0o777, found.nlink()), (0o600, 1), "the draft is gone");
        assert_eq!(load(&places).unwrap().expose(), made.expose());
        fs::remove_dir_all(places.state).unwrap();
    }

    #[test]
    fn what_is_no_file_is_refused_and_not_waited_for() {
        let places = place();
        let path = places.state.join(FILE);
        fs::create_dir(&path).unwrap();
        let wrong = load(&places).unwrap_err();
        assert!(wrong.to_string().ends_with("is not a file") && wrong.code() == 78, "{wrong}");
        fs::remove_dir_all(places.state).unwrap();
    }

    #[test]
    fn only_a_directory_that_is_closed_makes_it_look_further() {
        assert!(closed(&ErrorKind::PermissionDenied.into()) && closed(&ErrorKind::ReadOnlyFilesystem.into()));
        let mut places = place();
        // A directory that is not there is a mistake, not a wall.
        places.config = Some(places.state.join("nowhere/notifyd.toml"));
        assert_eq!(load(&places).unwrap_err().code(), 74);
        assert!(!places.state.join(FILE).exists());
        fs::remove_dir_all(places.state).unwrap();
    }

    #[test]
    fn a_lost_wrong_or_open_key_is_refused_and_nothing_is_made() {
        let places = place();
        fs::write(places.state.join("notifyd.db"), "").unwrap();
        let lost = load(&places).unwrap_err();
        assert!(lost.to_string().contains("put it back"), "{lost}");
        assert!(!places.state.join(FILE).exists());
        let path = places.state.join(FILE);
        fs::write(&path, "zz").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load(&places).unwrap_err().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let wrong = load(&places).unwrap_err();
        assert!(wrong.to_string().contains("64 hex digits"));
        assert_eq!(wrong.code(), 78);
        fs::remove_dir_all(places.state).unwrap();
    }
}
