//! An export that goes on.

use super::{App, Page};
use notify_proto::Status;

/// It.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The file.
    pub name: String,
    /// The line that writes the same.
    pub line: String,
    /// Rows that are written.
    pub rows: u64,
    /// Rows in all, where that is known.
    pub total: Option<u64>,
    /// Whether somebody wants it to end.
    pub ending: bool,
}

impl App {
    /// How many rows the view's filter finds in all, as far as is known.
    pub fn matching(&self) -> Option<u64> {
        let notes = self.notes_of(self.page)?;
        if !notes.filter.is_empty() {
            return notes.total().filter(|_| self.page != Page::Retries);
        }
        let of: &[Status] = match self.page {
            // What is due within some time is not counted.
            Page::Retries if notes.window.is_some() => return None,
            Page::Retries => &[Status::Pending, Status::Retrying],
            Page::Dead => &[Status::Failed],
            _ => Status::ALL,
        };
        let by = &self.data.as_ref()?.status.by_status;
        Some(of.iter().filter_map(|status| by.get(status.as_str())).sum())
    }
}
