//! Making the socket: its directory, its modes, and what to do when something is there already.

use crate::options::Options;
use nix::unistd::Group;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The configuration names no place.
    #[error("no place for the control socket is configured")]
    NoPath,
    /// A live daemon has it.
    #[error("another notifyd answers on {}", path.display())]
    Answered {
        /// The socket.
        path: PathBuf,
    },
    /// Something else is in its place.
    #[error("{} exists and is not a socket", path.display())]
    NotASocket {
        /// What is there.
        path: PathBuf,
    },
    /// A step failed.
    #[error("cannot {act} {}", path.display())]
    Io {
        /// What was tried.
        act: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// A bound socket file; removed when dropped, unless somebody put another in its place.
#[derive(Debug)]
pub(crate) struct SocketFile {
    pub(crate) path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|it| (it.dev(), it.ino()))
}

/// Binds the socket.
pub(crate) async fn bind(options: &Options) -> Result<(UnixListener, SocketFile), BindError> {
    let path = options.socket.clone().ok_or(BindError::NoPath)?;
    let failed = |act, path: &Path| {
        let path = path.to_owned();
        move |source| BindError::Io { act, path, source }
    };
    let group = readers(options);
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        make_directory(directory, group).map_err(failed("make the directory", directory))?;
    }
    make_way(&path).await?;
    let listener = UnixListener::bind(&path).map_err(failed("bind the socket", &path))?;
    let file = SocketFile { identity: identity(&path), path: path.clone() };
    fs::set_permissions(&path, Permissions::from_mode(0o660)).map_err(failed("set the mode of", &path))?;
    if group.is_some() {
        chown(&path, None, group).map_err(failed("set the group of", &path))?;
    }
    Ok((listener, file))
}

/// The group the socket belongs to: the readers', when it exists and we are root and may give it away.
fn readers(options: &Options) -> Option<u32> {
    let root = nix::unistd::geteuid().is_root();
    let group = root.then(|| Group::from_name(&options.group_read).ok().flatten()).flatten();
    group.map(|group| group.gid.as_raw())
}

/// A directory that is there already is left as it is: its owner chose its modes.
fn make_directory(directory: &Path, group: Option<u32>) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o750).create(directory)?;
    fs::set_permissions(directory, Permissions::from_mode(0o750))?;
    if group.is_some() {
        chown(directory, None, group)?;
    }
    Ok(())
}

/// Removes a socket nobody listens on; anything else in the way is an error.
async fn make_way(path: &Path) -> Result<(), BindError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(BindError::Io { act: "look at", path: path.to_owned(), source }),
    };
    if !metadata.file_type().is_socket() {
        return Err(BindError::NotASocket { path: path.to_owned() });
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|source| BindError::Io {
                act: "remove the stale socket",
                path: path.to_owned(),
                source,
            })
        }
        // A full queue of connections is a sign of life, too.
        Ok(_) => Err(BindError::Answered { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(BindError::Answered { path: path.to_owned() })
        }
        Err(source) => Err(BindError::Io { act: "connect to", path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &Path) -> Options {
        Options { socket: Some(path.to_owned()), ..Options::default() }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn the_socket_and_its_directory_have_their_modes_and_it_goes_with_the_daemon() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("run/notifyd/control.sock");
        let (listener, file) = bind(&at(&path)).await.unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o660, 0o750));
        drop((listener, file));
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("control.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let (_listener, _file) = bind(&at(&path)).await.unwrap();
        let error = bind(&at(&path)).await.unwrap_err();
        assert_eq!(error.to_string(), format!("another notifyd answers on {}", path.display()));
        assert!(path.exists());
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("control.sock");
        fs::write(&path, "precious").unwrap();
        assert!(matches!(bind(&at(&path)).await, Err(BindError::NotASocket { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_successors_socket_is_not_removed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("control.sock");
        let (_listener, file) = bind(&at(&path)).await.unwrap();
        fs::remove_file(&path).unwrap();
        // Keeps the inode number from being given out again at once.
        fs::write(root.path().join("other"), "").unwrap();
        let _successor = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(file);
        assert!(path.exists());
    }
}
