//! All that match, in a file: page after page in the background, whatever view is shown meanwhile. The file has its name
//! when it is whole; until then, and when it ends early, it ends in `.partial`.

mod record;
mod sheet;

use crate::conn::{Stop, came};
use notify_proto::control::{ControlClient, ListRequest};
use notify_proto::filter::Filter;
use notify_proto::transport::within;
use notify_proto::view::NotificationPage;
use sheet::Sheet;
use std::time::Duration;
use tokio::sync::oneshot;

/// Rows of one page: as many as the daemon gives.
const PAGE: u32 = 200;

/// How long the daemon may take for one. Nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The file, which must not exist.
    pub name: String,
    /// As CSV; else as JSON Lines.
    pub csv: bool,
    /// Which.
    pub filter: Filter,
}

/// How an export goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// So many rows are written so far.
    Rows(u64),
    /// All of them are, so many, in this file.
    Done(u64, String),
    /// It ended before that, for this reason. What was written, so many rows, is in this file; nothing was when there is
    /// none.
    Ended(u64, Option<String>, String),
}

/// Writes all of it, and tells how it goes; until `stop` is told or gone.
pub(crate) async fn run(
    client: ControlClient,
    wanted: Wanted,
    mut stop: oneshot::Receiver<()>,
    tell: impl Fn(Told),
) {
    let Wanted { name, csv, filter } = wanted;
    // The disk may be slow: what is done there is another thread's work.
    let mut sheet = match tokio::task::spawn_blocking(move || Sheet::create(&name, csv)).await {
        Ok(Ok(sheet)) => sheet,
        Ok(Err(why)) => return tell(Told::Ended(0, None, why)),
        Err(_) => return,
    };
    let mut request = ListRequest { filter, limit: PAGE, ..ListRequest::default() };
    let why = loop {
        let page = tokio::select! {
            biased;
            _ = &mut stop => break "given up".to_owned(),
            page = ask(&client, request.clone()) => match page {
                Ok(page) => page,
                Err(Stop::Failed(why)) => break why.text(),
                Err(Stop::Broken) => break "the connection broke".to_owned(),
            },
        };
        let before = sheet.rows;
        request.cursor = page.next_cursor;
        let written = tokio::task::spawn_blocking(move || {
            let written = sheet.write(&page.items);
            (sheet, written)
        });
        let Ok((back, written)) = written.await else { return };
        sheet = back;
        if let Err(error) = written {
            break error.to_string();
        }
        if sheet.rows > before {
            tell(Told::Rows(sheet.rows));
        }
        if request.cursor.is_none() {
            let done = tokio::task::spawn_blocking(move || sheet.finish());
            return done.await.map(tell).unwrap_or_default();
        }
    };
    let ended = tokio::task::spawn_blocking(move || sheet.leave(why));
    ended.await.map(tell).unwrap_or_default();
}

async fn ask(client: &ControlClient, request: ListRequest) -> Result<NotificationPage, Stop> {
    came(client.notification_list(within(PATIENCE), request).await)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
