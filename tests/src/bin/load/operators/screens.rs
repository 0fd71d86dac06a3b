//! The dashboard in a terminal, as somebody sees it who sits in front of it.

use super::goals::{Goals, Times};
use super::town::Town;
use crate::process::usage;
use crate::wire::now;
use anyhow::{Context, Result};
use notify_tests::seat::{Seat, dashboard};
use rustix::process::Signal;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Starts from nothing.
const STARTS: u32 = 20;

/// How often all views are gone through.
const ROUNDS: u32 = 10;

/// How often a filter is asked for.
const FILTERS: u32 = 50;

/// The views, by their keys.
const VIEWS: [(&str, &str); 9] = [
    ("2", "[2 Queues]"),
    ("3", "[3 Notifs]"),
    ("4", "[4 Retries]"),
    ("5", "[5 Dead]"),
    ("6", "[6 Providers]"),
    ("7", "[7 Webhooks]"),
    ("8", "[8 Services]"),
    ("9", "[9 Live]"),
    ("1", "[1 Overview]"),
];

/// Something that is seen only with data.
const ROW: &str = "carrier-01";

/// How long nobody presses a key while processor time is taken.
const REST: Duration = Duration::from_secs(20);

/// Dashboards at once, besides none.
const MANY: u32 = 10;

/// Measures it while applications post.
pub fn measure(town: &Town, goals: &mut Goals) -> Result<()> {
    let socket = town.daemon.builder().socket();
    starts(&socket, goals)?;
    let (mut seat, stats) = sit(&socket, "busy");
    let received = || {
        let lines = lines(&stats)?;
        lines.iter().rev().find_map(|line| line["received_total"].as_u64()).context("an answer")
    };
    let before = received()?;
    std::thread::sleep(REST / 2);
    let per_second = (received()? - before) as f64 / (REST / 2).as_secs_f64();
    goals.at_most("tui_received_bytes_per_second", per_second, 20_480.0);
    let keys = press(&mut seat, ROUNDS)?;
    goals.at_most("tui_key_p50_ms", keys.ms(0.5), 10.0);
    goals.at_most("tui_key_p99_ms", keys.ms(0.99), 33.0);
    let (mut indexed, mut scan) = (Times::new()?, Times::new()?);
    for _ in 0..FILTERS {
        indexed.add(filter(&mut seat, "status:failed service:shop-07", |screen| {
            screen.contains("x failed") && !screen.contains("+ delivered")
        }));
        scan.add(filter(&mut seat, "error:\"no error says this\"", |screen| {
            !screen.contains("x failed") && (screen.contains("partial") || screen.contains("Nothing matches"))
        }));
    }
    goals.quantiles("tui_filter_indexed", &indexed, 100.0);
    goals.quantiles("tui_filter_scan", &scan, 300.0);
    goals.at_most("tui_peak_rss_mib", usage(seat.pid()).peak_rss_mib, 30.0);
    leave(seat);
    costs(&stats, goals)
}

/// Keeps one open while applications post, a view a second, and compares what it holds at the end with what it held when
/// it had been through all of them for a minute.
pub fn soak(town: &Town, minutes: u32, goals: &mut Goals) {
    let (mut seat, _) = sit(&town.daemon.builder().socket(), "soak");
    let mut settled = 0.0;
    for minute in 0..=minutes {
        for second in 0..60 {
            seat.press(["1", "2", "3", "4", "5", "6", "7", "8", "9"][second % 9]);
            std::thread::sleep(Duration::from_secs(1));
        }
        if minute == 0 {
            settled = usage(seat.pid()).rss_mib;
        }
    }
    let rss = usage(seat.pid()).rss_mib;
    goals.at_most("tui_soaked_rss_mib", rss, 30.0);
    goals.at_most("tui_soaked_growth_mib_per_hour", (rss - settled) * 60.0 / f64::from(minutes), 1.0);
    leave(seat);
}

/// Measures it on a daemon at rest, then on one that stands still, one that is killed and one that is back.
pub fn rest(town: Town, goals: &mut Goals) -> Result<Town> {
    let socket = town.daemon.builder().socket();
    let percent = |before: f64, after: f64| (after - before) / REST.as_secs_f64() * 100.0;
    let cpu = |pid: u32| usage(pid).cpu_seconds;
    let daemon = town.daemon.pid();
    let before = cpu(daemon);
    std::thread::sleep(REST);
    let alone = percent(before, cpu(daemon));

    let (mut seat, noted) = sit(&socket, "idle");
    let (before, own) = (cpu(daemon), cpu(seat.pid()));
    std::thread::sleep(REST);
    goals.at_most("tui_idle_cpu_percent", percent(own, cpu(seat.pid())), 0.5);
    goals.at_most("tui_idle_daemon_cpu_percent", percent(before, cpu(daemon)) - alone, 0.2);
    goals.at_most("tui_tick_at_rest_p50_bytes", tick(&lines(&noted)?)?, 64.0);
    seat.press("p");
    seat.sees("PAUSED");
    let asked = || Ok::<_, anyhow::Error>(lines(&noted)?.iter().filter(|line| asks(line)).count());
    let before = asked()?;
    std::thread::sleep(REST / 4);
    goals.at_most("tui_paused_requests", (asked()? - before) as f64, 0.0);
    leave(seat);

    let seats: Vec<Seat> = (0..MANY).map(|n| sit(&socket, &format!("many-{n}")).0).collect();
    let before = cpu(daemon);
    std::thread::sleep(REST);
    goals.at_most("ten_tuis_daemon_cpu_percent", percent(before, cpu(daemon)) - alone, 1.0);
    seats.into_iter().for_each(leave);
    gone(town, &socket, goals)
}

fn gone(town: Town, socket: &Path, goals: &mut Goals) -> Result<Town> {
    let (mut seat, _) = sit(socket, "gone");
    let since = |at: std::time::Instant| at.elapsed().as_secs_f64() * 1_000.0;
    town.daemon.signal(Signal::STOP);
    let stopped = now();
    seat.sees("STALE");
    goals.at_most("tui_stale_shown_ms", since(stopped), 3_000.0);
    let keys = press(&mut seat, 2)?;
    goals.at_most("tui_key_while_hung_p99_ms", keys.ms(0.99), 33.0);
    town.daemon.signal(Signal::CONT);
    seat.sees("LIVE 1s");
    let killed = now();
    let (town, builder) = town.kill();
    seat.sees("LOST");
    goals.at_most("tui_lost_shown_ms", since(killed), 1_500.0);
    let daemon = builder.start();
    let ready = now();
    seat.sees("LIVE 1s");
    goals.at_most("tui_back_after_ready_ms", since(ready), 2_000.0);
    leave(seat);
    Ok(town.with(daemon))
}

/// From the start of the program to its first frame, and to the first one with data.
fn starts(socket: &Path, goals: &mut Goals) -> Result<()> {
    let (mut first, mut data) = (Times::new()?, Times::new()?);
    for _ in 0..STARTS {
        let started = now();
        let mut seat = Seat::at(dashboard(socket));
        seat.sees("[1 Overview]");
        first.add(started.elapsed());
        seat.sees(ROW);
        data.add(started.elapsed());
        leave(seat);
    }
    goals.at_most("tui_first_frame_p99_ms", first.ms(0.99), 50.0);
    goals.at_most("tui_first_data_p99_ms", data.ms(0.99), 120.0);
    Ok(())
}

/// In front of a dashboard with data on it, that notes what it costs.
fn sit(socket: &Path, name: &str) -> (Seat, PathBuf) {
    let stats = stats(socket, name);
    let mut command = dashboard(socket);
    command.env("NOTIFY_TUI_STATS", &stats);
    let mut seat = Seat::at(command);
    seat.sees(ROW);
    (seat, stats)
}

fn stats(socket: &Path, name: &str) -> PathBuf {
    socket.with_file_name(format!("stats-{name}.jsonl"))
}

fn leave(mut seat: Seat) {
    seat.press("\x03");
    let _ = seat.end();
}

/// Goes through all views so often; from each key to the screen that shows it.
fn press(seat: &mut Seat, rounds: u32) -> Result<Times> {
    let mut took = Times::new()?;
    for _ in 0..rounds {
        for (key, title) in VIEWS {
            let pressed = now();
            seat.press(key);
            seat.sees(title);
            took.add(pressed.elapsed());
        }
    }
    Ok(took)
}

/// From the end of a filter to what it finds.
fn filter(seat: &mut Seat, text: &str, found: impl Fn(&str) -> bool) -> Duration {
    seat.press("3");
    seat.sees("[3 Notifs]");
    seat.press("/");
    seat.sees("filter");
    seat.press(text);
    seat.sees(text);
    let pressed = now();
    seat.press("\r");
    seat.watches("what the filter finds", |screen| found(&screen.contents()));
    let took = pressed.elapsed();
    seat.press("\x1b");
    seat.watches("no filter", |screen| !screen.contents().contains("Esc clear"));
    took
}

/// What a frame and an answer cost, from what the program noted.
fn costs(stats: &Path, goals: &mut Goals) -> Result<()> {
    let lines = lines(stats)?;
    let mut draws = Times::new()?;
    let mut most = 0;
    for frame in lines.iter().filter(|line| line["draw_us"].is_u64()) {
        draws.add(Duration::from_micros(frame["draw_us"].as_u64().unwrap_or_default()));
        most = most.max(frame["bytes"].as_u64().unwrap_or_default());
    }
    goals.at_most("tui_draw_p50_ms", draws.ms(0.5), 1.0);
    goals.at_most("tui_draw_p99_ms", draws.ms(0.99), 8.0);
    goals.at_most("tui_tick_p50_bytes", tick(&lines)?, 1_024.0);
    goals.at_most("tui_frame_most_bytes", most as f64, 16_384.0);
    Ok(())
}

/// Bytes of a frame that no key asked for.
fn tick(lines: &[Value]) -> Result<f64> {
    let frames = lines.iter().filter(|line| line["draw_us"].is_u64() && line["key_us"].is_null());
    median(frames.filter_map(|frame| frame["bytes"].as_u64()).collect()).context("a frame")
}

fn median(mut all: Vec<u64>) -> Option<f64> {
    all.sort_unstable();
    all.get(all.len() / 2).map(|it| *it as f64)
}

fn asks(line: &Value) -> bool {
    line["ask"].is_string()
}

/// What the dashboard has noted so far; it may be in the middle of a line.
fn lines(stats: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(stats)?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
