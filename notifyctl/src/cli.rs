//! The grammar: `notifyctl [global flags] NOUN VERB [ARGS] [flags]`.

use crate::commands::{
    apply, audit, check, completions, daemon, dead, doctor, help, man, notification, operation, ping,
    provider, queue, schedule, service, stats, status, store, tail, top, webhook,
};
use crate::given;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use notify_proto::control::Change;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use uuid::Uuid;

/// Look at a running notifyd and change it.
#[derive(Debug, Parser)]
#[command(name = "notifyctl", version, disable_help_subcommand = true, arg_required_else_help = true)]
#[command(after_help = "Examples:
  notifyctl status
  notifyctl doctor
  notifyctl service create acme --key-file acme.key
  notifyctl provider add relay --type smtp --config-file relay.json --secret-file relay.pass
  notifyctl ntf list --status failed --since 1h

More: notifyctl help exit-codes | filters | formatting | environment | examples")]
pub struct Cli {
    /// The flags every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people; may change.
    Table,
    /// The same with all columns.
    Wide,
    /// One record per line, tab-separated, stable columns.
    Plain,
    /// One document with a schema.
    Json,
    /// Bare items, one per line.
    Jsonl,
    /// RFC 4180 with a header.
    Csv,
    /// Ids only.
    Id,
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TimeStyle {
    /// Relative in a table on a terminal, UTC otherwise.
    Auto,
    /// Such as 12s or in 5m.
    Relative,
    /// In the local time zone.
    Local,
    /// RFC 3339 in UTC.
    Utc,
    /// Seconds since 1970.
    Unix,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless the environment says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The key of a command that is given none.
static OWN: OnceLock<String> = OnceLock::new();

/// The flags every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// The daemon's control socket, instead of looking in the usual places [env: NOTIFYD_SOCKET]
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// How long the daemon may take to answer [default: 10s; for wait, how long to wait: 60s]
    #[arg(long, global = true, value_name = "DUR", value_parser = given::span)]
    pub timeout: Option<Duration>,
    /// How the answer is written
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
    /// The same as --output json
    #[arg(long, global = true, conflicts_with = "output")]
    pub json: bool,
    /// Only these columns, by name, in this order
    #[arg(long, global = true, value_name = "A,B", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// No header line in table, wide and csv
    #[arg(long, global = true)]
    pub no_headers: bool,
    /// How times are written
    #[arg(long, global = true, value_enum, value_name = "STYLE", default_value = "auto")]
    pub time: TimeStyle,
    /// Say nothing but the answer
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more about the connection
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
    /// The same as --color never
    #[arg(long, global = true, conflicts_with = "color")]
    pub no_color: bool,
    /// Show no pager, also where show, raw and help would be read in one
    #[arg(long, global = true)]
    pub no_pager: bool,
    /// Never ask; end with exit code 6 where a question would come
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Answer yes to every y/N question
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Say what would happen and change nothing
    #[arg(short = 'n', long, global = true)]
    pub dry_run: bool,
    /// Why, for the audit log
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,
    /// A key of your own for a change: the same command repeated with it within 24 hours, because no answer came, changes
    /// nothing more. Within ten minutes it hears the first answer; later, or when the daemon was started anew, it ends with
    /// exit code 5 and says what was changed
    #[arg(long, global = true, value_name = "KEY", value_parser = given::key)]
    pub idempotency_key: Option<String>,
    /// How many changes this command has asked for.
    #[arg(skip)]
    pub(crate) changes: Arc<AtomicU32>,
}

impl Globals {
    /// How the answer is written.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output }
    }

    /// When to use colour.
    pub fn color(&self) -> ColorWhen {
        if self.no_color { ColorWhen::Never } else { self.color }
    }

    /// What goes with every change.
    pub fn change(&self) -> Change {
        let key = (!self.dry_run).then(|| match self.changes.fetch_add(1, Ordering::Relaxed) {
            0 => self.key().to_owned(),
            number => format!("{}/{number}", self.key()),
        });
        Change { key, ..self.change_without_key() }
    }

    /// The same for a change that has a key of another kind.
    pub fn change_without_key(&self) -> Change {
        Change { reason: self.reason.clone(), dry_run: self.dry_run, key: None }
    }

    /// What the first change of this command is known by; the others have a number behind it, which is the same whenever the
    /// command is the same.
    pub fn key(&self) -> &str {
        self.idempotency_key.as_deref().unwrap_or_else(|| OWN.get_or_init(|| Uuid::now_v7().to_string()))
    }

    /// The same where nothing is to change yet: whether it could is asked before anybody is.
    pub fn rehearsal(&self) -> Change {
        Change { dry_run: true, ..self.change_without_key() }
    }

    /// How long the daemon may take to answer.
    pub fn patience(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(10))
    }
}

/// The nouns, and a few verbs that need none.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// How notifyd is, on one screen
    Status(status::Status),
    /// Whether all is well, for monitoring: exit 0 well, 1 warning, 2 critical, 3 unknown
    Check(check::Check),
    /// The overview: what needs attention, queues, providers, webhooks, latency
    Top(top::Top),
    /// What happens, as it happens
    Tail(tail::Tail),
    /// What was counted and measured: a summary, latencies, series
    #[command(subcommand, arg_required_else_help = true, after_help = stats::EXAMPLES)]
    Stats(stats::Stats),
    /// Make services, providers and webhooks what a file says
    Apply(apply::Apply),
    /// Look whether all is there that notifyd needs, and say what to do about what is not
    Doctor(doctor::Doctor),
    /// Round trips to the daemon
    Ping(ping::Ping),
    /// Services: who may send
    #[command(visible_aliases = ["services", "svc"], subcommand, arg_required_else_help = true)]
    #[command(after_help = service::EXAMPLES)]
    Service(service::Service),
    /// Providers: the ways out
    #[command(visible_aliases = ["providers", "prov"], subcommand, arg_required_else_help = true)]
    #[command(after_help = provider::EXAMPLES)]
    Provider(provider::Provider),
    /// Notifications: send, look, cancel, retry, wait
    #[command(visible_aliases = ["notifications", "ntf"], subcommand, arg_required_else_help = true)]
    #[command(after_help = notification::EXAMPLES)]
    Notification(Box<notification::Notification>),
    /// Queues, the lines of work in front of the providers: look, pause, limit, drain
    #[command(visible_aliases = ["queues", "q"], subcommand, arg_required_else_help = true)]
    #[command(after_help = queue::EXAMPLES)]
    Queue(queue::Queue),
    /// What waits for a time: look, give it another one, run it now
    #[command(visible_alias = "schedules", subcommand, arg_required_else_help = true)]
    #[command(after_help = schedule::EXAMPLES)]
    Schedule(Box<schedule::Schedule>),
    /// Dead letters: look, group by what is wrong, start again, discard
    #[command(subcommand, arg_required_else_help = true, after_help = dead::EXAMPLES)]
    Dead(Box<dead::Dead>),
    /// Webhooks, who is told what became of notifications: create, test, look, tell again
    #[command(visible_aliases = ["webhooks", "wh"], subcommand, arg_required_else_help = true)]
    #[command(after_help = webhook::EXAMPLES)]
    Webhook(Box<webhook::Webhook>),
    /// Long work that the daemon does: look, wait, give up
    #[command(visible_aliases = ["operations", "op"], subcommand, arg_required_else_help = true)]
    #[command(after_help = operation::EXAMPLES)]
    Operation(operation::Operation),
    /// The log: size, backup, check, making it smaller
    #[command(subcommand, arg_required_else_help = true, after_help = store::EXAMPLES)]
    Store(store::Store),
    /// Who changed what and why
    #[command(subcommand, arg_required_else_help = true, after_help = audit::EXAMPLES)]
    Audit(audit::Audit),
    /// The daemon itself
    #[command(subcommand, arg_required_else_help = true, after_help = daemon::EXAMPLES)]
    Daemon(daemon::Daemon),
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// Write the man pages
    Man(man::Man),
    /// Help on a command or a topic: exit-codes, filters, formatting, environment, examples
    Help(help::Help),
}
