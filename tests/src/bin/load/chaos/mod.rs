//! Everything goes wrong for minutes: the daemon is killed, stopped and frozen, its disk runs full, its providers fail.
//! Meanwhile applications post and repeat what was not acknowledged. In the end the books must balance.
//!
//! The cast: [`plan`] says what goes wrong, [`house`] has the daemon running, [`disk`] is the disk that runs full,
//! [`clients`] are the applications, [`balance`] are the books.

mod balance;
mod clients;
mod disk;
mod house;
mod plan;

use crate::process::round;
use crate::say;
use crate::wire::now;
use anyhow::Result;
use balance::Balance;
use clients::Clients;
use disk::Disk;
use house::House;
use notify_tests::control::Control;
use notify_tests::daemon::Builder;
use plan::{Fault, Plan, Weather};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The settings of the daemon: no wait is so long that little would go wrong in it.
const CONFIG: &str = "[delivery]\nattempt_timeout_seconds = 2\ndrain_timeout_seconds = 3\n\
                      [breaker]\nopen_seconds = 1\nopen_seconds_max = 4\n";

/// The settings that a small disk needs besides.
const SMALL_DISK: &str = "[store]\nfree_floor_mib = 16\nreserve_mib = 8\n";

/// The provider that works, behind the one whose weather changes.
const STEADY: &str = "steady";

/// What is to be done.
pub struct Chaos {
    /// For how long.
    pub lasting: Duration,
    /// The seed of the faults.
    pub seed: u64,
    /// Requests a second.
    pub rate: u64,
    /// Size of the disk, MiB.
    pub disk_mib: u64,
}

/// What it is done with.
struct Scene {
    // Dropped first: the directory it is mounted in can only go when it is gone.
    disk: Result<Disk>,
    house: House,
    /// Providers that may be switched on, beside the one that works.
    on: Vec<Weather>,
    /// Changes of providers that the daemon did not take.
    refused: u64,
}

pub async fn run(chaos: Chaos) -> Result<Value> {
    let Chaos { lasting, seed, rate, disk_mib } = chaos;
    say(&format!("seed {seed}"));
    let (mut scene, key, builder) = Scene::set(disk_mib);
    let clients = Clients::start(scene.house.address(), &key, rate, seed);
    let started = now();
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    for (pause, fault) in Plan::new(seed) {
        if started.elapsed() + pause >= lasting {
            break;
        }
        tokio::time::sleep(pause).await;
        scene.house.keep();
        say(&format!("{:6.1} s  {fault:?}", started.elapsed().as_secs_f64()));
        if scene.strike(fault).await? {
            *faults.entry(fault.name()).or_default() += 1;
        }
    }
    say("nothing goes wrong any more");
    scene.house.up().await?;
    scene.calm();
    let ledger = clients.end()?;
    scene.house.up().await?;
    let control = Control::connect(&builder.socket()).await?;
    let balance = Balance::draw(&control, &ledger.acknowledged, &builder.dir().join("calls")).await?;
    let store = control.status().await?.daemon.store_bytes;
    scene.house.end(Signal::TERM)?;

    let struck = |name| faults.get(name).copied().unwrap_or_default();
    let full_disks = match &scene.disk {
        Ok(_) => json!(struck("full_disk")),
        Err(reason) => json!(format!("skipped: {reason}")),
    };
    let mut wrong = scene.house.wrong;
    wrong.extend(ledger.unexpected);
    let counts = [
        ("acknowledged but lost", balance.lost),
        ("without an end", balance.unfinished),
        ("kept but never acknowledged", balance.unknown),
        ("calls without an attempt", balance.unexplained),
        ("duplicates that are not marked", balance.unflagged),
        ("keys with two ids", ledger.two_ids),
    ];
    wrong
        .extend(counts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")));
    Ok(json!({
        "scenario": "chaos",
        "seed": seed,
        "seconds": round(lasting.as_secs_f64()),
        "kills": struck("kill"),
        "stops": struck("stop"),
        "freezes": struck("freeze"),
        "full_disks": full_disks,
        "provider_changes": struck("providers"),
        "provider_changes_refused": scene.refused,
        "ends": scene.house.ends,
        "answers": ledger.answers,
        "accepted": ledger.acknowledged.len(),
        "final": balance.finished,
        "delivered": balance.delivered,
        "lost": balance.lost,
        "unfinished": balance.unfinished,
        "never_acknowledged": balance.unknown,
        "keys_with_two_ids": ledger.two_ids,
        "calls": balance.calls,
        "unexplained_calls": balance.unexplained,
        "duplicates": balance.duplicates,
        "unflagged_duplicates": balance.unflagged,
        "flagged": balance.flagged,
        "peak_rss_mib": round(scene.house.peak_rss_mib),
        "store_mib": round(store as f64 / 1_048_576.0),
        "wrong": wrong,
    }))
}

impl Scene {
    /// A daemon on a disk of its own, if there can be one, with a service and all providers, of which two are on.
    fn set(disk_mib: u64) -> (Self, String, Builder) {
        let builder = Builder::new();
        let place = builder.dir().join("disk");
        let disk = Disk::mount(&place, disk_mib);
        if let Err(reason) = &disk {
            say(&format!("the disk will not run full: {reason}"));
        }
        let builder = match &disk {
            Ok(_) => builder.config(&format!("{CONFIG}{SMALL_DISK}")).state_in(&place.join("state")),
            Err(_) => builder.config(CONFIG),
        };
        let daemon = builder.start();
        let key = daemon.service("chaos");
        let record = builder.dir().join("calls");
        let steady = json!({"latency_ms": {"min": 0, "max": 40}, "record_file": record});
        daemon.mock(STEADY, &steady, &["--priority", "2", "--max-in-flight", "256"]);
        for weather in Weather::ALL {
            let flags = ["--priority", "1", "--max-in-flight", "256"];
            daemon.mock(weather.name(), &weather.settings(&record), &flags);
        }
        drop(daemon);
        let mut scene =
            Self { house: House::open(builder.clone()), disk, on: Weather::ALL.to_vec(), refused: 0 };
        scene.weather(&[Weather::Fair]);
        (scene, key, builder)
    }

    /// Has this fault happen, and end; whether it could.
    async fn strike(&mut self, fault: Fault) -> Result<bool> {
        match fault {
            Fault::Kill => self.house.end(Signal::KILL)?,
            Fault::Stop => self.house.end(Signal::TERM)?,
            Fault::Freeze(lasting) => {
                self.house.signal(Signal::STOP);
                tokio::time::sleep(lasting).await;
                self.house.signal(Signal::CONT);
            }
            Fault::Full(lasting, killed) => {
                let Ok(disk) = &self.disk else { return Ok(false) };
                let filler = disk.fill()?;
                tokio::time::sleep(lasting / 2).await;
                if killed {
                    self.house.end(Signal::KILL)?;
                }
                self.house.keep();
                tokio::time::sleep(lasting / 2).await;
                drop(filler);
            }
            Fault::Weather(weather) => self.weather(&[weather]),
        }
        self.house.keep();
        Ok(true)
    }

    /// All that goes wrong with providers is over, but for what only those can finish that may have it already.
    fn calm(&mut self) {
        let binding: Vec<_> = Weather::ALL.into_iter().filter(|weather| weather.binds()).collect();
        self.weather(&binding);
    }

    /// Switches the providers of these on, and all others off.
    fn weather(&mut self, wanted: &[Weather]) {
        let ctl = self.house.ctl();
        let mut on = Vec::new();
        for weather in Weather::ALL {
            let want = wanted.contains(&weather);
            if !want && !self.on.contains(&weather) {
                continue;
            }
            let verb = if want { ["enable"].as_slice() } else { &["disable", "--yes"] };
            // 5: it stands so already.
            let code = ctl.run(&[&["provider", verb[0], weather.name()], &verb[1..]].concat()).code;
            let done = matches!(code, 0 | 5);
            self.refused += u64::from(!done);
            if want || !done {
                on.push(weather);
            }
        }
        self.on = on;
    }
}
