//! `notifyctl store stats`.

use super::super::Desk;
use crate::cli::Format;
use crate::failure::{Ended, Exit};
use crate::output::rows::Count;
use crate::output::{Cell, Tone};
use notify_proto::Status;
use notify_proto::upkeep::StorageView;
use serde_json::json;

pub(super) async fn run(desk: &Desk<'_>) -> Ended {
    let link = desk.link().await?;
    let storage = link.read(link.client.store_stats(link.within())).await?;
    if matches!(desk.out.format, Format::Json | Format::Jsonl) {
        desk.out.document("store.stats", json!({"storage": storage}))?;
        return Ok(Exit::Done);
    }
    let by_status = in_order(&storage);
    let mut facts = facts(&storage);
    if desk.out.for_people() {
        desk.out.facts("store.stats", &facts)?;
        desk.out.heading("notifications")?;
        table(desk, &by_status)?;
        if !storage.backups.is_empty() {
            desk.out.heading("backups")?;
            table(desk, &storage.backups)?;
        }
        return Ok(Exit::Done);
    }
    let named: Vec<_> = by_status.iter().map(|it| (format!("status_{}", it.name), it.count)).collect();
    facts.extend(named.iter().map(|(name, count)| (name.as_str(), (*count).into())));
    facts.extend(storage.backups.iter().map(|backup| ("backup", backup.path.as_str().into())));
    desk.out.facts("store.stats", &facts)?;
    Ok(Exit::Done)
}

fn facts(storage: &StorageView) -> Vec<(&'static str, Cell)> {
    let refusing = storage.refusing.clone().map(|why| Cell::Word(why, Tone::Bad));
    vec![
        ("path", storage.path.as_str().into()),
        ("schema", storage.schema.into()),
        ("sqlite", storage.sqlite_version.as_str().into()),
        ("database_bytes", Cell::Bytes(storage.database_bytes)),
        ("unused_bytes", Cell::Bytes(storage.unused_bytes)),
        ("wal_bytes", Cell::Bytes(storage.wal_bytes)),
        ("reserve_bytes", Cell::Bytes(storage.reserve_bytes)),
        ("disk_free_bytes", Cell::Bytes(storage.disk_free_bytes)),
        ("disk_floor_bytes", Cell::Bytes(storage.disk_floor_bytes)),
        ("refusing", refusing.into()),
        ("oldest", storage.oldest_at.into()),
        ("newest", storage.newest_at.into()),
    ]
}

/// In the order of a notification's life; words of a newer daemon come last.
fn in_order(storage: &StorageView) -> Vec<Count> {
    let place =
        |name: &str| Status::ALL.iter().position(|it| it.as_str() == name).unwrap_or(Status::ALL.len());
    let mut counts: Vec<_> =
        storage.by_status.iter().map(|(name, count)| Count { name: name.clone(), count: *count }).collect();
    counts.sort_by_key(|count| place(&count.name));
    counts
}

fn table<T: crate::output::Row>(desk: &Desk<'_>, rows: &[T]) -> Result<(), crate::failure::Stop> {
    let mut listing = desk.out.list("store.stats")?;
    listing.page(rows)?;
    Ok(listing.close(None, None)?)
}
