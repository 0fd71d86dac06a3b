//! `notifyctl notification explain`: why a notification is where it is, and what it waits for.

use super::super::Desk;
use super::ids;
use super::send::Details;
use crate::cli::Format;
use crate::clock;
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::output::rows::{always, status};
use crate::output::{Cell, Column, Row, Tone};
use clap::{ArgGroup, Args};
use notify_proto::Channel;
use notify_proto::explain::{Decision, Explanation, Preview, Waits};
use std::path::PathBuf;

/// Some notifications, or one that is not made.
#[derive(Debug, Args)]
#[command(
    after_help = "With --dry-run and the flags of notifyctl notification send it says what would become of such a notification: whether it
would be refused, or be a duplicate of another, when it would be due, and who would be tried on which channel, in which
order and why. Nothing is written. It ends with 0 whatever the answer; with --json the member verdict is accepted,
duplicate or refused.

Examples:
  notifyctl ntf explain 0197a6c2-5b1e-7cc0-8000-0123456789ab
  notifyctl ntf explain --dry-run --service acme --channel sms --channel email --to +15005550006 --body hello --at 1h
  notifyctl ntf explain 0197a6c2-5b1e-7cc0-8000-0123456789ab --json | jq -r '.now | [.for, .reason, .until] | @tsv'"
)]
#[command(group(ArgGroup::new("which").required(true).args(["ids", "service"])))]
pub struct Explain {
    /// Their ids, or - for standard input: one per line, or JSON Lines with an id
    #[arg(value_name = "ID", conflicts_with_all = [
        "channels", "to", "body", "body_file", "subject", "priority", "at", "expires", "provider", "meta", "no_dedup",
        "dedup_key",
    ])]
    ids: Vec<String>,
    /// Of one that is not made: the service it would belong to
    #[arg(long, value_name = "NAME", requires_all = ["channels", "to"])]
    service: Option<String>,
    /// Its channel; repeat it for a fallback order
    #[arg(long = "channel", value_name = "CHANNEL", requires = "service")]
    channels: Vec<Channel>,
    /// To whom
    #[arg(long = "to", value_name = "ADDRESS", requires = "service")]
    to: Vec<String>,
    /// The text
    #[arg(long, value_name = "TEXT", requires = "service")]
    body: Option<String>,
    /// A file with the text, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "body", requires = "service")]
    body_file: Option<PathBuf>,
    #[command(flatten)]
    details: Details,
}

impl Explain {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        if let Some(service) = self.service.clone() {
            return self.preview(desk, service).await;
        }
        let ids = ids::read(&self.ids)?;
        let link = desk.link().await?;
        let mut found = Vec::new();
        let mut refused = Vec::new();
        for id in &ids {
            match link.read(link.client.notification_explain(link.within(), *id)).await {
                Ok(explanation) => found.push(explanation),
                Err(failure) if failure.exit == Exit::NotFound => {
                    refused.push(format!("{id}: {}", failure.message));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        write(desk, &found)?;
        match refused.len() {
            0 => Ok(Exit::Done),
            all if all == ids.len() => Err(Failure::new(Exit::NotFound, refused.join("; ")).into()),
            _ => Err(Failure::new(Exit::Partly, refused.join("; ")).into()),
        }
    }
}

impl Explain {
    /// What would become of one that is not made.
    async fn preview(self, desk: &Desk<'_>, service: String) -> Ended {
        if !desk.globals.dry_run {
            let message = "to explain a notification that is not made, add --dry-run";
            let failure = Failure::new(Exit::Usage, message);
            return Err(failure.hint("notifyctl notification send makes one").into());
        }
        let request = self.details.request(self.channels, self.to, self.body, self.body_file.as_deref())?;
        let link = desk.link().await?;
        let call = link.client.notification_preview(link.within(), service, Box::new(request));
        let preview = link.read(call).await?;
        write_preview(desk, &preview)?;
        Ok(Exit::Done)
    }
}

fn write_preview(desk: &Desk<'_>, it: &Preview) -> Result<(), Stop> {
    const WHAT: &str = "notification.preview";
    let out = desk.out;
    match out.format {
        Format::Json | Format::Jsonl => {
            out.document(WHAT, serde_json::to_value(it).map_err(std::io::Error::from)?)?;
        }
        Format::Table | Format::Wide => {
            let tone = match it.verdict.as_str() {
                "accepted" => Tone::Good,
                "refused" => Tone::Bad,
                _ => Tone::Warn,
            };
            let channels: Vec<_> = it.channels.iter().map(ToString::to_string).collect();
            let facts = [
                ("would be", Cell::Word(it.verdict.clone(), tone)),
                ("service", it.service_name.as_str().into()),
                ("channels", Some(channels.join(", ")).filter(|all| !all.is_empty()).into()),
                ("priority", it.priority.as_ref().map(ToString::to_string).into()),
                ("due", it.due_at.into()),
                ("expires", it.expires_at.into()),
                ("retries", it.max_retries.into()),
            ];
            out.facts(WHAT, &facts)?;
            out.heading("that is")?;
            it.sentences.iter().try_for_each(|sentence| out.lines(sentence))?;
            if !it.route.steps.is_empty() {
                out.heading("where it would go now")?;
                let mut listing = out.list(WHAT)?;
                listing.page(&it.route.steps)?;
                listing.close(None, None)?;
            }
            it.route.notes.iter().for_each(|note| out.note(note));
        }
        Format::Plain | Format::Csv | Format::Id => out.whole(WHAT, &it.route.steps)?,
    }
    Ok(())
}

const WHAT: &str = "notification.explain";

fn write(desk: &Desk<'_>, found: &[Explanation]) -> Result<(), Stop> {
    let out = desk.out;
    match out.format {
        Format::Json if found.len() != 1 => out.document(WHAT, serde_json::json!({"items": found}))?,
        Format::Json | Format::Jsonl => {
            for it in found {
                out.document(WHAT, serde_json::to_value(it).map_err(std::io::Error::from)?)?;
            }
        }
        Format::Table | Format::Wide => {
            for (number, it) in found.iter().enumerate() {
                if number > 0 {
                    out.raw("\n")?;
                }
                for_people(desk, it)?;
            }
        }
        Format::Plain | Format::Csv | Format::Id => {
            let mut listing = out.list(WHAT)?;
            for it in found {
                listing.page(&it.decisions)?;
                listing.page(&[last(it)])?;
            }
            listing.close(None, None)?;
        }
    }
    Ok(())
}

/// What it waits for, as the last record of what was decided.
fn last(it: &Explanation) -> Decision {
    Decision {
        at: clock::now(),
        what: format!("waits_for_{}", it.now.what),
        attempt: None,
        channel: None,
        provider: it.now.provider.clone(),
        status: Some(it.status.clone()),
        reason: it.now.reason.clone(),
        sentence: it.now.sentence.clone(),
    }
}

fn for_people(desk: &Desk<'_>, it: &Explanation) -> Result<(), Stop> {
    let out = desk.out;
    let channels: Vec<_> = it.channels.iter().map(ToString::to_string).collect();
    let facts = [
        ("notification", it.id.to_string().into()),
        ("service", it.service_name.as_str().into()),
        ("channels", channels.join(", ").into()),
        ("priority", it.priority.to_string().into()),
        ("status", status(&it.status)),
        ("retries", format!("{} of {}", it.retry_count, it.max_retries).into()),
        ("expires", it.expires_at.into()),
    ];
    out.facts(WHAT, &facts)?;
    out.heading("decisions")?;
    if it.cut {
        out.told(&[(None, "older ones are left out")])?;
    }
    let told: Vec<_> = it.decisions.iter().map(|one| (Some(one.at), one.sentence.as_str())).collect();
    out.told(&told)?;
    out.heading("now")?;
    let Waits { what, reason, provider, since, until, sentence } = &it.now;
    let facts = [
        ("waits for", Cell::Word(what.clone(), Tone::Strong)),
        ("reason", reason.clone().into()),
        ("provider", provider.clone().into()),
        ("since", (*since).into()),
        ("until", (*until).into()),
        ("that is", sentence.as_str().into()),
    ];
    out.facts(WHAT, &facts)?;
    if !it.route.steps.is_empty() {
        out.heading("where it would go now")?;
        let mut listing = out.list(WHAT)?;
        listing.page(&it.route.steps)?;
        listing.close(None, None)?;
    }
    for note in &it.route.notes {
        out.note(note);
    }
    Ok(())
}

impl Row for Decision {
    const COLUMNS: &'static [Column<Self>] = &[
        always("at", |it| it.at.into()),
        always("what", |it| it.what.as_str().into()),
        always("attempt", |it| it.attempt.into()),
        always("channel", |it| it.channel.as_ref().map(ToString::to_string).into()),
        always("provider", |it| it.provider.clone().into()),
        always("status", |it| it.status.as_ref().map_or(Cell::None, status)),
        always("reason", |it| it.reason.clone().into()),
        always("sentence", |it| it.sentence.as_str().into()),
    ];

    fn id(&self) -> String {
        self.what.clone()
    }
}
