//! What is read by people: sentences in order, findings, headings, and what is shown once.

use super::{Cell, Out, Row, Tone, style, text};
use crate::failure::Stop;
use notify_proto::Timestamp;
use std::io;

impl Out {
    /// Moments with what is said of them, one a line. Sentences are read whole, so nothing is cut.
    pub(crate) fn told(&self, told: &[(Option<Timestamp>, &str)]) -> io::Result<()> {
        let moment = |at: &Option<Timestamp>| at.map_or_else(|| "-".into(), |at| self.moment(at));
        let width = told.iter().map(|(at, _)| moment(at).len()).max().unwrap_or(0);
        for (at, sentence) in told {
            self.line(&format!("{:width$}  {}", moment(at), text::clean(sentence)))?;
        }
        Ok(())
    }

    /// What happens, as it happens.
    pub(crate) fn happens(&self, at: Timestamp, sentence: &str) -> io::Result<()> {
        self.line(&format!("{}  {}", self.time_of_day(at), text::clean(sentence)))
    }

    /// What was found, a line each, with what to do about it below. Sentences are read whole, so nothing is cut.
    pub(crate) fn findings<'a>(
        &self,
        found: impl Iterator<Item = (Cell, String, &'a str, Option<&'a str>)>,
    ) -> io::Result<()> {
        let lines: Vec<_> = found.collect();
        let widest = lines.iter().map(|(result, ..)| result.human(self).len()).max().unwrap_or(0);
        for (result, what, sentence, advice) in &lines {
            let word = result.human(self);
            let blanks = " ".repeat(widest - word.len());
            let word = style::paint(self.color, result.tone(), &word);
            self.line(&format!("{word}{blanks}  {}: {}", text::clean(what), text::clean(sentence)))?;
            if let Some(advice) = advice {
                self.line(&format!("{:widest$}  -> {}", "", text::clean(advice)))?;
            }
        }
        Ok(())
    }

    /// A heading between two tables; nothing for programs.
    pub(crate) fn heading(&self, text: &str) -> io::Result<()> {
        if self.for_people() {
            self.line(&format!("\n{}", style::paint(self.color, Tone::Strong, text)))
        } else {
            Ok(())
        }
    }

    /// A table under its heading, for people; nothing where it has no rows.
    pub(crate) fn part<T: Row>(&self, what: &str, title: &str, rows: &[T]) -> Result<(), Stop> {
        if rows.is_empty() {
            return Ok(());
        }
        self.heading(title)?;
        let mut listing = self.list(what)?;
        listing.page(rows)?;
        Ok(listing.close(None, None)?)
    }

    /// Text of many lines, for people.
    pub(crate) fn lines(&self, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|line| self.line(&text::clean(line)))
    }

    /// A new key, the once that it is shown: framed on a terminal, bare into a pipe.
    pub(crate) fn key(&self, key: &str) -> io::Result<()> {
        self.secret("key", key)
    }

    /// The same of one of several: a pipe is told which it is, a record a line.
    pub(crate) fn labelled(&self, what: &str, secret: &str, of: &str, id: &str) -> io::Result<()> {
        if self.on_screen() {
            return self.secret(what.rsplit('_').next().unwrap_or(what), secret);
        }
        self.line(&format!("{what}\t{secret}\t{}\t{}", text::clean(of), text::clean(id)))
    }

    /// The same of another secret.
    pub(crate) fn secret(&self, what: &str, key: &str) -> io::Result<()> {
        if !self.on_screen() {
            return self.line(key);
        }
        let warning = format!("This {what} is shown once and cannot be shown again. Keep it safe.");
        let width = warning.len().max(key.len());
        let rule = "-".repeat(width + 2);
        self.line(&format!("+{rule}+\n| {warning:width$} |\n| {:width$} |\n| {key:width$} |\n+{rule}+", ""))
    }
}
