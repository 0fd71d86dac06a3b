//! Completion of values: names and ids, asked of the daemon while somebody types. It has [`BUDGET`] for all of it, and says
//! nothing when it cannot.

use crate::cli::Cli;
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use notify_proto::control::{ControlClient, Hello, ListRequest};
use notify_proto::{socket, transport};
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
    let command = command.mut_args(|argument| match kind(&here, &argument) {
        Some(kind) => argument.add(ArgValueCompleter::new(move |typed: &OsStr| offered(kind, typed))),
        None => argument,
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
    fn nobody_to_ask_is_nothing_to_offer() {
        assert!(offered(Kind::Service, OsStr::new("\u{1}")).is_empty());
    }
}
