//! What a process uses, from /proc.

use std::fs;

/// CPU seconds and resident memory of a process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// User and system time, seconds.
    pub cpu_seconds: f64,
    /// The most it ever was, MiB.
    pub peak_rss_mib: f64,
}

/// Clock ticks per second: Linux has reported 100 to programs on every architecture for decades.
const TICKS: f64 = 100.0;

/// Reads them; zeros when the process is gone.
pub fn usage(pid: u32) -> Usage {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in parentheses, may have blanks; the fields are counted after it.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib =
            line.and_then(|rest| rest.split_whitespace().next()).and_then(|text| text.parse::<f64>().ok());
        kib.unwrap_or(0.0) / 1_024.0
    };
    Usage { cpu_seconds: (ticks(11) + ticks(12)) / TICKS, peak_rss_mib: mib("VmHWM:") }
}

/// Rounds to two digits, for the line of JSON.
pub fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
