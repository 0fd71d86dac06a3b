//! Providers: their rows, and what is kept of those that were removed.

use crate::api::{Audit, NewProvider, ProviderUpdate, Verdict};
use crate::audit;
use crate::desk::Desk;
use crate::directory::{Known, Provider};
use crate::directory_rows::taken;
use crate::error::{Result, StoreError};
use crate::holds;
use crate::row::{millis, moment};
use notify_proto::{Channel, ProviderId};
use rusqlite::{Connection, OptionalExtension};

/// Reads all of them.
pub fn read(connection: &Connection) -> rusqlite::Result<Vec<Provider>> {
    let mut query = connection.prepare_cached(include_str!("sql/providers.sql"))?;
    let providers = query.query_map([], |row| {
        let channels =
            row.get_ref(4)?.as_str()?.split(',').filter_map(|word| word.parse::<Channel>().ok()).collect();
        Ok(Provider {
            no: row.get(0)?,
            id: ProviderId::from_bytes(row.get(1)?),
            name: row.get(2)?,
            kind: row.get(3)?,
            channels,
            priority: row.get(5)?,
            active: row.get(6)?,
            simulated: row.get(7)?,
            rate_per_second: row.get(8)?,
            burst: row.get(9)?,
            max_in_flight: row.get(10)?,
            config: crate::row::json(row, 11)?,
            revision: row.get(12)?,
            client: row.get(13)?,
            created_at: moment(row.get(14)?),
        })
    })?;
    providers.collect()
}

/// Who those were that were removed.
pub fn removed(connection: &Connection) -> rusqlite::Result<Vec<Known>> {
    let mut query = connection.prepare_cached(include_str!("sql/removed_providers.sql"))?;
    let removed = query.query_map([], |row| {
        Ok(Known { no: row.get(0)?, id: ProviderId::from_bytes(row.get(1)?), name: row.get(2)? })
    })?;
    removed.collect()
}

/// How channels are stored.
fn words(channels: &[Channel]) -> String {
    channels.iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(",")
}

/// Adds a provider; `sealed` is its secret.
pub fn create(desk: &mut Desk<'_>, new: &NewProvider, sealed: Option<&[u8]>, who: &Audit) -> Result<()> {
    desk.prepare(include_str!("sql/provider_add.sql"))?
        .execute(rusqlite::params![
            new.id.as_bytes(),
            new.name,
            new.kind,
            words(&new.channels),
            new.priority,
            new.simulated,
            new.rate_per_second,
            new.burst,
            new.max_in_flight,
            new.config.to_string(),
            sealed,
            millis(desk.now()),
        ])
        .map_err(|error| taken(error, "provider", &new.name))?;
    audit::write(desk, "provider.add", &new.name, who)?;
    desk.directory_changed();
    Ok(())
}

/// Enables or disables a provider for good.
pub fn set_active(desk: &mut Desk<'_>, id: ProviderId, active: bool, who: &Audit) -> Result<()> {
    let name = holds::switch(desk, id, active)?.ok_or_else(|| missing(id))?;
    audit::write(desk, if active { "provider.enable" } else { "provider.disable" }, &name, who)?;
    desk.directory_changed();
    Ok(())
}

/// Changes one, unless somebody else did since it was looked at; `sealed` is its new secret.
pub fn update(
    desk: &mut Desk<'_>,
    update: &ProviderUpdate,
    sealed: Option<&[u8]>,
    who: &Audit,
) -> Result<Verdict> {
    let changed = desk
        .prepare(include_str!("sql/provider_update.sql"))?
        .execute(rusqlite::params![
            update.id.as_bytes(),
            update.revision,
            update.name,
            words(&update.channels),
            update.priority,
            update.rate_per_second,
            update.burst,
            update.max_in_flight,
            update.config.to_string(),
            sealed,
        ])
        .map_err(|error| taken(error, "provider", &update.name))?;
    if changed == 0 {
        let there: bool = desk
            .prepare(include_str!("sql/provider_known.sql"))?
            .query_row([update.id.as_bytes()], |row| row.get(0))
            .map_err(StoreError::Write)?;
        return if there { Ok(Verdict::SomeoneElses) } else { Err(missing(update.id)) };
    }
    audit::write(desk, "provider.update", &update.what, who)?;
    desk.directory_changed();
    Ok(Verdict::Applied)
}

/// Removes one: what stays is who it was.
pub fn remove(desk: &mut Desk<'_>, id: ProviderId, who: &Audit) -> Result<()> {
    let name: Option<String> = desk
        .prepare(include_str!("sql/provider_bury.sql"))?
        .query_row((id.as_bytes(), millis(desk.now())), |row| row.get(0))
        .optional()
        .map_err(StoreError::Write)?;
    let name = name.ok_or_else(|| missing(id))?;
    desk.prepare(include_str!("sql/provider_remove.sql"))?
        .execute([id.as_bytes()])
        .map_err(StoreError::Write)?;
    audit::write(desk, "provider.remove", &name, who)?;
    desk.directory_changed();
    Ok(())
}

fn missing(id: ProviderId) -> StoreError {
    StoreError::NotFound { kind: "provider", name: id.to_string() }
}

/// The sealed secret of a provider.
pub fn sealed_secret(connection: &Connection, id: ProviderId) -> Result<Option<Vec<u8>>> {
    connection
        .prepare_cached(include_str!("sql/provider_secret.sql"))
        .and_then(|mut query| query.query_row([id.as_bytes()], |row| row.get(0)).optional())
        .map(Option::flatten)
        .map_err(StoreError::Read)
}
