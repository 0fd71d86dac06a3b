//! What the view has: its list, and its filter.

use super::{App, Notes, Page, Rows};

impl App {
    /// The list of notifications of the view.
    pub fn notes_of(&self, page: Page) -> Option<&Notes> {
        match page {
            Page::Notifications => Some(&self.notes),
            Page::Retries => Some(&self.retries),
            Page::Dead => Some(&self.dead),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn notes_mut(&mut self) -> Option<&mut Notes> {
        match self.page {
            Page::Notifications => Some(&mut self.notes),
            Page::Retries => Some(&mut self.retries),
            Page::Dead => Some(&mut self.dead),
            _ => None,
        }
    }

    /// The list that has the keys.
    pub fn rows(&self) -> Option<&dyn Rows> {
        Some(match self.page {
            Page::Overview | Page::Live => return None,
            Page::Queues => &self.queues.list,
            Page::Notifications => &self.notes.list,
            Page::Retries => &self.retries.list,
            Page::Dead => &self.dead.list,
            Page::Providers => &self.providers.list,
            Page::Webhooks if self.side => &self.webhooks.told,
            Page::Webhooks => &self.webhooks.list,
            Page::Services => &self.services.list,
        })
    }

    /// The same, to move in it.
    pub fn rows_mut(&mut self) -> Option<&mut dyn Rows> {
        Some(match self.page {
            Page::Overview | Page::Live => return None,
            Page::Queues => &mut self.queues.list,
            Page::Notifications => &mut self.notes.list,
            Page::Retries => &mut self.retries.list,
            Page::Dead => &mut self.dead.list,
            Page::Providers => &mut self.providers.list,
            Page::Webhooks if self.side => &mut self.webhooks.told,
            Page::Webhooks => &mut self.webhooks.list,
            Page::Services => &mut self.services.list,
        })
    }

    /// The filter of the view, as it was written.
    pub fn filter(&self) -> &str {
        match self.page {
            Page::Live => &self.live.filter,
            page => self.notes_of(page).map_or_else(
                || self.words.get(&page).map_or("", String::as_str),
                |notes| notes.filter.as_str(),
            ),
        }
    }
}
