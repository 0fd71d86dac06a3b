//! `notifyd`: reads flags and configuration, assembles the daemon, waits for a signal.

use clap::Parser;
use notifyd::daemon::Origin;
use notifyd::places::{Places, Surroundings};
use notifyd::{Args, Daemon, Failure, Settings, demo, master_key, reload, supervisor, telemetry};
use notifyd_lifecycle::clock::SystemClock;
use notifyd_lifecycle::entropy::OsEntropy;
use notifyd_lifecycle::fail_point::{self, Trap};
use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let args = Args::parse();
    match start(&args) {
        Ok(code) => code,
        Err(failure) => {
            say(&mut std::io::stderr(), &format!("notifyd: {}\n", failure.sentence()));
            failure.exit_code()
        }
    }
}

/// Writes what a person asked for; a reader that has gone away is no failure.
fn say(to: &mut dyn Write, text: &str) {
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}

fn start(args: &Args) -> Result<ExitCode, Failure> {
    // Everything the daemon makes is its own business only.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // Keys and messages are in its memory: no core dump, and nothing for other processes of the same user to look into.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let surroundings = Surroundings::now();
    let config = surroundings.config(args);
    let settings = read(args, config.as_deref(), None)?;
    if args.print_config {
        let text = settings.to_toml().map_err(|error| Failure::Bug(error.to_string()))?;
        say(&mut std::io::stdout(), &text);
        return Ok(ExitCode::SUCCESS);
    }
    let places = surroundings.places(args, config, &settings);
    if args.check {
        let file = places.config.as_ref().map_or_else(
            || "defaults (there is no configuration file)".to_owned(),
            |path| path.display().to_string(),
        );
        say(&mut std::io::stdout(), &format!("configuration ok: {file}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let trap = arm_fail_point()?;
    if let Some(backup) = &args.restore {
        return restore(backup, &places);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // They wait for the few connections that read the log; more of them would only take memory.
        .max_blocking_threads(64)
        .build()
        .map_err(|error| Failure::Bug(format!("no runtime: {error}")))?;
    let code = runtime.block_on(run(args, settings, places, trap));
    // A reader that is still busy must not hold up the end.
    runtime.shutdown_background();
    code
}

/// Puts a backup in the place of the log, and says what is where now.
fn restore(backup: &std::path::Path, places: &Places) -> Result<ExitCode, Failure> {
    let replaced = notifyd_store::restore(&places.state, backup, &SystemClock)?;
    let mut text = format!("restored {} to {}\n", backup.display(), places.state.display());
    if let Some(kept) = replaced {
        let _ = writeln!(text, "the log that was there is kept in {}", kept.display());
    }
    text.push_str(
        "next: start notifyd; what had not come to its end is held, see notifyctl notification list --status held\n",
    );
    say(&mut std::io::stdout(), &text);
    Ok(ExitCode::SUCCESS)
}

/// The configuration as it is written now, or as it is given, with the flags over it.
fn read(args: &Args, config: Option<&std::path::Path>, given: Option<&str>) -> Result<Settings, Failure> {
    let mut settings = match given {
        Some(text) => Settings::of(Some((text, "the file given")), std::env::vars())?,
        None => Settings::load(config, std::env::vars())?,
    };
    if let Some(listen) = args.listen {
        settings.intake.listen = listen;
    }
    settings.check()?;
    telemetry::filter(&settings.log.filter)?;
    Ok(settings)
}

async fn run(
    args: &Args,
    mut settings: Settings,
    mut places: Places,
    trap: Option<Trap>,
) -> Result<ExitCode, Failure> {
    let demo = if args.demo { Some(demo::Stage::set(args, &mut settings, &mut places)?) } else { None };
    let (_log, log) = telemetry::start(&settings.log)?;
    if let Some(Trap { point, nth }) = trap {
        tracing::warn!(%point, nth, "a fail point is armed: this process will kill itself");
    }
    let path = |name: &str| std::env::var_os(name).map(std::path::PathBuf::from);
    let world = notifyd::daemon::World { clock: Arc::new(SystemClock), entropy: Arc::new(OsEntropy) };
    // Taken before the key is made, so that two first starts at once make one key.
    let taken = notifyd::daemon::Taken::take(&settings, &places).await?;
    let master = master_key::load(
        &places,
        path("NOTIFYD_MASTER_KEY_FILE"),
        path("CREDENTIALS_DIRECTORY"),
        &*world.entropy,
    )?;
    let source: reload::Source = if args.demo {
        let args = args.clone();
        Box::new(move |given| match given {
            Some(_) => read(&args, None, given),
            None => Err(Failure::Configuration("a demo has no configuration to read again".to_owned())),
        })
    } else {
        let (args, config) = (args.clone(), places.config.clone());
        Box::new(move |given| read(&args, config.as_deref(), given))
    };
    let file = places.config.clone();
    let daemon = Daemon::assemble(&settings, &places, taken, master, world, Origin { source, file, log })?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"), listen = %daemon.listen(), socket = %daemon.socket().display(),
        state_dir = %places.state.display(), "started"
    );
    if !daemon.listen().ip().is_loopback() {
        tracing::warn!(listen = %daemon.listen(), "the intake is open to the network; put TLS in front of it");
    }
    let (stop, reloader) = (daemon.stop(), daemon.reloader());
    let at = format!("taking notifications at {}", daemon.listen());
    let mut terminate = handler(SignalKind::terminate())?;
    let mut interrupt = handler(SignalKind::interrupt())?;
    // Of a demo the terminal is gone; any other daemon is to read its configuration again.
    let mut hangup = handler(SignalKind::hangup())?;
    let show = match demo {
        Some(stage) => Some(stage.open(&daemon).await?),
        None => None,
    };
    let mut running = tokio::spawn(daemon.run());
    let ended = loop {
        tokio::select! {
            ended = &mut running => break Some(ended),
            _ = terminate.recv() => break None,
            _ = interrupt.recv() => break None,
            _ = hangup.recv() => {
                if args.demo {
                    break None;
                }
                supervisor::reloading();
                // Refused or not, it is told in the log.
                let _ = reloader.reload();
                supervisor::ready(&at);
            }
        }
    };
    let ended = if ended.is_some() {
        ended
    } else {
        stop.ask(None);
        tokio::select! {
            ended = &mut running => Some(ended),
            _ = terminate.recv() => None,
            _ = interrupt.recv() => None,
        }
    };
    drop(show);
    match ended {
        Some(Ok(Ok(()))) => {
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        Some(Ok(Err(failure))) => {
            tracing::error!(error = %failure.sentence(), "stopped");
            Err(failure)
        }
        Some(Err(panic)) => Err(Failure::Bug(panic.to_string())),
        None => {
            tracing::warn!("second signal: stopping at once; calls under way are in doubt");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// `NOTIFYD_FAIL_POINT` has the process killed at a named place, for tests of what a crash there leaves behind.
fn arm_fail_point() -> Result<Option<Trap>, Failure> {
    let Some(text) = std::env::var_os("NOTIFYD_FAIL_POINT") else { return Ok(None) };
    let trap: Trap = text
        .to_string_lossy()
        .parse()
        .map_err(|problem| Failure::Configuration(format!("NOTIFYD_FAIL_POINT: {problem}")))?;
    fail_point::arm(trap, || {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    });
    Ok(Some(trap))
}

fn handler(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    signal(kind).map_err(|error| Failure::Bug(format!("no signal handler: {error}")))
}
