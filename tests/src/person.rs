//! Other users of this machine, as whom programs are run. Only root can; a case for which this needs asks
//! [`Person::known`] and says why it is skipped.

use crate::bin;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A user every Debian has, with the groups its processes get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user name.
    pub name: String,
    /// The user id.
    pub uid: u32,
    /// The user's own group.
    pub gid: u32,
    groups: Vec<u32>,
}

impl Person {
    /// The user of this name. None when there is no such user here or this is not root; the reason is printed.
    pub fn known(name: &str) -> Option<Self> {
        let all = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let found = all.lines().find_map(|line| {
            let mut fields = line.split(':');
            let fits = fields.next() == Some(name);
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            fits.then(|| Self { name: name.to_owned(), uid, gid, groups: vec![] })
        });
        let root = rustix::process::geteuid().is_root();
        let tool = Command::new("setpriv").arg("--version").output().is_ok_and(|ran| ran.status.success());
        if root && tool && found.is_some() {
            return found;
        }
        let why = match (root, tool) {
            (false, _) => "only root can run programs as somebody else".to_owned(),
            (true, false) => "there is no setpriv (util-linux)".to_owned(),
            (true, true) => format!("there is no user {name}"),
        };
        crate::skipped(&why);
        None
    }

    /// The same with one more group for its processes.
    pub fn with_group(mut self, gid: u32) -> Self {
        self.groups.push(gid);
        self
    }

    /// The words that run what follows them as this person.
    pub fn words(&self) -> Vec<String> {
        let groups: Vec<_> = self.groups.iter().map(u32::to_string).collect();
        let groups = if groups.is_empty() {
            "--clear-groups".into()
        } else {
            format!("--groups={}", groups.join(","))
        };
        let (uid, gid) = (format!("--reuid={}", self.uid), format!("--regid={}", self.gid));
        vec!["setpriv".into(), uid, gid, groups, "--".into()]
    }

    /// Gives a directory to this person.
    pub fn own(&self, directory: &Path) {
        chown(directory, Some(self.uid), Some(self.gid)).expect("root gives directories away");
    }
}

/// Lets everybody into a directory.
pub fn open(directory: &Path) {
    let modes = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory, modes).expect("the directory is ours");
}

/// A copy of one of our programs in this directory: what cargo builds may lie where only its builder can look.
pub fn copy(program: &str, directory: &Path) -> PathBuf {
    let to = directory.join(program);
    if !to.exists() {
        // By another process: a program cannot be run while somebody has it open for writing, and children that are
        // started meanwhile would inherit ours.
        let copied = Command::new("cp").arg(bin(program)).arg(&to).status().expect("cp runs");
        assert!(copied.success(), "{} could not be copied", to.display());
    }
    to
}
