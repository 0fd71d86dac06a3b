//! `notifyd --demo`: a throwaway daemon with a simulated day, or a [`Story`], for looking around. Nothing leaves the
//! machine.

mod narrator;
mod receiver;
mod story;
mod traffic;

pub use story::Story;

use crate::args::Args;
use crate::daemon::{Daemon, World};
use crate::failure::Failure;
use crate::places::Places;
use crate::settings::{Log, Settings};
use narrator::Narrator;
use notify_proto::{Channel, KeyId, ProviderId, RetryProfile, ServiceId, WebhookId};
use notifyd_engine::Handle;
use notifyd_lifecycle::Secret;
use notifyd_lifecycle::webhook::{EventSet, Schedule, sign};
use notifyd_store::api::{Audit, NewKey, NewProvider, NewService};
use notifyd_store::webhooks::{NewWebhook, Private, Settings as HookSettings};
use receiver::{Counts, Receiver};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use story::Part;
use tokio::task::JoinHandle;

/// Name of the demo's service.
const SERVICE: &str = "demo-shop";

/// What a demo may call: whatever listens on this machine.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// Time between two lines that say how it goes.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// A throwaway directory, and for how long to play.
pub struct Stage {
    dir: Directory,
    for_seconds: Option<u64>,
    story: Option<Story>,
}

/// Removed when dropped.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The play under way; it ends, and its directory goes, when this is dropped.
pub struct Show {
    tasks: Vec<JoinHandle<()>>,
    _dir: Directory,
}

impl Drop for Show {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Stage {
    /// Points the settings at a throwaway directory and, unless an address was asked for, at a free port.
    pub fn set(args: &Args, settings: &mut Settings, places: &mut Places) -> Result<Self, Failure> {
        let dir = std::env::temp_dir().join(format!("notifyd-demo-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&dir).map_err(|source| Failure::Io {
            act: "cannot create the demo's directory",
            path: dir.clone(),
            source,
        })?;
        if settings.log == Log::default() {
            // What there is to read is what to do, not a line for each of hundreds of notifications.
            "error".clone_into(&mut settings.log.filter);
        }
        if args.listen.is_none() {
            settings.intake.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        }
        settings.webhooks.allow_private.extend(LOOPBACK.map(str::to_owned));
        if args.story.is_some() {
            story::hurry(settings);
        }
        places.config = None;
        places.socket = args.socket.clone().unwrap_or_else(|| dir.join("control.sock"));
        places.state.clone_from(&dir);
        Ok(Self { dir: Directory(dir), for_seconds: args.demo_for, story: args.story })
    }

    /// Makes a service with a webhook and two simulated providers, tells how to use them, and starts the traffic.
    pub async fn open(self, daemon: &Daemon) -> Result<Show, Failure> {
        let (service, key) = service(daemon).await?;
        for part in self.story.map_or_else(story::ordinary, Story::cast) {
            provider(daemon, part).await?;
        }
        let receiver = Receiver::bind().await?;
        webhook(daemon, service, receiver.url()).await?;
        tell(daemon, &self.dir.0, service, &key, &receiver.url(), self.story);
        let world = daemon.world();
        // Made before the traffic, so that it misses nothing.
        let narrator = self.story.map(|_| Narrator::new(daemon.store(), daemon.handle(), world.clock));
        let mut tasks = vec![
            tokio::spawn(traffic::run(daemon.listen(), key, world.entropy.fork())),
            tokio::spawn(count(daemon.handle(), receiver.counts())),
            tokio::spawn(receiver.run()),
        ];
        tasks.extend(narrator.map(|narrator| tokio::spawn(narrator.run())));
        if let Some(seconds) = self.for_seconds {
            let stop = daemon.stop();
            tasks.push(tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                stop.ask(None);
            }));
        }
        Ok(Show { tasks, _dir: self.dir })
    }
}

/// Says now and then how the play goes.
async fn count(engine: Handle, told: Arc<Counts>) {
    let mut pause = tokio::time::interval(COUNT_EVERY);
    pause.tick().await;
    loop {
        pause.tick().await;
        let totals = engine.totals();
        let text = format!(
            "simulated so far: {} accepted, {} delivered, {} failed; the webhook took {} events and refused {}\n",
            totals.accepted,
            totals.delivered,
            totals.failed,
            told.taken.load(Ordering::Relaxed),
            told.refused.load(Ordering::Relaxed),
        );
        let _ = std::io::stdout().write_all(text.as_bytes());
    }
}

fn who() -> Audit {
    Audit { actor: "demo".to_owned(), reason: None, key: None }
}

/// Time and randomness of a new id.
fn parts(world: &World) -> (u64, [u8; 10]) {
    let mut random = [0; 10];
    world.entropy.fill(&mut random);
    (u64::try_from(world.clock.now().timestamp_millis()).unwrap_or_default(), random)
}

async fn service(daemon: &Daemon) -> Result<(ServiceId, Secret<String>), Failure> {
    let (world, store) = (daemon.world(), daemon.store());
    let (now, random) = parts(&world);
    let id = ServiceId::from_parts(now, random);
    let (key, prefix, hash) = store.door().mint(id);
    let (now, random) = parts(&world);
    let key_id = KeyId::from_parts(now, random);
    let label = Some("printed by --demo".to_owned());
    let new_key = NewKey { id: key_id, service: id, prefix, hash, label, expires_at: None };
    let description = Some("simulated traffic of notifyd --demo".to_owned());
    let service = NewService { id, name: SERVICE.to_owned(), description, rate_per_second: None };
    store.create_service(service, new_key, who()).await?;
    Ok((id, key))
}

async fn provider(daemon: &Daemon, part: Part) -> Result<(), Failure> {
    let (now, random) = parts(&daemon.world());
    let provider = NewProvider {
        id: ProviderId::from_parts(now, random),
        name: part.name.to_owned(),
        kind: "mock".to_owned(),
        channels: Channel::ALL.to_vec(),
        priority: part.priority,
        simulated: true,
        rate_per_second: None,
        burst: None,
        max_in_flight: 32,
        config: part.config,
        secret: None,
    };
    Ok(daemon.store().create_provider(provider, who()).await?)
}

/// A webhook of the service that hears of everything.
async fn webhook(daemon: &Daemon, service: ServiceId, url: String) -> Result<(), Failure> {
    let (world, store) = (daemon.world(), daemon.store());
    let Some(service) = store.directory().service(service).map(|it| it.no) else { return Ok(()) };
    let (now, random) = parts(&world);
    let settings = HookSettings {
        url,
        description: Some("the receiver of notifyd --demo".to_owned()),
        events: EventSet::ALL,
        schedule: Schedule { profile: RetryProfile::Persistent, max_retries: None },
        timeout: Duration::from_secs(10),
        redact: false,
        active: true,
    };
    let private = Private { secret: sign::mint(&*world.entropy), old: None, headers: BTreeMap::new() };
    let new = NewWebhook { id: WebhookId::from_parts(now, random), service, settings, private, most: 1 };
    Ok(store.webhooks().create(new, who()).await?)
}

fn tell(
    daemon: &Daemon,
    dir: &std::path::Path,
    service: ServiceId,
    key: &Secret<String>,
    hook: &str,
    story: Option<Story>,
) {
    let (listen, socket) = (daemon.listen(), daemon.socket());
    let text = format!(
        "\nnotifyd demo: everything below is SIMULATED. Two mock providers pretend to send; nothing leaves this machine.\n\
         \n  intake      http://{listen}\
         \n  socket      {socket}\
         \n  directory   {dir} (removed at the end)\
         \n  service     {SERVICE} ({service})\
         \n  API key     {key}\
         \n  webhook     {hook} (a receiver inside the demo; it hears of every step)\n\
         \nSend one yourself:\n\
         \n  curl -s http://{listen}/api/v1/sms -H 'Authorization: Bearer {key}' \\\
         \n    -H 'Content-Type: application/json' -d '{{\"to\": \"+15005550006\", \"message\": \"hello\"}}'\n\
         \nLook around:\n\
         \n  notifyctl --socket {socket} status\
         \n  notifyctl --socket {socket} notification list\
         \n  notify-tui --socket {socket}\n\
         \nCtrl-C ends it.\n\n{about}",
        about = story.map(Story::about).unwrap_or_default(),
        socket = socket.display(),
        dir = dir.display(),
        key = key.expose(),
    );
    // Whoever does not read it has no use for it.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[test]
    fn a_demo_calls_this_machine_and_no_other_inside() {
        let args = Args::parse_from(["notifyd", "--demo"]);
        let (mut settings, nowhere) = (Settings::default(), PathBuf::from("nowhere"));
        let mut places = Places { config: None, state: nowhere.clone(), socket: nowhere };
        let _stage = Stage::set(&args, &mut settings, &mut places).unwrap();
        let policy = settings.destinations().unwrap();
        for url in ["http://127.0.0.1:3000/", "http://[::1]/", "http://localhost:80/", "https://example.org/"]
        {
            assert!(policy.check_url(url).is_ok(), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://169.254.169.254/", "http://[fe80::1]/"] {
            assert!(policy.check_url(url).is_err(), "{url}");
        }
    }
}
