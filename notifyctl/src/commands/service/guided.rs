//! `notifyctl service create` without a name, on a terminal: a form. It ends with the commands that would have done the same.

use super::create::{Plan, hook, rehearse};
use crate::commands::Desk;
use crate::conn::Link;
use crate::failure::{Ended, Exit, Failure};
use crate::secret::API_KEY;
use crate::{confirm, form, given};
use notify_proto::WebhookEvent;
use notify_proto::control::NewService;
use notify_proto::webhook::WebhookAsk;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;

/// What the flags say already, so that it is not asked for.
pub(super) struct Given {
    pub(super) description: Option<String>,
    pub(super) rate: Option<f64>,
    pub(super) key_file: Option<PathBuf>,
    /// The webhooks by URL, then those of the files.
    pub(super) hooks: Vec<WebhookAsk>,
    pub(super) files: Vec<PathBuf>,
}

impl Given {
    pub(super) async fn ask_for_the_rest(self, desk: &Desk<'_>) -> Ended {
        if !confirm::can_ask(desk.globals, desk.out) {
            let failure =
                Failure::new(Exit::Usage, "the service needs a name, and nobody can be asked for it");
            return Err(failure.hint("notifyctl service create NAME").into());
        }
        let Self { description, rate, key_file, mut hooks, files } = self;
        API_KEY.check_output(desk.out.format, key_file.as_deref())?;
        let link = desk.link().await?;
        for ask in &hooks {
            rehearse(desk, &link, ask).await?;
        }
        let out = desk.out;
        let name = name(desk, &link).await?;
        let description = match description {
            Some(text) => text,
            None => form::line(out, "Description, for people (empty for none): ")?,
        };
        let rate = match rate {
            Some(rate) => Some((rate, format!("{rate}/s"))),
            None => {
                form::until(out, "Requests it may make, such as 50/s (empty for no limit): ", self::rate)?
            }
        };
        let in_files = hooks.len() - files.len()..hooks.len();
        while let Some(ask) = webhook(desk, &link, hooks.len()).await? {
            hooks.push(ask);
        }
        let description = Some(description).filter(|text| !text.is_empty());
        let service = NewService { name, description, rate_per_second: rate.as_ref().map(|(rate, _)| *rate) };
        let rate = rate.map(|(_, said)| said);
        out.notes(&summary(&service, rate.as_deref(), &hooks));
        confirm::yes(desk.globals, out, "Create it?")?;
        let mut asked = hooks.clone();
        asked.drain(in_files);
        let commands = commands(&service, rate.as_deref(), &asked, &files, key_file.as_ref());
        drop(link);
        Plan { service, hooks, key_file }.make(desk, "service.create").await?;
        out.notes(&format!("the same without questions:\n{commands}"));
        Ok(Exit::Done)
    }
}

/// A name that the daemon would take.
async fn name(desk: &Desk<'_>, link: &Link) -> Result<String, Failure> {
    loop {
        let name = form::line(desk.out, "Name of the service (a-z 0-9 . _ -): ")?;
        let service = NewService { name: name.clone(), description: None, rate_per_second: None };
        let call = link.client.service_create(link.within(), service, desk.globals.rehearsal());
        match link.read(call).await {
            Ok(_) => return Ok(name),
            Err(failure) if again(&failure) => desk.out.note(&failure.message),
            Err(failure) => return Err(failure),
        }
    }
}

/// Whether another answer may do.
fn again(failure: &Failure) -> bool {
    matches!(failure.code, "invalid" | "conflict")
}

/// A rate with its words; none for an empty answer.
fn rate(answer: &str) -> Result<Option<(f64, String)>, String> {
    if answer.is_empty() {
        return Ok(None);
    }
    given::rate(answer).map(|rate| Some((rate, answer.to_owned())))
}

/// One webhook that the daemon would take; none when there shall be no more.
async fn webhook(desk: &Desk<'_>, link: &Link, before: usize) -> Result<Option<WebhookAsk>, Failure> {
    let out = desk.out;
    let more = if before == 0 { "A URL" } else { "One more URL" };
    loop {
        let url =
            form::line(out, &format!("{more} where it is told of its notifications (empty for none): "))?;
        if url.is_empty() {
            return Ok(None);
        }
        let mut ask = hook(&url);
        let events = form::until(out, "  Events, separated by commas (empty for all): ", events)?;
        if !events.is_empty() {
            ask.0.insert("events".into(), json!(events));
        }
        if let Some(retries) = form::until(out, "  Retries, 0 to 20 (empty for the usual ones): ", retries)? {
            ask.0.insert("max_retries".into(), json!(retries));
        }
        let headers = headers(desk)?;
        if !headers.is_empty() {
            ask.0.insert("headers".into(), Value::Object(headers));
        }
        match rehearse(desk, link, &ask).await {
            Ok(()) => return Ok(Some(ask)),
            Err(failure) if again(&failure) => out.note(&failure.message),
            Err(failure) => return Err(failure),
        }
    }
}

fn events(answer: &str) -> Result<Vec<WebhookEvent>, String> {
    answer.split(',').map(str::trim).filter(|word| !word.is_empty()).map(given::event).collect()
}

fn retries(answer: &str) -> Result<Option<u32>, String> {
    if answer.is_empty() {
        return Ok(None);
    }
    let count = answer.parse().ok().filter(|count| *count <= 20);
    count.map(Some).ok_or_else(|| "write a number from 0 to 20".to_owned())
}

/// Headers that are sent along; their values are not seen while they are typed.
fn headers(desk: &Desk<'_>) -> Result<Map<String, Value>, Failure> {
    let mut headers = Map::new();
    loop {
        let name = form::line(desk.out, "  Name of a header that is sent along (empty for no more): ")?;
        if name.is_empty() {
            return Ok(headers);
        }
        let value = form::hidden(desk.out, &format!("  {name} (not shown): "))?;
        headers.insert(name, json!(value));
    }
}

/// What will be made; without the values of headers.
fn summary(service: &NewService, rate: Option<&str>, hooks: &[WebhookAsk]) -> String {
    let mut text = format!("\nservice      {}\n", service.name);
    let _ = writeln!(text, "description  {}", service.description.as_deref().unwrap_or("-"));
    let _ = write!(text, "rate         {}", rate.unwrap_or("no limit of its own"));
    for WebhookAsk(hook) in hooks {
        let url = hook.get("url").and_then(Value::as_str).unwrap_or_default();
        let _ =
            write!(text, "\nwebhook      {url}: {}", listed(hook, "events").unwrap_or("everything".into()));
        if let Some(retries) = hook.get("max_retries") {
            let _ = write!(text, ", {retries} retries");
        }
        if let Some(names) = header_names(hook) {
            let _ = write!(text, ", with {names}");
        }
    }
    text
}

fn listed(hook: &Map<String, Value>, member: &str) -> Option<String> {
    let words = hook.get(member)?.as_array()?.iter().filter_map(Value::as_str);
    Some(words.collect::<Vec<_>>().join(", "))
}

fn header_names(hook: &Map<String, Value>) -> Option<String> {
    let names: Vec<_> = hook.get("headers")?.as_object()?.keys().map(String::as_str).collect();
    Some(names.join(", "))
}

/// The commands that make the same. Secret headers stand in a file there.
fn commands(
    service: &NewService,
    rate: Option<&str>,
    hooks: &[WebhookAsk],
    files: &[PathBuf],
    key_file: Option<&PathBuf>,
) -> String {
    let mut create = format!("  notifyctl service create {}", quoted(&service.name));
    let mut flag = |name: &str, value: &str| {
        let _ = write!(create, " {name} {}", quoted(value));
    };
    if let Some(text) = &service.description {
        flag("--description", text);
    }
    if let Some(rate) = rate {
        flag("--rate", rate);
    }
    if let Some(path) = key_file {
        flag("--key-file", &path.display().to_string());
    }
    for path in files {
        flag("--webhook-file", &path.display().to_string());
    }
    let mut others = String::new();
    for WebhookAsk(hook) in hooks {
        let url = hook.get("url").and_then(Value::as_str).unwrap_or_default();
        if hook.len() == 1 {
            flag("--webhook", url);
            continue;
        }
        let name = quoted(&service.name);
        let _ = write!(others, "\n  notifyctl webhook create --service {name} --url {}", quoted(url));
        for event in hook.get("events").and_then(Value::as_array).into_iter().flatten() {
            let _ = write!(others, " --event {}", event.as_str().unwrap_or_default());
        }
        if let Some(retries) = hook.get("max_retries") {
            let _ = write!(others, " --max-retries {retries}");
        }
        if let Some(names) = header_names(hook) {
            let _ = write!(others, " --header-file FILE   # with a line `Name: value` for each of {names}");
        }
    }
    create + &others
}

/// As a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_do_the_same_and_repeat_no_secret() {
        let service = NewService {
            name: "acme".into(),
            description: Some("Ada's shop".into()),
            rate_per_second: Some(50.0),
        };
        let mut second = hook("https://hooks.example.org/n?a=1&b=2");
        second.0.insert("events".into(), json!(["delivered", "failed"]));
        second.0.insert("max_retries".into(), json!(3));
        second.0.insert("headers".into(), json!({"X-Token": "hunter2"}));
        let hooks = [hook("https://hooks.example.org/all"), second];
        let file = PathBuf::from("acme.key");
        let said = commands(&service, Some("50/s"), &hooks, &["slow hook.json".into()], Some(&file));
        assert_eq!(
            said,
            "  notifyctl service create acme --description 'Ada'\\''s shop' --rate 50/s --key-file acme.key \
             --webhook-file 'slow hook.json' --webhook https://hooks.example.org/all\n  notifyctl webhook create --service acme --url \
             'https://hooks.example.org/n?a=1&b=2' --event delivered --event failed --max-retries 3 --header-file \
             FILE   # with a line `Name: value` for each of X-Token"
        );
        let told = summary(&service, Some("50/s"), &hooks);
        assert!(told.contains("delivered, failed, 3 retries, with X-Token") && !told.contains("hunter2"));
    }

    #[test]
    fn answers_are_read_or_explained() {
        assert_eq!(rate("").unwrap(), None);
        assert!(rate("50").unwrap_err().contains("50/s"));
        assert_eq!(events("delivered, failed,").unwrap().len(), 2);
        assert!(events("eaten").is_err());
        assert_eq!((retries(""), retries("20")), (Ok(None), Ok(Some(20))));
        assert!(retries("21").is_err());
    }
}
