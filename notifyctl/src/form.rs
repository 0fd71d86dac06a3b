//! Forms: one question after the other on a terminal. What is wrong with an answer is said, and it is asked again.

use crate::failure::{Exit, Failure};
use crate::output::Out;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead as _};

/// One line. Whoever ends the input has not answered.
pub(crate) fn line(out: &Out, question: &str) -> Result<String, Failure> {
    out.prompt(question).map_err(|error| unanswered(&error.to_string()))?;
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(0) => Err(unanswered("the input ended")),
        Ok(_) => Ok(answer.trim().to_owned()),
        Err(error) => Err(unanswered(&error.to_string())),
    }
}

/// The same, not seen while it is typed.
pub(crate) fn hidden(out: &Out, question: &str) -> Result<String, Failure> {
    let quiet = Quiet::begin();
    let answer = line(out, question);
    drop(quiet);
    out.note("");
    answer
}

/// Asks until the answer can be read.
pub(crate) fn until<T>(
    out: &Out,
    question: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    loop {
        match read(&line(out, question)?) {
            Ok(value) => return Ok(value),
            Err(problem) => out.note(&problem),
        }
    }
}

fn unanswered(why: &str) -> Failure {
    Failure::new(Exit::Unconfirmed, format!("nothing was changed: {why}"))
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Quiet(Option<Termios>);

impl Quiet {
    fn begin() -> Self {
        let Ok(before) = tcgetattr(io::stdin()) else { return Self(None) };
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        let set = tcsetattr(io::stdin(), OptionalActions::Flush, &silent);
        Self(set.is_ok().then_some(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
        }
    }
}
