//! `notifyctl notification send-batch`: many, one JSON object a line.

use super::super::Desk;
use crate::cli::Format;
use crate::commands::operation::follow::Interrupts;
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::given;
use crate::output::rows::{always, status};
use crate::output::{Cell, Column, Row, Tone};
use clap::Args;
use notify_proto::control::{Change, Sent};
use notify_proto::send::SendRequest;
use notify_proto::{Open, Status};
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Lines under way at once: the daemon commits them together, and takes 32 calls of one connection at a time.
const AT_ONCE: usize = 16;

/// Longest line, bytes: what one call takes.
const MAX_LINE: usize = 1024 * 1024 - 4_096;

/// Many notifications.
#[derive(Debug, Args)]
#[command(
    after_help = "Each line is what the HTTP API takes to send one: channel or channels, to, content and the rest, see notifyd-http(7).
A member service may stand in it, in place of --service. Empty lines are skipped. What is refused is told with its line;
the others go on.

When it is interrupted or the daemon goes away it says from which line on to go on: --from-line. Lines that were under
way then are sent again, and the daemon answers equal ones with what was sent before. With --idempotency-key each line has a key
of its own, its number behind yours: the same file may be sent again within 24 hours, from any line, and nothing twice.

Examples:
  notifyctl ntf send-batch --service acme list.jsonl
  notifyctl ntf send-batch --service acme --from-line 4218 list.jsonl -o jsonl > sent.jsonl
  jq -c '{channel: \"sms\", to: .phone, content: \"Hello\"}' people.jsonl | notifyctl ntf send-batch --service acme -"
)]
pub struct SendBatch {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The service of lines that name none
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Begin with this line; the first is 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = given::whole(1_u64..))]
    from_line: u64,
}

/// What became of one line.
#[derive(Debug, Clone, Serialize)]
struct Told {
    line: u64,
    id: Option<String>,
    status: Option<Open<Status>>,
    duplicate: bool,
    error: Option<String>,
}

/// Of all lines.
#[derive(Default)]
struct Tally {
    sent: u64,
    duplicates: u64,
    refused: u64,
}

/// Lines that were read together.
struct Page {
    /// The number of the first.
    first: u64,
    /// Bytes read so far.
    read: u64,
    /// Those that have something on them: number, service, what to send or what is wrong with it.
    lines: Vec<(u64, String, Result<Wanted, String>)>,
}

/// Reads them, on a thread of its own: whoever waits for a slow pipe can still be interrupted.
struct Reader {
    from: Box<dyn BufRead + Send>,
    service: Option<String>,
    from_line: u64,
    next: u64,
    read: u64,
}

impl Reader {
    /// Page after page, until there is nothing more or nobody takes them.
    fn pages(mut self) -> mpsc::Receiver<Result<Page, String>> {
        let (tell, pages) = mpsc::channel(1);
        std::thread::spawn(move || {
            loop {
                let page = self.page();
                let last = page.as_ref().map_or(true, |page| page.lines.is_empty());
                if tell.blocking_send(page).is_err() || last {
                    return;
                }
            }
        });
        pages
    }

    fn page(&mut self) -> Result<Page, String> {
        let mut page = Page { first: self.next.max(self.from_line), read: 0, lines: Vec::new() };
        let mut text = String::new();
        while page.lines.len() < AT_ONCE {
            text.clear();
            let bytes = self.from.read_line(&mut text).map_err(|error| format!("cannot be read: {error}"))?;
            if bytes == 0 {
                break;
            }
            self.read += bytes as u64;
            let line = self.next;
            self.next += 1;
            if line >= self.from_line && !text.trim().is_empty() {
                let (service, wanted) = match self.wanted(&text) {
                    Ok((service, wanted)) => (service, Ok(wanted)),
                    Err(problem) => (String::new(), Err(problem)),
                };
                page.lines.push((line, service, wanted));
            }
        }
        Ok(Page { read: self.read, ..page })
    }

    fn wanted(&self, text: &str) -> Result<(String, Wanted), String> {
        if text.len() > MAX_LINE {
            return Err("it is longer than 1 MiB".into());
        }
        // The error names the field and the column, and not what stands there.
        let problem = |error: serde_json::Error| error.to_string().replace("line 1 ", "");
        let mut value: Value =
            serde_json::from_str(text).map_err(|error| format!("it is no JSON: {}", problem(error)))?;
        if !value.is_object() {
            return Err(
                "it is no JSON object, such as {\"to\": \"+15005550006\", \"content\": \"hello\"}".into()
            );
        }
        let named = value.as_object_mut().and_then(|it| it.remove("service"));
        let named = named.and_then(|it| it.as_str().map(str::to_owned));
        let service = named.or_else(|| self.service.clone());
        let service = service.ok_or("it names no service, and there is no --service")?;
        Ok((service, Box::new(serde_json::from_value(value).map_err(problem)?)))
    }
}

impl SendBatch {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let mut pages = self.reader()?.pages();
        let link = Arc::new(desk.link().await?);
        let mut interrupts = Interrupts::catch()?;
        let mut listing = desk.out.list("notification.send_batch")?;
        let progress = desk.out.progress("send-batch", "bytes");
        let size = std::fs::metadata(&self.file).map_or(0, |meta| meta.len());
        let (mut next, mut tally) = (self.from_line, Tally::default());
        let interrupted = || Failure::new(Exit::Interrupted, "interrupted");
        let ended = loop {
            let page = tokio::select! {
                page = pages.recv() => page,
                () = interrupts.next() => break Err(stopped(next, &interrupted())),
            };
            let page = match page {
                Some(Ok(page)) if !page.lines.is_empty() => page,
                Some(Err(error)) => break Err(stopped(next, &Failure::new(Exit::Config, error))),
                Some(Ok(_)) | None => break Ok(()),
            };
            next = page.first;
            let sent = tokio::select! {
                sent = send(desk, &link, page.lines) => sent,
                () = interrupts.next() => break Err(stopped(next, &interrupted())),
            };
            let told = match sent {
                Ok(told) => told,
                Err(failure) => break Err(stopped(next, &failure)),
            };
            next = told.last().map_or(next, |last| last.line + 1);
            for it in &told {
                match (&it.error, it.duplicate) {
                    (Some(_), _) => tally.refused += 1,
                    (None, true) => tally.duplicates += 1,
                    (None, false) => tally.sent += 1,
                }
            }
            // A person wants to see what went wrong; a program wants to see all.
            let people = desk.out.format == Format::Table;
            let shown: Vec<_> = told.into_iter().filter(|it| !people || it.error.is_some()).collect();
            listing.page(&shown)?;
            progress.at(page.read, size);
        };
        drop(progress);
        listing.close(None, None)?;
        let Tally { sent, duplicates, refused } = tally;
        let would = if desk.globals.dry_run { "dry run: would be " } else { "" };
        desk.out.note(&format!("{would}{sent} accepted, {duplicates} as sent before, {refused} refused"));
        ended?;
        match (sent + duplicates, refused) {
            (_, 0) => Ok(Exit::Done),
            (done, refused) => {
                let exit = if done == 0 { Exit::Refused } else { Exit::Partly };
                let message = format!("{refused} of {} lines refused", done + refused);
                Err(Failure::new(exit, message).into())
            }
        }
    }

    fn reader(&self) -> Result<Reader, Failure> {
        let from: Box<dyn BufRead + Send> = if self.file == Path::new("-") {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let file = File::open(&self.file).map_err(|error| {
                Failure::new(Exit::Config, format!("{}: cannot be read: {error}", self.file.display()))
            })?;
            Box::new(BufReader::new(file))
        };
        let (service, from_line) = (self.service.clone(), self.from_line);
        Ok(Reader { from, service, from_line, next: 1, read: 0 })
    }
}

/// Why it ended early, and how to go on.
fn stopped(line: u64, failure: &Failure) -> Stop {
    let message = format!("stopped before line {line}: {}", failure.message);
    let again = format!("go on with --from-line {line}; equal ones are not sent twice");
    Failure { message, ..failure.clone() }.hint(again).into()
}

type Wanted = Box<SendRequest>;

/// Sends these at once, and tells them in their order. What the daemon refuses is told of its line; what breaks the
/// connection ends it.
async fn send(
    desk: &Desk<'_>,
    link: &Arc<Link>,
    page: Vec<(u64, String, Result<Wanted, String>)>,
) -> Result<Vec<Told>, Failure> {
    let begin = |(line, service, wanted): (u64, String, Result<Wanted, String>)| {
        let (link, change) = (Arc::clone(link), desk.globals.change_without_key());
        let key = desk.globals.idempotency_key.as_ref().map(|key| format!("{key}/{line}"));
        tokio::spawn(one(link, change, key, line, service, wanted))
    };
    let under_way: Vec<_> = page.into_iter().map(begin).collect();
    let mut told = Vec::new();
    for it in under_way {
        told.push(it.await.map_err(|error| Failure::new(Exit::Refused, error.to_string()))??);
    }
    Ok(told)
}

async fn one(
    link: Arc<Link>,
    change: Change,
    key: Option<String>,
    line: u64,
    service: String,
    wanted: Result<Wanted, String>,
) -> Result<Told, Failure> {
    let refused = |error| Told { line, id: None, status: None, duplicate: false, error: Some(error) };
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(problem) => return Ok(refused(problem)),
    };
    let within = link.within();
    let sent = match key {
        Some(key) => {
            link.change(link.client.notification_send_once(within, service, wanted, key, change)).await
        }
        None => link.change(link.client.notification_send(within, service, wanted, change)).await,
    };
    match sent {
        Ok(Some(Sent { id, status, duplicate })) => {
            Ok(Told { line, id: Some(id.to_string()), status: Some(status), duplicate, error: None })
        }
        Ok(None) => Ok(Told { line, id: None, status: None, duplicate: false, error: None }),
        Err(failure) if matches!(failure.code, "invalid" | "not_found" | "conflict") => {
            Ok(refused(failure.message))
        }
        Err(failure) => Err(failure),
    }
}

impl Row for Told {
    const COLUMNS: &'static [Column<Self>] = &[
        always("line", |it| it.line.into()),
        always("id", |it| it.id.clone().into()),
        always("status", |it| match (&it.status, &it.error) {
            (Some(word), _) => status(word),
            (None, Some(_)) => Cell::Word("refused".into(), Tone::Bad),
            (None, None) => Cell::None,
        }),
        always("duplicate", |it| if it.duplicate { "yes" } else { "no" }.into()),
        always("error", |it| it.error.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.clone().unwrap_or_default()
    }
}
