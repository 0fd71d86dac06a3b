//! A table whose columns are spans of time: how much of what waits is how old, or due in how long.

use super::table::{Field, Line, lay_out};
use super::text::width;
use super::{Out, Tone, json as safe, record, text};
use crate::cli::Format;
use crate::failure::{Exit, Failure, Stop};
use notify_proto::shape::{ShapeRow, ShapeView};
use notify_proto::upkeep::grouped;
use serde_json::json;

/// One column, by its name.
enum Column {
    Name,
    Id,
    Bucket(usize),
    Total,
    Estimated,
}

impl Column {
    fn of(&self, row: &ShapeRow) -> (String, bool) {
        let number = |number: u64| (number.to_string(), true);
        match self {
            Self::Name => (row.name.clone(), false),
            Self::Id => (row.id.clone().unwrap_or_default(), false),
            Self::Bucket(index) => number(row.counts.get(*index).copied().unwrap_or(0)),
            Self::Total => number(row.total),
            Self::Estimated => number(row.estimated),
        }
    }
}

impl Out {
    /// The table: for people with its totals as the first line, for programs row by row.
    pub(crate) fn matrix(&self, what: &str, shape: &ShapeView) -> Result<(), Stop> {
        let columns = self.columns_of(shape)?;
        match self.format {
            Format::Json => self.document(what, json!({"shape": safe::value(shape)?}))?,
            Format::Jsonl => {
                for row in &shape.rows {
                    self.line(&safe::text(&safe::value(row)?)?)?;
                }
            }
            Format::Id => {
                for row in &shape.rows {
                    self.line(&text::clean(row.id.as_ref().unwrap_or(&row.name)))?;
                }
            }
            Format::Plain => {
                for row in &shape.rows {
                    let fields: Vec<_> = columns.iter().map(|(_, it)| text::clean(&it.of(row).0)).collect();
                    self.line(&fields.join("\t"))?;
                }
            }
            Format::Csv => {
                if self.headers {
                    self.line(&record::csv(columns.iter().map(|(name, _)| name.clone())))?;
                }
                for row in &shape.rows {
                    self.line(&record::csv(columns.iter().map(|(_, it)| it.of(row).0)))?;
                }
            }
            Format::Table | Format::Wide => {
                for line in lay_out(&self.lines_of(shape, &columns), self.width(), self.color) {
                    self.line(&line)?;
                }
            }
        }
        Ok(())
    }

    fn lines_of(&self, shape: &ShapeView, columns: &[(String, Column)]) -> Vec<Line> {
        let line = |row: &ShapeRow| {
            let field = |(_, column): &(String, Column)| {
                let (value, right) = column.of(row);
                let number = value.parse().ok().filter(|_| right);
                let tone = if number == Some(0) { Tone::Dim } else { Tone::Plain };
                Field { text: number.map_or_else(|| text::clean(&value), grouped), tone, right }
            };
            Line(columns.iter().map(field).collect())
        };
        let mut lines: Vec<Line> = std::iter::once(&shape.total).chain(&shape.rows).map(line).collect();
        if self.headers {
            let names = lines.iter().filter_map(|line| line.0.first()).map(|first| width(&first.text)).max();
            let head = |(name, column): &(String, Column)| {
                let text = match column {
                    Column::Name => heading(shape, names.unwrap_or(0)),
                    Column::Bucket(_) => name.clone(),
                    _ => name.to_uppercase(),
                };
                let right = matches!(column, Column::Bucket(_) | Column::Total | Column::Estimated);
                Field { text, tone: Tone::Strong, right }
            };
            lines.insert(0, Line(columns.iter().map(head).collect()));
        }
        lines
    }

    /// The columns to write: those asked for by name, else all for programs and the important ones for people.
    fn columns_of(&self, shape: &ShapeView) -> Result<Vec<(String, Column)>, Stop> {
        let named = |name: &str, column| (name.to_owned(), column);
        let buckets =
            shape.buckets.iter().enumerate().map(|(index, it)| named(&it.label, Column::Bucket(index)));
        let mut all = vec![named("name", Column::Name)];
        all.extend(buckets);
        all.push(named("total", Column::Total));
        if self.format != Format::Table || !self.columns.is_empty() {
            all.push(named("estimated", Column::Estimated));
            all.push(named("id", Column::Id));
        }
        if self.columns.is_empty() {
            return Ok(all);
        }
        let names: Vec<_> = all.iter().map(|(name, _)| name.clone()).collect();
        let mut chosen = Vec::new();
        for name in &self.columns {
            // Once is enough.
            let found = all.iter().position(|(it, _)| it == name.trim());
            let unknown = || {
                let message = format!("--columns: there is no column `{}`", text::clean(name));
                Failure::new(Exit::Usage, message).hint(format!("the columns are {}", names.join(",")))
            };
            chosen.push(all.remove(found.ok_or_else(unknown)?));
        }
        Ok(chosen)
    }
}

/// What it is a table of, as wide as the names below it, with what its columns measure at its end.
fn heading(shape: &ShapeView, names: usize) -> String {
    let what = format!("QUEUE {}  as of {}Z", text::clean(&shape.queue), shape.as_of.format("%H:%M:%S"));
    let measure = shape.measure.replace('_', " ");
    let gap = names.saturating_sub(width(&what) + width(&measure)).max(2);
    format!("{what}{}{measure}", " ".repeat(gap))
}
