//! What `notifyctl` costs from its start to its end, as a person and a script see it.

use super::goals::{Goals, Times};
use super::town::Town;
use crate::process::usage;
use crate::wire::now;
use anyhow::{Context, Result, ensure};
use notify_tests::bin;
use rustix::process::Signal;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs of what has no daemon to answer it: each takes as long as it waits.
const FEW: u32 = 5;

/// What `--timeout` says in these, seconds.
const TIMEOUT: u32 = 1;

/// Lines between two looks at the memory of an export.
const LOOK: u64 = 10_000;

/// Runs each of them so often.
pub async fn measure(town: &Town, times: u32, goals: &mut Goals) -> Result<()> {
    let socket = town.daemon.builder().socket();
    let run = |words: &[&str]| timed(&socket, words, times, 0);
    goals.at_most("notifyctl_version_p99_ms", run(&["--version"])?.ms(0.99), 10.0);
    goals.at_most("notifyctl_ping_p99_ms", run(&["ping", "--count", "1"])?.ms(0.99), 30.0);
    goals.at_most("notifyctl_status_p99_ms", run(&["status"])?.ms(0.99), 30.0);
    let list = ["notification", "list", "--limit", "50", "-o", "json"];
    goals.at_most("notifyctl_list_p99_ms", run(&list)?.ms(0.99), 50.0);
    goals.at_most("notifyctl_top_p99_ms", run(&["top"])?.ms(0.99), 50.0);
    goals.at_most("notifyctl_complete_p99_ms", completed(&socket, times, true)?.ms(0.99), 150.0);
    export(town, &socket, goals).await
}

/// All of the log as JSON Lines, read as fast as it comes.
async fn export(town: &Town, socket: &Path, goals: &mut Goals) -> Result<()> {
    let kept: u64 = town.control.status().await?.by_status.values().sum();
    let started = now();
    let mut child = Command::new(bin("notifyctl"))
        .arg("--socket")
        .arg(socket)
        .args(["notification", "export"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::with_capacity(1 << 20, child.stdout.take().context("its output")?);
    let (mut rows, mut first, mut rss, mut line) = (0_u64, Duration::ZERO, 0.0, Vec::new());
    while lines.read_until(b'\n', &mut line)? > 0 {
        line.clear();
        if rows == 0 {
            first = started.elapsed();
        }
        rows += 1;
        if rows.is_multiple_of(LOOK) {
            rss = usage(child.id()).peak_rss_mib.max(rss);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    ensure!(child.wait()?.success(), "the export failed after {rows} rows");
    ensure!(rows >= kept, "{rows} of {kept} were exported");
    goals.at_most("export_first_line_ms", first.as_secs_f64() * 1_000.0, 100.0);
    goals.at_least("export_rows_per_second", (rows as f64 / seconds).round(), 100_000.0);
    goals.at_most("export_rss_mib", rss, 50.0);
    Ok(())
}

/// The same while the daemon stands still, and when there is none.
pub fn without(mut town: Town, goals: &mut Goals) -> Result<()> {
    let socket = town.daemon.builder().socket();
    town.daemon.signal(Signal::STOP);
    let timeout = format!("{TIMEOUT}s");
    let hung = timed(&socket, &["--timeout", &timeout, "status"], FEW, 75)?;
    goals.at_most("notifyctl_hung_beyond_timeout_ms", hung.ms(1.0) - f64::from(TIMEOUT) * 1_000.0, 100.0);
    town.daemon.signal(Signal::CONT);
    town.daemon.signal(Signal::TERM);
    let ended = town.daemon.wait();
    ensure!(ended.success(), "the stop ended with {ended}");
    goals.at_most("notifyctl_down_p99_ms", timed(&socket, &["status"], FEW, 69)?.ms(1.0), 100.0);
    goals.at_most("notifyctl_complete_down_p99_ms", completed(&socket, FEW, false)?.ms(1.0), 50.0);
    Ok(())
}

/// Has a shell ask so often for the ids that come next; whether some are offered.
fn completed(socket: &Path, times: u32, offered: bool) -> Result<Times> {
    let mut took = Times::new()?;
    let program = bin("notifyctl");
    let words = ["--socket".as_ref(), socket.as_os_str(), "notification".as_ref(), "show".as_ref()];
    for _ in 0..times {
        let mut command = Command::new(&program);
        command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", (words.len() + 1).to_string());
        command.args(["--", "notifyctl"]).args(words).arg("0");
        command.stdin(Stdio::null());
        let started = now();
        let said = command.output()?;
        took.add(started.elapsed());
        ensure!(said.stderr.is_empty(), "completion said {}", String::from_utf8_lossy(&said.stderr));
        ensure!(said.stdout.is_empty() != offered, "completion: {}", String::from_utf8_lossy(&said.stdout));
    }
    Ok(took)
}

/// Runs one so often; it must end like this.
fn timed(socket: &Path, words: &[&str], times: u32, code: i32) -> Result<Times> {
    let mut took = Times::new()?;
    let program = bin("notifyctl");
    for _ in 0..times {
        let mut command = Command::new(&program);
        command.arg("--socket").arg(socket).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = now();
        let ended = command.status()?;
        took.add(started.elapsed());
        ensure!(ended.code() == Some(code), "notifyctl {words:?} ended with {ended}, not {code}");
    }
    Ok(took)
}
