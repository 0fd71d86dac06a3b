//! A list, written page by page as it arrives; only a table waits for the end, to know its widths.

use super::json as safe;
use super::table::{Field, Line, lay_out, leave_out_absent};
use super::{Cell, Column, Out, Row, Show, Tone, record, text};
use crate::cli::Format;
use crate::failure::{Exit, Failure, Stop};
use serde_json::{Value, json};
use std::io;
use std::marker::PhantomData;

/// How many there are in all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Total {
    pub(crate) value: u64,
    pub(crate) exact: bool,
}

/// A list that is being written.
pub(crate) struct Listing<'a, T: Row> {
    out: &'a Out,
    columns: Vec<&'static Column<T>>,
    lines: Vec<Line>,
    written: usize,
    row: PhantomData<T>,
}

impl<'a, T: Row> Listing<'a, T> {
    pub(super) fn open(out: &'a Out, what: &str) -> Result<Self, Stop> {
        Self::open_on(out, what, false)
    }

    /// The same, without a header when it goes on from another.
    pub(super) fn open_on(out: &'a Out, what: &str, begun: bool) -> Result<Self, Stop> {
        let columns = choose::<T>(out)?;
        let header = (out.headers && !begun).then(|| columns.iter().map(|column| column.name.to_owned()));
        match (out.format, header) {
            (Format::Json, _) => out.raw(&format!("{{\"schema\":\"notify.{what}/1\",\"items\":["))?,
            (Format::Csv, Some(names)) => out.line(&record::csv(names))?,
            _ => {}
        }
        Ok(Self { out, columns, lines: Vec::new(), written: 0, row: PhantomData })
    }

    /// Writes some rows.
    pub(crate) fn page(&mut self, rows: &[T]) -> io::Result<()> {
        for row in rows {
            let cells = self.columns.iter().map(|column| (column.cell)(row));
            match self.out.format {
                Format::Json => {
                    let comma = if self.written > 0 { "," } else { "" };
                    self.out.raw(&format!("{comma}\n{}", safe::text(row)?))?;
                }
                Format::Jsonl => self.out.line(&safe::text(row)?)?,
                Format::Csv => self.out.line(&record::csv(cells.map(|cell| cell.machine(self.out))))?,
                Format::Plain => {
                    let fields: Vec<_> = cells.map(|cell| text::clean(&cell.machine(self.out))).collect();
                    self.out.line(&fields.join("\t"))?;
                }
                Format::Id => self.out.line(&text::clean(&row.id()))?,
                Format::Table | Format::Wide => {
                    let fields = cells.map(|cell| self.field(&cell)).collect();
                    self.lines.push(Line(fields));
                }
            }
            self.written += 1;
        }
        if matches!(self.out.format, Format::Table | Format::Wide) { Ok(()) } else { self.out.flush() }
    }

    fn field(&self, cell: &Cell) -> Field {
        Field { text: cell.human(self.out), tone: cell.tone(), right: cell.right() }
    }

    /// Ends the list: where the next page starts, and how many there are in all.
    pub(crate) fn close(mut self, next: Option<&str>, total: Option<Total>) -> io::Result<()> {
        match self.out.format {
            Format::Json => {
                let total = total.map_or(Value::Null, |it| json!({"value": it.value, "exact": it.exact}));
                let end = format!("],\"next\":{},\"total\":{}}}", safe::text(&next)?, safe::text(&total)?);
                self.out.line(&end)
            }
            Format::Table | Format::Wide if !self.lines.is_empty() => {
                let header = self.header();
                // What is absent among numbers stands where they do.
                for line in &mut self.lines {
                    for (field, name) in line.0.iter_mut().zip(&header.0) {
                        field.right |= name.right && field.text == "-";
                    }
                }
                if self.out.headers {
                    self.lines.insert(0, header);
                }
                // What was asked for by name stays.
                if let (Some(columns), true) = (self.out.width(), self.out.columns.is_empty()) {
                    leave_out_absent(&mut self.lines, self.out.headers, columns);
                }
                for line in lay_out(&self.lines, self.out.width(), self.out.color) {
                    self.out.line(&line)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn header(&self) -> Line {
        let right =
            |index: usize| self.lines.iter().any(|line| line.0.get(index).is_some_and(|field| field.right));
        let fields = self.columns.iter().enumerate().map(|(index, column)| Field {
            text: column.name.to_uppercase(),
            tone: Tone::Strong,
            right: right(index),
        });
        Line(fields.collect())
    }
}

/// The columns to write: those asked for by name, else all for programs and the important ones for people.
fn choose<T: Row>(out: &Out) -> Result<Vec<&'static Column<T>>, Stop> {
    if out.columns.is_empty() {
        let all = out.format != Format::Table;
        return Ok(T::COLUMNS.iter().filter(|column| all || column.show == Show::Always).collect());
    }
    let mut chosen = Vec::new();
    for name in &out.columns {
        let found = T::COLUMNS.iter().find(|column| column.name.eq_ignore_ascii_case(name.trim()));
        let unknown = || {
            let names: Vec<_> = T::COLUMNS.iter().map(|column| column.name).collect();
            let message = format!("--columns: there is no column `{}`", text::clean(name));
            Failure::new(Exit::Usage, message).hint(format!("the columns are {}", names.join(",")))
        };
        chosen.push(found.ok_or_else(unknown)?);
    }
    Ok(chosen)
}
