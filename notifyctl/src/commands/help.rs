//! `notifyctl help`: commands and topics.

use crate::failure::{Ended, Exit, Failure};
use crate::fit;
use crate::output::Out;
use crate::schema;
use clap::Args;
use std::fmt::Write as _;

/// Help on a command or a topic.
#[derive(Debug, Args)]
#[command(after_help = "Topics: exit-codes, filters, formatting, environment, examples

Examples:
  notifyctl help service create
  notifyctl help exit-codes
  notifyctl help formatting --schema notification.list > list.schema.json")]
pub struct Help {
    /// A topic, or the words of a command
    #[arg(value_name = "TOPIC | COMMAND")]
    about: Vec<String>,
    /// The JSON Schema of this kind of document, such as notification.list; with no name, the kinds there are
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    schema: Option<String>,
}

/// The topics.
pub(crate) const TOPICS: &[&str] = &["exit-codes", "filters", "formatting", "environment", "examples"];

/// The text of a topic.
pub(crate) fn topic(name: &str) -> Option<String> {
    let text = match name {
        "exit-codes" => exit_codes(),
        "filters" => include_str!("../topics/filters.txt").to_owned(),
        "formatting" => include_str!("../topics/formatting.txt").to_owned(),
        "environment" => include_str!("../topics/environment.txt").to_owned(),
        "examples" => include_str!("../topics/examples.txt").to_owned(),
        _ => return None,
    };
    Some(text)
}

fn exit_codes() -> String {
    let mut text = String::from("Exit codes of every command:\n\n");
    for (code, meaning) in Exit::TABLE {
        let _ = writeln!(text, "  {code:>3}  {meaning}");
    }
    text.push_str("  143  Terminated (the shell's code for SIGTERM).\n");
    text
}

impl Help {
    pub(crate) fn run(&self, out: &Out) -> Ended {
        if let Some(kind) = &self.schema {
            return print_schema(kind, out);
        }
        if let [name] = self.about.as_slice()
            && let Some(text) = topic(name)
        {
            out.raw(&fit::text(&text, fit::width()))?;
            return Ok(Exit::Done);
        }
        let mut command = fit::command(crate::command(), fit::width());
        let mut found = &mut command;
        for word in &self.about {
            let message = format!("there is no command or topic `{}`", self.about.join(" "));
            found = found.find_subcommand_mut(word).ok_or_else(|| {
                Failure::new(Exit::Usage, message)
                    .hint(format!("topics are {}; commands: notifyctl --help", TOPICS.join(", ")))
            })?;
        }
        out.raw(&found.render_long_help().to_string())?;
        Ok(Exit::Done)
    }
}

fn print_schema(kind: &str, out: &Out) -> Ended {
    if kind.is_empty() {
        out.lines(&schema::kinds().join("\n"))?;
        return Ok(Exit::Done);
    }
    let unknown = || {
        let message = format!("there is no kind of document `{kind}`");
        Failure::new(Exit::Usage, message).hint("notifyctl help formatting --schema lists them")
    };
    let schema = schema::of(kind).ok_or_else(unknown)?;
    out.lines(&serde_json::to_string_pretty(&schema).map_err(std::io::Error::from)?)?;
    Ok(Exit::Done)
}
