//! Questions, and only where somebody can answer: on a terminal, without `--no-input`. Every question has a flag that
//! answers it. What cannot be done is not asked for: a command rehearses it first, see [`Globals::rehearsal`].

use crate::cli::Globals;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use notify_proto::upkeep::grouped;
use std::fmt::Display;
use std::io::{self, BufRead as _};

/// Ids that a question lists, at most.
const SHOWN: usize = 5;

/// Whether a y/N question is answered before it is asked: by `--yes`, or by `--dry-run`, which changes nothing.
pub(crate) const fn is_answered(globals: &Globals) -> bool {
    globals.yes || globals.dry_run
}

/// Asks y/N.
pub(crate) fn yes(globals: &Globals, out: &Out, question: &str) -> Result<(), Failure> {
    if is_answered(globals) {
        return Ok(());
    }
    if !can_ask(globals, out) {
        return Err(needed(question).hint("add --yes"));
    }
    let answer = ask(out, &format!("{question} [y/N] "))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(no()) }
}

/// What a question is about, for whoever will be asked: some of the ids where it does not name the one, and what happens
/// next.
pub(crate) fn about<T: Display>(globals: &Globals, out: &Out, ids: &[T], next: &str) {
    if is_answered(globals) || !can_ask(globals, out) {
        return;
    }
    let several = ids.len() > 1;
    ids.iter().take(SHOWN).filter(|_| several).for_each(|id| out.note(&format!("  {id}")));
    if ids.len() > SHOWN {
        out.note(&format!("  and {} more", grouped((ids.len() - SHOWN) as u64)));
    }
    out.note(next);
}

/// Asks for a name to be typed. `--confirm NAME` answers; `--yes` does not.
pub(crate) fn name(
    globals: &Globals,
    out: &Out,
    question: &str,
    name: &str,
    given: Option<&str>,
) -> Result<(), Failure> {
    if globals.dry_run {
        return Ok(());
    }
    if let Some(given) = given {
        return if given == name {
            Ok(())
        } else {
            Err(Failure::new(Exit::Unconfirmed, format!("--confirm {given} does not name {name}")))
        };
    }
    if !can_ask(globals, out) {
        return Err(needed(question).hint(format!("add --confirm {name}")));
    }
    let answer = ask(out, &format!("{question} Type {name} to go on: "))?;
    if answer.trim() == name { Ok(()) } else { Err(no()) }
}

/// The same for what is known by an id: its last twelve characters are enough for whoever types it.
pub(crate) fn id(
    globals: &Globals,
    out: &Out,
    question: &str,
    id: &str,
    given: Option<&str>,
) -> Result<(), Failure> {
    if globals.dry_run || given.is_some() || !can_ask(globals, out) {
        return name(globals, out, question, id, given);
    }
    let end = end(id);
    let answer = ask(out, &format!("{question} Type the id, or its end {end}, to go on: "))?;
    if [id, end].contains(&answer.trim()) { Ok(()) } else { Err(no()) }
}

/// The last twelve characters of an id.
fn end(id: &str) -> &str {
    id.get(id.len().saturating_sub(12)..).unwrap_or(id)
}

/// Whether somebody is there to answer.
pub(crate) fn can_ask(globals: &Globals, out: &Out) -> bool {
    !globals.no_input && out.terminal.stdin && out.terminal.stderr
}

fn needed(question: &str) -> Failure {
    Failure::new(Exit::Unconfirmed, format!("this needs a confirmation and nobody can be asked: {question}"))
}

fn no() -> Failure {
    Failure::new(Exit::Unconfirmed, "nothing was changed: the answer was not yes")
}

fn ask(out: &Out, question: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::new(Exit::Unconfirmed, format!("no answer: {error}"));
    out.prompt(question).map_err(failed)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(failed)?;
    Ok(answer)
}
