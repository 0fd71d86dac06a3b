//! What a process uses, from /proc, and how figures are written.

use hdrhistogram::Histogram;
use std::fs;

/// CPU seconds, resident memory and wake-ups of a process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// User and system time, seconds.
    pub cpu_seconds: f64,
    /// Resident now, MiB.
    pub rss_mib: f64,
    /// The most it ever was, MiB.
    pub peak_rss_mib: f64,
    /// How often its threads were put on a processor.
    pub switches: f64,
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
    let mib = |name: &str| number(&status, name) / 1_024.0;
    // The status of the process counts the switches of its first thread only.
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let switches = threads.map(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        number(&status, "voluntary_ctxt_switches:") + number(&status, "nonvoluntary_ctxt_switches:")
    });
    Usage {
        cpu_seconds: (ticks(11) + ticks(12)) / TICKS,
        rss_mib: mib("VmRSS:"),
        peak_rss_mib: mib("VmHWM:"),
        switches: switches.sum(),
    }
}

/// The number after a name in a status file.
fn number(status: &str, name: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let text = line.and_then(|rest| rest.split_whitespace().next());
    text.and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

/// Rounds to two digits, for the line of JSON.
pub fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A quantile of microseconds, in milliseconds.
pub fn ms(latency: &Histogram<u64>, quantile: f64) -> f64 {
    round(latency.value_at_quantile(quantile) as f64 / 1_000.0)
}
