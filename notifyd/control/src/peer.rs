//! Who is at the other end, from the kernel's word: decided before the first frame.

use crate::options::Options;
use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use notify_proto::control::Role;
use std::ffi::CString;
use tokio::net::unix::UCred;

/// Whoever connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Its user name, as far as the system knows one.
    pub(crate) user: Option<String>,
    /// Its user id.
    pub(crate) uid: u32,
    /// Its process id, when the kernel tells.
    pub(crate) pid: Option<i32>,
    /// What it may do.
    pub(crate) role: Role,
}

impl Caller {
    /// As written to the audit log, such as `ada(uid 1000, pid 4242)`.
    pub(crate) fn actor(&self) -> String {
        let user = self.user.as_deref().unwrap_or("user");
        match self.pid {
            Some(pid) => format!("{user}(uid {}, pid {pid})", self.uid),
            None => format!("{user}(uid {})", self.uid),
        }
    }
}

/// The caller behind these credentials; `None` when it may not even look. Asks the system's user database, which may
/// block: run it where that is allowed.
pub(crate) fn caller(peer: UCred, options: &Options) -> Option<Caller> {
    let user = User::from_uid(Uid::from_raw(peer.uid())).ok().flatten();
    let groups = user.as_ref().map_or_else(Vec::new, groups_of);
    let group = |name: &str| Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw());
    let role = role(
        peer.uid(),
        nix::unistd::geteuid().as_raw(),
        |wanted| peer.gid() == wanted || groups.contains(&wanted),
        group(&options.group_read),
        group(&options.group_admin),
    )?;
    Some(Caller { user: user.map(|user| user.name), uid: peer.uid(), pid: peer.pid(), role })
}

fn groups_of(user: &User) -> Vec<u32> {
    let Ok(name) = CString::new(user.name.as_str()) else { return Vec::new() };
    getgrouplist(&name, user.gid).unwrap_or_default().into_iter().map(Gid::as_raw).collect()
}

/// Root and the daemon's own user may do all; the two groups say who else may.
fn role(
    uid: u32,
    own: u32,
    member_of: impl Fn(u32) -> bool,
    read: Option<u32>,
    admin: Option<u32>,
) -> Option<Role> {
    if uid == 0 || uid == own || admin.is_some_and(&member_of) {
        Some(Role::Admin)
    } else if read.is_some_and(member_of) {
        Some(Role::Viewer)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: u32 = 900;
    const ADMIN: u32 = 901;

    fn of(uid: u32, groups: &[u32]) -> Option<Role> {
        role(uid, 500, |gid| groups.contains(&gid), Some(READ), Some(ADMIN))
    }

    #[test]
    fn roles_follow_uid_and_groups() {
        assert_eq!(of(0, &[]), Some(Role::Admin), "root");
        assert_eq!(of(500, &[]), Some(Role::Admin), "the daemon's own user");
        assert_eq!(of(1000, &[READ, ADMIN]), Some(Role::Admin), "a member of both");
        assert_eq!(of(1000, &[READ]), Some(Role::Viewer));
        assert_eq!(of(1000, &[7]), None, "a stranger");
        assert_eq!(role(1000, 500, |_| true, None, None), None, "groups that do not exist have no members");
    }

    #[test]
    fn the_actor_names_user_and_process() {
        let mut caller = Caller { user: Some("ada".into()), uid: 1000, pid: Some(42), role: Role::Viewer };
        assert_eq!(caller.actor(), "ada(uid 1000, pid 42)");
        caller.user = None;
        caller.pid = None;
        assert_eq!(caller.actor(), "user(uid 1000)");
    }
}
