//! `notifyctl service seed-mock`: a service to try things with, its webhooks on this machine, and how to call it.

use super::create::{Plan, hook};
use crate::commands::Desk;
use crate::failure::{Ended, Exit, Stop};
use clap::Args;
use notify_proto::control::NewService;
use notify_proto::webhook::WebhookAsk;
use serde_json::json;
use std::path::PathBuf;

/// Where its webhooks are, unless it is said.
const BASE: &str = "http://127.0.0.1:9911";

/// A service to try things with.
#[derive(Debug, Args)]
#[command(
    after_help = "It has two webhooks: BASE/all hears of everything, BASE/ends of what came to its end. Addresses of this machine are
only told what the configuration allows: webhooks.allow_private = [\"127.0.0.1/32:9911\"]. What to call it with is printed
on standard error; the key and the signing secrets are shown once, as by notifyctl service create.

It makes no provider: where nothing real is sent, notifyctl provider seed --only mock makes one that sends nothing.

Examples:
  notifyctl service seed-mock --key-file mock.key
  notifyctl service seed-mock --name trial --hooks http://127.0.0.1:8080/hooks
  notifyctl service seed-mock --no-hooks --dry-run"
)]
pub struct SeedMock {
    /// Its name
    #[arg(long, value_name = "NAME", default_value = "mock_service")]
    name: String,
    /// Where its two webhooks are: URL/all and URL/ends
    #[arg(long, value_name = "URL", default_value = BASE, conflicts_with = "no_hooks")]
    hooks: String,
    /// Without webhooks
    #[arg(long)]
    no_hooks: bool,
    /// Write the key to this new file, mode 0600, instead of showing it
    #[arg(long, value_name = "PATH")]
    key_file: Option<PathBuf>,
}

impl SeedMock {
    /// One that hears of everything, and one of ends alone.
    fn asks(&self) -> Vec<WebhookAsk> {
        if self.no_hooks {
            return Vec::new();
        }
        let base = self.hooks.trim_end_matches('/');
        let mut ends = hook(&format!("{base}/ends"));
        ends.0.insert("events".into(), json!(["delivered", "failed"]));
        vec![hook(&format!("{base}/all")), ends]
    }

    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let hooks = self.asks();
        let description = Some("To try things with".to_owned());
        let service = NewService { name: self.name, description, rate_per_second: None };
        let file = self.key_file.clone();
        let plan = Plan { service, hooks, key_file: self.key_file };
        let made = match plan.make(desk, "service.seed_mock").await {
            Err(Stop::Failed(failure)) if failure.message.contains("allow_private") => {
                let hint = "allow them in the configuration file, or add --no-hooks";
                return Err(Stop::Failed(failure.hint(hint)));
            }
            made => made?,
        };
        if let Some(fresh) = made {
            let link = desk.link().await?;
            let key = file.map_or("$KEY".into(), |file| format!("$(cat '{}')", file.display()));
            desk.out.notes(&curls(&link.welcome.daemon.listen, &key));
            desk.out.note(&format!("see it go: notifyctl tail -f --filter service:{}", fresh.service.name));
        }
        Ok(Exit::Done)
    }
}

/// How it is called from a shell. The key is not repeated.
fn curls(listen: &str, key: &str) -> String {
    let call = |path: &str, body: &str| {
        format!(
            "  curl -sS http://{listen}/api/v1/{path} -H \"Authorization: Bearer {key}\" \\\n    \
             -H 'Content-Type: application/json' -d '{body}'"
        )
    };
    let examples = [
        call("sms", r#"{"to": "+15005550006", "message": "hello"}"#),
        call("email", r#"{"to": "ada@example.org", "subject": "Hello", "body": "It works."}"#),
        format!("  curl -sS http://{listen}/api/v1/notifications -H \"Authorization: Bearer {key}\""),
    ];
    let of = if key == "$KEY" { "with KEY set to its key" } else { "with the key in its file" };
    format!("call it, {of}:\n{}", examples.join("\n"))
}
