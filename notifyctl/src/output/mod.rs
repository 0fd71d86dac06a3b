//! The only part that writes. Answers go to standard output, everything else to standard error.

mod cell;
mod changes;
mod frame;
mod json;
mod listing;
mod matrix;
mod pager;
mod people;
mod progress;
mod record;
pub(crate) mod rows;
mod sieve;
mod style;
mod table;
mod text;
mod time;

pub(crate) use cell::{Cell, Column, Row, Show};
pub(crate) use listing::{Listing, Total};
pub(crate) use sieve::Rows;
pub(crate) use style::Tone;
pub(crate) use time::{short, spoken};

use self::frame::{Held, Size};
use crate::cli::{Format, Globals, TimeStyle};
use crate::clock;
use crate::failure::{Ended, Exit, Failure, Stop};
use notify_proto::Timestamp;
use serde_json::{Map, Value};
use std::cell::{self as shared, RefCell};
use std::io::{self, BufWriter, IsTerminal as _, Write};

/// What is a terminal here.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terminal {
    pub(crate) stdin: bool,
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
    /// How the one that is written to is measured.
    pub(crate) measure: Option<fn() -> Option<Size>>,
}

impl Terminal {
    fn here() -> Self {
        let stdout = io::stdout().is_terminal();
        let measure = stdout.then_some(Self::size as fn() -> Option<Size>);
        Self { stdin: io::stdin().is_terminal(), stdout, stderr: io::stderr().is_terminal(), measure }
    }

    fn size() -> Option<Size> {
        let (columns, rows) = terminal_size::terminal_size()?;
        Some(Size { columns: columns.0.into(), rows: rows.0.into() })
    }
}

/// Where and how the answer is written.
pub(crate) struct Out {
    pub(crate) format: Format,
    pub(crate) terminal: Terminal,
    columns: Vec<String>,
    headers: bool,
    time: TimeStyle,
    quiet: bool,
    dry_run: bool,
    verbose: bool,
    color: bool,
    now: shared::Cell<Timestamp>,
    /// Whether a list that comes in parts has begun.
    begun: shared::Cell<bool>,
    /// Of the terminal that is written to.
    size: shared::Cell<Option<Size>>,
    stdout: RefCell<Held>,
    /// The widths of the lines that were drawn last and are drawn over.
    drawn: RefCell<Vec<usize>>,
    stderr: RefCell<Box<dyn Write>>,
    /// What is said when the pager has been left; none without one.
    later: RefCell<Option<Vec<String>>>,
}

impl Out {
    /// For these flags, on this process's standard streams.
    pub(crate) fn new(globals: &Globals) -> Self {
        let stdout = Box::new(BufWriter::with_capacity(64 * 1_024, io::stdout().lock()));
        Self::to(globals, Terminal::here(), &|name| std::env::var(name).ok(), stdout, Box::new(io::stderr()))
    }

    /// For these flags, with the answer in a file.
    pub(crate) fn to_file(globals: &Globals, file: Box<dyn Write>) -> Self {
        let terminal = Terminal { stdout: false, measure: None, ..Terminal::here() };
        Self::to(globals, terminal, &|name| std::env::var(name).ok(), file, Box::new(io::stderr()))
    }

    /// For these flags, on any streams.
    pub(crate) fn to(
        globals: &Globals,
        terminal: Terminal,
        variable: &dyn Fn(&str) -> Option<String>,
        stdout: Box<dyn Write>,
        stderr: Box<dyn Write>,
    ) -> Self {
        Self {
            format: globals.format(),
            terminal,
            columns: globals.columns.clone(),
            headers: !globals.no_headers,
            time: globals.time,
            quiet: globals.quiet,
            dry_run: globals.dry_run,
            verbose: globals.verbose > 0,
            color: style::wanted(globals.color(), terminal.stdout, variable),
            now: shared::Cell::new(clock::now()),
            begun: shared::Cell::new(false),
            size: shared::Cell::new(terminal.measure.and_then(|measure| measure())),
            stdout: RefCell::new(Held { inner: stdout, look: None }),
            drawn: RefCell::default(),
            stderr: RefCell::new(stderr),
            later: RefCell::new(None),
        }
    }

    /// Whether the answer is for a person.
    pub(crate) fn for_people(&self) -> bool {
        matches!(self.format, Format::Table | Format::Wide)
    }

    /// Whether nothing shall be changed.
    pub(crate) const fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    /// Whether it is read by a person, on a terminal.
    pub(crate) fn on_screen(&self) -> bool {
        self.for_people() && self.terminal.stdout
    }

    /// Columns of the terminal that is written to.
    fn width(&self) -> Option<usize> {
        self.size.get().map(|size| size.columns)
    }

    fn line(&self, text: &str) -> io::Result<()> {
        writeln!(self.stdout.borrow_mut(), "{text}")
    }

    /// Notes, a line each.
    pub(crate) fn notes(&self, text: &str) {
        text.lines().for_each(|line| self.note(line));
    }

    /// Writes what has been written so far, for output that comes bit by bit.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.stdout.borrow_mut().flush()
    }

    /// Takes the time of day once more, for output that goes on.
    pub(crate) fn look_at_the_clock(&self) {
        self.now.set(clock::now());
    }

    /// Text as it is: a completion script, a man page, a help topic.
    pub(crate) fn raw(&self, text: &str) -> io::Result<()> {
        self.stdout.borrow_mut().write_all(text.as_bytes())
    }

    /// A note on standard error, unless it shall be quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            if let Some(later) = &mut *self.later.borrow_mut() {
                later.push(text.to_owned());
                return;
            }
            // In the order it was said, where both end on one screen. A pipe that is closed is noticed at the end.
            let _ = self.flush();
            let _ = writeln!(self.stderr.borrow_mut(), "{}", text::clean(text));
        }
    }

    /// A note for whoever wants to know more.
    pub(crate) fn verbose(&self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    /// A note about what to do next, for people only.
    pub(crate) fn advise(&self, text: &str) {
        if self.terminal.stderr && self.for_people() {
            self.note(text);
        }
    }

    /// A note that there is more than is listed. Whoever did not say how many hears it off a terminal, too, where the list
    /// would be taken for all there is; JSON has its `next`.
    pub(crate) fn more(&self, counted: bool, text: &str) {
        if counted || self.format == Format::Json {
            self.advise(text);
        } else {
            self.note(text);
        }
    }

    /// A question.
    pub(crate) fn prompt(&self, text: &str) -> io::Result<()> {
        self.stdout.borrow_mut().flush()?;
        let mut stderr = self.stderr.borrow_mut();
        write!(stderr, "{}", text::clean(text))?;
        stderr.flush()
    }

    /// One object.
    pub(crate) fn one<T: Row>(&self, what: &str, member: &str, object: &T) -> Result<(), Stop> {
        match self.format {
            Format::Json => self.document(what, serde_json::json!({ member: json::value(object)? }))?,
            Format::Table | Format::Wide => {
                let facts: Vec<_> =
                    T::COLUMNS.iter().map(|column| (column.name, (column.cell)(object))).collect();
                self.facts(what, &facts)?;
            }
            _ => {
                let mut listing = self.list(what)?;
                listing.page(std::slice::from_ref(object))?;
                listing.close(None, None)?;
            }
        }
        Ok(())
    }

    /// Names and values, one per line.
    pub(crate) fn facts(&self, what: &str, facts: &[(&str, Cell)]) -> Result<(), Stop> {
        match self.format {
            Format::Table | Format::Wide => {
                let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
                for (name, cell) in facts {
                    let value = style::paint(self.color, cell.tone(), &cell.human(self));
                    self.line(format!("{name:width$}  {value}").trim_end())?;
                }
            }
            Format::Plain => {
                for (name, cell) in facts {
                    self.line(&format!("{name}\t{}", text::clean(&cell.machine(self))))?;
                }
            }
            Format::Csv => {
                if self.headers {
                    self.line(&record::csv(["name", "value"].map(String::from)))?;
                }
                for (name, cell) in facts {
                    self.line(&record::csv([(*name).to_owned(), cell.machine(self)]))?;
                }
            }
            Format::Json | Format::Jsonl => {
                let members: Map<_, _> =
                    facts.iter().map(|(name, cell)| ((*name).to_owned(), cell.json())).collect();
                self.document(what, Value::Object(members))?;
            }
            Format::Id => {
                return Err(Failure::new(Exit::Usage, "--output id: this answer has no ids").into());
            }
        }
        Ok(())
    }

    /// Records of one kind among others, in plain text: its word, then their columns.
    pub(crate) fn records<T: Row>(&self, kind: &str, rows: &[T]) -> io::Result<()> {
        for row in rows {
            let cells = T::COLUMNS.iter().map(|column| text::clean(&(column.cell)(row).machine(self)));
            let line: Vec<_> = std::iter::once(kind.to_owned()).chain(cells).collect();
            self.line(&line.join("\t"))?;
        }
        Ok(())
    }

    /// A JSON document: the schema and these members; with `jsonl` the members alone.
    pub(crate) fn document(&self, what: &str, members: Value) -> io::Result<()> {
        let members = if members.is_null() { Value::Object(Map::new()) } else { members };
        let members = json::text(&members)?;
        if self.format != Format::Json {
            return self.line(&members);
        }
        // The schema stands first, where a person looks.
        let comma = if members == "{}" { "" } else { "," };
        self.line(&format!("{{\"schema\":\"notify.{what}/1\"{comma}{}", &members[1..]))
    }

    /// A list, page by page.
    pub(crate) fn list<T: Row>(&self, what: &str) -> Result<Listing<'_, T>, Stop> {
        Listing::open(self, what)
    }

    /// The same where one list comes in parts: only the first has a header.
    pub(crate) fn list_on<T: Row>(&self, what: &str) -> Result<Listing<'_, T>, Stop> {
        Listing::open_on(self, what, self.begun.replace(true))
    }

    /// A list that came as a whole.
    pub(crate) fn whole<T: Row>(&self, what: &str, rows: &[T]) -> Result<(), Stop> {
        let mut listing = self.list(what)?;
        listing.page(rows)?;
        listing.close(None, Some(Total { value: rows.len() as u64, exact: true }))?;
        // Between two looks nothing else is written.
        let looks = self.stdout.borrow().look.is_some();
        if let (true, false, Some(of)) = (rows.is_empty(), looks, what.strip_suffix(".list")) {
            self.advise(&format!("no {}", of.replace('.', " ")));
        }
        Ok(())
    }

    /// Ends the output and turns how the command ended into the exit code.
    pub(crate) fn end(&self, ended: Ended) -> Exit {
        let ended = ended.and_then(|exit| Ok(self.flush().map(|()| exit)?));
        self.leave_pager();
        match ended {
            Ok(exit) => exit,
            Err(Stop::ClosedPipe) => Exit::Done,
            Err(Stop::Failed(failure)) => {
                let _ = self.flush();
                self.complain(&failure);
                failure.exit
            }
        }
    }

    fn complain(&self, failure: &Failure) {
        let mut stderr = self.stderr.borrow_mut();
        if matches!(self.format, Format::Json | Format::Jsonl) {
            let _ = writeln!(stderr, "{}", json::text(&failure.json()).unwrap_or_default());
            return;
        }
        let _ = writeln!(stderr, "error: {}", text::clean(&failure.message));
        if let Some(hint) = &failure.hint {
            let _ = writeln!(stderr, "hint: {}", text::clean(hint));
        }
    }
}

#[cfg(test)]
mod tests;
