//! A command line that is no command: help, what is wrong with it in words, or one line of JSON where that was asked for.

use crate::failure::{Exit, Failure};
use crate::fit;
use clap::Parser as _;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::io::{self, Write as _};

/// Says it, and the exit code. Help and version are errors to clap, too. A pipe that was closed meanwhile is no reason to
/// complain.
pub(crate) fn told(arguments: &[OsString], error: clap::Error) -> u8 {
    if error.use_stderr()
        && let Some(code) = checked(arguments, &error)
    {
        return code;
    }
    let code = u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8);
    if error.use_stderr() && wants_json(arguments) {
        let _ = writeln!(io::stderr(), "{}", failure(&error).json());
        return code;
    }
    if error.kind() == ErrorKind::DisplayVersion {
        let _ = error.print();
        return code;
    }
    // Once more from a tree whose help and usages fit, which takes a while to make.
    let fitted = fit::command(crate::command(), fit::width()).try_get_matches_from(arguments).err();
    let _ = fitted.unwrap_or(error).print();
    code
}

/// The same of `notifyctl check`, which ends by the codes of monitoring plug-ins, whatever happens.
fn checked(arguments: &[OsString], error: &clap::Error) -> Option<u8> {
    let understood = crate::command().ignore_errors(true).try_get_matches_from(arguments).ok()?;
    if understood.subcommand_name() != Some("check") {
        return None;
    }
    let bare = crate::cli::Cli::try_parse_from(["notifyctl", "check"]).ok()?;
    let globals = crate::cli::Globals { json: wants_json(arguments), ..bare.globals };
    let out = crate::output::Out::new(&globals);
    Some(out.end(crate::commands::check::unknown(&out, &failure(error).message)) as u8)
}

/// Whether errors are asked for as JSON, as far as that can be told from a line that was not understood.
fn wants_json(arguments: &[OsString]) -> bool {
    let json = |word: &str| matches!(word.trim_start_matches('='), "json" | "jsonl");
    let words = arguments.iter().skip(1).map_while(|it| it.to_str().filter(|word| *word != "--"));
    let mut output = false;
    for word in words {
        let value = word.strip_prefix("--output").or_else(|| word.strip_prefix("-o"));
        if word == "--json" || (output && json(word)) || value.is_some_and(json) {
            return true;
        }
        // Short flags may stand together.
        output =
            word == "--output" || (word.starts_with('-') && !word.starts_with("--") && word.ends_with('o'));
    }
    false
}

/// What clap says in several lines, in one and a hint.
fn failure(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::new(Exit::Usage, "the command is not whole").hint("see notifyctl help");
    }
    let said = error.render().to_string();
    let first = said.split("\n\n").next().unwrap_or_default();
    let message = first.split_whitespace().collect::<Vec<_>>().join(" ");
    let tip = said.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    Failure::new(Exit::Usage, message.trim_start_matches("error: ")).hint(tip.unwrap_or("see notifyctl help"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_seen_in_a_line_that_is_not_understood() {
        let wants = |line: &str| {
            let words: Vec<_> = line.split(' ').map(OsString::from).collect();
            wants_json(&words)
        };
        for line in
            ["n x --json", "n -o json x", "n -ojsonl", "n --output=json", "n --output jsonl", "n -qo json"]
        {
            assert!(wants(line), "{line}");
        }
        for line in ["n x", "n json", "n -o table json", "n x -- --json", "json", "n --reason json"] {
            assert!(!wants(line), "{line}");
        }
    }
}
