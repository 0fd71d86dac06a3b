//! Services and their keys: their rows, and the directory read from them and from those of providers.

use crate::api::{Audit, NewKey, NewService};
use crate::audit;
use crate::desk::Desk;
use crate::directory::{Directory, Key, Service};
use crate::error::{Result, StoreError};
use crate::holds;
use crate::row::{millis, moment};
use crate::{provider_rows, removal};
use notify_proto::view::KeyView;
use notify_proto::{KeyId, ServiceId, Timestamp};
use notifyd_lifecycle::key::{KeyHash, fingerprint};
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;

/// Reads all of them.
pub fn read(connection: &Connection) -> rusqlite::Result<Directory> {
    let mut keys: HashMap<i64, Vec<Key>> = HashMap::new();
    let mut query = connection.prepare_cached(include_str!("sql/keys_valid.sql"))?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        keys.entry(row.get(0)?).or_default().push(Key {
            id: KeyId::from_bytes(row.get(1)?),
            hash: KeyHash { salt: row.get(2)?, hash: row.get(3)? },
            expires_at: row.get::<_, Option<i64>>(4)?.map(moment),
        });
    }
    let mut query = connection.prepare_cached(include_str!("sql/services.sql"))?;
    let services = query.query_map([], |row| {
        let no = row.get(0)?;
        Ok(Service {
            no,
            id: ServiceId::from_bytes(row.get(1)?),
            name: row.get(2)?,
            description: row.get(3)?,
            active: row.get(4)?,
            rate_per_second: row.get(5)?,
            created_at: moment(row.get(6)?),
            keys: keys.remove(&no).unwrap_or_default(),
        })
    })?;
    let services = services.collect::<rusqlite::Result<Vec<_>>>()?;
    let providers = provider_rows::read(connection)?;
    let removed = provider_rows::removed(connection)?;
    let directory = Directory::new(services, providers, removed, holds::read(connection)?);
    Ok(directory.after(removal::gone(connection)?))
}

/// Creates a service with its first key.
pub fn create_service(desk: &mut Desk<'_>, service: &NewService, key: &NewKey, who: &Audit) -> Result<()> {
    let now = millis(desk.now());
    desk.prepare(include_str!("sql/service_add.sql"))?
        .execute((service.id.as_bytes(), &service.name, &service.description, service.rate_per_second, now))
        .map_err(|error| taken(error, "service", &service.name))?;
    add_key(desk, key, now)?;
    audit::write(desk, "service.create", &service.name, who)?;
    desk.directory_changed();
    Ok(())
}

/// Enables or disables a service.
pub fn set_service_active(desk: &mut Desk<'_>, id: ServiceId, active: bool, who: &Audit) -> Result<()> {
    let name: Option<String> = desk
        .prepare(include_str!("sql/service_set_active.sql"))?
        .query_row((id.as_bytes(), active), |row| row.get(0))
        .optional()
        .map_err(StoreError::Write)?;
    let name = name.ok_or_else(|| StoreError::NotFound { kind: "service", name: id.to_string() })?;
    audit::write(desk, if active { "service.enable" } else { "service.disable" }, &name, who)?;
    desk.directory_changed();
    Ok(())
}

/// Gives a service another description and another limit.
pub fn update_service(
    desk: &mut Desk<'_>,
    id: ServiceId,
    description: Option<&str>,
    rate_per_second: Option<f64>,
    what: &str,
    who: &Audit,
) -> Result<()> {
    let updated = desk
        .prepare(include_str!("sql/service_update.sql"))?
        .execute((id.as_bytes(), description, rate_per_second))
        .map_err(StoreError::Write)?;
    if updated == 0 {
        return Err(StoreError::NotFound { kind: "service", name: id.to_string() });
    }
    audit::write(desk, "service.update", what, who)?;
    desk.directory_changed();
    Ok(())
}

/// Adds a key, and lets the others run out when a time is given.
pub fn create_key(
    desk: &mut Desk<'_>,
    key: &NewKey,
    others_until: Option<Timestamp>,
    who: &Audit,
) -> Result<()> {
    let now = millis(desk.now());
    if let Some(until) = others_until {
        desk.prepare(include_str!("sql/keys_expire.sql"))?
            .execute((key.service.as_bytes(), millis(until), now))
            .map_err(StoreError::Write)?;
    }
    add_key(desk, key, now)?;
    let verb = if others_until.is_some() { "service.key.reset" } else { "service.key.create" };
    audit::write(desk, verb, &format!("{} {}", key.service, key.prefix), who)?;
    desk.directory_changed();
    Ok(())
}

fn add_key(desk: &Desk<'_>, key: &NewKey, now: i64) -> Result<()> {
    let added = desk
        .prepare(include_str!("sql/key_add.sql"))?
        .execute((
            key.id.as_bytes(),
            key.service.as_bytes(),
            &key.prefix,
            key.hash.salt,
            key.hash.hash,
            &key.label,
            now,
            key.expires_at.map(millis),
        ))
        .map_err(StoreError::Write)?;
    if added == 0 {
        return Err(StoreError::NotFound { kind: "service", name: key.service.to_string() });
    }
    Ok(())
}

/// Revokes a key at once.
pub fn revoke_key(desk: &mut Desk<'_>, key: KeyId, who: &Audit) -> Result<()> {
    let now = millis(desk.now());
    let prefix: Option<String> = desk
        .prepare(include_str!("sql/key_revoke.sql"))?
        .query_row((key.as_bytes(), now), |row| row.get(0))
        .optional()
        .map_err(StoreError::Write)?;
    let prefix = prefix.ok_or_else(|| StoreError::NotFound { kind: "key", name: key.to_string() })?;
    audit::write(desk, "service.key.revoke", &prefix, who)?;
    desk.directory_changed();
    Ok(())
}

/// Notes when keys were last used.
pub fn note_used(desk: &Desk<'_>, used: &HashMap<KeyId, Timestamp>) -> Result<()> {
    let mut update = desk.prepare(include_str!("sql/key_used.sql"))?;
    for (key, at) in used {
        update.execute((key.as_bytes(), millis(*at))).map_err(StoreError::Write)?;
    }
    Ok(())
}

/// The keys of a service, oldest first.
pub fn keys(connection: &Connection, service: ServiceId) -> Result<Vec<KeyView>> {
    let mut query = connection.prepare_cached(include_str!("sql/keys.sql")).map_err(StoreError::Read)?;
    let rows = query
        .query_map([service.as_bytes()], |row| {
            let time = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(moment));
            Ok(KeyView {
                id: KeyId::from_bytes(row.get(0)?),
                prefix: row.get(1)?,
                label: row.get(2)?,
                created_at: moment(row.get(3)?),
                last_used_at: time(4)?,
                expires_at: time(5)?,
                revoked_at: time(6)?,
                fingerprint: fingerprint(&row.get(7)?),
            })
        })
        .map_err(StoreError::Read)?;
    rows.collect::<rusqlite::Result<_>>().map_err(StoreError::Read)
}

/// The error of a write that found its name taken.
pub(crate) fn taken(error: rusqlite::Error, kind: &'static str, name: &str) -> StoreError {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) {
        StoreError::Exists { kind, name: name.to_owned() }
    } else {
        StoreError::Write(error)
    }
}
