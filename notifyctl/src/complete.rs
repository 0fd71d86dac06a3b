//! Completion of values: names and ids, asked of the daemon while somebody types. It has [`BUDGET`] for all of it, and says
//! nothing when it cannot.

use crate::cli::Cli;
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use notify_proto::control::{ControlClient, Hello, ListRequest};
use notify_proto::{Channel, Priority, Status, WebhookEvent, WebhookStatus, socket, transport};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

/// Longest that somebody who pressed a key waits.
const BUDGET: Duration = Duration::from_millis(150);

/// Recent ones that are offered.
const RECENT: u32 = 50;

/// What can be offered.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Service,
    Provider,
    Queue,
    Notification,
    Webhook,
    Operation,
    Hold,
}

/// The command tree, with the values that the daemon knows.
pub(crate) fn command() -> Command {
    with_values(Cli::command(), "")
}

/// Answers the shell, when it is the shell that asks. Whether it was.
pub(crate) fn answered(arguments: &[OsString]) -> bool {
    let here = std::env::current_dir().ok();
    let asked = clap_complete::CompleteEnv::with_factory(command);
    // What goes wrong is nothing that somebody who types wants to read.
    asked.try_complete(arguments.iter().cloned(), here.as_deref()).unwrap_or(true)
}

fn with_values(command: Command, path: &str) -> Command {
    let here = path.to_owned();
    let command = command.mut_args(|argument| match (kind(&here, &argument), words(&here, &argument)) {
        (Some(kind), _) => argument.add(ArgValueCompleter::new(move |typed: &OsStr| offered(kind, typed))),
        (None, Some(words)) => {
            argument.add(ArgValueCompleter::new(move |typed: &OsStr| fitting(&words, typed)))
        }
        (None, None) => argument,
    });
    let nested = path.to_owned();
    command.mut_subcommands(move |below| {
        let path = format!("{nested} {}", below.get_name());
        with_values(below, path.trim_start())
    })
}

/// What an argument names, by the command it is of.
fn kind(path: &str, argument: &Arg) -> Option<Kind> {
    let noun = path.split(' ').next().unwrap_or_default();
    let new = [" create", " add", " seed-mock"].iter().any(|verb| path.ends_with(verb));
    match (noun, argument.get_id().as_str()) {
        (_, "service") => Some(Kind::Service),
        (_, "provider") => Some(Kind::Provider),
        ("service", "name") if !new => Some(Kind::Service),
        ("provider", "name") if !new => Some(Kind::Provider),
        ("queue", "name") => Some(Kind::Queue),
        ("queue", "id") => Some(Kind::Hold),
        ("notification" | "dead" | "schedule", "id" | "ids") => Some(Kind::Notification),
        ("webhook", "id") if !path.contains("delivery") => Some(Kind::Webhook),
        ("operation", "id" | "ids") => Some(Kind::Operation),
        _ => None,
    }
}

/// The words that an argument takes, where nobody needs to be asked for them.
fn words(path: &str, argument: &Arg) -> Option<Vec<&'static str>> {
    fn all<T: Copy>(words: &[T], as_str: fn(T) -> &'static str) -> Vec<&'static str> {
        words.iter().map(|word| as_str(*word)).collect()
    }
    Some(match argument.get_id().as_str() {
        "channel" | "channels" => all(Channel::ALL, Channel::as_str),
        "priority" if path.starts_with("notification") => all(Priority::ALL, Priority::as_str),
        "event" | "events" if path.starts_with("webhook") => all(WebhookEvent::ALL, WebhookEvent::as_str),
        "statuses" if path.starts_with("webhook") => all(WebhookStatus::ALL, WebhookStatus::as_str),
        "statuses" if path.starts_with("store") => ["delivered", "failed", "cancelled"].into(),
        "status" => {
            let also = ["scheduled", "held", "dead"];
            all(Status::ALL, Status::as_str).into_iter().chain(also).collect()
        }
        _ => return None,
    })
}

/// Those that begin with what was typed behind the last comma.
fn fitting(words: &[&str], typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let (before, last) = typed.split_at(typed.rfind(',').map_or(0, |comma| comma + 1));
    let fits = words.iter().filter(|word| word.starts_with(last));
    fits.map(|word| CompletionCandidate::new(format!("{before}{word}"))).collect()
}

/// Those that begin with what was typed.
fn offered(kind: Kind, typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let asked = runtime.block_on(async { tokio::time::timeout(BUDGET, ask(kind)).await });
    let known = asked.ok().flatten().unwrap_or_default();
    let fits = known.into_iter().filter(|(value, _)| value.starts_with(typed));
    fits.map(|(value, said)| CompletionCandidate::new(value).help(Some(said.into()))).collect()
}

/// The socket on the line that is being typed, as far as there is one.
fn given_socket() -> Option<PathBuf> {
    let words: Vec<_> = std::env::args_os().collect();
    let at = words.iter().rposition(|word| word == "--socket");
    at.and_then(|at| words.get(at + 1)).filter(|word| !word.is_empty()).map(PathBuf::from)
}

/// Values, each with what it is.
async fn ask(kind: Kind) -> Option<Vec<(String, String)>> {
    let (client, _) = socket::connect(given_socket().as_deref()).await.ok()?;
    let within = || transport::within(BUDGET);
    let hello = Hello::of(concat!("notifyctl ", env!("CARGO_PKG_VERSION")));
    let welcome = client.hello(within(), hello.clone()).await.ok()?.ok()?;
    if !welcome.fits(&hello) {
        return None;
    }
    known(kind, &client).await
}

async fn known(kind: Kind, client: &ControlClient) -> Option<Vec<(String, String)>> {
    let within = || transport::within(BUDGET);
    let on = |active: bool| if active { "active" } else { "disabled" };
    Some(match kind {
        Kind::Service => {
            let all = client.service_list(within()).await.ok()?.ok()?;
            all.into_iter().map(|it| (it.name, on(it.active).to_owned())).collect()
        }
        Kind::Provider => {
            let all = client.provider_list(within()).await.ok()?.ok()?;
            let said =
                |active, kind: &str, circuit: &str| format!("{kind}, {}, circuit {circuit}", on(active));
            all.into_iter().map(|it| (it.name, said(it.active, &it.kind, &it.circuit))).collect()
        }
        Kind::Queue => {
            let all = client.queue_list(within()).await.ok()?.ok()?.queues;
            all.into_iter().map(|it| (it.name, it.state.replace('_', " "))).collect()
        }
        Kind::Notification => {
            let request = ListRequest { limit: RECENT, ..ListRequest::default() };
            let page = client.notification_list(within(), request).await.ok()?.ok()?;
            let said =
                |status: String, channel: String, service: &str| format!("{status}, {channel}, {service}");
            page.items
                .into_iter()
                .map(|it| {
                    let said = said(it.status.to_string(), it.channel.to_string(), &it.service_name);
                    (it.id.to_string(), said)
                })
                .collect()
        }
        Kind::Webhook => {
            let all = client.webhook_list(within(), None).await.ok()?.ok()?;
            let said = |active, service: &str, url: &str| format!("{service}, {}, {url}", on(active));
            all.into_iter()
                .map(|it| (it.id.to_string(), said(it.is_active, &it.service_name, &it.url)))
                .collect()
        }
        Kind::Operation => {
            let all = client.operation_list(within()).await.ok()?.ok()?;
            all.into_iter().map(|it| (it.id, format!("{}, {}", it.verb, it.state.as_str()))).collect()
        }
        Kind::Hold => {
            let all = client.hold_list(within()).await.ok()?.ok()?;
            all.into_iter().map(|it| (it.id, format!("{} of {}", it.kind, it.queue))).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn walk(command: &Command, path: &str, found: &mut BTreeMap<String, Kind>) {
        for argument in command.get_arguments() {
            if let Some(kind) = kind(path, argument) {
                found.insert(format!("{path} {}", argument.get_id()), kind);
            }
        }
        for below in command.get_subcommands() {
            walk(below, format!("{path} {}", below.get_name()).trim_start(), found);
        }
    }

    #[test]
    fn what_names_something_is_offered_and_what_is_new_is_not() {
        let mut found = BTreeMap::new();
        walk(&Cli::command(), "", &mut found);
        for (argument, kind) in [
            ("service show name", Kind::Service),
            ("service key reset service", Kind::Service),
            ("notification list service", Kind::Service),
            ("provider circuit open name", Kind::Provider),
            ("queue pause name", Kind::Queue),
            ("queue hold cancel id", Kind::Hold),
            ("notification show ids", Kind::Notification),
            ("webhook secret rotate id", Kind::Webhook),
            ("operation wait ids", Kind::Operation),
        ] {
            assert_eq!(format!("{:?}", found.get(argument)), format!("{:?}", Some(kind)), "{argument}");
        }
        assert!(!found.contains_key("service create name") && !found.contains_key("provider add name"));
    }

    #[test]
    fn words_are_offered_behind_each_comma_without_a_daemon() {
        let offers = |line: &[&str]| {
            let path = line.join(" ");
            let command = Cli::command();
            let command = line[..line.len() - 1]
                .iter()
                .try_fold(&command, |command, word| command.find_subcommand(word));
            let named = |it: &&Arg| it.get_long() == Some(line[line.len() - 1]);
            let argument = command.and_then(|it| it.get_arguments().find(named));
            argument.and_then(|it| words(&path, it)).unwrap_or_default().join(" ")
        };
        assert!(offers(&["notification", "list", "status"]).starts_with("pending queued"));
        assert!(offers(&["notification", "list", "status"]).ends_with("scheduled held dead"));
        assert_eq!(offers(&["store", "prune", "status"]), "delivered failed cancelled");
        assert_eq!(offers(&["webhook", "deliveries", "status"]), "pending acknowledged retrying failed");
        assert!(offers(&["notification", "send", "priority"]).starts_with("instant high"));
        for line in [["provider", "add", "channel"], ["notification", "explain", "channel"]] {
            assert!(offers(&line).starts_with("sms email"), "{line:?}");
        }
        assert!(offers(&["webhook", "create", "event"]).contains("delivered"));
        assert_eq!(offers(&["provider", "add", "priority"]), "", "that one is a number");
        let known = ["failed", "retrying"];
        let fits = |typed: &str| {
            let fits = fitting(&known, OsStr::new(typed)).into_iter();
            fits.map(|it| it.get_value().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            (fits("r"), fits("failed,")),
            (vec!["retrying".to_owned()], vec!["failed,failed".to_owned(), "failed,retrying".to_owned()])
        );
    }

    #[test]
    fn nobody_to_ask_is_nothing_to_offer() {
        assert!(offered(Kind::Service, OsStr::new("\u{1}")).is_empty());
    }
}
