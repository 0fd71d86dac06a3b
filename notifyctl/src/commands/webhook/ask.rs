//! `notifyctl webhook create` and `update`: what is asked of a webhook, as the service API has it.

use super::secret;
use crate::commands::Desk;
use crate::failure::{Ended, Exit, Failure};
use crate::given;
use crate::secret::SIGNING_SECRET;
use clap::{ArgGroup, Args};
use notify_proto::control::Limit;
use notify_proto::webhook::WebhookAsk;
use notify_proto::{RetryProfile, WebhookEvent, WebhookId};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How it is called.
#[derive(Debug, Args)]
pub struct How {
    /// For people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What it is told of; may be repeated [default: everything]
    #[arg(long = "event", value_name = "EVENT", value_parser = given::event)]
    events: Vec<WebhookEvent>,
    /// A header that is sent along; may be repeated. It is seen in the list of processes
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = given::pair)]
    headers: Vec<(String, String)>,
    /// A file with headers that are sent along, a line `Name: value` each, or - for standard input
    #[arg(long, value_name = "FILE")]
    header_file: Option<PathBuf>,
    /// Retries, 0 to 20, or none for those of the profile
    #[arg(long, value_name = "N", value_parser = given::count_or_none)]
    max_retries: Option<Limit<u32>>,
    /// Time for one try, 1s to 120s
    #[arg(long, value_name = "DUR", value_parser = given::span)]
    request_timeout: Option<Duration>,
    /// When it is asked again: standard or persistent
    #[arg(long, value_name = "PROFILE")]
    retry_profile: Option<RetryProfile>,
}

/// A new webhook.
#[derive(Debug, Args)]
pub struct Create {
    /// The service, by name or id
    #[arg(long, value_name = "SERVICE")]
    service: String,
    /// Its endpoint, http or https
    #[arg(long, value_name = "URL")]
    url: String,
    #[command(flatten)]
    how: How,
    /// Tell it nothing of what is sent to whom
    #[arg(long)]
    redact: bool,
    /// A file with a signing secret of your own, whsec_ and base64, or - for standard input [default: a new one]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Write the new secret to this new file, mode 0600, instead of showing it
    #[arg(long, value_name = "PATH", conflicts_with = "secret_file")]
    secret_out: Option<PathBuf>,
}

/// What changes.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args([
    "url", "description", "events", "headers", "header_file", "clear_headers", "max_retries", "request_timeout",
    "retry_profile", "redact",
])))]
pub struct Update {
    /// The webhook
    #[arg(value_name = "ID", value_parser = given::webhook)]
    id: WebhookId,
    /// Another endpoint
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    how: How,
    /// Send no header along any more
    #[arg(long, conflicts_with_all = ["headers", "header_file"])]
    clear_headers: bool,
    /// Whether it is told nothing of what is sent to whom
    #[arg(long, value_name = "YES|NO", value_parser = given::yes_or_no, num_args = 1)]
    redact: Option<bool>,
}

impl How {
    /// As the service API has it.
    fn ask(&self, desk: &Desk<'_>, ask: &mut Map<String, Value>) -> Result<(), Failure> {
        if let Some(text) = &self.description {
            ask.insert("description".into(), json!(text));
        }
        if !self.events.is_empty() {
            ask.insert("events".into(), json!(self.events));
        }
        if let Some(headers) = self.headers(desk)? {
            ask.insert("headers".into(), Value::Object(headers));
        }
        match self.max_retries {
            Some(Limit::Set(count)) => drop(ask.insert("max_retries".into(), json!(count))),
            Some(Limit::Lift | Limit::Keep) => drop(ask.insert("max_retries".into(), Value::Null)),
            None => {}
        }
        if let Some(timeout) = self.request_timeout {
            if timeout.subsec_nanos() > 0 {
                return Err(Failure::new(Exit::Usage, "--request-timeout: write whole seconds, such as 10s"));
            }
            ask.insert("timeout_seconds".into(), json!(timeout.as_secs()));
        }
        if let Some(profile) = self.retry_profile {
            ask.insert("retry_profile".into(), json!(profile));
        }
        Ok(())
    }

    fn headers(&self, desk: &Desk<'_>) -> Result<Option<Map<String, Value>>, Failure> {
        let mut headers = Map::new();
        if let Some(path) = &self.header_file {
            for (name, value) in lines(path, &desk.secrets(path)?)? {
                put(&mut headers, name, value)?;
            }
        }
        for (name, value) in &self.headers {
            put(&mut headers, name, value)?;
        }
        Ok(Some(headers).filter(|_| self.header_file.is_some() || !self.headers.is_empty()))
    }
}

fn put(headers: &mut Map<String, Value>, name: &str, value: &str) -> Result<(), Failure> {
    if headers.insert(name.to_owned(), json!(value)).is_some() {
        return Err(Failure::new(Exit::Usage, format!("the header {name} is given twice")));
    }
    Ok(())
}

/// The headers in a file. Their values are not repeated in an error.
pub(crate) fn lines<'a>(path: &Path, text: &'a str) -> Result<Vec<(&'a str, &'a str)>, Failure> {
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            let problem = format!("{}: line {} is no `Name: value`", path.display(), number + 1);
            return Err(Failure::new(Exit::Config, problem));
        };
        all.push((name.trim(), value.trim()));
    }
    Ok(all)
}

impl Create {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let own = self.secret_file.as_deref().map(|path| desk.secret(path)).transpose()?;
        if own.is_none() {
            SIGNING_SECRET.check_output(desk.out.format, self.secret_out.as_deref())?;
        }
        let mut ask = Map::new();
        ask.insert("url".into(), json!(self.url));
        self.how.ask(desk, &mut ask)?;
        if self.redact {
            ask.insert("redact".into(), json!(true));
        }
        if let Some(own) = own {
            ask.insert("secret".into(), json!(own));
        }
        let link = desk.link().await?;
        let file = SIGNING_SECRET.place(desk.globals.dry_run, self.secret_out.as_deref())?;
        let call =
            link.client.webhook_create(link.within(), self.service, WebhookAsk(ask), desk.globals.change());
        let fresh = link.change(call).await?;
        let sentence = if desk.globals.dry_run {
            desk.says(&format!("a webhook of {}", fresh.webhook.service_name), "created")
        } else {
            format!("webhook {} of {} is created", fresh.webhook.id, fresh.webhook.service_name)
        };
        let ended = secret::finish(desk, "webhook.create", &sentence, &fresh, file)?;
        if !desk.globals.dry_run {
            desk.out.advise(&format!("next: notifyctl webhook test {}", fresh.webhook.id));
        }
        Ok(ended)
    }
}

impl Update {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let mut ask = Map::new();
        if let Some(url) = &self.url {
            ask.insert("url".into(), json!(url));
        }
        self.how.ask(desk, &mut ask)?;
        if self.clear_headers {
            ask.insert("headers".into(), json!({}));
        }
        if let Some(redact) = self.redact {
            ask.insert("redact".into(), json!(redact));
        }
        let link = desk.link().await?;
        let call = link.client.webhook_update(link.within(), self.id, WebhookAsk(ask), desk.globals.change());
        let done = link.change(call).await?;
        super::updated(desk, "webhook.update", &done.webhook, &done.changed)?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_file_is_read_line_by_line_and_its_values_are_not_repeated() {
        let path = Path::new("token");
        let read = lines(path, "X-Team: ops\n\nAuthorization:Bearer a:b \r\n").unwrap();
        assert_eq!(read, [("X-Team", "ops"), ("Authorization", "Bearer a:b")]);
        let failure = lines(path, "X-Team: ops\nhunter2\n").unwrap_err();
        assert!(failure.message.contains("line 2") && !failure.message.contains("hunter2"));
    }
}
