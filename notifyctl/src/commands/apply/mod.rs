//! `notifyctl apply`: services, providers and webhooks as a file declares them. A second run finds nothing to change.

mod file;
mod hooks;
mod plan;

use super::Desk;
use crate::cli::Format;
use crate::confirm;
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::given;
use crate::output::rows::always;
use crate::output::{Cell, Column, Row, Tone};
use crate::secret::{API_KEY, KeyFile, SIGNING_SECRET};
use clap::Args;
use file::Source;
use plan::{Planner, Step, Work};
use serde::Serialize;
use std::path::PathBuf;

/// What `--help` and the man page say besides the flags.
pub(crate) const EXAMPLES: &str = concat!(
    "The file is TOML. What it names is created or changed; what it does not name, a setting or a whole provider, stays as it
is (rate = \"none\" lifts a limit). Secrets are named by file, from the directory of the setup file on, and never stand in
it; headers that are secret belong into a header_file. The key of a new service is written to its key_file, the signing
secret of a new webhook to its secret_out. A webhook is known by its service and its URL.

All of it is checked before the first change: a wrong key is told with its line, and nothing was changed. When a change
fails after others were made, it ends with exit code 7; running it again goes on. With --prune, providers that the file
does not name are removed, and webhooks that it does not name of services that it does; services never are.

An example:

",
    include_str!("example.toml"),
    "
Examples:
  notifyctl apply -f setup.toml --dry-run
  notifyctl apply -f setup.toml --reason \"rollout 12\"
  notifyctl apply -f setup.toml --prune --confirm 2"
);

/// A file to follow.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Apply {
    /// What shall be, in TOML, or - for standard input
    #[arg(short, long = "file", value_name = "FILE.toml")]
    file: PathBuf,
    /// Remove providers, and webhooks of services in the file, that the file does not name
    #[arg(long)]
    prune: bool,
    /// How many --prune removes, instead of being asked for it
    #[arg(long, value_name = "COUNT", value_parser = given::whole(0_u64..), requires = "prune")]
    confirm: Option<u64>,
}

/// A step, and what became of it.
#[derive(Debug, Clone, Serialize)]
struct Applied {
    /// `would` on a dry run, `done`, `unchanged`, `failed`, or `not_done` after a failure.
    result: &'static str,
    /// `create`, `update`, `enable`, `disable`, `remove` or `keep`.
    action: &'static str,
    /// `service`, `provider` or `webhook`.
    kind: &'static str,
    name: String,
    what: Option<String>,
    error: Option<String>,
}

impl Applied {
    fn of(step: &Step, result: &'static str) -> Self {
        let unchanged = matches!(step.work, Work::Keep);
        Self {
            result: if unchanged { "unchanged" } else { result },
            action: step.work.word(),
            kind: step.kind,
            name: step.name.clone(),
            what: Some(step.what.clone()).filter(|what| !what.is_empty()),
            error: None,
        }
    }
}

impl Apply {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        let (source, setup) = Source::read(&self.file)?;
        let link = desk.link().await?;
        let steps = Planner::new(desk, &link, &source).await?.plan(&setup, self.prune).await?;
        let removed = steps.iter().filter(|step| step.work.word() == "remove").count() as u64;
        if desk.globals.dry_run {
            let all: Vec<_> = steps.iter().map(|step| Applied::of(step, "would")).collect();
            return finish(desk, &all, None);
        }
        self.ask(desk, &steps, removed)?;
        // Places for what is told once are taken before the first change.
        let mut places = places(&steps)?;
        let mut all: Vec<Applied> = Vec::new();
        let mut failed = None;
        for step in &steps {
            if failed.is_some() {
                all.push(Applied::of(step, "not_done"));
                continue;
            }
            match carry_out(desk, &link, step, &mut places).await {
                Ok(()) => all.push(Applied::of(step, "done")),
                Err(failure) => {
                    let error = Some(failure.message.clone());
                    all.push(Applied { error, ..Applied::of(step, "failed") });
                    failed = Some(failure);
                }
            }
        }
        finish(desk, &all, failed)
    }

    /// Removing is asked for, with the number of what goes.
    fn ask(&self, desk: &Desk<'_>, steps: &[Step], removed: u64) -> Result<(), Failure> {
        if removed == 0 {
            return Ok(());
        }
        let named: Vec<_> = steps
            .iter()
            .filter(|step| step.work.word() == "remove")
            .map(|step| format!("{} {}", step.kind, step.name))
            .collect();
        let question = format!("This removes {}, with all that is theirs.", named.join(", "));
        let given = self.confirm.map(|count| count.to_string());
        confirm::name(desk.globals, desk.out, &question, &removed.to_string(), given.as_deref())
    }
}

/// A file for each key and secret that will be told, in the order of the steps.
fn places(steps: &[Step]) -> Result<Vec<Option<KeyFile>>, Failure> {
    let place = |step: &Step| match &step.work {
        Work::CreateService { key_file, .. } => API_KEY.place(false, Some(key_file)),
        Work::CreateWebhook { out, .. } => SIGNING_SECRET.place(false, out.as_deref()),
        _ => Ok(None),
    };
    steps.iter().filter(|step| step.work.word() == "create" && step.kind != "provider").map(place).collect()
}

async fn carry_out(
    desk: &Desk<'_>,
    link: &Link,
    step: &Step,
    places: &mut Vec<Option<KeyFile>>,
) -> Result<(), Failure> {
    let (client, change, name) = (&link.client, desk.globals.change(), step.name.clone());
    let within = link.within();
    match &step.work {
        Work::Keep => {}
        Work::CreateService { new, .. } => {
            let file = places.remove(0);
            let fresh = link.change(client.service_create(within, new.clone(), change)).await?;
            if let (Some(fresh), Some(file)) = (fresh, file) {
                file.keep(&fresh.api_key)?;
            }
        }
        Work::UpdateService(update) => {
            link.change(client.service_update(within, name, update.clone(), change)).await?;
        }
        Work::SwitchService(active) => {
            link.change(client.service_set_active(within, name, *active, change)).await?;
        }
        Work::AddProvider(new) => {
            link.change(client.provider_add(within, (**new).clone(), change)).await?;
        }
        Work::UpdateProvider(update) => {
            link.change(client.provider_update(within, name, update.clone(), change)).await?;
        }
        Work::SwitchProvider(active) => {
            link.change(client.provider_set_active(within, name, *active, None, change)).await?;
        }
        Work::CreateWebhook { service, ask, active, .. } => {
            let file = places.remove(0);
            let call = client.webhook_create(within, service.clone(), ask.clone(), change.clone());
            let fresh = link.change(call).await?;
            if let (Some(secret), Some(file)) = (&fresh.secret, file) {
                file.keep(secret)?;
            }
            if !active {
                link.change(client.webhook_set_active(link.within(), fresh.webhook.id, false, change))
                    .await?;
            }
        }
        Work::UpdateWebhook(id, ask) => {
            link.change(client.webhook_update(within, *id, ask.clone(), change)).await?;
        }
        Work::SwitchWebhook(id, active) => {
            link.change(client.webhook_set_active(within, *id, *active, change)).await?;
        }
        Work::RemoveProvider => {
            link.change(client.provider_remove(within, name, change)).await?;
        }
        Work::RemoveWebhook(id) => {
            link.change(client.webhook_delete(within, *id, change)).await?;
        }
    }
    Ok(())
}

fn finish(desk: &Desk<'_>, all: &[Applied], failed: Option<Failure>) -> Ended {
    write(desk, all)?;
    let count = |result: &str| all.iter().filter(|it| it.result == result).count();
    let (done, would, same) = (count("done"), count("would"), count("unchanged"));
    let Some(failure) = failed else {
        desk.out.note(&match (would, done) {
            (0, 0) => format!("nothing to change: {same} as declared"),
            (0, done) => format!("{done} changed, {same} as declared"),
            (would, _) => format!("dry run: {would} would change, {same} as declared"),
        });
        return Ok(Exit::Done);
    };
    if done == 0 {
        return Err(failure.into());
    }
    let message = format!("{done} done, then: {}", failure.message);
    let again = "the rest was not begun; run it again when that is mended: what is done is found done";
    Err(Failure::new(Exit::Partly, message).hint(again).into())
}

fn write(desk: &Desk<'_>, all: &[Applied]) -> Result<(), Stop> {
    if desk.out.format == Format::Table {
        // What stays as it is, is no news; the count says how much that is.
        let news: Vec<_> = all.iter().filter(|it| it.result != "unchanged").cloned().collect();
        return desk.out.whole("apply", &news);
    }
    desk.out.whole("apply", all)
}

impl Row for Applied {
    const COLUMNS: &'static [Column<Self>] = &[
        always("result", |it| {
            let tone = match it.result {
                "done" => Tone::Good,
                "failed" => Tone::Bad,
                "not_done" => Tone::Warn,
                _ => Tone::Plain,
            };
            Cell::Word(it.result.into(), tone)
        }),
        always("action", |it| it.action.into()),
        always("kind", |it| it.kind.into()),
        always("name", |it| it.name.as_str().into()),
        always("what", |it| it.what.clone().into()),
        always("error", |it| it.error.clone().into()),
    ];

    fn id(&self) -> String {
        self.name.clone()
    }
}
