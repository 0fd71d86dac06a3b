//! `notifyctl service key`. A key leaves the daemon once, in the answer that made it.

use super::service::find;
use crate::refuse;
use crate::session::{Operator, Room, Session};
use chrono::TimeDelta;
use notify_proto::control::{Change, FreshKey};
use notify_proto::transport::Reply;
use notify_proto::view::KeyView;
use notify_proto::{ApiError, ErrorCode, KeyId, ServiceId, Timestamp};
use notifyd_lifecycle::Secret;
use notifyd_store::api::NewKey;

/// Longest label, characters.
const MAX_LABEL: usize = 64;

/// Longest time the other keys may go on working after a reset, seconds: 90 days.
const MAX_GRACE: u64 = 90 * 86_400;

/// A fresh key and the row that stores its hash.
pub(super) fn mint(
    room: &Room,
    service: ServiceId,
    label: Option<String>,
    expires_at: Option<Timestamp>,
) -> (Secret<String>, NewKey) {
    let (secret, prefix, hash) = room.deps.store.door().mint(service);
    let (millis, random) = room.id_parts();
    let id = KeyId::from_parts(millis, random);
    (secret, NewKey { id, service, prefix, hash, label, expires_at })
}

/// The one answer that carries a key.
pub(super) async fn fresh(
    room: &Room,
    service: ServiceId,
    key: KeyId,
    secret: &Secret<String>,
) -> Reply<FreshKey> {
    let store = &room.deps.store;
    let gone = || ApiError::new(ErrorCode::Failed, "the new key is not in the log");
    let keys = store.keys(service).await.map_err(refuse::log)?;
    let key = keys.into_iter().find(|it| it.id == key).ok_or_else(gone)?;
    let service = room.service_view(store.directory().service(service).ok_or_else(gone)?);
    Ok(FreshKey { service, key, api_key: secret.expose().clone() })
}

/// The keys of a service, oldest first.
pub(crate) async fn list(session: &Session, service: &str) -> Reply<Vec<KeyView>> {
    let room = session.look()?;
    room.deps.store.keys(find(room, service)?.id).await.map_err(refuse::log)
}

/// One more key.
pub(crate) async fn create(
    session: &Session,
    service: &str,
    label: Option<String>,
    expires_at: Option<Timestamp>,
    change: &Change,
) -> Reply<Option<FreshKey>> {
    let operator = session.change(change)?;
    let label = label.filter(|label| !label.trim().is_empty());
    if let Some(label) = &label
        && (label.chars().count() > MAX_LABEL || label.chars().any(char::is_control))
    {
        return Err(refuse::invalid(format!("a label is one line of at most {MAX_LABEL} characters")));
    }
    if expires_at.is_some_and(|at| at <= operator.room.now()) {
        return Err(refuse::invalid("a key expires in the future"));
    }
    add(&operator, "service.key.create", service, label, expires_at, None).await
}

/// A new key; the others stop working after the grace time.
pub(crate) async fn reset(
    session: &Session,
    service: &str,
    grace_seconds: u64,
    change: &Change,
) -> Reply<Option<FreshKey>> {
    let operator = session.change(change)?;
    let grace =
        i64::try_from(grace_seconds).ok().filter(|_| grace_seconds <= MAX_GRACE).map(TimeDelta::seconds);
    let grace = grace.ok_or_else(|| refuse::invalid("the other keys go on working for at most 90 days"))?;
    let until = operator.room.now() + grace;
    add(&operator, "service.key.reset", service, None, None, Some(until)).await
}

async fn add(
    operator: &Operator<'_>,
    verb: &'static str,
    service: &str,
    label: Option<String>,
    expires_at: Option<Timestamp>,
    expire_others_at: Option<Timestamp>,
) -> Reply<Option<FreshKey>> {
    let room = operator.room;
    let service = find(room, service)?;
    if operator.dry_run {
        return Ok(None);
    }
    let (secret, key) = mint(room, service.id, label, expires_at);
    let id = key.id;
    room.deps.store.create_key(key, expire_others_at, operator.audit()).await.map_err(refuse::log)?;
    operator.tell(verb, &service.name);
    fresh(room, service.id, id, &secret).await.map(Some)
}

/// Revokes the key with this prefix at once.
pub(crate) async fn revoke(
    session: &Session,
    service: &str,
    prefix: &str,
    change: &Change,
) -> Reply<KeyView> {
    let operator = session.change(change)?;
    let store = &operator.room.deps.store;
    let service = find(operator.room, service)?;
    let keys = store.keys(service.id).await.map_err(refuse::log)?;
    let mut found = keys.into_iter().filter(|key| key.prefix == prefix && key.revoked_at.is_none());
    let key = match (found.next(), found.next()) {
        (Some(key), None) => key,
        (Some(_), Some(_)) => {
            return Err(refuse::conflict(format!("two keys of {} have this prefix", service.name)));
        }
        (None, _) => {
            let hint = format!("see notifyctl service key list {}", service.name);
            return Err(refuse::not_found("working key", prefix).hint(hint));
        }
    };
    if operator.dry_run {
        return Ok(KeyView { revoked_at: Some(operator.room.now()), ..key });
    }
    store.revoke_key(key.id, operator.audit()).await.map_err(refuse::log)?;
    operator.tell("service.key.revoke", &service.name);
    let keys = store.keys(service.id).await.map_err(refuse::log)?;
    let now = keys.into_iter().find(|it| it.id == key.id);
    Ok(now.unwrap_or(KeyView { revoked_at: Some(operator.room.now()), ..key }))
}
