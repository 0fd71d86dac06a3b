//! `notifyctl doctor`: whether all is there that notifyd needs, one line each, and what to do about what is not.

use super::Desk;
use crate::cli::Format;
use crate::clock;
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::output::rows::always;
use crate::output::{Cell, Column, Row, Tone};
use clap::Args;
use notify_proto::checkup::{Check, Checkup, Finding};
use notify_proto::control::Role;
use notify_proto::{Timestamp, socket};
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;
use std::time::Duration;

/// What the look at the other ends of providers and webhooks may take beyond the time for an answer.
const LOOK: Duration = Duration::from_secs(30);

/// Clocks of one machine differ by no more than this.
const DRIFT_MS: i64 = 1_000;

/// A look at everything.
#[derive(Debug, Args)]
#[command(
    after_help = "It looks at the socket and your role on it, the daemon's version and clock, through its log for a second at most, at its
disk and backups, and at every provider and webhook: whether it could be used as it is set, and whether its other end
takes connections. Nothing is sent: an SMTP relay is greeted and logged in to, everybody else is only connected to. That
takes the role admin.

It ends with 0 when there is no problem, 1 when there is one, and 69, 75 or 4 when the daemon cannot be asked; what can be
said without it is said all the same.

Examples:
  notifyctl doctor
  notifyctl doctor --json | jq -r '.items[] | select(.result==\"problem\") | .advice'"
)]
pub struct Doctor {
    /// End with exit code 1 for a warning as well
    #[arg(long)]
    strict: bool,
}

impl Doctor {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = match desk.link().await {
            Ok(link) => link,
            Err(failure) => return Err(unreachable(desk, failure)?),
        };
        let mut checks = greeted(&link);
        let asked = clock::now();
        match link.read(link.client.doctor(link.within_and(LOOK))).await {
            Ok(Checkup { as_of, checks: others }) => {
                let clock = clocks(asked, as_of, clock::now());
                checks.extend(clock);
                checks.extend(others);
            }
            Err(failure) => {
                checks.push(failed(&failure, "daemon"));
                write(desk, &checks)?;
                return Err(failure.into());
            }
        }
        write(desk, &checks)?;
        let of = |finding| checks.iter().filter(|it| it.result == finding).count();
        let (problems, warnings) = (of(Finding::Problem), of(Finding::Warning));
        let some = |count, what| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        desk.out.note(&format!(
            "{}: {}, {}, {} skipped",
            some(checks.len(), "check"),
            some(problems, "problem"),
            some(warnings, "warning"),
            of(Finding::Skipped)
        ));
        let ill = problems > 0 || (self.strict && warnings > 0);
        Ok(if ill { Exit::Refused } else { Exit::Done })
    }
}

/// What can be said when the daemon cannot be asked: each place, and why nobody answers there.
fn unreachable(desk: &Desk<'_>, failure: Failure) -> Result<Stop, Stop> {
    let mut checks = Vec::new();
    for place in socket::places(desk.globals.socket.as_deref()) {
        checks.push(look(&place));
    }
    checks.push(failed(&failure, "daemon"));
    let others = "the daemon cannot be asked for its log, its providers and its webhooks";
    checks.push(Check::new("others", Finding::Skipped, others));
    write(desk, &checks)?;
    Ok(failure.into())
}

fn failed(failure: &Failure, what: &str) -> Check {
    let check = Check::new(what, Finding::Problem, &*failure.message);
    match &failure.hint {
        Some(hint) => check.advice(&**hint),
        None => check,
    }
}

/// What the file system says of a socket.
fn look(path: &Path) -> Check {
    let check = |result, found: String| Check::new("socket", result, found).of(path.display().to_string());
    match fs::metadata(path) {
        Ok(meta) if !meta.file_type().is_socket() => {
            check(Finding::Problem, "it is there, but it is no socket".into())
                .advice("name the socket with --socket PATH")
        }
        Ok(meta) => {
            let (mode, uid, gid) = (meta.mode() & 0o777, meta.uid(), meta.gid());
            let found = format!("mode {mode:04o}, user {uid}, group {gid}");
            if mode & 0o002 == 0 {
                check(Finding::Ok, found)
            } else {
                check(Finding::Warning, format!("{found}: everybody may connect"))
                    .advice(format!("roles still hold; to close it: chmod o= {}", path.display()))
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            check(Finding::Problem, "it is not there (ENOENT)".into())
        }
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            check(Finding::Problem, "its directory cannot be entered (EACCES)".into())
        }
        Err(error) => check(Finding::Problem, error.to_string()),
    }
}

/// What the greeting tells.
fn greeted(link: &Link) -> Vec<Check> {
    let welcome = &link.welcome;
    let role = match welcome.role {
        Role::Admin => Check::new("role", Finding::Ok, "admin: you may look and change"),
        Role::Viewer => Check::new("role", Finding::Ok, "viewer: you may look, not change")
            .advice("to change things: ask for membership in the group notify-admin, or use sudo"),
    };
    let (own, daemon) = (env!("CARGO_PKG_VERSION"), &welcome.daemon.version);
    let found = format!("notifyd {daemon}, protocol {}, pid {}", welcome.protocol, welcome.daemon.pid);
    let version = if daemon == own {
        Check::new("version", Finding::Ok, found)
    } else {
        Check::new("version", Finding::Warning, format!("{found}; this is notifyctl {own}"))
            .advice("after an upgrade restart the daemon: systemctl restart notifyd")
    };
    vec![look(&link.socket), role, version]
}

/// Whether the daemon's clock is ours; nothing when it is, for the daemon says the rest about it.
fn clocks(asked: Timestamp, daemon: Timestamp, heard: Timestamp) -> Option<Check> {
    let early = (asked - daemon).num_milliseconds();
    let late = (daemon - heard).num_milliseconds();
    let off = early.max(late);
    if off <= DRIFT_MS {
        return None;
    }
    let (seconds, side) = (off / 1_000, if early > late { "behind" } else { "ahead of" });
    let found = format!("the daemon's clock is {seconds} s {side} the one here");
    Some(Check::new("clock", Finding::Problem, found).advice("see timedatectl status on both sides"))
}

fn write(desk: &Desk<'_>, checks: &[Check]) -> Result<(), Stop> {
    if desk.out.format != Format::Table {
        return desk.out.whole("doctor", checks);
    }
    desk.out.findings(checks.iter().map(|it| {
        let what = it.name.as_ref().map_or_else(|| it.check.clone(), |name| format!("{} {name}", it.check));
        (finding(it.result), what, it.found.as_str(), it.advice.as_deref())
    }))?;
    Ok(())
}

fn finding(it: Finding) -> Cell {
    let tone = match it {
        Finding::Ok => Tone::Good,
        Finding::Warning => Tone::Warn,
        Finding::Problem => Tone::Bad,
        Finding::Skipped | Finding::Unknown => Tone::Dim,
    };
    Cell::Word(it.as_str().into(), tone)
}

impl Row for Check {
    const COLUMNS: &'static [Column<Self>] = &[
        always("result", |it| finding(it.result)),
        always("check", |it| it.check.as_str().into()),
        always("name", |it| it.name.clone().into()),
        always("found", |it| it.found.as_str().into()),
        always("advice", |it| it.advice.clone().into()),
        always("elapsed_ms", |it| it.elapsed_ms.into()),
    ];

    fn id(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.check.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn clocks_that_agree_within_the_call_are_no_finding() {
        let now = clock::now();
        let at = |ms| now + TimeDelta::milliseconds(ms);
        assert!(clocks(at(0), at(5), at(10)).is_none() && clocks(at(0), at(-900), at(0)).is_none());
        assert!(clocks(at(0), at(-7_200_000), at(9)).unwrap().found.contains("7200 s behind"));
        assert!(clocks(at(0), at(61_000), at(1_000)).unwrap().found.contains("60 s ahead of"));
    }

    #[test]
    fn a_place_is_told_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        assert!(look(&path).found.contains("ENOENT"));
        fs::write(&path, "").unwrap();
        assert!(look(&path).found.contains("no socket"));
        fs::remove_file(&path).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let found = look(&path);
        assert!(found.found.starts_with("mode 0") && found.result != Finding::Problem, "{found:?}");
    }
}
