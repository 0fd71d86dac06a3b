//! What became of many that were named by their ids: how many were done, which were refused, and how the command ends.

use super::Desk;
use crate::failure::{Ended, Exit, Failure};
use notify_proto::{ApiError, ErrorCode};
use std::fmt::Display;

/// Refusals that are told one by one, at most.
const SHOWN: usize = 5;

/// What became of them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    done: usize,
    refused: Vec<(ErrorCode, String)>,
}

impl Tally {
    /// Some more, by their ids.
    pub(super) fn add<'a, I: Display, T: 'a>(
        &mut self,
        results: impl IntoIterator<Item = (I, &'a Result<T, ApiError>)>,
    ) {
        for (id, result) in results {
            match result {
                Ok(_) => self.done += 1,
                Err(error) => self.refused.push((error.code, format!("{id}: {}", error.message))),
            }
        }
    }

    /// How many were done.
    pub(super) const fn done(&self) -> usize {
        self.done
    }

    /// How many were refused.
    pub(super) const fn refused(&self) -> usize {
        self.refused.len()
    }

    /// How many it was `done` to.
    pub(super) fn sentence(&self, desk: &Desk<'_>, done: &str) -> String {
        let refused =
            if self.refused.is_empty() { String::new() } else { format!(", {} refused", self.refused.len()) };
        let dry = if desk.globals.dry_run { "dry run, nothing was changed: " } else { "" };
        format!("{dry}{} {done}{refused}", self.done)
    }

    /// The exit code: all, some, or none done.
    pub(super) fn end(self) -> Ended {
        if self.refused.is_empty() {
            return Ok(Exit::Done);
        }
        let all = |codes: &[ErrorCode]| self.refused.iter().all(|(code, _)| codes.contains(code));
        let exit = if self.done > 0 {
            Exit::Partly
        } else if all(&[ErrorCode::NotFound]) {
            Exit::NotFound
        } else if all(&[ErrorCode::Conflict, ErrorCode::NotFound]) {
            Exit::Conflict
        } else {
            Exit::Refused
        };
        let shown: Vec<_> = self.refused.iter().take(SHOWN).map(|(_, text)| text.as_str()).collect();
        let more = self.refused.len() - shown.len();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        Err(Failure::new(exit, format!("refused: {}{more}", shown.join("; "))).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Stop;

    #[test]
    fn the_exit_code_follows_from_all_of_them() {
        let exit = |codes: &[Option<ErrorCode>]| {
            let mut tally = Tally::default();
            let one = |code: &Option<ErrorCode>| code.map_or(Ok(()), |code| Err(ApiError::new(code, "no")));
            let results: Vec<_> = codes.iter().map(one).collect();
            tally.add(results.iter().map(|result| ("it", result)));
            match tally.end() {
                Ok(exit) => exit,
                Err(Stop::Failed(failure)) => failure.exit,
                Err(Stop::ClosedPipe) => Exit::Done,
            }
        };
        let (found, conflict, failed) = (ErrorCode::NotFound, ErrorCode::Conflict, ErrorCode::Failed);
        assert_eq!(exit(&[]), Exit::Done);
        assert_eq!(exit(&[None, None]), Exit::Done);
        assert_eq!(exit(&[None, Some(conflict)]), Exit::Partly);
        assert_eq!(exit(&[Some(found)]), Exit::NotFound);
        assert_eq!(exit(&[Some(conflict), Some(found)]), Exit::Conflict);
        assert_eq!(exit(&[Some(conflict), Some(failed)]), Exit::Refused);
    }
}
