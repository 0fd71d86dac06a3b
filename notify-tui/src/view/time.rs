//! Times and numbers for people.

use super::look::span;
use crate::config::Times;
use crate::state::App;
use notify_proto::Timestamp;

fn seconds(app: &App, at: Timestamp) -> i64 {
    let seconds = (app.now.wall - at).num_seconds();
    // A calm screen moves every ten seconds only.
    if app.settings.calm && seconds.abs() >= 10 { seconds / 10 * 10 } else { seconds }
}

/// How long ago something was, or the time at which it was.
pub(super) fn ago(app: &App, at: Timestamp) -> String {
    match app.times {
        Times::Relative => span(u64::try_from(seconds(app, at)).unwrap_or_default()),
        _ => clock(app, at),
    }
}

/// That, in a sentence: `12s ago`, or the time alone.
pub(super) fn past(app: &App, at: Timestamp) -> String {
    let ago = ago(app, at);
    if app.times == Times::Relative { format!("{ago} ago") } else { ago }
}

/// For how long something has lasted, in a sentence: `for 12s`, or `since` that time.
pub(super) fn lasting(app: &App, at: Timestamp) -> String {
    let word = if app.times == Times::Relative { "for" } else { "since" };
    format!("{word} {}", ago(app, at))
}

/// How long ago something was, after a minute in whole ones: a column of these would else move every second.
pub(super) fn lately(app: &App, at: Timestamp) -> String {
    match (app.times, seconds(app, at)) {
        (Times::Relative, 86_400..) => format!("{}d", seconds(app, at) / 86_400),
        (Times::Relative, 3_600..) => format!("{}h", seconds(app, at) / 3_600),
        (Times::Relative, 60..) => format!("{}m", seconds(app, at) / 60),
        _ => ago(app, at),
    }
}

/// That, in a sentence.
pub(super) fn lately_past(app: &App, at: Timestamp) -> String {
    let ago = lately(app, at);
    if app.times == Times::Relative { format!("{ago} ago") } else { ago }
}

/// In how long something is, or the time at which it is.
pub(super) fn ahead(app: &App, at: Timestamp) -> String {
    match app.times {
        Times::Relative => {
            let seconds = -seconds(app, at);
            u64::try_from(seconds)
                .ok()
                .filter(|s| *s > 0)
                .map_or_else(|| "now".into(), |s| format!("in {}", span(s)))
        }
        _ => clock(app, at),
    }
}

/// The time of day, with the date when it is of another day.
pub(super) fn clock(app: &App, at: Timestamp) -> String {
    let day = if (app.now.wall - at).num_hours().abs() < 20 { "%H:%M:%S" } else { "%m-%d %H:%M" };
    if app.times == Times::Local {
        at.with_timezone(&chrono::Local).format(day).to_string()
    } else {
        format!("{}Z", at.format(day))
    }
}

/// When something is tried again, after each try; of many the first and the last.
pub(super) fn steps(delays: &[u64]) -> Option<String> {
    let joined = |of: &[u64]| of.iter().map(|seconds| brief(*seconds)).collect::<Vec<_>>().join(" > ");
    match delays {
        [] => None,
        [first @ .., last] if first.len() > 6 => {
            Some(format!("{} > ... > {}, {} retries", joined(&first[..5]), brief(*last), delays.len()))
        }
        few => Some(joined(few)),
    }
}

/// A delay of a plan: these are round.
pub(super) fn brief(seconds: u64) -> String {
    match seconds {
        0 => "0s".into(),
        it if it % 86_400 == 0 => format!("{}d", it / 86_400),
        it if it % 3_600 == 0 => format!("{}h", it / 3_600),
        it if it % 60 == 0 => format!("{}m", it / 60),
        it => span(it),
    }
}

/// Milliseconds, short.
pub(super) fn took(ms: f64) -> String {
    if ms < 1_000.0 {
        format!("{ms:.0}ms")
    } else if ms < 10_000.0 {
        format!("{:.1}s", ms / 1_000.0)
    } else {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive")]
        span((ms / 1_000.0) as u64)
    }
}

/// The same, or a dash.
pub(super) fn took_or(ms: Option<f64>) -> String {
    ms.map_or_else(|| "--".into(), took)
}

/// A share as percent, or a dash.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "--".into(), |share| format!("{:.1}", share * 100.0))
}

/// A rate; never less than nothing.
pub(super) fn rate(per_second: f64) -> String {
    // A negative nothing would be shown with its sign.
    format!("{:.1}", per_second.max(0.0) + 0.0)
}
