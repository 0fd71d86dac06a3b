//! `notifyd`: reads flags and configuration, assembles the daemon, waits for a signal.

use clap::Parser;
use notifyd::places::{Places, Surroundings};
use notifyd::{Args, Daemon, Failure, Settings, demo, master_key, telemetry};
use notifyd_lifecycle::clock::SystemClock;
use notifyd_lifecycle::entropy::OsEntropy;
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
    let surroundings = Surroundings::now();
    let config = surroundings.config(args);
    let mut settings = Settings::load(config.as_deref(), std::env::vars())?;
    if let Some(listen) = args.listen {
        settings.intake.listen = listen;
    }
    settings.check()?;
    telemetry::filter(&settings.log.filter)?;
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // They wait for the few connections that read the log; more of them would only take memory.
        .max_blocking_threads(64)
        .build()
        .map_err(|error| Failure::Bug(format!("no runtime: {error}")))?;
    let code = runtime.block_on(run(args, settings, places));
    // A reader that is still busy must not hold up the end.
    runtime.shutdown_background();
    code
}

async fn run(args: &Args, mut settings: Settings, mut places: Places) -> Result<ExitCode, Failure> {
    let demo = if args.demo { Some(demo::Stage::set(args, &mut settings, &mut places)?) } else { None };
    let _log = telemetry::start(&settings.log)?;
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
    let daemon = Daemon::assemble(&settings, &places, taken, master, world)?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"), listen = %daemon.listen(), socket = %daemon.socket().display(),
        state_dir = %places.state.display(), "started"
    );
    if !daemon.listen().ip().is_loopback() {
        tracing::warn!(listen = %daemon.listen(), "the intake is open to the network; put TLS in front of it");
    }
    let stop = daemon.stop();
    let mut terminate = handler(SignalKind::terminate())?;
    let mut interrupt = handler(SignalKind::interrupt())?;
    // Its terminal is gone.
    let mut hangup = handler(SignalKind::hangup())?;
    let show = match demo {
        Some(stage) => Some(stage.open(&daemon).await?),
        None => None,
    };
    let mut running = tokio::spawn(daemon.run());
    let ended = tokio::select! {
        ended = &mut running => Some(ended),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        _ = hangup.recv() => None,
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

fn handler(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    signal(kind).map_err(|error| Failure::Bug(format!("no signal handler: {error}")))
}
