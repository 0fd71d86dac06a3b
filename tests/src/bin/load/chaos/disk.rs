//! A small disk of its own for the daemon's state, which can be filled and emptied again.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is written at once.
static BLOCK: [u8; 65_536] = [0; 65_536];

/// A file system in memory. Gone when it is dropped, whatever is in it.
pub struct Disk {
    directory: PathBuf,
}

impl Disk {
    /// Mounts it in a new directory; only root may.
    pub fn mount(directory: &Path, mib: u64) -> Result<Self> {
        ensure!(rustix::process::geteuid().is_root(), "only root can mount a file system");
        std::fs::create_dir(directory)?;
        let size = format!("size={mib}m,mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "notifyd-load"])
            .arg(directory)
            .output()
            .context("mount cannot be run")?;
        let said = String::from_utf8_lossy(&mounted.stderr);
        ensure!(mounted.status.success(), "nothing can be mounted here: {}", said.trim());
        Ok(Self { directory: directory.to_owned() })
    }

    /// Takes all the space there is.
    pub fn fill(&self) -> Result<Filler> {
        let filler = Filler(self.directory.join("filler"));
        let mut file = File::create(&filler.0)?;
        loop {
            match file.write(&BLOCK) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error).context("the disk cannot be filled"),
            }
        }
        Ok(filler)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, because a daemon that was just killed may still be let go of by the system.
        let _ = Command::new("umount").arg("--lazy").arg(&self.directory).status();
    }
}

/// The file that fills it; the space is free again when it is dropped.
pub struct Filler(PathBuf);

impl Drop for Filler {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
