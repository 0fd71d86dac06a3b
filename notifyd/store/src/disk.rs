//! Watches the room on the disk of the log.
//!
//! Below the floor nothing new is taken, so that what was taken can still be delivered and recorded. When somebody else
//! fills the disk all the same, the reserve, a file that holds room since the start, is given up: outcomes are recorded in
//! its place and the write-ahead log can be moved into the database, neither of which works on a disk that is really full.
//! Once there is room again the reserve is laid down anew and everything goes on by itself.

use crate::bell::Bell;
use crate::desk::Shared;
use crate::error::Result;
use crate::feed::Remark;
use crate::latch::Cause;
use crate::open::{Paths, io};
use notify_proto::{ObjectKind, Severity};
use notifyd_lifecycle::Clock;
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::fs::{File, OpenOptions};
use std::io::{self as stdio, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time between two looks. One look is one system call.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How much room there must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Free bytes below which nothing new is taken; 0 for no floor.
    pub floor: u64,
    /// Bytes kept in the reserve; 0 for none.
    pub reserve: u64,
}

impl Default for Room {
    /// 256 MiB are a quarter of a million outcomes of about 1 KiB; 32 MiB are those of 1,000 calls under way with answers
    /// of 4 KiB, written twice (log and database), and as much again.
    fn default() -> Self {
        Self { floor: 256 << 20, reserve: 32 << 20 }
    }
}

impl Room {
    /// Free bytes below which the reserve is given up, before a commit fails for want of room.
    const fn brink(&self) -> u64 {
        self.reserve / 4
    }

    /// Free bytes above which the floor is left again: a little more than the floor, or it would come and go.
    const fn clear_of_floor(&self) -> u64 {
        self.floor + self.floor / 16
    }
}

/// What is known of the disk.
#[derive(Debug, Default)]
pub struct Disk {
    free: AtomicU64,
    reserve: AtomicU64,
    floor: AtomicU64,
}

impl Disk {
    /// Free bytes for this user, as last looked at.
    pub fn free(&self) -> u64 {
        self.free.load(Ordering::Acquire)
    }

    /// Bytes in the reserve; 0 while it is given up.
    pub fn reserve(&self) -> u64 {
        self.reserve.load(Ordering::Acquire)
    }

    /// Free bytes below which nothing new is taken.
    pub fn floor(&self) -> u64 {
        self.floor.load(Ordering::Acquire)
    }

    /// Changes the floor; in force from the next look on.
    pub fn set_floor(&self, floor: u64) {
        self.floor.store(floor, Ordering::Release);
    }
}

/// Tells the watch to look at once.
#[derive(Clone)]
pub struct Nudge(Sender<bool>);

impl Nudge {
    /// A commit failed for want of room.
    pub fn full(&self) {
        let _ = self.0.send(true);
    }
}

/// The watch: a thread of its own, because the one that writes may be waiting for the disk.
pub struct Watch {
    paths: Paths,
    room: Room,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    /// Has the writer move its write-ahead log into the database, if it can.
    tidy: Box<dyn Fn() + Send>,
}

impl Watch {
    /// A watch over the disk of a log.
    pub fn new(
        paths: Paths,
        room: Room,
        shared: Arc<Shared>,
        clock: Arc<dyn Clock>,
        tidy: Box<dyn Fn() + Send>,
    ) -> Self {
        shared.disk.set_floor(room.floor);
        Self { paths, room, shared, clock, tidy }
    }

    /// Starts it with a first look. It ends when every [`Nudge`] is gone.
    pub fn start(mut self, nudges: Receiver<bool>) -> Result<JoinHandle<()>> {
        self.look(false);
        std::thread::Builder::new()
            .name("store-disk".into())
            .spawn(move || {
                loop {
                    match nudges.recv_timeout(LOOK_EVERY) {
                        Ok(full) => self.look(full),
                        Err(RecvTimeoutError::Timeout) => self.look(false),
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            })
            .map_err(io("could not start the watch over", Path::new("the disk")))
    }

    fn look(&mut self, full: bool) {
        self.room.floor = self.shared.disk.floor();
        let Some(free) = free(&self.paths.dir) else { return };
        let (latch, bell) = (&self.shared.latch, &self.shared.bell);
        if full || (self.room.reserve > 0 && free < self.room.brink()) {
            self.give_up_reserve(free);
        } else if latch.has(Cause::DiskFull) && free >= self.room.reserve + 2 * self.room.brink() {
            if self.lay_down_reserve() {
                latch.clear(Cause::DiskFull);
                tracing::warn!(
                    event = "disk_room",
                    free_mib = free >> 20,
                    "the disk of the log has room again"
                );
                self.tell("disk_room", Severity::Info, free, "notifications are taken and sent again");
                wake(bell);
            }
        } else if !latch.has(Cause::DiskFull) && self.shared.disk.reserve() < self.room.reserve {
            self.lay_down_reserve();
        }
        self.mind_floor();
        if latch.has(Cause::DiskFull) || latch.has(Cause::Pinned) {
            (self.tidy)();
        }
    }

    fn mind_floor(&self) {
        let Some(free) = free(&self.paths.dir) else { return };
        self.shared.disk.free.store(free, Ordering::Release);
        let latch = &self.shared.latch;
        let (free_mib, floor_mib) = (free >> 20, self.room.floor >> 20);
        if free < self.room.floor {
            if latch.set(Cause::DiskLow) {
                tracing::error!(
                    event = "disk_low",
                    free_mib,
                    floor_mib,
                    reason = Cause::DiskLow.reason(),
                    "nothing new is taken; make room, or lower store.free_floor_mib"
                );
                self.tell("disk_low", Severity::Critical, free, Cause::DiskLow.reason());
            }
        } else if free >= self.room.clear_of_floor() && latch.clear(Cause::DiskLow) {
            tracing::warn!(event = "disk_room", free_mib, floor_mib, "notifications are taken again");
            self.tell("disk_room", Severity::Info, free, "notifications are taken again");
            wake(&self.shared.bell);
        }
    }

    fn give_up_reserve(&self, free: u64) {
        let disk = &self.shared.disk;
        if disk.reserve.swap(0, Ordering::AcqRel) > 0 {
            let gone =
                OpenOptions::new().write(true).open(&self.paths.reserve).and_then(|file| file.set_len(0));
            if let Err(error) = gone {
                tracing::error!(%error, "the reserve could not be given up");
            }
        }
        if self.shared.latch.set(Cause::DiskFull) {
            tracing::error!(
                event = "disk_full",
                free_mib = free >> 20,
                reason = Cause::DiskFull.reason(),
                "nothing is taken or sent until there is room; outcomes are recorded in the room of the reserve"
            );
            self.tell("disk_full", Severity::Critical, free, Cause::DiskFull.reason());
        }
    }

    /// Tells those who watch.
    fn tell(&self, event: &'static str, severity: Severity, free: u64, what: &str) {
        self.shared.feed.remark([Remark {
            at: self.clock.now(),
            event,
            severity,
            object: ObjectKind::Daemon,
            id: crate::audit::DAEMON.to_owned(),
            actor: None,
            detail: Some(format!("{} MiB free: {what}", free >> 20)),
        }]);
    }

    /// Whether the room is held.
    fn lay_down_reserve(&self) -> bool {
        match reserve(&self.paths.reserve, self.room.reserve) {
            Ok(()) => {
                self.shared.disk.reserve.store(self.room.reserve, Ordering::Release);
                true
            }
            Err(error) => {
                tracing::warn!(%error, reserve_mib = self.room.reserve >> 20, "there is no room for the reserve");
                let _ = std::fs::remove_file(&self.paths.reserve);
                false
            }
        }
    }
}

/// What waits for the cause to go looks again.
fn wake(bell: &Bell) {
    bell.ring([], true);
}

/// A nudge and where it is heard.
pub fn nudge() -> (Nudge, Receiver<bool>) {
    let (send, receive) = channel();
    (Nudge(send), receive)
}

/// Free bytes for this user; none when the system does not tell.
pub fn free(dir: &Path) -> Option<u64> {
    match statvfs(dir) {
        Ok(stat) => Some(stat.f_bavail.saturating_mul(stat.f_frsize)),
        Err(error) => {
            tracing::warn!(%error, dir = %dir.display(), "the room on the disk is not known");
            None
        }
    }
}

/// Makes the file hold this much room, really: a file with holes would hold none.
fn reserve(path: &PathBuf, bytes: u64) -> stdio::Result<()> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let held = file.metadata()?.len();
    if held > bytes {
        file.set_len(bytes)?;
    }
    if bytes == 0 {
        return Ok(());
    }
    match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => fill(file, bytes),
        Err(error) => Err(error.into()),
    }
}

/// For file systems that cannot set room aside: writes it.
fn fill(mut file: File, bytes: u64) -> stdio::Result<()> {
    let block = vec![0; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let part = block.len().min(usize::try_from(left).unwrap_or(block.len()));
        file.write_all(&block[..part])?;
        left -= part as u64;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Item;
    use notify_proto::Timestamp;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn the_reserve_holds_room_and_gives_it_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reserve");
        let held = || std::fs::metadata(&path).unwrap().blocks() * 512;
        reserve(&path, 1 << 20).unwrap();
        assert!(held() >= 1 << 20);
        reserve(&path, 1 << 19).unwrap();
        assert!(held() < 1 << 20, "a smaller one gives the rest back");
        std::fs::remove_file(&path).unwrap();
        fill(File::create(&path).unwrap(), 3 << 20).unwrap();
        assert!(held() >= 3 << 20);
    }

    fn watch(dir: &Path, room: Room, shared: &Arc<Shared>) -> Watch {
        Watch::new(Paths::new(dir), room, Arc::clone(shared), Arc::new(Stopped), Box::new(|| {}))
    }

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::default()
        }
    }

    /// What those who watch were told.
    fn told(shared: &Shared) -> Vec<&'static str> {
        let items = shared.feed.read_all(0, 10).events.into_iter();
        items
            .filter_map(|item| match item {
                Item::Remark(remark) => Some(remark.event),
                Item::Step(_) => None,
            })
            .collect()
    }

    #[test]
    fn the_floor_is_minded_both_ways() {
        let dir = tempfile::tempdir().unwrap();
        let shared = Arc::new(Shared::default());
        let room = Room { floor: u64::MAX / 2, reserve: 0 };
        let mut watch = watch(dir.path(), room, &shared);
        watch.look(false);
        assert_eq!(shared.latch.cause(), Some(Cause::DiskLow));
        assert!(shared.disk.free() > 0);
        shared.disk.set_floor(1);
        watch.look(false);
        assert_eq!(shared.latch.cause(), None);
        assert_eq!(told(&shared), ["disk_low", "disk_room"]);
    }

    #[test]
    fn a_full_disk_costs_the_reserve_and_gets_it_back() {
        let dir = tempfile::tempdir().unwrap();
        let shared = Arc::new(Shared::default());
        let room = Room { floor: 0, reserve: 1 << 20 };
        let mut watch = watch(dir.path(), room, &shared);
        watch.look(false);
        assert_eq!(shared.disk.reserve(), 1 << 20);
        watch.look(true);
        assert_eq!((shared.disk.reserve(), shared.latch.cause()), (0, Some(Cause::DiskFull)));
        assert_eq!(std::fs::metadata(dir.path().join("reserve")).unwrap().len(), 0);
        watch.look(false);
        assert_eq!((shared.disk.reserve(), shared.latch.cause()), (1 << 20, None));
        assert_eq!(told(&shared), ["disk_full", "disk_room"]);
    }
}
