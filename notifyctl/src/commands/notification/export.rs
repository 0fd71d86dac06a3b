//! `notifyctl notification export`: all that match, for other programs.

use super::super::Desk;
use super::super::dead;
use super::list::{Common, Order, Terms, walk};
use crate::cli::{Format, Globals};
use crate::failure::{Ended, Exit, Failure, Stop};
use crate::output::Out;
use clap::{Args, ValueEnum};
use notify_proto::control::ListRequest;
use notify_proto::filter::Filter;
use notify_proto::view::NotificationView;
use std::fs::{self, File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What an export is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    /// JSON Lines
    Jsonl,
    /// Comma-separated values with a header, after RFC 4180
    Csv,
}

/// An export.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  notifyctl ntf export --since 24h --out day.jsonl
  notifyctl ntf export --filter 'status:failed service:acme' --format csv --columns id,created,error > failed.csv
A file gets its name when all of it is written; until then it ends in .partial.")]
pub struct Export {
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    to: To,
}

/// An export of dead letters.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  notifyctl dead export --since 24h --out dead.jsonl
  notifyctl dead export --filter 'fault:1f6c09ab' --format csv --columns id,created,error > dead.csv
A file gets its name when all of it is written; until then it ends in .partial.")]
pub struct DeadExport {
    #[command(flatten)]
    terms: Common,
    #[command(flatten)]
    to: To,
}

/// Where to, and how.
#[derive(Debug, Args)]
pub struct To {
    /// As what [default: to standard output what --output says, else jsonl]
    #[arg(long = "format", value_enum, value_name = "FORMAT")]
    format: Option<As>,
    /// To this file, which must not exist; mode 0600 [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show recipients, subjects and bodies; needs the admin role and is written to the audit log
    #[arg(long)]
    reveal: bool,
}

impl Export {
    pub(crate) async fn run(self, desk: &Desk<'_>) -> Ended {
        self.to.run(desk, "notification.export", self.terms.filter()).await
    }
}

impl DeadExport {
    pub(in crate::commands) async fn run(self, desk: &Desk<'_>) -> Ended {
        self.to.run(desk, "dead.export", dead::only(self.terms.filter())).await
    }
}

impl To {
    async fn run(self, desk: &Desk<'_>, what: &str, filter: Filter) -> Ended {
        let output = match (self.format, desk.out.format) {
            (Some(As::Csv), _) => Format::Csv,
            // Into a file, --output is for what is said of it.
            (None, output) if self.out.is_none() && !desk.out.for_people() => output,
            _ => Format::Jsonl,
        };
        let globals = Globals { output, json: false, ..desk.globals.clone() };
        let first = ListRequest { filter, reveal: self.reveal, ..ListRequest::default() };
        let Some(path) = self.out else {
            write(desk, &Out::new(&globals), what, first).await?;
            return Ok(Exit::Done);
        };
        let target = Target::create(&path)?;
        let file = target.file.try_clone().map_err(|error| failed(&path, &error))?;
        let rows = write(desk, &Out::to_file(&globals, Box::new(BufWriter::new(file))), what, first).await?;
        target.finish(&path)?;
        let many =
            if rows == 1 { "1 notification is".to_owned() } else { format!("{rows} notifications are") };
        let sentence = format!("{many} written to {}", path.display());
        desk.out.did(
            what,
            &sentence,
            serde_json::json!({"path": path.display().to_string(), "rows": rows}),
        )?;
        Ok(Exit::Done)
    }
}

/// Writes all that match; how many.
async fn write(desk: &Desk<'_>, out: &Out, what: &str, first: ListRequest) -> Result<u64, Stop> {
    let link = desk.link().await?;
    let progress = desk.out.progress("export", "notifications");
    let total = if progress.is_shown() {
        // Of a large log it may take too long; the line then grows as it goes.
        let count = link.read(link.client.notification_count(link.within(), first.filter.clone())).await;
        count.map_or(0, |by_status| by_status.values().sum())
    } else {
        0
    };
    let mut listing = out.list::<NotificationView>(what)?;
    let mut rows = 0;
    let walked = walk(&link, Order::Newest, first, u64::MAX, |page| {
        rows += page.items.len() as u64;
        progress.at(rows, total.max(rows));
        Ok(listing.page(&page.items)?)
    })
    .await?;
    listing.close(None, None)?;
    out.flush()?;
    if walked.cursor.is_some() {
        return Err(Failure::new(Exit::Refused, "the daemon ended the list before its end").into());
    }
    Ok(walked.shown)
}

/// A file that has its name only when it is whole.
struct Target {
    file: File,
    partial: PathBuf,
}

impl Target {
    fn create(path: &Path) -> Result<Self, Failure> {
        if path.symlink_metadata().is_ok() {
            return Err(Failure::exists("--out", path));
        }
        let mut partial = path.to_owned().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)
            .map_err(|error| failed(&partial, &error))?;
        Ok(Self { file, partial })
    }

    fn finish(self, path: &Path) -> Result<(), Failure> {
        let named = self.file.sync_all().and_then(|()| fs::rename(&self.partial, path));
        named.map_err(|error| failed(path, &error))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // Gone already when it got its name.
        let _ = fs::remove_file(&self.partial);
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Config, format!("--out: cannot write {}: {error}", path.display()))
}
